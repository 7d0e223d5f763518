"""Copies of SQLite's database, made while it is in use: every night, on command, and before a new
release changes it.

A copy is one file that stands as the database was at one moment, looked through before it counts.
What PostgreSQL keeps is backed up by its own tools.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from hall_app.refused import Refused

NAME = "hall-%Y%m%d-%H%M%S.sqlite"
EVERY = timedelta(hours=24)
NIGHT = range(2, 5)  # hours of the machine's clock when nobody waits for its disk
NIGHTLY = timedelta(hours=12)
STEP_PAGES = 2000  # 8 MB, between two looks whether to go on


class Stopped(Exception):
    """The server stops; there is no copy."""


def copies(folder: Path) -> list[Path]:
    """The copies in `folder`, the newest first."""
    return sorted(folder.glob("hall-*-*.sqlite"), reverse=True)


def due(folder: Path, now: datetime) -> bool:
    """Whether a copy is wanted at `now` (in the zone of the machine): at night, or whenever the
    newest is a day old. Many halls switch their machine off at night.

    A copy from the future, of a clock that stood wrong, is none.
    """
    times = [at for at in map(_time_of, copies(folder)) if at is not None and at <= now]
    if not times:
        return True
    age = now - max(times)
    return age >= EVERY or (now.hour in NIGHT and age >= NIGHTLY)


def _time_of(path: Path) -> datetime | None:
    try:
        return datetime.strptime(path.name, NAME).astimezone()
    except ValueError:
        return None


def keep(
    database: Path, folder: Path, now: datetime, kept: int, stopping: threading.Event | None = None
) -> Path:
    """Copy `database` into `folder`; then all but the newest `kept` copies go.

    Raises: as `copy`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / now.strftime(NAME)
    copy(database, target, stopping)
    for old in copies(folder)[kept:]:
        old.unlink(missing_ok=True)
    return target


def copy(database: Path, target: Path, stopping: threading.Event | None = None) -> None:
    """Copy `database` to the new file `target`, which is there whole or not at all.

    Raises:
        Refused: `target` exists, or its disk has no room for the copy and as much again, which the
            hall needs to go on; or the database can't be copied.
        Stopped: `stopping` was set meanwhile.
        OSError: reading or writing failed.
    """
    if target.exists():
        raise Refused(f"{target} exists already; choose another name")
    needed = 2 * sum(path.stat().st_size for path in _files(database))
    free = shutil.disk_usage(target.parent).free
    if free < needed:
        raise Refused(
            f"{target.parent} has {_mb(free)} MB free, and a copy with room to go on needs "
            f"{_mb(needed)} MB; free some space, or name a folder on another disk"
        )
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)  # as the database itself: nobody else may read it
    try:
        try:
            _fill(database, part, stopping)
        except sqlite3.Error as error:
            raise Refused(f"{database} can't be copied: {error}") from None
        os.replace(part, target)
        _sync(target.parent)
    finally:
        part.unlink(missing_ok=True)


def _fill(database: Path, part: Path, stopping: threading.Event | None) -> None:
    def look(status: int, remaining: int, total: int) -> None:
        if stopping is not None and stopping.is_set():
            raise Stopped

    source = sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)
    with closing(source), closing(sqlite3.connect(part)) as made:
        # Reading begins before the copying: what is committed meanwhile does not start it again.
        source.execute("BEGIN")
        source.execute("SELECT 1 FROM sqlite_schema").fetchone()
        source.backup(made, pages=STEP_PAGES, progress=look, sleep=0)
        made.execute("PRAGMA journal_mode=DELETE")  # one file, not three
        faults = made.execute("PRAGMA quick_check(1)").fetchone()[0]
    if faults != "ok":
        raise Refused(f"the copy of {database} is damaged ({faults}); look with: hall check")
    _sync(part)


def _files(database: Path) -> Iterator[Path]:
    yield database
    log = database.with_name(database.name + "-wal")
    if log.exists():
        yield log


def _mb(size: int) -> int:
    return -(-size // 1024**2)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
