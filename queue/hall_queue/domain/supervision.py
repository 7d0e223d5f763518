"""Deciding whether a window is attended: suspected absent (疑似空岗), and late in opening.

Cameras report facts; what they mean is decided here, beside what the window itself did. A window
is suspected to be left when it is open (or calls and nobody comes), in a session of its hours,
without a notice and without a B-post clerk, and either its zone on the picture is empty or, where
no camera can tell, nothing is pressed while people wait. Three steps tell the window, the hall's
manager and supervision (domain.md section 4); the next step never comes sooner after the last
one than the settings put between them, so that nobody is passed over after an outage.

Nothing here is a verdict: an alert is a question to a person, and ends by itself when there is a
notice, a press, somebody on the picture, or when the session ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from hall_core.events import AlertChanged, AlertLevel, AlertRaised, Event
from hall_core.features import Context
from hall_queue.domain import durations, order, sessions
from hall_queue.domain.absence import LEVELS
from hall_queue.domain.state import Post, QueueState, Suspicion

LATE: Final = timedelta(minutes=5)
"""How far into a session a window that should be open may still be closed."""

LONG_SERVICE: Final = 3
"""A service that takes longer than so many times its usual minutes is no sign of life."""

WATCHED: Final = frozenset({"open", "calling", "serving"})
COUNTED: Final = 99  # people waiting that an alert tells; more are as many


# --- what is known -----------------------------------------------------------------------------


def presence(post: Post) -> bool | None:
    """Whether somebody is at the window, as its cameras see it; None: none of them can tell."""
    if not post.seen:
        return None
    return any(seen.present for seen in post.seen.values())


def waiting_for(state: QueueState, post: Post) -> int:
    """How many people this window could call now."""
    return sum(
        1 for _, _ in zip(range(COUNTED), order.line(state, post.setup.number), strict=False)
    )


def unattended_since(state: QueueState, post: Post, ctx: Context) -> datetime | None:
    """Since when nothing speaks for somebody being there, hours apart; None: something does.

    It may lie ahead: a service counts as activity until it has lasted three times its usual.
    """
    if post.state not in WATCHED or post.absence is not None or post.signed_in:
        return None
    there = presence(post)
    if there:
        return None
    since = post.last_activity or post.since
    if since is None:
        return None
    if post.state == "serving":
        since = max(since, _service_long_at(state, post, ctx))
    if there is False:
        return max(since, *(seen.since for seen in post.seen.values()))
    if post.state == "calling":  # who was called waits
        return since
    waited = _waited_since(state, post)
    return None if waited is None else max(since, waited)


def _waited_since(state: QueueState, post: Post) -> datetime | None:
    """Since when people have been waiting whom this window could call, without a break."""
    since = [
        at
        for prefix in order.served_prefixes(state, post)
        if (at := state.waited_since.get(prefix)) is not None
    ]
    for window in (post.setup.number, post.covers):
        if window is not None and (at := state.sought_since.get(window)) is not None:
            since.append(at)
    return min(since, default=None)


def _service_long_at(state: QueueState, post: Post, ctx: Context) -> datetime:
    ticket = state.tickets.get(post.ticket or "")
    if ticket is None or ticket.started_at is None:
        return ctx.now
    # The hour of day it began, so that the answer does not move while it goes on.
    hour = ticket.started_at.hour
    if ticket.service is not None:
        usual = durations.service_estimate(state, ticket.service, hour)
    else:
        usual = durations.queue_estimate(state, ticket.queue, hour)
    return ticket.started_at + timedelta(minutes=LONG_SERVICE * usual.minutes * ticket.cases)


def hours(state: QueueState, post: Post, tz: str, at: datetime) -> sessions.Period | None:
    """The session of the window's hours that runs at `at`, else the next one."""
    lines = [state.lines.get(queue.prefix) for queue in post.setup.queues]
    queues = {line.setup if line.setup.sessions is not None else None for line in lines if line}
    found: sessions.Period | None = None
    periods = {p for q in queues or {None} for p in sessions.open_periods(state.hours, q, tz, at)}
    for start, until in sorted(periods):
        if found is not None and start <= found[1]:  # one queue's hours go over into another's
            found = found[0], max(found[1], until)
        elif found is None or found[1] <= at:
            found = start, until
        else:
            break
    return found if found is not None and found[1] > at else None


