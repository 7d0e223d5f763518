"""Which parts of the public state an event changed (asked after it was applied)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from hall_core.events import (
    AbsenceCleared,
    AbsencePosted,
    AlertChanged,
    AlertRaised,
    CalendarTold,
    ClerkSignedIn,
    ClerkSignedOut,
    DayOpened,
    Event,
    PresenceChanged,
    Recorded,
    ServiceFinished,
    ServiceStarted,
    SetupChanged,
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
    WindowClosed,
    WindowCovered,
    WindowHandedOver,
    WindowOpened,
    WindowUncovered,
)
from hall_core.features import Part
from hall_queue.domain import order
from hall_queue.domain.absence import window_of_alert
from hall_queue.domain.state import QueueState


def touched(state: QueueState, record: Recorded) -> Iterable[Part]:
    """Parts to render anew, each once."""
    find = _TOUCHED.get(type(record.event))
    return () if find is None else dict.fromkeys(find(state, record.event))


def staffed(state: QueueState, record: Recorded) -> Iterable[int]:
    """Windows where somebody may have come or gone."""
    event = record.event
    if isinstance(event, SetupChanged | DayOpened):
        return state.posts
    if _TOUCHED.get(type(event)) is _at_work:
        return [key for name, key in _at_work(state, event) if name == "windows"]
    return ()


def _its_queue(state: QueueState, event: Any) -> Iterator[Part]:
    yield "queues", event.queue


def _its_window(state: QueueState, event: Any) -> Iterator[Part]:
    yield "windows", event.window


def _window_and_queue(state: QueueState, event: Any) -> Iterator[Part]:
    yield "windows", event.window
    yield "queues", event.queue


def _finished(state: QueueState, event: ServiceFinished) -> Iterator[Part]:
    yield "windows", event.window
    if event.next_queue is not None:
        yield "queues", event.next_queue


def _exchanged(state: QueueState, event: TicketExchanged) -> Iterator[Part]:
    yield "queues", event.old_queue
    yield "queues", event.queue


def _transferred(state: QueueState, event: TicketTransferred) -> Iterator[Part]:
    for window in (event.from_window, event.window):
        if window is not None:
            yield "windows", window
    yield "queues", event.from_queue
    yield "queues", event.queue


def _ended(state: QueueState, event: TicketCancelled | TicketExpired) -> Iterator[Part]:
    """It may have waited in line, or on hold at a window."""
    ticket = state.tickets.get(event.ticket_id)
    if ticket is not None and ticket.window is not None:
        yield "windows", ticket.window
    yield "queues", event.queue


def _undone(state: QueueState, event: StepUndone) -> Iterator[Part]:
    """It may have been taken out of any queue: that of the next service."""
    yield "windows", event.window
    yield from _all_queues(state)


def _alert(state: QueueState, event: AlertRaised | AlertChanged) -> Iterator[Part]:
    window = window_of_alert(event.alert_id)
    if window in state.posts:
        yield "windows", window


def _seen(state: QueueState, event: PresenceChanged) -> Iterator[Part]:
    if event.window in state.posts:
        yield "windows", event.window


def _at_work(state: QueueState, event: Any) -> Iterator[Part]:
    """A window came or went: its neighbours of cover, and the queues it takes."""
    numbers = [event.window]
    post = state.posts.get(event.window)
    for other in (
        getattr(event, "covered", None),
        post.covers if post else None,
        post.covered_by if post else None,
    ):
        if other is not None and other not in numbers:
            numbers.append(other)
    for number in numbers:
        yield "windows", number
    for number in numbers:
        if number in state.posts:
            for prefix in order.served_prefixes(state, state.posts[number]):
                yield "queues", prefix


def _day_opened(state: QueueState, event: DayOpened) -> Iterator[Part]:
    yield from _all_windows(state)
    yield from _all_queues(state)
    yield "setup", None  # tells the holidays ahead


def _calendar_told(state: QueueState, event: CalendarTold) -> Iterator[Part]:
    yield "setup", None


def _setup_changed(state: QueueState, event: SetupChanged) -> Iterator[Part]:
    # Whole lists: a window or queue may be gone.
    yield "windows", None
    yield "queues", None
    yield "services", None
    yield "setup", None


def _all_windows(state: QueueState) -> Iterator[Part]:
    return (("windows", number) for number in state.posts)


def _all_queues(state: QueueState) -> Iterator[Part]:
    return (("queues", prefix) for prefix in state.lines)


_TOUCHED: Final[dict[type[Event], Callable[[QueueState, Any], Iterator[Part]]]] = {
    SetupChanged: _setup_changed,
    CalendarTold: _calendar_told,
    DayOpened: _day_opened,
    TicketIssued: _its_queue,
    TicketVerified: _its_queue,
    TicketRequeued: _its_queue,
    TicketsRecorded: _its_queue,
    TicketExchanged: _exchanged,
    TicketCancelled: _ended,
    TicketExpired: _ended,
    TicketCalled: _window_and_queue,
    TicketRecalled: _its_window,
    ServiceStarted: _its_window,
    ServiceFinished: _finished,
    TicketNoShow: _its_window,
    TicketTransferred: _transferred,
    TicketHeld: _its_window,
    TicketReleased: _window_and_queue,
    StepUndone: _undone,
    WindowOpened: _at_work,
    WindowClosed: _at_work,
    WindowHandedOver: _at_work,
    WindowCovered: _at_work,
    WindowUncovered: _at_work,
    AbsencePosted: _at_work,
    AbsenceCleared: _at_work,
    ClerkSignedIn: _its_window,
    ClerkSignedOut: _its_window,
    AlertRaised: _alert,
    AlertChanged: _alert,
    PresenceChanged: _seen,
}
