"""What a hall is told of announced days, and when it need not be told."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hall_core.day import DayFeature, DayState, TellCalendar
from hall_core.events import CalendarTold, Event, Recorded
from hall_core.features import Actor, Context
from hall_core.setup import HallInfo
from hall_core.workdays import CalendarDay, SpecialDay

HALL = HallInfo(id="demo", name="青禾旗政务服务中心", region="159921000000", level="county")
NOW = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)


def days(*texts: str) -> dict[date, SpecialDay]:
    found = map(date.fromisoformat, texts)
    return {day: SpecialDay(day=day, workday=False, name="国庆节") for day in found}


def tell(state: DayState, told: dict[date, SpecialDay], now: datetime = NOW) -> list[Event]:
    """Decide and apply, as a hall does."""
    feature = DayFeature()
    context = Context(HALL, now, Actor("system", "system"), 7)
    events = feature.commands()[TellCalendar](state, TellCalendar(days=told), context)
    for event in events:
        record = Recorded(7, now, "system", event)
        feature.apply(state, record)
        assert feature.touched(state, record) == ()
    return events


def test_it_is_told_once_and_again_when_the_announcement_changed() -> None:
    state = DayState(day="2026-09-01")
    october = days("2026-10-01", "2026-10-02")
    (event,) = tell(state, october)
    assert isinstance(event, CalendarTold)
    assert event.days[date(2026, 10, 1)] == CalendarDay(workday=False, name="国庆节")
    assert tell(state, october) == []
    assert tell(state, days("2026-10-01"))
    assert list(state.calendar) == [date(2026, 10, 1)]


def test_years_that_are_over_are_not_told() -> None:
    state = DayState(day="2026-09-01")
    tell(state, days("2025-10-01", "2026-01-01", "2027-01-01"))
    assert list(state.calendar) == [date(2026, 1, 1), date(2027, 1, 1)]


def test_the_halls_day_counts_not_a_clock_that_is_years_ahead() -> None:
    state = DayState(day="2026-09-01", doubted=True)
    tell(state, days("2026-10-01"), datetime(2040, 1, 1, tzinfo=UTC))
    assert list(state.calendar) == [date(2026, 10, 1)]


def test_a_hall_without_a_day_yet_goes_by_the_clock() -> None:
    assert tell(DayState(), days("2025-10-01")) == []
