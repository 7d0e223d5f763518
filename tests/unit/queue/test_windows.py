"""Who is at a window."""

from __future__ import annotations

from typing import Any

import pytest

from hall_core.errors import Conflict, Invalid
from hall_core.events import WindowClosed, WindowHandedOver, WindowOpened
from hall_queue.domain.commands import (
    CallNext,
    Close,
    Cover,
    Finish,
    Handover,
    Hold,
    Leave,
    Open,
    Return,
    SignIn,
    SignOut,
    Start,
)
from hall_queue.domain.testing import PlayedHall


@pytest.fixture
def hall() -> PlayedHall:
    """Window 1 is open under clerk 1001."""
    played = PlayedHall()
    played.do(Open(window=1, clerk="1001"))
    return played


def refusal(played: PlayedHall, command: Any) -> Conflict:
    with pytest.raises(Conflict) as caught:
        played.do(command)
    assert "。" in caught.value.detail
    return caught.value


def away(played: PlayedHall, window: int = 1, backup: str | None = None) -> None:
    back = played.now.replace(hour=2)
    command = Leave(window=window, reason="会议", expected_return=back, backup_clerk=backup)
    played.do(command)


# --- open and close ----------------------------------------------------------------------------


def test_opening_a_window(hall: PlayedHall) -> None:
    (event,) = hall.do(Open(window=2, clerk="2001"))
    assert isinstance(event, WindowOpened)
    post = hall.post(2)
    assert (post.state, post.clerk, post.opened_at) == ("open", "2001", hall.now)


def test_a_clerk_may_help_out_at_any_window_but_at_one_only(hall: PlayedHall) -> None:
    hall.do(Open(window=3, clerk="1002"))
    refused = refusal(hall, Open(window=2, clerk="1002"))
    assert refused.code == "clerk_busy"
    assert "3号窗口" in refused.detail


def test_a_clerk_signed_in_beside_another_is_busy_too(hall: PlayedHall) -> None:
    hall.do(SignIn(window=1, clerk="2001"))
    assert refusal(hall, Open(window=2, clerk="2001")).code == "clerk_busy"


def test_an_unknown_clerk_is_named(hall: PlayedHall) -> None:
    for command in (
        Open(window=2, clerk="nobody"),
        SignIn(window=1, clerk="nobody"),
        Handover(window=1, clerk="nobody"),
    ):
        with pytest.raises(Invalid) as caught:
            hall.do(command)
        assert caught.value.errors[0].field == "clerk"


def test_closing_signs_everybody_out(hall: PlayedHall) -> None:
    hall.do(SignIn(window=1, clerk="2001"))
    (event,) = hall.do(Close(window=1))
    assert isinstance(event, WindowClosed)
    post = hall.post(1)
    assert (post.state, post.clerk, post.signed_in, post.opened_at) == ("closed", None, [], None)
    hall.do(Open(window=2, clerk="2001"))


def test_a_window_with_people_on_hold_stays_open(hall: PlayedHall) -> None:
    for _ in range(2):
        hall.issue("H")
        hall.do(CallNext(window=1))
        hall.do(Hold(window=1))
    refused = refusal(hall, Close(window=1))
    assert refused.code == "tickets_held"
    assert "H001、H002" in refused.detail


def test_opening_a_covered_window_ends_the_cover(hall: PlayedHall) -> None:
    hall.do(Cover(window=1, covered=2))
    events = hall.do(Open(window=2, clerk="1002"))
    assert [type(event).__name__ for event in events] == ["WindowUncovered", "WindowOpened"]
    assert hall.post(1).covers is None
    assert hall.post(2).covered_by is None


def test_closing_ends_covers_in_both_directions(hall: PlayedHall) -> None:
    hall.do(Cover(window=1, covered=2))
    hall.do(Close(window=1))
    assert hall.post(2).covered_by is None
    hall.do(Open(window=1, clerk="1001"))
    hall.do(Open(window=2, clerk="1002"))
    away(hall, 2)
    hall.do(Cover(window=1, covered=2))
    hall.do(Close(window=2))
    assert hall.post(1).covers is None


# --- B clerks ----------------------------------------------------------------------------------


