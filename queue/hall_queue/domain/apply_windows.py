"""Folding what happened at windows into the state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from hall_core.events import (
    AbsenceCleared,
    AbsencePosted,
    ClerkSignedIn,
    ClerkSignedOut,
    Event,
    Recorded,
    WindowClosed,
    WindowCovered,
    WindowHandedOver,
    WindowOpened,
    WindowUncovered,
)
from hall_queue.domain.apply_supervision import note_worked
from hall_queue.domain.order import refresh_windows
from hall_queue.domain.state import Absence, QueueState


def _opened(state: QueueState, event: WindowOpened, record: Recorded) -> None:
    post = state.posts[event.window]
    post.enter("open", record.at)
    post.clerk = event.clerk
    post.was_beside = False
    post.opened_at = record.at
    post.last_step = None
    post.last_activity = record.at
    refresh_windows(state)


def _closed(state: QueueState, event: WindowClosed, record: Recorded) -> None:
    post = state.posts[event.window]
    note_worked(state, post, record.at)
    post.enter("closed", record.at)
    post.clerk = None
    post.signed_in.clear()
    post.opened_at = None
    post.last_step = None
    post.last_activity = record.at
    refresh_windows(state)


def _handed_over(state: QueueState, event: WindowHandedOver, record: Recorded) -> None:
    """Who hands over goes, but a B post who gives the window back stays signed in beside."""
    post = state.posts[event.window]
    former = event.from_clerk
    post.was_beside = event.clerk in post.signed_in
    if post.was_beside:
        post.signed_in.remove(event.clerk)
    if event.stays and former is not None and not post.is_absent(former):
        post.signed_in.append(former)
    post.clerk = event.clerk
    post.last_step = None
    post.last_activity = record.at
    if post.state == "away":
        post.enter("open", record.at)
        if post.opened_at is None:  # its notice was posted before it was opened
            post.opened_at = record.at
    refresh_windows(state)


def _covered(state: QueueState, event: WindowCovered, record: Recorded) -> None:
    state.posts[event.window].covers = event.covered
    state.posts[event.covered].covered_by = event.window
    refresh_windows(state)


def _uncovered(state: QueueState, event: WindowUncovered, record: Recorded) -> None:
    state.posts[event.window].covers = None
    state.posts[event.covered].covered_by = None
    refresh_windows(state)


def _signed_in(state: QueueState, event: ClerkSignedIn, record: Recorded) -> None:
    state.posts[event.window].signed_in.append(event.clerk)


def _signed_out(state: QueueState, event: ClerkSignedOut, record: Recorded) -> None:
    state.posts[event.window].signed_in.remove(event.clerk)


def _absence_posted(state: QueueState, event: AbsencePosted, record: Recorded) -> None:
    """Away, unless a ticket is open: then a B clerk takes over in the same breath."""
    post = state.posts[event.window]
    post.absences_before = post.notices
    post.absence = Absence(
        clerk=event.clerk,
        reason=event.reason,
        contact=event.contact,
        expected_return=event.expected_return,
        since=record.at,
        destination=event.destination,
        backup_clerk=event.backup_clerk,
    )
    if post.state in ("open", "closed"):
        post.enter("away", record.at)
    post.last_step = None
    post.last_activity = record.at
    refresh_windows(state)


def _absence_cleared(state: QueueState, event: AbsenceCleared, record: Recorded) -> None:
    post = state.posts[event.window]
    notices = [notice for notice in post.notices if notice.clerk != event.clerk]
    post.absence = notices.pop() if notices else None
    post.absences_before = notices
    if post.state == "away" and post.clerk is not None:
        post.enter("open", record.at)
    elif post.state == "away":  # the manager's notice at a window that never opened
        post.enter("closed", record.at)
        post.signed_in.clear()
    post.last_activity = record.at
    refresh_windows(state)


FOLDS: Final[dict[type[Event], Callable[[QueueState, Any, Recorded], None]]] = {
    WindowOpened: _opened,
    WindowClosed: _closed,
    WindowHandedOver: _handed_over,
    WindowCovered: _covered,
    WindowUncovered: _uncovered,
    ClerkSignedIn: _signed_in,
    ClerkSignedOut: _signed_out,
    AbsencePosted: _absence_posted,
    AbsenceCleared: _absence_cleared,
}
