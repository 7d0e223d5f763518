"""What is due: questions that end by themselves, and deadlines of cases that pass.

One reminder per step: to the hall when the step is due, to supervision one working day later; and
one to supervision when the last deadline passes. From then on supervision looks on: what passes
later is told to it at once, and a case has one open alert, in the words of what was missed last.
All times stand in the state, so a restart and a
simulated clock come out right. While the clock is doubted no deadline passes: that a case was late
stays in its record.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from hall_core.events import AlertChanged, AlertLevel, AlertRaised, CaseOverdue, CaseStep, Event
from hall_core.features import Context
from hall_evaluation.domain.cases import alert_id
from hall_evaluation.domain.ratings import lapse_at
from hall_evaluation.domain.state import Case, EvaluationState

STEP_WORDS: Final[dict[CaseStep | None, tuple[str, str]]] = {
    "contact": ("回访已超期", "the call-back is overdue"),
    "rectify": ("处理已超期", "the handling is overdue"),
    "review": ("复核已超期", "the review is overdue"),
    None: ("已过最后期限", "past its last deadline"),
}
KIND_WORDS: Final = {
    "negative_evaluation": ("差评", "Negative rating"),
    "complaint": ("投诉", "Complaint"),
    "unresolved": ("办不成事反映", "Unresolved matter"),
}


def due(state: EvaluationState) -> datetime | None:
    """When something ends or passes next."""
    times = [question.until for question in state.questions.values()]
    if not state.clock_doubted:
        times += [at for case in state.cases.values() for at, _, _ in _deadlines(case)]
    return min(times, default=None)


def time_passed(state: EvaluationState, ctx: Context) -> list[Event]:
    """What is due at `ctx.now`; one reminder of a case at a time, the rest at the next question."""
    events: list[Event] = []
    for window, question in state.questions.items():
        if question.until <= ctx.now:
            events += lapse_at(state, window)
    for case in () if state.clock_doubted else state.cases.values():
        passed = (deadline for deadline in _deadlines(case) if deadline[0] <= ctx.now)
        first = min(passed, key=lambda deadline: deadline[0], default=None)
        if first is not None:
            events += _remind(case, first[1], first[2], ctx)
    return events


def _deadlines(case: Case) -> Iterator[tuple[datetime, CaseStep | None, AlertLevel]]:
    """(when, of which step, who is told then) of what has not been said yet."""
    if case.state == "closed":
        return
    if case.due is not None and case.told == 0 and not (case.told_last and case.due <= case.last):
        yield case.due, case.due_step, "supervision" if case.told_last else "hall"
    if case.escalate is not None and case.told == 1 and not case.told_last:
        yield case.escalate, case.due_step, "supervision"
    if not case.told_last:
        yield case.last, None, "supervision"


def _remind(case: Case, step: CaseStep | None, level: AlertLevel, ctx: Context) -> list[Event]:
    """The alert of the same step goes on; that of another one ends, since its words are."""
    before = case.overdue_alert
    goes_on = before is not None and speaks_of(case) == step
    key = before if before is not None and goes_on else alert_id(ctx, case.case_id, step)
    overdue = CaseOverdue(case_id=case.case_id, step=step, level=level, alert_id=key)
    if goes_on:
        return [overdue, AlertChanged(alert_id=key, state="open", level=level)]
    ended = [] if before is None else [ending(case, before)]
    return [overdue, *ended, alert_of(case, step, level, key)]


def speaks_of(case: Case) -> CaseStep | None:
    """What an open reminder of a case is about; None: its last deadline."""
    planned_later = case.due is not None and case.due > case.last
    return case.due_step if case.told and (planned_later or not case.told_last) else None


def ending(case: Case, key: str) -> AlertChanged:
    """The end of a reminder, at the level that it had reached."""
    told_above = case.told_last or case.told == 2
    return AlertChanged(alert_id=key, state="closed", level="supervision" if told_above else "hall")


def alert_of(case: Case, step: CaseStep | None, level: AlertLevel, key: str) -> AlertRaised:
    """What people are told of a deadline that passed. `step` None: the last one."""
    (kind, kind_en), (passed, passed_en) = KIND_WORDS[case.kind], STEP_WORDS[step]
    number = case.number or ""
    return AlertRaised(
        alert_id=key,
        kind="case_overdue",
        level=level,
        window=case.window,
        clerk=case.clerk,
        detail=f"{kind}{number}：{passed}",
        detail_en=f"{kind_en}{number and ' ' + number}: {passed_en}",
    )
