"""Who is called next, and why: the one place.

A window takes its queues by priority level, lower first; within a level everybody stands by
`Ticket.place`, whichever queue they are in. The verified green channel has lanes of its own, and
passes those who came before: one green call for every `greens_after_ordinary` ordinary ones *of
this window*, so that people who have waited longer than it are passed once in N + 1 calls at most
and nobody starves. A green ticket that came first is called first in any case: the channel never
makes anybody wait longer than without it. Who waits for one window only stands, by place, in that
window's best level. A window that covers its neighbour takes the neighbour's people in the same
way.

Lanes are sorted lists; everything here is lazy, so that the next ticket costs the number of
queues and not the number of people.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from heapq import merge
from typing import Final, Literal, TypeAlias

from hall_queue.domain.state import Line, Place, Post, QueueState, Ticket

Lane: TypeAlias = list[tuple[Place, str]]
Standing: TypeAlias = tuple[Place, str, str]
"""(place, ticket id, reason of the lane it stands in, "" being the plain one)."""

LaneKind = Literal["ordinary", "green", "for_window"]

REASONS: Final = (
    "time",  # by time of issue
    "green",  # its turn of the green channel
    "appointment",  # came at the time they had booked
    "requeued",  # missed, placed some people back
    "transferred",
    "continued",  # goes on in a next queue
    "for_window",  # waits for this window only
    "covered",  # of the neighbour that this window covers
)

AT_WORK: Final = frozenset({"open", "calling", "serving"})


# --- lanes -------------------------------------------------------------------------------------


def lane_kind(ticket: Ticket) -> LaneKind:
    """Where a waiting ticket stands. A green one that was missed waits with everybody else."""
    if ticket.window is not None:
        return "for_window"
    if ticket.priority == "green" and ticket.why != "requeued":
        return "green"
    return "ordinary"


def put_in(state: QueueState, ticket: Ticket) -> None:
    """Stand in line, at `ticket.place`."""
    kind = lane_kind(ticket)
    lane: Lane
    if kind == "for_window":
        assert ticket.window is not None
        lane = state.for_window.setdefault(ticket.window, [])
    else:
        line = state.lines[ticket.queue]
        lane = line.green if kind == "green" else line.ordinary
    standing = (ticket.place, ticket.ticket_id)
    if not lane or lane[-1] < standing:
        lane.append(standing)
    else:
        insort(lane, standing)


def take_out(state: QueueState, ticket: Ticket) -> LaneKind:
    """Leave the line; tells which lane it was."""
    kind = lane_kind(ticket)
    lane: Lane
    if kind == "for_window":
        assert ticket.window is not None
        lane = state.for_window[ticket.window]
    else:
        line = state.lines[ticket.queue]
        lane = line.green if kind == "green" else line.ordinary
    del lane[bisect_left(lane, (ticket.place, ticket.ticket_id))]
    if kind == "for_window" and not lane:
        assert ticket.window is not None
        del state.for_window[ticket.window]
    return kind


# --- who is next -------------------------------------------------------------------------------


def line(state: QueueState, window: int) -> Iterator[tuple[Ticket, str]]:
    """The whole order of a window from now on, each with its reason, lazily."""
    post = state.posts[window]
    tickets = state.tickets
    ordinary_for_one_green = state.settings.greens_after_ordinary
    since_green = post.ordinary_since_green
    for ordinary_lanes, green_lanes in _levels(state, post):
        ordinary = _merged(ordinary_lanes)
        greens = _merged(green_lanes)
        person = next(ordinary, None)
        green = next(greens, None)
        while True:
            if green is not None and (
                person is None or since_green >= ordinary_for_one_green or green[0] < person[0]
            ):
                yield tickets[green[1]], "green"
                since_green = 0
                green = next(greens, None)
            elif person is not None:
                ticket = tickets[person[1]]
                yield ticket, _reason(ticket, person[2])
                since_green += 1
                person = next(ordinary, None)
            else:
                break


def next_ticket(state: QueueState, window: int) -> tuple[Ticket, str] | None:
    """Who this window calls next, and why; None when nobody waits for it."""
    return next(line(state, window), None)


def count_call(post: Post, kind: LaneKind) -> None:
    """What a call out of a lane of this kind does to the window's interleaving (see `line`)."""
    post.ordinary_since_green = 0 if kind == "green" else post.ordinary_since_green + 1


def _reason(ticket: Ticket, lane_reason: str) -> str:
    if lane_reason == "for_window":
        return lane_reason
    return ticket.why or lane_reason or "time"


_Lanes: TypeAlias = list[tuple[Lane, str]]


