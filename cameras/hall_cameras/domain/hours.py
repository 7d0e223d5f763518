"""The hall's sessions as stretches of UTC time: when alerts are due and pictures count."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hall_core.setup import Session

Week = dict[int, tuple[Session, ...]]
AHEAD_DAYS = 14


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _moment(day: date, text: str, zone: ZoneInfo) -> datetime:
    hours, _, minutes = text.partition(":")
    if hours == "24":
        day, hours = day + timedelta(days=1), "0"
    local = datetime(day.year, day.month, day.day, int(hours), int(minutes), tzinfo=zone)
    return local.astimezone(UTC)


@lru_cache(maxsize=512)
def _sessions(
    sessions: tuple[Session, ...], timezone: str, ordinal: int
) -> tuple[tuple[datetime, datetime], ...]:
    day, zone = date.fromordinal(ordinal), _zone(timezone)
    bounds = [(_moment(day, s.start, zone), _moment(day, s.until, zone)) for s in sessions]
    return tuple(sorted(bound for bound in bounds if bound[0] < bound[1]))


def _of_day(week: Week, timezone: str, day: date) -> tuple[tuple[datetime, datetime], ...]:
    return _sessions(week.get(day.isoweekday(), ()), timezone, day.toordinal())


def in_session(week: Week, timezone: str, now: datetime) -> bool:
    """Whether the hall is in one of its sessions."""
    return next_session(week, timezone, now) == now


def next_session(week: Week, timezone: str, now: datetime) -> datetime | None:
    """`now` while the hall is in session, else when the next one starts (within 14 days)."""
    today = now.astimezone(_zone(timezone)).date()
    for ahead in range(AHEAD_DAYS + 1):
        for start, until in _of_day(week, timezone, today + timedelta(days=ahead)):
            if now < until:
                return max(now, start)
    return None


def session_seconds(week: Week, timezone: str, start: datetime, until: datetime) -> float:
    """How much session time lies in [start, until), which is a day or so at most."""
    if until <= start:
        return 0.0
    zone = _zone(timezone)
    day, last = start.astimezone(zone).date(), until.astimezone(zone).date()
    passed = 0.0
    while day <= last:
        reached = start  # sessions that overlap count once
        for opens, closes in _of_day(week, timezone, day):
            begin, end = max(opens, reached), min(closes, until)
            if end > begin:
                passed += (end - begin).total_seconds()
                reached = end
        day += timedelta(days=1)
    return passed


def day_end(timezone: str, day: str) -> datetime:
    """The moment (UTC) at which the hall's day `day` ends."""
    return _moment(date.fromisoformat(day), "24:00", _zone(timezone))
