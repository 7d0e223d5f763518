"""Folding events into the state: the only place that changes it.

Nothing here decides and nothing fails on what was decided.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from hall_core.events import (
    ENDED_ALERTS,
    AlertChanged,
    CaseChanged,
    CaseOpened,
    CaseOverdue,
    ClockConfirmed,
    ClockDoubted,
    DayOpened,
    EvaluationLapsed,
    EvaluationRecorded,
    EvaluationRequested,
    EvaluationSettingsChanged,
    EvaluationWithdrawn,
    Event,
    Recorded,
    SetupChanged,
    TicketCalled,
    TicketIssued,
    WindowClosed,
    WindowHandedOver,
    WindowOpened,
)
from hall_evaluation.domain.deadlines import REOPEN_FOR
from hall_evaluation.domain.state import Case, EvaluationState, Question, Request

KEPT_OVER_MIDNIGHT = timedelta(hours=1)
"""A service asked about or rated so short before midnight stays in the state: an undo may follow,
or a second press that was looked up in the tables before the first was in them."""


def apply(state: EvaluationState, record: Recorded) -> None:
    """Fold one event into the state; events that do not concern it are passed over."""
    fold = FOLDS.get(type(record.event))
    if fold is not None:
        fold(state, record.event, record)


def _shared(event: Event, struct: type[Request | Case]) -> dict[str, Any]:
    """What an event says of a service or case: the fields that have the same names."""
    names = set(struct.__struct_fields__) & set(event.__struct_fields__)
    return {name: getattr(event, name) for name in names}


def settled_until(question: Question, hold_s: int) -> datetime:
    """How long a question stays when somebody else is called."""
    return min(question.until, question.asked_at + timedelta(seconds=hold_s))


# --- the hall ----------------------------------------------------------------------------------


def _setup_changed(state: EvaluationState, event: SetupChanged, record: Recorded) -> None:
    for clerk in event.clerks:
        state.clerks[clerk.clerk_no] = clerk
    for service in event.services:
        state.services[service.id] = service.name
    for window in event.windows:
        state.windows[window.number] = window.kind
    for number in event.removed_windows:
        state.windows.pop(number, None)
        state.at.pop(number, None)
    # Names of clerks and services stay: cases and ratings go on speaking of them.


def _settings_changed(
    state: EvaluationState, event: EvaluationSettingsChanged, record: Recorded
) -> None:
    state.settings = event.settings
    state.removed_reasons.update((reason.id, reason) for reason in event.removed_reasons)


def _day_opened(state: EvaluationState, event: DayOpened, record: Recorded) -> None:
    before, state.day = state.day, event.day
    asked = {question.ticket_id for question in state.questions.values()}
    oldest = record.at - KEPT_OVER_MIDNIGHT
    state.requests = {
        ticket_id: request
        for ticket_id, request in state.requests.items()
        if ticket_id in asked or (request.rated_at or request.asked_at) > oldest
    }
    # Who is being served over midnight is finished tomorrow.
    state.named = {ticket_id: day for ticket_id, day in state.named.items() if day == before}
    longest = record.at - REOPEN_FOR
    state.cases = {
        key: case
        for key, case in state.cases.items()
        if case.closed_at is None or case.closed_at > longest
    }


def _clock_doubted(state: EvaluationState, event: ClockDoubted, record: Recorded) -> None:
    state.clock_doubted = True


def _clock_confirmed(state: EvaluationState, event: ClockConfirmed, record: Recorded) -> None:
    state.clock_doubted = False


def _here(state: EvaluationState, event: WindowOpened | WindowHandedOver, record: Recorded) -> None:
    state.at[event.window] = event.clerk


def _closed(state: EvaluationState, event: WindowClosed, record: Recorded) -> None:
    state.at.pop(event.window, None)


# --- questions and ratings ---------------------------------------------------------------------


def _issued(state: EvaluationState, event: TicketIssued, record: Recorded) -> None:
    if event.holder is not None:
        state.named[event.ticket_id] = event.day


def _called(state: EvaluationState, event: TicketCalled, record: Recorded) -> None:
    question = state.questions.get(event.window)
    if question is not None:
        question.until = settled_until(question, state.settings.hold_s)


def _requested(state: EvaluationState, event: EvaluationRequested, record: Recorded) -> None:
    # Events of before this feature carry no times: those services can't be rated any more.
    until = event.until or record.at
    times = {"asked_at": record.at, "rate_until": event.rate_until or until}
    state.requests[event.ticket_id] = Request(**_shared(event, Request) | times)
    state.questions[event.window] = Question(
        ticket_id=event.ticket_id, asked_at=record.at, until=until
    )


def _lapsed(state: EvaluationState, event: EvaluationLapsed, record: Recorded) -> None:
    _no_longer_asked(state, event.window, event.ticket_id)


def _withdrawn(state: EvaluationState, event: EvaluationWithdrawn, record: Recorded) -> None:
    _no_longer_asked(state, event.window, event.ticket_id)
    state.requests[event.ticket_id].withdrawn = True


def _recorded(state: EvaluationState, event: EvaluationRecorded, record: Recorded) -> None:
    _no_longer_asked(state, event.window, event.ticket_id)
    times = {
        "asked_at": event.asked_at or record.at,
        "rate_until": event.rate_until or record.at,
        "rated_at": record.at,
    }
    state.requests[event.ticket_id] = Request(**_shared(event, Request) | times)


def _no_longer_asked(state: EvaluationState, window: int, ticket_id: str) -> None:
    question = state.questions.get(window)
    if question is not None and question.ticket_id == ticket_id:
        del state.questions[window]


# --- cases -------------------------------------------------------------------------------------


def _case_opened(state: EvaluationState, event: CaseOpened, record: Recorded) -> None:
    state.cases[event.case_id] = Case(
        **_shared(event, Case),
        opened_at=record.at,
        due_step="contact",
        negative_alert=event.alert_id,
    )


def _case_changed(state: EvaluationState, event: CaseChanged, record: Recorded) -> None:
    case = state.cases[event.case_id]
    before = case.state
    case.state, case.assignee = event.state, event.assignee
    if event.handed_on is not None and event.handed_on not in case.earlier_assignees:
        case.earlier_assignees = (*case.earlier_assignees, event.handed_on)
    if (case.due_step, case.due) != (event.due_step, event.due):
        case.told = 0
    case.due_step, case.due, case.escalate = event.due_step, event.due, event.escalate
    if event.alert_id is not None:
        case.overdue_alert = event.alert_id
    if event.last is not None:
        case.last, case.told_last = event.last, False
    if event.command == "contact":
        case.attempts += 1
        if event.reached:
            case.contact_again = False
            case.contacted_at = case.contacted_at or record.at
    elif event.command == "appeal":
        case.before_appeal, case.appealed_by = before, event.appealed_by
    elif event.command == "review":
        case.before_appeal, case.outcome = None, event.outcome
    if event.state == "settled" and before != "settled":
        case.settled_at = record.at
    if event.contact_again:
        case.contact_again, case.earlier_attempts = True, case.attempts
    if event.state == "closed":
        case.closed_at = record.at
    elif event.command == "reopen":
        case.settled_at = case.closed_at = case.outcome = None


def _case_overdue(state: EvaluationState, event: CaseOverdue, record: Recorded) -> None:
    case = state.cases[event.case_id]
    case.overdue_alert = event.alert_id
    if case.told == 0:
        case.late += 1
    if event.step is None:
        case.told_last = True
    else:
        case.told = 2 if event.level == "supervision" else 1


def _alert_changed(state: EvaluationState, event: AlertChanged, record: Recorded) -> None:
    """A person dealt with an alert: nothing is left to close there."""
    if event.state not in ENDED_ALERTS:
        return
    for case in state.cases.values():
        if case.overdue_alert == event.alert_id:
            case.overdue_alert = None
        if case.negative_alert == event.alert_id:
            case.negative_alert = None


FOLDS: Final[dict[type[Event], Callable[[EvaluationState, Any, Recorded], None]]] = {
    SetupChanged: _setup_changed,
    EvaluationSettingsChanged: _settings_changed,
    DayOpened: _day_opened,
    ClockDoubted: _clock_doubted,
    ClockConfirmed: _clock_confirmed,
    WindowOpened: _here,
    WindowHandedOver: _here,
    WindowClosed: _closed,
    TicketIssued: _issued,
    TicketCalled: _called,
    EvaluationRequested: _requested,
    EvaluationLapsed: _lapsed,
    EvaluationWithdrawn: _withdrawn,
    EvaluationRecorded: _recorded,
    CaseOpened: _case_opened,
    CaseChanged: _case_changed,
    CaseOverdue: _case_overdue,
    AlertChanged: _alert_changed,
}
