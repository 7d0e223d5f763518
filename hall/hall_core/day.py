"""The hall's service day, doubt about the clock, and which days were announced.

The day rolls at the hall's midnight. A clock that stands behind the journal, or that jumps by more
than ten minutes, neither rolls the day nor resets numbers until a person confirms it. Holidays and
worked weekends are facts of each hall's journal, so that a replay knows them as they were known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar, Literal, NotRequired, TypedDict
from zoneinfo import ZoneInfo

import msgspec

from hall_core.clock import Clock
from hall_core.errors import Conflict
from hall_core.events import (
    CalendarTold,
    ClockConfirmed,
    ClockDoubted,
    DayOpened,
    Event,
    HallRenamed,
    Recorded,
)
from hall_core.features import Audience, Command, Context, Feature, Part
from hall_core.workdays import CalendarDay, SpecialDay

JUMP = timedelta(minutes=10)
AHEAD = timedelta(days=40)  # longer than any holiday: a start so long after the journal is doubted


class DayState(msgspec.Struct, kw_only=True):
    day: str = ""  # YYYY-MM-DD in the hall's zone; "" before the first
    doubted: bool = False
    renamed: dict[str, str] | None = None  # who the hall is, since it got another name
    confirmed_day: str = ""  # today, when the clock once stood ahead and `day` lies in the future
    calendar: dict[date, CalendarDay] = {}  # announced days, as the hall was told


class DayView(TypedDict):
    """The service day; whether the clock is doubted is for staff."""

    day: str
    clock_doubted: NotRequired[bool]


class DoubtClock(Command, frozen=True):
    """The machine noticed that its clock can't be trusted."""

    wall: datetime
    why: Literal["behind_journal", "jumped"]


class ConfirmClock(Command, frozen=True):
    """A person looked at the clock and says it is right."""

    confirms_clock: ClassVar[bool] = True


class TellCalendar(Command, frozen=True):
    """The machine knows these announced days."""

    days: Mapping[date, SpecialDay]


def service_day(timezone: str, now: datetime) -> str:
    return now.astimezone(_zone(timezone)).date().isoformat()


@lru_cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=1024)
def _end_of(day: str, timezone: str) -> datetime:
    after = date.fromisoformat(day) + timedelta(days=1)
    return datetime(after.year, after.month, after.day, tzinfo=_zone(timezone))


class RenameHall(Command, frozen=True):
    """The administrator gives the hall another name; its row goes along with the command."""

    name: str
    name_en: str = ""


def _rename(state: DayState, command: RenameHall, context: Context) -> list[Event]:
    hall = context.hall
    return [
        HallRenamed(
            name=command.name, name_en=command.name_en, timezone=hall.timezone, hall=hall.id
        )
    ]


def _doubt(state: DayState, command: DoubtClock, context: Context) -> list[Event]:
    if state.doubted:
        return []
    return [ClockDoubted(wall=command.wall, why=command.why)]


def _confirm(state: DayState, command: ConfirmClock, context: Context) -> list[Event]:
    if not state.doubted:
        raise Conflict("clock_not_doubted", "时钟没有疑问，无需确认。")
    today = service_day(context.hall.timezone, context.now)
    return [ClockConfirmed(wall=context.now, day=today)]


def _tell(state: DayState, command: TellCalendar, context: Context) -> list[Event]:
    """From the hall's own year on: nobody asks about earlier ones, and its day is the journal's,
    whatever a wrong clock says."""
    today = state.confirmed_day or state.day or service_day(context.hall.timezone, context.now)
    year = date.fromisoformat(today).year
    days = {
        day: CalendarDay(workday=special.workday, name=special.name)
        for day, special in sorted(command.days.items())
        if day.year >= year
    }
    return [] if days == state.calendar else [CalendarTold(days=days)]


class DayFeature(Feature):
    """The kernel's own slice: which day it is."""

    name = "day"
    state_type = DayState
    shapes: ClassVar[dict[str, Any]] = {"day": DayView}
    listens = frozenset({DayOpened, ClockDoubted, ClockConfirmed, HallRenamed, CalendarTold})

    def commands(self) -> dict[type[Command], Callable[[Any, Any, Context], list[Event]]]:
        return {
            DoubtClock: _doubt,
            ConfirmClock: _confirm,
            RenameHall: _rename,
            TellCalendar: _tell,
        }

    def apply(self, state: DayState, record: Recorded) -> None:
        event = record.event
        if isinstance(event, DayOpened):
            state.day, state.confirmed_day = event.day, ""
        elif isinstance(event, ClockDoubted):
            state.doubted = True
        elif isinstance(event, ClockConfirmed):
            state.doubted = False
            # Numbers of the day that was opened too early go on until the next midnight.
            state.confirmed_day = event.day if event.day < state.day else ""
        elif isinstance(event, CalendarTold):
            state.calendar = event.days
        elif isinstance(event, HallRenamed):
            state.renamed = {
                "id": event.hall,
                "name": event.name,
                "name_en": event.name_en,
                "timezone": event.timezone,
            }

    def due(self, state: DayState, context: Context) -> datetime | None:
        if state.doubted:
            return None
        day = state.confirmed_day or state.day
        return _end_of(day, context.hall.timezone) if day else context.now

    def time_passed(self, state: DayState, context: Context) -> list[Event]:
        return [DayOpened(day=service_day(context.hall.timezone, context.now))]

    def touched(self, state: DayState, record: Recorded) -> Iterable[Part]:
        if isinstance(record.event, HallRenamed):
            return (("hall", None),)  # in every snapshot anyway, so not among `parts`
        if isinstance(record.event, CalendarTold):
            return ()
        return (("day", None),)

    def parts(self) -> Sequence[str]:
        return ("day",)

    def render(self, state: DayState, part: Part, audience: Audience) -> Any:
        if part[0] == "hall":
            return state.renamed
        if audience.is_staff:
            return {"day": state.day, "clock_doubted": state.doubted}
        return {"day": state.day}


class ClockGuard:
    """Notices when the wall clock moves otherwise than time does. Asked at every tick."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall = clock.now()
        self._monotonic = clock.monotonic()

    def jumped(self) -> bool:
        """Whether the wall clock jumped by more than ten minutes since the last question."""
        wall, monotonic = self._clock.now(), self._clock.monotonic()
        passed = timedelta(seconds=monotonic - self._monotonic)
        drift = abs((wall - self._wall) - passed)
        self._wall, self._monotonic = wall, monotonic
        return drift > JUMP
