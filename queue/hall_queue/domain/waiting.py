"""Waiting times, as ranges: for everyone who waits, and for a newcomer to each queue.

They come from simulating the queue forward (simulation.py). A wait ends when the number is
called. `forecast` looks at everybody and is made every few seconds; `arrival` and
`passes_closing` answer a new ticket at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from hall_core.features import Context
from hall_queue.domain import order, sessions
from hall_queue.domain.durations import forget_duration, queue_estimate, record_duration
from hall_queue.domain.simulation import (
    CALL_S,
    SIMULATED_GREEN,
    SIMULATED_ORDINARY,
    Simulation,
    Start,
    probe_of,
)
from hall_queue.domain.state import QueueState
from hall_queue.domain.timeline import Timeline, timeline

__all__ = [
    "Forecast",
    "QueueWait",
    "Wait",
    "arrival",
    "forecast",
    "forget_duration",
    "passes_closing",
    "record_duration",
]

NARROW: Final = 1.2  # standard deviations from likely down to low ...
WIDE: Final = 1.5  # ... and up to high: waits are lopsided, and late is worse than early
MINUTE_US: Final = 60_000_000


class Wait(msgspec.Struct, frozen=True):
    """A range. Minutes are clock minutes from the forecast's moment, breaks included."""

    low: int
    likely: int
    high: int
    at_low: datetime
    at_likely: datetime
    at_high: datetime
    crosses_break: bool = False  # say clock times rather than minutes
    assumed: bool = False  # no window serves it now: reckoned as if the usual ones did


class QueueWait(msgspec.Struct, frozen=True):
    """What a newcomer to a queue has to expect."""

    ordinary: Wait
    green: Wait
    waiting: int
    online: int  # windows at work that serve it
    saturation: float  # 窗口饱和度: waiting per window at work
    ordinary_start: Start
    green_start: Start
    pace_s: float  # how much later everyone further starts
    spare: int  # windows that would still be idle
    timeline: Timeline


class Waits(Mapping[str, Wait]):
    """Waits by ticket id, each worked out when it is asked for: thousands may wait, few are asked
    about before the next forecast."""

    def __init__(self) -> None:
        self._starts: dict[str, tuple[Timeline, Start]] = {}

    def add(self, ticket_id: str, time: Timeline, start: Start) -> None:
        self._starts[ticket_id] = (time, start)

    def __contains__(self, ticket_id: object) -> bool:
        return ticket_id in self._starts

    def __getitem__(self, ticket_id: str) -> Wait:
        return _wait(*self._starts[ticket_id])

    def __iter__(self) -> Iterator[str]:
        return iter(self._starts)

    def __len__(self) -> int:
        return len(self._starts)


class Forecast(msgspec.Struct, frozen=True):
    at: datetime
    tickets: Waits
    queues: dict[str, QueueWait]


# --- the forecast ------------------------------------------------------------------------------


def forecast(state: QueueState, ctx: Context) -> Forecast:
    """Everyone's wait, and that of a newcomer to each queue."""
    tz, now = ctx.hall.timezone, ctx.now
    at_work = [post for post in state.posts.values() if post.state in order.AT_WORK]
    hall_time = timeline(state.hours, None, tz, now, bool(at_work))
    simulation = Simulation(state, now, at_work, hall_time)
    simulation.run()

    waits = Waits()
    queues: dict[str, QueueWait] = {}
    for prefix, line in state.lines.items():
        time = hall_time
        if line.setup.sessions is not None:
            time = timeline(state.hours, line.setup, tz, now, bool(at_work))
        ordinary = simulation.lane(line.ordinary, SIMULATED_ORDINARY, probe_of(prefix, "normal"))
        green = simulation.lane(line.green, SIMULATED_GREEN, probe_of(prefix, "green"))
        for (_, ticket_id), start in zip(line.ordinary, ordinary, strict=False):
            waits.add(ticket_id, time, start)
        for (_, ticket_id), start in zip(line.green, green, strict=False):
            waits.add(ticket_id, time, start)
        waiting = order.waiting_in(state, line)
        online = simulation.online[prefix]
        queues[prefix] = QueueWait(
            ordinary=_wait(time, ordinary[-1]),
            green=_wait(time, green[-1]),
            waiting=waiting,
            online=online,
            saturation=waiting / max(online, 1),
            ordinary_start=ordinary[-1],
            green_start=green[-1],
            pace_s=simulation.pace_s(prefix),
            spare=simulation.spare(prefix),
            timeline=time,
        )
    for lane in state.for_window.values():
        for _, ticket_id in lane:
            if ticket_id in simulation.starts:
                waits.add(ticket_id, hall_time, simulation.starts[ticket_id])
    return Forecast(now, waits, queues)


