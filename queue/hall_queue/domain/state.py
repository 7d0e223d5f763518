"""What a hall's queue is made of: the slice of state that `hall_queue` owns.

Structs here are mutable and are changed only by `apply.py`. They encode to JSON as they are: the
state at the day's opening is stored whole and today's events are replayed over it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from hall_core.events import AlertLevel, Channel, Priority
from hall_core.sessions import Hours, hours_of
from hall_core.setup import Clerk, Queue, Service, Settings, Window
from hall_core.workdays import CalendarDay

TicketState = Literal[
    "waiting", "called", "serving", "held", "finished", "no_show", "cancelled", "expired"
]
WindowState = Literal["closed", "open", "calling", "serving", "away"]

Place = tuple[int, int]
"""Where a ticket stands in its line: (version of the event that set the base, sub-order).

A ticket is issued at (its version, 0). A requeued one takes the base of the person it is put behind
and its own version: right behind that person and whoever turned up there earlier (order.py).
"""


class Ticket(msgspec.Struct, kw_only=True):
    """One 号票 of today."""

    ticket_id: str
    number: str
    queue: str
    day: str
    state: TicketState
    place: Place
    issued_at: datetime
    service: str | None = None
    channel: Channel = "kiosk"
    priority: Priority = "normal"
    cases: int = 1
    holder: str | None = None
    window: int | None = None  # where it is called, served or held; or the only one it waits for
    clerk: str | None = None  # who serves or served it
    call_count: int = 0
    called_at: datetime | None = None  # first call of this round
    started_at: datetime | None = None  # of the current stretch of service
    ended_at: datetime | None = None
    served_s: float = 0.0  # earlier stretches of the same service, before a hold
    requeues: int = 0  # how often it was missed and placed back
    parked: bool = False  # missed, but may turn up again
    why: str = ""  # why it stands where it stands: key of a reason, "" is the time of issue
    rated: bool = False
    step: int = 0  # version of its last finish, no-show or exchange: undo looks for its own

    @property
    def is_open(self) -> bool:
        """Still to be served: in line, at a window, or missed and allowed to turn up."""
        return self.parked or self.state in ("waiting", "called", "serving", "held")


class Absence(msgspec.Struct, kw_only=True):
    """A 去向留言 that is up."""

    clerk: str | None
    reason: str
    contact: str
    expected_return: datetime
    since: datetime
    destination: str = ""
    backup_clerk: str | None = None
    steps: int = 0  # how many overdue steps were raised already
    alert_id: str | None = None


class Seen(msgspec.Struct, kw_only=True):
    """What one camera sees in a window's zone. One that cannot tell says nothing here."""

    present: bool
    since: datetime


class Suspicion(msgspec.Struct, kw_only=True):
    """An alert that the window seems to be left. `alert_id` None: a person has dealt with it."""

    alert_id: str | None
    raised_at: datetime
    told_at: datetime  # of the last step
    steps: int = 1


class Lateness(msgspec.Struct, kw_only=True):
    """An alert that the window was not opened in time. `alert_id` None: it has ended."""

    alert_id: str | None
    told_at: datetime  # when it was raised
    level: AlertLevel = "hall"


class LastStep(msgspec.Struct, kw_only=True):
    """The step that may still be undone at a window."""

    ticket_id: str
    step: Literal["finish", "no_show"]
    at: datetime
    number: str = ""  # as it was called then
    called_at: datetime | None
    started_at: datetime | None
    version: int = 0
    # What a ticket loses when it goes on waiting in a next queue:
    queue: str = ""
    service: str | None = None
    clerk: str | None = None
    call_count: int = 0
    served_s: float = 0.0
    why: str = ""
    seconds: float = 0.0  # the duration that was measured