def test_a_second_clerk_signs_in_and_out(hall: PlayedHall) -> None:
    hall.do(SignIn(window=1, clerk="2001"))
    assert hall.post(1).signed_in == ["2001"]
    assert refusal(hall, SignIn(window=1, clerk="2001")).code == "already_here"
    assert refusal(hall, SignIn(window=1, clerk="1001")).code == "already_here"
    hall.do(Open(window=2, clerk="1002"))
    assert refusal(hall, SignIn(window=2, clerk="2001")).code == "clerk_busy"
    hall.do(SignOut(window=1, clerk="2001"))
    assert hall.post(1).signed_in == []
    assert refusal(hall, SignOut(window=1, clerk="2001")).code == "not_signed_in"


def test_the_windows_own_clerk_does_not_sign_out(hall: PlayedHall) -> None:
    assert refusal(hall, SignOut(window=1, clerk="1001")).code == "own_clerk"


def test_the_absent_clerk_returns_rather_than_signs_in(hall: PlayedHall) -> None:
    away(hall)
    assert refusal(hall, SignIn(window=1, clerk="1001")).code == "use_return"
    hall.do(SignIn(window=1, clerk="2001"))
    hall.do(Handover(window=1, clerk="2001"))
    assert refusal(hall, SignIn(window=1, clerk="1001")).code == "use_return"


# --- handover ----------------------------------------------------------------------------------


def test_a_handover_keeps_ticket_and_hold_and_the_last_clerk_finishes(hall: PlayedHall) -> None:
    for _ in range(2):
        hall.issue("H")
    hall.do(CallNext(window=1))
    hall.do(Hold(window=1))
    hall.do(CallNext(window=1))
    hall.do(Start(window=1))
    hall.do(SignIn(window=1, clerk="2001"))
    (event,) = hall.do(Handover(window=1, clerk="2001"))
    assert isinstance(event, WindowHandedOver)
    assert (event.clerk, event.from_clerk) == ("2001", "1001")
    post = hall.post(1)
    assert (post.state, post.clerk, post.signed_in) == ("serving", "2001", [])
    assert len(post.held) == 1
    (finished,) = hall.do(Finish(window=1))
    assert getattr(finished, "clerk", None) == "2001"
    assert hall.state.tickets["t2"].clerk == "2001"


def test_to_whom_a_window_cannot_be_handed(hall: PlayedHall) -> None:
    hall.do(Open(window=2, clerk="1002"))
    assert refusal(hall, Handover(window=1, clerk="1001")).code == "same_clerk"
    assert refusal(hall, Handover(window=1, clerk="1002")).code == "clerk_busy"


def test_a_window_whose_clerk_is_away_is_opened_by_another(hall: PlayedHall) -> None:
    hall.do(Open(window=2, clerk="1002"))
    away(hall)
    hall.do(Cover(window=2, covered=1))
    events = hall.do(Handover(window=1, clerk="2001"))
    assert [type(event).__name__ for event in events] == ["WindowUncovered", "WindowHandedOver"]
    post = hall.post(1)
    assert (post.state, post.clerk, post.signed_in) == ("open", "2001", [])
    assert post.absence is not None  # the notice still tells where the first one went
    assert refusal(hall, Handover(window=1, clerk="1001")).code == "use_return"
    hall.do(Handover(window=1, clerk="2002"))
    assert post.signed_in == []
    hall.do(Return(window=1))
    assert (post.clerk, post.signed_in) == ("1001", [])


def test_who_hands_over_is_no_longer_there(hall: PlayedHall) -> None:
    hall.do(Handover(window=1, clerk="2001"))
    hall.do(Open(window=2, clerk="1001"))  # free for another window
    assert refusal(hall, SignOut(window=1, clerk="1001")).code == "not_signed_in"
    away(hall, backup="1001")
    assert hall.post(1).state == "away", "nobody who went stands in"


def test_only_a_b_post_is_signed_in_beside_after_the_return(hall: PlayedHall) -> None:
    post = hall.post(1)
    hall.do(SignIn(window=1, clerk="2001"))
    away(hall, backup="2001")
    assert (post.state, post.clerk, post.signed_in) == ("open", "2001", [])
    hall.do(Return(window=1))
    assert (post.clerk, post.signed_in) == ("1001", ["2001"])
    away(hall, backup="2001")
    hall.do(Handover(window=1, clerk="2002"))  # the B post goes, too
    hall.do(Return(window=1))
    assert (post.clerk, post.signed_in) == ("1001", [])


def test_an_old_journal_keeps_who_handed_over_beside(hall: PlayedHall) -> None:
    hall.record([WindowHandedOver(window=1, clerk="2001", from_clerk="1001")])
    hall.do(SignOut(window=1, clerk="1001"))
    assert hall.post(1).signed_in == []
