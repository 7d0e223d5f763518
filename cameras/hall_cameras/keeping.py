"""Storing what workers say: the newest of each camera or window waits until it is on disk.

What comes while the database takes nothing waits, and takes the place of what came before it, so
that nothing here grows; a worker is never kept waiting.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import structlog

from hall_cameras import addresses, tables, wire
from hall_cameras.domain.commands import KeepEvidence, ReportCamera, ReportPresence
from hall_cameras.domain.state import Camera, Trouble
from hall_cameras.leases import Leases
from hall_cameras.media import Pictures
from hall_cameras.records import Records
from hall_core.clock import millis
from hall_core.errors import HallError
from hall_core.features import Actor
from hall_core.kernel import Kernel

log = structlog.get_logger()

K = TypeVar("K")
V = TypeVar("V")
WAITING_MAX = 200  # pictures of troubles that wait to be stored
AGAIN_S = 2.0
ACTOR = Actor(kind="system", name="cameras")


class Keeping:
    """What was said and is not stored yet. `camera` finds one by its hall's id and its own."""

    def __init__(
        self,
        kernel: Kernel,
        records: Records,
        leases: Leases,
        pictures: Pictures,
        camera: Callable[[str, str], Camera | None],
    ) -> None:
        self._kernel = kernel
        self._records = records
        self._leases = leases
        self._pictures = pictures
        self._camera = camera
        self._reports: dict[str, wire.Report] = {}
        self._known: dict[str, wire.Known] = {}
        self._in_zones: dict[tuple[str, int], wire.InZone] = {}
        self._views: dict[str, bytes] = {}
        self._evidence: dict[str, wire.Evidence] = {}  # by the id that it gets
        self._wake = asyncio.Event()

    def add(self, said: wire.Report | wire.Known | wire.InZone | wire.View | wire.Evidence) -> None:
        """Have it stored, soon."""
        match said:
            case wire.Report():
                self._reports[said.camera_id] = said
            case wire.Known():
                self._known[said.camera_id] = said
            case wire.InZone():
                self._in_zones[said.camera_id, said.window] = said
            case wire.View():
                self._views[said.camera_id] = said.jpeg
            case wire.Evidence():
                if len(self._evidence) >= WAITING_MAX:
                    del self._evidence[next(iter(self._evidence))]
                self._evidence[secrets.token_hex(12)] = said
        self._wake.set()

    def report(self, camera_id: str) -> wire.Report | None:
        """Its newest report, while that waits."""
        return self._reports.get(camera_id)

    def void(self, camera_id: str) -> None:
        """What is to be watched was changed: a report of before counts for nothing."""
        self._reports.pop(camera_id, None)

    async def run(self) -> None:
        """Store what they say, each camera's newest report first, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await _drain(self._reports, self._keep_report)
                await _drain(self._known, self._keep_identity)
                await _drain(self._in_zones, self._keep_presence)
                await _drain(self._views, self._keep_view)
                await _drain(self._evidence, self._keep_evidence)
            except HallError:  # cannot store now: what was said is kept and told again
                await asyncio.sleep(AGAIN_S)
                self._wake.set()

    async def _keep_report(self, camera_id: str, report: wire.Report) -> None:
        record = self._records.get(camera_id)
        if record is not None and self._camera(record.hall_id, camera_id) is not None:
            await self._execute(record.hall_id, _report(report))

    async def _keep_presence(self, key: tuple[str, int], told: wire.InZone) -> None:
        record = self._records.get(told.camera_id)
        if record is not None and self._camera(record.hall_id, told.camera_id) is not None:
            await self._execute(record.hall_id, _presence(told))

    async def _execute(self, hall_id: str, command: ReportCamera | ReportPresence) -> None:
        await self._kernel.halls[hall_id].execute(command, ACTOR, lambda live, records: None)

    async def _keep_identity(self, camera_id: str, message: wire.Known) -> None:
        async with self._records.changing:
            record, held = self._records.get(camera_id), self._leases.holder(camera_id)
            if record is None or held is None or held[1] != message.epoch:
                return  # its address was changed meanwhile
            identity = message.identity
            changed = msgspec.structs.replace(record, identity=identity)
            moved = bool(record.onvif and identity.onvif) and identity.onvif != record.onvif
            if moved:  # found again by its serial number
                rtsp = addresses.followed(record.rtsp, record.onvif, identity.onvif)
                changed = msgspec.structs.replace(changed, onvif=identity.onvif, rtsp=rtsp)
            if changed == record:
                return
            await self._kernel.writer.write([self._records.row(changed)])
            self._records.put(changed)
        if moved:
            await self._kernel.audit(
                ACTOR.name, "camera_found_again", record.camera_id, "", record.hall_id,
                f"{record.onvif} -> {identity.onvif}",
            )  # fmt: skip

    async def _keep_view(self, camera_id: str, jpeg: bytes) -> None:
        if self._records.get(camera_id) is not None:
            await asyncio.to_thread(self._pictures.keep_view, camera_id, jpeg)

    async def _keep_evidence(self, evidence_id: str, evidence: wire.Evidence) -> None:
        # What it shows was reported before it, and may have come while something else was stored.
        await _drain(self._reports, self._keep_report)
        record = self._records.get(evidence.camera_id)
        camera = None if record is None else self._camera(record.hall_id, evidence.camera_id)
        trouble: Trouble = evidence.fault
        if record is None or camera is None or trouble not in camera.alarms:
            return
        hall = self._kernel.halls[record.hall_id]
        await asyncio.to_thread(self._pictures.keep, evidence_id, evidence.jpeg)
        taken = millis(self._kernel.clock.now()) - round(evidence.age_s * 1000)
        caption = msgspec.json.encode(evidence.measures).decode()
        row = (
            tables.camera_evidence,
            (
                evidence_id, hall.info.id, evidence.camera_id, f"camera_{trouble}", taken,
                len(evidence.jpeg), caption,
            ),
        )  # fmt: skip
        command = KeepEvidence(
            camera_id=evidence.camera_id, trouble=trouble, evidence=(evidence_id,)
        )
        await hall.execute(command, ACTOR, lambda live, records: None, rows=[row])


async def _drain(waiting: dict[K, V], keep: Callable[[K, V], Awaitable[None]]) -> None:
    """Store what waits; what can't be stored for a reason of its own is dropped.

    Raises:
        HallError: the database takes nothing now; what was not stored still waits.
    """
    while waiting:
        key = next(iter(waiting))
        message = waiting.pop(key)
        try:
            await keep(key, message)
        except HallError as error:
            if error.status == 503:
                waiting.setdefault(key, message)  # unless a newer one came meanwhile
                raise
            log.warning("camera_word_refused", what=type(message).__name__, error=error.detail)
        except OSError as error:  # the disk is full
            log.error("camera_picture_not_kept", error=str(error))
        except Exception:
            log.exception("camera_word_failed", what=type(message).__name__)


def _report(report: wire.Report) -> ReportCamera:
    return ReportCamera(
        camera_id=report.camera_id,
        state=report.state,
        why=report.why,
        faults=report.faults,
        width=report.width,
        height=report.height,
        fps=report.fps,
        codec=report.codec,
    )


def _presence(told: wire.InZone) -> ReportPresence:
    return ReportPresence(
        camera_id=told.camera_id,
        window=told.window,
        present=told.present,
        lasted_s=told.lasted_s,
        confidence=told.confidence,
    )
