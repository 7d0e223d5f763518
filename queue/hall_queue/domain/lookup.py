"""Finding what a command names, or saying in words that it is not there."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from hall_core.errors import Conflict, NotFound, invalid
from hall_core.features import Context
from hall_core.setup import Clerk
from hall_queue.domain.state import Line, Post, QueueState, Ticket


def is_manager(ctx: Context) -> bool:
    return ctx.actor.kind == "admin"


def post_at(state: QueueState, window: int) -> Post:
    post = state.posts.get(window)
    if post is None:
        raise NotFound("unknown_window", f"本大厅没有{window}号窗口，请核对窗口号。")
    return post


def ticket_with(state: QueueState, ticket_id: str) -> Ticket:
    ticket = state.tickets.get(ticket_id)
    if ticket is None:
        raise NotFound("unknown_ticket", "没有找到这张号票，可能不是今天的，请重新取号。")
    return ticket


def require_of_today(state: QueueState, ticket: Ticket) -> None:
    """Raises Conflict for a ticket that was served over midnight and would wait again: its number
    is the new day's, and somebody else may have it."""
    if ticket.day != state.day:
        raise Conflict(
            "earlier_day", f"{ticket.number}是前一天的号，请先办结，再请群众取一张今天的号。"
        )


def line_of(state: QueueState, prefix: str, field: str) -> Line:
    line = state.lines.get(prefix)
    if line is None:
        raise invalid(
            field,
            "本大厅没有这个队列，请重新选择。",
            "This hall has no such queue. Please choose again.",
        )
    return line


def clerk_with(state: QueueState, clerk_no: str, field: str = "clerk") -> Clerk:
    clerk = state.clerks.get(clerk_no)
    if clerk is None:
        raise invalid(
            field,
            "没有这个工号，请核对后重试。",
            "There is no such clerk number. Please check it and try again.",
        )
    return clerk


def where(state: QueueState, clerk_no: str) -> Post | None:
    """The window a clerk is at, as its clerk (even if away from it) or signed in beside."""
    for post in state.posts.values():
        if post.clerk == clerk_no or clerk_no in post.signed_in:
            return post
    return None


def require_free(state: QueueState, clerk: Clerk, but: int) -> None:
    """A clerk works at one window at most; being at window `but` already is fine."""
    at = where(state, clerk.clerk_no)
    if at is not None and at.setup.number != but:
        number = at.setup.number
        raise Conflict(
            "clerk_busy",
            f"{clerk.name}已在{number}号窗口，请先在{number}号窗口关闭、移交或退出。",
        )


def limited(value: str, limit: int, field: str) -> str:
    """`value` without surrounding blanks, or Invalid when it is too long."""
    value = value.strip()
    if len(value) > limit:
        raise invalid(
            field,
            f"最多{limit}个字，请缩短。",
            f"Please shorten this to at most {limit} characters.",
        )
    return value


def clock_text(at: datetime, ctx: Context) -> str:
    """A time as people of the hall say it: 14:30, or with its date when it is another day."""
    zone = ZoneInfo(ctx.hall.timezone)
    local = at.astimezone(zone)
    if local.date() == ctx.now.astimezone(zone).date():
        return f"今天{local:%H:%M}"
    return f"{local.month}月{local.day}日{local:%H:%M}"
