"""All sessions that a worker sends, and the main streams that are opened for them.

The watched stream (usually the sub stream) is there already, with its last key frame. The main
stream is opened when the first session asks for it and closed after the last.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable

import msgspec

from hall_cameras import addresses, wire
from hall_cameras.cascade.profiles import main_profile
from hall_cameras.cascade.ps import STREAM_TYPES
from hall_cameras.cascade.sender import Sender
from hall_cameras.cascade.tap import Tap
from hall_cameras.worker.capture import Capture
from hall_cameras.worker.trouble import CameraTrouble

SENDERS_MAX = 64
MAIN_S = 8.0  # until the main stream's first packet


class Watched(msgspec.Struct, frozen=True):
    """What a session needs of a camera's watch."""

    camera_id: str
    tap: Tap
    access: wire.Access
    identity: wire.Identity | None


class _Main:
    """A main stream: a thread that only demultiplexes."""

    def __init__(self, url: str) -> None:
        self.tap = Tap()
        self.senders = 0
        self.over = False
        self._capture = Capture(url, None, self.tap.packet)
        threading.Thread(target=self._run, daemon=True, name="main-stream").start()

    def _run(self) -> None:
        try:
            with contextlib.suppress(CameraTrouble):  # its sessions notice that nothing comes
                self._capture.run()
        finally:
            self.over = True
            self.tap.cut()
            self.tap.came.set()

    def stop(self) -> None:
        self._capture.stop()


class Uplinks:
    """`say` takes messages for the server, on the event loop; `locate` blocks: it asks a camera
    where a profile's video is."""

    def __init__(
        self,
        say: Callable[[wire.ToServer], None],
        in_thread: Callable[[Callable[[], str | bool]], Awaitable[str | bool]],
        locate: Callable[[wire.Access], str],
    ) -> None:
        self._say = say
        self._in_thread = in_thread
        self._locate = locate
        self._loop = asyncio.get_running_loop()
        self._opening: set[str] = set()
        self._senders: dict[str, tuple[Sender, str, _Main | None]] = {}
        self._mains: dict[str, _Main] = {}

    async def open(self, watched: Watched, order: wire.Uplink) -> wire.UplinkAt:
        """Find the stream and a socket; `go` sends.

        Raises:
            CameraTrouble: "busy", "codec", "no_picture", or why the main stream did not open.
        """
        if len(self._senders) + len(self._opening) >= SENDERS_MAX:
            raise CameraTrouble("busy")
        session = order.session
        self._opening.add(session)
        main: _Main | None = None
        try:
            if order.stream == 0:
                main = await self._main(watched)
            if main is not None:
                main.senders += 1
                came = main.tap.came
                await self._in_thread(lambda: came.wait(MAIN_S))
            if session not in self._opening:  # it was ended meanwhile
                raise CameraTrouble("no_picture")
            tap = watched.tap if main is None else main.tap
            if not tap.codec:
                raise CameraTrouble("no_picture")
            if tap.codec not in STREAM_TYPES:
                raise CameraTrouble("codec")
            sender = Sender(order, tap, self._over)
        except BaseException:  # also when nobody waits for it any more
            self._left(watched.camera_id, main)
            raise
        finally:
            self._opening.discard(session)
        self._senders[session] = (sender, watched.camera_id, main)
        return wire.UplinkAt(host=sender.local, port=sender.port)

    async def _main(self, watched: Watched) -> _Main | None:
        """The main stream, or None when the watched one is all there is."""
        token = main_profile(watched.identity)
        if not token:
            return None
        main = self._mains.get(watched.camera_id)
        if main is None or main.over:
            access = msgspec.structs.replace(watched.access, profile=token, rtsp="")
            url = addresses.with_credentials(
                str(await self._in_thread(lambda: self._locate(access))),
                access.username,
                access.password,
            )
            main = self._mains.get(watched.camera_id)  # another session may have been quicker
            if main is None or main.over:
                main = self._mains[watched.camera_id] = _Main(url)
        return main

    def _left(self, camera_id: str, main: _Main | None) -> None:
        if main is None:
            return
        main.senders -= 1
        if main.senders <= 0:
            main.stop()
            if self._mains.get(camera_id) is main:
                del self._mains[camera_id]

    def go(self, session: str) -> None:
        held = self._senders.get(session)
        if held is not None:
            held[0].go()

    def end(self, session: str) -> None:
        self._opening.discard(session)
        held = self._senders.pop(session, None)
        if held is not None:
            held[0].stop()
            self._left(held[1], held[2])

    def drop(self, camera_id: str) -> None:
        """The camera is not ours any more."""
        for session, (_, camera, _main) in list(self._senders.items()):
            if camera == camera_id:
                self.end(session)
                self._say(wire.UplinkEnded(session=session, why="source"))

    def end_all(self) -> None:
        """Nobody knows of our sessions any more."""
        self._opening.clear()
        for session in list(self._senders):
            self.end(session)

    def _over(self, sender: Sender, why: str) -> None:
        """In the sender's thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._told_over, sender, why)

    def _told_over(self, sender: Sender, why: str) -> None:
        session = sender.order.session
        held = self._senders.get(session)
        if held is not None and held[0] is sender:
            self.end(session)
            self._say(wire.UplinkEnded(session=session, why=why))
