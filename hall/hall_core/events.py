"""Every event of a hall: the journal's and the stream's table of contents.

An event is a fact in the past tense, frozen, and free of personal data: identity, phone numbers
and free text about people live in side tables and are referenced by id. Changes are additive
(new optional fields); anything else is upcast in `upcasts.py`.

`public` names the fields that an anonymous audience (hall screens, kiosks, phones) may see;
None means that such an audience only learns that the version moved on. `pad` names what the pads
of the event's own window see beside that. Staff of the hall see every field, except of events
that are for those who manage and supervise (`managers_only`): what citizens said about a clerk.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, ClassVar, Literal

import msgspec

from hall_core.setup import (
    CameraSettings,
    CameraZone,
    Clerk,
    EvaluationSettings,
    Queue,
    RelaySettings,
    Service,
    Settings,
    Window,
)

Priority = Literal["normal", "green", "green_pending"]
"""`green_pending` is 待核: claimed at a kiosk, ordinary until the guide desk has verified it."""

Channel = Literal["kiosk", "guide_desk", "mobile", "paper"]

AlertLevel = Literal["window", "hall", "supervision"]
"""Who is told: each step adds the next (window, hall manager, supervision)."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The base of all events. `v` is the version of the shape."""

    public: ClassVar[tuple[str, ...] | None] = None
    pad: ClassVar[tuple[str, ...] | None] = None
    managers_only: ClassVar[bool] = False
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


class HallRenamed(Event, frozen=True):
    """The administrator gave the hall another name. Who it is stands in the table of halls."""

    public = ("name", "name_en")
    name: str
    name_en: str = ""
    timezone: str = "Asia/Shanghai"
    hall: str = ""  # its id, so that screens can replace the whole card


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
    appointment: str | None = None  # its id, used up by this ticket


class AppointmentEvent(Event, frozen=True):
    """Something happened to one appointment; whose it is, is in a side table that expires."""

    appointment_id: str


class AppointmentMade(AppointmentEvent, frozen=True):
    queue: str
    day: str
    start: datetime
    until: datetime
    service: str | None = None


class AppointmentCancelled(AppointmentEvent, frozen=True):
    pass


class AppointmentMissed(AppointmentEvent, frozen=True):
    """Nobody came before the day was over."""


class TicketVerified(TicketEvent, frozen=True):
    """The guide desk confirmed (or refused) a green channel claim."""

    granted: bool = True


class TicketCalled(TicketEvent, frozen=True):
    public = ("number", "window", "queue", "call_count")
    window: int
    call_count: int
    why: str = ""  # key of the order's reason, or the clerk's reason for a special call
    special: bool = False
    clerk: str | None = None  # who called


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
    note: str | None = None  # why, in the clerk's words: the side table of free texts


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

RatingLevel = Literal[
    "very_satisfied", "satisfied", "mostly_satisfied", "dissatisfied", "very_dissatisfied"
]
"""非常满意 满意 基本满意 不满意 非常不满意; the last two are 差评. Neutral: the national code
orders contradict one another (domain.md section 2)."""


class EvaluationSettingsChanged(Event, frozen=True):
    """The manager's rules for ratings and cases, whole."""

    settings: EvaluationSettings


class EvaluationRequested(Event, frozen=True):
    """The service ended: its window's pad asks. The token is made when it is sent, never stored."""

    pad = ("window", "number", "clerk")
    ticket_id: str
    number: str
    window: int
    clerk: str
    service: str | None = None
    case_no: str | None = None
    day: str = ""  # of the service, the hall's
    until: datetime | None = None  # the pad's question ends
    rate_until: datetime | None = None  # an ordinary rating may come until then
    real_name: bool = False  # the ticket was taken with an ID


class EvaluationLapsed(Event, frozen=True):
    """Nobody pressed while the pad asked: not rated, never taken for satisfied."""

    pad = ("window", "number")
    ticket_id: str
    number: str
    window: int


class EvaluationWithdrawn(Event, frozen=True):
    """The finish was undone: the service goes on, and is asked about when it ends."""

    pad = ("window", "number")
    ticket_id: str
    number: str
    window: int


class EvaluationRecorded(Event, frozen=True):
    """The one rating of a service. What it says beside level and reasons is in side tables."""

    managers_only = True
    pad = ("window", "number")
    ticket_id: str
    number: str
    window: int
    clerk: str
    level: RatingLevel
    reasons: tuple[str, ...] = ()  # ids of RatingReason
    channel: Literal["pad", "phone"] = "pad"
    service: str | None = None
    case_no: str | None = None
    day: str = ""  # of the service
    asked_at: datetime | None = None
    rate_until: datetime | None = None
    supplementary: bool = False  # after the ordinary time
    real_name: bool = False
    note: str | None = None  # -> notes
    contact: str | None = None  # -> evaluation_contacts


class RelayChanged(Event, frozen=True):
    """Where ratings are passed on to, whole; without the secret."""

    managers_only = True
    settings: RelaySettings


# --- cases -------------------------------------------------------------------------------------

CaseKind = Literal["negative_evaluation", "complaint", "unresolved"]
CaseSource = Literal["pad", "phone_page", "telephone", "opinion_box", "hotline", "window"]
CaseState = Literal["open", "assigned", "contacted", "rectifying", "appealed", "settled", "closed"]
CaseVerb = Literal[
    "assign", "contact", "settle", "rectify", "explain", "appeal", "review", "close", "reopen"
]
CaseStep = Literal["contact", "rectify", "review"]
CaseOutcome = Literal["upheld", "mistaken", "malicious"]


