"""Opening times: breaks, nights, midnight, summer time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hall_core.sessions import Hours, hours_of
from hall_core.setup import Queue, Session
from hall_core.workdays import CalendarDay
from hall_queue.domain import sessions

TZ = "Asia/Shanghai"
BERLIN = "Europe/Berlin"
DAY = (Session(start="08:30", until="12:00"), Session(start="14:30", until="17:30"))
SATURDAY = (Session(start="09:00", until="12:00", by_appointment=True),)
HALL = hours_of({**dict.fromkeys(range(1, 6), DAY), 6: SATURDAY})
ALWAYS = hours_of({day: (Session(start="00:00", until="24:00"),) for day in range(1, 8)})
NEVER = hours_of({})
EVENING = Queue(prefix="E", name="晚间", sessions=(Session(start="17:30", until="20:00"),))


def at(text: str, tz: str = TZ) -> datetime:
    """`2025-11-20 08:30` (a Thursday) of the hall's wall clock, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(tz)).astimezone(UTC)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2025-11-20 08:29:59", False),
        ("2025-11-20 08:30", True),
        ("2025-11-20 11:59:59", True),
        ("2025-11-20 12:00", False),
        ("2025-11-20 14:30", True),
        ("2025-11-20 17:30", False),
        ("2025-11-22 10:00", True),
        ("2025-11-23 10:00", False),
    ],
)
def test_is_open(when: str, expected: bool) -> None:
    assert sessions.is_open(HALL, None, TZ, at(when)) is expected
    assert (sessions.current_session(HALL, None, TZ, at(when)) is not None) is expected


def test_current_session_says_by_appointment() -> None:
    session = sessions.current_session(HALL, None, TZ, at("2025-11-22 10:00"))
    assert session is not None
    assert session.by_appointment


# 1 October 2026 is a Thursday and off; Saturday the 10th is worked instead.
OCTOBER = hours_of(
    {**dict.fromkeys(range(1, 6), DAY), 6: SATURDAY},
    {
        date(2026, 10, 1): CalendarDay(workday=False, name="国庆节"),
        date(2026, 10, 2): CalendarDay(workday=False, name="国庆节"),
        date(2026, 10, 3): CalendarDay(workday=False, name="国庆节"),
        date(2026, 10, 10): CalendarDay(workday=True, name="国庆节"),
    },
)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-09-30 10:00", True),
        ("2026-10-01 10:00", False),
        ("2026-10-03 10:00", False),  # a Saturday by appointment, but off
        ("2026-10-05 10:00", True),
        ("2026-10-10 08:30", True),  # Monday's sessions: the Saturday's begin at 9:00
        ("2026-10-10 15:00", True),
        ("2026-10-17 08:30", False),
    ],
)
def test_announced_days(when: str, expected: bool) -> None:
    assert sessions.is_open(OCTOBER, None, TZ, at(when)) is expected


def test_holidays_are_no_open_time() -> None:
    assert sessions.closing(OCTOBER, None, TZ, at("2026-10-01 10:00")) is None
    assert sessions.next_opening(OCTOBER, None, TZ, at("2026-10-01 09:00")) == at(
        "2026-10-05 08:30"
    )
    a, b = at("2026-10-01 00:00"), at("2026-10-05 09:00")
    assert sessions.open_seconds(OCTOBER, None, TZ, a, b) == 30 * 60
    worked = sessions.current_session(OCTOBER, None, TZ, at("2026-10-10 10:00"))
    assert worked is not None
    assert not worked.by_appointment


def test_a_queue_with_its_own_sessions_keeps_the_halls_holidays() -> None:
    assert not sessions.is_open(OCTOBER, EVENING, TZ, at("2026-10-01 18:00"))
    assert sessions.is_open(OCTOBER, EVENING, TZ, at("2026-10-10 18:00"))


def test_equal_hours_are_one_object() -> None:
    week = {1: DAY}
    assert hours_of(week) is hours_of(dict(week), {})
    assert hours_of(week) != hours_of(week, {date(2026, 10, 1): CalendarDay(workday=False)})


