"""Deciding what a window does with its people: call, serve, hold, pass on, and take a slip back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from hall_core.errors import Conflict, invalid
from hall_core.events import (
    Event,
    ServiceFinished,
    ServiceStarted,
    StepUndone,
    TicketCalled,
    TicketExpired,
    TicketHeld,
    TicketNoShow,
    TicketRecalled,
    TicketReleased,
    TicketTransferred,
)
from hall_core.features import Command, Context
from hall_core.setup import Settings
from hall_queue.domain import order
from hall_queue.domain.commands import (
    CallNext,
    CallSpecific,
    Finish,
    Hold,
    MoveTicket,
    NoShow,
    Recall,
    Start,
    Transfer,
    Undo,
    Unhold,
)
from hall_queue.domain.lookup import (
    limited,
    line_of,
    post_at,
    require_of_today,
    ticket_with,
)
from hall_queue.domain.state import Post, QueueState, Ticket
from hall_queue.domain.table import nothing_to_undo, require

HELD_LIMIT: Final = 5
REASON_CHARS: Final = 60
CASE_NO_CHARS: Final = 40


# --- calling -----------------------------------------------------------------------------------


def decide_call_next(state: QueueState, command: CallNext, ctx: Context) -> list[Event]:
    """Nobody waiting is no error: nothing happens, and the counter says so."""
    post = post_at(state, command.window)
    require(post, "call_next")
    found = order.next_ticket(state, command.window)
    if found is None:
        return []
    ticket, reason = found
    return [_called(ticket, post, reason)]


def decide_call_specific(state: QueueState, command: CallSpecific, ctx: Context) -> list[Event]:
    post = post_at(state, command.window)
    require(post, "call_specific")
    reason = limited(command.reason, REASON_CHARS, "reason")
    if not reason:
        raise invalid(
            "reason",
            "特呼需要填写理由，理由会记入日志。",
            "Please give a reason for calling this number; it goes into the journal.",
        )
    ticket = _by_number(state, command.number)
    if ticket.state != "waiting":
        raise _not_waiting(ticket, command.window)
    return [_called(ticket, post, reason, special=True)]


def _by_number(state: QueueState, number: str) -> Ticket:
    ticket_id = state.numbers.get(number.strip().upper())
    if ticket_id is None:
        raise invalid(
            "number",
            "今天没有发出这个号码，请核对。",
            "This number was not given out today. Please check it.",
        )
    return state.tickets[ticket_id]


def _not_waiting(ticket: Ticket, window: int) -> Conflict:
    if ticket.state == "held" and ticket.window == window:
        return Conflict("use_unhold", f"{ticket.number}挂起在本窗口，请用回呼。")
    if ticket.parked:
        return Conflict("parked", f"{ticket.number}已过号，请先为其重新排队再叫号。")
    if ticket.state in ("called", "serving", "held"):
        return Conflict("not_waiting", f"{ticket.number}正在{ticket.window}号窗口，不能再叫。")
    return Conflict("not_waiting", f"{ticket.number}已经结束，不能再叫，请重新取号。")


def _called(ticket: Ticket, post: Post, why: str, special: bool = False) -> TicketCalled:
    return TicketCalled(
        ticket_id=ticket.ticket_id,
        number=ticket.number,
        queue=ticket.queue,
        window=post.setup.number,
        call_count=ticket.call_count + 1,
        why=why,
        special=special,
        clerk=post.clerk,
    )


def decide_recall(state: QueueState, command: Recall, ctx: Context) -> list[Event]:
    post = post_at(state, command.window)
    require(post, "recall")
    ticket = ticket_at(state, post)
    limit = state.settings.recall_limit
    if ticket.call_count > limit:
        raise Conflict(
            "recall_limit", f"{ticket.number}最多重呼{limit}次，请开始办理、挂起或过号。"
        )
    return [
        TicketRecalled(
            ticket_id=ticket.ticket_id,
            number=ticket.number,
            queue=ticket.queue,
            window=command.window,
            call_count=ticket.call_count + 1,
        )
    ]


def ticket_at(state: QueueState, post: Post) -> Ticket:
    """The ticket of a window that is calling or serving."""
    assert post.ticket is not None
    return state.tickets[post.ticket]


# --- serving -----------------------------------------------------------------------------------


def decide_start(state: QueueState, command: Start, ctx: Context) -> list[Event]:
    post = post_at(state, command.window)
    require(post, "start")
    assert post.clerk is not None
    ticket = ticket_at(state, post)
    return [
        ServiceStarted(
            ticket_id=ticket.ticket_id,
            number=ticket.number,
            queue=ticket.queue,
            window=command.window,
            clerk=post.clerk,
        )
    ]


def decide_finish(state: QueueState, command: Finish, ctx: Context) -> list[Event]:
    post = post_at(state, command.window)
    require(post, "finish")
    assert post.clerk is not None
    ticket = ticket_at(state, post)
    case_no = limited(command.case_no or "", CASE_NO_CHARS, "case_no") or None
    if command.next_queue is not None:
        require_of_today(state, ticket)
        line_of(state, command.next_queue, "next_queue")
    return [
        ServiceFinished(
            ticket_id=ticket.ticket_id,
            number=ticket.number,
            queue=ticket.queue,
            window=command.window,
            clerk=post.clerk,
            service=ticket.service,
            cases=ticket.cases,
            seconds=seconds_in_service(ticket, ctx),
            case_no=case_no,
            next_queue=command.next_queue,
        )
    ]


def seconds_in_service(ticket: Ticket, ctx: Context) -> float:
    """Time in service so far, without the time on hold."""
    seconds = ticket.served_s
    if ticket.started_at is not None:
        seconds += max(0.0, (ctx.now - ticket.started_at).total_seconds())
    return round(seconds, 3)


# --- a missed person ---------------------------------------------------------------------------


def decide_no_show(state: QueueState, command: NoShow, ctx: Context) -> list[Event]:
    post = post_at(state, command.window)
    require(post, "no_show")
    ticket = ticket_at(state, post)
    _require_called_enough(state, ticket, ctx)
    settings = state.settings
    return [
        TicketNoShow(
            ticket_id=ticket.ticket_id,
            number=ticket.number,
            queue=ticket.queue,
            window=command.window,
            parked=settings.missed_ticket == "parked" and ticket.requeues < settings.requeue_limit,
        )
    ]


def missed_is_void(settings: Settings) -> bool:
    """Whether a missed ticket ends: by the hall's rule, or because nobody may come back at all."""
    return settings.missed_ticket == "void" or settings.requeue_limit == 0


