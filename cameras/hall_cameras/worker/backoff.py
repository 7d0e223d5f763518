"""When to try again: in steps, with jitter, so that a switch that comes back is not stormed."""

from __future__ import annotations

import random

STEPS_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
STEADY_S = 60.0  # a connection that held so long begins the steps anew
JITTER = 0.25


class Backoff:
    """One camera's steps. A camera that reboots every minute is asked once a minute at most."""

    def __init__(self) -> None:
        self._step = 0

    def held(self, seconds: float) -> None:
        """A connection lasted for so long."""
        if seconds >= STEADY_S:
            self._step = 0

    def next_s(self) -> float:
        """Seconds to wait before the next try."""
        base = STEPS_S[min(self._step, len(STEPS_S) - 1)]
        self._step += 1
        return base * random.uniform(1 - JITTER, 1 + JITTER)

    def reset(self) -> None:
        """A person acted: try at once."""
        self._step = 0
