"""Looking ahead: the windows at work take one ticket after the other until nobody waits.

Every window is free at some moment (now, or when the service at it is expected to end), takes the
next ticket by the very rule that real calls follow (order.py, on a copy of the lanes), is busy for
as long as such a service takes (durations.py), and so on. A newcomer to each lane is simulated
too, as a probe that takes no time. Times are open seconds from now (timeline.py).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from hall_core.events import Priority
from hall_core.setup import ServedQueue, Window
from hall_queue.domain import order
from hall_queue.domain.durations import Estimate, queue_estimate, service_estimate
from hall_queue.domain.state import Line, Place, Post, QueueState, Ticket
from hall_queue.domain.timeline import Timeline

CALL_S: Final = 30.0  # from the call until the service starts
LEFT_AT_LEAST: Final = 0.2  # of a service that already took longer than expected
BACK_S: Final = 300.0  # a window whose clerk is away is not expected sooner
BACK_SOON_S: Final = 3600.0
SIMULATED_ORDINARY: Final = 200  # per queue; what stands behind them is extrapolated
SIMULATED_GREEN: Final = 100
ALONE: Final = 0.35  # share of a window's luck that its neighbours do not even out
_LAST: Final[Place] = (1 << 62, 0)


class Start(msgspec.Struct, frozen=True):
    """When a ticket is expected to be called, in open seconds from now, and how surely."""

    after_s: float
    spread_s: float
    assumed: bool = False


class _Luck:
    """How far a window may drift from what is expected of it."""

    __slots__ = ("doubt", "variance")

    def __init__(self) -> None:
        self.variance = 0.0  # of the services so far: their luck is independent
        self.doubt = 0.0  # of the figures they are reckoned with: the same for all of them

    def add(self, estimate: Estimate, cases: int, share: float = 1.0) -> None:
        self.variance += share * cases * (estimate.spread * 60) ** 2
        self.doubt += share * cases * estimate.doubt * 60


class Simulation:
    """One look ahead. `starts` says when every simulated ticket (and probe) is called."""

    def __init__(
        self, state: QueueState, now: datetime, at_work: list[Post], time: Timeline
    ) -> None:
        self.starts: dict[str, Start] = {}
        self.windows: dict[str, list[int]] = {prefix: [] for prefix in state.lines}
        self._state = state
        self._now = now
        self._estimates: dict[tuple[str, str | None], Estimate] = {}
        self._luck: dict[int, _Luck] = {}
        self._free: list[tuple[float, int]] = []  # heap of (free after, window)
        self._idle: set[int] = set()
        self._assumed: set[int] = set()
        self._copy = _copy(state, now)
        reached = set()
        for post in at_work:
            self._work(post.setup.number, order.served_prefixes(state, post), self._left(post))
            reached |= {post.setup.number, post.covers}
        self.online = {prefix: len(windows) for prefix, windows in self.windows.items()}
        self._assume(reached, time)

    def run(self) -> None:
        """Let everybody be called."""
        free, copy, starts = self._free, self._copy, self.starts
        heapq.heapify(free)
        while free:
            after_s, number = free[0]
            found = order.next_ticket(copy, number)
            if found is None:
                heapq.heappop(free)
                if not after_s:
                    self._idle.add(number)
                continue
            ticket = found[0]
            lane = order.take_out(copy, ticket)
            starts[ticket.ticket_id] = self._start(ticket, number, after_s)
            if ticket.place == _LAST:
                continue  # a probe takes no time and is nobody's turn
            order.count_call(copy.posts[number], lane)
            estimate = self._estimate(ticket.queue, ticket.service)
            self._luck[number].add(estimate, ticket.cases)
            busy_s = CALL_S + ticket.cases * estimate.minutes * 60
            heapq.heapreplace(free, (after_s + busy_s, number))

    def lane(self, lane: order.Lane, simulated: int, probe: str) -> list[Start]:
        """Starts of a lane's people, then of a newcomer; beyond `simulated` in proportion."""
        starts = [self.starts[ticket_id] for _, ticket_id in lane[:simulated]]
        if len(lane) < simulated:
            starts.append(self.starts[probe])
            return starts
        last = starts[-1]
        for place in range(simulated, len(lane) + 1):
            further = (place + 1) / simulated
            spread_s = last.spread_s * math.sqrt(further)
            starts.append(Start(last.after_s * further, spread_s, last.assumed))
        return starts

    def pace_s(self, prefix: str) -> float:
        """How much one more person makes a newcomer to the queue wait."""
        each_s = CALL_S + self._estimate(prefix, None).minutes * 60
        return each_s / len(self.windows[prefix])

    def spare(self, prefix: str) -> int:
        """Windows of the queue that nobody needs now."""
        return len(self._idle.intersection(self.windows[prefix]))

    def _work(self, number: int, prefixes: Iterable[str], left: tuple[float, _Luck]) -> None:
        """Window `number` takes people of these queues, once it is free."""
        after_s, self._luck[number] = left
        self._free.append((after_s, number))
        for prefix in prefixes:
            if prefix in self.windows:
                self.windows[prefix].append(number)

    def _left(self, post: Post) -> tuple[float, _Luck]:
        """How long a window is still busy, and how sure that is."""
        luck = _Luck()
        ticket = self._state.tickets.get(post.ticket or "")
        if ticket is None:
            return 0.0, luck
        estimate = self._estimate(ticket.queue, ticket.service)
        expected_s = max(1.0, ticket.cases * estimate.minutes * 60)
        if ticket.started_at is None:
            luck.add(estimate, ticket.cases)
            return CALL_S + expected_s, luck
        passed_s = ticket.served_s + (self._now - ticket.started_at).total_seconds()
        left_s = max(expected_s - passed_s, LEFT_AT_LEAST * expected_s)
        luck.add(estimate, ticket.cases, left_s / expected_s)
        return left_s, luck

    def _assume(self, reached: set[int | None], time: Timeline) -> None:
        """Reckon with windows that are not at work, for people whom no other window takes.

        They take those people only: what the windows at work do is not changed by an assumption.
        """
        takes: dict[int, list[ServedQueue]] = {
            number: [] for number in self._state.for_window if number not in reached
        }
        nobody = 0
        for prefix, windows in self.windows.items():
            if windows:
                continue
            likely = self._likely_windows(prefix, time)
            if not likely:
                nobody -= 1
                likely = [nobody]
            for number in likely:
                takes.setdefault(number, []).append(self._served(number, prefix))
        for number, queues in takes.items():
            self._assumed.add(number)
            self._copy.posts[number] = Post(
                setup=Window(number=number, name="", queues=tuple(queues)), state="open"
            )
            left = (self._back_s(number, time), _Luck())
            self._work(number, [queue.prefix for queue in queues], left)

    def _likely_windows(self, prefix: str, time: Timeline) -> list[int]:
        """Windows that will serve a queue which none serves now: those whose clerk is soon back,
        else those that have a clerk at all, else those that are configured for it."""
        posts = [
            number
            for number, post in self._state.posts.items()
            if any(queue.prefix == prefix for queue in post.setup.queues)
        ]
        away = [number for number in posts if self._state.posts[number].state == "away"]
        soon = [number for number in away if self._back_s(number, time) <= BACK_SOON_S]
        if soon:
            return soon
        staffed = {n for clerk in self._state.clerks.values() for n in clerk.windows}
        return [number for number in posts if number in staffed or number in away] or posts

    def _back_s(self, number: int, time: Timeline) -> float:
        post = self._state.posts.get(number)
        if post is None or post.absence is None:
            return 0.0
        return max(BACK_S, time.seconds(post.absence.expected_return))

    def _served(self, number: int, prefix: str) -> ServedQueue:
        post = self._state.posts.get(number)
        for queue in post.setup.queues if post else ():
            if queue.prefix == prefix:
                return queue
        return ServedQueue(prefix=prefix)

    def _start(self, ticket: Ticket, number: int, after_s: float) -> Start:
        windows = 1 if ticket.window is not None else len(self.windows[ticket.queue])
        luck = self._luck[number]
        variance = luck.variance * (ALONE + (1 - ALONE) / max(windows, 1))
        return Start(after_s, math.sqrt(variance + luck.doubt**2), number in self._assumed)

    def _estimate(self, prefix: str, service: str | None) -> Estimate:
        key = (prefix, service)
        found = self._estimates.get(key)
        if found is None:
            hour = self._now.hour
            if service is None:
                found = queue_estimate(self._state, prefix, hour)
            else:
                found = service_estimate(self._state, service, hour)
            self._estimates[key] = found
        return found


