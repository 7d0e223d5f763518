"""The queue as a feature of the hall: rules, read models, view and routes in one object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hall_core.clock import millis
from hall_core.events import (
    AbsenceCleared,
    AbsencePosted,
    AppointmentEvent,
    DayOpened,
    Event,
    Recorded,
    TicketEvent,
    TicketIssued,
    TicketsRecorded,
)
from hall_core.features import Audience, Command, Context, Feature, Job, Part, Row
from hall_queue import tables
from hall_queue.domain import (
    absence,
    appointments,
    calling,
    setup_rules,
    supervision,
    tickets,
    view,
    windows,
)
from hall_queue.domain.apply import apply
from hall_queue.domain.state import Post, QueueState, Ticket
from hall_queue.domain.touched import staffed
from hall_queue.service import QueueService

if TYPE_CHECKING:
    from hall_core.http import Route
    from hall_core.kernel import Kernel


class QueueFeature(Feature):
    name = "queue"
    state_type = QueueState
    shapes = view.SHAPES
    web = Path(__file__).parent / "web"

    def __init__(self) -> None:
        self.service = QueueService()

    def commands(self) -> dict[type[Command], Callable[[Any, Any, Context], list[Event]]]:
        return {
            **tickets.DECIDERS,
            **windows.DECIDERS,
            **calling.DECIDERS,
            **absence.DECIDERS,
            **setup_rules.DECIDERS,
            **appointments.DECIDERS,
        }

    def apply(self, state: QueueState, record: Recorded) -> None:
        apply(state, record)

    def react(self, state: QueueState, record: Recorded, context: Context) -> list[Event]:
        if isinstance(record.event, DayOpened):
            return tickets.on_day_opened(state, record, context)
        return []

    def due(self, state: QueueState, context: Context) -> datetime | None:
        times = (absence.due(state, context), supervision.due(state, context))
        return min((at for at in times if at is not None), default=None)

    def time_passed(self, state: QueueState, context: Context) -> list[Event]:
        return [*absence.time_passed(state, context), *supervision.time_passed(state, context)]

    def has_clerk(self, state: QueueState, clerk_no: str) -> bool:
        return clerk_no in state.clerks

    def rows(self, state: QueueState, record: Recorded, hall_id: str) -> Iterable[Row]:
        event = record.event
        made: list[Row] = []
        for ticket_id in tickets_of(event):
            ticket = state.tickets.get(ticket_id)
            if ticket is not None:
                made.append((tables.tickets, ticket_row(hall_id, ticket, record.version)))
        for key in appointments_of(event):
            made.append((tables.appointments, appointment_row(hall_id, key, state, record.version)))
        if isinstance(event, TicketEvent):
            return made
        for number in staffed(state, record):
            post = state.posts.get(number)
            if post is not None:
                made.append((tables.windows, window_row(hall_id, post)))
        if isinstance(event, AbsencePosted):
            made.append((tables.absences, posted_row(hall_id, record.at, event)))
        elif isinstance(event, AbsenceCleared):
            made.append((tables.absences, cleared_row(hall_id, record.at, event)))
        return made

    def touched(self, state: QueueState, record: Recorded) -> Iterable[Part]:
        return view.touched(state, record)

    def parts(self) -> Sequence[str]:
        return view.PARTS

    def render(self, state: QueueState, part: Part, audience: Audience) -> Any:
        return view.render(state, part, audience)

    def routes(self) -> Sequence[Route]:
        from hall_queue.readers.routes import routes as card_routes
        from hall_queue.routes import routes

        return [*routes(self.service), *card_routes(self.service)]

    async def start(self, kernel: Kernel) -> None:
        await self.service.start(kernel)

    def jobs(self, kernel: Kernel) -> Sequence[Job]:
        when = {"hour": 3, "minute": 40}
        return (
            Job(run=self.service.forget_persons, trigger="cron", when=when),
            Job(run=self.service.forget_phones, trigger="cron", when={"hour": 3, "minute": 45}),
        )


def tickets_of(event: Event) -> tuple[str, ...]:
    """The tickets that an event changed."""
    if isinstance(event, TicketEvent):
        return (event.ticket_id,)
    if isinstance(event, TicketsRecorded):
        return tuple(entry.ticket_id for entry in event.entries)
    return ()


def appointments_of(event: Event) -> tuple[str, ...]:
    """The appointment that an event changed."""
    if isinstance(event, AppointmentEvent):
        return (event.appointment_id,)
    if isinstance(event, TicketIssued) and event.appointment is not None:
        return (event.appointment,)
    return ()


def _ms(at: datetime | None) -> int | None:
    return None if at is None else millis(at)


def ticket_row(hall_id: str, ticket: Ticket, version: int) -> tuple[Any, ...]:
    return (
        ticket.ticket_id,
        hall_id,
        ticket.day,
        ticket.queue,
        ticket.number,
        ticket.service,
        ticket.state,
        ticket.channel,
        ticket.priority,
        ticket.cases,
        ticket.window,
        ticket.clerk,
        millis(ticket.issued_at),
        _ms(ticket.called_at),
        _ms(ticket.started_at),
        _ms(ticket.ended_at),
        ticket.served_s,
        ticket.call_count,
        ticket.requeues,
        version,
    )


def appointment_row(hall_id: str, key: str, state: QueueState, version: int) -> tuple[Any, ...]:
    one = state.appointments[key]
    return (
        key,
        hall_id,
        one.day,
        one.queue,
        one.service,
        millis(one.start),
        millis(one.until),
        one.state,
        one.ticket_id,
        version,
    )


def window_row(hall_id: str, post: Post) -> tuple[Any, ...]:
    """Who stands there, whatever is called or served."""
    state = post.state if post.state in ("closed", "away") else "open"
    return (hall_id, post.setup.number, state, post.clerk)


def posted_row(hall_id: str, at: datetime, event: AbsencePosted) -> tuple[Any, ...]:
    return (
        hall_id,
        event.window,
        millis(at),
        event.clerk,
        event.reason,
        event.destination,
        event.contact,
        millis(event.expected_return),
        event.backup_clerk,
        None,
        None,
    )


def cleared_row(hall_id: str, at: datetime, event: AbsenceCleared) -> tuple[Any, ...]:
    return (
        hall_id,
        event.window,
        millis(event.since),
        event.clerk,
        event.reason,
        event.destination,
        event.contact,
        millis(event.expected_return),
        event.backup_clerk,
        millis(at),
        event.how,
    )
