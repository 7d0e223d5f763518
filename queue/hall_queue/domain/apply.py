"""Folding events into the state: the only place that changes it.

Nothing here decides and nothing fails on what was decided. Events of other features are passed
over, except those that the queue must know: a rating (it ends undo), alerts about windows (their
steps are counted) and what cameras see in the windows' zones.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from hall_core.events import (
    AlertChanged,
    AlertRaised,
    CalendarTold,
    DayOpened,
    EvaluationRecorded,
    Event,
    Recorded,
    SetupChanged,
)
from hall_queue.domain import (
    apply_supervision,
    apply_tickets,
    apply_windows,
    appointments,
    order,
)
from hall_queue.domain.absence import LEVELS, window_of_alert
from hall_queue.domain.numbers import count_of
from hall_queue.domain.state import Line, Post, QueueState


def apply(state: QueueState, record: Recorded) -> None:
    """Fold one event into the state; events that are none of the queue's are passed over."""
    fold = _FOLDS.get(type(record.event))
    if fold is not None:
        fold(state, record.event, record)
        _note_waiting(state, record.at)


def _note_waiting(state: QueueState, at: datetime) -> None:
    """Since when people have been waiting in each queue, and for each window, without a gap."""
    noted = state.waited_since
    for prefix, line in state.lines.items():
        if line.ordinary or line.green:
            if prefix not in noted:
                noted[prefix] = at
        elif prefix in noted:
            del noted[prefix]
    if state.for_window or state.sought_since:
        sought = state.sought_since
        state.sought_since = {window: sought.get(window, at) for window in state.for_window}


# --- the hall ----------------------------------------------------------------------------------


def _setup_changed(state: QueueState, event: SetupChanged, record: Recorded) -> None:
    """Windows and lines at work keep what is going on there."""
    state.setup_version = record.version
    if event.settings is not None:
        _settings_changed(state, event)
    for queue in event.queues:
        line = state.lines.get(queue.prefix)
        if line is None:
            used = _used_today(state, queue.prefix)
            state.lines[queue.prefix] = Line(setup=queue, issued=used)
        else:
            line.setup = queue
    for service in event.services:
        state.services[service.id] = service
    for window in event.windows:
        post = state.posts.get(window.number)
        if post is None:
            every = state.settings.greens_after_ordinary  # a first green is allowed at once
            state.posts[window.number] = Post(setup=window, ordinary_since_green=every)
        else:
            post.setup = window
    for clerk in event.clerks:
        state.clerks[clerk.clerk_no] = clerk
        state.removed_clerks.pop(clerk.clerk_no, None)
    for prefix in event.removed_queues:
        state.lines.pop(prefix, None)
    for service_id in event.removed_services:
        state.services.pop(service_id, None)
    for number in event.removed_windows:
        state.posts.pop(number, None)
    for clerk_no in event.removed_clerks:
        state.clerks.pop(clerk_no, None)
    state.removed_clerks.update((clerk.clerk_no, clerk.name) for clerk in event.former_clerks)
    order.refresh_windows(state)


def _settings_changed(state: QueueState, event: SetupChanged) -> None:
    assert event.settings is not None
    before = state.settings.greens_after_ordinary
    after = event.settings.greens_after_ordinary
    state.settings = event.settings
    for post in state.posts.values():
        if post.ordinary_since_green >= before:  # a green was allowed, and stays so
            post.ordinary_since_green = max(post.ordinary_since_green, after)


def _calendar_told(state: QueueState, event: CalendarTold, record: Recorded) -> None:
    state.calendar = event.days


def _used_today(state: QueueState, prefix: str) -> int:
    """A queue that was removed and comes back the same day does not give numbers twice."""
    counts = (count_of(prefix, number) for number in state.numbers)
    return max((count for count in counts if count is not None), default=0)


def _day_opened(state: QueueState, event: DayOpened, record: Recorded) -> None:
    """Numbers start again; what ended is dropped, what is open is decided by `on_day_opened`."""
    apply_supervision.day_ended(state, record.at)
    state.day = event.day
    state.numbers = {}
    state.tickets = {
        ticket_id: ticket for ticket_id, ticket in state.tickets.items() if ticket.is_open
    }
    holders: dict[str, list[str]] = {}
    for ticket in state.tickets.values():
        if ticket.holder is not None:
            holders.setdefault(ticket.holder, []).append(ticket.ticket_id)
    state.holders = holders
    appointments.forget_past(state, record.at)
    for line in state.lines.values():
        line.issued = 0
    for post in state.posts.values():
        post.last_step = None


# --- what others say ---------------------------------------------------------------------------


def _evaluation_recorded(state: QueueState, event: EvaluationRecorded, record: Recorded) -> None:
    ticket = state.tickets.get(event.ticket_id)
    if ticket is not None:
        ticket.rated = True


def _alert_raised(state: QueueState, event: AlertRaised, record: Recorded) -> None:
    post = state.posts.get(event.window) if event.window is not None else None
    if post is None:
        return
    if event.kind != "absence_overdue":
        apply_supervision.raised(post, event, record)
        return
    for absence in post.notices:
        if absence.clerk == event.clerk:
            absence.alert_id = event.alert_id
            absence.steps = 1


def _alert_changed(state: QueueState, event: AlertChanged, record: Recorded) -> None:
    apply_supervision.changed(state, event, record)
    number = window_of_alert(event.alert_id)
    post = state.posts.get(number) if number is not None else None
    for absence in post.notices if post is not None else ():
        if absence.alert_id != event.alert_id:
            continue
        if event.state in ("open", "acknowledged"):
            absence.steps = max(absence.steps, LEVELS.index(event.level) + 1)
        else:  # a person has dealt with it: no further steps, nothing left to close
            absence.steps = len(LEVELS)
            absence.alert_id = None


Fold = Callable[[QueueState, Any, Recorded], None]

_FOLDS: Final[dict[type[Event], Fold]] = {
    SetupChanged: _setup_changed,
    CalendarTold: _calendar_told,
    DayOpened: _day_opened,
    EvaluationRecorded: _evaluation_recorded,
    AlertRaised: _alert_raised,
    AlertChanged: _alert_changed,
    **apply_tickets.FOLDS,
    **apply_windows.FOLDS,
    **apply_supervision.FOLDS,
    **appointments.FOLDS,
}