# --- what is due -------------------------------------------------------------------------------


def due(state: QueueState, ctx: Context) -> datetime | None:
    """When `time_passed` has something to say next."""
    times = [at for post in state.posts.values() for at in _times(state, post, ctx)]
    return min(times, default=None)


def _times(state: QueueState, post: Post, ctx: Context) -> Iterator[datetime]:
    told, late = post.suspicion, post.late
    if told is not None and told.alert_id is not None:
        yield _ends_at(state, post, told.raised_at, _suspicion_over(post, told), ctx)
    if late is not None and late.alert_id is not None:
        yield _ends_at(state, post, late.told_at, _late_over(post), ctx)
    for at in (_step_due(state, post, ctx), _late_due(state, post, ctx), _late_step(state, post)):
        if at is not None:
            yield at


def time_passed(state: QueueState, ctx: Context) -> list[Event]:
    """What is due now: alerts that are over end, others are raised or go one step further."""
    events: list[Event] = []
    for post in state.posts.values():
        # An alert's id does not say of which window it is: the neighbours hear of its changes.
        events += _due_now(state, post, ctx, f"{ctx.version + len(events)}-{ctx.hall.id}")
    return events


def _due_now(state: QueueState, post: Post, ctx: Context, key: str) -> Iterator[Event]:
    told, late = post.suspicion, post.late
    if told is not None and told.alert_id is not None:
        over = _suspicion_over(post, told)
        if _ends_at(state, post, told.raised_at, over, ctx) <= ctx.now:
            yield AlertChanged(alert_id=told.alert_id, state="closed", level=LEVELS[told.steps - 1])
            return
    if (
        late is not None
        and late.alert_id is not None
        and _ends_at(state, post, late.told_at, _late_over(post), ctx) <= ctx.now
    ):
        yield AlertChanged(alert_id=late.alert_id, state="closed", level=late.level)
        return
    at = _step_due(state, post, ctx)
    if at is not None and at <= ctx.now:
        yield _step(state, post, key)
    at = _late_due(state, post, ctx)
    if at is not None and at <= ctx.now:
        yield _late(state, post, ctx, key)
    at = _late_step(state, post)
    if at is not None and at <= ctx.now and late is not None and late.alert_id is not None:
        waiting = waiting_for(state, post)
        yield AlertChanged(
            alert_id=late.alert_id, state="open", level=LATE_LEVELS[-1], waiting=waiting
        )


def _ends_at(
    state: QueueState, post: Post, raised_at: datetime, over: bool, ctx: Context
) -> datetime:
    """An alert that is over ends at once, every other one with the session in which it was raised.
    The server may have been off when that ended: then it ends in the next one, before another."""
    period = hours(state, post, ctx.hall.timezone, ctx.now)
    if over or period is None or raised_at < period[0]:
        return ctx.now
    return period[1]


# --- suspected absent --------------------------------------------------------------------------


def _step_due(state: QueueState, post: Post, ctx: Context) -> datetime | None:
    """When the next step about an empty chair is to be told."""
    since = unattended_since(state, post, ctx)
    if since is None:
        return None
    steps, told = state.settings.suspect_steps_min, post.suspicion
    if told is not None and told.alert_id is not None:
        if told.steps >= len(steps):
            return None
        between = steps[told.steps] - steps[told.steps - 1]
        return max(told.told_at + timedelta(minutes=between), since)
    first = timedelta(minutes=steps[0])
    if since + first > ctx.now:
        return since + first  # not before; hours are looked at then (asked several times a second)
    # This session, or if it ends too soon, the next.
    after = max(since, ctx.now)
    for _ in range(2):
        period = hours(state, post, ctx.hall.timezone, after)
        if period is None:
            return None
        begin, after = max(since, period[0]), period[1]
        if told is not None and begin <= told.raised_at:
            continue  # it was dealt with, and nothing has happened since
        at = begin + first
        if at < period[1]:
            return at
    return None


