"""Working days: the announced ones, make-up Saturdays, and years nobody announced yet."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hall_core.errors import Invalid
from hall_core.workdays import SpecialDay, Workdays
from hall_core.workdays_book import check, published

CHINA = Workdays.of(published())
DAYS = st.dates(date(2024, 1, 1), date(2028, 12, 31))


def test_national_day_2026_with_its_make_up_days() -> None:
    off = [date(2026, 10, 1) + timedelta(days=n) for n in range(7)]
    assert not any(CHINA.is_workday(day) for day in off)
    assert CHINA.is_workday(date(2026, 9, 20))  # the Sunday before
    assert CHINA.is_workday(date(2026, 10, 10))  # the Saturday after
    assert not CHINA.is_workday(date(2026, 10, 11))
    # A bad rating on 30 September: to be contacted on the 8th, rectified by the 13th.
    assert CHINA.add(date(2026, 9, 30), 1) == date(2026, 10, 8)
    assert CHINA.add(date(2026, 9, 30), 5) == date(2026, 10, 13)


def test_an_ordinary_weekend() -> None:
    friday = date(2026, 3, 6)
    assert CHINA.next(friday) == date(2026, 3, 9)
    assert CHINA.next(friday + timedelta(days=1)) == date(2026, 3, 9)
    assert CHINA.add(friday, 0) == friday


def test_a_year_that_nobody_announced_counts_monday_to_friday_and_says_so() -> None:
    assert not CHINA.known(2027)
    assert CHINA.is_workday(date(2027, 10, 1))  # a Friday; wrong, and `known` says that it may be
    assert not CHINA.is_workday(date(2027, 1, 2))
    assert CHINA.missing(date(2026, 11, 30)) == []
    assert CHINA.missing(date(2026, 12, 1)) == [2027]
    assert CHINA.missing(date(2027, 6, 1)) == [2027]


def test_the_turn_of_the_year_into_an_unknown_one() -> None:
    assert CHINA.add(date(2026, 12, 31), 1) == date(2027, 1, 1)  # as far as we know
    imported = Workdays.of(
        {**CHINA.special, date(2027, 1, 1): SpecialDay(day=date(2027, 1, 1), workday=False)}
    )
    assert imported.known(2027)
    assert imported.add(date(2026, 12, 31), 1) == date(2027, 1, 4)


@given(DAYS, st.integers(0, 60))
def test_adding_and_counting_agree(day: date, n: int) -> None:
    until = CHINA.add(day, n)
    after = (day + timedelta(days=k) for k in range(1, (until - day).days + 1))
    assert sum(map(CHINA.is_workday, after)) == n
    assert n == 0 or CHINA.is_workday(until)


@given(DAYS, st.integers(0, 20), st.integers(0, 20))
def test_adding_twice_is_adding_once(day: date, n: int, more: int) -> None:
    assert CHINA.add(CHINA.add(day, n), more) == CHINA.add(day, n + more)


def test_days_do_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="-1"):
        CHINA.add(date(2026, 1, 1), -1)


def off(day: date) -> SpecialDay:
    return SpecialDay(day=day, workday=False, name="元旦")


@pytest.mark.parametrize(
    "days",
    [
        (),
        (SpecialDay(day=date(2027, 1, 2), workday=True),),  # nothing but work
        (off(date(2026, 1, 1)),),  # another year
        (off(date(2027, 1, 1)), off(date(2027, 1, 1))),
        (off(date(2027, 1, 1)), SpecialDay(day=date(2027, 1, 4), workday=True)),  # a Monday
        (SpecialDay(day=date(2027, 1, 1), workday=False, name="长" * 41),),
    ],
)
def test_a_list_that_is_no_announcement(days: tuple[SpecialDay, ...]) -> None:
    with pytest.raises(Invalid):
        check(2027, days)


def test_a_list_that_is_one() -> None:
    check(2027, (off(date(2027, 1, 1)), SpecialDay(day=date(2027, 1, 9), workday=True)))
