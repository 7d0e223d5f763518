"""What a window does with its people."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from hall_core.errors import Conflict, Invalid, NotFound
from hall_core.events import (
    EvaluationRecorded,
    ServiceFinished,
    ServiceStarted,
    StepUndone,
    TicketCalled,
    TicketHeld,
    TicketNoShow,
    TicketRecalled,
    TicketReleased,
    TicketTransferred,
)
from hall_queue.domain import order
from hall_queue.domain.commands import (
    CallNext,
    CallSpecific,
    CancelTicket,
    Close,
    Cover,
    ExchangeTicket,
    Finish,
    Handover,
    Hold,
    Leave,
    NoShow,
    Open,
    Recall,
    RequeueTicket,
    Start,
    Transfer,
    Undo,
    Unhold,
)
from hall_queue.domain.state import Ticket
from hall_queue.domain.testing import MANAGER, OPEN_ALWAYS, PlayedHall, setup


def hall(waiting: int = 3, **settings: Any) -> PlayedHall:
    """Windows 1 and 3 open, people waiting in H."""
    changed = {"no_show_wait": False, **settings}
    played = PlayedHall(setup(msgspec.structs.replace(OPEN_ALWAYS, **changed)))
    played.do(Open(window=1, clerk="1001"))
    played.do(Open(window=3, clerk="1003"))
    for _ in range(waiting):
        played.issue("H")
    return played


def serving(**settings: Any) -> tuple[PlayedHall, Ticket]:
    played = hall(**settings)
    played.do(CallNext(window=1))
    played.do(Start(window=1))
    return played, ticket_of(played, 1)


def ticket_of(played: PlayedHall, window: int) -> Ticket:
    ticket_id = played.post(window).ticket
    assert ticket_id is not None
    return played.state.tickets[ticket_id]


def numbered(played: PlayedHall, number: str) -> Ticket:
    return played.state.tickets[played.state.numbers[number]]


def refusal(played: PlayedHall, command: Any) -> Conflict:
    with pytest.raises(Conflict) as caught:
        played.do(command)
    assert "。" in caught.value.detail
    return caught.value


def wrong_field(played: PlayedHall, command: Any) -> str:
    with pytest.raises(Invalid) as caught:
        played.do(command)
    return caught.value.errors[0].field


# --- calling -----------------------------------------------------------------------------------


def test_call_start_finish() -> None:
    played = hall()
    (called,) = played.do(CallNext(window=1))
    assert isinstance(called, TicketCalled)
    assert (called.number, called.window, called.call_count, called.why) == ("H001", 1, 1, "time")
    ticket = ticket_of(played, 1)
    assert (ticket.state, played.post(1).state) == ("called", "calling")
    played.pass_time(seconds=20)
    (started,) = played.do(Start(window=1))
    assert isinstance(started, ServiceStarted)
    assert (started.clerk, ticket.state, ticket.clerk) == ("1001", "serving", "1001")
    played.pass_time(minutes=5)
    (finished,) = played.do(Finish(window=1, case_no=" 2025-0001 "))
    assert isinstance(finished, ServiceFinished)
    assert (finished.seconds, finished.case_no, finished.clerk) == (300.0, "2025-0001", "1001")
    assert (ticket.state, ticket.window) == ("finished", 1)
    assert (played.post(1).state, played.post(1).ticket) == ("open", None)
    assert played.state.durations["queue:H"].samples == [(1, 5.0)]


def test_nobody_waiting_is_no_error() -> None:
    played = hall(waiting=0)
    assert played.do(CallNext(window=1)) == []
    assert played.post(1).state == "open"


def test_one_ticket_at_a_time() -> None:
    played = hall()
    played.do(CallNext(window=1))
    for _ in range(2):
        assert refusal(played, CallNext(window=1)).code == "ticket_open"
        special = CallSpecific(window=1, number="H002", reason="x")
        assert refusal(played, special).code == "ticket_open"
        if played.post(1).state == "calling":
            played.do(Start(window=1))


def test_an_unknown_window_is_not_found() -> None:
    with pytest.raises(NotFound):
        hall().do(CallNext(window=77))


def test_two_windows_never_get_one_ticket() -> None:
    played = hall()
    played.do(Open(window=4, clerk="1004"))
    played.do(CallNext(window=1))
    played.do(CallNext(window=4))
    assert (ticket_of(played, 1).number, ticket_of(played, 4).number) == ("H001", "H002")


def test_a_special_call_needs_a_reason_and_a_waiting_number() -> None:
    played = hall()
    assert wrong_field(played, CallSpecific(window=1, number="H002", reason=" ")) == "reason"
    assert wrong_field(played, CallSpecific(window=1, number="H002", reason="因" * 61)) == "reason"
    assert wrong_field(played, CallSpecific(window=1, number="H099", reason="急")) == "number"
    (event,) = played.do(CallSpecific(window=3, number=" h003", reason="赶火车"))
    assert isinstance(event, TicketCalled)
    assert (event.number, event.special, event.why) == ("H003", True, "赶火车")


def test_a_special_call_may_be_of_any_queue() -> None:
    played = hall()
    played.issue("S")
    played.do(CallSpecific(window=1, number="S001", reason="一起来的"))
    assert ticket_of(played, 1).number == "S001"


def test_why_a_number_cannot_be_called() -> None:
    played = hall(waiting=4)
    played.do(CallNext(window=1))
    played.do(Hold(window=1))
    again = CallSpecific(window=1, number="H001", reason="x")
    assert refusal(played, again).code == "use_unhold"
    elsewhere = CallSpecific(window=3, number="H001", reason="x")
    assert refusal(played, elsewhere).code == "not_waiting"
    played.do(CallNext(window=1))
    played.do(NoShow(window=1))
    assert refusal(played, CallSpecific(window=1, number="H002", reason="x")).code == "parked"
    played.do(CancelTicket(ticket_id=numbered(played, "H003").ticket_id))
    gone = CallSpecific(window=1, number="H003", reason="x")
    assert refusal(played, gone).code == "not_waiting"


def test_recalls_are_limited() -> None:
    played = hall(recall_limit=2)
    played.do(CallNext(window=1))
    for count in (2, 3):
        (event,) = played.do(Recall(window=1))
        assert isinstance(event, TicketRecalled)
        assert event.call_count == ticket_of(played, 1).call_count == count
    assert refusal(played, Recall(window=1)).code == "recall_limit"


# --- finishing ---------------------------------------------------------------------------------


def test_wrong_fields_of_a_finish_are_named() -> None:
    played, _ = serving()
    assert wrong_field(played, Finish(window=1, case_no="9" * 41)) == "case_no"
    assert wrong_field(played, Finish(window=1, next_queue="Q")) == "next_queue"
    assert wrong_field(played, Finish(window=1, next_queue="")) == "next_queue"


def test_the_same_number_goes_on_in_a_next_queue() -> None:
    played, ticket = serving()
    played.do(Finish(window=1, next_queue="S"))
    assert (ticket.state, ticket.queue, ticket.number) == ("waiting", "S", "H001")
    assert (ticket.service, ticket.call_count, ticket.window) == (None, 0, None)
    (event,) = played.do(CallNext(window=3))
    assert isinstance(event, TicketCalled)
    assert (event.number, event.why) == ("H001", "continued")


# --- no-shows ----------------------------------------------------------------------------------


def test_nobody_is_missed_before_the_halls_calls_and_seconds() -> None:
    played = hall(no_show_wait=True, no_show_after_calls=2, no_show_after_s=60)
    played.do(CallNext(window=1))
    refused = refusal(played, NoShow(window=1))
    assert refused.code == "too_early"
    assert "重呼1次" in refused.detail
    assert "60秒" in refused.detail
    played.do(Recall(window=1))
    played.pass_time(seconds=59.5)
    assert "再等1秒" in refusal(played, NoShow(window=1)).detail
    played.pass_time(seconds=0.5)
    (event,) = played.do(NoShow(window=1))
    assert isinstance(event, TicketNoShow)
    assert event.parked
    assert numbered(played, "H001").state == "no_show"


def test_green_people_are_waited_for_longer() -> None:
    played = hall(waiting=0, no_show_wait=True, no_show_after_calls=1)
    played.issue("H", age=80)
    played.do(CallNext(window=1))
    played.pass_time(seconds=61)
    assert "再等59秒" in refusal(played, NoShow(window=1)).detail
    played.pass_time(seconds=59)
    played.do(NoShow(window=1))


def test_the_last_allowed_miss_is_final() -> None:
    played = hall(waiting=1, requeue_limit=1)
    played.do(CallNext(window=1))
    played.do(NoShow(window=1))
    ticket = numbered(played, "H001")
    played.do(RequeueTicket(ticket_id=ticket.ticket_id))
    played.do(CallNext(window=1))
    (event,) = played.do(NoShow(window=1))
    assert isinstance(event, TicketNoShow)
    assert not event.parked


# --- transfer ----------------------------------------------------------------------------------


def test_a_transferred_person_keeps_number_and_time_of_issue() -> None:
    played, ticket = serving()
    played.issue("S")
    (event,) = played.do(Transfer(window=1, to_queue="S"))
    assert isinstance(event, TicketTransferred)
    assert (event.queue, event.from_queue, event.from_window, event.window) == ("S", "H", 1, None)
    assert (ticket.number, ticket.queue, ticket.state) == ("H001", "S", "waiting")
    (called,) = played.do(CallNext(window=3))
    assert isinstance(called, TicketCalled)
    assert (called.number, called.why, called.call_count) == ("H001", "transferred", 1)


def test_a_transfer_forgets_an_item_of_the_other_queue() -> None:
    played = hall(waiting=0)
    ticket = played.issue(service="id_card")
    played.do(CallNext(window=1))
    played.do(Transfer(window=1, to_window=3))
    assert ticket.service == "id_card"
    played.do(CallNext(window=3))
    played.do(Transfer(window=3, to_queue="S"))
    assert ticket.service is None


def test_back_to_its_own_queue_it_stands_where_it_stood() -> None:
    played, _ = serving()
    played.do(Transfer(window=1, to_queue="H"))
    played.do(CallNext(window=1))
    assert ticket_of(played, 1).number == "H001"


def test_where_nobody_can_be_transferred() -> None:
    played, _ = serving()
    assert wrong_field(played, Transfer(window=1)) == "queue"
    assert wrong_field(played, Transfer(window=1, to_queue="S", to_window=3)) == "queue"
    assert wrong_field(played, Transfer(window=1, to_queue="Q")) == "queue"
    assert wrong_field(played, Transfer(window=1, to_window=77)) == "window"
    assert refusal(played, Transfer(window=1, to_window=1)).code == "same_window"
    assert refusal(played, Transfer(window=1, to_window=2)).code == "window_closed"


# --- hold --------------------------------------------------------------------------------------


def test_held_time_is_no_service_time() -> None:
    played, ticket = serving()
    played.pass_time(seconds=100)
    (held,) = played.do(Hold(window=1, note="n1"))
    assert isinstance(held, TicketHeld)
    assert held.note == "n1"
    assert (ticket.state, ticket.window, ticket.served_s) == ("held", 1, 100.0)
    assert played.post(1).state == "open"
    played.pass_time(hours=1)
    released, called = played.do(Unhold(window=1, number="H001"))
    assert isinstance(released, TicketReleased)
    assert isinstance(called, TicketCalled)
    assert (released.why, called.why, called.call_count) == ("unhold", "unhold", 2)
    played.do(Start(window=1))
    played.pass_time(seconds=50)
    (finished,) = played.do(Finish(window=1))
    assert isinstance(finished, ServiceFinished)
    assert finished.seconds == 150.0


def test_five_are_held_at_most_and_only_what_is_held_comes_back() -> None:
    played = hall(waiting=6)
    for _ in range(5):
        played.do(CallNext(window=1))
        played.do(Hold(window=1))
    played.do(CallNext(window=1))
    assert refusal(played, Hold(window=1)).code == "held_limit"
    played.do(NoShow(window=1))
    assert refusal(played, Unhold(window=1, number="H006")).code == "not_held"
    assert refusal(played, Unhold(window=3, number="H001")).code == "not_held"
    played.do(Unhold(window=1, number="h004"))
    assert ticket_of(played, 1).number == "H004"


def test_a_covering_window_takes_people_off_the_neighbours_hold() -> None:
    played, ticket = serving()
    played.do(Hold(window=1))
    back = played.now.replace(hour=3)
    played.do(Leave(window=1, reason="会议", expected_return=back))
    assert refusal(played, Unhold(window=3, number="H001")).code == "not_held"
    played.do(Cover(window=3, covered=1))
    played.do(Unhold(window=3, number="H001"))
    assert ticket_of(played, 3) is ticket
    assert ticket.window == 3
    assert played.post(1).held == []


# --- undo --------------------------------------------------------------------------------------


def test_a_finish_is_taken_back_as_if_it_had_not_happened() -> None:
    played, ticket = serving()
    played.pass_time(minutes=4)
    before = msgspec.json.encode((ticket, played.state.durations, played.post(1).clerk))
    played.do(Finish(window=1))
    played.pass_time(seconds=5)
    (event,) = played.do(Undo(window=1))
    assert isinstance(event, StepUndone)
    assert event.step == "finish"
    assert (ticket.state, played.post(1).state) == ("serving", "serving")
    ticket.step = 0  # which step was its last is all that is remembered
    played.state.durations = {k: v for k, v in played.state.durations.items() if v.samples}
    assert msgspec.json.encode((ticket, played.state.durations, played.post(1).clerk)) == before


def test_a_no_show_is_taken_back() -> None:
    played = hall()
    played.do(CallNext(window=1))
    ticket = ticket_of(played, 1)
    called_at = ticket.called_at
    played.pass_time(seconds=30)
    played.do(NoShow(window=1))
    played.do(Undo(window=1))
    assert (ticket.state, ticket.parked, ticket.ended_at) == ("called", False, None)
    assert ticket.called_at == called_at
    assert played.post(1).state == "calling"


def test_a_finish_with_a_next_queue_is_taken_back_while_the_ticket_waits() -> None:
    played = hall(waiting=0)
    ticket = played.issue(service="id_card")
    played.do(CallNext(window=1))
    played.do(Start(window=1))
    played.do(Finish(window=1, next_queue="S"))
    played.do(Undo(window=1))
    assert (ticket.state, ticket.queue, ticket.service) == ("serving", "H", "id_card")
    assert ticket.clerk == "1001"
    assert played.state.lines["S"].ordinary == []
    played.do(Finish(window=1, next_queue="S"))
    played.do(CallNext(window=3))
    assert refusal(played, Undo(window=1)).code == "nothing_to_undo"


def test_an_undone_held_service_keeps_its_earlier_stretch() -> None:
    played, ticket = serving()
    played.pass_time(seconds=60)
    played.do(Hold(window=1))
    played.do(Unhold(window=1, number="H001"))
    played.do(Start(window=1))
    played.do(Finish(window=1, next_queue="S"))
    played.do(Undo(window=1))
    assert ticket.served_s == 60.0
    assert ticket.call_count == 2


@pytest.mark.parametrize("what", ["time", "call", "rating", "close", "handover", "nothing"])
def test_when_there_is_nothing_to_undo(what: str) -> None:
    played, ticket = serving()
    if what != "nothing":
        played.do(Finish(window=1))
    if what == "time":
        played.pass_time(seconds=5.1)
    elif what == "call":
        played.do(CallNext(window=1))
        played.do(Transfer(window=1, to_queue="H"))
    elif what == "rating":
        rated = EvaluationRecorded(
            ticket_id=ticket.ticket_id, number="H001", window=1, clerk="1001", level="satisfied"
        )
        played.record([rated])
    elif what == "close":
        played.do(Close(window=1))
    elif what == "handover":
        played.do(Handover(window=1, clerk="2001"))
    assert refusal(played, Undo(window=1)).code == "nothing_to_undo"


@pytest.mark.parametrize("what", ["requeue", "cancel", "exchange"])
def test_a_no_show_that_went_on_is_not_taken_back(what: str) -> None:
    played = hall()
    played.do(CallNext(window=1))
    ticket = ticket_of(played, 1)
    played.do(NoShow(window=1))
    if what == "requeue":
        played.do(RequeueTicket(ticket_id=ticket.ticket_id))
    elif what == "cancel":
        played.do(CancelTicket(ticket_id=ticket.ticket_id))
    else:
        played.do(ExchangeTicket(ticket_id=ticket.ticket_id, queue="S"))
    assert refusal(played, Undo(window=1)).code == "nothing_to_undo"


def test_only_the_last_step_of_a_ticket_is_taken_back() -> None:
    played, _ = serving()
    played.do(Finish(window=1, next_queue="S"))
    played.do(CallNext(window=3))
    played.do(Start(window=3))
    played.do(Finish(window=3, next_queue="S"))
    assert refusal(played, Undo(window=1)).code == "nothing_to_undo"
    played.do(Undo(window=3))


def test_a_step_is_taken_back_once() -> None:
    played, _ = serving()
    played.do(Finish(window=1))
    played.do(Undo(window=1))
    assert refusal(played, Undo(window=1)).code == "nothing_to_undo"


# --- the manager closes ------------------------------------------------------------------------


def test_the_manager_closing_a_window_puts_everybody_back_where_they_stood() -> None:
    played = hall(waiting=4)
    played.do(CallNext(window=1))
    played.do(Hold(window=1))
    played.do(CallNext(window=3))
    played.do(Transfer(window=3, to_window=1))
    played.do(CallNext(window=3))
    played.do(Transfer(window=3, to_window=1))
    played.do(CallNext(window=1))
    played.do(Start(window=1))
    played.pass_time(seconds=30)
    events = played.do(Close(window=1), MANAGER)
    assert [type(event).__name__ for event in events] == [
        "TicketReleased",
        "TicketReleased",
        "TicketTransferred",
        "WindowClosed",
    ]
    assert [number for number, _ in _line(played, 3)] == ["H001", "H002", "H003", "H004"]
    assert played.post(1).held == []
    assert numbered(played, "H002").served_s == 30.0  # the service it had had so far


def _line(played: PlayedHall, window: int) -> list[tuple[str, str]]:
    return [(ticket.number, reason) for ticket, reason in order.line(played.state, window)]