class CaseEvent(Event, frozen=True):
    """Something happened to a case of the closed loop (评价—反馈—整改—监督)."""

    managers_only = True
    case_id: str


class CaseOpened(CaseEvent, frozen=True):
    """A bad rating, a complaint, or a matter brought to the 办不成事 window."""

    kind: CaseKind
    source: CaseSource
    day: str  # what it is about happened then, the hall's
    due: datetime  # to contact the citizen
    escalate: datetime  # supervision is told when nobody did
    last: datetime  # to close it
    window: int | None = None
    clerk: str | None = None
    service: str | None = None
    ticket_id: str | None = None
    number: str | None = None
    level: RatingLevel | None = None
    reasons: tuple[str, ...] = ()
    real_name: bool = False
    note: str | None = None
    contact: str | None = None
    alert_id: str | None = None  # raised beside it, for a bad rating


class CaseChanged(CaseEvent, frozen=True):
    """One step, with how the case stands after it."""

    command: CaseVerb
    state: CaseState
    assignee: str | None = None
    due_step: CaseStep | None = None
    due: datetime | None = None
    escalate: datetime | None = None
    last: datetime | None = None  # a new last deadline (reopened); None: as before
    reached: bool | None = None  # of a contact
    outcome: CaseOutcome | None = None  # claimed by an appeal, or found by a review
    note: str | None = None


class CaseOverdue(CaseEvent, frozen=True):
    """A deadline passed. `step` None: the last one, by which the case should have been closed."""

    step: CaseStep | None
    level: AlertLevel
    alert_id: str


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
    evidence: tuple[str, ...] = ()  # ids of pictures that are kept for a while
    waiting: int = 0  # people who wait for the window: the more, the sooner somebody should look


class AlertChanged(Event, frozen=True):
    """The alert moved on. `note` references the side table of free texts."""

    alert_id: str
    state: Literal[
        "open", "acknowledged", "explained", "confirmed", "appealed", "dismissed", "closed"
    ]
    level: AlertLevel
    note: str | None = None
    waiting: int | None = None  # as of now; None: as before


# --- cameras -----------------------------------------------------------------------------------

CameraLinkState = Literal["online", "stalled", "unreachable", "refused", "disabled"]
CameraFault = Literal[
    "black", "frozen", "blurred", "covered", "moved", "clock_wrong", "wrong_resolution"
]


class CameraEvent(Event, frozen=True):
    """Something about one camera. Addresses and passwords are in side tables."""

    managers_only = True
    camera_id: str


class CameraAdded(CameraEvent, frozen=True):
    name: str
    group: str  # the recorder or switch it depends on: one outage of it is one alert
    settings: CameraSettings = CameraSettings()


class CameraEdited(CameraEvent, frozen=True):
    name: str | None = None
    group: str | None = None
    settings: CameraSettings | None = None


class CameraZonesSet(CameraEvent, frozen=True):
    zones: tuple[CameraZone, ...]


class CameraRemoved(CameraEvent, frozen=True):
    pass


class CameraTime(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Seconds of a camera's day: known, online, in sessions, and good while in sessions."""

    known_s: float = 0.0
    online_s: float = 0.0
    session_s: float = 0.0
    good_s: float = 0.0


class CameraChanged(CameraEvent, frozen=True):
    """Its connection or its picture is another now."""

    state: CameraLinkState
    faults: tuple[CameraFault, ...] = ()
    why: str = ""  # a code, see hall_cameras.domain.state.WHY
    width: int = 0
    height: int = 0
    fps: float = 0.0
    codec: str = ""
    passed: CameraTime = CameraTime()  # since it was last counted


class CamerasCounted(Event, frozen=True):
    """A day's figures of every camera (在线率, 图像完好率), when the day ended."""

    managers_only = True
    day: str
    cameras: dict[str, CameraTime]


class EvidenceKept(CameraEvent, frozen=True):
    """Pictures were stored that show what an alert of this kind is about.

    `alert_id` None: they came before the alert, which will name them when it is raised.
    """

    kind: str
    evidence: tuple[str, ...]
    alert_id: str | None = None


class PresenceChanged(CameraEvent, frozen=True):
    """Whether somebody is in a window's zone. A fact: what it means is the window's rule."""

    window: int
    present: bool | None  # None: it can't be told (a faulty picture, no connection, no zone)
    since: datetime | None = None  # it was first seen so; the event comes when it has lasted
    confidence: float = 0.0  # 0…1, of the newest picture


# --- registry ----------------------------------------------------------------------------------


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _concrete(base: type[Event]) -> list[type[Event]]:
    bases = {TicketEvent, WindowEvent, CaseEvent, CameraEvent, AppointmentEvent}
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


CONFIDENTIAL_ALERTS = frozenset({"negative_evaluation", "case_overdue"})
"""Kinds of alerts that concern a clerk: counters are not told of them."""


def for_managers(event: Event) -> bool:
    """Whether counters and the guide desk may not see this event."""
    return event.managers_only or getattr(event, "kind", None) in CONFIDENTIAL_ALERTS


def public_fields(event: Event) -> dict[str, Any] | None:
    """What an anonymous audience may know of an event, or None."""
    return _fields(event, event.public)


def pad_fields(event: Event, window: int | None) -> dict[str, Any] | None:
    """What the pads of `window` may know of an event, or None: of another window, nothing."""
    if getattr(event, "window", None) != window:
        return None
    return _fields(event, event.public if event.pad is None else event.pad)


def _fields(event: Event, names: tuple[str, ...] | None) -> dict[str, Any] | None:
    return None if names is None else {name: getattr(event, name) for name in names}
