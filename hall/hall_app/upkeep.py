"""What the machine owes the halls for ten years: a copy of the database each day, and room on its
disk. Their managers hear of it when one is missing."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import threading
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from hall_app import backups
from hall_app.refused import Refused
from hall_app.settings import AppSettings, backup_folder, sqlite_file
from hall_core.faults import ReportDevice
from hall_core.features import Job
from hall_core.kernel import Kernel

log = structlog.get_logger()

LOOK_MIN: Final = 10
DISK_LOW: Final = 2 * 1024**3  # bytes
PLACES: Final = {"backup": ("备份", "backup"), "disk": ("磁盘", "disk")}


class Upkeep:
    """The looks at one installation while it is served."""

    def __init__(self, kernel: Kernel, settings: AppSettings, directory: Path) -> None:
        self._kernel = kernel
        self._directory = directory
        self._database = sqlite_file(settings, directory) if settings.backups_kept else None
        self._folder = backup_folder(settings, directory)
        self._kept = settings.backups_kept
        self._stopping = threading.Event()

    def jobs(self) -> tuple[Job, ...]:
        return (Job(run=self.look, trigger="interval", when={"minutes": LOOK_MIN}),)

    def stop(self) -> None:
        """A copy that is being made is given up."""
        self._stopping.set()

    async def look(self, now: datetime | None = None) -> None:
        """Make a copy if one is due (`now`: in its zone), and tell what is wrong."""
        free = shutil.disk_usage(self._directory).free
        self._tell("disk", "disk_low" if free < DISK_LOW else None, f"{free // 1024**2} MB")
        if self._database is None:
            return
        now = now or datetime.now().astimezone()
        if not backups.due(self._folder, now):
            self._tell("backup", None)
            return
        try:
            made = await asyncio.to_thread(
                backups.keep, self._database, self._folder, now, self._kept, self._stopping
            )
        except backups.Stopped:
            return
        except (Refused, OSError) as error:
            log.error("backup_failed", error=str(error))
            self._tell("backup", "backup_failed", str(error))
            return
        log.info("backup_made", file=str(made), bytes=made.stat().st_size)
        self._tell("backup", None)

    def _tell(self, place: str, fault: str | None, detail: str = "") -> None:
        for hall in self._kernel.halls.values():
            # Alerts of all halls stand in one list: in each the machine is one of its own.
            mark = hashlib.blake2s(hall.info.id.encode(), digest_size=4).hexdigest()
            report = ReportDevice(
                device_id=f"server.{mark}",
                name="服务器",
                name_en="Server",
                fault=fault,
                place=place,
                place_name=PLACES[place],
                detail=detail,
            )
            hall.apply_system(report)
