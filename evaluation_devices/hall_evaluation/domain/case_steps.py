"""The steps of a case: what each leads to, its deadlines, and who may not take it.

Source: domain.md section 2 (国办发〔2019〕51号: 回访核实 at once, then 立行立改, 限期整改 or an
explanation; 实名差评回访率 100 %; 申诉复核 for mistaken or malicious ratings). That nobody
handles a case about themselves is seen to by the routes: accounts are no part of a hall's state.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from hall_core.errors import Conflict, Forbidden, NotFound, invalid
from hall_core.events import AlertChanged, CaseChanged, CaseState, CaseStep, CaseVerb, Event
from hall_core.features import Context
from hall_evaluation.domain.case_table import NATURAL_ORDER, NEEDS_TEXT, TABLE
from hall_evaluation.domain.cases import alert_id
from hall_evaluation.domain.commands import HandleCase
from hall_evaluation.domain.deadlines import (
    REOPEN_FOR,
    Workdays,
    end_of_day,
    end_of_workday,
    local_day,
)
from hall_evaluation.domain.reminders import alert_of, ending, speaks_of
from hall_evaluation.domain.state import Case, EvaluationState

ASSIGNEE_CHARS: Final = 40
UNDO_FOR: Final = timedelta(minutes=1)  # after a close: who reopens takes a slip back
TRIES: Final = 3  # calls to somebody who is never reached, after which a case may be closed
STATE_WORDS: Final[dict[CaseState, str]] = {
    "open": "待分派",
    "assigned": "已分派",
    "contacted": "已回访",
    "rectifying": "整改中",
    "appealed": "复核中",
    "settled": "已处理",
    "closed": "已办结",
}
_replace = msgspec.structs.replace


def possible(case: Case, me: str) -> tuple[CaseVerb, ...]:
    """What `me` may do about a case now, the likeliest first."""
    verbs = NATURAL_ORDER[case.state]
    if is_involved(case, me):
        verbs = tuple(verb for verb in verbs if verb != "review")
    if not followed_up(case):
        verbs = tuple(verb for verb in verbs if verb != "close")
    return verbs


def is_involved(case: Case, me: str) -> bool:
    """Whether `me` handles a case, ever did, or appealed: a review is for somebody else."""
    return me in (case.assignee, case.appealed_by, *case.earlier_assignees)


def followed_up(case: Case) -> bool:
    """Whether a case needs no (further) 回访: who gave a name was reached, or tried for often
    enough, since the case was opened or last reopened."""
    reached = case.contacted_at is not None and not case.contact_again
    return not case.real_name or reached or case.attempts - case.earlier_attempts >= TRIES


def decide_handle(
    state: EvaluationState, command: HandleCase, ctx: Context, workdays: Workdays
) -> list[Event]:
    """Raises:
    NotFound: no such case here, or it was closed too long ago.
    Conflict: not in this state; a real-name case that nobody called back.
    Forbidden: a review by who handles or handled the case, or who appealed.
    Invalid: what the step needs is missing.
    """
    case = state.cases.get(command.case_id)
    if case is None:
        raise NotFound(
            "unknown_case",
            f"没有这个案件，或它办结已超过 {REOPEN_FOR.days} 天；如有新情况请另行登记。",
        )
    if case.state not in TABLE[command.verb]:
        raise Conflict("case_state", f"案件{STATE_WORDS[case.state]}，现在不能进行这一步。")
    if command.verb in NEEDS_TEXT and command.note is None:
        raise invalid("text", "请写明处理情况或理由。", "Please write what was done, or why.")
    changed = STEPS[command.verb](Step(state, case, command, ctx, workdays))
    return _with_alerts(case, changed, ctx)


class Step:
    """A step on its way: what it may build on."""

    def __init__(
        self,
        state: EvaluationState,
        case: Case,
        command: HandleCase,
        ctx: Context,
        workdays: Workdays,
    ) -> None:
        self.case = case
        self.command = command
        self.settings = state.settings
        self.zone = ctx.hall.timezone
        self.now = ctx.now
        self.today = local_day(ctx.now, self.zone)
        self.workdays = workdays
        self.unchanged = CaseChanged(
            case_id=case.case_id,
            command=command.verb,
            state=case.state,
            assignee=case.assignee,
            due_step=case.due_step,
            due=case.due,
            escalate=case.escalate,
            note=command.note,
        )

    @property
    def usual_day(self) -> date:
        """When a step that follows is due by the hall's rule."""
        return self.workdays.add(self.today, self.settings.rectify_days)

    def due_on(
        self, changed: CaseChanged, step: CaseStep, day: date, last: datetime
    ) -> CaseChanged:
        """With a deadline at the end of `day`, never after the last one."""
        return self.planned(changed, step, day, min(end_of_day(day, self.zone), last))

    def planned(
        self, changed: CaseChanged, step: CaseStep, day: date, due: datetime
    ) -> CaseChanged:
        escalate = end_of_workday(self.workdays, day, 1, self.zone)
        return _replace(changed, due_step=step, due=due, escalate=escalate)

    def settled(self) -> CaseChanged:
        """Only the last deadline, by which it is to be closed, goes on."""
        return _replace(self.unchanged, state="settled", due_step=None, due=None, escalate=None)


def _assign(step: Step) -> CaseChanged:
    to = (step.command.to or step.command.me).strip()
    if not 1 <= len(to) <= ASSIGNEE_CHARS or not to.isprintable():
        raise invalid(
            "to",
            f"请填写承办人，1 到 {ASSIGNEE_CHARS} 个字。",
            f"Please enter who handles it, in 1 to {ASSIGNEE_CHARS} characters.",
        )
    state: CaseState = "assigned" if step.case.state == "open" else step.case.state
    before = step.case.assignee if step.case.assignee != to else None
    return _replace(step.unchanged, state=state, assignee=to, handed_on=before)


