"""What the view renders, as types: the same that the API's document (OpenAPI) is made from.

Keys that only some audiences see, or that only some calls add, are `NotRequired`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, NotRequired, TypedDict

from hall_core.events import Channel, Priority
from hall_core.setup import Clerk, Queue, Service, Settings, Window
from hall_core.workdays import CalendarDay
from hall_queue.domain.intervals import Interval
from hall_queue.domain.state import TicketState, WindowState
from hall_queue.domain.waiting import Wait


class ClerkName(TypedDict):
    clerk_no: str
    name: str


class ClerkCard(ClerkName):
    """What citizens see of a clerk. `photo` is a file name below photos/, or empty."""

    title: str
    stars: int
    photo: str


class ClerkNo(TypedDict):
    clerk_no: str


class ClerkView(ClerkName):
    title: str
    windows: tuple[int, ...]


class AbsenceView(TypedDict):
    """A 去向留言 that is up."""

    reason: str
    destination: str
    contact: str
    expected_return: datetime
    backup_clerk: ClerkName | None
    since: datetime
    clerk_no: str | None
    clerk_name: str
    overdue_steps: int


class TicketDetail(TypedDict):
    """The ticket at a window, as its counter needs it."""

    ticket_id: str
    number: str
    queue: str
    service: str
    priority: Priority
    cases: int
    call_count: int
    called_at: datetime | None
    started_at: datetime | None
    issued_at: datetime
    requeues: int


class UndoView(TypedDict):
    """The step that may still be taken back, and until when."""

    step: Literal["finish", "no_show"]
    number: str
    until: datetime


class WindowView(TypedDict):
    """A window. `since`: when it came into its state. From `held` on: staff only."""

    number: int
    name: str
    name_en: str
    type: str
    state: WindowState
    since: datetime | None
    ticket: str | None
    clerk: ClerkCard | None
    absence: AbsenceView | None
    queues: list[str]
    services: list[str]
    phone: str
    low_counter: bool
    zone: str
    covered_by: int | None
    covers: int | None
    held: NotRequired[list[str]]
    absences_before: NotRequired[list[AbsenceView]]  # of those for whom others stand in
    signed_in: NotRequired[list[ClerkName]]
    ticket_detail: NotRequired[TicketDetail | None]
    undo: NotRequired[UndoView | None]
    can_no_show_at: NotRequired[datetime | None]
    commands: NotRequired[list[str]]
    presence: NotRequired[bool | None]  # on the picture, for who manages; None: can't be told


class QueueView(TypedDict):
    prefix: str
    name: str
    name_en: str
    waiting: int
    open_windows: list[int]
    stopped: Literal["daily_limit"] | None
    green: NotRequired[int]


class ServiceView(TypedDict):
    id: str
    name: str
    name_en: str
    prefix: str
    minutes: float
    case_type: str
    id_required: bool
    green: bool
    extended: bool
    group: str


class SessionView(TypedDict):
    start: str
    until: str
    by_appointment: bool


class RulesView(TypedDict):
    """The hall's rules that pages and printed tickets state."""

    week: dict[int, list[SessionView]]
    queue_sessions: dict[str, list[SessionView]]
    days: dict[date, CalendarDay]  # announced ones of today and the days that pages look ahead
    pin_required: bool
    absence_reasons: list[str]
    quick_absence_reason: str
    quick_absence_min: int
    missed_ticket: Literal["void", "parked"]
    requeue_back: int
    requeue_limit: int
    recall_limit: int
    no_show_wait: bool
    no_show_after_calls: int
    no_show_after_s: int
    no_show_after_green_s: int
    tickets_per_person: int
    green_age: int
    greens_after_ordinary: int
    undo_s: int
    appointment_slot_min: int
    appointment_early_min: int
    appointment_late_min: int
    public_url: str


class TicketView(TypedDict):
    """A ticket of any day. `ahead` and `wait_minutes` only say something while it waits."""

    ticket_id: str
    number: str
    queue: str
    state: TicketState
    day: str
    service: str | None
    service_name: str
    channel: Channel
    priority: Priority
    cases: int
    issued_at: datetime
    called_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    call_count: int
    window: int | None
    clerk_no: str | None
    requeues: int
    parked: bool
    ahead: int


class WaitingTicket(TicketView):
    wait_minutes: Wait | None


class IssuedTicket(WaitingTicket):
    """`token` is the citizen's: it opens /t/{token}."""

    token: str


class WindowAnswer(TypedDict):
    """What a window's command came to. `version` is the last event's; `waiting`, for callers
    only, is how many wait for this window."""

    window: WindowView
    ticket: TicketView | None
    version: int
    waiting: NotRequired[int]


class SetupAnswer(TypedDict):
    """The whole setup, to be edited. Give `version` back with a change (ChangeSetup.after)."""

    version: int
    settings: Settings
    queues: list[Queue]
    services: list[Service]
    windows: list[Window]
    clerks: list[Clerk]


class HallAnswer(TypedDict):
    """How many events a manager's command made, and the last one's version."""

    events: int
    version: int


class TicketHistory(WaitingTicket):
    intervals: list[Interval]


class LineEntry(TypedDict):
    """Who is called next at a window, with the key of the reason."""

    number: str
    reason: str
    service: str
    issued_at: datetime
    priority: Priority
    ticket_id: str
    requeues: int


class LineView(TypedDict):
    line: list[LineEntry]
    waits: dict[str, Wait]


class LeftBehind(TypedDict):
    """The notice that concerns a waiting ticket: nobody else serves it meanwhile."""

    window: int
    reason: str
    expected_return: datetime
    covered_by: int | None


class PhoneView(TypedDict):
    """One's own ticket on the phone."""

    number: str
    state: TicketState
    ahead: int
    wait_minutes: Wait | None
    window: int | None
    window_name: str | None
    window_name_en: str | None
    at: datetime
    hall_name: str
    hall_name_en: str
    queue_name: str
    queue_name_en: str
    service_name: str | None
    service_name_en: str | None
    left: LeftBehind | None
    issued_at: datetime
    parked: bool
    can_cancel: bool
