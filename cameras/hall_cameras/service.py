"""Cameras on the server: their leases, what workers say, and what is asked of them.

Nothing here decodes a picture or waits for a camera; that is the workers' part.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from typing import Any, TypeVar

import msgspec
import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from hall_cameras import wire
from hall_cameras.cascade.service import Cascade
from hall_cameras.domain.state import Camera, CamerasState
from hall_cameras.keeping import Keeping
from hall_cameras.leases import Worker
from hall_cameras.link import Link
from hall_cameras.live.relay import Relay
from hall_cameras.media import Pictures
from hall_cameras.presence.evidence import WindowEvidence
from hall_cameras.records import Record, Records
from hall_cameras.supervisor import DEVICE_ID, Supervisor
from hall_cameras.workers import Workers
from hall_core.errors import Conflict, HallError, NotFound, Unauthorized
from hall_core.kernel import Kernel

log = structlog.get_logger()

T = TypeVar("T")
TEND_S = 0.25
HELD_UP_S = 1.0  # between two looks
NO_WORKER_S = 12.0  # a worker that is replaced in time is not worth telling
HELLO_S = 5.0
FRESH_S = 1.0  # a picture that was just fetched serves the next who looks
GOOD_BYE = (WSCloseCode.OK, WSCloseCode.GOING_AWAY)  # what a worker says that was asked to end


class Taken(msgspec.Struct, frozen=True):
    """The newest picture that was seen of a camera. `at` is monotonic seconds."""

    jpeg: bytes
    at: float


class Cameras:
    """Every camera of this server."""

    def __init__(self, kernel: Kernel, pictures: Pictures) -> None:
        self._kernel = kernel
        self.records = Records(kernel)
        self.pictures = pictures
        self.workers = Workers()
        self._keeping = Keeping(kernel, self.records, self.workers.leases, pictures, self.camera)
        self.supervisor = Supervisor(self.workers)
        self.live = Relay(self._look)
        self.cascade = Cascade(kernel, self.records, self.workers)
        self._newest: dict[str, Taken] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}  # for the newest picture, by camera
        self._views: dict[str, bytes] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start(self) -> None:
        """Read what is kept."""
        await self.records.load()
        await self.cascade.start()
        known = {key for hall in self._kernel.halls.values() for key in self._slice(hall).cameras}
        gone = self.records.orphans(known)
        if gone:
            statements = [self.records.forgetting(camera_id) for camera_id in gone]
            await self._kernel.writer.write(statements=statements)
            for camera_id in gone:
                self.records.drop(camera_id)
        await asyncio.to_thread(self.pictures.forget_views, known)
        for camera_id in known:
            self._views[camera_id] = await asyncio.to_thread(self.pictures.view, camera_id)
        for hall in self._kernel.halls.values():
            for camera_id in self._slice(hall).cameras:
                self._want(hall.info.id, camera_id)

    async def begin(self, url: str | None) -> None:
        """Lease cameras to workers; one of this machine's own is started if `url` says where
        this server is to be reached."""
        self._tasks = [
            asyncio.create_task(self._tend()),
            asyncio.create_task(self._keeping.run()),
            asyncio.create_task(WindowEvidence(self._kernel, self.pictures, self.workers).run()),
        ]
        if url is not None:
            await self.supervisor.begin(self._kernel, url)
        await self.cascade.begin()

    async def stop(self) -> None:
        """End the workers and say good-bye to those of other machines."""
        self._stopping = True
        await self.cascade.stop()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self.supervisor.stop()
        await asyncio.gather(*(link.close() for link in tuple(self.workers.links.values())))

    @staticmethod
    def _slice(hall: Any) -> CamerasState:
        state: CamerasState = hall.committed["cameras"]
        return state

    def camera(self, hall_id: str, camera_id: str) -> Camera | None:
        return self._slice(self._kernel.halls[hall_id]).cameras.get(camera_id)

    def find(self, camera_id: str) -> tuple[Record, Camera]:
        """Raises NotFound for a camera that is not here."""
        record = self.records.get(camera_id)
        camera = None if record is None else self.camera(record.hall_id, camera_id)
        if record is None or camera is None:
            raise NotFound("unknown_camera", "没有这台摄像机。")
        return record, camera

    # --- leases --------------------------------------------------------------------------------

    def _want(self, hall_id: str, camera_id: str) -> None:
        camera = self.camera(hall_id, camera_id)
        if camera is not None and camera.state != "disabled" and self.records.get(camera_id):
            self.workers.leases.want(camera_id, hall_id, time.monotonic())
            self.supervisor.wanted()

    def changed(self, camera_id: str) -> None:
        """A person edited, added or removed this camera: tell its worker."""
        record = self.records.get(camera_id)
        camera = None if record is None else self.camera(record.hall_id, camera_id)
        if record is None or camera is None or camera.state == "disabled":
            holder = self.workers.leases.unwant(camera_id)
            if holder is not None and holder in self.workers.links:
                self.workers.links[holder].send(wire.Drop(camera_id=camera_id))
            return
        held = self.workers.leases.renew(camera_id)
        if held is None:
            self._want(record.hall_id, camera_id)
            self._give()
        else:
            self._keeping.void(camera_id)
            self._take(held[0], camera_id, held[1])

    def _give(self) -> None:
        for worker_id, camera_id, epoch in self.workers.leases.give(time.monotonic()):
            self._take(worker_id, camera_id, epoch)

    def _take(self, worker_id: str, camera_id: str, epoch: int) -> None:
        link = self.workers.links.get(worker_id)
        try:
            record, camera = self.find(camera_id)
        except NotFound:  # it is being removed
            return
        if link is None:
            return
        waiting = self._keeping.report(camera_id)
        order = wire.Order(
            camera_id=camera_id,
            access=record.access(),
            settings=camera.settings,
            zones=camera.zones,
            refused=(camera.state if waiting is None else waiting.state) == "refused",
            view=self._views.get(camera_id, b""),
        )
        link.send(wire.Take(epoch=epoch, order=order))
        link.send(self.live.looked_at(camera_id))

    async def _look(self, look: wire.Look) -> None:
        """Tell the worker that watches it who looks at a camera."""
        link = self.workers.holder(look.camera_id)
        if link is not None:
            link.send(look)

    async def _tend(self) -> None:
        """Let leases lapse, give what is free, and say so where nobody watches."""
        last = time.monotonic()
        while True:
            await asyncio.sleep(TEND_S)
            last, before = time.monotonic(), last
            if last - before > HELD_UP_S:
                continue  # it was us who did not listen: what workers said waits to be read
            try:
                now = time.monotonic()
                for worker_id in self.workers.leases.silent(now, wire.LEASE_S):
                    link = self.workers.links[worker_id]
                    log.warning("camera_worker_silent", worker=link.name)
                    link.cut()
                    self._left(worker_id, crashed=True)
                    if link.local:
                        self.supervisor.hangs()
                for lease in self.workers.leases.alone(now, NO_WORKER_S):
                    why = "worker_crash" if lease.hold_until > now else "no_worker"
                    self._alone(lease.hall_id, lease.camera_id, why)
                self._give()
            except Exception:  # whatever it is, cameras go on being tended
                log.exception("camera_tending_failed")

    def _alone(self, hall_id: str, camera_id: str, why: str) -> None:
        camera = self.camera(hall_id, camera_id)
        if camera is None or camera.state in ("disabled", "refused") or camera.why == why:
            return
        report = wire.Report(camera_id=camera_id, epoch=0, state="unreachable", why=why)
        self._keeping.add(report)

    # --- workers -------------------------------------------------------------------------------

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """Serve one worker until it goes."""
        socket = web.WebSocketResponse(
            compress=False, max_msg_size=wire.MESSAGE_MAX, autoping=True, timeout=2.0
        )
        await socket.prepare(request)
        try:
            async with asyncio.timeout(HELLO_S):
                message = await socket.receive()
            if message.type is not WSMsgType.BINARY:
                raise ValueError("the first message must be binary")
            hello = wire.decode_to_server(message.data)
            if not isinstance(hello, wire.Hello):
                raise ValueError("the first message must be hello")
            principal = await self._kernel.access.by_token(hello.token)
            if principal.kind != "camera":
                raise Unauthorized("wrong_kind", "这个凭证不属于摄像机工作进程。")
        except (TimeoutError, ValueError, msgspec.DecodeError):
            await socket.close(code=wire.BAD_HELLO, message=b"hello?")
            return socket
        except HallError as error:
            await socket.close(code=wire.BAD_TOKEN, message=error.detail.encode()[:120])
            return socket
        worker_id = secrets.token_hex(8)
        device_id = principal.id.removeprefix("device:")
        local, transport = device_id == DEVICE_ID, request.transport
        link = self.workers.links[worker_id] = Link(worker_id, hello.name, local, socket, transport)
        self.workers.leases.join(
            Worker(
                worker_id=worker_id,
                capacity=max(0, min(hello.capacity, 1000)),
                halls=principal.halls,
                heard=time.monotonic(),
            )
        )
        sockets = self._kernel.sockets.setdefault(device_id, set())
        if transport is not None:
            sockets.add(transport)  # cut off when the device is revoked
        log.info("camera_worker_came", worker=hello.name)
        if local:
            self.supervisor.came()
        delivering = asyncio.create_task(link.deliver())
        try:
            self._give()
            async for message in socket:
                if message.type is WSMsgType.BINARY:
                    self.workers.leases.heard(worker_id, time.monotonic())
                    self._said(link, message.data)
        finally:
            delivering.cancel()
            if transport is not None:
                sockets.discard(transport)
            if not sockets:
                self._kernel.sockets.pop(device_id, None)
            self._left(worker_id, crashed=socket.close_code not in GOOD_BYE)
        return socket

    def _left(self, worker_id: str, crashed: bool) -> None:
        link = self.workers.links.pop(worker_id, None)
        if link is None:
            return
        tell = log.warning if crashed and not self._stopping else log.info
        tell("camera_worker_left", worker=link.name)
        link.ended()
        self.workers.leases.leave(worker_id, time.monotonic(), crashed)

    def _said(self, link: Link, data: bytes) -> None:
        try:
            message = wire.decode_to_server(data)
        except msgspec.DecodeError:
            log.warning("camera_worker_garbage", worker=link.name)
            return
        match message:
            case wire.Answer():
                link.answered(message)
            case wire.UplinkEnded():
                self.cascade.sessions.ended(message.session, message.why)
            case wire.Report() if self._counts(link, message.camera_id, message.epoch):
                self._keeping.add(message)
                self.workers.leases.told(message.camera_id)
            case wire.InZone() | wire.Known() if self._counts(
                link, message.camera_id, message.epoch
            ):
                self._keeping.add(message)
            case wire.LivePart() if self._counts(link, message.camera_id, message.epoch):
                self.live.part(message)
            case wire.LiveHead() if self._counts(link, message.camera_id, message.epoch):
                self.live.head(message)
            case wire.View() if self._counts(link, message.camera_id, message.epoch):
                if len(message.jpeg) <= wire.PICTURE_MAX:
                    self._views[message.camera_id] = message.jpeg
                    self._keeping.add(message)
            case wire.Evidence() if self._may_show(link, message.camera_id):
                if len(message.jpeg) <= wire.PICTURE_MAX:
                    self._keeping.add(message)
            case _:
                pass  # a beat, or of a camera that is another worker's by now

    def _counts(self, link: Link, camera_id: str, epoch: int) -> bool:
        return self.workers.leases.counts(link.worker_id, camera_id, epoch)

    def _may_show(self, link: Link, camera_id: str) -> bool:
        """Evidence may come late, when a connection was lost: the worker's halls are enough."""
        record = self.records.get(camera_id)
        worker = self.workers.leases.workers.get(link.worker_id)
        return record is not None and worker is not None and worker.may(record.hall_id)

    # --- asking --------------------------------------------------------------------------------

    async def ask_any(
        self, hall_id: str, question: wire.Ask, type_: type[T], timeout_s: float
    ) -> T:
        """Ask a worker that may serve this hall; one is started if there is none.

        Raises:
            Conflict: there is none, or it could not be done.
        """
        self.supervisor.wanted()
        return await self.workers.ask_any(hall_id, question, type_, timeout_s)

    async def newest(self, camera_id: str) -> Taken | None:
        """The newest picture, also of a camera that has gone; None when none was ever seen.

        However many look, its worker is asked once at a time.
        """
        kept = self._newest.get(camera_id)
        if kept is not None and time.monotonic() - kept.at < FRESH_S:
            return kept
        asking = self._asking.get(camera_id)
        if asking is None:
            asking = self._asking[camera_id] = asyncio.create_task(self._ask_newest(camera_id))
            asking.add_done_callback(lambda _: self._asking.pop(camera_id))
        await asyncio.shield(asking)  # who goes away leaves it to the others
        return self._newest.get(camera_id)

    async def _ask_newest(self, camera_id: str) -> None:
        question = wire.Ask(id=0, what="picture", camera_id=camera_id)
        with contextlib.suppress(Conflict):
            picture = await self.workers.ask_holder(
                camera_id, question, wire.Picture, timeout_s=3.0
            )
            self._newest[camera_id] = Taken(picture.jpeg, time.monotonic() - picture.age_s)

    async def asked_measures(self, camera_id: str, question: wire.Ask) -> wire.Measures | None:
        """What the checks read of its newest picture; None when nobody can say."""
        with contextlib.suppress(Conflict):
            return await self.workers.ask_holder(camera_id, question, wire.Measures, timeout_s=2.0)
        return None

    async def evidence(self, evidence_id: str) -> bytes | None:
        """A stored picture; None when it expired."""
        return await asyncio.to_thread(self.pictures.read, evidence_id)

    def addresses(self, hall_id: str) -> dict[str, str]:
        """ONVIF address -> camera id, of a hall."""
        return {r.onvif: r.camera_id for r in self.records.of(hall_id) if r.onvif}

    async def forget(self, camera_id: str) -> None:
        """A camera was removed."""
        self.records.drop(camera_id)
        self._newest.pop(camera_id, None)
        self._views.pop(camera_id, None)
        self.changed(camera_id)
        await asyncio.to_thread(self.pictures.forget_views, set(self._views))
