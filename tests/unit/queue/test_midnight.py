"""What a new day does to tickets and windows."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from hall_core.errors import Conflict, HallError
from hall_queue.domain.commands import (
    CallNext,
    CancelTicket,
    Close,
    Finish,
    Hold,
    NoShow,
    Open,
    Start,
    Transfer,
)
from hall_queue.domain.testing import DAY, MANAGER, OPEN_ALWAYS, PlayedHall, setup


def hall(**settings: Any) -> PlayedHall:
    changed = {"no_show_wait": False, **settings}
    return PlayedHall(setup(msgspec.structs.replace(OPEN_ALWAYS, **changed)))


def test_at_midnight_numbers_start_again_and_who_waits_is_expired() -> None:
    played = hall()
    played.do(Open(window=1, clerk="1001"))
    played.do(Open(window=2, clerk="1002"))
    played.do(Open(window=4, clerk="1004"))
    serves, misses, holds, calls, waits, cancels = (played.issue("H") for _ in range(6))
    played.do(CancelTicket(ticket_id=cancels.ticket_id))
    played.do(CallNext(window=1))
    played.do(Start(window=1))
    played.do(CallNext(window=2))
    played.do(NoShow(window=2))
    played.do(CallNext(window=2))
    played.do(Hold(window=2))
    played.do(CallNext(window=4))
    assert calls.state == "called"
    played.pass_time(hours=16)
    assert played.state.day == "2025-11-21"
    assert serves.state == "serving"
    assert [t.state for t in (misses, holds, calls, waits)] == [
        "no_show",
        "expired",
        "expired",
        "expired",
    ]
    assert cancels.ticket_id not in played.state.tickets
    assert [played.post(n).state for n in (1, 2, 3, 4)] == ["serving", "open", "closed", "open"]
    fresh = played.issue("H")
    assert (fresh.number, fresh.day) == ("H001", "2025-11-21")
    assert serves.number == "H001"
    assert played.state.numbers["H001"] == fresh.ticket_id
    played.pass_time(days=1)
    assert waits.ticket_id not in played.state.tickets
    assert serves.ticket_id in played.state.tickets


def closing_hall() -> PlayedHall:
    """It has a night, and window 1 still serves when it begins."""
    week = dict.fromkeys(range(1, 6), DAY)
    played = PlayedHall(setup(msgspec.structs.replace(OPEN_ALWAYS, week=week)))
    for number in (1, 2, 4):
        played.do(Open(window=number, clerk=f"100{number}"))
    played.issue("H")
    played.issue("H")
    played.do(CallNext(window=1))
    played.do(Start(window=1))
    played.do(CallNext(window=2))
    played.pass_time(hours=23, minutes=45)  # 8:45
    return played


def test_windows_that_nobody_closed_are_closed_at_midnight() -> None:
    played = closing_hall()
    assert [played.post(n).state for n in (1, 2, 3, 4)] == ["serving", "closed", "closed", "closed"]
    played.do(Open(window=2, clerk="1002"))


@pytest.mark.parametrize(
    "command",
    [
        Finish(window=1, next_queue="S"),
        Transfer(window=1, to_queue="S"),
        Transfer(window=1, to_window=2),
        Hold(window=1),
    ],
)
def test_a_number_of_yesterday_does_not_wait_among_those_of_today(command: Any) -> None:
    played = closing_hall()
    played.do(Open(window=2, clerk="1002"))
    with pytest.raises(Conflict) as caught:
        played.do(command)
    assert caught.value.code == "earlier_day"
    played.do(Finish(window=1))


def test_who_was_served_over_midnight_is_not_put_back_in_line() -> None:
    played = closing_hall()
    ticket = played.state.tickets[played.post(1).ticket or ""]
    played.do(Close(window=1), MANAGER)
    assert ticket.state == "expired"
    assert played.post(1).state == "closed"
    assert not played.state.lines["H"].ordinary


def test_nobodys_open_tickets_are_forgotten_over_midnight() -> None:
    played = hall(tickets_per_person=1)
    played.do(Open(window=1, clerk="1001"))
    played.issue("H", holder="p1")
    played.do(CallNext(window=1))
    played.do(Start(window=1))
    played.issue("S", holder="p2")
    played.pass_time(days=1)
    assert list(played.state.holders) == ["p1", "p2"]
    played.issue("S", holder="p2")
    with pytest.raises(HallError):
        played.issue("H", holder="p1")
