"""去向留言, return, cover, and what is overdue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from hall_core.errors import Conflict, Invalid
from hall_core.events import (
    AbsenceCleared,
    AbsencePosted,
    AlertChanged,
    AlertRaised,
    WindowHandedOver,
)
from hall_core.features import Actor
from hall_queue.domain import absence
from hall_queue.domain.commands import (
    CallNext,
    ChangeSetup,
    Close,
    Cover,
    Handover,
    Leave,
    Open,
    Return,
    SignIn,
    Start,
    Transfer,
    Uncover,
)
from hall_queue.domain.testing import CLERK, DAY, MANAGER, OPEN_ALWAYS, PlayedHall, setup


@pytest.fixture
def hall() -> PlayedHall:
    """Windows 1 and 2 are open; the hall has a lunch break."""
    week = dict.fromkeys(range(1, 6), DAY)
    played = PlayedHall(setup(msgspec.structs.replace(OPEN_ALWAYS, week=week)))
    played.do(Open(window=1, clerk="1001"))
    played.do(Open(window=2, clerk="1002"))
    return played


def leave(
    played: PlayedHall, window: int = 1, minutes: float = 30, actor: Actor = CLERK, **more: Any
) -> list[Any]:
    back = played.now + timedelta(minutes=minutes)
    command = Leave(window=window, **{"reason": "会议", "expected_return": back, **more})
    return played.do(command, actor)


def refusal(played: PlayedHall, command: Any, actor: Actor = CLERK) -> Conflict:
    with pytest.raises(Conflict) as caught:
        played.do(command, actor)
    assert "。" in caught.value.detail
    return caught.value


def serve(played: PlayedHall, window: int = 1) -> None:
    played.issue("H")
    played.do(CallNext(window=window))
    played.do(Start(window=window))


# --- leaving -----------------------------------------------------------------------------------


def test_a_notice_says_why_where_and_until_when(hall: PlayedHall) -> None:
    (event,) = leave(hall, destination="三楼会议室")
    assert isinstance(event, AbsencePosted)
    assert (event.reason, event.contact, event.clerk) == ("会议", "81", "1001")
    post = hall.post(1)
    assert post.state == "away"
    assert post.absence is not None
    assert post.absence.since == hall.now
    assert hall.state.lines["H"].windows == [2]
    assert refusal(hall, CallNext(window=1)).code == "wrong_state"


def test_another_contact_may_be_given(hall: PlayedHall) -> None:
    (event,) = leave(hall, contact=" 0472-1234567 ")
    assert event.contact == "0472-1234567"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"reason": "钓鱼"}, "reason"),
        ({"contact": "1" * 61}, "contact"),
        ({"destination": "楼" * 61}, "destination"),
        ({"backup_clerk": "nobody"}, "backup_clerk"),
        ({"backup_clerk": "1001"}, "backup_clerk"),
        ({"minutes": 0}, "expected_return"),
        ({"minutes": 24 * 60 + 1}, "expected_return"),
    ],
)
def test_wrong_fields_of_a_notice_are_named(
    hall: PlayedHall, wrong: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        leave(hall, **wrong)
    assert caught.value.errors[0].field == field


def test_a_return_time_needs_a_zone(hall: PlayedHall) -> None:
    naive = (hall.now + timedelta(minutes=10)).replace(tzinfo=None)
    with pytest.raises(Invalid):
        leave(hall, expected_return=naive)


def test_with_a_ticket_open_nobody_leaves_but_to_a_b_clerk(hall: PlayedHall) -> None:
    serve(hall)
    with pytest.raises(Conflict) as caught:
        leave(hall)
    assert caught.value.code == "ticket_open"
    hall.do(SignIn(window=1, clerk="2001"))
    with pytest.raises(Conflict) as caught:
        leave(hall, backup_clerk="2002")  # named, but not here
    assert caught.value.code == "ticket_open"
    events = leave(hall, backup_clerk="2001")
    assert [type(event).__name__ for event in events] == ["AbsencePosted", "WindowHandedOver"]
    post = hall.post(1)
    assert (post.state, post.clerk, post.signed_in) == ("serving", "2001", [])
    assert post.absence is not None
    assert post.absence.clerk == "1001"


def test_with_a_b_clerk_present_the_window_stays_open(hall: PlayedHall) -> None:
    hall.do(SignIn(window=1, clerk="2001"))
    leave(hall, backup_clerk="2001")
    assert (hall.post(1).state, hall.post(1).clerk) == ("open", "2001")
    assert hall.state.lines["H"].windows == [1, 2]


def test_a_b_clerk_who_is_only_named_leaves_the_window_away(hall: PlayedHall) -> None:
    leave(hall, backup_clerk="2001")
    assert hall.post(1).state == "away"


def test_who_leaves_no_longer_covers_a_neighbour(hall: PlayedHall) -> None:
    hall.do(Cover(window=1, covered=3))
    events = leave(hall)
    assert [type(event).__name__ for event in events] == ["WindowUncovered", "AbsencePosted"]
    assert hall.post(3).covered_by is None


def test_the_manager_posts_a_notice_at_a_window_that_never_opened(hall: PlayedHall) -> None:
    with pytest.raises(Conflict) as caught:
        leave(hall, window=3)
    assert caught.value.code == "wrong_state"
    (event,) = leave(hall, window=3, actor=MANAGER, reason="请假", backup_clerk="1003")
    assert event.clerk is None
    assert hall.post(3).state == "away"
    assert refusal(hall, Open(window=3, clerk="1003")).code == "wrong_state"
    hall.do(Handover(window=3, clerk="1003"))
    assert (hall.post(3).state, hall.post(3).clerk) == ("open", "1003")
    hall.do(Return(window=3), MANAGER)
    assert (hall.post(3).state, hall.post(3).clerk) == ("open", "1003")
    assert hall.post(3).absence is None


def test_taking_down_the_managers_notice_leaves_the_window_closed(hall: PlayedHall) -> None:
    leave(hall, window=3, actor=MANAGER)
    serve(hall)
    hall.do(Transfer(window=1, to_window=3))
    hall.do(SignIn(window=3, clerk="2001"))
    hall.do(Return(window=3), MANAGER)
    post = hall.post(3)
    assert (post.state, post.absence, post.signed_in) == ("closed", None, [])
    assert hall.state.for_window == {}  # and nobody waits for it alone
    assert len(hall.state.lines["H"].ordinary) == 1


# --- returning ---------------------------------------------------------------------------------


def test_a_return_keeps_planned_and_actual_times(hall: PlayedHall) -> None:
    leave(hall)
    left = hall.now
    hall.pass_time(minutes=20)
    (event,) = hall.do(Return(window=1))
    assert isinstance(event, AbsenceCleared)
    assert (event.since, event.expected_return) == (left, left + timedelta(minutes=30))
    assert (event.clerk, event.how) == ("1001", "returned")
    assert (hall.post(1).state, hall.post(1).clerk) == ("open", "1001")


def test_the_window_goes_back_to_who_returns(hall: PlayedHall) -> None:
    hall.do(SignIn(window=1, clerk="2001"))
    leave(hall, backup_clerk="2001")
    serve(hall)
    events = hall.do(Return(window=1))
    assert isinstance(events[1], WindowHandedOver)
    post = hall.post(1)
    assert (post.state, post.clerk, post.signed_in) == ("serving", "1001", ["2001"])


def test_a_return_ends_the_neighbours_cover(hall: PlayedHall) -> None:
    leave(hall)
    hall.do(Cover(window=2, covered=1))
    events = hall.do(Return(window=1))
    assert [type(event).__name__ for event in events] == ["WindowUncovered", "AbsenceCleared"]


def test_nobody_returns_who_is_at_another_window(hall: PlayedHall) -> None:
    hall.do(SignIn(window=1, clerk="2001"))
    leave(hall, backup_clerk="2001")
    hall.do(Open(window=3, clerk="1001"))
    assert refusal(hall, Return(window=1)).code == "clerk_busy"
    hall.do(Close(window=3))
    hall.do(Return(window=1))


def test_an_absent_clerk_opens_no_other_window(hall: PlayedHall) -> None:
    leave(hall)
    assert refusal(hall, Open(window=3, clerk="1001")).code == "clerk_busy"


def test_without_a_notice_there_is_no_return(hall: PlayedHall) -> None:
    assert refusal(hall, Return(window=1)).code == "no_absence"


def test_the_manager_takes_a_notice_down(hall: PlayedHall) -> None:
    leave(hall)
    (event,) = hall.do(Return(window=1), MANAGER)
    assert isinstance(event, AbsenceCleared)
    assert event.how == "manager"


def test_closing_takes_the_notice_down(hall: PlayedHall) -> None:
    leave(hall)
    cleared, _ = hall.do(Close(window=1))
    assert isinstance(cleared, AbsenceCleared)
    assert cleared.how == "closed"
    assert (hall.post(1).state, hall.post(1).absence) == ("closed", None)


def test_at_midnight_notices_end_and_windows_are_closed(hall: PlayedHall) -> None:
    hall.do(SignIn(window=2, clerk="2001"))
    leave(hall, window=2, backup_clerk="2001")
    leave(hall)
    hall.do(Cover(window=2, covered=1))
    hall.pass_time(hours=16)
    assert hall.post(2).covers is None
    assert [hall.post(n).state for n in (1, 2)] == ["closed", "closed"]
    assert [hall.post(n).absence for n in (1, 2)] == [None, None]
    assert [hall.post(n).signed_in for n in (1, 2)] == [[], []]
    hows = [r.event.how for r in hall.records if isinstance(r.event, AbsenceCleared)]
    assert hows == ["midnight", "midnight"]


# --- who stands in leaves, too -----------------------------------------------------------------


@pytest.fixture
def stood_in(hall: PlayedHall) -> PlayedHall:
    """Clerk 1001 of window 1 is away for half an hour, and 2001 stands in."""
    hall.do(SignIn(window=1, clerk="2001"))
    leave(hall, backup_clerk="2001")
    return hall


def test_who_stands_in_leaves_in_their_own_name(stood_in: PlayedHall) -> None:
    post = stood_in.post(1)
    (posted,) = leave(stood_in, minutes=10, reason="短时离开")
    assert (posted.clerk, post.state, post.clerk) == ("2001", "away", "2001")
    assert [notice.clerk for notice in post.notices] == ["1001", "2001"]
    assert post.absence is post.notices[-1], "screens tell of who left last"
    (back,) = stood_in.do(Return(window=1))
    assert isinstance(back, AbsenceCleared)
    assert (back.clerk, post.state, post.clerk) == ("2001", "open", "2001")
    serve(stood_in)
    assert stood_in.state.tickets["t1"].clerk == "2001"
    cleared, handed = stood_in.do(Return(window=1))
    assert isinstance(cleared, AbsenceCleared)
    assert isinstance(handed, WindowHandedOver)
    assert (cleared.clerk, handed.clerk, post.clerk) == ("1001", "1001", "1001")
    assert (post.state, post.notices) == ("serving", [])


def test_the_first_absence_is_alerted_as_planned(stood_in: PlayedHall) -> None:
    leave(stood_in, minutes=25)
    first, last = stood_in.post(1).notices
    (raised,) = stood_in.pass_time(minutes=25)
    assert isinstance(raised, AlertRaised)
    assert (raised.clerk, last.alert_id) == ("2001", raised.alert_id)
    later = stood_in.pass_time(minutes=5)  # both went in the same second
    ids = [event.alert_id for event in later if isinstance(event, AlertRaised)]
    assert ids == [first.alert_id]
    assert first.alert_id != last.alert_id
    _, closed = stood_in.do(Return(window=1))
    assert isinstance(closed, AlertChanged)
    assert closed.alert_id == raised.alert_id
    assert first.alert_id is not None, "the other is still overdue"
    said = AlertChanged(alert_id=first.alert_id, state="acknowledged", level="hall")
    stood_in.record([said])
    assert first.steps == 2


def test_a_third_clerk_gives_back_to_who_left_last(stood_in: PlayedHall) -> None:
    post = stood_in.post(1)
    serve(stood_in)
    stood_in.do(SignIn(window=1, clerk="2002"))
    leave(stood_in, backup_clerk="2002")
    assert (post.state, post.clerk) == ("serving", "2002")
    stood_in.do(Return(window=1))
    assert (post.clerk, post.signed_in) == ("2001", ["2002"])
    stood_in.do(Return(window=1))
    assert (post.clerk, post.notices) == ("1001", [])


def test_who_is_back_takes_the_window_over_from_an_absent_stand_in(stood_in: PlayedHall) -> None:
    post = stood_in.post(1)
    leave(stood_in, minutes=10)
    (raised,) = stood_in.pass_time(minutes=15)
    assert isinstance(raised, AlertRaised)
    relieved, closed, returned, handed = stood_in.do(Return(window=1, clerk="1001"))
    assert isinstance(relieved, AbsenceCleared)
    assert (relieved.clerk, relieved.how) == ("2001", "relieved")
    assert (relieved.since, relieved.expected_return) == (
        stood_in.now - timedelta(minutes=15),
        stood_in.now - timedelta(minutes=5),
    )
    assert isinstance(closed, AlertChanged)
    assert (closed.alert_id, closed.state) == (raised.alert_id, "closed")
    assert isinstance(returned, AbsenceCleared)
    assert (returned.clerk, returned.how) == ("1001", "returned")
    assert isinstance(handed, WindowHandedOver)
    assert (post.state, post.clerk, post.notices) == ("open", "1001", [])
    assert post.signed_in == [], "the stand-in is not there, so nobody is signed in"
    stood_in.do(SignIn(window=1, clerk="2001"))
    assert stood_in.replayed() == stood_in.state


def test_who_is_back_takes_over_from_a_third_clerk_who_stays_beside(stood_in: PlayedHall) -> None:
    post = stood_in.post(1)
    serve(stood_in)
    stood_in.do(SignIn(window=1, clerk="2002"))
    leave(stood_in, backup_clerk="2002")
    stood_in.do(Return(window=1, clerk="1001"))
    assert (post.state, post.clerk, post.signed_in) == ("serving", "1001", ["2002"])
    assert post.notices == []


def test_only_who_has_a_notice_here_returns(stood_in: PlayedHall) -> None:
    refused = refusal(stood_in, Return(window=1, clerk="2001"))
    assert (refused.code, "乌兰" in refused.detail) == ("no_absence", True)
    assert refused.detail_en.startswith("乌兰 has no notice at window 1.")


def test_nobody_with_a_notice_signs_in_takes_over_or_stands_in(stood_in: PlayedHall) -> None:
    leave(stood_in)
    for absent in ("1001", "2001"):
        assert refusal(stood_in, SignIn(window=1, clerk=absent)).code == "use_return"
        assert refusal(stood_in, Handover(window=1, clerk=absent)).code == "use_return"
    stood_in.do(Handover(window=1, clerk="2002"))
    with pytest.raises(Invalid) as caught:
        leave(stood_in, backup_clerk="1001")
    assert caught.value.errors[0].field == "backup_clerk"


@pytest.mark.parametrize("how", ["closed", "midnight"])
def test_all_notices_end_with_the_window(stood_in: PlayedHall, how: str) -> None:
    leave(stood_in)
    if how == "closed":
        stood_in.do(Close(window=1))
    else:
        stood_in.pass_time(hours=16)
    post = stood_in.post(1)
    assert (post.state, post.notices) == ("closed", [])
    ended = [r.event for r in stood_in.records if isinstance(r.event, AbsenceCleared)]
    assert [(event.clerk, event.how) for event in ended] == [("2001", how), ("1001", how)]


def test_a_clerk_with_any_notice_is_not_removed(stood_in: PlayedHall) -> None:
    leave(stood_in)
    removal = ChangeSetup(removed_clerks=("1001",))
    assert refusal(stood_in, removal, MANAGER).code == "clerk_in_use"


# --- cover -------------------------------------------------------------------------------------


def test_a_neighbours_people_are_taken_and_given_back(hall: PlayedHall) -> None:
    hall.issue("S")
    assert hall.do(CallNext(window=1)) == []
    hall.do(Cover(window=1, covered=3))
    assert hall.state.lines["S"].windows == [1]
    hall.do(CallNext(window=1))
    hall.do(Uncover(window=1, covered=3))
    assert hall.post(1).state == "calling"
    assert hall.state.lines["S"].windows == []


def test_what_cannot_be_covered(hall: PlayedHall) -> None:
    with pytest.raises(Invalid):
        hall.do(Cover(window=1, covered=77))
    assert refusal(hall, Cover(window=1, covered=1)).code == "not_coverable"
    assert refusal(hall, Cover(window=1, covered=2)).code == "not_coverable"
    hall.do(Cover(window=1, covered=3))
    assert refusal(hall, Cover(window=1, covered=4)).code == "already_covering"
    assert refusal(hall, Cover(window=2, covered=3)).code == "already_covered"
    assert refusal(hall, Uncover(window=1, covered=4)).code == "not_covering"
    assert refusal(hall, Uncover(window=2, covered=3)).code == "not_covering"


# --- overdue -----------------------------------------------------------------------------------


def test_an_overdue_return_is_told_in_steps_and_the_alert_closes_with_it(hall: PlayedHall) -> None:
    leave(hall)
    notice = hall.post(1).absence
    assert notice is not None
    back = notice.expected_return
    assert absence.due(hall.state, hall.context()) == back
    assert hall.pass_time(minutes=29) == []
    (raised,) = hall.pass_time(minutes=1)
    assert isinstance(raised, AlertRaised)
    assert (raised.kind, raised.level, raised.window) == ("absence_overdue", "window", 1)
    hall_id = hall.context().hall.id
    assert raised.alert_id == f"absence-1-{int(notice.since.timestamp())}-{hall_id}"
    assert (notice.steps, notice.alert_id) == (1, raised.alert_id)
    assert absence.due(hall.state, hall.context()) == back + timedelta(minutes=10)
    levels = []
    for minutes in (9, 1, 9, 1, 60):
        levels += [getattr(e, "level", None) for e in hall.pass_time(minutes=minutes)]
    assert levels == ["hall", "supervision"]
    assert absence.due(hall.state, hall.context()) is None
    *_, closed = hall.do(Return(window=1))
    assert isinstance(closed, AlertChanged)
    assert (closed.alert_id, closed.state) == (raised.alert_id, "closed")
    assert closed.level == "supervision"


def test_steps_missed_during_an_outage_are_all_told(hall: PlayedHall) -> None:
    leave(hall)
    events = hall.pass_time(minutes=45)
    assert [getattr(event, "level", None) for event in events] == ["window", "hall"]


def test_nobody_is_alerted_outside_the_sessions(hall: PlayedHall) -> None:
    hall.pass_time(hours=2, minutes=40)  # 11:40
    leave(hall, minutes=30)  # back at 12:10, in the lunch break
    due = absence.due(hall.state, hall.context())
    assert due is not None
    assert due == hall.now + timedelta(hours=2, minutes=50)  # 14:30
    assert hall.pass_time(hours=1) == []
    assert len(hall.pass_time(hours=1, minutes=50)) == 3


def test_a_step_that_was_due_in_the_morning_is_not_told_at_lunch(hall: PlayedHall) -> None:
    hall.pass_time(hours=2, minutes=40)
    leave(hall, minutes=10)
    hall.now += timedelta(minutes=40)  # nothing ran from 11:40 to 12:20
    assert hall.pass_time() == []
    due = absence.due(hall.state, hall.context())
    assert due is not None
    assert due > hall.now


def test_a_handled_alert_goes_no_further_and_is_not_closed_twice(hall: PlayedHall) -> None:
    leave(hall)
    (raised,) = hall.pass_time(minutes=30)
    assert isinstance(raised, AlertRaised)
    ack = AlertChanged(alert_id=raised.alert_id, state="acknowledged", level="window")
    hall.record([ack])
    assert absence.due(hall.state, hall.context()) is not None
    done = AlertChanged(alert_id=raised.alert_id, state="explained", level="window")
    hall.record([done, AlertChanged(alert_id="camera-1", state="closed", level="hall")])
    assert hall.pass_time(minutes=60) == []
    assert len(hall.do(Return(window=1))) == 1