def _contact(step: Step) -> CaseChanged:
    """Who calls back first handles the case, when it was given to nobody yet."""
    case, command = step.case, step.command
    if command.reached is None:
        raise invalid(
            "reached", "请说明是否联系上。", "Please say whether the citizen was reached."
        )
    if command.settled and not command.reached:
        raise invalid(
            "outcome",
            "没有联系上，不能当场解决。",
            "The citizen was not reached, so it cannot be settled at once.",
        )
    who = {"assignee": case.assignee or command.me, "reached": command.reached}
    if not command.reached:
        state: CaseState = "assigned" if case.state == "open" else case.state
        return _replace(step.unchanged, state=state, **who)
    if command.settled and case.state in ("open", *TABLE["settle"]):
        return _replace(step.settled(), **who)
    if case.state not in ("open", "assigned"):
        return _replace(step.unchanged, **who)
    changed = _replace(step.unchanged, state="contacted", **who)
    return step.due_on(changed, "rectify", step.usual_day, case.last)


def _settle(step: Step) -> CaseChanged:
    return step.settled()


def _rectify(step: Step) -> CaseChanged:
    last, given = step.case.last, step.command.due
    if given is not None and given < step.today:
        raise invalid(
            "due",
            "整改期限不能早于今天。",
            "It cannot be due before today. Please choose today or a later day.",
        )
    end = local_day(last, step.zone)  # the midnight that ends it
    # Once that has passed, a case that is late can only be planned anew.
    if given is not None and step.today < end <= given:
        raise invalid(
            "due",
            f"整改期限不能晚于最后期限，须在{end}之前。",
            f"It cannot be due after the case's last day. Please choose a day before {end}.",
        )
    changed = _replace(step.unchanged, state="rectifying")
    if given is not None:
        return step.planned(changed, "rectify", given, end_of_day(given, step.zone))
    return step.due_on(changed, "rectify", step.usual_day, last)


def _appeal(step: Step) -> CaseChanged:
    claimed = step.command.outcome
    if claimed not in ("mistaken", "malicious"):
        raise invalid(
            "outcome",
            "请说明是误评还是恶意评价。",
            "Please say whether the rating was a mistake or malicious.",
        )
    me = step.command.me  # handles the case, when it was given to nobody yet
    changed = _replace(
        step.unchanged,
        state="appealed",
        outcome=claimed,
        assignee=step.case.assignee or me,
        appealed_by=me,
    )
    return step.due_on(changed, "review", step.usual_day, step.case.last)


def _review(step: Step) -> CaseChanged:
    case, found = step.case, step.command.outcome
    if is_involved(case, step.command.me):
        raise Forbidden("review_own", "复核须由未承办过本案、也未提出申诉的人进行。")
    if found is None:
        raise invalid(
            "outcome",
            "请选择复核结论：属实、误评或恶意评价。",
            "Please choose the outcome: upheld, mistaken or malicious.",
        )
    if found != "upheld":
        return _replace(step.settled(), outcome=found)
    back = _replace(step.unchanged, state=case.before_appeal or "open", outcome=found)
    return step.due_on(back, "rectify", step.usual_day, case.last)


def _close(step: Step) -> CaseChanged:
    if not followed_up(step.case):
        message = (
            "实名评价须回访后才能办结，重新办理的须再次回访；"
            f"一直联系不上的，联系满 {TRIES} 次后可办结。"
        )
        raise Conflict("not_contacted", message)
    return _replace(step.unchanged, state="closed")


def _reopen(step: Step) -> CaseChanged:
    """The time for the rest of the loop starts again."""
    days = step.settings.last_days
    last = end_of_workday(step.workdays, step.today, days, step.zone)
    closed_at = step.case.closed_at
    again = closed_at is None or step.now - closed_at > UNDO_FOR
    state: CaseState = "open" if step.case.assignee is None else "assigned"
    return step.due_on(
        _replace(step.unchanged, state=state, last=last, contact_again=again),
        "rectify",
        step.usual_day,
        last,
    )


STEPS: Final[dict[CaseVerb, Callable[[Step], CaseChanged]]] = {
    "assign": _assign,
    "contact": _contact,
    "settle": _settle,
    "rectify": _rectify,
    "explain": _settle,
    "appeal": _appeal,
    "review": _review,
    "close": _close,
    "reopen": _reopen,
}


def _with_alerts(case: Case, changed: CaseChanged, ctx: Context) -> list[Event]:
    """A reminder ends with the step it reminds of; that of the last deadline with the case, and
    it comes again when a step that was late after it is done."""
    alerts: list[Event] = []
    closes = changed.state == "closed"
    moved = (case.due_step, case.due) != (changed.due_step, changed.due)
    of_step = speaks_of(case) is not None
    answered = changed.last is not None or (moved and (of_step or not case.told_last))
    if case.overdue_alert is not None and (closes or answered):
        alerts.append(ending(case, case.overdue_alert))
        if case.told_last and changed.last is None and not closes:
            key = alert_id(ctx, case.case_id, None)
            changed = _replace(changed, alert_id=key)
            alerts.append(alert_of(case, None, "supervision", key))
    if case.negative_alert is not None and closes:
        closed = AlertChanged(alert_id=case.negative_alert, state="closed", level="hall")
        alerts.append(closed)
    return [changed, *alerts]
