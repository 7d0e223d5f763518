"""Opening times: sessions, open time, closing, the service day. Pure arithmetic on aware times.

A hall has sessions per weekday (`Settings.week`); a queue may have its own, the same on every
day on which the hall opens at all. Sessions are local wall time; what is computed from them is
UTC, so that a change of summer time in the middle of a day needs no further thought. Every
question is answered from the UTC bounds of a day, which are cached by value: issuing a ticket
asks, and must not pay for time-zone arithmetic.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from hall_core.setup import Queue, Session, Settings

HORIZON_DAYS = 14
"""How far ahead an opening is looked for."""

Week: TypeAlias = tuple[tuple[Session, ...], ...]
"""Sessions of Monday to Sunday: a week by value, so that it can be a cache's key."""

Period: TypeAlias = tuple[datetime, datetime]
"""Open from (inclusive) until (exclusive), UTC."""


@lru_cache(maxsize=64)
def zone(tz: str) -> ZoneInfo:
    return ZoneInfo(tz)


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


# --- questions about a moment ------------------------------------------------------------------


def is_open(settings: Settings, queue: Queue | None, tz: str, now: datetime) -> bool:
    """Whether the hall (or this queue of it) is in one of its sessions."""
    local = now.astimezone(zone(tz))
    sessions = settings.week.get(local.isoweekday())
    if not sessions:
        return False
    if queue is not None and queue.sessions is not None:
        sessions = queue.sessions
    return any(start <= now < until for start, until, _ in _bounds(sessions, tz, local.toordinal()))


def current_session(
    settings: Settings, queue: Queue | None, tz: str, now: datetime
) -> Session | None:
    """The session that is running, with its `by_appointment`; None when closed."""
    local = now.astimezone(zone(tz))
    sessions = _sessions_on(settings, queue, local.isoweekday())
    for start, until, session in _bounds(sessions, tz, local.toordinal()):
        if start <= now < until:
            return session
    return None


def next_opening(
    settings: Settings, queue: Queue | None, tz: str, now: datetime
) -> datetime | None:
    """When it opens next after `now`, within 14 days. An opening follows closed time: two
    sessions that touch (also at midnight) are one."""
    for start, _ in open_periods(settings, queue, tz, now):
        if start > now:
            return start if start < now + timedelta(days=HORIZON_DAYS) else None
    return None


def closing(settings: Settings, queue: Queue | None, tz: str, now: datetime) -> datetime | None:
    """The end of the last session of `now`'s service day.

    None when nothing closes: the hall runs through midnight into tomorrow, or does not open today.
    """
    local = now.astimezone(zone(tz))
    today, weekday = local.toordinal(), local.isoweekday()
    bounds = _bounds(_sessions_on(settings, queue, weekday), tz, today)
    if not bounds:
        return None
    end = bounds[-1][1]
    tomorrow = _bounds(_sessions_on(settings, queue, weekday % 7 + 1), tz, today + 1)
    return None if tomorrow and tomorrow[0][0] <= end else end


# --- open time ---------------------------------------------------------------------------------


def open_seconds(
    settings: Settings, queue: Queue | None, tz: str, a: datetime, b: datetime
) -> float:
    """How much open time lies between `a` and `b` (at most about 14 days ahead)."""
    passed = 0.0
    for start, until in open_periods(settings, queue, tz, a):
        if start >= b:
            break
        if until > a:
            passed += (min(until, b) - max(start, a)).total_seconds()
    return passed


def open_periods(
    settings: Settings, queue: Queue | None, tz: str, now: datetime
) -> tuple[Period, ...]:
    """Open time from `now`'s local day on, a little over 14 days, touching sessions joined."""
    week = tuple(_sessions_on(settings, queue, weekday) for weekday in range(1, 8))
    return _periods(week, tz, now.astimezone(zone(tz)).toordinal())


# --- days --------------------------------------------------------------------------------------


def service_day(tz: str, now: datetime) -> str:
    """The hall's day, YYYY-MM-DD: from its midnight to the next."""
    return now.astimezone(zone(tz)).date().isoformat()


def midnight_after(tz: str, day: str) -> datetime:
    """The moment (UTC) at which service day `day` ends."""
    return _moment(tz, date.fromisoformat(day).toordinal() + 1, 0)


def moment(tz: str, day: date, minute: int) -> datetime:
    """The moment (UTC) of a local day's minute."""
    return _moment(tz, day.toordinal(), minute)


# --- bounds, cached by value -------------------------------------------------------------------


def _sessions_on(settings: Settings, queue: Queue | None, weekday: int) -> tuple[Session, ...]:
    sessions = settings.week.get(weekday, ())
    if sessions and queue is not None and queue.sessions is not None:
        return queue.sessions
    return sessions


def _moment(tz: str, ordinal: int, minute: int) -> datetime:
    # In an hour that the clocks skip or repeat, `fold=0` takes the first reading.
    local = datetime.combine(date.fromordinal(ordinal), datetime.min.time(), zone(tz))
    if minute == 24 * 60:
        return (local + timedelta(days=1)).astimezone(UTC)
    return local.replace(hour=minute // 60, minute=minute % 60).astimezone(UTC)


@lru_cache(maxsize=1024)
def _bounds(
    sessions: tuple[Session, ...], tz: str, ordinal: int
) -> tuple[tuple[datetime, datetime, Session], ...]:
    found = []
    for session in sessions:
        start = _moment(tz, ordinal, minute_of_day(session.start))
        until = _moment(tz, ordinal, minute_of_day(session.until))
        if start < until:  # else it lies in the hour that summer time skips
            found.append((start, until, session))
    return tuple(sorted(found, key=lambda bound: bound[:2]))


@lru_cache(maxsize=256)
def _periods(week: Week, tz: str, ordinal: int) -> tuple[Period, ...]:
    joined: list[Period] = []
    for day in range(ordinal, ordinal + HORIZON_DAYS + 1):
        # Day 1 of the proleptic calendar is a Monday.
        for start, until, _ in _bounds(week[(day - 1) % 7], tz, day):
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(until, joined[-1][1]))
            else:
                joined.append((start, until))
    return tuple(joined)