def probe_of(prefix: str, priority: Priority) -> str:
    """Id of the newcomer to a lane."""
    return f"{prefix} {priority}"


def _copy(state: QueueState, now: datetime) -> QueueState:
    """As much of the state as the order looks at, with a newcomer at the end of every lane."""
    copy = QueueState(
        settings=state.settings,
        lines={},
        posts={
            number: Post(
                setup=post.setup,
                state=post.state,
                covers=post.covers,
                ordinary_since_green=post.ordinary_since_green,
            )
            for number, post in state.posts.items()
        },
        tickets=dict(state.tickets),
        for_window={number: list(lane) for number, lane in state.for_window.items()},
    )

    def newcomer(prefix: str, priority: Priority) -> tuple[Place, str]:
        ticket_id = probe_of(prefix, priority)
        copy.tickets[ticket_id] = Ticket(
            ticket_id=ticket_id,
            number="",
            queue=prefix,
            day="",
            state="waiting",
            place=_LAST,
            issued_at=now,
            priority=priority,
        )
        return _LAST, ticket_id

    for prefix, line in state.lines.items():
        ordinary, green = line.ordinary[:SIMULATED_ORDINARY], line.green[:SIMULATED_GREEN]
        if len(ordinary) < SIMULATED_ORDINARY:
            ordinary.append(newcomer(prefix, "normal"))
        if len(green) < SIMULATED_GREEN:
            green.append(newcomer(prefix, "green"))
        copy.lines[prefix] = Line(setup=line.setup, ordinary=ordinary, green=green)
    return copy
