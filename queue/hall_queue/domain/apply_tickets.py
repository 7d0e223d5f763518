"""Folding what happened to tickets into the state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any, Final

from hall_core.events import (
    Event,
    Recorded,
    ServiceFinished,
    ServiceStarted,
    StepUndone,
    TicketCalled,
    TicketCancelled,
    TicketExchanged,
    TicketExpired,
    TicketHeld,
    TicketIssued,
    TicketNoShow,
    TicketRecalled,
    TicketReleased,
    TicketRequeued,
    TicketsRecorded,
    TicketTransferred,
    TicketVerified,
)
from hall_queue.domain import appointments
from hall_queue.domain.durations import forget_duration, record_duration
from hall_queue.domain.numbers import count_of
from hall_queue.domain.order import count_call, put_in, take_out
from hall_queue.domain.state import LastStep, Post, QueueState, Ticket

# --- issued, exchanged, verified ---------------------------------------------------------------


def _issued(state: QueueState, event: TicketIssued, record: Recorded) -> None:
    ticket_id = event.ticket_id
    ticket = Ticket(
        ticket_id=ticket_id,
        number=event.number,
        queue=event.queue,
        day=event.day,
        state="waiting",
        place=event.place or (record.version, 0),
        issued_at=record.at,
        service=event.service,
        channel=event.channel,
        priority=event.priority,
        cases=event.cases,
        holder=event.holder,
        why="" if event.appointment is None else "appointment",
    )
    state.tickets[ticket_id] = ticket
    appointments.used(state, event)
    state.numbers[event.number] = ticket_id
    state.lines[event.queue].issued += 1
    put_in(state, ticket)
    if event.holder is not None:
        state.holders.setdefault(event.holder, []).append(ticket_id)


def _verified(state: QueueState, event: TicketVerified, record: Recorded) -> None:
    ticket = state.tickets[event.ticket_id]
    take_out(state, ticket)
    ticket.priority = "green" if event.granted else "normal"
    put_in(state, ticket)


def _exchanged(state: QueueState, event: TicketExchanged, record: Recorded) -> None:
    """The old number stays known, so that nobody else gets it and it still finds the ticket."""
    ticket = state.tickets[event.ticket_id]
    waits = ticket.state == "waiting"
    if waits:
        take_out(state, ticket)
    if event.number != event.old_number:
        state.lines[event.queue].issued += 1
        state.numbers[event.number] = ticket.ticket_id
        if ticket.why != "requeued":
            ticket.why = ""
        ticket.day = state.day
    ticket.number = event.number
    ticket.queue = event.queue
    ticket.service = event.service
    ticket.step = record.version  # no step before this can be taken back
    if waits:
        ticket.window = None
        put_in(state, ticket)


def _recorded(state: QueueState, event: TicketsRecorded, record: Recorded) -> None:
    """Paper numbers count as served; the machine goes on behind the highest of them."""
    line = state.lines[event.queue]
    for entry in event.entries:
        minutes = entry.minutes
        state.tickets[entry.ticket_id] = Ticket(
            ticket_id=entry.ticket_id,
            number=entry.number,
            queue=event.queue,
            day=event.day,
            state="finished",
            place=(record.version, 0),
            issued_at=record.at,
            channel="paper",
            window=entry.window,
            ended_at=record.at,
            served_s=60.0 * (minutes or 0.0),
        )
        state.numbers[entry.number] = entry.ticket_id
        line.issued = max(line.issued, count_of(event.queue, entry.number) or 0)
        if minutes is not None:
            record_duration(state, None, event.queue, _hour(record), minutes, 1)


# --- at a window -------------------------------------------------------------------------------


def _called(state: QueueState, event: TicketCalled, record: Recorded) -> None:
    ticket = state.tickets[event.ticket_id]
    post = state.posts[event.window]
    lane = take_out(state, ticket)
    # Special calls and people off hold stand outside the order: they change nobody's turn.
    if not event.special and event.why != "unhold":
        count_call(post, lane)
    ticket.state = "called"
    ticket.window = event.window
    ticket.call_count = event.call_count
    ticket.called_at = record.at
    post.ticket = ticket.ticket_id
    post.enter("calling", record.at)
    post.last_step = None
    post.last_activity = record.at


def _recalled(state: QueueState, event: TicketRecalled, record: Recorded) -> None:
    state.tickets[event.ticket_id].call_count = event.call_count
    state.posts[event.window].last_activity = record.at


def _started(state: QueueState, event: ServiceStarted, record: Recorded) -> None:
    ticket = state.tickets[event.ticket_id]
    post = state.posts[event.window]
    ticket.state = "serving"
    ticket.clerk = event.clerk
    ticket.started_at = record.at
    post.enter("serving", record.at)
    post.last_activity = record.at


def _finished(state: QueueState, event: ServiceFinished, record: Recorded) -> None:
    ticket = state.tickets[event.ticket_id]
    post = state.posts[event.window]
    _step_done(post, ticket, "finish", record, event.seconds)
    minutes = event.seconds / 60
    record_duration(state, event.service, event.queue, _hour(record), minutes, event.cases)
    ticket.clerk = event.clerk
    if event.next_queue is None:
        ticket.state = "finished"
        ticket.ended_at = record.at
    else:
        ticket.queue = event.next_queue
        ticket.service = None
        _wait_again(state, ticket, why="continued")


def _no_show(state: QueueState, event: TicketNoShow, record: Recorded) -> None:
    ticket = state.tickets[event.ticket_id]
    _step_done(state.posts[event.window], ticket, "no_show", record)
    ticket.state = "no_show"
    ticket.parked = event.parked
    ticket.ended_at = record.at


def _step_done(
    post: Post, ticket: Ticket, step: Any, record: Recorded, seconds: float = 0.0
) -> None:
    """The window is free again, and remembers how to take the step back."""
    ticket.step = record.version
    post.last_step = LastStep(
        ticket_id=ticket.ticket_id,
        version=record.version,
        step=step,
        at=record.at,
        number=ticket.number,
        called_at=ticket.called_at,
        started_at=ticket.started_at,
        queue=ticket.queue,
        service=ticket.service,
        clerk=ticket.clerk,
        call_count=ticket.call_count,
        served_s=ticket.served_s,
        why=ticket.why,
        seconds=seconds,
    )
    post.ticket = None
    post.enter("open", record.at)
    post.last_activity = record.at


def _step_undone(state: QueueState, event: StepUndone, record: Recorded) -> None:
    ticket = state.tickets[event.ticket_id]
    post = state.posts[event.window]
    last = post.last_step
    assert last is not None
    if ticket.state == "waiting":
        take_out(state, ticket)
    if event.step == "finish":
        forget_duration(state, last.service, last.queue, last.seconds / 60, ticket.cases)
    ticket.state = "serving" if event.step == "finish" else "called"
    ticket.window = event.window
    ticket.queue = last.queue
    ticket.service = last.service
    ticket.clerk = last.clerk
    ticket.call_count = last.call_count
    ticket.called_at = last.called_at
    ticket.started_at = last.started_at
    ticket.served_s = last.served_s
    ticket.why = last.why
    ticket.ended_at = None
    ticket.parked = False
    post.ticket = ticket.ticket_id
    post.enter("serving" if event.step == "finish" else "calling", record.at)
    post.last_step = None
    post.last_activity = record.at


def _held(state: QueueState, event: TicketHeld, record: Recorded) -> None:
    ticket = state.tickets[event.ticket_id]
    post = state.posts[event.window]
    _stretch_ends(ticket, record)
    ticket.state = "held"
    post.ticket = None
    post.held.append(ticket.ticket_id)
    post.enter("open", record.at)
    post.last_step = None
    post.last_activity = record.at


def _released(state: QueueState, event: TicketReleased, record: Recorded) -> None:
    """Back where it stood, with the service it has had so far."""
    ticket = state.tickets[event.ticket_id]
    _leave_window(state, ticket, record)
    if event.why == "unhold":  # is called again in the same breath: the calls go on counting
        ticket.state = "waiting"
        ticket.window = None
        put_in(state, ticket)
        return
    _stretch_ends(ticket, record)
    _wait_again(state, ticket, why=ticket.why, served_s=ticket.served_s)


# --- back in line, or gone ---------------------------------------------------------------------


def _requeued(state: QueueState, event: TicketRequeued, record: Recorded) -> None:
    ticket = state.tickets[event.ticket_id]
    ticket.requeues = event.times
    ticket.place = event.place
    ticket.parked = False
    ticket.ended_at = None
    _wait_again(state, ticket, why="requeued")


def _transferred(state: QueueState, event: TicketTransferred, record: Recorded) -> None:
    """From a window's hands, or (its window closes) from the line for that window only."""
    ticket = state.tickets[event.ticket_id]
    if ticket.state == "waiting":
        take_out(state, ticket)
    else:
        _leave_window(state, ticket, record)
    if event.queue != ticket.queue:
        ticket.queue = event.queue
        service = state.services.get(ticket.service or "")
        if service is not None and service.prefix != event.queue:
            ticket.service = None  # another queue's item
    _wait_again(state, ticket, why="transferred", window=event.window)
    if event.from_window is not None and event.from_window in state.posts:
        state.posts[event.from_window].last_activity = record.at


