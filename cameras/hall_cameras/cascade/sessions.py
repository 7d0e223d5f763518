"""Pictures on their way up: from an INVITE to the worker that sends, and to the end."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Literal

import msgspec

from hall_cameras import wire
from hall_cameras.cascade.station import Station
from hall_cameras.cascade.upper import Open
from hall_cameras.workers import Workers
from hall_core.errors import Conflict

MEDIA_S = 9.0  # for a worker to open a stream
OPENING_MAX = 8  # sessions that a platform may have opened at once; a flood is refused beyond
REFUSALS = {"camera_busy": 486, "camera_codec": 488}
OVER = {
    "source": "摄像机没有视频，已挂断 (no video came)",
    "peer": "平台不接收视频，已挂断 (the platform took no video)",
    "codec": "视频编码不能发送，已挂断 (a codec that is not sent)",
    "worker": "视频工作进程中断，已挂断 (the worker has gone)",
}
"""Why we hang up, for the log."""


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


class Sessions:
    """All of this installation. `errand` runs what nobody waits for; `audit` keeps that a platform
    (by id) did something (an action) to a camera."""

    def __init__(
        self,
        workers: Workers,
        stations: Mapping[str, Station],
        errand: Callable[[Coroutine[Any, Any, None]], None],
        audit: Callable[[str, str, str], Awaitable[None]],
    ) -> None:
        self._workers = workers
        self._stations = stations
        self._errand = errand
        self._audit = audit
        self.by_id: dict[str, Session] = {}
        self._numbers = itertools.count(1)
        self._opening: Counter[str] = Counter()  # by platform

    def of(self, platform_id: str) -> list[Session]:
        return [session for session in self.by_id.values() if session.platform_id == platform_id]

    # --- what a platform's agent wants -----------------------------------------------------------

    async def open(self, platform_id: str, wanted: Open) -> None:
        """Have a worker find the picture and an address to send from; its agent is told."""
        station = self._stations.get(platform_id)
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
        self.by_id[session.session_id] = session
        holder = self._workers.holder(camera_id)
        session.worker_id = "" if holder is None else holder.worker_id
        question = wire.Ask(id=0, what="uplink", camera_id=camera_id, uplink=order)
        try:
            at = await self._workers.ask_holder(camera_id, question, wire.UplinkAt, MEDIA_S)
        except Conflict as error:
            if session.session_id not in self.by_id:
                return 0  # it was ended, and another may have come under its Call-ID
            self._close(session)
            return REFUSALS.get(error.code, 500)
        if session.session_id not in self.by_id or not station.agent.calls.media_opened(
            wanted.call_id, at.host, at.port, time.monotonic()
        ):
            self._close(session)
        return 0

    async def begin(self, platform_id: str, call_id: str) -> None:
        """The platform is ready: send."""
        for session in self.of(platform_id):
            if session.call_id == call_id:
                session.sending = True
                await self._tell(session, "uplink_go")
                await self._audit(platform_id, "camera_uplink", session.camera_id)

    def end(self, platform_id: str, call_id: str) -> None:
        """Nobody watches any more."""
        for session in self.of(platform_id):
            if session.call_id == call_id:
                self._close(session)

    def _close(self, session: Session) -> None:
        self.by_id.pop(session.session_id, None)
        self._errand(self._tell(session, "uplink_end"))

    async def _tell(self, session: Session, what: Literal["uplink_go", "uplink_end"]) -> None:
        question = wire.Ask(id=0, what=what, camera_id=session.camera_id, token=session.session_id)
        link = self._workers.links.get(session.worker_id)
        if link is not None:
            with contextlib.suppress(Conflict):
                await link.ask(question, type(None), MEDIA_S)

    # --- what comes of it ------------------------------------------------------------------------

    def ended(self, session_id: str, why: str) -> None:
        """A worker ended it, and says why."""
        session = self.by_id.pop(session_id, None)
        station = None if session is None else self._stations.get(session.platform_id)
        if session is not None and station is not None:
            station.agent.line.say(OVER.get(why, why))
            station.agent.calls.hang_up(session.call_id, time.monotonic())
            station.work()

    def look(self) -> None:
        """End those whose worker has gone."""
        for session in list(self.by_id.values()):
            if session.worker_id and session.worker_id not in self._workers.links:
                self.ended(session.session_id, "worker")
