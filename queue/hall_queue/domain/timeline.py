"""Open time ahead: turning seconds of service into the clock, and back."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hall_core.sessions import Hours
from hall_core.setup import Queue
from hall_queue.domain import sessions


class Timeline(msgspec.Struct, frozen=True):
    """Turns open seconds from `now` into clock time. All in seconds: every ticket asks."""

    now: datetime
    stages: tuple[tuple[float, float], ...]  # (open seconds before it, clock seconds until it)

    def clock_us(self, seconds: float) -> int:
        """Clock microseconds from `now` until so many open seconds have passed. Whole ones: who
        rounds them to minutes must not see what floats add."""
        before, begin = self.stages[0]
        for later, at in self.stages:
            if later > seconds:
                break
            before, begin = later, at
        return int((begin + seconds - before) * 1e6 + 0.5)

    def seconds(self, clock: datetime) -> float:
        """Open seconds until `clock`."""
        clock_s = (clock - self.now).total_seconds()
        passed = 0.0
        for index, (before, begin) in enumerate(self.stages):
            if clock_s <= begin:
                break
            passed = before + clock_s - begin
            if index + 1 < len(self.stages):
                passed = min(passed, self.stages[index + 1][0])
        return passed


def timeline(hours: Hours, queue: Queue | None, tz: str, now: datetime, at_work: bool) -> Timeline:
    """Open time from `now` on.

    The day's last session has no end here: whoever holds a ticket at closing is served. After
    closing, people at work go on; with nobody at work it is the next day that opens.
    """
    ahead = [p for p in sessions.open_periods(hours, queue, tz, now) if p[1] > now]
    midnight = sessions.midnight_after(tz, sessions.service_day(tz, now))
    if not ahead or (ahead[0][0] >= midnight and at_work):
        return Timeline(now, ((0.0, 0.0),))
    if ahead[0][0] >= midnight:
        midnight = sessions.midnight_after(tz, sessions.service_day(tz, ahead[0][0]))
    stages: list[tuple[float, float]] = []
    passed = 0.0
    for start, until in ahead:
        if start >= midnight:
            break
        begin = max(start, now)
        stages.append((passed, (begin - now).total_seconds()))
        passed += (until - begin).total_seconds()
    return Timeline(now, tuple(stages))