def _cancelled(state: QueueState, event: TicketCancelled, record: Recorded) -> None:
    ticket = state.tickets[event.ticket_id]
    _gone(state, ticket, record)
    ticket.state = "cancelled"
    ticket.ended_at = record.at


def _expired(state: QueueState, event: TicketExpired, record: Recorded) -> None:
    """Never touches `numbers`: at midnight they are the new day's already."""
    ticket = state.tickets[event.ticket_id]
    missed = ticket.state == "no_show"
    _gone(state, ticket, record)
    if not missed:  # a missed one has ended as missed; it only may not come back
        ticket.state = "expired"
        ticket.ended_at = record.at


def _gone(state: QueueState, ticket: Ticket, record: Recorded) -> None:
    if ticket.state == "waiting":
        take_out(state, ticket)
    else:
        _leave_window(state, ticket, record)
    ticket.parked = False


def _leave_window(state: QueueState, ticket: Ticket, record: Recorded) -> None:
    """Out of the hands of the window that calls, serves or holds it."""
    post = state.posts.get(ticket.window) if ticket.window is not None else None
    if post is None:
        return
    if ticket.state in ("called", "serving"):
        post.ticket = None
        post.enter("open", record.at)
        post.last_step = None
    elif ticket.state == "held":
        post.held.remove(ticket.ticket_id)


