"""Opening times: a hall's sessions as stretches of UTC time. Pure arithmetic on aware times.

Sessions are local wall time per weekday, but for days that were announced (节假日, 调休); what is
computed from them is UTC, so that a change of summer time in the middle of a day needs no further
thought. Every question is answered from the UTC bounds of a day, which are cached by value:
issuing a ticket asks, and must not pay for time-zone arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from hall_core.setup import Session
from hall_core.workdays import CalendarDay

HORIZON_DAYS = 14
"""How far ahead an opening is looked for."""

Week: TypeAlias = tuple[tuple[Session, ...], ...]
"""Sessions of Monday to Sunday."""

Period: TypeAlias = tuple[datetime, datetime]
"""Open from (inclusive) until (exclusive), UTC."""


class Hours(msgspec.Struct, frozen=True, cache_hash=True):
    """When a hall or a queue is open, by value, so that it can be a cache's key. Days are ordinals
    (`date.toordinal`)."""

    week: Week
    off: frozenset[int] = frozenset()  # announced days off
    worked: frozenset[int] = frozenset()  # weekends that are worked: Monday's sessions

    def on(self, ordinal: int) -> tuple[Session, ...]:
        """The sessions of one day."""
        if ordinal in self.off:
            return ()
        # Day 1 of the proleptic calendar is a Monday.
        return self.week[0 if ordinal in self.worked else (ordinal - 1) % 7]


def hours_of(
    week: Mapping[int, tuple[Session, ...]], calendar: Mapping[date, CalendarDay] | None = None
) -> Hours:
    """The hours of sessions by ISO weekday, as settings have them, and of announced days."""
    days = (calendar or {}).items()
    return _the_same(
        Hours(
            tuple(week.get(weekday, ()) for weekday in range(1, 8)),
            off=frozenset(day.toordinal() for day, told in days if not told.workday),
            worked=frozenset(day.toordinal() for day, told in days if told.workday),
        )
    )


@lru_cache(maxsize=1024)
def _the_same(hours: Hours) -> Hours:
    """One object for equal hours: caches then find it without comparing weeks."""
    return hours


@lru_cache(maxsize=64)
def zone(tz: str) -> ZoneInfo:
    return ZoneInfo(tz)


@lru_cache(maxsize=64)
def local_day(tz: str, now: datetime) -> int:
    """The day (`date.toordinal`) at `now`: a decision asks several times about one moment."""
    return now.astimezone(zone(tz)).toordinal()


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


def open_periods(hours: Hours, tz: str, now: datetime) -> tuple[Period, ...]:
    """Open time from `now`'s local day on, a little over 14 days, touching sessions joined."""
    return _periods(hours, tz, local_day(tz, now))


@lru_cache(maxsize=256)
def _periods(hours: Hours, tz: str, ordinal: int) -> tuple[Period, ...]:
    joined: list[Period] = []
    for day in range(ordinal, ordinal + HORIZON_DAYS + 1):
        for start, until, _ in bounds(hours.on(day), tz, day):
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(until, joined[-1][1]))
            else:
                joined.append((start, until))
    return tuple(joined)


def open_seconds(hours: Hours, tz: str, a: datetime, b: datetime) -> float:
    """How much open time lies between `a` and `b` (at most about 14 days ahead)."""
    passed = 0.0
    for start, until in open_periods(hours, tz, a):
        if start >= b:
            break
        if until > a:
            passed += (min(until, b) - max(start, a)).total_seconds()
    return passed


def next_open(hours: Hours, tz: str, now: datetime) -> datetime | None:
    """`now` while it is open, else when it opens next (within 14 days)."""
    periods = open_periods(hours, tz, now)
    return next((max(now, start) for start, until in periods if now < until), None)
