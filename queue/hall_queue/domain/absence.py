"""Deciding who covers an empty chair: 去向留言, return, cover, and what is overdue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from hall_core.errors import Conflict, invalid
from hall_core.events import (
    AbsenceCleared,
    AbsencePosted,
    AlertChanged,
    AlertLevel,
    AlertRaised,
    Event,
    WindowClosed,
    WindowCovered,
    WindowHandedOver,
    WindowUncovered,
)
from hall_core.features import Command, Context
from hall_queue.domain import sessions
from hall_queue.domain.calling import back_in_line
from hall_queue.domain.commands import Cover, Leave, Return, Uncover
from hall_queue.domain.lookup import clerk_with, is_manager, limited, post_at, require_free
from hall_queue.domain.state import Absence, Post, QueueState
from hall_queue.domain.table import STATE_NAMES, refused, require

LEVELS: Final[tuple[AlertLevel, ...]] = ("window", "hall", "supervision")
"""Who is told at each overdue step."""

LONGEST: Final = timedelta(hours=24)
TEXT_CHARS: Final = 60


# --- leaving -----------------------------------------------------------------------------------


def decide_leave(state: QueueState, command: Leave, ctx: Context) -> list[Event]:
    """Who stands in for an absent clerk may leave, too: their notice is put before the other."""
    post = post_at(state, command.window)
    require(post, "leave", manager=is_manager(ctx))
    if command.reason not in state.settings.absence_reasons:
        reasons = state.settings.absence_reasons
        raise invalid(
            "reason",
            f"去向事由请从列表中选择：{'、'.join(reasons)}。",
            f"Please choose a reason from the list: “{'”, “'.join(reasons)}”.",
        )
    _require_sensible_return(command.expected_return, ctx)
    backup = command.backup_clerk
    if backup is not None:
        clerk_with(state, backup, "backup_clerk")
        if backup == post.clerk or post.is_absent(backup):
            raise invalid(
                "backup_clerk",
                "代班人员不能是离开的人，请选择其他人员。",
                "The B post cannot be a clerk who leaves or is away. Please choose another clerk.",
            )
    stays = backup is not None and backup in post.signed_in
    if post.ticket is not None and not stays:
        raise refused(post, "leave", "ticket_open")
    posted = AbsencePosted(
        window=command.window,
        clerk=post.clerk,
        reason=command.reason,
        contact=limited(command.contact, TEXT_CHARS, "contact") or post.setup.phone,
        expected_return=command.expected_return,
        destination=limited(command.destination, TEXT_CHARS, "destination"),
        backup_clerk=backup,
    )
    if stays:
        assert backup is not None
        handed = WindowHandedOver(
            window=command.window, clerk=backup, from_clerk=post.clerk, stays=False
        )
        return [posted, handed]
    # An empty chair cannot serve its neighbour's people either.
    return [*_own_cover_ends(post), posted]


def _require_sensible_return(at: datetime, ctx: Context) -> None:
    if at.tzinfo is None:
        raise invalid("expected_return", "预计返回时间需要带时区。")
    if not ctx.now < at <= ctx.now + LONGEST:
        raise invalid(
            "expected_return",
            "预计返回时间应在现在之后、24小时之内。",
            "Please choose a return time that is later than now and within 24 hours.",
        )


# --- returning ---------------------------------------------------------------------------------


def decide_return(state: QueueState, command: Return, ctx: Context) -> list[Event]:
    """Who is back takes the window over; a B post who stood in is signed in beside again.

    Those who left before are still away, and take it back after that. Those who left after had
    stood in: their notices end too, for the window no longer waits for them.
    """
    post = post_at(state, command.window)
    require(post, "return")
    back, later = _who_is_back(state, post, command.clerk)
    events: list[Event] = [*uncovered(post)]
    for absence in reversed(later):
        events.extend(_cleared(post, absence, "relieved"))
    events.extend(_cleared(post, back, "manager" if is_manager(ctx) else "returned"))
    if post.clerk is None:  # it never opened, and is closed again: nobody waits for it alone
        events.extend(back_in_line(state, command.window))
    if back.clerk is not None and back.clerk != post.clerk:
        require_free(state, clerk_with(state, back.clerk), command.window)
        events.append(
            WindowHandedOver(
                window=command.window,
                clerk=back.clerk,
                from_clerk=post.clerk,
                stays=post.was_beside and post.state != "away",
            )
        )
    return events


def _who_is_back(
    state: QueueState, post: Post, clerk_no: str | None
) -> tuple[Absence, list[Absence]]:
    """The notice of who is back, and those of who left after them."""
    notices = post.notices
    if clerk_no is None:
        return notices[-1], []
    for depth, notice in enumerate(notices):
        if notice.clerk == clerk_no:
            return notice, notices[depth + 1 :]
    name, number = clerk_with(state, clerk_no).name, post.setup.number
    raise Conflict(
        "no_absence",
        f"{name}在{number}号窗口没有去向留言，不需要返岗。",
        detail_en=f"{name} has no notice at window {number}. There is nothing to return from.",
    )


How = Literal["returned", "relieved", "closed", "manager", "midnight"]


def all_cleared(post: Post, how: How) -> Iterator[Event]:
    """Every notice comes down, that of whoever left last first."""
    for absence in reversed(post.notices):
        yield from _cleared(post, absence, how)


def _cleared(post: Post, absence: Absence, how: How) -> Iterator[Event]:
    """A notice comes down, and with it the alert about it."""
    yield AbsenceCleared(
        window=post.setup.number,
        clerk=absence.clerk,
        since=absence.since,
        expected_return=absence.expected_return,
        how=how,
        reason=absence.reason,
        destination=absence.destination,
        contact=absence.contact,
        backup_clerk=absence.backup_clerk,
    )
    if absence.alert_id is not None:
        yield AlertChanged(
            alert_id=absence.alert_id,
            state="closed",
            level=LEVELS[max(0, min(absence.steps, len(LEVELS)) - 1)],
        )


def at_midnight(state: QueueState, post: Post, works_on: bool) -> Iterator[Event]:
    """Notices end with their day, and a window at which nobody is served is closed: only that it
    is away when the hall works on through midnight (`works_on`)."""
    yield from all_cleared(post, "midnight")
    if post.state == "away" if works_on else post.state not in ("closed", "serving"):
        yield from covers_end(post)
        yield WindowClosed(window=post.setup.number, clerk=post.clerk)


# --- cover -------------------------------------------------------------------------------------


def decide_cover(state: QueueState, command: Cover, ctx: Context) -> list[Event]:
    post = post_at(state, command.window)
    require(post, "cover")
    other = state.posts.get(command.covered)
    if other is None:
        raise invalid(
            "window",
            f"本大厅没有{command.covered}号窗口，请核对窗口号。",
            f"This hall has no window {command.covered}. Please check the window number.",
        )
    if post.covers is not None:
        raise Conflict("already_covering", f"本窗口已在顶岗{post.covers}号窗口，请先结束顶岗。")
    if other.covered_by is not None:
        raise Conflict(
            "already_covered", f"{command.covered}号窗口已由{other.covered_by}号窗口顶岗。"
        )
    # This also refuses itself and a window that covers: those are at work.
    if other.state not in ("closed", "away"):
        raise Conflict(
            "not_coverable",
            f"{command.covered}号窗口{STATE_NAMES[other.state]}，只能顶岗未开启或暂离的其他窗口。",
        )
    return [WindowCovered(window=command.window, covered=command.covered)]


def decide_uncover(state: QueueState, command: Uncover, ctx: Context) -> list[Event]:
    post = post_at(state, command.window)
    require(post, "uncover")
    if post.covers is None or post.covers != command.covered:
        raise Conflict("not_covering", f"本窗口没有顶岗{command.covered}号窗口。")
    return [WindowUncovered(window=command.window, covered=command.covered)]


def uncovered(post: Post) -> Iterator[Event]:
    """The neighbour stops covering this window: it is at work again."""
    if post.covered_by is not None:
        yield WindowUncovered(window=post.covered_by, covered=post.setup.number)


def _own_cover_ends(post: Post) -> Iterator[Event]:
    if post.covers is not None:
        yield WindowUncovered(window=post.setup.number, covered=post.covers)


def covers_end(post: Post) -> Iterator[Event]:
    """Closing ends covering, in both directions."""
    yield from _own_cover_ends(post)
    yield from uncovered(post)


# --- overdue -----------------------------------------------------------------------------------


def due(state: QueueState, ctx: Context) -> datetime | None:
    """When the next overdue step is to be raised."""
    times = [
        at
        for post in state.posts.values()
        for absence in post.notices
        if (at := _step_due(state, absence, absence.steps, ctx)) is not None
    ]
    return min(times, default=None)


def time_passed(state: QueueState, ctx: Context) -> list[Event]:
    return [
        event
        for post in state.posts.values()
        for depth, absence in enumerate(post.notices)
        for event in _overdue(state, post.setup.number, absence, depth, ctx)
    ]


def _overdue(
    state: QueueState, window: int, absence: Absence, depth: int, ctx: Context
) -> Iterator[Event]:
    # After an outage several steps may be due at once; each is told.
    alert_id = absence.alert_id or _alert_id(window, absence, depth, ctx.hall.id)
    for step in range(absence.steps, len(LEVELS)):
        at = _step_due(state, absence, step, ctx)
        if at is None or at > ctx.now:
            return
        if step == 0:
            yield AlertRaised(
                alert_id=alert_id,
                kind="absence_overdue",
                level=LEVELS[0],
                window=window,
                clerk=absence.clerk,
                detail=absence.reason,
            )
        else:
            yield AlertChanged(alert_id=alert_id, state="open", level=LEVELS[step])


def _alert_id(window: int, absence: Absence, depth: int, hall: str) -> str:
    """Unique among all halls: alerts are handled by their id alone. `depth`: how many had left the
    window before, perhaps within this second."""
    return f"absence-{window}-{int(absence.since.timestamp()) + depth}-{hall}"[:60]


def window_of_alert(alert_id: str) -> int | None:
    """The window of an alert about an absence; None for every other alert."""
    parts = alert_id.split("-")
    if len(parts) >= 3 and parts[0] == "absence" and parts[1].isdecimal():
        return int(parts[1])
    return None


def _step_due(state: QueueState, absence: Absence, step: int, ctx: Context) -> datetime | None:
    """When a step is due: nobody is alerted outside the hall's sessions, late or not."""
    if step >= len(LEVELS):
        return None
    minutes = state.settings.overdue_steps_min[step]
    at = max(absence.expected_return + timedelta(minutes=minutes), ctx.now)
    tz = ctx.hall.timezone
    if sessions.is_open(state.hours, None, tz, at):
        return at
    return sessions.next_opening(state.hours, None, tz, at)


DECIDERS: Final[dict[type[Command], Callable[[QueueState, Any, Context], list[Event]]]] = {
    Leave: decide_leave,
    Return: decide_return,
    Cover: decide_cover,
    Uncover: decide_uncover,
}
