"""Folding what supervision goes by: presence, alerts about windows, when each was at work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from hall_core.events import AlertChanged, AlertRaised, Event, PresenceChanged, Recorded
from hall_queue.domain.absence import LEVELS
from hall_queue.domain.state import Lateness, Post, QueueState, Seen, Suspicion

STRETCHES: Final = 12
"""Of work a day; a window that opens and closes more often counts as open between."""


def _presence(state: QueueState, event: PresenceChanged, record: Recorded) -> None:
    post = state.posts.get(event.window)
    if post is None:
        return
    if event.present is None:
        post.seen.pop(event.camera_id, None)
    else:
        since = min(event.since or record.at, record.at)
        post.seen[event.camera_id] = Seen(present=event.present, since=since)


def raised(post: Post, event: AlertRaised, record: Recorded) -> None:
    """An alert about this window."""
    at, alert_id = record.at, event.alert_id
    if event.kind == "suspected_absent":
        post.suspicion = Suspicion(alert_id=alert_id, raised_at=at, told_at=at)
    elif event.kind == "late_open":
        post.late = Lateness(alert_id=alert_id, told_at=at, level=event.level)


def changed(state: QueueState, event: AlertChanged, record: Recorded) -> None:
    """An alert went a step further, or a person (or what happened) has dealt with it."""
    goes_on = event.state in ("open", "acknowledged")
    for post in state.posts.values():
        told, late = post.suspicion, post.late
        if told is not None and told.alert_id == event.alert_id:
            steps = LEVELS.index(event.level) + 1
            if not goes_on:
                told.alert_id = None
            elif steps > told.steps:
                told.steps, told.told_at = steps, record.at
        if late is not None and late.alert_id == event.alert_id:
            late.level = event.level
            if not goes_on:
                late.alert_id = None


def note_worked(state: QueueState, post: Post, until: datetime) -> None:
    """It was at work until now: from its opening, or from midnight."""
    if post.opened_at is None:
        return
    since = max(post.opened_at, state.day_since or post.opened_at)
    if since >= until:
        return
    post.worked.append((since, until))
    if len(post.worked) > STRETCHES:
        post.worked[-2:] = [(post.worked[-2][0], until)]


def day_ended(state: QueueState, at: datetime) -> None:
    """What was worked on a day is what is expected of the next; days off change nothing."""
    for post in state.posts.values():
        note_worked(state, post, at)
    state.day_since = at
    if any(post.worked for post in state.posts.values()):
        state.expected_day = state.day
        for post in state.posts.values():
            post.expected, post.worked = post.worked, []


FOLDS: Final[dict[type[Event], Callable[[QueueState, Any, Recorded], None]]] = {
    PresenceChanged: _presence,
}
