"""What happened to one ticket, stretch by stretch: waiting, called, serving, held.

Told from the journal, so that the intervals of last year's ticket are as exact as today's. A
ticket goes through rounds: each time it stands in line anew (requeued, transferred, continued in
a next queue, its window closed) begins the next one. Between being missed and turning up again a
ticket is nowhere, and no interval covers that time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from hall_core.events import (
    Event,
    Recorded,
    ServiceFinished,
    ServiceStarted,
    StepUndone,
    TicketCalled,
    TicketCancelled,
    TicketEvent,
    TicketExchanged,
    TicketExpired,
    TicketHeld,
    TicketIssued,
    TicketNoShow,
    TicketRecalled,
    TicketReleased,
    TicketRequeued,
    TicketTransferred,
    WindowHandedOver,
)


class Interval(msgspec.Struct, kw_only=True):
    """One stretch of a ticket's life. `until` null: it goes on.

    `window` is where it is called, served or held, or the only one it waits for; `clerk` is the
    工号 of who called or served. `calls` counts the calls of a `called` stretch; `reason` is the
    note of a `held` one.
    """

    state: Literal["waiting", "called", "serving", "held"]
    round: int
    queue: str
    since: datetime
    until: datetime | None = None
    window: int | None = None
    clerk: str | None = None
    calls: int = 0
    reason: str | None = None


def intervals(ticket_id: str, records: Iterable[Recorded]) -> list[Interval]:
    """The intervals of a ticket, oldest first.

    Args:
        records: events in order, from its issue on; those of others are passed over, except
            that a window that is handed over changes who serves it.
    """
    told: list[Interval] = []
    for record in records:
        event = record.event
        if isinstance(event, WindowHandedOver):
            _handed_over(told, event, record)
        elif isinstance(event, TicketEvent) and event.ticket_id == ticket_id:
            tell = _TELL.get(type(event))
            if tell is not None:
                tell(told, event, record)
    return told


def _current(told: list[Interval]) -> Interval | None:
    return told[-1] if told and told[-1].until is None else None


def _end(told: list[Interval], record: Recorded) -> None:
    current = _current(told)
    if current is not None:
        current.until = record.at


def _begin(
    told: list[Interval], state: Any, queue: str, record: Recorded, *, again: bool = False
) -> Interval:
    """`again`: it stands in line anew, which begins a round."""
    _end(told, record)
    round_ = (told[-1].round if told else 0) + again
    told.append(Interval(state=state, round=round_, queue=queue, since=record.at))
    return told[-1]


def _issued(told: list[Interval], event: TicketIssued, record: Recorded) -> None:
    _begin(told, "waiting", event.queue, record, again=True)


def _called(told: list[Interval], event: TicketCalled, record: Recorded) -> None:
    called = _begin(told, "called", event.queue, record)
    called.window, called.clerk, called.calls = event.window, event.clerk, 1


def _recalled(told: list[Interval], event: TicketRecalled, record: Recorded) -> None:
    current = _current(told)
    if current is not None:
        current.calls += 1


def _started(told: list[Interval], event: ServiceStarted, record: Recorded) -> None:
    serving = _begin(told, "serving", event.queue, record)
    serving.window, serving.clerk = event.window, event.clerk


def _handed_over(told: list[Interval], event: WindowHandedOver, record: Recorded) -> None:
    """Each clerk's part stands for itself."""
    current = _current(told)
    if current is None or current.window != event.window:
        return
    if current.state in ("called", "serving") and current.clerk != event.clerk:
        following = _begin(told, current.state, current.queue, record)
        following.window, following.clerk = event.window, event.clerk


def _held(told: list[Interval], event: TicketHeld, record: Recorded) -> None:
    held = _begin(told, "held", event.queue, record)
    held.window, held.reason = event.window, event.note


def _released(told: list[Interval], event: TicketReleased, record: Recorded) -> None:
    if event.why == "unhold":  # is called again in the same breath
        _end(told, record)
    else:
        _begin(told, "waiting", event.queue, record, again=True)


def _finished(told: list[Interval], event: ServiceFinished, record: Recorded) -> None:
    if event.next_queue is None:
        _end(told, record)
    else:
        _begin(told, "waiting", event.next_queue, record, again=True)


def _undone(told: list[Interval], event: StepUndone, record: Recorded) -> None:
    """The step never was: the stretch that it ended goes on."""
    if told and told[-1].state == "waiting":  # of the next queue
        told.pop()
    if told:
        told[-1].until = None


def _waits_again(
    told: list[Interval], event: TicketRequeued | TicketTransferred, record: Recorded
) -> None:
    current = _current(told)
    moved = current is not None and current.state == "waiting"  # to another line, uncalled
    waiting = _begin(told, "waiting", event.queue, record, again=not moved)
    waiting.window = getattr(event, "window", None)


def _exchanged(told: list[Interval], event: TicketExchanged, record: Recorded) -> None:
    """Another line; who was missed does not stand in any."""
    if _current(told) is not None and event.queue != event.old_queue:
        _begin(told, "waiting", event.queue, record)


def _ended(
    told: list[Interval], event: TicketNoShow | TicketCancelled | TicketExpired, record: Recorded
) -> None:
    _end(told, record)


_TELL: Final[dict[type[Event], Callable[[list[Interval], Any, Recorded], None]]] = {
    TicketIssued: _issued,
    TicketCalled: _called,
    TicketRecalled: _recalled,
    ServiceStarted: _started,
    TicketHeld: _held,
    TicketReleased: _released,
    ServiceFinished: _finished,
    StepUndone: _undone,
    TicketRequeued: _waits_again,
    TicketTransferred: _waits_again,
    TicketExchanged: _exchanged,
    TicketNoShow: _ended,
    TicketCancelled: _ended,
    TicketExpired: _ended,
}
