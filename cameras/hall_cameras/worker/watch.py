"""Watching one camera: find out where its video is, open it, look, and try again when it ends.

One task on the worker's event loop, with one thread while it waits for the camera. Nothing of it
waits for another camera, and every wait is bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any, TypeVar

import msgspec
import structlog
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from hall_cameras import addresses, wire
from hall_cameras.cascade.tap import Tap
from hall_cameras.domain.state import PICTURE_FAULTS
from hall_cameras.live.feed import Feed
from hall_cameras.presence.looker import Looker, Presence, Told
from hall_cameras.worker import pictures
from hall_cameras.worker.analyst import Analyst, Finding
from hall_cameras.worker.backoff import Backoff
from hall_cameras.worker.capture import REST_S, UPLINK_REST_S, Capture, Stream
from hall_cameras.worker.notices import Notice
from hall_cameras.worker.trouble import CameraTrouble
from hall_core.events import CameraFault, CameraLinkState

log = structlog.get_logger()

T = TypeVar("T")
DESCRIBE_S = 30.0  # more than all its calls may take, but for a peer that drips its headers
DESCRIBE_AGAIN_S = 600.0  # what a camera said of itself is believed so long
CLOCK_S = 300.0  # its clock is looked at so often
NOT_AT_HOME = frozenset({"no_route", "timeout", "refused_connection", "not_found", "bad_answer"})
"""Reasons to look whether the camera has got another address."""


def onvif() -> ModuleType:
    """The adapter, imported in the thread that first needs it: zeep takes half a second, and a
    worker that replaces another has none to lose."""
    from hall_cameras.worker import onvif as adapter

    return adapter


def _find_again(access: wire.Access) -> Any:
    from hall_cameras.worker.discovery import NEIGHBOURS

    return NEIGHBOURS.find(access)


async def in_thread(work: Callable[[], T]) -> T:
    """Run blocking work in a thread of its own: a pool could be filled by cameras that hang."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def deliver(result: Any, error: BaseException | None) -> None:
        if future.done():
            return  # nobody waits any more
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def tell(result: Any, error: BaseException | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(deliver, result, error)

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # which is in no variable after this: see `Watch._try`
            tell(None, error)
        else:
            tell(result, None)

    threading.Thread(target=run, daemon=True, name="camera").start()
    return await future


LOOKER = Looker()
"""Of this process: all its cameras' pictures are looked at by one thread."""


class Watch:
    """One camera under one lease. `say` takes messages for the server, on the event loop; `room`
    tells whether there is some for a live view's."""

    def __init__(
        self,
        order: wire.Order,
        epoch: int,
        say: Callable[[wire.ToServer], None],
        room: Callable[[], bool] = lambda: True,
    ) -> None:
        self.order = order
        self.epoch = epoch
        self.identity: wire.Identity | None = None
        self.frame: tuple[float, VideoFrame] | None = None  # newest key frame, monotonic
        self.tap = Tap()  # for the uplink
        self.analyst: Analyst | None = None
        self.presence: Presence | None = None
        self.feed = Feed(order.camera_id, epoch, say, room)
        self._say = say
        self._loop = asyncio.get_running_loop()
        self._backoff = Backoff()
        self._told: wire.Report | None = None
        self._capture: Capture | None = None
        self._changed = asyncio.Event()
        self._online_at: float | None = None
        self._described_at = 0.0
        self._clock_off_s = 0.0
        self._asking: asyncio.Future[Any] | None = None
        self._listener: Any = None  # to what it says of itself
        self._says: frozenset[Notice] = frozenset()
        self._leaving: set[asyncio.Future[None]] = set()
        self._task = asyncio.create_task(self._run())

    @property
    def access(self) -> wire.Access:
        return self.order.access

    # --- from the event loop -------------------------------------------------------------------

    def change(self, order: wire.Order, epoch: int) -> None:
        """The same camera under a newer lease, or with another order."""
        old, self.order = self.order, order
        self.epoch = self.feed.epoch = epoch
        if (
            old.access != order.access
            or old.settings != order.settings
            or (old.zones != order.zones or old.refused != order.refused)
        ):
            if old.access != order.access:
                self.identity = self.analyst = None
                self._asking = None  # its thread ends within its bounds
            self._restart()
        elif self._told is not None:
            self._told = msgspec.structs.replace(self._told, epoch=epoch)
            self._say(self._told)
            self._say_identity()
            for told in self.presence.all_told() if self.presence is not None else ():
                self._say_presence(told)

    def _restart(self) -> None:
        self._backoff.reset()
        self._changed.set()
        if self._capture is not None:
            self._capture.stop()

    async def stop(self, patience_s: float = 0.0) -> None:
        """Let go of the camera. Its threads end by themselves within their bounds; one that tells
        the camera so is waited for as long as `patience_s`."""
        if self._capture is not None:
            self._capture.stop()
        self._task.cancel()
        await asyncio.wait([self._task])
        with contextlib.suppress(asyncio.CancelledError):  # taken out of it: see `_try`
            self._task.result()
        self.analyst = self.frame = None
        if self._leaving and patience_s:
            await asyncio.wait(self._leaving, timeout=patience_s)

    def relearn(self) -> None:
        """The view is right as it is now."""
        self.order = msgspec.structs.replace(self.order, view=b"")
        if self.analyst is not None:
            self.analyst.relearn()

    def again(self) -> None:
        """What the camera said of itself is no longer so: ask, and open its video anew."""
        self.identity = None
        self._restart()

    # --- the task ------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            if self.order.refused:  # which the server knows
                await self._changed.wait()
                continue
            refused = await self._try()
            if self._changed.is_set():
                continue  # what failed is not what is wanted by now
            if refused:
                self.order = msgspec.structs.replace(self.order, refused=True)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._backoff.next_s()):
                    await self._changed.wait()

    async def _unless_changed(self, work: Awaitable[T]) -> T:
        """What comes of `work`.

        Raises:
            CameraTrouble: "off", as soon as a person changed what is to be watched: the answer of
                an address that was given up must not pass for the new one's.
        """
        doing = asyncio.ensure_future(work)
        doing.add_done_callback(lambda done: done.cancelled() or done.exception())
        changed = asyncio.create_task(self._changed.wait())
        try:
            await asyncio.wait((doing, changed), return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
        if self._changed.is_set():
            raise CameraTrouble("off")
        return doing.result()

    async def _try(self) -> bool:
        """Watch for as long as it goes; whether it was refused.

        A traceback holds the variables of all that it passed, here a whole stream with its
        pictures, and the future among them that holds the error. What holds itself waits for the
        garbage collector, which counts objects, not their megabytes: it would come too late.
        """
        self._online_at = None
        try:
            url = await self._locate()
            await self._watch(url)
        except CameraTrouble as trouble:
            self._ended(trouble.with_traceback(None))
            return trouble.refused
        except Exception as error:  # a fault of ours must not end the watching
            log.exception("camera_watch_failed", camera=self.order.camera_id)
            self._ended(CameraTrouble("bad_answer", repr(error.with_traceback(None))))
            return False
        raise AssertionError("a capture ends with a trouble")

    def _ended(self, trouble: CameraTrouble) -> None:
        if self._online_at is not None:
            self._backoff.held(time.monotonic() - self._online_at)
        if trouble.why == "off" or self._changed.is_set():
            return
        if trouble.refused:
            self._report("refused", trouble.why)
        elif self._online_at is not None or trouble.why in ("no_video", "no_picture"):
            self._report("stalled", trouble.why)
        elif self._told is not None and self._told.state == "stalled" and trouble.why == "timeout":
            return  # it still takes connections and says nothing
        else:
            self._report("unreachable", trouble.why)

    async def _locate(self) -> str:
        """The URL of the video, with credentials."""
        access = self.access
        url = access.rtsp
        if access.onvif and (not url or self._stale()):
            try:
                url = await self._describe(access) or url
            except CameraTrouble as trouble:
                if trouble.refused or not url:
                    raise
                # Its ONVIF is broken, but somebody told us where the video is.
        return addresses.with_credentials(url, access.username, access.password)

    def _stale(self) -> bool:
        return self.identity is None or time.monotonic() - self._described_at > DESCRIBE_AGAIN_S

    async def _describe(self, access: wire.Access) -> str:
        if self._asking is not None and not self._asking.done():
            raise CameraTrouble("timeout")  # it still holds the thread of the last time
        self._asking = asyncio.ensure_future(in_thread(lambda: onvif().describe(access)))
        try:
            async with asyncio.timeout(DESCRIBE_S):
                described = await self._unless_changed(self._asking)
        except TimeoutError:
            raise CameraTrouble("timeout") from None
        except CameraTrouble as trouble:
            if trouble.why not in NOT_AT_HOME or not access.serial:
                raise
            described = await self._unless_changed(in_thread(lambda: _find_again(access)))
            if described is None:
                raise trouble from None
            here = described.identity.onvif
            rtsp = addresses.followed(access.rtsp, access.onvif, here)
            access = msgspec.structs.replace(access, onvif=here, rtsp=rtsp)
            self.order = msgspec.structs.replace(self.order, access=access)
        self._described_at = time.monotonic()
        self._clock_off_s = described.identity.clock_off_s
        if described.identity != self.identity:
            self.identity = described.identity
            self._say_identity()
        return access.rtsp or str(described.stream)

    def _say_identity(self) -> None:
        if self.identity is not None:
            self._say(
                wire.Known(camera_id=self.order.camera_id, epoch=self.epoch, identity=self.identity)
            )

    async def _watch(self, url: str) -> None:
        analyst = self.analyst = Analyst(
            self.order.camera_id,
            self.order.settings,
            self.order.zones,
            self.order.view,
            lambda: self._clock_off_s,
            lambda: self._says,
            self.analyst.good if self.analyst is not None else None,
        )
        presence = self.presence = Presence(
            LOOKER,
            self.order.zones,
            lambda saw, told: self._call(lambda: self._presence_told(saw, told)),
        )
        last: tuple[Any, ...] = ()

        def look(frame: VideoFrame, stream: Stream) -> None:  # in the capture's thread
            nonlocal last
            now = time.monotonic()
            finding = analyst.look(frame, now)
            self.frame = (now, frame)
            self.feed.picture(frame, stream.codec)
            presence.frame(frame, now, finding.spoiled, bool(finding.faults & PICTURE_FAULTS))
            state = (finding.faults, stream.width, stream.height, stream.fps, stream.codec)
            if state != last or finding.evidence or finding.view:
                last = state
                self._loop.call_soon_threadsafe(self._seen, finding, stream, presence)

        def passed(packet: Packet[VideoStream], video: VideoStream) -> None:
            self.feed.packet(packet, video)
            self.tap.packet(packet, video)

        def run() -> None:
            try:
                capture.run()
            finally:
                self.feed.cut()
                self.tap.cut()

        def rest_s() -> float:
            if self.feed.wanted:
                return 0.0
            return UPLINK_REST_S if self.tap.heard else REST_S

        capture = self._capture = Capture(url, look, passed, rest_s)
        clock = asyncio.create_task(self._look_at_clock())
        try:
            await in_thread(run)
        finally:
            clock.cancel()
            capture.stop()
            self._deafen()
            self._capture = self.presence = None
            LOOKER.forget(presence)

    def _call(self, work: Callable[[], None]) -> None:
        """On the event loop, if it still runs."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(work)

    def _presence_told(self, presence: Presence, told: Told) -> None:
        if self.presence is presence:  # else it is of a stream that was given up
            self._say_presence(told)

    def _say_presence(self, told: Told) -> None:
        self._say(
            wire.InZone(
                camera_id=self.order.camera_id,
                epoch=self.epoch,
                window=told.window,
                present=told.present,
                lasted_s=max(0.0, time.monotonic() - told.since),
                confidence=told.confidence,
            )
        )

    async def _look_at_clock(self) -> None:
        while self.access.onvif:
            await asyncio.sleep(CLOCK_S)
            with contextlib.suppress(CameraTrouble):  # its video tells how it is
                self._clock_off_s = await in_thread(lambda: onvif().clock_off(self.access))

    def _listen(self) -> None:
        """To what the camera says of itself, while its video comes."""
        from hall_cameras.worker.events import Listener

        if self.identity is None:
            return

        def told(notices: frozenset[Notice]) -> None:  # in the listener's thread
            self._says = notices

        camera_id = self.order.camera_id
        self._listener = Listener(camera_id, self.access, self.identity, told)

    def _deafen(self) -> None:
        listener, self._listener, self._says = self._listener, None, frozenset()
        if listener is not None:
            leaving = asyncio.ensure_future(in_thread(listener.end))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    def _seen(self, finding: Finding, stream: Stream, presence: Presence) -> None:
        if self.presence is not presence:
            return  # a last picture of a stream that was given up
        if self._online_at is None:
            self._online_at = time.monotonic()
            self._listen()
        self._report("online", "", tuple(sorted(finding.faults)), stream)
        for evidence in finding.evidence:
            self._say(evidence)
        if finding.view:
            self.order = msgspec.structs.replace(self.order, view=finding.view)
            self._say(
                wire.View(camera_id=self.order.camera_id, epoch=self.epoch, jpeg=finding.view)
            )

    def _report(
        self,
        state: CameraLinkState,
        why: str,
        faults: tuple[CameraFault, ...] = (),
        stream: Stream | None = None,
    ) -> None:
        report = wire.Report(
            camera_id=self.order.camera_id,
            epoch=self.epoch,
            state=state,
            why=why,
            faults=faults,
            width=stream.width if stream else 0,
            height=stream.height if stream else 0,
            fps=stream.fps if stream else 0.0,
            codec=stream.codec if stream else "",
        )
        if report != self._told:
            self._told = report
            self._say(report)

    # --- questions -----------------------------------------------------------------------------

    async def picture(self) -> wire.Picture:
        """The newest key frame; raises CameraTrouble: there is none yet."""
        if self.frame is None:
            raise CameraTrouble("no_picture")
        at, frame = self.frame
        data = await asyncio.to_thread(lambda: pictures.jpeg(pictures.colour_of(frame)))
        return wire.Picture(jpeg=data, age_s=time.monotonic() - at)
