"""Opening times of a hall and its queues: open now, open time, closing, the service day. Pure.

A hall has sessions per weekday (`Settings.week`); a queue may have its own, the same on every
day on which the hall opens at all. What a session is in UTC is `hall_core.sessions`'.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from hall_core import sessions as hours
from hall_core.sessions import (
    HORIZON_DAYS,
    Period,
    Week,
    bounds,
    local_day,
    midnight_after,
    minute_of_day,
    moment,
    zone,
)
from hall_core.setup import Queue, Session, Settings

__all__ = [
    "HORIZON_DAYS",
    "Period",
    "closing",
    "current_session",
    "is_open",
    "midnight_after",
    "minute_of_day",
    "moment",
    "next_opening",
    "open_periods",
    "open_seconds",
    "service_day",
    "zone",
]


# --- questions about a moment ------------------------------------------------------------------


def is_open(settings: Settings, queue: Queue | None, tz: str, now: datetime) -> bool:
    """Whether the hall (or this queue of it) is in one of its sessions."""
    return current_session(settings, queue, tz, now) is not None


def current_session(
    settings: Settings, queue: Queue | None, tz: str, now: datetime
) -> Session | None:
    """The session that is running, with its `by_appointment`; None when closed."""
    today, weekday = local_day(tz, now)
    for start, until, session in bounds(_sessions_on(settings, queue, weekday), tz, today):
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
    today, weekday = local_day(tz, now)
    found = bounds(_sessions_on(settings, queue, weekday), tz, today)
    if not found:
        return None
    end = found[-1][1]
    tomorrow = bounds(_sessions_on(settings, queue, weekday % 7 + 1), tz, today + 1)
    return None if tomorrow and tomorrow[0][0] <= end else end


# --- open time ---------------------------------------------------------------------------------


def open_seconds(
    settings: Settings, queue: Queue | None, tz: str, a: datetime, b: datetime
) -> float:
    """How much open time lies between `a` and `b` (at most about 14 days ahead)."""
    return hours.open_seconds(_week(settings, queue), tz, a, b)


def open_periods(
    settings: Settings, queue: Queue | None, tz: str, now: datetime
) -> tuple[Period, ...]:
    """Open time from `now`'s local day on, a little over 14 days, touching sessions joined."""
    return hours.open_periods(_week(settings, queue), tz, now)


# --- days --------------------------------------------------------------------------------------


def service_day(tz: str, now: datetime) -> str:
    """The hall's day, YYYY-MM-DD: from its midnight to the next."""
    return now.astimezone(zone(tz)).date().isoformat()


def _week(settings: Settings, queue: Queue | None) -> Week:
    return tuple(_sessions_on(settings, queue, weekday) for weekday in range(1, 8))


def _sessions_on(settings: Settings, queue: Queue | None, weekday: int) -> tuple[Session, ...]:
    sessions = settings.week.get(weekday, ())
    if sessions and queue is not None and queue.sessions is not None:
        return queue.sessions
    return sessions
