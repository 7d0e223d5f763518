"""The cascade on the server: its platforms, their trees, and the way from an INVITE to a worker.

Signalling lives in the server's process: a few small messages a minute, and it needs the halls'
state, the ids and the rights. Media lives in the worker that holds the camera's demultiplexer:
packets never pass through the server, and a worker on another machine sends from there.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from sqlalchemy import Connection, select

from hall_cameras import wire
from hall_cameras.cascade import alarms, tables, tree
from hall_cameras.cascade.agent import Agent
from hall_cameras.cascade.book import Allotment, Book
from hall_cameras.cascade.directory import Directory
from hall_cameras.cascade.port import Ports
from hall_cameras.cascade.profiles import main_profile
from hall_cameras.cascade.setup import PlatformSetup
from hall_cameras.cascade.station import Station
from hall_cameras.cascade.upper import Begin, Effect, End, Open, Turn
from hall_cameras.domain.state import CamerasState
from hall_core.alerts import AlertsState
from hall_core.clock import millis
from hall_core.errors import Conflict, HallError, NotFound
from hall_core.features import Row
from hall_core.kernel import Kernel
from hall_core.once import Change

if TYPE_CHECKING:
    from hall_cameras.service import Cameras

log = structlog.get_logger()

PURPOSE = "cascade password"
LOOK_S = 1.0  # how soon a platform hears of a change
MEDIA_S = 9.0  # for a worker to open a stream
TURN_S = 5.0  # a camera that is not told to stop stops by itself
OPENING_MAX = 8  # sessions that a platform may have opened at once; a flood is refused beyond
AUDITED_S = 600.0  # one entry in the audit log for each platform, camera and deed in this time
REFUSALS = {"camera_busy": 486, "camera_codec": 488}


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """One that is set up. `password` never leaves the server."""

    platform_id: str
    setup: PlatformSetup
    password: str
    registered_ms: int | None = None

    def __repr__(self) -> str:
        return f"Platform({self.platform_id!r})"


class Session(msgspec.Struct, kw_only=True):
    """A picture on its way up."""

    session_id: str
    platform_id: str
    call_id: str
    camera_id: str
    stream: int
    began: float
    worker_id: str = ""
    sending: bool = False


class Cascade:
    """All upper platforms of this installation."""

    def __init__(self, kernel: Kernel, cameras: Cameras) -> None:
        self._kernel = kernel
        self._cameras = cameras
        self.book = Book()
        self.platforms: dict[str, Platform] = {}
        self.stations: dict[str, Station] = {}
        self.sessions: dict[str, Session] = {}
        self._numbers = itertools.count(1)
        self._alarms: dict[str, alarms.Seen] = {}
        self._task: asyncio.Task[None] | None = None
        self._errands: set[asyncio.Task[None]] = set()
        self._opening: Counter[str] = Counter()  # by platform
        self._audited: dict[tuple[str, str, str], float] = {}
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
        self.stations = {}
        await asyncio.sleep(0)  # so that every errand has begun
        for errand in self._errands:
            errand.cancel()
        if self._errands:
            await asyncio.wait(self._errands)

    async def _open(self, platform: Platform) -> None:
        if not platform.setup.enabled:
            return
        upper = platform.setup.upper(platform.platform_id, platform.password)
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
        before, after = (p.setup.upper(p.platform_id, p.password) for p in (old, new))
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
                record = self._cameras.records.get(camera.camera_id)
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
        for session in list(self.sessions.values()):
            if session.worker_id and session.worker_id not in self._cameras.links:
                self._ended(session.session_id)

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
            changed = msgspec.structs.replace(platform, registered_ms=now_ms)
            change = self.putting(changed)
            await self._kernel.writer.write(list(change.rows))
            change.then()

    # --- alarms --------------------------------------------------------------------------------

    def _tell_alarms(self, now: float) -> None:
        """Faults of cameras, and absences that a person confirmed."""
        for hall in self._kernel.halls.values():
            state: AlertsState = hall.committed["alerts"]
            seen = self._alarms.get(hall.info.id)
            notices, seen = alarms.news(state.alerts.values(), seen)
            self._alarms[hall.info.id] = seen
            for notice in notices:
                kind = "camera" if notice.camera_id else "hall"
                gb_id = self.book.id_of(kind, notice.camera_id or hall.info.id)
                for station in self.stations.values():
                    if gb_id is not None and station.agent.directory.get(gb_id) is not None:
                        station.agent.alarm(
                            gb_id, notice.priority, notice.method, notice.kind, notice.text, now
                        )
                        station.work()

    # --- media ---------------------------------------------------------------------------------

    def _effect(self, platform_id: str, effect: Effect) -> None:
        match effect:
            case Open():
                self._errand(self._open_media(platform_id, effect))
            case Begin():
                self._errand(self._begin_media(platform_id, effect.call_id))
            case End():
                for session in list(self.sessions.values()):
                    if (session.platform_id, session.call_id) == (platform_id, effect.call_id):
                        self._close(session)
            case Turn():
                self._errand(self._turn(platform_id, effect))

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

    async def _open_media(self, platform_id: str, wanted: Open) -> None:
        station = self.stations.get(platform_id)
        if station is None:
            return
        node = station.agent.directory.camera(wanted.channel)
        status = 404 if node is None else 486
        if node is not None and self._opening[platform_id] < OPENING_MAX:
            self._opening[platform_id] += 1
            try:
                status = await self._opened(platform_id, station, wanted, node.subject)
            finally:
                self._opening[platform_id] -= 1
        if status:
            station.agent.calls.media_refused(wanted.call_id, status, time.monotonic())
        station.work()

    async def _opened(
        self, platform_id: str, station: Station, wanted: Open, camera_id: str
    ) -> int:
        """Have a worker open a session: 0, or the status that refuses it."""
        offer = wanted.offer
        session = Session(
            session_id=f"{platform_id}-{next(self._numbers)}",
            platform_id=platform_id,
            call_id=wanted.call_id,
            camera_id=camera_id,
            stream=offer.stream,
            began=time.monotonic(),
        )
        order = wire.Uplink(
            session=session.session_id,
            stream=session.stream,
            tcp=offer.tcp,
            setup=offer.setup,
            host=offer.host,
            port=offer.port,
            ssrc=int(wanted.ssrc),
        )
        self.sessions[session.session_id] = session
        held = self._cameras.leases.holder(camera_id)
        session.worker_id = "" if held is None else held[0]
        question = wire.Ask(id=0, what="uplink", camera_id=camera_id, uplink=order)
        try:
            at = await self._cameras.ask_holder(camera_id, question, wire.UplinkAt, MEDIA_S)
        except Conflict as error:
            if self.sessions.get(session.session_id) is None:
                return 0  # it was ended, and another may have come under its Call-ID
            self._close(session)
            return REFUSALS.get(error.code, 500)
        if session.session_id not in self.sessions or not station.agent.calls.media_opened(
            wanted.call_id, at.host, at.port, time.monotonic()
        ):
            self._close(session)
        return 0

    async def _begin_media(self, platform_id: str, call_id: str) -> None:
        for session in list(self.sessions.values()):
            if (session.platform_id, session.call_id) == (platform_id, call_id):
                session.sending = True
                await self._tell(session, "uplink_go")
                await self._audit(platform_id, "camera_uplink", session.camera_id)

    async def _audit(self, platform_id: str, action: str, camera_id: str) -> None:
        """Who looked at or turned which camera; not each time that a stick is moved."""
        key, now = (platform_id, action, camera_id), time.monotonic()
        if now - self._audited.get(key, -AUDITED_S) >= AUDITED_S:
            self._audited[key] = now
            name = self.find(platform_id).setup.name
            await self._kernel.audit(name, action, camera_id, "", None)

    def _close(self, session: Session) -> None:
        self.sessions.pop(session.session_id, None)
        self._errand(self._tell(session, "uplink_end"))

    async def _tell(self, session: Session, what: str) -> None:
        question = wire.Ask(
            id=0,
            what="uplink_go" if what == "uplink_go" else "uplink_end",
            camera_id=session.camera_id,
            token=session.session_id,
        )
        link = self._cameras.links.get(session.worker_id)
        if link is not None:
            with contextlib.suppress(Conflict):
                await link.ask(question, type(None), MEDIA_S)

    def uplink_ended(self, message: wire.UplinkEnded) -> None:
        """A worker says that a session is over by itself."""
        self._ended(message.session)

    def _ended(self, session_id: str) -> None:
        session = self.sessions.pop(session_id, None)
        station = None if session is None else self.stations.get(session.platform_id)
        if session is not None and station is not None:
            station.agent.calls.hang_up(session.call_id, time.monotonic())
            station.work()

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
            await self._cameras.ask_holder(node.subject, question, type(None), TURN_S + 8)
        if not still:
            await self._audit(platform_id, "camera_move", node.subject)
