"""Suspected absent (疑似空岗), step by step, and what ends it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from hall_core.events import CalendarTold
from hall_core.setup import Session
from hall_core.workdays import CalendarDay
from hall_queue.domain import supervision
from hall_queue.domain.commands import (
    CallNext,
    ChangeSetup,
    Close,
    Finish,
    Leave,
    Open,
    Recall,
    Return,
    SignIn,
    Start,
)
from hall_queue.domain.testing import MANAGER, setup
from tests.unit.queue.watched_hall import WORKING_DAYS, WatchedHall, changed, raised


@pytest.fixture
def hall() -> WatchedHall:
    """9:00, window 1 is open."""
    played = WatchedHall()
    played.do(Open(window=1, clerk="1001"))
    return played


# --- with a camera -----------------------------------------------------------------------------


def test_an_empty_zone_tells_window_then_hall_then_supervision(hall: WatchedHall) -> None:
    hall.see(1, False)
    told = [(minute, event) for minute in range(1, 21) for event in hall.minutes(1)]
    first, *later = [event for _, event in told]
    assert [minute for minute, _ in told] == [5, 10, 15]
    (alert,) = raised([first])
    assert (alert.level, alert.window, alert.clerk, alert.camera_id) == ("window", 1, "1001", "c1")
    assert [change.level for change in changed(later)] == ["hall", "supervision"]


def test_somebody_on_the_picture_is_never_alerted_whatever_waits(hall: WatchedHall) -> None:
    hall.issue()
    hall.see(1, True)
    assert hall.minutes(60) == []


def test_one_of_two_cameras_that_sees_somebody_is_enough(hall: WatchedHall) -> None:
    hall.see(1, False)
    hall.see(1, True, camera="c2")
    assert hall.minutes(30) == []
    hall.see(1, None, camera="c2")
    assert raised(hall.minutes(1))


def test_it_counts_from_when_the_zone_became_empty(hall: WatchedHall) -> None:
    hall.see(1, True)
    hall.minutes(30)
    hall.see(1, False)
    assert hall.minutes(4) == []
    assert raised(hall.minutes(1))


def test_presence_ends_it(hall: WatchedHall) -> None:
    hall.see(1, False)
    (alert,) = raised(hall.minutes(6))
    hall.see(1, True)
    (change,) = changed(hall.tick())
    assert (change.alert_id, change.state) == (alert.alert_id, "closed")
    assert hall.minutes(30) == []


def test_a_picture_that_cannot_tell_is_no_empty_zone(hall: WatchedHall) -> None:
    hall.see(1, False)
    hall.minutes(3)
    hall.see(1, None)
    assert hall.minutes(60) == []


# --- without a camera --------------------------------------------------------------------------


def test_without_a_camera_it_needs_people_who_wait(hall: WatchedHall) -> None:
    assert hall.minutes(30) == []
    hall.issue()
    hall.issue()
    assert hall.minutes(4) == []
    (alert,) = raised(hall.minutes(1))
    assert alert.waiting == 2
    assert alert.detail == "没有任何操作，2人等候"
    assert alert.detail_en == "Nothing was pressed, 2 waiting"


def test_people_who_come_later_raise_its_priority(hall: WatchedHall) -> None:
    hall.issue()
    hall.minutes(5)
    hall.issue()
    hall.issue()
    (change,) = changed(hall.minutes(5))
    assert (change.level, change.waiting) == ("hall", 3)


def test_who_waited_long_elsewhere_does_not_make_a_window_late(hall: WatchedHall) -> None:
    """What counts is since when people have been waiting here, not when they took a number."""
    hall.issue("S")
    hall.do(Open(window=3, clerk="1003"))
    hall.do(CallNext(window=3))
    hall.do(Start(window=3))
    hall.minutes(20)
    hall.do(Finish(window=3, next_queue="H"))
    assert hall.minutes(4) == []
    assert [alert.window for alert in raised(hall.minutes(1))] == [1, 3]


def test_called_and_nobody_comes_is_no_activity(hall: WatchedHall) -> None:
    hall.issue()
    hall.do(CallNext(window=1))
    hall.minutes(3)
    hall.do(Recall(window=1))
    assert hall.minutes(4) == []
    assert raised(hall.minutes(1))


def test_a_service_counts_until_three_times_its_usual_minutes(hall: WatchedHall) -> None:
    hall.issue(service="id_card")  # 8 minutes
    hall.do(CallNext(window=1))
    hall.do(Start(window=1))
    hall.issue()
    assert hall.minutes(3 * 8 + 4) == []
    (alert,) = raised(hall.minutes(1))
    assert "3倍" in alert.detail
    assert (
        alert.detail_en
        == "A service takes over 3 times its usual time, nothing was pressed, 1 waiting"
    )


# --- what ends or prevents it ------------------------------------------------------------------


def leave(hall: WatchedHall) -> None:
    back = hall.now + timedelta(minutes=30)
    hall.do(Leave(window=1, reason="会议", contact="81", expected_return=back))


def close(hall: WatchedHall) -> None:
    hall.do(Close(window=1))


def sign_in(hall: WatchedHall) -> None:
    hall.do(SignIn(window=1, clerk="2001"))


@pytest.mark.parametrize("press", [leave, close, sign_in])
def test_notice_press_and_b_post_clerk_end_it(hall: WatchedHall, press: Any) -> None:
    hall.see(1, False)
    hall.minutes(5)
    press(hall)
    (change,) = changed(hall.tick())
    assert change.state == "closed"
    assert raised(hall.minutes(25)) == []


def test_after_a_return_it_counts_anew(hall: WatchedHall) -> None:
    leave(hall)
    hall.see(1, False)
    assert hall.minutes(20) == []
    hall.do(Return(window=1))
    assert hall.minutes(4) == []
    assert raised(hall.minutes(1))


def test_who_was_dismissed_is_left_alone_until_something_happens(hall: WatchedHall) -> None:
    hall.see(1, False)
    (alert,) = raised(hall.minutes(5))
    hall.person(alert.alert_id, "dismissed")
    assert hall.minutes(60) == []
    hall.see(1, True)
    hall.see(1, False)
    assert raised(hall.minutes(5))


def test_an_explained_alert_waits_for_a_person_not_for_a_press(hall: WatchedHall) -> None:
    hall.issue()
    (alert,) = raised(hall.minutes(5))
    hall.person(alert.alert_id, "explained")
    hall.do(CallNext(window=1))
    assert hall.tick() == []


# --- hours -------------------------------------------------------------------------------------


def test_breaks_are_silent_and_end_what_was_open(hall: WatchedHall) -> None:
    hall.see(1, False)
    assert raised(hall.pass_time(hours=2, minutes=50))  # 11:50
    ended = hall.minutes(10)  # noon
    assert [change.state for change in changed(ended)] == ["open", "closed"]
    assert hall.minutes(150) == []  # 14:30
    assert hall.minutes(4) == []
    assert raised(hall.minutes(1))


def hall_events(hall: WatchedHall) -> list[Any]:
    return [record.event for record in hall.records]


def test_after_an_outage_nobody_is_passed_over(hall: WatchedHall) -> None:
    """Steps that fell into the outage are told one after the other, as far apart as ever."""
    hall.see(1, False)
    (alert,) = raised(hall.pass_time(minutes=40))
    assert alert.level == "window"
    assert hall.minutes(4) == []
    assert [change.level for change in changed(hall.minutes(1))] == ["hall"]


def test_an_empty_chair_of_before_an_outage_is_asked_about_anew(hall: WatchedHall) -> None:
    hall.see(1, False)
    (morning,) = raised(hall.pass_time(minutes=40))
    told = hall.pass_time(hours=5)  # 14:40, the next session
    assert [(c.alert_id, c.state) for c in changed(told)] == [(morning.alert_id, "closed")]
    (afternoon,) = raised(told)
    assert afternoon.level == "window"


def test_a_window_left_open_overnight_is_closed_and_late_in_the_morning(hall: WatchedHall) -> None:
    hall.do(CallNext(window=1))
    hall.see(1, False)
    hall.pass_time(hours=9)  # 18:00
    assert hall.tick() == []
    hall.pass_time(hours=14, minutes=34)  # 8:34
    assert hall.post(1).state == "closed"
    assert raised(hall_events(hall)) == []
    (alert,) = raised(hall.minutes(1), "late_open")
    assert alert.window == 1


# --- late in opening ---------------------------------------------------------------------------


def a_day_later(hall: WatchedHall) -> None:
    """Window 1 worked this morning; it is 8:30 of the next day, after which nothing is open."""
    hall.minutes(60)
    hall.do(Close(window=1))
    hall.pass_time(hours=22, minutes=30)


def test_closed_five_minutes_into_a_session_in_which_it_worked_the_day_before(
    hall: WatchedHall,
) -> None:
    a_day_later(hall)
    assert hall.minutes(4) == []
    (alert,) = raised(hall.minutes(1), "late_open")
    assert (alert.window, alert.level) == (1, "hall")
    assert alert.detail_en == "The session began at 08:30, the window is closed"
    # Who closes the window instead of leaving it is no better off: supervision hears of it, too.
    assert hall.minutes(4) == []
    assert [(c.state, c.level) for c in changed(hall.minutes(1))] == [("open", "supervision")]
    assert hall.minutes(30) == []
    hall.do(Open(window=1, clerk="1001"))
    assert [change.state for change in changed(hall.tick())] == ["closed"]
    hall.minutes(5)
    hall.do(Close(window=1))
    hall.pass_time(minutes=1)
    assert hall.minutes(60 * 7) == []  # nor in the afternoon, in which it did not work


def test_an_alert_ends_although_the_server_was_off_when_its_session_ended(
    hall: WatchedHall,
) -> None:
    hall.pass_time(hours=8, minutes=20)  # 17:20, at work in both sessions
    hall.do(Close(window=1))
    hall.pass_time(hours=15, minutes=10)  # 8:30
    (morning,) = raised(hall.minutes(6), "late_open")
    told = hall.pass_time(hours=6)  # 14:36
    assert [(c.alert_id, c.state) for c in changed(told)] == [(morning.alert_id, "closed")]
    (afternoon,) = raised(told, "late_open")
    hall.do(Open(window=1, clerk="1001"))
    (ended,) = changed(hall.tick())
    assert (ended.alert_id, ended.state) == (afternoon.alert_id, "closed")


def test_hours_of_two_queues_that_overlap_are_one_session() -> None:
    """The window is late once a morning, although one of its queues goes home at ten."""
    hall = WatchedHall()
    mornings = {"H": ("08:30", "10:00"), "B": ("09:00", "12:00")}
    queues = tuple(
        msgspec.structs.replace(
            hall.state.lines[prefix].setup, sessions=(Session(start=start, until=until),)
        )
        for prefix, (start, until) in mornings.items()
    )
    hall.do(ChangeSetup(queues=queues), MANAGER)
    hall.do(Open(window=2, clerk="1002"))
    hall.minutes(60)
    hall.do(Close(window=2))
    hall.pass_time(hours=22, minutes=30)  # 8:30 of the next day
    assert len(raised(hall.minutes(180), "late_open")) == 1


def test_opened_a_moment_and_closed_again_is_late_all_the_same(hall: WatchedHall) -> None:
    a_day_later(hall)
    hall.do(Open(window=1, clerk="1001"))
    hall.minutes(2)
    hall.do(Close(window=1))
    assert raised(hall.minutes(3), "late_open")


def test_a_notice_says_why_it_is_closed(hall: WatchedHall) -> None:
    a_day_later(hall)
    back = hall.now + timedelta(hours=8)
    hall.do(Leave(window=1, reason="请假", contact="81", expected_return=back), MANAGER)
    assert hall.minutes(30) == []


def test_a_weekend_does_not_forget_what_fridays_were_like(hall: WatchedHall) -> None:
    a_day_later(hall)  # Friday
    hall.do(Open(window=1, clerk="1001"))
    hall.minutes(60)
    hall.do(Close(window=1))
    for hours in (24, 24, 23):
        assert hall.pass_time(hours=hours) == []
    assert raised(hall.minutes(5), "late_open")


def test_a_holiday_is_not_late_and_a_worked_weekend_is(hall: WatchedHall) -> None:
    hall.record([CalendarTold(days={
        date(2025, 11, 21): CalendarDay(workday=False, name="国庆节"),
        date(2025, 11, 22): CalendarDay(workday=True, name="国庆节"),
    })])  # fmt: skip
    a_day_later(hall)  # Friday, but off
    assert hall.minutes(20) == []
    hall.pass_time(hours=23, minutes=40)  # Saturday 8:30, worked
    assert raised(hall.minutes(6), "late_open")


def test_never_seen_at_work_is_never_late() -> None:
    hall = WatchedHall()
    hall.pass_time(days=1)
    assert hall.minutes(60) == []


# --- the same from the journal -----------------------------------------------------------------


def test_deadlines_survive_a_restart(hall: WatchedHall) -> None:
    hall.see(1, False)
    hall.issue()
    hall.minutes(7)
    again = hall.replayed()
    assert supervision.due(again, hall.context()) == supervision.due(hall.state, hall.context())
    hall.state = again
    assert [change.level for change in changed(hall.minutes(3))] == ["hall"]


def test_the_manager_sets_the_steps() -> None:
    settings = msgspec.structs.replace(WORKING_DAYS, suspect_steps_min=(2, 3, 30))
    hall = WatchedHall()
    hall.record([setup(settings)])
    hall.do(Open(window=1, clerk="1001"))
    hall.see(1, False)
    told = [minute for minute in range(1, 60) for _ in hall.minutes(1)]
    assert told == [2, 3, 30]
