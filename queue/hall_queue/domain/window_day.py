"""A window's day, stretch by stretch: closed, open, calling, serving, away, and what was alerted.

Told from the journal, like the intervals of a ticket. `suspected` (left) and `late` (not opened)
stand for the state that the window says it is in, from the alert on until something happens there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from hall_core.events import (
    AbsenceCleared,
    AbsencePosted,
    AlertChanged,
    AlertRaised,
    Event,
    EvidenceKept,
    PresenceChanged,
    Recorded,
    ServiceFinished,
    ServiceStarted,
    StepUndone,
    TicketCalled,
    TicketCancelled,
    TicketExpired,
    TicketHeld,
    TicketNoShow,
    TicketReleased,
    TicketTransferred,
    WindowClosed,
    WindowHandedOver,
    WindowOpened,
)
from hall_queue.domain.state import Post, WindowState

AT_TICKET: Final = frozenset({"calling", "serving"})
ALERTED: Final[dict[str, Literal["suspected", "late"]]] = {
    "suspected_absent": "suspected",
    "late_open": "late",
}


class Stretch(msgspec.Struct, kw_only=True):
    """`until` null: it goes on (or the day ended so). `alert_id`: of an alerted one, with how
    that alert stands; `evidence` are ids of its pictures."""

    state: Literal["closed", "open", "calling", "serving", "away", "suspected", "late"]
    since: datetime
    until: datetime | None = None
    clerk: str | None = None
    number: str | None = None
    alert_id: str | None = None
    alert_state: str | None = None
    evidence: tuple[str, ...] = ()


class Sight(msgspec.Struct, kw_only=True):
    """What one camera saw in the window's zone."""

    camera_id: str
    present: bool
    since: datetime
    until: datetime | None = None


class Day(msgspec.Struct, kw_only=True):
    stretches: list[Stretch] = []
    presence: list[Sight] = []


class _Teller:
    def __init__(self, window: int, post: Post | None, since: datetime) -> None:
        self.window = window
        self.day = Day()
        self.state: WindowState = post.state if post is not None else "closed"
        self.clerk = post.clerk if post is not None else None
        self.ticket = post.ticket if post is not None else None
        self.number: str | None = None
        self.alert: str | None = None
        self.alerted: Literal["suspected", "late"] = "suspected"  # what it says
        self.seen: dict[str, Sight] = {}
        if post is not None:
            for camera_id, seen in post.seen.items():
                self.see(camera_id, seen.present, since)
        self.begin(since)

    def begin(self, at: datetime) -> None:
        """The state is another now, or somebody else's, or alerted."""
        told = self.day.stretches
        if told and told[-1].until is None:
            told[-1].until = at
        told.append(
            Stretch(
                state=self.alerted if self.alert is not None else self.state,
                since=at,
                clerk=self.clerk,
                number=self.number if self.state in AT_TICKET else None,
                alert_id=self.alert,
                alert_state="open" if self.alert is not None else None,
            )
        )

    def enter(self, state: WindowState, at: datetime) -> None:
        self.state, self.alert = state, None
        if state not in AT_TICKET:
            self.ticket = self.number = None
        self.begin(at)

    def see(self, camera_id: str, present: bool | None, at: datetime) -> None:
        last = self.seen.pop(camera_id, None)
        if last is not None:
            last.until = at
        if present is not None:
            sight = Sight(camera_id=camera_id, present=present, since=at)
            self.seen[camera_id] = sight
            self.day.presence.append(sight)

    def alert_of(self, alert_id: str | None) -> Iterable[Stretch]:
        return (s for s in self.day.stretches if alert_id is not None and s.alert_id == alert_id)


def tell(window: int, post: Post | None, since: datetime, records: Iterable[Recorded]) -> Day:
    """What happened at a window on a day.

    Args:
        post: the window as the day began; None: it was not there yet.
        since: when the day began.
        records: the day's events in order; those of other windows are passed over.
    """
    teller = _Teller(window, post, since)
    for record in records:
        told = _TELL.get(type(record.event))
        if told is not None:
            told(teller, record.event, record.at)
    return teller.day


# --- events ------------------------------------------------------------------------------------


def _opened(t: _Teller, event: WindowOpened, at: datetime) -> None:
    if event.window == t.window:
        t.clerk = event.clerk
        t.enter("open", at)


def _closed(t: _Teller, event: WindowClosed, at: datetime) -> None:
    if event.window == t.window:
        t.clerk = None
        t.enter("closed", at)


def _handed_over(t: _Teller, event: WindowHandedOver, at: datetime) -> None:
    if event.window == t.window:
        t.clerk, t.alert = event.clerk, None
        t.state = "open" if t.state == "away" else t.state
        t.begin(at)


def _posted(t: _Teller, event: AbsencePosted, at: datetime) -> None:
    if event.window == t.window and t.state in ("open", "closed"):
        t.enter("away", at)


def _cleared(t: _Teller, event: AbsenceCleared, at: datetime) -> None:
    if event.window == t.window and t.state == "away":
        t.enter("open" if t.clerk is not None else "closed", at)


def _called(t: _Teller, event: TicketCalled, at: datetime) -> None:
    _at_ticket(t, event, "calling", at)


def _started(t: _Teller, event: ServiceStarted, at: datetime) -> None:
    _at_ticket(t, event, "serving", at)


def _undone(t: _Teller, event: StepUndone, at: datetime) -> None:
    _at_ticket(t, event, "serving" if event.step == "finish" else "calling", at)


def _at_ticket(t: _Teller, event: Any, state: WindowState, at: datetime) -> None:
    if event.window == t.window:
        t.ticket, t.number = event.ticket_id, event.number
        t.enter(state, at)


def _ticket_gone(t: _Teller, event: Any, at: datetime) -> None:
    """Out of the window's hands: served, missed, held, passed on, sent home."""
    if event.ticket_id == t.ticket and t.state in AT_TICKET:
        t.enter("open", at)


def _raised(t: _Teller, event: AlertRaised, at: datetime) -> None:
    if event.window == t.window and event.kind in ALERTED:
        t.alert, t.alerted = event.alert_id, ALERTED[event.kind]
        t.begin(at)


def _changed(t: _Teller, event: AlertChanged, at: datetime) -> None:
    for stretch in t.alert_of(event.alert_id):
        stretch.alert_state = event.state
    if event.alert_id == t.alert and event.state in ("closed", "dismissed"):
        t.alert = None
        t.begin(at)


def _kept(t: _Teller, event: EvidenceKept, at: datetime) -> None:
    for stretch in t.alert_of(event.alert_id):
        stretch.evidence = (*stretch.evidence, *event.evidence)


def _presence(t: _Teller, event: PresenceChanged, at: datetime) -> None:
    if event.window == t.window:
        t.see(event.camera_id, event.present, at)


_TELL: Final[dict[type[Event], Callable[[_Teller, Any, datetime], None]]] = {
    WindowOpened: _opened,
    WindowClosed: _closed,
    WindowHandedOver: _handed_over,
    AbsencePosted: _posted,
    AbsenceCleared: _cleared,
    TicketCalled: _called,
    ServiceStarted: _started,
    StepUndone: _undone,
    ServiceFinished: _ticket_gone,
    TicketNoShow: _ticket_gone,
    TicketHeld: _ticket_gone,
    TicketTransferred: _ticket_gone,
    TicketReleased: _ticket_gone,
    TicketCancelled: _ticket_gone,
    TicketExpired: _ticket_gone,
    AlertRaised: _raised,
    AlertChanged: _changed,
    EvidenceKept: _kept,
    PresenceChanged: _presence,
}
