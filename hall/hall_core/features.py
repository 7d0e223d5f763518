"""How a feature plugs into a hall.

A feature owns one slice of each hall's state. It decides commands, applies events (its own and
others') to its slice, reacts to events with further events inside the same decision, says which
parts of the public state an event touched, and renders them. All of that is pure and synchronous.
The rows it returns are its read models, committed in the same transaction as the events.

A feature that needs another's facts reacts to its events; ids cross, objects do not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

import msgspec
from sqlalchemy import Table

from hall_core.events import Event, Recorded
from hall_core.setup import HallInfo

if TYPE_CHECKING:
    from hall_core.http import Route
    from hall_core.kernel import Kernel


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """The base of commands: imperative, decoded from a request, decided once."""

    confirms_clock: ClassVar[bool] = False


class Actor(msgspec.Struct, frozen=True):
    """Who acts. `kind` is the role; `name` goes into the journal."""

    kind: str
    name: str
    window: int | None = None


class Context(msgspec.Struct, frozen=True):
    """What a decision may know besides its slice: the hall, the time, who acts, what is next."""

    hall: HallInfo
    now: datetime  # aware UTC
    actor: Actor
    version: int  # of the first event this decision will make


Part: TypeAlias = tuple[str, Any]
"""A piece of the public state: (list name, key), e.g. ("windows", 3), ("recent_calls", None)."""

Row: TypeAlias = tuple[Table, tuple[Any, ...]]
"""A read-model row: the table and a value for each of its columns, in order; upserted by key."""

AudienceKind = Literal["public", "pad", "staff", "manager"]


class Audience(msgspec.Struct, frozen=True, cache_hash=True):
    """Who looks at a stream: anonymous screens, one window's pad, the staff at counters and the
    guide desk, or those who manage and supervise and may also know what concerns a clerk.
    `supervises`: of alerts that go up in steps, only the last one is for them."""

    kind: AudienceKind
    window: int | None = None
    supervises: bool = False

    @property
    def is_staff(self) -> bool:
        return self.kind == "staff" or self.kind == "manager"


class Job(msgspec.Struct, frozen=True):
    """Housekeeping: `run` at an APScheduler `trigger` ("cron", "interval") with its arguments.

    It is short: a server that stops cuts it off. What runs for as long as the server does is
    started by a job ("date", at once) and ended by `Feature.stop`.
    """

    run: Callable[[], Awaitable[None]]
    trigger: str
    when: dict[str, int]


class Feature:
    """The base of features: one that does nothing. `state_type` is a mutable msgspec Struct."""

    name: str
    state_type: type[Any]
    web: Path | None = None  # folder of its pages
    shapes: ClassVar[dict[str, Any]] = {}  # part of the state -> its type, for the API's document
    listens: frozenset[type[Event]] | None = None  # events that concern it; None: any may

    def new_state(self) -> Any:
        """The slice of a hall that has no events yet."""
        return self.state_type()

    def commands(self) -> dict[type[Command], Callable[[Any, Any, Context], list[Event]]]:
        """command type -> decide(slice, command, context) -> events.

        A decide raises HallError when the command is not possible, and changes nothing.
        """
        return {}

    def apply(self, state: Any, record: Recorded) -> None:
        """Fold one event into the slice. Never fails on an event that was decided."""

    def react(self, state: Any, record: Recorded, context: Context) -> list[Event]:
        """Consequences of an event, decided in the same transaction (called after apply)."""
        return []

    def due(self, state: Any, context: Context) -> datetime | None:
        """When `time_passed` has something to do next, or None."""
        return None

    def time_passed(self, state: Any, context: Context) -> list[Event]:
        """What is due at `context.now`."""
        return []

    def has_clerk(self, state: Any, clerk_no: str) -> bool:
        """Whether somebody with this number works in the hall: asked when an account is theirs."""
        return False

    def rows(self, state: Any, record: Recorded, hall_id: str) -> Iterable[Row]:
        """Read-model rows after `record` was applied."""
        return ()

    def touched(self, state: Any, record: Recorded) -> Iterable[Part]:
        """Parts of the public state that `record` changed."""
        return ()

    def parts(self) -> Sequence[str]:
        """Names of the lists this feature renders."""
        return ()

    def render(self, state: Any, part: Part, audience: Audience) -> Any:
        """One entry of a list, or with key None the whole list; None: not for this audience.

        An entry that is gone renders as its key and `"removed": true`.
        """
        return None

    def reveal(self, record: Recorded, audience: Audience) -> dict[str, Any]:
        """What an audience that sees the event learns beside its fields, made for the frame and
        never stored (a pad's one-time token)."""
        return {}

    def routes(self) -> Sequence[Route]:
        """Its HTTP surface."""
        return ()

    async def start(self, kernel: Kernel) -> None:
        """Called once, after the halls were read and before anyone is let in."""

    def jobs(self, kernel: Kernel) -> Sequence[Job]:
        """Its housekeeping."""
        return ()

    async def stop(self) -> None:
        """Called once, when nobody is let in any more: end what runs in the background."""
