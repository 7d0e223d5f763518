"""Read-model rows of ratings and cases, and a case as its row tells it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row as TableRow

from hall_core.clock import from_millis, millis
from hall_core.events import (
    CaseChanged,
    CaseOpened,
    CaseOverdue,
    EvaluationRecorded,
    EvaluationRequested,
    EvaluationWithdrawn,
    Recorded,
)
from hall_core.features import Row
from hall_evaluation import tables
from hall_evaluation.domain.cases import case_of_rating
from hall_evaluation.domain.ratings import NEGATIVE
from hall_evaluation.domain.state import Case, EvaluationState, Request


def rows(state: EvaluationState, record: Recorded, hall_id: str) -> Iterator[Row]:
    """After `record` was applied."""
    event = record.event
    match event:
        case EvaluationRequested() | EvaluationWithdrawn():
            request = state.requests[event.ticket_id]
            yield (tables.evaluation_requests, request_row(hall_id, request, record.version))
        case EvaluationRecorded():
            yield (tables.ratings, rating_row(hall_id, event, record))
        case CaseOpened() | CaseChanged() | CaseOverdue():
            case = state.cases[event.case_id]
            yield (tables.cases, case_row(hall_id, case, record.version))
            yield (tables.case_steps, step_row(hall_id, event, record))


def _ms(at: datetime | None) -> int | None:
    return None if at is None else millis(at)


def _json(values: tuple[str, ...]) -> str:
    return msgspec.json.encode(values).decode()


def request_row(hall_id: str, request: Request, version: int) -> tuple[Any, ...]:
    return (
        request.ticket_id,
        hall_id,
        request.day,
        request.number,
        request.window,
        request.clerk,
        request.service,
        request.case_no,
        int(request.real_name),
        millis(request.asked_at),
        millis(request.rate_until),
        int(request.withdrawn),
        version,
    )


def request_of(row: TableRow[Any], rated_ms: int | None) -> Request:
    """A service of an earlier day, as its row tells it."""
    return Request(
        ticket_id=row.ticket_id,
        number=row.number,
        window=row.window,
        clerk=row.clerk,
        day=row.day,
        asked_at=from_millis(row.asked_ms),
        rate_until=from_millis(row.until_ms),
        service=row.service,
        case_no=row.case_no,
        real_name=bool(row.real_name),
        rated_at=None if rated_ms is None else from_millis(rated_ms),
        withdrawn=bool(row.withdrawn),
    )


def rating_row(hall_id: str, event: EvaluationRecorded, record: Recorded) -> tuple[Any, ...]:
    return (
        event.ticket_id,
        hall_id,
        event.day,
        event.number,
        event.window,
        event.clerk,
        event.service,
        event.case_no,
        event.level,
        _json(event.reasons),
        event.channel,
        int(event.supplementary),
        int(event.real_name),
        millis(event.asked_at or record.at),
        millis(record.at),
        event.note,
        event.contact,
        case_of_rating(event.ticket_id) if event.level in NEGATIVE else None,
        record.version,
    )


def case_row(hall_id: str, case: Case, version: int) -> tuple[Any, ...]:
    return (
        case.case_id,
        hall_id,
        case.kind,
        case.source,
        case.state,
        case.day,
        millis(case.opened_at),
        case.window,
        case.clerk,
        case.service,
        case.ticket_id,
        case.number,
        case.level,
        _json(case.reasons),
        int(case.real_name),
        case.note,
        case.contact,
        case.assignee,
        case.due_step,
        _ms(case.due),
        millis(case.last),
        case.attempts,
        _ms(case.contacted_at),
        _ms(case.settled_at),
        _ms(case.closed_at),
        case.outcome,
        case.late,
        version,
        case.order_no,
    )


def case_of(row: TableRow[Any]) -> Case:
    """A case as its row tells it (without what only reminders need)."""

    def at(value: int | None) -> datetime | None:
        return None if value is None else from_millis(value)

    return Case(
        case_id=row.case_id,
        kind=row.kind,
        source=row.source,
        state=row.state,
        day=row.day,
        opened_at=from_millis(row.opened_ms),
        last=from_millis(row.last_ms),
        window=row.window,
        clerk=row.clerk,
        service=row.service,
        ticket_id=row.ticket_id,
        number=row.number,
        level=row.level,
        reasons=tuple(msgspec.json.decode(row.reasons)),
        real_name=bool(row.real_name),
        note=row.note,
        contact=row.contact,
        assignee=row.assignee,
        due_step=row.due_step,
        due=at(row.due_ms),
        attempts=row.attempts,
        contacted_at=at(row.contacted_ms),
        settled_at=at(row.settled_ms),
        closed_at=at(row.closed_ms),
        outcome=row.outcome,
        late=row.late,
        order_no=row.order_no,
    )


def step_row(
    hall_id: str, event: CaseOpened | CaseChanged | CaseOverdue, record: Recorded
) -> tuple[Any, ...]:
    """What the case's history shows of an event."""
    command, due = "overdue", None
    note = assignee = reached = outcome = None
    if isinstance(event, CaseOpened):
        command, note, due = "open", event.note, event.due
    elif isinstance(event, CaseChanged):
        command, note, due = event.command, event.note, event.due
        assignee, outcome = event.assignee, event.outcome
        reached = None if event.reached is None else int(event.reached)
    return (
        hall_id,
        record.version,
        event.case_id,
        millis(record.at),
        record.actor,
        command,
        note,
        assignee,
        reached,
        outcome,
        _ms(due),
    )