def test_queue_has_its_own_sessions_on_days_the_hall_opens() -> None:
    assert not sessions.is_open(HALL, EVENING, TZ, at("2025-11-20 10:00"))
    assert sessions.is_open(HALL, EVENING, TZ, at("2025-11-20 18:00"))
    assert not sessions.is_open(HALL, EVENING, TZ, at("2025-11-23 18:00"))
    assert sessions.closing(HALL, EVENING, TZ, at("2025-11-20 10:00")) == at("2025-11-20 20:00")
    assert sessions.next_opening(HALL, EVENING, TZ, at("2025-11-22 20:00")) == at(
        "2025-11-24 17:30"
    )


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2025-11-20 07:00", "2025-11-20 08:30"),
        ("2025-11-20 08:30", "2025-11-20 14:30"),
        ("2025-11-20 12:00", "2025-11-20 14:30"),
        ("2025-11-20 17:30", "2025-11-21 08:30"),
        ("2025-11-22 12:00", "2025-11-24 08:30"),
    ],
)
def test_next_opening(when: str, expected: str) -> None:
    assert sessions.next_opening(HALL, None, TZ, at(when)) == at(expected)


def test_next_opening_of_a_hall_that_never_closes_or_never_opens() -> None:
    assert sessions.next_opening(ALWAYS, None, TZ, at("2025-11-20 23:59")) is None
    assert sessions.next_opening(NEVER, None, TZ, at("2025-11-20 10:00")) is None


def test_closing() -> None:
    assert sessions.closing(HALL, None, TZ, at("2025-11-20 09:00")) == at("2025-11-20 17:30")
    assert sessions.closing(HALL, None, TZ, at("2025-11-20 19:00")) == at("2025-11-20 17:30")
    assert sessions.closing(HALL, None, TZ, at("2025-11-23 09:00")) is None


def test_closing_of_a_hall_that_runs_through_midnight() -> None:
    assert sessions.is_open(ALWAYS, None, TZ, at("2025-11-20 23:59:59"))
    assert sessions.is_open(ALWAYS, None, TZ, at("2025-11-21 00:00"))
    assert sessions.closing(ALWAYS, None, TZ, at("2025-11-20 09:00")) is None
    until_midnight = hours_of({4: (Session(start="20:00", until="24:00"),)})
    assert sessions.closing(until_midnight, None, TZ, at("2025-11-20 21:00")) == at(
        "2025-11-21 00:00"
    )


def test_open_seconds_skip_breaks_nights_and_closed_days() -> None:
    def minutes(a: str, b: str, queue: Queue | None = None) -> float:
        return sessions.open_seconds(HALL, queue, TZ, at(a), at(b)) / 60

    assert minutes("2025-11-20 11:50", "2025-11-20 11:55") == 5
    assert minutes("2025-11-20 11:50", "2025-11-20 14:30") == 10
    assert minutes("2025-11-20 11:50", "2025-11-20 14:35") == 15
    assert minutes("2025-11-20 12:30", "2025-11-20 14:30") == 0
    assert minutes("2025-11-21 17:20", "2025-11-22 09:10") == 20
    assert minutes("2025-11-22 11:30", "2025-11-24 09:00") == 60
    assert minutes("2025-11-20 11:50", "2025-11-20 18:00", EVENING) == 30
    assert (
        sessions.open_seconds(NEVER, None, TZ, at("2025-11-20 09:00"), at("2025-11-21 09:00")) == 0
    )


def test_service_day_and_its_midnight() -> None:
    assert sessions.service_day(TZ, at("2025-11-20 00:00")) == "2025-11-20"
    assert sessions.service_day(TZ, at("2025-11-20 23:59:59")) == "2025-11-20"
    assert sessions.midnight_after(TZ, "2025-11-20") == at("2025-11-21 00:00")


