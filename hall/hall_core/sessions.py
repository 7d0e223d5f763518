"""Opening times: a hall's sessions as stretches of UTC time. Pure arithmetic on aware times.

Sessions are local wall time per weekday; what is computed from them is UTC, so that a change of
summer time in the middle of a day needs no further thought. Every question is answered from the
UTC bounds of a day, which are cached by value: issuing a ticket asks, and must not pay for
time-zone arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from hall_core.setup import Session

HORIZON_DAYS = 14
"""How far ahead an opening is looked for."""

Week: TypeAlias = tuple[tuple[Session, ...], ...]
"""Sessions of Monday to Sunday: a week by value, so that it can be a cache's key."""

Period: TypeAlias = tuple[datetime, datetime]
"""Open from (inclusive) until (exclusive), UTC."""


@lru_cache(maxsize=64)
def zone(tz: str) -> ZoneInfo:
    return ZoneInfo(tz)


@lru_cache(maxsize=64)
def local_day(tz: str, now: datetime) -> tuple[int, int]:
    """(`date.toordinal`, ISO weekday) at `now`: a decision asks several times about one moment."""
    local = now.astimezone(zone(tz))
    return local.toordinal(), local.isoweekday()


def week_of(sessions: Mapping[int, tuple[Session, ...]]) -> Week:
    """The week of sessions by ISO weekday, as settings have them."""
    return tuple(sessions.get(weekday, ()) for weekday in range(1, 8))


def minute_of_day(text: str) -> int:
    """Minutes since midnight of `HH:MM`, 0 to 1440 (`24:00`).

    Raises:
        ValueError: it is no time of day.
    """
    hours, colon, minutes = text.partition(":")
    digits = hours + minutes
    if colon and len(hours) == len(minutes) == 2 and digits.isascii() and digits.isdigit():
        value = int(hours) * 60 + int(minutes)
        if int(minutes) < 60 and value <= 24 * 60:
            return value
    raise ValueError(f"not a time of day: {text!r}")


def moment(tz: str, day: date, minute: int) -> datetime:
    """The moment (UTC) of a local day's minute."""
    # In an hour that the clocks skip or repeat, `fold=0` takes the first reading.
    local = datetime.combine(day, datetime.min.time(), zone(tz))
    if minute == 24 * 60:
        return (local + timedelta(days=1)).astimezone(UTC)
    return local.replace(hour=minute // 60, minute=minute % 60).astimezone(UTC)


def midnight_after(tz: str, day: str) -> datetime:
    """The moment (UTC) at which service day `day` ends."""
    return moment(tz, date.fromisoformat(day) + timedelta(days=1), 0)


@lru_cache(maxsize=1024)
def bounds(
    sessions: tuple[Session, ...], tz: str, ordinal: int
) -> tuple[tuple[datetime, datetime, Session], ...]:
    """The sessions of one day (`date.toordinal`) in UTC, in the order of time."""
    found = []
    day = date.fromordinal(ordinal)
    for session in sessions:
        start = moment(tz, day, minute_of_day(session.start))
        until = moment(tz, day, minute_of_day(session.until))
        if start < until:  # else it lies in the hour that summer time skips
            found.append((start, until, session))
    return tuple(sorted(found, key=lambda bound: bound[:2]))


def open_periods(week: Week, tz: str, now: datetime) -> tuple[Period, ...]:
    """Open time from `now`'s local day on, a little over 14 days, touching sessions joined."""
    return _periods(week, tz, local_day(tz, now)[0])


@lru_cache(maxsize=256)
def _periods(week: Week, tz: str, ordinal: int) -> tuple[Period, ...]:
    joined: list[Period] = []
    for day in range(ordinal, ordinal + HORIZON_DAYS + 1):
        # Day 1 of the proleptic calendar is a Monday.
        for start, until, _ in bounds(week[(day - 1) % 7], tz, day):
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(until, joined[-1][1]))
            else:
                joined.append((start, until))
    return tuple(joined)


def open_seconds(week: Week, tz: str, a: datetime, b: datetime) -> float:
    """How much open time lies between `a` and `b` (at most about 14 days ahead)."""
    passed = 0.0
    for start, until in open_periods(week, tz, a):
        if start >= b:
            break
        if until > a:
            passed += (min(until, b) - max(start, a)).total_seconds()
    return passed


def next_open(week: Week, tz: str, now: datetime) -> datetime | None:
    """`now` while it is open, else when it opens next (within 14 days)."""
    periods = open_periods(week, tz, now)
    return next((max(now, start) for start, until in periods if now < until), None)
