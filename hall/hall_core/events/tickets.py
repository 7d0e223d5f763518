"""What happens to tickets."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from hall_core.events.base import Event

Channel = Literal["kiosk", "guide_desk", "mobile", "paper"]

Priority = Literal["normal", "green", "green_pending"]
"""`green_pending` is 待核: claimed at a kiosk, ordinary until the guide desk has verified it."""


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
