"""A hall played in memory: commands in, events out, time by hand. For tests, nothing else."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

import msgspec

from hall_core.events import DayOpened, Event, Recorded, SetupChanged
from hall_core.features import Actor, Command, Context
from hall_core.setup import (
    Clerk,
    HallInfo,
    Queue,
    ServedQueue,
    Service,
    Session,
    Settings,
    Window,
)
from hall_queue.domain import (
    absence,
    appointments,
    calling,
    sessions,
    setup_rules,
    tickets,
    windows,
)
from hall_queue.domain.apply import apply
from hall_queue.domain.commands import IssueTicket
from hall_queue.domain.state import Post, QueueState, Ticket

HALL: Final = HallInfo(id="demo", name="青禾旗政务服务中心", region="159921000000", level="county")
CLERK: Final = Actor("counter", "counter:1")
MANAGER: Final = Actor("admin", "user:manager")

DECIDERS: Final[dict[type[Command], Callable[[QueueState, Any, Context], list[Event]]]] = {
    **tickets.DECIDERS,
    **windows.DECIDERS,
    **calling.DECIDERS,
    **absence.DECIDERS,
    **setup_rules.DECIDERS,
    **appointments.DECIDERS,
}

DAY: Final = (Session(start="08:30", until="12:00"), Session(start="14:30", until="17:30"))
ALL_DAY: Final = (Session(start="00:00", until="24:00"),)

OPEN_ALWAYS: Final = Settings(
    week=dict.fromkeys(range(1, 8), ALL_DAY), stop_when_full=False, tickets_per_person=2
)


def setup(settings: Settings = OPEN_ALWAYS) -> SetupChanged:
    """Queues H (household), S (social security) and B (civil affairs); windows 1 to 4.

    Windows 1 and 2 serve H, window 3 serves S and then H, window 4 serves H and S alike.
    """
    served = {
        1: (ServedQueue(prefix="H"),),
        2: (ServedQueue(prefix="H"), ServedQueue(prefix="B")),
        3: (ServedQueue(prefix="S"), ServedQueue(prefix="H", priority=2)),
        4: (ServedQueue(prefix="H"), ServedQueue(prefix="S")),
    }
    return SetupChanged(
        settings=settings,
        queues=(
            Queue(prefix="H", name="户籍"),
            Queue(prefix="S", name="社保"),
            Queue(prefix="B", name="民政", daily_limit=20),
        ),
        services=(
            Service(id="id_card", name="居民身份证核发", prefix="H", minutes=8, id_required=True),
            Service(id="pension", name="养老保险参保登记", prefix="S", minutes=8),
            Service(id="senior_card", name="老年优待证核发", prefix="B", minutes=6, green=True),
        ),
        windows=tuple(
            Window(number=n, name=f"{n}号窗口", queues=queues, phone=f"8{n}", zone="A")
            for n, queues in served.items()
        ),
        clerks=(
            *(Clerk(clerk_no=f"100{n}", name=f"职员{n}", windows=(n,)) for n in served),
            Clerk(clerk_no="2001", name="乌兰"),
            Clerk(clerk_no="2002", name="巴图"),
        ),
    )


class PlayedHall:
    """A hall from its first event on. 9:00 of a Thursday, until time is passed."""

    def __init__(self, first: SetupChanged | None = None, now: str = "2025-11-20 09:00") -> None:
        self.state = QueueState()
        self.records: list[Recorded] = []
        local = datetime.fromisoformat(now).replace(tzinfo=sessions.zone(HALL.timezone))
        self.now = local.astimezone(UTC)
        self._ids = count(1)
        self.record([first if first is not None else setup()])
        self.open_day()

    # --- asking ----------------------------------------------------------------------------

    def context(self, actor: Actor = CLERK) -> Context:
        return Context(HALL, self.now, actor, len(self.records) + 1)

    def do(self, command: Command, actor: Actor = CLERK) -> list[Event]:
        """Decide, apply, and return the events."""
        before = msgspec.json.encode(self.state) if self.careful else b""
        try:
            decided = DECIDERS[type(command)](self.state, command, self.context(actor))
        finally:
            if self.careful:
                assert msgspec.json.encode(self.state) == before, "deciding changed the state"
        self.record(decided)
        return decided

    careful = False
    """Whether to check that deciding changes nothing."""

    def record(self, decided: list[Event]) -> None:
        """Apply events as the kernel does: reactions come after what was decided."""
        todo = deque(decided)
        while todo:
            record = Recorded(len(self.records) + 1, self.now, "test", todo.popleft())
            self.records.append(record)
            apply(self.state, record)
            if isinstance(record.event, DayOpened):
                todo.extend(tickets.on_day_opened(self.state, record, self.context()))

    # --- time ------------------------------------------------------------------------------

    def pass_time(self, **delta: float) -> list[Event]:
        """Move the clock, open a new day at midnight, and decide what is due."""
        self.now += timedelta(**delta)
        if sessions.service_day(HALL.timezone, self.now) != self.state.day:
            self.open_day()
        due = absence.due(self.state, self.context())
        if due is None or due > self.now:
            return []
        events = absence.time_passed(self.state, self.context())
        self.record(events)
        return events

    def open_day(self) -> None:
        self.record([DayOpened(day=sessions.service_day(HALL.timezone, self.now))])

    # --- short words -----------------------------------------------------------------------

    def issue(self, queue: str = "H", **more: Any) -> Ticket:
        ticket_id = f"t{next(self._ids)}"
        if "service" not in more:
            more["queue"] = queue
        self.do(IssueTicket(ticket_id=ticket_id, **more))
        return self.state.tickets[ticket_id]

    def post(self, window: int) -> Post:
        return self.state.posts[window]

    def replayed(self) -> QueueState:
        """The state that the records alone give."""
        state = QueueState()
        for record in self.records:
            apply(state, record)
        return state