def _stretch_ends(ticket: Ticket, record: Recorded) -> None:
    if ticket.started_at is not None:
        ticket.served_s += max(0.0, (record.at - ticket.started_at).total_seconds())
        ticket.started_at = None


def _wait_again(
    state: QueueState,
    ticket: Ticket,
    why: str,
    window: int | None = None,
    served_s: float = 0.0,
) -> None:
    """Stand in line anew, at `ticket.place`: the next call is the first of a new round."""
    ticket.state = "waiting"
    ticket.why = why
    ticket.window = window
    ticket.clerk = None
    ticket.call_count = 0
    ticket.called_at = None
    ticket.started_at = None
    ticket.served_s = served_s
    put_in(state, ticket)


def _hour(record: Recorded) -> int:
    return record.at.astimezone(UTC).hour


FOLDS: Final[dict[type[Event], Callable[[QueueState, Any, Recorded], None]]] = {
    TicketIssued: _issued,
    TicketVerified: _verified,
    TicketExchanged: _exchanged,
    TicketsRecorded: _recorded,
    TicketCalled: _called,
    TicketRecalled: _recalled,
    ServiceStarted: _started,
    ServiceFinished: _finished,
    TicketNoShow: _no_show,
    StepUndone: _step_undone,
    TicketHeld: _held,
    TicketReleased: _released,
    TicketRequeued: _requeued,
    TicketTransferred: _transferred,
    TicketCancelled: _cancelled,
    TicketExpired: _expired,
}
