"""Opening times of a hall and its queues: open now, open time, closing, the service day. Pure.

A hall has hours (`QueueState.hours`): sessions per weekday, none on announced days off, Monday's
on weekends that are worked. A queue may have sessions of its own, the same on every day on which
the hall opens at all. What a session is in UTC is `hall_core.sessions`'.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

import msgspec

from hall_core import sessions as hall_sessions
from hall_core.sessions import (
    HORIZON_DAYS,
    Hours,
    Period,
    bounds,
    local_day,
    midnight_after,
    minute_of_day,
    moment,
    zone,
)
from hall_core.setup import Queue, Session

__all__ = [
    "HORIZON_DAYS",
    "Hours",
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


def is_open(hours: Hours, queue: Queue | None, tz: str, now: datetime) -> bool:
    """Whether the hall (or this queue of it) is in one of its sessions."""
    return current_session(hours, queue, tz, now) is not None


def current_session(hours: Hours, queue: Queue | None, tz: str, now: datetime) -> Session | None:
    """The session that is running, with its `by_appointment`; None when closed."""
    today = local_day(tz, now)
    for start, until, session in bounds(_hours(hours, queue).on(today), tz, today):
        if start <= now < until:
            return session
    return None


def next_opening(hours: Hours, queue: Queue | None, tz: str, now: datetime) -> datetime | None:
    """When it opens next after `now`, within 14 days. An opening follows closed time: two
    sessions that touch (also at midnight) are one."""
    for start, _ in open_periods(hours, queue, tz, now):
        if start > now:
            return start if start < now + timedelta(days=HORIZON_DAYS) else None
    return None


def closing(hours: Hours, queue: Queue | None, tz: str, now: datetime) -> datetime | None:
    """The end of the last session of `now`'s service day.

    None when nothing closes: the hall runs through midnight into tomorrow, or does not open today.
    """
    today, its = local_day(tz, now), _hours(hours, queue)
    found = bounds(its.on(today), tz, today)
    if not found:
        return None
    end = found[-1][1]
    tomorrow = bounds(its.on(today + 1), tz, today + 1)
    return None if tomorrow and tomorrow[0][0] <= end else end


# --- open time ---------------------------------------------------------------------------------


def open_seconds(hours: Hours, queue: Queue | None, tz: str, a: datetime, b: datetime) -> float:
    """How much open time lies between `a` and `b` (at most about 14 days ahead)."""
    return hall_sessions.open_seconds(_hours(hours, queue), tz, a, b)


def open_periods(hours: Hours, queue: Queue | None, tz: str, now: datetime) -> tuple[Period, ...]:
    """Open time from `now`'s local day on, a little over 14 days, touching sessions joined."""
    return hall_sessions.open_periods(_hours(hours, queue), tz, now)


# --- days --------------------------------------------------------------------------------------


def service_day(tz: str, now: datetime) -> str:
    """The hall's day, YYYY-MM-DD: from its midnight to the next."""
    return now.astimezone(zone(tz)).date().isoformat()


def _hours(hours: Hours, queue: Queue | None) -> Hours:
    if queue is None or queue.sessions is None:
        return hours
    return _with_sessions(hours, queue.sessions)


@lru_cache(maxsize=1024)
def _with_sessions(hours: Hours, own: tuple[Session, ...]) -> Hours:
    week = tuple(own if sessions else () for sessions in hours.week)
    return msgspec.structs.replace(hours, week=week)
