"""Chinese working days: pure date arithmetic over what the State Council announced.

国务院办公厅 announces each autumn which days of the next year are off and which weekends are worked
instead (调休). A year that was not announced yet counts Monday to Friday; `known` says so, and
whoever shows a date of such a year should too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import msgspec

SATURDAY = 6  # date.isoweekday
NEEDED_FROM_MONTH = 12  # a case opened in December may be due in January


class SpecialDay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A day that was announced: off (`workday` False), or a weekend that is worked (True)."""

    day: date
    workday: bool
    name: str = ""  # 国庆节


class CalendarDay(msgspec.Struct, frozen=True, kw_only=True):
    """What a hall is told of an announced day; the day itself is its key there."""

    workday: bool
    name: str = ""


class Workdays(msgspec.Struct, frozen=True):
    """Which days are worked. `special` holds the announced days by date."""

    special: Mapping[date, SpecialDay] = {}
    years: frozenset[int] = frozenset()  # those that were announced

    @classmethod
    def of(cls, days: Mapping[date, SpecialDay]) -> Workdays:
        return cls(days, frozenset(day.year for day in days))

    def known(self, year: int) -> bool:
        """Whether `year` was announced; if not, its days are plain Monday to Friday."""
        return year in self.years

    def is_workday(self, day: date) -> bool:
        special = self.special.get(day)
        return day.isoweekday() < SATURDAY if special is None else special.workday

    def add(self, day: date, n: int) -> date:
        """The `n`-th working day after `day`; `day` itself is not counted, 0 gives `day`.

        Raises:
            ValueError: `n` is negative.
        """
        if n < 0:
            raise ValueError(n)
        while n:
            day += timedelta(days=1)
            n -= self.is_workday(day)
        return day

    def next(self, day: date) -> date:
        """The first working day after `day`."""
        return self.add(day, 1)

    def missing(self, today: date) -> list[int]:
        """Years whose announcement is needed by `today` and is not here."""
        needed = [today.year]
        if today.month >= NEEDED_FROM_MONTH:
            needed.append(today.year + 1)
        return [year for year in needed if not self.known(year)]
