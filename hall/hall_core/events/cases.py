"""The closed loop of a case: 评价—反馈—整改—监督."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from hall_core.events.alerts import AlertLevel
from hall_core.events.base import Event
from hall_core.events.evaluations import RatingLevel

CaseKind = Literal["negative_evaluation", "complaint", "unresolved"]
CaseSource = Literal["pad", "phone_page", "telephone", "opinion_box", "hotline", "window"]
CaseState = Literal["open", "assigned", "contacted", "rectifying", "appealed", "settled", "closed"]
CaseVerb = Literal[
    "assign", "contact", "settle", "rectify", "explain", "appeal", "review", "close", "reopen"
]
CaseStep = Literal["contact", "rectify", "review"]
CaseOutcome = Literal["upheld", "mistaken", "malicious"]


class CaseEvent(Event, frozen=True):
    """Something happened to a case of the closed loop (评价—反馈—整改—监督)."""

    managers_only = True
    case_id: str


class CaseOpened(CaseEvent, frozen=True):
    """A bad rating, a complaint, or a matter brought to the 办不成事 window."""

    kind: CaseKind
    source: CaseSource
    day: str  # what it is about happened then, the hall's
    due: datetime  # to contact the citizen
    escalate: datetime  # supervision is told when nobody did
    last: datetime  # to close it
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
    alert_id: str | None = None  # raised beside it, for a bad rating
    order_no: str | None = None  # 工单编号, the hotline's own


class CaseChanged(CaseEvent, frozen=True):
    """One step, with how the case stands after it."""

    command: CaseVerb
    state: CaseState
    assignee: str | None = None
    handed_on: str | None = None  # who handled it until now, and may not review it either
    due_step: CaseStep | None = None
    due: datetime | None = None
    escalate: datetime | None = None
    last: datetime | None = None  # a new last deadline (reopened); None: as before
    reached: bool | None = None  # of a contact
    contact_again: bool = False  # of a reopening: the citizen is told of the new end, too
    outcome: CaseOutcome | None = None  # claimed by an appeal, or found by a review
    appealed_by: str | None = None  # of an appeal: who may not review it
    note: str | None = None
    alert_id: str | None = None  # raised beside it: what is late from now on is the case as such


class CaseOverdue(CaseEvent, frozen=True):
    """A deadline passed. `step` None: the last one, by which the case should have been closed."""

    step: CaseStep | None
    level: AlertLevel
    alert_id: str
