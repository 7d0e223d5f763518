"""What a hall's evaluation is made of: the slice of state that `hall_evaluation` owns.

Structs here are mutable and are changed only by `apply.py`. Services of earlier days, and cases
that were closed too long ago to be reopened, are not in here: they are looked up in the tables by
who needs them.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from hall_core.events import CaseKind, CaseOutcome, CaseSource, CaseState, CaseStep, RatingLevel
from hall_core.setup import Clerk, EvaluationSettings, RatingReason


class Request(msgspec.Struct, kw_only=True):
    """A service that ended for good: its citizen was asked, and may rate it once."""

    ticket_id: str
    number: str
    window: int
    clerk: str
    day: str  # of the service
    asked_at: datetime
    rate_until: datetime  # an ordinary rating may come until then
    service: str | None = None
    case_no: str | None = None
    real_name: bool = False  # the ticket was taken with an ID
    rated_at: datetime | None = None
    withdrawn: bool = False  # the finish was undone: not to be rated until it ends again


class Question(msgspec.Struct, kw_only=True):
    """What a window's pad asks now."""

    ticket_id: str
    asked_at: datetime
    until: datetime


class Case(msgspec.Struct, kw_only=True):
    """A case of the closed loop that is open, or may still be reopened."""

    case_id: str
    kind: CaseKind
    source: CaseSource
    day: str
    opened_at: datetime
    last: datetime  # to close it
    state: CaseState = "open"
    window: int | None = None
    clerk: str | None = None
    service: str | None = None
    ticket_id: str | None = None
    number: str | None = None
    level: RatingLevel | None = None
    reasons: tuple[str, ...] = ()
    real_name: bool = False
    note: str | None = None
    contact: str | None = None
    order_no: str | None = None  # 工单编号, the hotline's own
    assignee: str | None = None
    earlier_assignees: tuple[str, ...] = ()
    due_step: CaseStep | None = None
    due: datetime | None = None
    escalate: datetime | None = None
    attempts: int = 0
    contacted_at: datetime | None = None  # first reached
    contact_again: bool = False  # not reached yet since the case was reopened
    earlier_attempts: int = 0  # before it was reopened
    settled_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: CaseOutcome | None = None  # of a review
    before_appeal: CaseState | None = None
    appealed_by: str | None = None
    late: int = 0  # deadlines that passed before their step was done
    # Reminders: who was told that `due` passed (0 nobody, 1 the hall, 2 supervision), whether
    # `last` did, and the alerts that are still open.
    told: int = 0
    told_last: bool = False
    overdue_alert: str | None = None
    negative_alert: str | None = None


class EvaluationState(msgspec.Struct, kw_only=True):
    """The whole slice."""

    day: str = ""
    clock_doubted: bool = False  # no deadline passes until a person says what time it is
    settings: EvaluationSettings = msgspec.field(default_factory=EvaluationSettings)
    removed_reasons: dict[str, RatingReason] = {}
    clerks: dict[str, Clerk] = {}
    services: dict[str, str] = {}  # id -> name
    windows: dict[int, str] = {}  # number -> kind
    at: dict[int, str] = {}  # window -> the clerk who is there; absent: closed
    named: dict[str, str] = {}  # tickets that were taken with an ID -> their day
    requests: dict[str, Request] = {}  # by ticket: today's, and those of the last hour
    questions: dict[int, Question] = {}  # by window
    cases: dict[str, Case] = {}
