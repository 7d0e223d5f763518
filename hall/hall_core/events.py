"""Every event of a hall: the journal's and the stream's table of contents.

An event is a fact in the past tense, frozen, and free of personal data: identity, phone numbers
and free text about people live in side tables and are referenced by id. Changes are additive
(new optional fields); anything else is upcast in `upcasts.py`.

`public` names the fields that an anonymous audience (hall screens, kiosks, phones) may see;
None means that such an audience only learns that the version moved on. Staff of the hall see
every field. `seen_at` names the field that holds the window number, for audiences that are bound
to one window.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, ClassVar, Literal

import msgspec

from hall_core.setup import Clerk, Queue, Service, Settings, Window

Priority = Literal["normal", "green", "green_pending"]
"""`green_pending` is 待核: claimed at a kiosk, ordinary until the guide desk has verified it."""

Channel = Literal["kiosk", "guide_desk", "mobile", "paper"]

AlertLevel = Literal["window", "hall", "supervision"]
"""Who is told: each step adds the next (window, hall manager, supervision)."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The base of all events. `v` is the version of the shape."""

    public: ClassVar[tuple[str, ...] | None] = None
    v: int = 1


# --- the hall itself ---------------------------------------------------------------------------


class SetupChanged(Event, frozen=True):
    """The manager edited the hall. Whole entries replace those with the same key."""

    settings: Settings | None = None
    queues: tuple[Queue, ...] = ()
    services: tuple[Service, ...] = ()
    windows: tuple[Window, ...] = ()
    clerks: tuple[Clerk, ...] = ()
    removed_queues: tuple[str, ...] = ()
    removed_services: tuple[str, ...] = ()
    removed_windows: tuple[int, ...] = ()
    removed_clerks: tuple[str, ...] = ()


class TextsChanged(Event, frozen=True):
    """Texts of the hall (voice, LED, ticket) by key; an empty text restores the default."""

    texts: dict[str, str]


class NoticesChanged(Event, frozen=True):
    """The public notices in rotation, whole."""

    notices: tuple[Notice, ...]


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One public notice (公示). `body` is plain text, paragraphs by line break."""

    id: str
    title: str
    body: str
    seconds: int = 12


class DayOpened(Event, frozen=True):
    """The hall's service day began at its midnight; numbers start again at 001."""

    public = ("day",)
    day: str


class ClockDoubted(Event, frozen=True):
    """The clock jumped or stands behind the journal: no day rolls until a person confirms."""

    wall: datetime
    why: Literal["behind_journal", "jumped"]


class ClockConfirmed(Event, frozen=True):
    """A person confirmed the clock, and that it is `day`."""

    wall: datetime
    day: str = ""


# --- tickets -----------------------------------------------------------------------------------


class TicketEvent(Event, frozen=True):
    """Something happened to one ticket."""

    ticket_id: str
    number: str
    queue: str


class TicketIssued(TicketEvent, frozen=True):
    public = ("number", "queue")
    day: str
    service: str | None = None
    channel: Channel = "kiosk"
    priority: Priority = "normal"
    cases: int = 1
    holder: str | None = None  # random reference into the persons side table
    place: tuple[int, int] | None = None  # None: by this event's version


class TicketVerified(TicketEvent, frozen=True):
    """The guide desk confirmed (or refused) a green channel claim."""

    granted: bool = True


class TicketCalled(TicketEvent, frozen=True):
    public = ("number", "window", "queue", "call_count")
    window: int
    call_count: int
    why: str = ""  # key of the order's reason, or the clerk's reason for a special call
    special: bool = False


class TicketRecalled(TicketEvent, frozen=True):
    public = ("number", "window", "queue", "call_count")
    window: int
    call_count: int


class ServiceStarted(TicketEvent, frozen=True):
    public = ("number", "window", "queue")
    window: int
    clerk: str


class ServiceFinished(TicketEvent, frozen=True):
    public = ("number", "window", "queue")
    window: int
    clerk: str
    service: str | None = None
    cases: int = 1
    seconds: float = 0.0  # time in service, without the time on hold
    case_no: str | None = None
    next_queue: str | None = None  # the same number goes on waiting there; rated once, at the end


class TicketNoShow(TicketEvent, frozen=True):
    public = ("number", "window", "queue")
    window: int
    parked: bool


class TicketRequeued(TicketEvent, frozen=True):
    """A missed person turned up and is placed `place` in line (see Ticket.place)."""

    public = ("number", "queue")
    place: tuple[int, int]
    times: int


class TicketTransferred(TicketEvent, frozen=True):
    """To `queue`, or to `window` when given. Number and time of issue stay."""

    public = ("number", "queue", "from_window", "window")
    from_queue: str
    from_window: int | None = None
    window: int | None = None


class TicketHeld(TicketEvent, frozen=True):
    public = ("number", "window")
    window: int
    reason: str = ""


class TicketReleased(TicketEvent, frozen=True):
    """Back in line where it stood: taken off hold, or its window was closed by the manager."""

    public = ("number", "queue")
    window: int
    why: Literal["unhold", "window_closed"]


class TicketExchanged(TicketEvent, frozen=True):
    """A wrong ticket became another queue's, keeping its time of issue."""

    public = ("number", "queue")
    old_number: str
    old_queue: str
    service: str | None = None


class TicketCancelled(TicketEvent, frozen=True):
    public = ("number", "queue")


