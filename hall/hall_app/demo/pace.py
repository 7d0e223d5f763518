"""The demonstration's time: as fast as wished; nights, weekends and holidays are skipped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hall_core.clock import SpeedClock
from hall_core.workdays import Workdays
from hall_core.workdays_book import published

MORNING = time(8, 20)  # when a simulated day begins
EVENING = time(17, 30)
TUESDAY = 1
SATURDAY = 5


class DemoClock(SpeedClock):
    """A clock that runs `speed` times as fast, from when it is started, and skips nights.

    It stands still until `go`, so that no simulated minutes are lost while the server starts.
    Wall and monotonic time move together: the server has no reason to doubt its clock.
    """

    def __init__(self, start: datetime, speed: float) -> None:
        super().__init__(start, speed)
        self._skipped_s = 0.0
        self._stands = True

    def go(self) -> None:
        if self._stands:
            self._skipped_s -= super().monotonic()
            self._stands = False

    def monotonic(self) -> float:
        return self._skipped_s + (0.0 if self._stands else super().monotonic())

    def skip_to(self, at: datetime) -> None:
        """Move on to `at`; never back. Who sleeps on a `Pace` does not notice."""
        self._skipped_s += max(0.0, (at - self.now()).total_seconds())


class Pace:
    """Sleeping and looking at the clock in simulated time, the hall's zone."""

    def __init__(self, clock: DemoClock, timezone: str) -> None:
        self.clock = clock
        self.zone = ZoneInfo(timezone)
        self.latest_s = 0.0  # real seconds that somebody woke up too late, the worst since asked

    @property
    def speed(self) -> float:
        return self.clock.speed

    def now(self) -> datetime:
        return self.clock.now().astimezone(self.zone)

    def at(self, day: date, seconds: float) -> datetime:
        """The moment `seconds` after midnight of `day`."""
        return datetime.combine(day, time(), self.zone) + timedelta(seconds=seconds)

    def real(self, seconds: float) -> float:
        """Simulated seconds in real ones."""
        return max(0.0, seconds) / self.speed

    async def sleep(self, seconds: float) -> None:
        """Sleep for simulated seconds."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self.real(seconds)
        await asyncio.sleep(self.real(seconds))
        self.latest_s = max(self.latest_s, loop.time() - due)

    async def until(self, at: datetime) -> None:
        await self.sleep((at - self.now()).total_seconds())

    def worst_lateness(self) -> float:
        """Real seconds by which the worst sleeper overslept since this was last asked."""
        worst, self.latest_s = self.latest_s, 0.0
        return worst


def first_morning(now: datetime, timezone: str) -> datetime:
    """The next Tuesday morning: an ordinary working day, soon."""
    return _next_morning(now, timezone, lambda day: day.weekday() == TUESDAY and _is_open(day))


def next_morning(now: datetime, timezone: str) -> datetime:
    """The next morning of a Monday to Friday that is no holiday."""
    return _next_morning(now, timezone, _is_open)


def going_on(last: datetime, timezone: str) -> datetime:
    """Where to go on after the last thing that happened: at once, or the next morning."""
    local = last.astimezone(ZoneInfo(timezone)) + timedelta(seconds=1)
    if _is_open(local.date()) and MORNING <= local.time() < EVENING:
        return local
    return next_morning(local, timezone)


def _is_open(day: date) -> bool:
    """Whether the simulated people come. Worked weekends are left out: their plans know Monday to
    Friday only."""
    return day.weekday() < SATURDAY and _workdays().is_workday(day)


@cache
def _workdays() -> Workdays:
    return Workdays.of(published())


def _next_morning(now: datetime, timezone: str, fits: Callable[[date], bool]) -> datetime:
    zone = ZoneInfo(timezone)
    local = now.astimezone(zone)
    day = local.date()
    while not (fits(day) and datetime.combine(day, MORNING, zone) > local):
        day += timedelta(days=1)
    return datetime.combine(day, MORNING, zone)
