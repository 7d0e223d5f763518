"""What every route and job works with: the halls, the writer, access, time.

One `Kernel` is made at start-up and closed at shutdown, in the order that finishes what was
accepted: no new work, decide nothing more, commit everything, answer, close.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.exc import DBAPIError

from hall_core import tables, workdays_book
from hall_core.access import Access
from hall_core.agents import Agents
from hall_core.clock import Clock, millis
from hall_core.credentials import Principal
from hall_core.day import ClockGuard, DoubtClock, TellCalendar
from hall_core.errors import HallError, NotFound
from hall_core.features import Feature
from hall_core.halls import Hall
from hall_core.keys import Keys
from hall_core.once import Change
from hall_core.rules import Rules
from hall_core.secret import Secret
from hall_core.setup import HallInfo, Region
from hall_core.store import Store
from hall_core.version import VERSION
from hall_core.workdays import Workdays
from hall_core.writer import Writer

log = structlog.get_logger()

TICK_S = 0.2
NOTE_LIFE = timedelta(days=180)
AUDIT_LIFE = timedelta(days=400)  # the network security law asks for six months at least


class Kernel:
    """The running kernel. Make it inside the event loop, then `start`."""

    def __init__(
        self,
        engine: Engine,
        secret: Secret,
        clock: Clock,
        features: Callable[[], list[Feature]],
        people_clock: Clock | None = None,
    ) -> None:
        """`people_clock` is for sessions and pairing codes, where a hall's time is simulated."""
        self.clock = clock
        self.build = VERSION
        self.secret = secret
        self.rules = Rules(features())
        self.features = self.rules.features
        self.store = Store(engine)
        self.writer = Writer(engine, asyncio.get_running_loop())
        self.keys = Keys(self.store, clock, secret)
        self.access = Access(self.store, self.writer, people_clock or clock, secret)
        self.halls: dict[str, Hall] = {}
        self.regions: dict[str, Region] = {}
        self._told_of_halls: list[Callable[[Hall], None]] = []
        self.sockets: dict[str, set[asyncio.Transport]] = {}  # device or user id -> its streams
        self.workdays = Workdays()  # replaced by an import: ask here, keep no copy
        self.access.on_revoked = self.close_streams
        self.agents = Agents(self)
        self._guard = ClockGuard(clock)
        self._ticker: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read everything that is kept and begin to tick."""
        self.writer.start()
        self.keys.load()
        self.access.load()
        self.workdays = await workdays_book.load(self)
        self._load_halls()
        now = self.clock.now()
        for hall in self.halls.values():
            why = hall.doubt(now)
            if why is not None:
                hall.apply_system(DoubtClock(wall=now, why=why))
        # After a doubt is noted (telling is an event, too), and before anything is due by hours.
        self.each_hall(self._tell_calendar)
        self.tick()
        for feature in self.features:
            await feature.start(self)
        await self.agents.start()
        for hall in self.halls.values():
            await hall.drain()
        self._ticker = asyncio.create_task(self._tick_for_ever())

    def _load_halls(self) -> None:
        def query(connection: Any) -> tuple[list[HallInfo], list[Region]]:
            halls = [
                HallInfo(
                    id=row.hall_id,
                    name=row.name,
                    name_en=row.name_en,
                    region=row.region,
                    level=row.level,
                    timezone=row.timezone,
                )
                for row in connection.execute(select(tables.halls))
            ]
            rows = connection.execute(select(tables.regions))
            return halls, [
                Region(code=row.code, name=row.name, level=row.level, parent=row.parent)
                for row in rows
            ]

        infos, regions = self.store.read_now(query)
        self.regions = {region.code: region for region in regions}
        for info in infos:
            self.open_hall(info)

    def open_hall(self, info: HallInfo) -> Hall:
        hall = Hall(info, self.rules, self.store, self.writer, self.keys, self.clock)
        hall.load()
        self.halls[info.id] = hall
        for told in self._told_of_halls:
            told(hall)
        return hall

    def each_hall(self, told: Callable[[Hall], None]) -> None:
        """`told` hears of every hall: of those that are here now, and of each that is added."""
        self._told_of_halls.append(told)
        for hall in self.halls.values():
            told(hall)

    def tell_calendar(self) -> None:
        """Let every hall know the announced days, after they changed."""
        for hall in self.halls.values():
            self._tell_calendar(hall)

    def _tell_calendar(self, hall: Hall) -> None:
        hall.apply_system(TellCalendar(days=self.workdays.special))

    def hall(self, hall_id: str) -> Hall:
        """Raises NotFound for a hall that is not here."""
        hall = self.halls.get(hall_id)
        if hall is None:
            raise NotFound("unknown_hall", "没有这个大厅。")
        return hall

    @contextlib.contextmanager
    def connected(self, principal: Principal, transport: asyncio.Transport) -> Iterator[None]:
        """While it lasts, a connection is cut off when its device or person may no longer watch."""
        who = principal.id.removeprefix("device:")
        mine = self.sockets.setdefault(who, set())
        mine.add(transport)
        try:
            yield
        finally:
            mine.discard(transport)
            if not mine:
                self.sockets.pop(who, None)

    def close_streams(self, device_id: str) -> None:
        """Cut off a device or person that was revoked."""
        for transport in tuple(self.sockets.get(device_id, ())):
            transport.abort()

    # --- time ----------------------------------------------------------------------------------

    def tick(self) -> None:
        """Let time pass in every hall."""
        jumped = self._guard.jumped()
        for hall in self.halls.values():
            try:
                if jumped:
                    hall.apply_system(DoubtClock(wall=self.clock.now(), why="jumped"))
                hall.tick()
                hall.hub.beat()
            except Exception:
                log.exception("tick_failed", hall=hall.info.id)

    async def _tick_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.tick()

    # --- housekeeping --------------------------------------------------------------------------

    async def audit(
        self,
        actor: str,
        action: str,
        subject: str,
        address: str,
        hall: str | None,
        detail: str = "",
    ) -> None:
        """One line in the audit log (not streamed, read by auditors)."""
        change = self.audit_entry(actor, action, subject, address, hall, detail)
        await self.writer.write(statements=change.statements)

    def audit_entry(
        self,
        actor: str,
        action: str,
        subject: str,
        address: str,
        hall: str | None,
        detail: str = "",
    ) -> Change:
        """The same line, to be committed with what it tells of."""
        values = {
            "at_ms": millis(self.clock.now()),
            "actor": actor,
            "action": action,
            "subject": subject,
            "hall_id": hall,
            "address": address,
            "detail": detail,
        }
        return Change(statements=((insert(tables.audit), values),))

    def note_row(self, note_id: str, hall_id: str, text: str, actor: str) -> Any:
        """A free text that expires; events hold its id only."""
        now = self.clock.now()
        values = (note_id, hall_id, text, actor, millis(now), millis(now + NOTE_LIFE))
        return (tables.notes, values)

    async def expire(self) -> None:
        """Delete what has had its time: free texts, unused pairing codes, old audit entries."""
        now = self.clock.now()
        notes, codes, audit = tables.notes, tables.pairing_codes, tables.audit
        await self.writer.write(
            statements=[
                (delete(notes).where(notes.c.expires_ms < millis(now)), {}),
                (delete(codes).where(codes.c.expires_ms < millis(now)), {}),
                (delete(audit).where(audit.c.at_ms < millis(now - AUDIT_LIFE)), {}),
            ]
        )

    async def stop(self) -> None:
        """Finish what was accepted, then close."""
        if self._ticker is not None:
            self._ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticker
        await self.agents.stop()
        for feature in self.features:
            await feature.stop()
        for hall in self.halls.values():
            await hall.stop()
        try:
            await self.access.keep_sessions()
        except (HallError, DBAPIError) as error:  # a full disk is no reason not to stop
            log.warning("sessions_not_kept", error=str(error))
        await self.writer.stop()
        for hall in self.halls.values():
            hall.hub.close()
        self.store.close()