def no_show_wait_s(state: QueueState, ticket: Ticket) -> int:
    """Seconds from the first call until nobody may be called missed; green people walk slower."""
    settings = state.settings
    if not settings.no_show_wait:
        return 0
    if ticket.priority == "green":
        return settings.no_show_after_green_s
    return settings.no_show_after_s


def _require_called_enough(state: QueueState, ticket: Ticket, ctx: Context) -> None:
    settings = state.settings
    if not settings.no_show_wait:
        return
    calls_left = settings.no_show_after_calls - ticket.call_count
    seconds_left = 0.0
    if ticket.called_at is not None:
        waited = (ctx.now - ticket.called_at).total_seconds()
        seconds_left = no_show_wait_s(state, ticket) - waited
    wanted = []
    if calls_left > 0:
        wanted.append(f"再重呼{calls_left}次")
    if seconds_left > 0:
        wanted.append(f"再等{int(-(-seconds_left // 1))}秒")
    if wanted:
        raise Conflict("too_early", f"{ticket.number}还不能过号，请{'、'.join(wanted)}。")


# --- passing on --------------------------------------------------------------------------------


def decide_transfer(state: QueueState, command: Transfer, ctx: Context) -> list[Event]:
    """Number and time of issue stay; the person waits again where they would have stood."""
    post = post_at(state, command.window)
    require(post, "transfer")
    ticket = ticket_at(state, post)
    require_of_today(state, ticket)
    return _moved(state, ticket, command, command.window)


def decide_move(state: QueueState, command: MoveTicket, ctx: Context) -> list[Event]:
    """The same from the line, by the guide desk: the window it waits for was left."""
    ticket = ticket_with(state, command.ticket_id)
    if ticket.state != "waiting":
        raise Conflict("not_waiting", f"{ticket.number}不在等候中，不能改换窗口。")
    return _moved(state, ticket, command, ticket.window)


def _moved(
    state: QueueState, ticket: Ticket, command: Transfer | MoveTicket, from_window: int | None
) -> list[Event]:
    to_queue, to_window = command.to_queue, command.to_window
    if (to_queue is None) == (to_window is None):
        raise invalid(
            "queue",
            "请选择转移到一个队列或一个窗口，两者只选其一。",
            "Please choose either a queue or a window to transfer to, not both.",
        )
    if to_queue is not None:
        line_of(state, to_queue, "queue")
    if to_window is not None:
        _require_takes_transfers(state, to_window, from_window)
    return [
        TicketTransferred(
            ticket_id=ticket.ticket_id,
            number=ticket.number,
            queue=to_queue or ticket.queue,
            from_queue=ticket.queue,
            from_window=from_window,
            window=to_window,
        )
    ]


