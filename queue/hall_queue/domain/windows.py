"""Deciding who is at a window: opening, closing, signing in beside, handing over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from hall_core.errors import Conflict
from hall_core.events import (
    ClerkSignedIn,
    ClerkSignedOut,
    Event,
    WindowClosed,
    WindowHandedOver,
    WindowOpened,
)
from hall_core.features import Command, Context
from hall_queue.domain.absence import all_cleared, covers_end, uncovered
from hall_queue.domain.calling import back_in_line, expired, released
from hall_queue.domain.commands import Close, Handover, Open, SignIn, SignOut
from hall_queue.domain.lookup import clerk_with, is_manager, post_at, require_free
from hall_queue.domain.state import Post, QueueState
from hall_queue.domain.table import require


def decide_open(state: QueueState, command: Open, ctx: Context) -> list[Event]:
    """Any clerk may open any window: helping out is not asked for permission."""
    post = post_at(state, command.window)
    require(post, "open")
    clerk = clerk_with(state, command.clerk)
    require_free(state, clerk, command.window)
    return [
        *uncovered(post),
        WindowOpened(window=command.window, clerk=command.clerk),
    ]


def decide_close(state: QueueState, command: Close, ctx: Context) -> list[Event]:
    post = post_at(state, command.window)
    manager = is_manager(ctx)
    require(post, "close", manager=manager)
    if post.held and not manager:
        numbers = "、".join(state.tickets[ticket_id].number for ticket_id in post.held)
        raise Conflict("tickets_held", f"本窗口还挂起着{numbers}，请先回呼办理后再关闭。")
    return list(_closing(state, post))


def _closing(state: QueueState, post: Post) -> Iterator[Event]:
    """Everybody goes back in line where they stood, then the notice and the covers end.

    Who was served over midnight has gone home, and their number is the new day's.
    """
    at_window = [post.ticket] if post.ticket is not None else []
    for ticket_id in at_window + post.held:
        ticket = state.tickets[ticket_id]
        if ticket.day == state.day:
            yield released(ticket, "window_closed")
        else:
            yield expired(ticket, "midnight")
    yield from back_in_line(state, post.setup.number)
    yield from all_cleared(post, "closed")
    yield from covers_end(post)
    yield WindowClosed(window=post.setup.number, clerk=post.clerk)


def decide_sign_in(state: QueueState, command: SignIn, ctx: Context) -> list[Event]:
    post = post_at(state, command.window)
    require(post, "sign_in")
    clerk = clerk_with(state, command.clerk)
    require_free(state, clerk, command.window)
    if post.clerk == command.clerk and post.state == "away":
        raise Conflict("use_return", f"{clerk.name}的去向留言还在，请直接返岗。")
    if post.clerk == command.clerk or command.clerk in post.signed_in:
        raise Conflict("already_here", f"{clerk.name}已在本窗口，无需再次签到。")
    if post.is_absent(command.clerk):
        raise Conflict("use_return", f"{clerk.name}的去向留言还在，请直接返岗。")
    return [ClerkSignedIn(window=command.window, clerk=command.clerk)]


def decide_sign_out(state: QueueState, command: SignOut, ctx: Context) -> list[Event]:
    """Drops neither the window nor a notice."""
    post = post_at(state, command.window)
    require(post, "sign_out")
    if command.clerk == post.clerk:
        raise Conflict("own_clerk", "您是本窗口的当班人员，请用离开、移交或关闭。")
    if command.clerk not in post.signed_in:
        raise Conflict("not_signed_in", "该工号没有在本窗口签到，请核对。")
    return [ClerkSignedOut(window=command.window, clerk=command.clerk)]


def decide_handover(state: QueueState, command: Handover, ctx: Context) -> list[Event]:
    """The clerk changes; open and held tickets, covers and a notice stay at the window. Who hands
    over is no longer there: a window must not stay open under somebody who went home."""
    post = post_at(state, command.window)
    require(post, "handover")
    clerk = clerk_with(state, command.clerk)
    if post.is_absent(command.clerk):
        raise Conflict("use_return", f"{clerk.name}的去向留言还在，请用返岗。")
    if post.clerk == command.clerk:
        raise Conflict("same_clerk", f"{clerk.name}已是本窗口的当班人员，无需移交。")
    require_free(state, clerk, command.window)
    return [
        *uncovered(post),
        WindowHandedOver(
            window=command.window, clerk=command.clerk, from_clerk=post.clerk, stays=False
        ),
    ]


DECIDERS: Final[dict[type[Command], Callable[[QueueState, Any, Context], list[Event]]]] = {
    Open: decide_open,
    Close: decide_close,
    SignIn: decide_sign_in,
    SignOut: decide_sign_out,
    Handover: decide_handover,
}
