"""What pads, phones and the people who handle cases see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from hall_core.events import (
    AlertLevel,
    CaseKind,
    CaseSource,
    CaseState,
    CaseStep,
    CaseVerb,
    EvaluationLapsed,
    EvaluationRecorded,
    EvaluationRequested,
    EvaluationSettingsChanged,
    EvaluationWithdrawn,
    Event,
    RatingLevel,
    Recorded,
    SetupChanged,
    TicketCalled,
)
from hall_core.features import Audience, Part
from hall_core.setup import EvaluationSettings, RatingReason
from hall_evaluation.domain.state import Case, EvaluationState

PARTS: Final = ("questions", "pad")
Token = Callable[[str], str]
"""Makes a citizen's token of a ticket id."""


class ClerkCard(msgspec.Struct, frozen=True):
    """What a citizen sees of the clerk."""

    clerk_no: str
    name: str
    title: str
    stars: int
    photo: str


class PadRules(msgspec.Struct, frozen=True):
    """The hall's settings as a pad needs them."""

    ask_s: int
    hold_s: int
    thanks_s: int
    mode: str
    url: str
    reasons: tuple[RatingReason, ...]
    free_text: bool
    voice: str


class QuestionView(msgspec.Struct, frozen=True):
    """What the pad of a window asks now."""

    window: int
    number: str
    token: str
    clerk: ClerkCard
    service: str | None
    asked_at: datetime
    until: datetime


class ClerkName(msgspec.Struct, frozen=True):
    clerk_no: str
    name: str


class Due(msgspec.Struct, frozen=True):
    """The next deadline of a case."""

    step: CaseStep
    at: datetime
    overdue: bool


class Contact(msgspec.Struct, frozen=True):
    """Whom to call back; masked in lists."""

    name: str
    phone: str


class CaseView(msgspec.Struct, kw_only=True):
    """A case as lists show it."""

    case_id: str
    hall: str
    kind: CaseKind
    source: CaseSource
    state: CaseState
    opened_at: datetime
    day: str
    window: int | None
    clerk: ClerkName | None
    service: str | None
    number: str | None
    order_no: str | None  # 工单编号, the hotline's own
    level: RatingLevel | None
    reasons: list[str]
    reasons_en: list[str]  # in Chinese where there is no English
    text: str
    assignee: str | None
    real_name: bool
    contact: Contact | None
    due: Due | None
    last_due: datetime
    overdue: bool  # a step, or the case as a whole
    late: int  # deadlines that passed so far
    attempts: int
    contacted_at: datetime | None
    settled_at: datetime | None
    closed_at: datetime | None
    outcome: str | None


class StepView(msgspec.Struct, kw_only=True):
    """What was done about a case, and when. Of `overdue`: `late` is what should have been done
    by then (`last`: all of it), `told` who was reminded."""

    at: datetime
    actor: str
    command: str
    text: str
    assignee: str | None
    reached: bool | None
    outcome: str | None
    due: datetime | None
    late: CaseStep | Literal["last"] | None
    told: AlertLevel | None


class CaseDetail(CaseView, kw_only=True):
    """A case with its history, and what the caller may do about it now."""

    steps: list[StepView]
    commands: list[CaseVerb]


# --- pads --------------------------------------------------------------------------------------


def touched(state: EvaluationState, record: Recorded) -> Iterator[Part]:
    """Parts that an event changed."""
    event: Event = record.event
    match event:
        case EvaluationRequested() | EvaluationLapsed() | EvaluationWithdrawn():
            yield ("questions", event.window)
        case EvaluationRecorded():
            yield ("questions", event.window)
        case TicketCalled() if event.window in state.questions:
            yield ("questions", event.window)
        case EvaluationSettingsChanged():
            yield ("pad", None)
        case SetupChanged() if event.clerks or event.services:
            for window in state.questions:
                yield ("questions", window)


def render(state: EvaluationState, part: Part, audience: Audience, token: Token) -> Any:
    """One entry, or with key None the whole list. Only for the pads of a window."""
    if audience.kind != "pad" or audience.window is None:
        return None
    name, window = part
    if name == "pad":
        return pad_rules(state)
    if window is None:
        return [question_view(state, audience.window, token)] if _asks(state, audience) else []
    if window != audience.window:
        return None
    if not _asks(state, audience):
        return {"window": window, "removed": True}
    return question_view(state, window, token)


