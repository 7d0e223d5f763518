"""Opening a case of the closed loop (评价—反馈—整改—监督): by a bad rating, a complaint, or at the
办不成事 window. Its steps are in case_steps.py.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime, timedelta
from typing import Final

from hall_core.errors import Invalid, invalid
from hall_core.events import (
    AlertRaised,
    CaseOpened,
    EvaluationFiled,
    EvaluationRecorded,
    Event,
)
from hall_core.features import Context
from hall_evaluation.domain.commands import NewCase, OpenCases
from hall_evaluation.domain.deadlines import Workdays, end_of_day, end_of_workday, local_day
from hall_evaluation.domain.ratings import NEGATIVE
from hall_evaluation.domain.state import EvaluationState

LEVEL_WORDS: Final = {
    "dissatisfied": ("不满意", "dissatisfied"),
    "very_dissatisfied": ("非常不满意", "very dissatisfied"),
}
EARLIEST: Final = timedelta(days=3653)  # what happened before is a year that was mistyped
ORDER_CHARS: Final = 40
SPOILT: Final = re.compile(r"\d(\.\d+)?E\+\d+", re.IGNORECASE)
"""A long number as spreadsheets show it: many orders have the same one then."""


def case_of_rating(ticket_id: str) -> str:
    """The id of the case that a bad rating opens: one rating, one case."""
    return f"r{ticket_id}"


def alert_id(ctx: Context, *about: object) -> str:
    """An id that tells nobody what it is about: that an alert ended is seen at counters too."""
    text = "/".join(map(str, (ctx.hall.id, ctx.version, *about)))
    return f"case-{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"


# --- opening -----------------------------------------------------------------------------------


def on_rated(
    state: EvaluationState, event: EvaluationRecorded, ctx: Context, workdays: Workdays
) -> list[Event]:
    """A bad rating opens a case and tells the hall, in the transaction of the rating. Any other
    is followed by as many versions, which say nothing."""
    if event.level not in NEGATIVE:
        return [EvaluationFiled(), EvaluationFiled()]
    case_id = case_of_rating(event.ticket_id)
    alert = alert_id(ctx, case_id)
    due, escalate, last = _first_deadlines(state, ctx, workdays)
    return [
        CaseOpened(
            case_id=case_id,
            kind="negative_evaluation",
            source="pad" if event.channel == "pad" else "phone_page",
            day=event.day,
            due=due,
            escalate=escalate,
            last=last,
            window=event.window,
            clerk=event.clerk,
            service=event.service,
            ticket_id=event.ticket_id,
            number=event.number,
            level=event.level,
            reasons=event.reasons,
            real_name=event.real_name,
            note=event.note,
            contact=event.contact,
            alert_id=alert,
        ),
        AlertRaised(
            alert_id=alert,
            kind="negative_evaluation",
            level="hall",
            window=event.window,
            clerk=event.clerk,
            detail=f"{event.number}：{LEVEL_WORDS[event.level][0]}",
            detail_en=f"{event.number}: {LEVEL_WORDS[event.level][1]}",
        ),
    ]


def _first_deadlines(
    state: EvaluationState, ctx: Context, workdays: Workdays
) -> tuple[datetime, datetime, datetime]:
    """When to contact, when supervision hears of it if nobody did, and when to close."""
    today, zone = local_day(ctx.now, ctx.hall.timezone), ctx.hall.timezone
    settings = state.settings
    contact_day = workdays.add(today, settings.contact_days)
    return (
        end_of_day(contact_day, zone),
        end_of_workday(workdays, contact_day, 1, zone),
        end_of_workday(workdays, today, settings.last_days, zone),
    )


def decide_open(
    state: EvaluationState, command: OpenCases, ctx: Context, workdays: Workdays
) -> list[Event]:
    """Raises Invalid naming the row that does not fit; then none is opened."""
    due, escalate, last = _first_deadlines(state, ctx, workdays)
    today = local_day(ctx.now, ctx.hall.timezone)
    orders = {case.order_no for case in state.cases.values()} - {None}
    events: list[Event] = []
    for new in command.cases:
        _check_new(state, new, command.former_windows, today)
        if new.order_no is not None:
            _check_order(new.order_no, orders, new.where)
            orders.add(new.order_no)
        events.append(
            CaseOpened(
                case_id=new.case_id,
                kind=new.kind,
                source=new.source,
                day=new.day or today.isoformat(),
                due=due,
                escalate=escalate,
                last=last,
                window=new.window,
                clerk=new.clerk,
                service=new.service,
                real_name=new.contact is not None,
                note=new.note,
                contact=new.contact,
                order_no=new.order_no,
            )
        )
    return events


def imported_before(where: str) -> Invalid:
    return invalid(f"{where}order_no", "这个工单已导入过。", "This order was imported before.")


def _check_order(order_no: str, taken: set[str | None], where: str) -> None:
    if len(order_no) > ORDER_CHARS or not order_no.isprintable():
        raise invalid(
            f"{where}order_no",
            f"工单编号最多 {ORDER_CHARS} 个字。",
            f"The order number can have at most {ORDER_CHARS} characters.",
        )
    if SPOILT.fullmatch(order_no):
        raise invalid(
            f"{where}order_no",
            "工单编号被表格软件改写了，请把这一列设为文本后重新导出。",
            "A spreadsheet rewrote this number. Please make its column text and export again.",
        )
    if order_no in taken:
        raise imported_before(where)


def _check_new(state: EvaluationState, new: NewCase, former: frozenset[int], today: date) -> None:
    where = new.where
    removed = new.window in former and new.window not in state.windows
    if new.window is not None and new.window not in state.windows and not removed:
        raise invalid(f"{where}window", "没有这个窗口。", "There is no such window.")
    heard_there = new.window is not None and state.windows.get(new.window) == "unresolved"
    if new.kind == "unresolved" and not heard_there and not removed:
        raise invalid(
            f"{where}window",
            "请选择“办不成事”反映窗口。",
            "Please choose an unresolved-matters window.",
        )
    if new.clerk is not None and new.clerk not in state.clerks:
        raise invalid(f"{where}clerk_no", "没有这位窗口人员。", "There is no such clerk.")
    if new.service is not None and new.service not in state.services:
        raise invalid(f"{where}service", "没有这个事项。", "There is no such matter.")
    if new.day is not None and new.day > today.isoformat():
        raise invalid(
            f"{where}happened_at",
            "发生时间不能晚于今天。",
            "It cannot have happened later than today.",
        )
    if new.day is not None and new.day < (today - EARLIEST).isoformat():
        raise invalid(
            f"{where}happened_at",
            "发生时间在十年以前，请核对年份。",
            "This is more than ten years ago. Please check the year.",
        )
