"""SQLite goes on writing into a file that somebody has removed or replaced: what is told then would
be gone after the next start. So the file is looked at, and without it nothing is stored."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from hall_core.kernel import Kernel

LOOK_S = 1.0

log = structlog.get_logger()


async def watch(path: Path, kernel: Kernel) -> None:
    """Stop storing while the file that was opened is not at `path`, for ever."""
    opened = _identity(path)
    while True:
        await asyncio.sleep(LOOK_S)
        lost = _identity(path) != opened
        if lost == kernel.writer.lost:
            continue
        kernel.writer.lost = kernel.store.lost = lost
        if not lost:
            log.warning("database_back", file=str(path))
            continue
        todo = "put the same file back, or bring the backup and start again"
        log.error("database_gone", file=str(path), todo=todo)
        for hall in kernel.halls.values():
            hall.suspend()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
