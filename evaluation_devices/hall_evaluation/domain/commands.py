"""What may be asked of a hall's evaluation."""

from __future__ import annotations

from datetime import date

from hall_core.events import (
    CaseKind,
    CaseOutcome,
    CaseSource,
    CaseVerb,
    RatingLevel,
    SetupChanged,
)
from hall_core.features import Command
from hall_core.setup import EvaluationSettings
from hall_evaluation.domain.state import Request


class Rate(Command, frozen=True):
    """A citizen rates a service.

    Attributes:
        pad: the window of the pad it comes from; None: a phone.
        kept: the pad kept the press while it had no network.
        past: the service as the tables tell it, for one of an earlier day.
        note, contact: ids of the side-table rows that go along.
    """

    ticket_id: str
    level: RatingLevel
    reasons: tuple[str, ...] = ()
    pad: int | None = None
    kept: bool = False
    past: Request | None = None
    note: str | None = None
    contact: str | None = None


class LearnSetup(Command, frozen=True):
    """What a hall was set up with before it had ratings: it is told once more."""

    setup: SetupChanged


class ChangeEvaluationSettings(Command, frozen=True):
    """`version`: of the settings that were changed, as they were shown; None: nobody says."""

    settings: EvaluationSettings
    version: str | None = None


class NewCase(Command, frozen=True):
    """A complaint, or a matter brought to the 办不成事 window.

    Attributes:
        day: when it happened.
        order_no: the hotline's own number of it.
        where: starts the names of its fields in problems, "rows[3]." of a list.
    """

    case_id: str
    kind: CaseKind
    source: CaseSource
    note: str
    window: int | None = None
    clerk: str | None = None
    service: str | None = None
    day: str | None = None
    contact: str | None = None
    order_no: str | None = None
    where: str = ""


class OpenCases(Command, frozen=True):
    """All of them or none. `former_windows` are those that the hall had once."""

    cases: tuple[NewCase, ...]
    former_windows: frozenset[int] = frozenset()


class HandleCase(Command, frozen=True):
    """A step of a case.

    Attributes:
        me: the name of who acts, as assignees are named.
        to: whom to assign it to.
        reached: whether the citizen was reached.
        due: the last day to rectify.
        outcome: "settled" of a contact that settled it, or what an appeal claims and a review
            finds.
    """

    case_id: str
    verb: CaseVerb
    me: str
    to: str | None = None
    reached: bool | None = None
    due: date | None = None
    outcome: CaseOutcome | None = None
    settled: bool = False
    note: str | None = None
