"""Pictures on disk: evidence, which expires, and learned views, which don't.

Everything lies below `media/cameras`. Disk use of evidence is capped: the oldest go first. All
functions here touch the disk; callers run them off the event loop.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path

NAME = re.compile(r"[0-9a-f]{8,40}")


class Pictures:
    """The folder. Ids are ours, so that no path is made of what others say."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def evidence_path(self, evidence_id: str) -> Path:
        """Where a picture lies.

        Raises:
            ValueError: no id of ours.
        """
        if not NAME.fullmatch(evidence_id):
            raise ValueError(f"not a picture's id: {evidence_id!r}")
        return self._folder / "evidence" / evidence_id[:2] / f"{evidence_id}.jpg"

    def keep(self, evidence_id: str, jpeg: bytes) -> None:
        _write(self.evidence_path(evidence_id), jpeg)

    def read(self, evidence_id: str) -> bytes | None:
        """None: it expired."""
        return _read(self.evidence_path(evidence_id))

    def forget(self, evidence_ids: list[str]) -> None:
        for evidence_id in evidence_ids:
            self.evidence_path(evidence_id).unlink(missing_ok=True)

    def forget_older(self, seconds: float) -> None:
        """Whatever was written so long ago: a crash may have come before a picture's row."""
        before = time.time() - seconds
        for path in (self._folder / "evidence").glob("*/*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()

    # --- learned views -------------------------------------------------------------------------

    def _view(self, camera_id: str) -> Path:
        if not NAME.fullmatch(camera_id):
            raise ValueError(f"not a camera's id: {camera_id!r}")
        return self._folder / "views" / f"{camera_id}.jpg"

    def keep_view(self, camera_id: str, jpeg: bytes) -> None:
        _write(self._view(camera_id), jpeg)

    def view(self, camera_id: str) -> bytes:
        """b"" when none was learned."""
        return _read(self._view(camera_id)) or b""

    def forget_views(self, but: set[str]) -> None:
        """Those of cameras that are no more."""
        for path in (self._folder / "views").glob("*.jpg"):
            if path.stem not in but:
                path.unlink(missing_ok=True)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    try:
        with open(part, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except OSError:
        part.unlink(missing_ok=True)  # a full disk must not be filled with halves
        raise


def _read(path: Path) -> bytes | None:
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes()
    return None
