"""The cascade on the server: its platforms, what they are shown and what they are told.

Signalling lives in the server's process: a few small messages a minute, and it needs the halls'
state, the ids and the rights. Media lives in the worker that holds the camera's demultiplexer:
packets never pass through the server, and a worker on another machine sends from there.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection, select, update

from hall_cameras import wire
from hall_cameras.cascade import alarms, tables, tree
from hall_cameras.cascade.agent import Agent
from hall_cameras.cascade.book import Allotment, Book
from hall_cameras.cascade.directory import Directory
from hall_cameras.cascade.port import Ports
from hall_cameras.cascade.profiles import main_profile
from hall_cameras.cascade.sessions import Sessions
from hall_cameras.cascade.setup import PlatformSetup
from hall_cameras.cascade.station import Station
from hall_cameras.cascade.upper import Begin, Effect, End, Open, Told, Turn
from hall_cameras.domain.state import CamerasState
from hall_cameras.looks import Looks
from hall_cameras.records import Records
from hall_cameras.workers import Workers
from hall_core.alerts import AlertsState
from hall_core.clock import millis
from hall_core.errors import Conflict, HallError, NotFound
from hall_core.features import Row
from hall_core.kernel import Kernel
from hall_core.once import Change

log = structlog.get_logger()

PURPOSE = "cascade password"
LOOK_S = 1.0  # how soon a platform hears of a change
TURN_S = 5.0  # a camera that is not told to stop stops by itself


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """One that is set up. `password` never leaves the server."""

    platform_id: str
    setup: PlatformSetup
    password: str
    registered_ms: int | None = None

    def __repr__(self) -> str:
        return f"Platform({self.platform_id!r})"


class Cascade:
    """All upper platforms of this installation."""

    def __init__(self, kernel: Kernel, records: Records, workers: Workers) -> None:
        self._kernel = kernel
        self._records = records
        self._workers = workers
        self.book = Book()
        self.platforms: dict[str, Platform] = {}
        self.stations: dict[str, Station] = {}
        self.sessions = Sessions(workers, self.stations, self._errand, self._audit)
        self._told: dict[str, set[str]] = {}  # by platform: open alerts that it knows of
        self._task: asyncio.Task[None] | None = None
        self._errands: set[asyncio.Task[None]] = set()
        self._looks: dict[str, Looks] = {}  # by deed
        self._reopening = asyncio.Lock()
        self.allotting = asyncio.Lock()  # of ids: one at a time
        self._ports = Ports()

    # --- life ----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Read what is kept."""
        await self.book.load(self._kernel)

        def query(connection: Connection) -> list[Platform]:
            return [
                Platform(
                    platform_id=row.platform_id,
                    setup=msgspec.json.decode(row.setup, type=PlatformSetup),
                    password=self._unsealed(row.sealed),
                    registered_ms=row.registered_ms,
                )
                for row in connection.execute(select(tables.cascade_platforms))
            ]

        found = await self._kernel.store.read(query)
        self.platforms = {platform.platform_id: platform for platform in found}

    def _unsealed(self, sealed: str) -> str:
        try:
            return self._kernel.secret.decrypt(PURPOSE, sealed)
        except ValueError:  # another installation's secret.key: it must be entered again
            return ""

    async def begin(self) -> None:
        """Register with every platform."""
        await self._look()
        await asyncio.gather(*(self._open(platform) for platform in self.platforms.values()))
        self._task = asyncio.create_task(self._look_for_ever())

    async def stop(self) -> None:
        """Sign off everywhere."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await asyncio.gather(*(station.end() for station in self.stations.values()))
        self.stations.clear()
        await asyncio.sleep(0)  # so that every errand has begun
        for errand in self._errands:
            errand.cancel()
        if self._errands:
            await asyncio.wait(self._errands)

    async def _open(self, platform: Platform) -> None:
        if not platform.setup.enabled:
            return
        upper = platform.setup.upper(platform.password)
        agent = Agent(upper, self._kernel.clock.now)
        agent.show(self.directory(platform), time.monotonic())
        platform_id = platform.platform_id
        station = Station(agent, self._ports, lambda effect: self._effect(platform_id, effect))
        self.stations[platform_id] = station
        await station.begin()

    async def reopen(self, platform_id: str) -> None:
        """The platform was set up, edited or removed; or a person wants it tried again."""
        async with self._reopening:
            old = self.stations.pop(platform_id, None)
            if old is not None:
                await old.end()
            platform = self.platforms.get(platform_id)
            if platform is not None:
                await self._look()
                await self._open(platform)

    async def changed(self, old: Platform, new: Platform) -> None:
        """It was edited. Who only sees more or less is told so, and goes on watching the rest."""
        before, after = (p.setup.upper(p.password) for p in (old, new))
        same = (before, old.setup.device_name) == (after, new.setup.device_name)
        if same and old.setup.enabled == new.setup.enabled:
            await self._look()
        else:
            await self.reopen(new.platform_id)

    # --- storing -------------------------------------------------------------------------------

    def row(self, platform: Platform) -> Row:
        values = (
            platform.platform_id,
            msgspec.json.encode(platform.setup).decode(),
            self._kernel.secret.encrypt(PURPOSE, platform.password),
            platform.registered_ms,
        )
        return (tables.cascade_platforms, values)

    def putting(self, platform: Platform) -> Change:
        """Set up or change a platform."""

        def then() -> None:
            self.platforms[platform.platform_id] = platform

        return Change(rows=(self.row(platform),), then=then)

    def find(self, platform_id: str) -> Platform:
        """Raises NotFound for a platform that is not set up."""
        platform = self.platforms.get(platform_id)
        if platform is None:
            raise NotFound("unknown_platform", "没有这个上级平台。")
        return platform

    # --- what platforms see --------------------------------------------------------------------

    def shared(self, setup: PlatformSetup) -> list[tree.SharedHall]:
        """The halls that a platform may see, with their cameras, in a steady order."""
        withheld = set(setup.withheld)
        halls = []
        for hall_id in setup.halls:
            hall = self._kernel.halls.get(hall_id)
            if hall is None:
                continue
            state: CamerasState = hall.committed["cameras"]
            found = []
            for camera in state.cameras.values():
                if camera.camera_id in withheld:
                    continue
                record = self._records.get(camera.camera_id)
                identity = wire.Identity() if record is None else record.identity
                found.append(
                    tree.SharedCamera(
                        camera_id=camera.camera_id,
                        name=camera.name,
                        online=camera.state == "online",
                        manufacturer=identity.manufacturer,
                        model=identity.model,
                        ptz=identity.ptz,
                        streams=2 if main_profile(identity) else 1,
                    )
                )
            halls.append(
                tree.SharedHall(
                    hall_id=hall_id,
                    name=hall.info.name,
                    region=hall.info.region,
                    cameras=tuple(found),
                )
            )
        return halls

    def directory(self, platform: Platform) -> Directory:
        regions = {region.code: region.name for region in self._kernel.regions.values()}
        setup = platform.setup
        return tree.build(
            setup.device_id, setup.device_name, self.shared(setup), regions, self.book.id_of
        )

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self._look()
            except HallError:  # cannot store now: the next time
                continue
            except Exception:
                log.exception("cascade_look_failed")

    async def _look(self) -> None:
        """Allot what has no id, tell what changed, end what lost its worker."""
        now, now_ms = time.monotonic(), millis(self._kernel.clock.now())
        async with self.allotting:
            await self._allot(now_ms)
        for platform_id, station in list(self.stations.items()):
            await asyncio.sleep(0)
            current = self.platforms.get(platform_id)
            if current is None:
                continue
            directory = self.directory(current)
            if directory.nodes != station.agent.directory.nodes:
                station.agent.show(directory, now)
                station.work()
        self._tell_alarms(now)
        self.sessions.look()

    async def _allot(self, now_ms: int) -> None:
        """Ids for what has none yet; those that a platform has seen stay."""
        for platform in list(self.platforms.values()):
            await asyncio.sleep(0)  # a thousand cameras take 5 ms: others come in between
            shared = self.shared(platform.setup)
            made = self.book.allot(platform.setup.device_id, tree.subjects(shared), now_ms)
            await self._keep(made)
        if self.platforms:
            await self._keep(self.book.gone(self._alive(), now_ms))
        for platform_id, station in list(self.stations.items()):
            seeing = self.platforms.get(platform_id)
            if seeing is not None and station.agent.registration.state == "online":
                await self._seen(seeing, station.agent.directory, now_ms)

    async def _keep(self, made: list[Allotment]) -> None:
        if not made:
            return
        await self._kernel.writer.write([allotment.row() for allotment in made])
        for allotment in made:
            self.book.put(allotment)

    def _alive(self) -> set[tuple[str, str]]:
        alive = {("hall", hall_id) for hall_id in self._kernel.halls}
        for hall in self._kernel.halls.values():
            state: CamerasState = hall.committed["cameras"]
            alive |= {("camera", camera_id) for camera_id in state.cameras}
        return alive

    async def _seen(self, platform: Platform, directory: Directory, now_ms: int) -> None:
        """It is registered: what it may see now keeps its id for ever."""
        await self._keep(self.book.shown((node.id for node in directory.nodes), now_ms))
        if platform.registered_ms is None:
            table, key = tables.cascade_platforms, platform.platform_id
            statement = update(table).where(table.c.platform_id == key)
            written = statement.values(registered_ms=now_ms)
            await self._kernel.writer.write(statements=[(written, {})])
            if key in self.platforms:  # edited meanwhile, perhaps, or removed
                current = self.platforms[key]
                self.platforms[key] = msgspec.structs.replace(current, registered_ms=now_ms)

    # --- alarms --------------------------------------------------------------------------------

    def _tell_alarms(self, now: float) -> None:
        """Faults of cameras, and absences that a person confirmed: to each platform what it does
        not know yet, also when it was away. What was open when we began is no news."""
        found: dict[str, tuple[str | None, alarms.Notice]] = {}
        for hall in self._kernel.halls.values():
            state: AlertsState = hall.committed["alerts"]
            for alert_id, notice in alarms.notices(state.alerts.values()).items():
                kind = "camera" if notice.camera_id else "hall"
                gb_id = self.book.id_of(kind, notice.camera_id or hall.info.id)
                found[f"{hall.info.id}/{alert_id}"] = (gb_id, notice)
        self._told = {key: self._told.get(key, set(found)) & found.keys() for key in self.platforms}
        for platform_id, told in self._told.items():
            station = self.stations.get(platform_id)
            if station is None or told == found.keys():
                continue
            for alert_id, (gb_id, notice) in found.items():
                if gb_id is None or station.agent.directory.get(gb_id) is None:
                    continue  # it may not see this
                if alert_id not in told:
                    station.agent.alarm(alert_id, gb_id, notice, now)
            station.work()

    # --- what agents want ------------------------------------------------------------------------

    def _effect(self, platform_id: str, effect: Effect) -> None:
        match effect:
            case Open():
                self._errand(self.sessions.open(platform_id, effect))
            case Begin():
                self._errand(self.sessions.begin(platform_id, effect.call_id))
            case End():
                self.sessions.end(platform_id, effect.call_id)
            case Turn():
                self._errand(self._turn(platform_id, effect))
            case Told(alert_id=alert_id) if platform_id in self._told:
                self._told[platform_id].add(alert_id)

    def _errand(self, work: Coroutine[Any, Any, None]) -> None:
        async def run() -> None:
            try:
                await work
            except HallError as error:  # the platform was removed, or nothing can be stored
                log.warning("cascade_errand_refused", why=error.code)
            except Exception:
                log.exception("cascade_errand_failed")

        task = asyncio.create_task(run())
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _audit(self, platform_id: str, action: str, camera_id: str) -> None:
        """Who looked at or turned which camera; not each time that a stick is moved."""
        if self._looks.setdefault(action, Looks()).anew(platform_id, camera_id):
            name = self.find(platform_id).setup.name
            await self._kernel.audit(name, action, camera_id, "", None)

    async def _turn(self, platform_id: str, wanted: Turn) -> None:
        station = self.stations.get(platform_id)
        node = None if station is None else station.agent.directory.camera(wanted.channel)
        if node is None:
            return
        still = not (wanted.pan or wanted.tilt or wanted.zoom)
        question = wire.Ask(
            id=0, what="move", camera_id=node.subject,
            pan=wanted.pan, tilt=wanted.tilt, zoom=wanted.zoom, seconds=0.0 if still else TURN_S,
        )  # fmt: skip
        with contextlib.suppress(Conflict):
            await self._workers.ask_holder(node.subject, question, type(None), TURN_S + 8)
        if not still:
            await self._audit(platform_id, "camera_move", node.subject)