def _asks(state: EvaluationState, audience: Audience) -> bool:
    return audience.window in state.questions


def question_view(state: EvaluationState, window: int, token: Token) -> QuestionView:
    question = state.questions[window]
    request = state.requests[question.ticket_id]
    return QuestionView(
        window=window,
        number=request.number,
        token=token(request.ticket_id),
        clerk=clerk_card(state, request.clerk),
        service=service_name(state, request.service),
        asked_at=question.asked_at,
        until=question.until,
    )


def pad_rules(state: EvaluationState) -> PadRules:
    rules = state.settings
    return PadRules(
        ask_s=rules.ask_s,
        hold_s=rules.hold_s,
        thanks_s=rules.thanks_s,
        mode=rules.mode,
        url=rules.url,
        reasons=rules.reasons,
        free_text=rules.free_text,
        voice=rules.voice,
    )


def clerk_card(state: EvaluationState, clerk_no: str) -> ClerkCard:
    clerk = state.clerks.get(clerk_no)
    if clerk is None:
        return ClerkCard(clerk_no, "", "", 0, "")
    return ClerkCard(clerk_no, clerk.name, clerk.title, clerk.stars, clerk.photo)


def service_name(state: EvaluationState, service: str | None) -> str | None:
    """The item's name; its id, when the hall has it no more."""
    return None if service is None else state.services.get(service, service)


def reasons_of(state: EvaluationState, ids: Iterable[str]) -> list[RatingReason]:
    """In the words of today, or in its last ones, when the hall has a reason no more."""
    known = ever_reasons(state)
    return [known.get(each) or RatingReason(id=each, text=each) for each in ids]


def ever_reasons(state: EvaluationState) -> dict[str, RatingReason]:
    """All that a rating of the hall may name: those of the start, removed ones, those of today."""
    first = {reason.id: reason for reason in EvaluationSettings().reasons}
    return first | state.removed_reasons | {each.id: each for each in state.settings.reasons}


# --- cases -------------------------------------------------------------------------------------


def case_view(
    state: EvaluationState,
    case: Case,
    hall_id: str,
    now: datetime,
    text: str,
    contact: Contact | None,
) -> CaseView:
    """`text` and `contact` come from the side tables, as much of them as may be seen."""
    due = None
    if case.due is not None and case.due_step is not None:
        due = Due(case.due_step, case.due, case.due <= now)
    said = reasons_of(state, case.reasons)
    is_late = case.state != "closed" and (case.last <= now or (due is not None and due.overdue))
    return CaseView(
        case_id=case.case_id,
        hall=hall_id,
        kind=case.kind,
        source=case.source,
        state=case.state,
        opened_at=case.opened_at,
        day=case.day,
        window=case.window,
        clerk=clerk_name(state, case.clerk),
        service=service_name(state, case.service),
        number=case.number,
        order_no=case.order_no,
        level=case.level,
        reasons=[reason.text for reason in said],
        reasons_en=[reason.text_en or reason.text for reason in said],
        text=text,
        assignee=case.assignee,
        real_name=case.real_name,
        contact=contact,
        due=due,
        last_due=case.last,
        overdue=is_late,
        late=case.late,
        attempts=case.attempts,
        contacted_at=case.contacted_at,
        settled_at=case.settled_at,
        closed_at=case.closed_at,
        outcome=case.outcome,
    )


def clerk_name(state: EvaluationState, clerk_no: str | None) -> ClerkName | None:
    if clerk_no is None:
        return None
    clerk = state.clerks.get(clerk_no)
    return ClerkName(clerk_no, clerk.name if clerk is not None else "")


def masked(contact: Contact) -> Contact:
    """张\\*, 138\\*\\*\\*\\*1234 (domain.md section 2, masking)."""
    name = contact.name[:1] + "*" * (len(contact.name) > 1)
    phone = contact.phone
    start, end = (3, 4) if len(phone) > 10 else (0, 2)  # of a short one, less is left
    hidden = "*" * (len(phone) - start - end)
    return Contact(name, f"{phone[:start]}{hidden}{phone[-end:]}")
