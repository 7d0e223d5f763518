"""Questions on pads and the one rating of a service.

Sources: domain.md section 2 (国办发〔2019〕51号: five levels, 一次一评, the last two are 差评;
voluntary; a supplementary one later is allowed) and daily-work.md (a pad asks for 30 s and is not
cut off by the next call before 15 s).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from hall_core.errors import Conflict, Forbidden, invalid
from hall_core.events import (
    EvaluationLapsed,
    EvaluationRecorded,
    EvaluationRequested,
    EvaluationWithdrawn,
    Event,
    RatingLevel,
    ServiceFinished,
    StepUndone,
    TicketCalled,
)
from hall_core.features import Context
from hall_core.setup import EvaluationSettings
from hall_evaluation.domain.commands import Rate
from hall_evaluation.domain.deadlines import Workdays, end_of_workday, local_day
from hall_evaluation.domain.state import EvaluationState, Question, Request

NEGATIVE: Final[frozenset[RatingLevel]] = frozenset({"dissatisfied", "very_dissatisfied"})
ORDINARY_DAYS: Final = 1  # working days in which a rating counts as given on the spot


# --- the question on the pad -------------------------------------------------------------------


def on_finished(
    state: EvaluationState, event: ServiceFinished, ctx: Context, workdays: Workdays
) -> list[Event]:
    """The pad asks, when the person's visit ended here: three matters are one rating at the end."""
    if event.next_queue is not None:
        return []
    today = local_day(ctx.now, ctx.hall.timezone)
    asked = EvaluationRequested(
        ticket_id=event.ticket_id,
        number=event.number,
        window=event.window,
        clerk=event.clerk,
        service=event.service,
        case_no=event.case_no,
        day=state.day or today.isoformat(),
        until=ctx.now + timedelta(seconds=state.settings.ask_s),
        rate_until=end_of_workday(workdays, today, ORDINARY_DAYS, ctx.hall.timezone),
        real_name=event.ticket_id in state.named,
    )
    return [*lapse_at(state, event.window), asked]


def on_called(state: EvaluationState, event: TicketCalled, ctx: Context) -> list[Event]:
    """The next person's call ends a question that was there long enough; `apply` shortens one
    that was not."""
    question = state.questions.get(event.window)
    if question is None or ctx.now < question.until:
        return []
    return lapse_at(state, event.window)


def on_undone(state: EvaluationState, event: StepUndone) -> list[Event]:
    request = state.requests.get(event.ticket_id)
    if event.step != "finish" or request is None or request.rated_at or request.withdrawn:
        return []
    return [
        EvaluationWithdrawn(
            ticket_id=request.ticket_id, number=request.number, window=request.window
        )
    ]


def lapse_at(state: EvaluationState, window: int) -> list[Event]:
    """Nobody pressed."""
    question = state.questions.get(window)
    if question is None:
        return []
    return [_lapsed(state, window, question)]


def _lapsed(state: EvaluationState, window: int, question: Question) -> Event:
    request = state.requests[question.ticket_id]
    return EvaluationLapsed(ticket_id=request.ticket_id, number=request.number, window=window)


# --- the rating --------------------------------------------------------------------------------


def decide_rate(
    state: EvaluationState, command: Rate, ctx: Context, workdays: Workdays
) -> list[Event]:
    """Raises:
    Conflict: nothing to rate yet, rated already, too late, or the pad's window is closed.
    Forbidden: a pad rates another window's service.
    Invalid: a reason that the hall does not have.
    """
    request = state.requests.get(command.ticket_id) or command.past
    if request is None or request.withdrawn:
        raise not_yet()
    if command.pad is not None:
        _require_own(state, command, request)
    if request.rated_at is not None:
        raise already_rated()
    ends = rating_ends(state.settings, request, ctx.hall.timezone, workdays)
    if ctx.now >= ends and not state.clock_doubted:  # a clock that jumped loses no press
        raise rating_closed()
    return [
        EvaluationRecorded(
            ticket_id=request.ticket_id,
            number=request.number,
            window=request.window,
            clerk=request.clerk,
            level=command.level,
            reasons=known_reasons(state.settings, command.reasons, strict=not command.kept),
            channel="phone" if command.pad is None else "pad",
            service=request.service,
            case_no=request.case_no,
            day=request.day,
            asked_at=request.asked_at,
            rate_until=request.rate_until,
            supplementary=ctx.now >= request.rate_until and not state.clock_doubted,
            real_name=request.real_name or command.contact is not None,
            note=command.note,
            contact=command.contact,
        )
    ]


def _require_own(state: EvaluationState, command: Rate, request: Request) -> None:
    """A pad rates what was served at its window, at once or as it kept it."""
    if request.window != command.pad:
        raise Forbidden("wrong_window", f"本评价器属于{command.pad}号窗口，不能评价其他窗口。")
    asked = state.questions.get(request.window)
    is_asked = asked is not None and asked.ticket_id == request.ticket_id
    if not is_asked and not command.kept and request.window not in state.at:
        raise Conflict("window_closed", "本窗口已停止服务，请用手机扫码评价。")


def rating_ends(
    settings: EvaluationSettings, request: Request, timezone: str, workdays: Workdays
) -> datetime:
    """Until when `request` may be rated at all: the supplementary time by the hall's rule goes
    with it."""
    if settings.supplementary_days == 0:
        return request.rate_until
    last_day = local_day(request.rate_until - timedelta(milliseconds=1), timezone)
    return end_of_workday(workdays, last_day, settings.supplementary_days, timezone)


def not_yet() -> Conflict:
    return Conflict("service_not_finished", "服务还没有结束，办理完成后即可评价。")


def already_rated() -> Conflict:
    return Conflict("already_rated", "这次服务已经评价过了，无需重复评价，谢谢您。")


def rating_closed() -> Conflict:
    return Conflict("rating_closed", "这次服务的评价时间已过，如有意见请联系大厅。")


def known_reasons(
    settings: EvaluationSettings, given: tuple[str, ...], strict: bool
) -> tuple[str, ...]:
    """The reasons' ids, each once; a reason may be given by its words as well.

    A press that was kept is not lost for a reason that the hall has dropped since: then `strict`
    is False, and the reason is left out.

    Raises:
        Invalid: the hall has no such reason.
    """
    ids = {word: reason.id for reason in settings.reasons for word in (reason.text, reason.id)}
    for index, reason in enumerate(given):
        if strict and reason not in ids:
            raise invalid(
                f"reasons[{index}]",
                "没有这条原因，请刷新页面后重新选择。",
                "There is no such reason. Please reload the page and choose again.",
            )
    return tuple(dict.fromkeys(ids[reason] for reason in given if reason in ids))