def arrival(
    forecast: Forecast, state: QueueState, prefix: str, priority: str, issued_since: int
) -> Wait:
    """A newcomer's wait, from a forecast after which `issued_since` tickets of this queue were
    issued: each makes it one step of the queue's pace longer, unless a window stood idle."""
    queue = forecast.queues.get(prefix)
    if queue is None:  # the queue is newer than the forecast: nobody waits in it yet
        return Wait(0, 0, 0, forecast.at, forecast.at, forecast.at, assumed=True)
    start = queue.green_start if priority == "green" else queue.ordinary_start
    if priority == "green":
        # Ordinary newcomers stand behind a green one but for those that interleave.
        issued_since = min(issued_since, state.settings.greens_after_ordinary)
    steps = max(0, issued_since - max(0, queue.spare - 1))
    if not steps:
        return queue.green if priority == "green" else queue.ordinary
    later = steps * queue.pace_s
    spread = math.hypot(start.spread_s, queue.pace_s * 0.35 * math.sqrt(steps))
    return _wait(queue.timeline, Start(start.after_s + later, spread, start.assumed))


def _wait(time: Timeline, start: Start) -> Wait:
    now, likely_s, spread_s = time.now, start.after_s, start.spread_s
    high_s = likely_s + WIDE * spread_s
    low_us = time.clock_us(max(0.0, likely_s - NARROW * spread_s))
    likely_us = time.clock_us(likely_s)
    high_us = time.clock_us(high_s)
    return Wait(
        low_us // MINUTE_US,
        round(likely_us / MINUTE_US),
        -(-high_us // MINUTE_US),
        now + timedelta(0, 0, low_us),
        now + timedelta(0, 0, likely_us),
        now + timedelta(0, 0, high_us),
        high_us - high_s * 1e6 > 1e6,
        start.assumed,
    )


# --- a cheap estimate for issuing --------------------------------------------------------------


def passes_closing(state: QueueState, ctx: Context, prefix: str, *, green: bool = False) -> bool:
    """Whether one more ticket of this queue would likely be called only after closing.

    What it is for does not matter yet: who is called in time is served.
    """
    tz, queue = ctx.hall.timezone, state.lines[prefix].setup
    end = sessions.closing(state.hours, queue, tz, ctx.now)
    if end is None:
        return False
    rough_s = _rough_s(state, ctx, prefix, green)
    if not rough_s:
        return ctx.now >= end
    return rough_s >= sessions.open_seconds(state.hours, queue, tz, ctx.now, end)


def _rough_s(state: QueueState, ctx: Context, prefix: str, green: bool) -> float:
    """Open seconds until everyone whom a newcomer waits for was called, with the windows at work.

    A window that serves several queues counts for each by the share of its people.
    """
    line = state.lines[prefix]
    before = order.before_newcomer(state, line, green)
    capacity = 0.0
    idle = 0
    for number in line.windows:
        post = state.posts[number]
        idle += post.state == "open"
        everybody = 1
        for served in order.served_prefixes(state, post):
            if served in state.lines:
                everybody += order.before_newcomer(state, state.lines[served], green)
        capacity += (before + 1) / everybody
    if before < idle:
        return 0.0
    if not capacity:
        setups = (post.setup.queues for post in state.posts.values())
        capacity = max(1, sum(any(q.prefix == prefix for q in queues) for queues in setups))
    each_s = CALL_S + queue_estimate(state, prefix, ctx.now.hour).minutes * 60
    return before * each_s / capacity
