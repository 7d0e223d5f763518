"""What may be asked of a hall's queue. Every command names what it wants, in the imperative.

Ids, random references and the PIN check are made by the service before the decision: a decision
only looks at the state, the command and the context.
"""

from __future__ import annotations

from datetime import datetime

from hall_core.events import Channel, PaperEntry
from hall_core.features import Command
from hall_core.setup import Clerk, Queue, Service, Settings, Window

# --- tickets -----------------------------------------------------------------------------------


class IssueTicket(Command, frozen=True):
    """`service` implies its queue; `queue` alone leaves the item unspecified."""

    ticket_id: str
    service: str | None = None
    queue: str | None = None
    channel: Channel = "kiosk"
    priority: str = "normal"  # normal or green
    cases: int = 1
    holder: str | None = None  # reference to the person, when an ID was read
    age: int | None = None  # years, from the ID card
    appointment: str | None = None  # its id; says which item and queue
    has_reader: bool = False  # a kiosk with a card reader: items that need a card insist on it


class TicketCommand(Command, frozen=True):
    """About one ticket, by id (guide desk, manager, kiosk, or the citizen's phone)."""

    ticket_id: str


class CancelTicket(TicketCommand, frozen=True):
    pass


class RequeueTicket(TicketCommand, frozen=True):
    """A missed person turned up."""


class ExchangeTicket(TicketCommand, frozen=True):
    """A wrong ticket: another item or queue, keeping the time of issue."""

    service: str | None = None
    queue: str | None = None


class MoveTicket(TicketCommand, frozen=True):
    """Who waits for a window that was left waits elsewhere: exactly one of the two."""

    to_queue: str | None = None
    to_window: int | None = None


class VerifyGreen(TicketCommand, frozen=True):
    granted: bool = True


class ExpireWaiting(Command, frozen=True):
    """The manager's word: who still waits is sent home. `queue` None means all."""

    queue: str | None = None


class RecordPaper(Command, frozen=True):
    """Numbers that were served on paper, entered afterwards."""

    queue: str
    entries: tuple[PaperEntry, ...]


class MakeAppointment(Command, frozen=True):
    """`day` is YYYY-MM-DD and `start` HH:MM, the hall's; the slot's length is the hall's rule."""

    appointment_id: str
    day: str
    start: str
    service: str | None = None
    queue: str | None = None


class CancelAppointment(Command, frozen=True):
    appointment_id: str


# --- windows -----------------------------------------------------------------------------------


class WindowCommand(Command, frozen=True):
    """Something a window does. `window` is where."""

    window: int


class Open(WindowCommand, frozen=True):
    clerk: str


class Close(WindowCommand, frozen=True):
    pass


class SignIn(WindowCommand, frozen=True):
    """A second clerk (B 岗) is present at this window."""

    clerk: str


class SignOut(WindowCommand, frozen=True):
    clerk: str


class Handover(WindowCommand, frozen=True):
    clerk: str


class Cover(WindowCommand, frozen=True):
    """Also take the people of `covered`."""

    covered: int


class Uncover(WindowCommand, frozen=True):
    covered: int


class CallNext(WindowCommand, frozen=True):
    pass


class CallSpecific(WindowCommand, frozen=True):
    number: str
    reason: str


class Recall(WindowCommand, frozen=True):
    pass


class Start(WindowCommand, frozen=True):
    pass


class Finish(WindowCommand, frozen=True):
    case_no: str | None = None
    next_queue: str | None = None


class NoShow(WindowCommand, frozen=True):
    pass


class Transfer(WindowCommand, frozen=True):
    """To a queue, or to another window: exactly one of the two."""

    to_queue: str | None = None
    to_window: int | None = None


class Hold(WindowCommand, frozen=True):
    note: str | None = None  # reference to the reason's text


class Unhold(WindowCommand, frozen=True):
    number: str


class Undo(WindowCommand, frozen=True):
    pass


class Leave(WindowCommand, frozen=True):
    """去向留言. `contact` defaults to the window's desk number."""

    reason: str
    expected_return: datetime
    contact: str = ""
    destination: str = ""
    backup_clerk: str | None = None


class Return(WindowCommand, frozen=True):
    """Who is back; left out: who left last."""

    clerk: str | None = None


# --- the manager -------------------------------------------------------------------------------


class ChangeSetup(Command, frozen=True, forbid_unknown_fields=True):
    """Edit the hall. Whole entries replace those with the same key; removals come by key.

    `version` is of the setup that was looked at, so that nobody overwrites what they did not see.
    """

    version: int | None = None
    settings: Settings | None = None
    queues: tuple[Queue, ...] = ()
    services: tuple[Service, ...] = ()
    windows: tuple[Window, ...] = ()
    clerks: tuple[Clerk, ...] = ()
    removed_queues: tuple[str, ...] = ()
    removed_services: tuple[str, ...] = ()
    removed_windows: tuple[int, ...] = ()
    removed_clerks: tuple[str, ...] = ()
