"""What screens and counters see: rendered parts of the state, so that no page re-implements a rule.

Public audiences get numbers only. Staff additionally get what a counter needs: the ticket, people
on hold, who is signed in, which commands are possible. A pad sees its own window only.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, Final

from hall_core.features import Audience, Part
from hall_core.sessions import HORIZON_DAYS
from hall_core.setup import Service, Session
from hall_core.workdays import CalendarDay
from hall_queue.domain import order
from hall_queue.domain.calling import missed_is_void, no_show_wait_s
from hall_queue.domain.shapes import (
    AbsenceView,
    ClerkCard,
    ClerkName,
    LineEntry,
    QueueView,
    RulesView,
    ServiceView,
    SessionView,
    TicketDetail,
    TicketView,
    UndoView,
    WindowView,
)
from hall_queue.domain.state import Absence, Line, Post, QueueState, Ticket
from hall_queue.domain.supervision import presence
from hall_queue.domain.table import possible_now
from hall_queue.domain.touched import touched

__all__ = ["PARTS", "line_view", "render", "ticket_view", "touched", "window_view"]

PARTS: Final = ("windows", "queues", "services", "setup")
SHAPES: Final[dict[str, Any]] = {
    "windows": list[WindowView],
    "queues": list[QueueView],
    "services": list[ServiceView],
    "setup": RulesView,
}


def render(state: QueueState, part: Part, audience: Audience) -> Any:
    """One entry (None when it is gone), or with key None the whole list."""
    name, key = part
    return _RENDER[name](state, key, audience)


# --- windows -----------------------------------------------------------------------------------


def _windows(state: QueueState, key: Any, audience: Audience) -> Any:
    if key is None:
        numbers = [audience.window] if audience.kind == "pad" else sorted(state.posts)
        return [
            window_view(state, state.posts[number], audience)
            for number in numbers
            if number in state.posts
        ]
    post = state.posts.get(key)
    if post is None or (audience.kind == "pad" and key != audience.window):
        return None
    return window_view(state, post, audience)


def window_view(state: QueueState, post: Post, audience: Audience) -> WindowView:
    setup = post.setup
    ticket = state.tickets.get(post.ticket) if post.ticket is not None else None
    view: WindowView = {
        "number": setup.number,
        "name": setup.name,
        "name_en": setup.name_en,
        "type": setup.kind,
        "state": post.state,
        "since": post.since,
        "ticket": ticket.number if ticket is not None else None,
        "clerk": _clerk_card(state, post.clerk),
        "absence": None if post.absence is None else _notice(state, post.absence),
        "queues": [queue.prefix for queue in setup.queues],
        "services": _services_at(state, post),
        "phone": setup.phone,
        "low_counter": setup.low_counter,
        "zone": setup.zone,
        "covered_by": post.covered_by,
        "covers": post.covers,
    }
    if audience.is_staff:
        view["held"] = [state.tickets[ticket_id].number for ticket_id in post.held]
        view["absences_before"] = [_notice(state, absence) for absence in post.absences_before]
        view["signed_in"] = [_clerk_name(state, clerk_no) for clerk_no in post.signed_in]
        view["ticket_detail"] = _ticket_detail(state, ticket) if ticket is not None else None
        view["undo"] = _undo(state, post)
        view["can_no_show_at"] = _can_no_show_at(state, ticket) if ticket is not None else None
        view["commands"] = possible_now(state, post)
    if audience.kind == "manager":
        view["presence"] = presence(post)
    return view


def _services_at(state: QueueState, post: Post) -> list[str]:
    prefixes = {queue.prefix for queue in post.setup.queues}
    return [service.name for service in state.services.values() if service.prefix in prefixes]


def _clerk_card(state: QueueState, clerk_no: str | None) -> ClerkCard | None:
    """What the window's screen shows of its clerk."""
    if clerk_no is None:
        return None
    clerk = state.clerks.get(clerk_no)
    return {
        "clerk_no": clerk_no,
        "name": clerk.name if clerk else "",
        "title": clerk.title if clerk else "",
        "stars": clerk.stars if clerk else 0,
        "photo": clerk.photo if clerk else "",
    }


def _clerk_name(state: QueueState, clerk_no: str) -> ClerkName:
    clerk = state.clerks.get(clerk_no)
    return {"clerk_no": clerk_no, "name": clerk.name if clerk else ""}


def _notice(state: QueueState, absence: Absence) -> AbsenceView:
    clerk = state.clerks.get(absence.clerk or "")
    backup = absence.backup_clerk
    return {
        "reason": absence.reason,
        "destination": absence.destination,
        "contact": absence.contact,
        "expected_return": absence.expected_return,
        "backup_clerk": _clerk_name(state, backup) if backup is not None else None,
        "since": absence.since,
        "clerk_no": absence.clerk,
        "clerk_name": clerk.name if clerk else "",
        "overdue_steps": absence.steps,
    }


def _ticket_detail(state: QueueState, ticket: Ticket) -> TicketDetail:
    return {
        "ticket_id": ticket.ticket_id,
        "number": ticket.number,
        "queue": ticket.queue,
        "service": _service_name(state, ticket),
        "priority": ticket.priority,
        "cases": ticket.cases,
        "call_count": ticket.call_count,
        "called_at": ticket.called_at,
        "started_at": ticket.started_at,
        "issued_at": ticket.issued_at,
        "requeues": ticket.requeues,
    }


def _service_name(state: QueueState, ticket: Ticket) -> str:
    service = state.services.get(ticket.service) if ticket.service is not None else None
    return service.name if service else ""


def _undo(state: QueueState, post: Post) -> UndoView | None:
    last = post.last_step
    if last is None:
        return None
    until = last.at + timedelta(seconds=state.settings.undo_s)
    return {"step": last.step, "number": last.number, "until": until}


