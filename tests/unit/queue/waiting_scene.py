"""A hall in the making, for the tests of waiting times."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hall_core.events import Priority
from hall_core.features import Actor, Context
from hall_core.setup import (
    HallInfo,
    Queue,
    ServedQueue,
    Service,
    Session,
    Settings,
    Window,
)
from hall_queue.domain import durations, order, waiting
from hall_queue.domain.state import Line, Post, QueueState, Ticket, WindowState

TZ = "Asia/Shanghai"
DAY = (Session(start="08:30", until="12:00"), Session(start="14:30", until="17:30"))
WEEKDAYS = Settings(week=dict.fromkeys(range(1, 6), DAY))
ALWAYS = Settings(
    week=dict.fromkeys(range(1, 8), (Session(start="00:00", until="24:00"),)),
    greens_after_ordinary=2,
)
HALL = HallInfo(id="hall", name="大厅", region="159921000000", level="county", timezone=TZ)


def at(text: str) -> datetime:
    """Wall clock of Thursday 2025-11-20, as UTC."""
    local = datetime.fromisoformat(f"2025-11-20 {text}")
    return local.replace(tzinfo=ZoneInfo(TZ)).astimezone(UTC)


NINE = at("09:00")


def ctx(now: datetime = NINE) -> Context:
    return Context(HALL, now, Actor("kiosk", "kiosk"), 10_000)


class Scene:
    """A hall in the making."""

    def __init__(self, hall: Settings = WEEKDAYS, **minutes: float) -> None:
        """`H=8` is a queue H with one item of 8 minutes, `h`."""
        self.state = QueueState(settings=hall)
        for prefix, each in minutes.items():
            self.state.lines[prefix] = Line(setup=Queue(prefix=prefix, name=prefix))
            item = Service(id=prefix.lower(), name=prefix, prefix=prefix, minutes=each)
            self.state.services[item.id] = item

    def window(self, number: int, *queues: str, state: WindowState = "open") -> Post:
        """`H` or `H2`: the queue, at priority 2."""
        served = tuple(ServedQueue(prefix=q[0], priority=int(q[1:] or 1)) for q in queues)
        post = Post(setup=Window(number=number, name=f"{number}号", queues=served), state=state)
        self.state.posts[number] = post
        order.refresh_windows(self.state)
        return post

    def wait(
        self,
        prefix: str,
        priority: Priority = "normal",
        *,
        cases: int = 1,
        item: bool = True,
        window: int | None = None,
    ) -> str:
        """One more person; tells the ticket's id."""
        ticket = self._ticket(prefix, priority, cases, item)
        ticket.window = window
        order.put_in(self.state, ticket)
        return ticket.ticket_id

    def serve(self, post: Post, prefix: str, started_at: datetime | None) -> None:
        ticket = self._ticket(prefix, "normal", 1, True)
        ticket.state = "serving" if started_at else "called"
        ticket.started_at = started_at
        post.ticket, post.state = ticket.ticket_id, "serving" if started_at else "calling"

    def measured(self, prefix: str, values: list[float], hour: int = NINE.hour) -> None:
        for minutes in values:
            durations.record_duration(self.state, prefix.lower(), prefix, hour, minutes, 1)

    def _ticket(self, prefix: str, priority: Priority, cases: int, item: bool) -> Ticket:
        index = len(self.state.tickets)
        ticket = Ticket(
            ticket_id=f"t{index}",
            number=f"{prefix}{index:03}",
            queue=prefix,
            day="2025-11-20",
            state="waiting",
            place=(index, 0),
            issued_at=NINE,
            service=prefix.lower() if item else None,
            priority=priority,
            cases=cases,
        )
        self.state.tickets[ticket.ticket_id] = ticket
        return ticket

    def forecast(self, now: datetime = NINE) -> waiting.Forecast:
        return waiting.forecast(self.state, ctx(now))
