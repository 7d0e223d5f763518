"""One hall, one decider.

A hall's state of today lives in memory twice. `live` is changed the moment a command is decided,
so that the next command sees it. `committed` is the same fold, applied when the writer says that
the events are on disk. A decision's reply and its frames for screens are made right after it and
go out when its events are on disk; snapshots are made from `committed`. So nobody outside ever
sees what may still be lost. All functions here run on the event loop; none of them waits between
reading the state and changing it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec
import structlog
from sqlalchemy import Connection

from hall_core import events
from hall_core.clock import Clock, millis, to_millis
from hall_core.day import AHEAD
from hall_core.errors import HallError, cannot_store
from hall_core.events import DayOpened, Event, Recorded
from hall_core.features import Actor, Audience, Command, Context, Feature, Part, Row
from hall_core.hub import NOBODY, Frames, Hub
from hall_core.keys import Key, Keys
from hall_core.once import Statement
from hall_core.replay import Slices, replay
from hall_core.rules import Rules
from hall_core.setup import HallInfo
from hall_core.store import Store
from hall_core.tables import journal, openings
from hall_core.writer import Work, Writer

log = structlog.get_logger()

Show: TypeAlias = Callable[[Feature, Part, Audience], Any]
SYSTEM = Actor(kind="system", name="system")
QUIET_S = 2.0  # after a failed commit, before what is due is tried again: a full disk stays full
_encoder = msgspec.json.Encoder()


class Reply(msgspec.Struct, frozen=True):
    """A committed answer. `replayed`: it was given before, for the same key."""

    body: bytes
    version: int
    replayed: bool = False


class Hall:
    """The state, the rules and the stream of one hall."""

    def __init__(
        self,
        info: HallInfo,
        rules: Rules,
        store: Store,
        writer: Writer,
        keys: Keys,
        clock: Clock,
    ) -> None:
        self.info = info
        self.features = rules.features
        self.clock = clock
        self.live: Slices = {}
        self.committed: Slices = {}
        self.version = 0  # of the live state
        self.hub = Hub(clock, self.render_state, self._heartbeat)
        self.suspended = False  # a failed commit is being read back
        self._epoch = 0
        self._last_at: datetime | None = None
        self._store = store
        self._writer = writer
        self._keys = keys
        self._deciders = rules.deciders
        self._listeners = rules.listeners
        self._owners = rules.owners
        self._shown: dict[tuple[Part, Audience], Any] = {}  # see `show`
        self._shown_version = -1
        self.heartbeat_parts: list[Callable[[Hall, Audience], dict[str, Any]]] = []
        self._under_way: set[asyncio.Future[Any]] = set()
        self._reading_back: asyncio.Task[None] | None = None  # the last reload
        self._quiet_until = 0.0  # loop time; see QUIET_S
        self._next_due: datetime | None = None  # as of the last tick

    # --- deciding ------------------------------------------------------------------------------

    async def execute(
        self,
        command: Command,
        actor: Actor,
        answer: Callable[[Slices, list[Recorded]], Any],
        key: Key | None = None,
        rows: Iterable[Row] = (),
        statements: Sequence[Statement] = (),
    ) -> Reply:
        """Decide `command` and wait until it is on disk.

        Args:
            answer: makes the JSON-able answer from the live state right after the decision.
            key: the idempotency key; its stored answer is returned if it was used before.
            rows: side-table rows (personal data, secrets) to commit with the events.
            statements: the same for what of them has to go.

        Raises:
            HallError: the command is not possible, or could not be stored (Unavailable).
        """
        if key is not None:
            earlier = await self._keys.answer_to(key)
            if earlier is not None:
                return Reply(earlier, self.version, replayed=True)
        if self.suspended:
            raise cannot_store()
        last_at = self._last_at
        if command.confirms_clock:
            self._last_at = None  # a person says so: time may stand before what is recorded
        context = self.context(actor)
        if self._next_due is not None and context.now >= self._next_due:
            self.tick()  # whoever comes first after midnight is of the new day
            context = self.context(actor)
        feature, decide = self._deciders[type(command)]
        try:
            decided = decide(self.live[feature.name], command, context)
        except HallError:
            if command.confirms_clock:
                self._last_at = last_at  # refused: nobody confirmed anything
            raise
        records, read_models = self._record(decided, context)
        try:
            body = _encoder.encode(answer(self.live, records))
        except Exception:
            self.suspend()  # decided and applied, but it can't be answered: take it back
            raise
        future = self._submit(records, [*read_models, *rows], key, body, statements)
        # If the request goes away meanwhile, the decision is committed all the same.
        await future
        return Reply(body, records[-1].version if records else context.version - 1)

    def tick(self) -> None:
        """Let time pass: whatever is due is decided and committed, nobody waits for it."""
        for _ in range(8):  # one thing that is due may make another due at once
            if self.suspended or asyncio.get_running_loop().time() < self._quiet_until:
                return
            context = self.context(SYSTEM)
            due: list[Event] = []
            self._next_due = None
            for feature in self.features:
                state = self.live[feature.name]
                when = feature.due(state, context)
                if when is None:
                    continue
                if when <= context.now:
                    due.extend(feature.time_passed(state, context))
                elif self._next_due is None or when < self._next_due:
                    self._next_due = when
            if not due:
                return
            records, rows = self._record(due, context)
            self._submit(records, rows, None, b"")

    def apply_system(self, command: Command) -> None:
        """Decide a command of the machine's own; nobody waits for it."""
        context = self.context(SYSTEM)
        feature, decide = self._deciders[type(command)]
        decided = decide(self.live[feature.name], command, context)
        if decided and not self.suspended:
            self._submit(*self._record(decided, context), None, b"")

    def doubt(self, now: datetime) -> Literal["behind_journal", "jumped"] | None:
        """Why `now` can't be the time, judged by the last thing that happened here."""
        if self._last_at is None:
            return None
        if now < self._last_at:
            return "behind_journal"
        return "jumped" if now - self._last_at > AHEAD else None

    def context(self, actor: Actor) -> Context:
        """What a decision may know now. Time never runs backwards within a hall."""
        now = to_millis(self.clock.now())
        if self._last_at is not None and now < self._last_at:
            now = self._last_at
        return Context(hall=self.info, now=now, actor=actor, version=self.version + 1)

    def _record(self, decided: list[Event], context: Context) -> tuple[list[Recorded], list[Row]]:
        """Give events their versions, apply them to the live state, and follow reactions."""
        waiting = deque(decided)
        records: list[Recorded] = []
        rows: list[Row] = []
        hall_id, live = self.info.id, self.live
        opens_day = ""
        try:
            while waiting:
                event = waiting.popleft()
                self.version += 1
                record = Recorded(self.version, context.now, context.actor.name, event)
                records.append(record)
                listeners = self._listeners[type(event)]
                for feature in listeners.fold:
                    feature.apply(live[feature.name], record)
                for feature in listeners.store:
                    rows.extend(feature.rows(live[feature.name], record, hall_id))
                for feature in listeners.react:
                    waiting.extend(feature.react(live[feature.name], record, context))
                rows.append(_journal_row(hall_id, record))
                if isinstance(event, DayOpened):
                    opens_day = event.day
        except Exception:
            # A rule broke in the middle: the live state can't be trusted any more.
            self.suspend()
            raise
        if records:
            self._last_at = context.now
        if opens_day:
            state_json = _encoder.encode(self.live).decode()
            rows.append((openings, (hall_id, self.version, opens_day, state_json)))
        return records, rows

    def _submit(
        self,
        records: list[Recorded],
        rows: list[Row],
        key: Key | None,
        body: bytes,
        statements: Sequence[Statement] = (),
    ) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._under_way.add(future)
        if key is not None:
            self._keys.begin(key, future)
            rows.append(self._keys.row(key, body))

        frames = self._prepared(records)

        def done(error: Exception | None) -> None:
            if error is None:
                try:
                    self._commit(records, frames)
                except Exception:  # a fault in a view: what is on disk is true all the same
                    log.exception("view_failed", hall=self.info.id)
                    self.hub.close()  # some screens missed a version: let all come again
                    self.suspend()
            else:
                self._quiet_until = asyncio.get_running_loop().time() + QUIET_S
                self.suspend()
            self._under_way.discard(future)
            if key is not None:
                self._keys.end(key)
            if future.done():
                return
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(cannot_store())
                future.exception()  # a tick has nobody waiting; the writer has logged the fault

        if rows or statements:
            self._writer.submit(Work(self.info.id, self._epoch, rows, done, statements))
        else:
            done(None)  # nothing to store: e.g. a call with nobody waiting
        return future

    # --- the committed view --------------------------------------------------------------------

    def _prepared(self, records: list[Recorded]) -> list[Frames]:
        """What will be shown when these events are on disk, made right after the decision: later
        the event loop would have to be woken for it once more."""
        try:
            return [self._frames(record, self.live, self.show) for record in records]
        except Exception as error:  # it is tried again, and told whole, when they are on disk
            log.warning("view_failed", hall=self.info.id, error=repr(error))
            return []

    def _commit(self, records: list[Recorded], frames: list[Frames]) -> None:
        """What was decided is on disk: show it, and fold it into the committed state."""
        if frames and frames[0].audiences != self.hub.audiences:
            frames = []  # somebody came whom they were not made for
        for record, prepared in zip(records, frames, strict=False):
            self.hub.publish(record.version, prepared)
        for record in records:
            for feature in self._listeners[type(record.event)].fold:
                feature.apply(self.committed[feature.name], record)
            if not frames:
                late = self._frames(record, self.committed, self.show_committed)
                self.hub.publish(record.version, late)

    def seen(self, part: Part, audience: Audience) -> Any:
        """A part of the live state, for an answer."""
        return self.show(self._owners[part[0]], part, audience)

    def show(self, feature: Feature, part: Part, audience: Audience) -> Any:
        """A part of the live state as `audience` sees it, made once for a version: what a clerk is
        answered is what their screen is sent."""
        if self._shown_version != self.version:
            self._shown_version = self.version
            self._shown.clear()
        key = (part, audience)
        if key not in self._shown:
            self._shown[key] = feature.render(self.live[feature.name], part, audience)
        return self._shown[key]

    def show_committed(self, feature: Feature, part: Part, audience: Audience) -> Any:
        """The same of what is on disk."""
        return feature.render(self.committed[feature.name], part, audience)

    def has(self, part: Part) -> bool:
        """Whether an entry of a list is there: what is gone renders with `removed`."""
        feature = self._owners[part[0]]
        shown = self.show_committed(feature, part, Audience("manager"))
        return shown is not None and not shown.get("removed", False)

    def _frames(self, record: Recorded, slices: Slices, show: Show) -> Frames:
        """The event's frame for each audience, from `slices` as they are after it."""
        if not self.hub.audiences:
            return NOBODY
        touched: dict[Part, Feature] = {}
        for feature in self._listeners[type(record.event)].show:
            for part in feature.touched(slices[feature.name], record):
                touched[part] = feature
        windows: set[int | None] = {key for _, key in touched if isinstance(key, int)}
        windows.add(getattr(record.event, "window", None))
        return self.hub.frames(
            lambda audience: self.event_message(record, touched, audience, show), windows
        )

    def event_message(
        self, record: Recorded, touched: dict[Part, Feature], audience: Audience, show: Show
    ) -> dict[str, Any]:
        data = self.visible(record, audience)
        changed: dict[str, Any] = {}
        for part, feature in touched.items():
            rendered = show(feature, part, audience)
            if rendered is None:
                continue
            name, key = part
            if key is None:
                changed[name] = rendered
            else:
                changed.setdefault(name, []).append(rendered)
        if data is None and not changed:
            return {"type": "version", "version": record.version}
        # Parts may move for a reason that this audience may not know.
        name = "changed" if data is None else record.type
        event = {"type": name, "at": record.at, "data": data or {}}
        return {"type": "event", "version": record.version, "event": event, "changed": changed}

    def visible(self, record: Recorded, audience: Audience) -> Any:
        """The event's data as `audience` may see it; None: nothing of it."""
        event = record.event
        if audience.kind == "manager":
            return None if audience.supervises and events.below_supervision(event) else event
        if audience.kind == "staff":
            return None if events.for_managers(event) else event
        if audience.kind == "public":
            return events.public_fields(event)
        shown = events.pad_fields(event, audience.window)
        if shown is not None:
            for feature in self._listeners[type(event)].reveal:
                shown.update(feature.reveal(record, audience))
        return shown

    def render_state(self, audience: Audience) -> dict[str, Any]:
        """The whole public state of the hall as of the committed version (contract: State)."""
        hall = {"id": self.info.id, "name": self.info.name, "name_en": self.info.name_en}
        state: dict[str, Any] = {"hall": {**hall, "timezone": self.info.timezone}}
        for feature in self.features:
            for part in feature.parts():
                rendered = feature.render(self.committed[feature.name], (part, None), audience)
                if rendered is not None:
                    state[part] = rendered
        return state

    def _heartbeat(self, audience: Audience) -> dict[str, Any]:
        parts: dict[str, Any] = {}
        for part in self.heartbeat_parts:
            parts.update(part(self, audience))
        return parts

    # --- loading -------------------------------------------------------------------------------

    def load(self) -> None:
        """Read the state from the journal: the last opening, then what happened since."""
        version, committed, last_at = self._store.read_now(self._replayed)
        self._take(version, committed, last_at)

    def _replayed(self, connection: Connection) -> tuple[int, Slices, datetime | None]:
        return replay(connection, self.info, self.features)

    def _take(self, version: int, committed: Slices, last_at: datetime | None) -> None:
        self.committed = committed
        self.live = {
            feature.name: _copy(committed[feature.name], feature.state_type)
            for feature in self.features
        }
        self.version = version
        self._shown_version = -1  # versions may come again with other events
        self._last_at = last_at
        self._epoch += 1
        self.suspended = False
        self.hub.restart(version)

    def suspend(self) -> None:
        """What was decided did not come true: forget it, read back what did."""
        if not self.suspended:
            self.suspended = True
            self._reading_back = asyncio.get_running_loop().create_task(self._reload())

    async def _reload(self) -> None:
        # What is still with the writer was decided under the failed epoch and will be dropped,
        # or belongs to a decision that broke half-way; wait until the writer has said so.
        await self.drain()
        delay_s = 0.05
        while True:
            if self._writer.lost:  # what could be read now may not be what comes back
                await asyncio.sleep(0.2)
                continue
            try:
                self._take(*await self._store.read(self._replayed))
            except Exception as error:  # whatever it is, it may be over in a moment
                log.error("hall_reload_failed", hall=self.info.id, error=repr(error))
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, 5.0)
            else:
                log.warning("hall_reloaded", hall=self.info.id, version=self.version)
                return

    async def drain(self) -> None:
        """Wait until everything that was decided is committed or refused."""
        while self._under_way:
            await asyncio.wait(tuple(self._under_way))

    async def stop(self) -> None:
        """Finish what was accepted; a database that can't be read back is not waited for."""
        await self.drain()
        if self._reading_back is not None:
            self._reading_back.cancel()
            await asyncio.wait([self._reading_back])


def _journal_row(hall_id: str, record: Recorded) -> Row:
    data = events.encode(record.event).decode()
    values = (hall_id, record.version, millis(record.at), record.type, record.actor, data)
    return (journal, values)


def _copy(state: Any, state_type: type[Any]) -> Any:
    return msgspec.json.decode(_encoder.encode(state), type=state_type)