def _can_no_show_at(state: QueueState, ticket: Ticket) -> datetime | None:
    """When a called person may be called missed; None while more calls are needed."""
    settings = state.settings
    if ticket.state != "called" or ticket.called_at is None:
        return None
    if settings.no_show_wait and ticket.call_count < settings.no_show_after_calls:
        return None
    return ticket.called_at + timedelta(seconds=no_show_wait_s(state, ticket))


# --- queues ------------------------------------------------------------------------------------


def _queues(state: QueueState, key: Any, audience: Audience) -> Any:
    if audience.kind == "pad":  # told of its own window only: figures would stand still
        return [] if key is None else None
    if key is None:
        return [queue_view(state, line, audience) for line in state.lines.values()]
    line = state.lines.get(key)
    return None if line is None else queue_view(state, line, audience)


def queue_view(state: QueueState, line: Line, audience: Audience) -> QueueView:
    setup = line.setup
    full = setup.daily_limit is not None and line.issued >= setup.daily_limit
    view: QueueView = {
        "prefix": setup.prefix,
        "name": setup.name,
        "name_en": setup.name_en,
        "waiting": order.waiting_in(state, line),
        "open_windows": line.windows.copy(),
        # What stops with the clock (opening times, closing) comes with the waiting times.
        "stopped": "daily_limit" if full else None,
    }
    if audience.is_staff:
        view["green"] = len(line.green)
    return view


# --- services and setup ------------------------------------------------------------------------


def _services(state: QueueState, key: Any, audience: Audience) -> list[ServiceView]:
    return [_service(service) for service in state.services.values()]


def _service(service: Service) -> ServiceView:
    return {
        "id": service.id,
        "name": service.name,
        "name_en": service.name_en,
        "prefix": service.prefix,
        "minutes": service.minutes,
        "case_type": service.case_type,
        "id_required": service.id_required,
        "green": service.green,
        "extended": service.extended,
        "group": service.group,
    }


def _setup(state: QueueState, key: Any, audience: Audience) -> RulesView:
    """The hall's rules that pages and printed tickets state."""
    settings = state.settings
    return {
        "week": {day: _sessions(sessions) for day, sessions in sorted(settings.week.items())},
        "queue_sessions": {
            prefix: _sessions(line.setup.sessions)
            for prefix, line in state.lines.items()
            if line.setup.sessions is not None
        },
        "days": _days(state),
        "pin_required": settings.pin_required,
        "absence_reasons": list(settings.absence_reasons),
        "quick_absence_reason": settings.quick_absence_reason,
        "quick_absence_min": settings.quick_absence_min,
        "missed_ticket": "void" if missed_is_void(settings) else "parked",
        "requeue_back": settings.requeue_back,
        "requeue_limit": settings.requeue_limit,
        "recall_limit": settings.recall_limit,
        "no_show_wait": settings.no_show_wait,
        "no_show_after_calls": settings.no_show_after_calls,
        "no_show_after_s": settings.no_show_after_s,
        "no_show_after_green_s": settings.no_show_after_green_s,
        "tickets_per_person": settings.tickets_per_person,
        "green_age": settings.green_age,
        "greens_after_ordinary": settings.greens_after_ordinary,
        "undo_s": settings.undo_s,
        "appointment_slot_min": settings.appointment_slot_min,
        "appointment_early_min": settings.appointment_early_min,
        "appointment_late_min": settings.appointment_late_min,
        "public_url": settings.public_url,
    }


def _days(state: QueueState) -> dict[date, CalendarDay]:
    """Announced days as far ahead as an opening is looked for and appointments are made."""
    if not state.day or not state.settings.closed_on_holidays:
        return {}
    first = date.fromisoformat(state.day)
    last = first + timedelta(days=HORIZON_DAYS)
    return {day: told for day, told in state.calendar.items() if first <= day <= last}


def _sessions(sessions: tuple[Session, ...]) -> list[SessionView]:
    return [
        {"start": s.start, "until": s.until, "by_appointment": s.by_appointment} for s in sessions
    ]


_RENDER: Final[dict[str, Callable[[QueueState, Any, Audience], Any]]] = {
    "windows": _windows,
    "queues": _queues,
    "services": _services,
    "setup": _setup,
}


# --- tickets -----------------------------------------------------------------------------------


def ticket_view(state: QueueState, ticket: Ticket) -> TicketView:
    """A ticket of today. The wait is added by who can forecast."""
    return {
        "ticket_id": ticket.ticket_id,
        "number": ticket.number,
        "queue": ticket.queue,
        "state": ticket.state,
        "day": ticket.day,
        "service": ticket.service,
        "service_name": _service_name(state, ticket),
        "channel": ticket.channel,
        "priority": ticket.priority,
        "cases": ticket.cases,
        "issued_at": ticket.issued_at,
        "called_at": ticket.called_at,
        "started_at": ticket.started_at,
        "ended_at": ticket.ended_at,
        "call_count": ticket.call_count,
        "window": ticket.window,
        "clerk_no": ticket.clerk,
        "requeues": ticket.requeues,
        "parked": ticket.parked,
        "ahead": order.ahead(state, ticket) if ticket.state == "waiting" else 0,
    }


def line_view(state: QueueState, window: int, limit: int = 30) -> list[LineEntry]:
    """Whom a counter calls next, in order, each with the reason."""
    return [
        {
            "number": ticket.number,
            "reason": reason,
            "service": _service_name(state, ticket),
            "issued_at": ticket.issued_at,
            "priority": ticket.priority,
            "ticket_id": ticket.ticket_id,
            "requeues": ticket.requeues,
        }
        for ticket, reason in islice(order.line(state, window), limit)
    ]