def _step(state: QueueState, post: Post, key: str) -> Event:
    waiting = waiting_for(state, post)
    told = post.suspicion
    if told is not None and told.alert_id is not None:
        level = LEVELS[told.steps]
        return AlertChanged(alert_id=told.alert_id, state="open", level=level, waiting=waiting)
    empty = [camera_id for camera_id, seen in post.seen.items() if not seen.present]
    why = []
    if post.state == "serving":
        long = f"{LONG_SERVICE} times its usual time"
        why.append((f"办理已超过平常用时的{LONG_SERVICE}倍", f"a service takes over {long}"))
    elif post.state == "calling":
        why.append(("叫号后无人办理", "called, and nobody serves"))
    if empty:
        why.append(("画面中没有人", "nobody on the picture"))
    else:
        why.append(("没有任何操作", "nothing was pressed"))
    detail, detail_en = _told(why, waiting)
    return AlertRaised(
        alert_id=f"suspect-{key}"[:60],
        kind="suspected_absent",
        level=LEVELS[0],
        window=post.setup.number,
        clerk=post.clerk,
        camera_id=empty[0] if empty else None,
        detail=detail,
        detail_en=detail_en,
        waiting=waiting,
    )


def _told(why: list[tuple[str, str]], waiting: int) -> tuple[str, str]:
    """What an alert says, in Chinese and in English."""
    if waiting:
        why = [*why, (f"{waiting}人等候", f"{waiting} waiting")]
    english = ", ".join(en for _, en in why)
    return "，".join(zh for zh, _ in why), english[:1].upper() + english[1:]


def _suspicion_over(post: Post, told: Suspicion) -> bool:
    """Whether a notice, a press, a B-post clerk or the picture says that somebody is there."""
    return (
        post.state not in WATCHED
        or post.absence is not None
        or bool(post.signed_in)
        or presence(post) is True
        or (post.last_activity is not None and post.last_activity > told.raised_at)
    )


# --- late in opening ---------------------------------------------------------------------------

LATE_LEVELS: Final[tuple[AlertLevel, AlertLevel]] = ("hall", "supervision")
"""A closed window tells nobody; its hall's manager is the first who can do something."""


def _late_due(state: QueueState, post: Post, ctx: Context) -> datetime | None:
    """When a closed window is late. Until there are rosters, a window should be open in the
    sessions in which it was at work on the last day on which anybody was."""
    if _late_over(post) or not post.expected:
        return None
    tz = ctx.hall.timezone
    period = hours(state, post, tz, ctx.now)
    if period is None or not _expected_in(state, post, tz, period):
        return None
    at, late = period[0] + LATE, post.late
    if at >= period[1] or (late is not None and (late.alert_id or late.told_at >= period[0])):
        return None  # told already, or an alert of before has to end first
    if post.since is not None and post.since > at:
        return None  # it was open in this session, and closed later
    return at


def _late(state: QueueState, post: Post, ctx: Context, key: str) -> Event:
    tz = ctx.hall.timezone
    period = hours(state, post, tz, ctx.now)
    assert period is not None
    start = period[0].astimezone(sessions.zone(tz))
    waiting = waiting_for(state, post)
    said = (
        f"{start:%H:%M}已开始服务，窗口还没有开启",
        f"the session began at {start:%H:%M}, the window is closed",
    )
    detail, detail_en = _told([said], waiting)
    return AlertRaised(
        alert_id=f"late-{key}"[:60],
        kind="late_open",
        level=LATE_LEVELS[0],
        window=post.setup.number,
        detail=detail,
        detail_en=detail_en,
        waiting=waiting,
    )


def _late_step(state: QueueState, post: Post) -> datetime | None:
    """When supervision hears of it, as long after the manager as of an empty chair: who closes
    the window is no better off than who leaves it."""
    late = post.late
    if late is None or late.alert_id is None or late.level == LATE_LEVELS[-1]:
        return None
    _, manager, supervision = state.settings.suspect_steps_min
    return late.told_at + timedelta(minutes=supervision - manager)


def _late_over(post: Post) -> bool:
    """It is open, a notice says why not, or a neighbour takes its people."""
    return post.state != "closed" or post.absence is not None or post.covered_by is not None


def _expected_in(state: QueueState, post: Post, tz: str, period: sessions.Period) -> bool:
    """Whether it was at work at some time of this session on the last working day."""
    start = period[0].astimezone(sessions.zone(tz))
    if start.hour == start.minute == 0:
        return False  # open round the clock: nobody comes in the morning
    day = date.fromisoformat(state.expected_day)
    then = datetime.combine(day, start.time(), sessions.zone(tz))
    until = then + (period[1] - period[0])
    return any(begin < until and end > then for begin, end in post.expected)
