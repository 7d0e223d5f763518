"""Who looked at which camera, or turned it, lately: one audit entry for a while of it."""

from __future__ import annotations

import time

LOOKED_S = 600.0  # one entry for each person and camera in this time
KEPT_MAX = 10_000


class Looks:
    """Of one deed; monotonic seconds, in memory: after a restart all is new."""

    def __init__(self) -> None:
        self._looked: dict[tuple[str, str], float] = {}

    def anew(self, who: str, camera_id: str) -> bool:
        """Whether this look is to be told; `who` is the id of a principal or platform."""
        now, key = time.monotonic(), (who, camera_id)
        if now - self._looked.get(key, -LOOKED_S) < LOOKED_S:
            return False
        if len(self._looked) > KEPT_MAX:
            self._looked.clear()
        self._looked[key] = now
        return True