class Post(msgspec.Struct, kw_only=True):
    """A window at work: its configuration and what happens there now."""

    setup: Window
    state: WindowState = "closed"
    clerk: str | None = None
    signed_in: list[str] = []  # clerks present at this window besides `clerk` (B 岗)
    was_beside: bool = False  # `clerk` had signed in beside before taking the window over
    ticket: str | None = None  # id of the one ticket called or served here
    held: list[str] = []  # ids, oldest first
    absence: Absence | None = None  # of whoever left last
    absences_before: list[Absence] = []  # of those for whom others stand in, the oldest first
    covers: int | None = None  # the neighbour whose people this window also takes
    covered_by: int | None = None
    ordinary_since_green: int = 0  # calls; see order.py
    opened_at: datetime | None = None
    last_step: LastStep | None = None
    last_activity: datetime | None = None
    since: datetime | None = None  # in this state
    seen: dict[str, Seen] = {}  # by camera
    suspicion: Suspicion | None = None
    late: Lateness | None = None
    worked: list[tuple[datetime, datetime]] = []  # from opening to closing, today
    expected: list[tuple[datetime, datetime]] = []  # the same of the last working day

    @property
    def notices(self) -> list[Absence]:
        """Every notice that is up, the oldest first."""
        return [*self.absences_before, *([self.absence] if self.absence is not None else [])]

    def is_absent(self, clerk: str | None) -> bool:
        """Whether a notice of this clerk is up here."""
        return any(notice.clerk == clerk for notice in self.notices)

    def enter(self, state: WindowState, at: datetime) -> None:
        if state != self.state:
            self.state, self.since = state, at


class Line(msgspec.Struct, kw_only=True):
    """A queue at work."""

    setup: Queue
    issued: int = 0  # numbers given today; the next is issued + 1
    ordinary: list[tuple[Place, str]] = []  # waiting, sorted: (place, ticket_id)
    green: list[tuple[Place, str]] = []  # the same for the verified green channel
    windows: list[int] = []  # at work and taking its people now, covering ones included


class Appointment(msgspec.Struct, kw_only=True):
    """One 预约, from being made until the day after it."""

    queue: str
    day: str  # the hall's
    start: datetime
    until: datetime
    service: str | None = None
    state: Literal["booked", "checked_in", "cancelled", "missed"] = "booked"
    ticket_id: str | None = None


class Durations(msgspec.Struct, kw_only=True):
    """Measured minutes of one service item, newest last, each with its hour (UTC)."""

    samples: list[tuple[int, float]] = []


class QueueState(msgspec.Struct, kw_only=True, dict=True):
    """The whole slice."""

    day: str = ""  # YYYY-MM-DD, the hall's
    day_since: datetime | None = None
    setup_version: int = 0  # of the last edit by the manager
    settings: Settings = msgspec.field(default_factory=Settings)
    calendar: dict[date, CalendarDay] = {}  # announced days, replaced whole
    lines: dict[str, Line] = {}  # by prefix
    services: dict[str, Service] = {}
    posts: dict[int, Post] = {}  # by window number
    clerks: dict[str, Clerk] = {}
    removed_clerks: dict[str, str] = {}  # 工号 -> name: what they did stays under the number
    tickets: dict[str, Ticket] = {}  # of today, plus those still open from yesterday
    numbers: dict[str, str] = {}  # today's number -> ticket_id
    holders: dict[str, list[str]] = {}  # holder -> ids of today's tickets
    for_window: dict[int, list[tuple[Place, str]]] = {}  # waiting for one window only, sorted
    appointments: dict[str, Appointment] = {}  # by id
    durations: dict[str, Durations] = {}  # by service id, and by "queue:PREFIX"
    waited_since: dict[str, datetime] = {}  # queues in which people wait, since when without a gap
    sought_since: dict[int, datetime] = {}  # the same for windows that people wait for
    expected_day: str = ""  # the last day on which anybody was at work: of `Post.expected`

    @property
    def hours(self) -> Hours:
        """When the hall is open. Made once for each change, outside of what is stored: issuing a
        ticket asks several times."""
        made = self.__dict__.get("_hours")
        if made is None or made[0] is not self.settings or made[1] is not self.calendar:
            holidays = self.calendar if self.settings.closed_on_holidays else None
            made = (self.settings, self.calendar, hours_of(self.settings.week, holidays))
            self.__dict__["_hours"] = made
        hours: Hours = made[2]
        return hours
