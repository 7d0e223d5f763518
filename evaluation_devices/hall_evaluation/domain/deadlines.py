"""Ends of working days, in the hall's zone.

Working days are counted from the day after, as the rules for 差评 count them (domain.md section 2).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

REOPEN_FOR = timedelta(days=30)
"""A closed case may be reopened for so long; until then it stays in the hall's state."""


class Workdays(Protocol):
    """Which days are worked; `hall_core.workdays` has them."""

    def add(self, day: date, n: int) -> date: ...


@lru_cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local_day(at: datetime, timezone: str) -> date:
    """The hall's date at a moment."""
    return at.astimezone(_zone(timezone)).date()


@lru_cache(maxsize=1024)
def end_of_day(day: date, timezone: str) -> datetime:
    """The hall's midnight after `day`, in UTC."""
    after = day + timedelta(days=1)
    return datetime(after.year, after.month, after.day, tzinfo=_zone(timezone)).astimezone(UTC)


def end_of_workday(workdays: Workdays, day: date, n: int, timezone: str) -> datetime:
    """The end of the `n`-th working day after `day`, in UTC."""
    return end_of_day(workdays.add(day, n), timezone)
