"""Appointments: when they may be made, what they are worth, and that they are used once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hall_core.errors import Conflict, HallError
from hall_core.events import AppointmentMissed, CalendarTold, TicketIssued
from hall_core.setup import Session
from hall_core.workdays import CalendarDay
from hall_queue.domain.commands import (
    CallNext,
    CancelAppointment,
    CancelTicket,
    ChangeSetup,
    IssueTicket,
    MakeAppointment,
    Open,
)
from hall_queue.domain.testing import DAY, HALL, MANAGER, OPEN_ALWAYS, PlayedHall, setup

TODAY, TOMORROW = "2025-11-20", "2025-11-21"  # a Thursday, and it is 9:00


@pytest.fixture
def hall() -> PlayedHall:
    return PlayedHall()


def book(hall: PlayedHall, key: str = "a1", start: str = "10:00", **more: Any) -> None:
    more.setdefault("day", TODAY)
    if "service" not in more:
        more.setdefault("queue", "H")
    hall.do(MakeAppointment(appointment_id=key, start=start, **more))


def come(hall: PlayedHall, key: str = "a1") -> TicketIssued:
    (issued,) = hall.do(IssueTicket(ticket_id=f"of-{key}", appointment=key))
    assert isinstance(issued, TicketIssued)
    return issued


def refused(hall: PlayedHall, command: Any) -> str:
    with pytest.raises(HallError) as error:
        hall.do(command)
    return error.value.errors[0].field if error.value.errors else error.value.code


def check_in(key: str = "a1") -> IssueTicket:
    return IssueTicket(ticket_id=f"of-{key}", appointment=key)


def test_it_says_which_item_and_is_used_once(hall: PlayedHall) -> None:
    book(hall, service="id_card")
    hall.pass_time(minutes=60)
    issued = come(hall)
    assert (issued.queue, issued.service, issued.appointment) == ("H", "id_card", "a1")
    assert refused(hall, check_in()) == "appointment_ended"
    assert refused(hall, CancelAppointment(appointment_id="a1")) == "appointment_ended"


def test_a_little_early_or_late_is_allowed_and_no_more(hall: PlayedHall) -> None:
    book(hall)
    hall.pass_time(minutes=44)
    assert refused(hall, check_in()) == "appointment_early"
    hall.pass_time(minutes=1)
    come(hall)
    book(hall, "a2", "11:00")
    hall.pass_time(minutes=119)  # 11:44; the slot ends at 11:30
    come(hall, "a2")
    book(hall, "a3", "12:00")
    hall.pass_time(minutes=61)
    assert refused(hall, check_in("a3")) == "appointment_late"


@pytest.mark.parametrize(
    ("start", "early", "late"),
    [
        ("08:30", "08:15", "09:14"),  # the kiosk gives no other tickets before 8:30,
        ("11:30", "11:15", "12:14"),  # at lunch
        ("17:00", "16:45", "17:44"),  # or in the evening
    ],
)
def test_its_own_times_count_and_not_the_halls(start: str, early: str, late: str) -> None:
    week = dict.fromkeys(range(1, 8), DAY)
    hall = PlayedHall(setup(msgspec.structs.replace(OPEN_ALWAYS, week=week)), "2025-11-20 08:00")
    for key in ("a1", "a2", "a3", "a4"):
        book(hall, key, start)

    def until(clock: str) -> None:
        local = datetime.fromisoformat(f"{TODAY} {clock}").replace(tzinfo=ZoneInfo(HALL.timezone))
        hall.pass_time(seconds=(local - hall.now).total_seconds())

    until(early)
    hall.now -= timedelta(seconds=1)
    assert refused(hall, check_in("a1")) == "appointment_early"
    until(early)
    come(hall, "a1")
    until(late)
    hall.now += timedelta(seconds=59)
    come(hall, "a2")
    hall.now += timedelta(seconds=1)
    assert refused(hall, check_in("a3")) == "appointment_late"


def test_none_is_made_for_a_holiday() -> None:
    hall = PlayedHall()
    hall.record(
        [CalendarTold(days={date(2025, 11, 21): CalendarDay(workday=False, name="国庆节")})]
    )
    tomorrow = MakeAppointment(appointment_id="a1", queue="H", day=TOMORROW, start="10:00")
    assert refused(hall, tomorrow) == "start"
    book(hall, day="2025-11-22")
    open_then = msgspec.structs.replace(OPEN_ALWAYS, closed_on_holidays=False)
    hall.do(ChangeSetup(settings=open_then), MANAGER)
    book(hall, "a2", day=TOMORROW)


def test_who_comes_in_time_stands_behind_the_one_who_is_next(hall: PlayedHall) -> None:
    for key in ("a1", "a2"):
        book(hall, key)
    hall.do(Open(window=1, clerk="1001"))
    for _ in range(4):
        hall.issue("H")
    hall.pass_time(minutes=60)
    for key in ("a2", "a1"):
        come(hall, key)
    hall.issue("H")
    called = []
    for _ in range(7):
        (event,) = hall.do(CallNext(window=1))
        called.append((event.number, event.why))  # type: ignore[attr-defined]
        hall.post(1).ticket = None
        hall.post(1).state = "open"
    assert [number for number, _ in called] == [
        "H001", "H005", "H006", "H002", "H003", "H004", "H007",
    ]  # fmt: skip
    assert called[1][1] == "appointment"


def test_a_session_by_appointment_admits_who_has_one(hall: PlayedHall) -> None:
    only = (Session(start="09:00", until="12:00", by_appointment=True),)
    week = dict.fromkeys(range(1, 8), only)
    hall.do(ChangeSetup(settings=msgspec.structs.replace(OPEN_ALWAYS, week=week)), MANAGER)
    book(hall)
    hall.pass_time(minutes=60)
    with pytest.raises(Conflict, match="只办理预约"):
        hall.issue("H")
    come(hall)


def test_times_that_cannot_be_booked(hall: PlayedHall) -> None:
    week = dict.fromkeys(range(1, 6), DAY)
    hall.do(ChangeSetup(settings=msgspec.structs.replace(OPEN_ALWAYS, week=week)), MANAGER)
    make = MakeAppointment(appointment_id="a1", day=TOMORROW, start="09:00", queue="H")
    for wrong, field in (
        ({"day": "2025-11-22"}, "start"),  # a Saturday
        ({"start": "12:30"}, "start"),
        ({"start": "11:45"}, "start"),  # would end after closing
        ({"start": "25:00"}, "start"),
        ({"day": TODAY, "start": "08:45"}, "start"),  # has passed
        ({"day": "2025-12-24"}, "day"),
        ({"day": "2025-11-19"}, "day"),
        ({"day": "morgen"}, "day"),
        ({"queue": "Q"}, "queue"),
        ({"queue": None}, "service"),
        ({"service": "nothing"}, "service"),
    ):
        assert refused(hall, msgspec.structs.replace(make, **wrong)) == field, wrong
    hall.do(make)


def test_a_slot_holds_so_many_and_a_cancelled_one_is_free_again(hall: PlayedHall) -> None:
    for key in ("a1", "a2", "a3", "a4"):
        book(hall, key)
    fifth = MakeAppointment(appointment_id="a5", day=TODAY, start="10:00", queue="H")
    assert refused(hall, fifth) == "slot_full"
    book(hall, "b1", queue="S")
    hall.do(CancelAppointment(appointment_id="a2"))
    hall.do(fifth)
    hall.pass_time(minutes=60)
    assert refused(hall, check_in("a2")) == "appointment_ended"


def test_who_did_not_come_is_counted_when_the_day_is_over(hall: PlayedHall) -> None:
    for key, day in (("a1", TODAY), ("a2", TODAY), ("a3", TOMORROW)):
        book(hall, key, day=day)
    hall.pass_time(minutes=60)
    come(hall, "a1")
    hall.pass_time(hours=15)
    missed = [r.event for r in hall.records if isinstance(r.event, AppointmentMissed)]
    assert [event.appointment_id for event in missed] == ["a2"]
    assert {key: one.state for key, one in hall.state.appointments.items()} == {
        "a2": "missed",
        "a3": "booked",
    }
    hall.pass_time(hours=24)
    assert "a2" not in hall.state.appointments


@settings(max_examples=40)
@given(st.lists(st.integers(0, 4), max_size=30))
def test_ordinary_people_are_never_passed_by_more_than_the_slot_holds(steps: list[int]) -> None:
    """And the state is what the records say, whatever happens."""
    hall = PlayedHall()
    made = 0
    for step in steps:
        hall.pass_time(minutes=1)
        if step == 0:
            hall.issue("H")
        elif step == 1:
            made += 1
            try:
                book(hall, f"a{made}", "09:15")
            except HallError:
                continue
        elif step == 2:
            key = next((k for k, a in hall.state.appointments.items() if a.state == "booked"), "")
            if key:
                come(hall, key)
        elif step == 3 and hall.state.lines["H"].ordinary:
            hall.do(CancelTicket(ticket_id=hall.state.lines["H"].ordinary[0][1]))
        lane = hall.state.lines["H"].ordinary
        assert lane == sorted(lane)
        booked = [hall.state.tickets[t].why == "appointment" for _, t in lane]
        assert sum(booked) <= OPEN_ALWAYS.appointments_per_slot
    assert hall.replayed() == hall.state
