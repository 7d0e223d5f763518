"""Turning cameras: the newest wish counts. It takes the place of the one before at once, so that a
Stop is not kept waiting by a turn, nor a turn cut short by the Stop of an earlier one."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Turn:
    """One wish. Its work looks at `superseded` while it waits."""

    def __init__(self, lock: threading.Lock) -> None:
        self.superseded = threading.Event()
        self._lock = lock

    def run(self, work: Callable[[], None]) -> None:
        """In a thread: when the one before has let go, and unless a newer one has come."""
        with self._lock:
            if not self.superseded.is_set():
                work()


class Turning:
    """Of all cameras of this process."""

    def __init__(self) -> None:
        self._locks: dict[str, threading.Lock] = {}
        self._newest: dict[str, Turn] = {}

    def begin(self, camera_id: str) -> Turn:
        """On the event loop, in the order of the wishes."""
        before = self._newest.get(camera_id)
        if before is not None:
            before.superseded.set()
        lock = self._locks.setdefault(camera_id, threading.Lock())
        turn = self._newest[camera_id] = Turn(lock)
        return turn