def test_summer_time() -> None:
    # 2025-03-30 has 23 hours in Berlin, 2025-10-26 has 25.
    for day, hours in (("2025-03-30", 23), ("2025-10-26", 25)):
        midnight = at(day + " 00:00", BERLIN)
        assert sessions.midnight_after(BERLIN, day) == midnight + timedelta(hours=hours)
        noon = at(day + " 12:00", BERLIN)
        morning = sessions.open_seconds(ALWAYS, None, BERLIN, midnight, noon)
        assert morning == (hours - 12) * 3600
    night = hours_of({7: (Session(start="01:00", until="04:00"),)})
    assert sessions.closing(night, None, BERLIN, at("2025-03-30 01:30", BERLIN)) == at(
        "2025-03-30 04:00", BERLIN
    )
    start, end = at("2025-03-30 01:00", BERLIN), at("2025-03-30 04:00", BERLIN)
    assert sessions.open_seconds(night, None, BERLIN, start, end) == 2 * 3600


def test_a_session_within_the_skipped_hour_does_not_break() -> None:
    odd = hours_of({7: (Session(start="02:30", until="03:00"),)})
    assert not sessions.is_open(odd, None, BERLIN, at("2025-03-30 03:15", BERLIN))
    assert sessions.is_open(odd, None, BERLIN, at("2025-04-06 02:45", BERLIN))


@pytest.mark.parametrize(("text", "minute"), [("00:00", 0), ("08:30", 510), ("24:00", 1440)])
def test_minute_of_day(text: str, minute: int) -> None:
    assert sessions.minute_of_day(text) == minute


@pytest.mark.parametrize(
    "text", ["", "8:30", "08:60", "24:01", "25:00", "08-30", "-1:00", "０8:30"]
)
def test_minute_of_day_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="not a time of day"):
        sessions.minute_of_day(text)


# --- properties --------------------------------------------------------------------------------


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def days(draw: st.DrawFn) -> tuple[Session, ...]:
    marks = sorted(draw(st.sets(st.integers(0, 96), max_size=6)))
    return tuple(
        Session(start=_clock(a * 15), until=_clock(b * 15))
        for a, b in zip(marks[::2], marks[1::2], strict=False)
    )


calendars = st.dictionaries(
    st.dates(date(2018, 1, 1), date(2026, 12, 31)),
    st.builds(CalendarDay, workday=st.booleans()),
    max_size=4,
)
halls = st.builds(hours_of, st.dictionaries(st.integers(1, 7), days(), max_size=7), calendars)
zones = st.sampled_from([TZ, BERLIN, "America/Sao_Paulo", "America/Havana", "UTC"])
moments = st.integers(1_514_764_800, 1_798_761_600).map(  # 2018 to 2026
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
spans = st.integers(1, 3 * 86_400)


@settings(max_examples=150)
@given(halls, zones, moments, spans, spans)
def test_open_seconds_add_up(hall: Hours, tz: str, start: datetime, a: int, b: int) -> None:
    middle, end = start + timedelta(seconds=a), start + timedelta(seconds=a + b)
    first = sessions.open_seconds(hall, None, tz, start, middle)
    second = sessions.open_seconds(hall, None, tz, middle, end)
    assert first + second == sessions.open_seconds(hall, None, tz, start, end)
    assert 0 <= first <= a


@settings(max_examples=150)
@given(halls, zones, moments)
def test_next_opening_is_the_first(hall: Hours, tz: str, now: datetime) -> None:
    opening = sessions.next_opening(hall, None, tz, now)
    if opening is None:
        return
    assert opening > now
    assert sessions.is_open(hall, None, tz, opening)
    assert not sessions.is_open(hall, None, tz, opening - timedelta(microseconds=1))
    if not sessions.is_open(hall, None, tz, now):
        assert sessions.open_seconds(hall, None, tz, now, opening) == 0


@settings(max_examples=150)
@given(zones, moments)
def test_a_moment_lies_in_its_service_day(tz: str, now: datetime) -> None:
    day = sessions.service_day(tz, now)
    yesterday = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    assert sessions.midnight_after(tz, yesterday) <= now < sessions.midnight_after(tz, day)


@settings(max_examples=150)
@given(halls, zones, moments)
def test_open_periods_are_what_is_open_says(hall: Hours, tz: str, now: datetime) -> None:
    periods = sessions.open_periods(hall, None, tz, now)
    assert sessions.is_open(hall, None, tz, now) == any(a <= now < b for a, b in periods)
    assert all(a < b for a, b in periods)
    assert all(x[1] < y[0] for x, y in pairwise(periods))