def _require_takes_transfers(state: QueueState, to_window: int, from_window: int | None) -> None:
    target = state.posts.get(to_window)
    if target is None:
        raise invalid(
            "window",
            f"本大厅没有{to_window}号窗口，请核对窗口号。",
            f"This hall has no window {to_window}. Please check the window number.",
        )
    if to_window == from_window:
        raise Conflict("same_window", "不能转移到本窗口，请选择其他窗口或队列。")
    if target.state == "closed":
        raise Conflict("window_closed", f"{to_window}号窗口未开启，请选择其他窗口或队列。")


def back_in_line(state: QueueState, window: int) -> Iterator[Event]:
    """Who waits for this window only goes back to their queue: the window is about to close."""
    for _, ticket_id in state.for_window.get(window, ()):
        ticket = state.tickets[ticket_id]
        yield TicketTransferred(
            ticket_id=ticket.ticket_id,
            number=ticket.number,
            queue=ticket.queue,
            from_queue=ticket.queue,
            from_window=window,
        )


# --- hold --------------------------------------------------------------------------------------


def decide_hold(state: QueueState, command: Hold, ctx: Context) -> list[Event]:
    post = post_at(state, command.window)
    require(post, "hold")
    ticket = ticket_at(state, post)
    require_of_today(state, ticket)
    if len(post.held) >= HELD_LIMIT:
        raise Conflict("held_limit", f"本窗口已挂起{HELD_LIMIT}个号，请先回呼其中一个。")
    return [
        TicketHeld(
            ticket_id=ticket.ticket_id,
            number=ticket.number,
            queue=ticket.queue,
            window=command.window,
            note=command.note,
        )
    ]


def decide_unhold(state: QueueState, command: Unhold, ctx: Context) -> list[Event]:
    """Announces the person again; service starts when they are there."""
    post = post_at(state, command.window)
    require(post, "unhold")
    number = command.number.strip().upper()
    for ticket in _held_within_reach(state, post):
        if ticket.number == number:
            assert ticket.window is not None
            return [released(ticket, "unhold"), _called(ticket, post, "unhold")]
    raise Conflict("not_held", "本窗口没有挂起这个号码，请核对。")


def _held_within_reach(state: QueueState, post: Post) -> Iterator[Ticket]:
    for ticket_id in post.held:
        yield state.tickets[ticket_id]
    if post.covers is not None:
        for ticket_id in state.posts[post.covers].held:
            yield state.tickets[ticket_id]


def released(ticket: Ticket, why: Any) -> TicketReleased:
    assert ticket.window is not None
    return TicketReleased(
        ticket_id=ticket.ticket_id,
        number=ticket.number,
        queue=ticket.queue,
        window=ticket.window,
        why=why,
    )


def expired(ticket: Ticket, why: Any) -> TicketExpired:
    return TicketExpired(
        ticket_id=ticket.ticket_id, number=ticket.number, queue=ticket.queue, why=why
    )


# --- undo --------------------------------------------------------------------------------------


def decide_undo(state: QueueState, command: Undo, ctx: Context) -> list[Event]:
    post = post_at(state, command.window)
    require(post, "undo")
    last = post.last_step
    if last is None or (ctx.now - last.at).total_seconds() > state.settings.undo_s:
        raise nothing_to_undo(post)
    ticket = state.tickets.get(last.ticket_id)
    if ticket is None or last.queue not in state.lines or not _as_the_step_left_it(ticket, post):
        raise nothing_to_undo(post)
    return [
        StepUndone(
            ticket_id=ticket.ticket_id,
            number=ticket.number,
            queue=last.queue,
            window=command.window,
            step=last.step,
        )
    ]


def _as_the_step_left_it(ticket: Ticket, post: Post) -> bool:
    """Nothing has happened to the ticket since: not called, requeued, cancelled or rated."""
    last = post.last_step
    assert last is not None
    if ticket.step != last.version or ticket.rated:
        return False
    if last.step == "no_show":
        return ticket.state == "no_show"
    return ticket.state == "finished" or (ticket.state == "waiting" and ticket.why == "continued")


DECIDERS: Final[dict[type[Command], Callable[[QueueState, Any, Context], list[Event]]]] = {
    CallNext: decide_call_next,
    CallSpecific: decide_call_specific,
    Recall: decide_recall,
    Start: decide_start,
    Finish: decide_finish,
    NoShow: decide_no_show,
    Transfer: decide_transfer,
    MoveTicket: decide_move,
    Hold: decide_hold,
    Unhold: decide_unhold,
    Undo: decide_undo,
}
