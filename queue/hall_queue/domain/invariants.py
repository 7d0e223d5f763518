"""What is true of a hall's queue at every moment, whatever happened: for tests and `hall check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from hall_queue.domain import order
from hall_queue.domain.state import Post, QueueState


def violations(state: QueueState) -> Iterator[str]:
    """One line for each thing that is wrong; nothing when all is well."""
    yield from _numbers(state)
    yield from _lanes(state)
    for post in state.posts.values():
        yield from _window(state, post)
        yield from _cover(state, post)
    yield from _tickets_at_windows(state)
    yield from _clerks(state)
    yield from _counts(state)


def _numbers(state: QueueState) -> Iterator[str]:
    """Unique per day; today's find their ticket, and their queue's counter is past them."""
    printed = Counter((ticket.day, ticket.number) for ticket in state.tickets.values())
    for (day, number), count in printed.items():
        if count > 1:
            yield f"number {number} of {day} was given {count} times"
    for ticket_id, ticket in state.tickets.items():
        if ticket.ticket_id != ticket_id:
            yield f"ticket {ticket_id} is filed under another id"
        if ticket.day == state.day and state.numbers.get(ticket.number) != ticket_id:
            yield f"number {ticket.number} does not find its ticket"
    for number, ticket_id in state.numbers.items():
        if ticket_id not in state.tickets:
            yield f"number {number} finds no ticket"
    for holder, ticket_ids in state.holders.items():
        for ticket_id in ticket_ids:
            if ticket_id not in state.tickets:
                yield f"holder {holder} has a ticket that is not there"


def _lanes(state: QueueState) -> Iterator[str]:
    """Every waiting ticket stands in exactly one lane, at its place; lanes are sorted."""
    standing: Counter[str] = Counter()
    lanes: list[tuple[str, order.Lane]] = []
    for prefix, line in state.lines.items():
        lanes += [(f"{prefix} ordinary", line.ordinary), (f"{prefix} green", line.green)]
    for number, waiting in state.for_window.items():
        lanes.append((f"window {number}", waiting))
        if not waiting:
            yield f"lane of window {number} is kept though empty"
    for name, lane in lanes:
        for before, behind in pairwise(lane):
            if not before < behind:
                yield f"lane {name} is out of order at {behind[1]}"
        for place, ticket_id in lane:
            standing[ticket_id] += 1
            ticket = state.tickets.get(ticket_id)
            if ticket is None or ticket.state != "waiting":
                yield f"lane {name} holds {ticket_id}, which does not wait"
                continue
            if tuple(ticket.place) != tuple(place):
                yield f"{ticket.number} stands in lane {name} where it does not belong"
            kind = order.lane_kind(ticket)
            whose = f"window {ticket.window}" if kind == "for_window" else f"{ticket.queue} {kind}"
            if whose != name:
                yield f"{ticket.number} stands in lane {name}, not in {whose}"
    for ticket_id, ticket in state.tickets.items():
        if ticket.state == "waiting" and standing[ticket_id] != 1:
            yield f"{ticket.number} waits in {standing[ticket_id]} lanes"


def _window(state: QueueState, post: Post) -> Iterator[str]:
    """A window's state agrees with its ticket, its clerk and its notice."""
    name = f"window {post.setup.number}"
    busy = post.state in ("calling", "serving")
    if busy != (post.ticket is not None):
        yield f"{name} is {post.state} with ticket {post.ticket}"
    if post.ticket is not None:
        ticket = state.tickets.get(post.ticket)
        expected = "called" if post.state == "calling" else "serving"
        if ticket is None or ticket.state != expected or ticket.window != post.setup.number:
            yield f"{name} is {post.state} but its ticket is not {expected} there"
    for ticket_id in post.held:
        ticket = state.tickets.get(ticket_id)
        if ticket is None or ticket.state != "held" or ticket.window != post.setup.number:
            yield f"{name} holds {ticket_id}, which is not on hold there"
    if post.state == "closed" and (post.clerk or post.signed_in or post.held or post.notices):
        yield f"{name} is closed but not empty"
    if post.state == "closed" and post.setup.number in state.for_window:
        yield f"{name} is closed but people wait for it alone"
    if post.state in order.AT_WORK and post.clerk is None:
        yield f"{name} is {post.state} without a clerk"
    if post.state == "away":
        if post.absence is None:
            yield f"{name} is away without a notice"
        elif post.absence.clerk != post.clerk:
            yield f"{name} is away, but the notice is another clerk's"
    elif post.clerk is not None and post.is_absent(post.clerk):
        yield f"{name} has its own clerk's notice up but is {post.state}"
    absent = [notice.clerk for notice in post.notices]
    if len(set(absent)) < len(absent) or set(absent) & set(post.signed_in):
        yield f"{name} has two notices of one clerk, or one of a clerk who is there"
    if post.absences_before and post.absence is None:
        yield f"{name} has an earlier notice up, and none of who left last"


def _cover(state: QueueState, post: Post) -> Iterator[str]:
    number = post.setup.number
    if post.covers is not None:
        other = state.posts.get(post.covers)
        if other is None or other.covered_by != number:
            yield f"window {number} covers {post.covers}, which does not know it"
        elif other.state not in ("closed", "away"):
            yield f"window {number} covers {post.covers}, which is {other.state}"
        if post.state not in order.AT_WORK:
            yield f"window {number} covers another but is {post.state}"
    if post.covered_by is not None:
        other = state.posts.get(post.covered_by)
        if other is None or other.covers != number:
            yield f"window {number} is covered by {post.covered_by}, which does not know it"


def _tickets_at_windows(state: QueueState) -> Iterator[str]:
    """Nobody is called, served or held by a window that does not know: no ticket is lost."""
    for ticket in state.tickets.values():
        post = state.posts.get(ticket.window) if ticket.window is not None else None
        if ticket.state in ("called", "serving"):
            if post is None or post.ticket != ticket.ticket_id:
                yield f"{ticket.number} is {ticket.state} at no window"
        elif ticket.state == "held" and (post is None or ticket.ticket_id not in post.held):
            yield f"{ticket.number} is on hold at no window"
        if ticket.parked and ticket.state != "no_show":
            yield f"{ticket.number} is parked but {ticket.state}"


def _clerks(state: QueueState) -> Iterator[str]:
    """A clerk is at one window at most, once."""
    present: Counter[str] = Counter()
    for post in state.posts.values():
        present.update(post.signed_in)
        if post.clerk is not None:
            present[post.clerk] += 1
    for clerk_no, times in present.items():
        if times > 1:
            yield f"clerk {clerk_no} is at {times} windows"
        if clerk_no not in state.clerks:
            yield f"clerk {clerk_no} works here but is unknown"


def _counts(state: QueueState) -> Iterator[str]:
    """What is kept for speed agrees with what it was counted from."""
    for prefix, line in state.lines.items():
        at_work = [
            number
            for number, post in sorted(state.posts.items())
            if post.state in order.AT_WORK and prefix in order.served_prefixes(state, post)
        ]
        if line.windows != at_work:
            yield f"queue {prefix} says windows {line.windows} serve it, not {at_work}"