def _levels(state: QueueState, post: Post) -> Iterator[tuple[_Lanes, _Lanes]]:
    """Ordinary and green lanes of each priority level, best first."""
    served = _served(state, post)
    for_window: _Lanes = []
    if own := state.for_window.get(post.setup.number):
        for_window.append((own, "for_window"))
    if post.covers is not None and (neighbours := state.for_window.get(post.covers)):
        for_window.append((neighbours, "covered"))
    if not served:
        yield for_window, []
        return
    for priority in sorted({priority for priority, _ in served.values()}):
        ordinary, green = for_window, []
        for_window = []  # only the best level has them
        for prefix, (own_priority, reason) in served.items():
            if own_priority == priority and (found := state.lines.get(prefix)):
                if found.ordinary:
                    ordinary.append((found.ordinary, reason))
                if found.green:
                    green.append((found.green, reason))
        yield ordinary, green


def _served(state: QueueState, post: Post) -> dict[str, tuple[int, str]]:
    """Queues whose people this window takes now: prefix -> (priority, reason)."""
    served = {queue.prefix: (queue.priority, "") for queue in post.setup.queues}
    if post.covers is not None:
        for queue in state.posts[post.covers].setup.queues:
            mine = served.get(queue.prefix)
            if mine is None:
                served[queue.prefix] = (queue.priority, "covered")
            elif queue.priority < mine[0]:
                served[queue.prefix] = (queue.priority, "")
    return served


def _merged(lanes: _Lanes) -> Iterator[Standing]:
    if not lanes:
        return iter(())
    if len(lanes) == 1:
        return _standing(*lanes[0])
    return iter(merge(*(_standing(lane, reason) for lane, reason in lanes)))


def _standing(lane: Lane, reason: str) -> Iterator[Standing]:
    return ((place, ticket_id, reason) for place, ticket_id in lane)


def served_prefixes(state: QueueState, post: Post) -> list[str]:
    """Queues whose people this window takes now, its covered neighbour's included."""
    if post.covers is None:
        return [queue.prefix for queue in post.setup.queues]
    return list(_served(state, post))


def refresh_windows(state: QueueState) -> None:
    """Note at each line which windows take its people now (after a window came, went or covers)."""
    for found in state.lines.values():
        found.windows = []
    for number in sorted(state.posts):
        post = state.posts[number]
        if post.state in AT_WORK:
            for prefix in served_prefixes(state, post):
                if found_line := state.lines.get(prefix):
                    found_line.windows.append(number)


# --- places ------------------------------------------------------------------------------------


def requeue_place(lane: Lane, back: int, own: Place, version: int) -> Place:
    """Where a missed person stands again: behind the `back`-th of the ordinary lane, and behind
    whoever turned up there before; never before the place they had themselves.

    `version` orders those who stand behind the same person by when they turned up.
    """
    if not lane or back <= 0:
        return own
    base, _ = lane[min(back, len(lane)) - 1][0]
    return max(own, (base, version))


def waiting_in(state: QueueState, line: Line) -> int:
    """Who waits in this queue, also those who wait for one window of it."""
    waiting = len(line.ordinary) + len(line.green)
    for lane in state.for_window.values():
        waiting += sum(state.tickets[key].queue == line.setup.prefix for _, key in lane)
    return waiting


def ahead(state: QueueState, ticket: Ticket) -> int:
    """How many of the same queue are likely called before this waiting ticket."""
    found = state.lines.get(ticket.queue)
    if found is None or ticket.state != "waiting":
        return 0
    here = (ticket.place, ticket.ticket_id)
    kind = lane_kind(ticket)
    if kind == "for_window":
        return _ahead_for_window(state, found, ticket)
    if kind == "green":
        greens, ordinary = bisect_left(found.green, here), bisect_left(found.ordinary, here)
        return _before_green(state, greens, ordinary)
    before = bisect_left(found.ordinary, here)
    greens = bisect_left(found.green, here)
    # Of those who came later, each window lets one pass at once, and then one in N.
    passing = before // state.settings.greens_after_ordinary + max(1, len(found.windows))
    return before + greens + min(len(found.green) - greens, passing)


def before_newcomer(state: QueueState, found: Line, green: bool) -> int:
    """How many of a queue are likely called before somebody who comes now."""
    greens, ordinary = len(found.green), len(found.ordinary)
    return _before_green(state, greens, ordinary) if green else greens + ordinary


def _before_green(state: QueueState, greens: int, ordinary: int) -> int:
    """The green ones before a green ticket, and the ordinary ones that are called between them."""
    return greens + min(greens * state.settings.greens_after_ordinary, ordinary)


def _ahead_for_window(state: QueueState, found: Line, ticket: Ticket) -> int:
    assert ticket.window is not None
    here = (ticket.place, ticket.ticket_id)
    before = bisect_left(state.for_window[ticket.window], here)
    post = state.posts.get(ticket.window)
    if post and any(queue.prefix == ticket.queue for queue in post.setup.queues):
        before += bisect_left(found.ordinary, here)
    return before
