"""What the journal tells of one ticket."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hall_core.errors import HallError
from hall_queue.domain.commands import (
    CallNext,
    CallSpecific,
    CancelTicket,
    Close,
    ExchangeTicket,
    Finish,
    Handover,
    Hold,
    NoShow,
    Open,
    Recall,
    RequeueTicket,
    Start,
    Transfer,
    Undo,
    Unhold,
)
from hall_queue.domain.intervals import Interval, intervals
from hall_queue.domain.testing import MANAGER, PlayedHall


@pytest.fixture
def hall() -> PlayedHall:
    played = PlayedHall()
    for window in (1, 3):
        played.do(Open(window=window, clerk=f"100{window}"))
    return played


def told(played: PlayedHall, ticket_id: str = "t1") -> list[Interval]:
    found = intervals(ticket_id, played.records)
    for earlier, later in pairwise(found):
        assert earlier.until is not None
        assert earlier.until <= later.since
        assert later.round - earlier.round in (0, 1)
    return found


def brief(played: PlayedHall) -> list[tuple[Any, ...]]:
    return [(i.state, i.round, i.queue, i.window, i.clerk) for i in told(played)]


def test_from_the_kiosk_to_being_served(hall: PlayedHall) -> None:
    hall.issue("H")
    hall.pass_time(minutes=3)
    hall.do(CallNext(window=1))
    hall.do(Recall(window=1))
    hall.pass_time(seconds=40)
    hall.do(Start(window=1))
    assert told(hall)[-1].until is None
    hall.pass_time(minutes=5)
    hall.do(Finish(window=1))
    waiting, called, serving = told(hall)
    assert brief(hall) == [
        ("waiting", 1, "H", None, None),
        ("called", 1, "H", 1, "1001"),
        ("serving", 1, "H", 1, "1001"),
    ]
    assert (called.calls, serving.calls) == (2, 0)
    assert waiting.until == called.since
    assert called.until == serving.since
    assert serving.until == hall.now
    assert [(i.until - i.since).total_seconds() for i in told(hall) if i.until] == [180, 40, 300]


def test_missed_and_back_is_a_second_round_with_a_gap(hall: PlayedHall) -> None:
    ticket = hall.issue("H")
    hall.do(CallNext(window=1))
    hall.do(Recall(window=1))
    hall.pass_time(minutes=2)
    hall.do(NoShow(window=1))
    hall.pass_time(minutes=10)
    hall.do(RequeueTicket(ticket_id=ticket.ticket_id))
    first, missed, again = told(hall)
    assert (first.round, missed.round, again.round) == (1, 1, 2)
    assert missed.until is not None
    assert (again.since - missed.until).total_seconds() == 600
    assert again.until is None


def test_holding_is_told_with_its_note_and_stays_in_the_round(hall: PlayedHall) -> None:
    hall.issue("H")
    hall.do(CallNext(window=1))
    hall.do(Start(window=1))
    hall.do(Hold(window=1, note="n1"))
    hall.do(Unhold(window=1, number="H001"))
    assert [i.state for i in told(hall)] == ["waiting", "called", "serving", "held", "called"]
    assert {i.round for i in told(hall)} == {1}
    assert told(hall)[3].reason == "n1"


def test_continuing_and_transferring_begin_rounds(hall: PlayedHall) -> None:
    hall.issue("H")
    hall.do(CallNext(window=1))
    hall.do(Start(window=1))
    hall.do(Finish(window=1, next_queue="S"))
    hall.do(CallNext(window=3))
    hall.do(Transfer(window=3, to_window=1))
    hall.do(CallNext(window=1))
    assert brief(hall)[3:] == [
        ("waiting", 2, "S", None, None),
        ("called", 2, "S", 3, "1003"),
        ("waiting", 3, "S", 1, None),
        ("called", 3, "S", 1, "1001"),
    ]


def test_what_was_undone_never_was(hall: PlayedHall) -> None:
    hall.issue("H")
    hall.do(CallNext(window=1))
    hall.do(Start(window=1))
    before = told(hall)
    for step in (Finish(window=1), Finish(window=1, next_queue="S")):
        hall.do(step)
        assert told(hall) != before
        hall.do(Undo(window=1))
        assert told(hall) == before


def test_each_clerks_part_stands_for_itself(hall: PlayedHall) -> None:
    hall.issue("H")
    hall.do(CallNext(window=1))
    hall.do(Start(window=1))
    hall.pass_time(minutes=1)
    hall.do(Handover(window=1, clerk="2001"))
    assert [(i.state, i.clerk) for i in told(hall)][2:] == [
        ("serving", "1001"),
        ("serving", "2001"),
    ]


def test_a_window_that_the_manager_closes_sends_its_ticket_back(hall: PlayedHall) -> None:
    hall.issue("H")
    hall.do(CallNext(window=1))
    hall.do(Close(window=1), MANAGER)
    assert brief(hall)[-1] == ("waiting", 2, "H", None, None)


def test_exchanged_waits_elsewhere_and_cancelled_waits_no_more(hall: PlayedHall) -> None:
    hall.issue("H")
    hall.do(ExchangeTicket(ticket_id="t1", queue="S"))
    hall.do(CancelTicket(ticket_id="t1"))
    assert brief(hall) == [("waiting", 1, "H", None, None), ("waiting", 1, "S", None, None)]
    assert all(i.until is not None for i in told(hall))


STEPS: tuple[Any, ...] = (
    *(step(window=w) for w in (1, 3) for step in (CallNext, Recall, Start, NoShow, Hold, Undo)),
    *(Finish(window=w, next_queue=q) for w in (1, 3) for q in (None, "H", "S")),
    *(Transfer(window=w, to_queue="S") for w in (1, 3)),
    Transfer(window=1, to_window=3),
    *(Unhold(window=w, number="H001") for w in (1, 3)),
    CallSpecific(window=3, number="H001", reason="加急"),
    Handover(window=1, clerk="2001"),
    Handover(window=1, clerk="1001"),
    RequeueTicket(ticket_id="t1"),
    ExchangeTicket(ticket_id="t1", queue="S"),
)


@settings(max_examples=60)
@given(st.lists(st.sampled_from(STEPS), max_size=25))
def test_the_last_interval_always_agrees_with_the_state(steps: list[Any]) -> None:
    played = PlayedHall()
    for window in (1, 3):
        played.do(Open(window=window, clerk=f"100{window}"))
    ticket = played.issue("H")
    for step in steps:
        played.pass_time(seconds=1)
        try:
            played.do(step)
        except HallError:
            continue
        last = told(played)[-1]
        if ticket.state in ("waiting", "called", "serving", "held"):
            assert (last.state, last.until, last.queue) == (ticket.state, None, ticket.queue)
            assert last.window == ticket.window
        else:
            assert last.until == ticket.ended_at