class TicketExpired(TicketEvent, frozen=True):
    public = ("number", "queue")
    why: Literal["midnight", "manager"] = "midnight"


class StepUndone(TicketEvent, frozen=True):
    """A mis-pressed finish or no-show was taken back within seconds."""

    public = ("number", "window", "queue")
    window: int
    step: Literal["finish", "no_show"]


class TicketsRecorded(Event, frozen=True):
    """Numbers served on paper during a power cut, entered afterwards in bulk."""

    queue: str
    entries: tuple[PaperEntry, ...]
    day: str


class PaperEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One number that was served on paper."""

    ticket_id: str
    number: str
    window: int | None = None
    minutes: float | None = None


# --- windows -----------------------------------------------------------------------------------


class WindowEvent(Event, frozen=True):
    """Something happened at one window."""

    window: int


class WindowOpened(WindowEvent, frozen=True):
    public = ("window",)
    clerk: str


class WindowClosed(WindowEvent, frozen=True):
    public = ("window",)
    clerk: str | None = None


class WindowHandedOver(WindowEvent, frozen=True):
    public = ("window",)
    clerk: str
    from_clerk: str | None = None


class WindowCovered(WindowEvent, frozen=True):
    """`window` also takes the queues and tickets of `covered`."""

    public = ("window", "covered")
    covered: int


class WindowUncovered(WindowEvent, frozen=True):
    public = ("window", "covered")
    covered: int


class ClerkSignedIn(WindowEvent, frozen=True):
    """A second clerk (B 岗) is present at the window."""

    clerk: str


class ClerkSignedOut(WindowEvent, frozen=True):
    clerk: str


class AbsencePosted(WindowEvent, frozen=True):
    """去向留言: why the clerk left, how to reach them, when they are back, who covers."""

    public = ("window", "reason", "destination", "contact", "expected_return", "backup_clerk")
    clerk: str | None
    reason: str
    contact: str
    expected_return: datetime
    destination: str = ""
    backup_clerk: str | None = None


class AbsenceCleared(WindowEvent, frozen=True):
    """The notice ended. Planned and actual times stand side by side."""

    public = ("window",)
    clerk: str | None
    since: datetime
    expected_return: datetime
    how: Literal["returned", "closed", "manager", "midnight"] = "returned"
    reason: str = ""
    destination: str = ""
    contact: str = ""
    backup_clerk: str | None = None


# --- evaluations -------------------------------------------------------------------------------


class EvaluationRequested(Event, frozen=True):
    """The service ended: its window's pad asks. The token is made when it is sent, never stored."""

    ticket_id: str
    number: str
    window: int
    clerk: str
    service: str | None = None
    case_no: str | None = None


class EvaluationWithdrawn(Event, frozen=True):
    ticket_id: str
    number: str
    window: int


class EvaluationRecorded(Event, frozen=True):
    ticket_id: str
    number: str
    window: int
    clerk: str
    level: Literal[
        "very_satisfied", "satisfied", "mostly_satisfied", "dissatisfied", "very_dissatisfied"
    ]
    reasons: tuple[str, ...] = ()
    channel: Literal["pad", "phone"] = "pad"


# --- alerts ------------------------------------------------------------------------------------


class AlertRaised(Event, frozen=True):
    """A person should look. Nothing is ever deducted from anyone automatically."""

    alert_id: str
    kind: str
    level: AlertLevel
    window: int | None = None
    clerk: str | None = None
    device_id: str | None = None
    camera_id: str | None = None
    detail: str = ""  # a few plain words for the list, no personal data


class AlertChanged(Event, frozen=True):
    """The alert moved on. `note` references the side table of free texts."""

    alert_id: str
    state: Literal["open", "acknowledged", "explained", "confirmed", "dismissed", "closed"]
    level: AlertLevel
    note: str | None = None


# --- registry ----------------------------------------------------------------------------------


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _concrete(base: type[Event]) -> list[type[Event]]:
    bases = {TicketEvent, WindowEvent}
    found: list[type[Event]] = []
    for cls in base.__subclasses__():
        if cls not in bases:
            found.append(cls)
        found.extend(_concrete(cls))
    return found


TYPES: dict[str, type[Event]] = {_snake(cls.__name__): cls for cls in _concrete(Event)}
NAMES: dict[type[Event], str] = {cls: name for name, cls in TYPES.items()}
_DECODERS = {name: msgspec.json.Decoder(cls) for name, cls in TYPES.items()}
_ENCODER = msgspec.json.Encoder()


class Recorded(msgspec.Struct, frozen=True):
    """An event in its place: `version` is contiguous per hall, `at` is UTC and never decreases."""

    version: int
    at: datetime
    actor: str
    event: Event

    @property
    def type(self) -> str:
        return NAMES[type(self.event)]


def encode(event: Event) -> bytes:
    """The journal's JSON of an event, without its type (a column of its own)."""
    return _ENCODER.encode(event)


def decode(type_name: str, data: bytes | str) -> Event:
    """The event of a journal row.

    Raises:
        msgspec.ValidationError: the row does not fit its type.
        KeyError: the type is unknown (a newer release wrote it).
    """
    return _DECODERS[type_name].decode(data)


def public_fields(event: Event) -> dict[str, Any] | None:
    """What an anonymous audience may know of an event, or None."""
    if event.public is None:
        return None
    return {name: getattr(event, name) for name in event.public}
