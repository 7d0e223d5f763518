"""The worker's life: connect, hold leases, answer questions; let go when the server is silent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
import time
from typing import Any

import msgspec
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from hall_cameras import wire
from hall_cameras.cascade.uplinks import Uplinks, Watched
from hall_cameras.worker.trouble import CameraTrouble
from hall_cameras.worker.turning import Turning
from hall_cameras.worker.watch import Watch, in_thread, onvif

log = structlog.get_logger()

NICE = 5  # its threads wait for one another: one that hardly ever runs would hold up all
CAPACITY = 200  # cameras; a core watches 80 or more
WAITING_MAX = 64  # pictures kept while the server is away
LIVE_WAITING_MAX = 48  # messages in front of a live view's
AGAIN_S = (0.2, 0.5, 1.0, 2.0, 5.0)
ANSWER_S = 25.0
GIVEN_S = 2 * wire.LEASE_S  # until a server that took us for gone has given us our cameras anew
LEAVE_S = 2.0  # to tell cameras that nobody listens to them any more, at the end


class Worker:
    """All cameras that this process watches."""

    def __init__(self, server: str, token: str, name: str, capacity: int = CAPACITY) -> None:
        scheme, _, rest = server.rstrip("/").partition("://")
        self._url = f"{'wss' if scheme == 'https' else 'ws'}://{rest}{wire.PATH}"
        self._hello = wire.Hello(token=token, name=name, capacity=capacity)
        self._watches: dict[str, Watch] = {}
        self._outbox: asyncio.Queue[wire.ToServer] = asyncio.Queue()
        self._heard = self._came = time.monotonic()
        self._ungiven: set[str] = set()  # watched since before this connection, and not given anew
        self._uplinks = Uplinks(self._say, in_thread, _located)
        self._turning = Turning()
        self._errands: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until cancelled. Raises PermissionError when the token is none."""
        tending = asyncio.create_task(self._let_go())
        tries = 0
        try:
            while True:
                began = time.monotonic()
                try:
                    await self._serve()
                except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed) as error:
                    closed = error.rcvd if isinstance(error, ConnectionClosed) else None
                    if closed is not None and closed.code == wire.BAD_TOKEN:
                        raise PermissionError(closed.reason) from None
                    if tries == 0:
                        log.warning("camera_worker_no_server", error=str(error)[:200])
                tries = 0 if time.monotonic() - began > 10 else tries + 1
                step = AGAIN_S[min(tries, len(AGAIN_S) - 1)]
                await asyncio.sleep(step * random.uniform(0.5, 1.0))
        finally:
            tending.cancel()
            await self._drop_all(LEAVE_S)

    async def _serve(self) -> None:
        async with connect(
            self._url, compression=None, max_size=wire.MESSAGE_MAX, open_timeout=5, proxy=None
        ) as socket:
            await socket.send(wire.encode(self._hello))
            self._heard = self._came = time.monotonic()
            self._ungiven = set(self._watches)
            sending = asyncio.create_task(self._send(socket))
            try:
                while True:
                    async with asyncio.timeout(wire.LEASE_S):
                        data = await socket.recv()
                    self._heard = time.monotonic()
                    if isinstance(data, bytes):
                        await self._read(data)
            finally:
                sending.cancel()
                await asyncio.wait([sending])
                self._uplinks.end_all()  # the server has ended them, or knows of none

    async def _send(self, socket: ClientConnection) -> None:
        """Send what there is to say, and a beat when there is nothing."""
        while True:
            try:
                async with asyncio.timeout(wire.BEAT_S):
                    message = await self._outbox.get()
            except TimeoutError:
                message = wire.Beat()
            try:
                await socket.send(wire.encode(message))
            except ConnectionClosed:
                if isinstance(message, wire.Evidence):
                    self._outbox.put_nowait(message)
                return

    def _say(self, message: wire.ToServer) -> None:
        # Reports of a lost lease count for nothing; evidence is worth keeping for a while.
        if self._outbox.qsize() < WAITING_MAX or not isinstance(message, wire.Evidence):
            self._outbox.put_nowait(message)

    def _room(self) -> bool:
        """For more of a live view: a slow line must not fill the memory."""
        return self._outbox.qsize() < LIVE_WAITING_MAX

    async def _let_go(self) -> None:
        """A server that is silent has given our cameras to others by now."""
        while True:
            await asyncio.sleep(wire.LEASE_S / 4)
            if self._watches and time.monotonic() - self._heard > wire.LEASE_S:
                log.warning("camera_worker_lost_its_leases", cameras=len(self._watches))
                await self._drop_all()
            elif time.monotonic() - self._came > GIVEN_S:
                while self._ungiven:  # another has it by now, or nobody shall watch it any more
                    await self._drop(self._ungiven.pop())

    async def _drop_all(self, patience_s: float = 0.0) -> None:
        self._uplinks.end_all()
        watches, self._watches = list(self._watches.values()), {}
        await asyncio.gather(*(watch.stop(patience_s) for watch in watches))

    async def _drop(self, camera_id: str) -> None:
        watch = self._watches.pop(camera_id, None)
        if watch is not None:
            self._uplinks.drop(camera_id)
            await watch.stop()

    # --- what the server says ------------------------------------------------------------------

    async def _read(self, data: bytes) -> None:
        try:
            message = wire.decode_to_worker(data)
        except msgspec.DecodeError as error:  # of a newer server
            log.warning("camera_worker_not_understood", error=str(error)[:200])
            return
        await self._told(message)

    async def _told(self, message: wire.ToWorker) -> None:
        match message:
            case wire.Take(epoch=epoch, order=order):
                self._ungiven.discard(order.camera_id)
                watch = self._watches.get(order.camera_id)
                if watch is None:
                    self._watches[order.camera_id] = Watch(order, epoch, self._say, self._room)
                else:
                    watch.change(order, epoch)
                    watch.feed.want(False, False)  # who looks is said next, and may be others
            case wire.Drop(camera_id=camera_id):
                await self._drop(camera_id)
            case wire.Look(camera_id=camera_id, video=video, pictures=pictures):
                watch = self._watches.get(camera_id)
                if watch is not None:
                    watch.feed.want(video, pictures)
            case wire.Ask():
                errand = asyncio.create_task(self._answer(message))
                self._errands.add(errand)
                errand.add_done_callback(self._errands.discard)
            case wire.Beat():
                pass

    async def _answer(self, ask: wire.Ask) -> None:
        result: Any = None
        error = ""
        try:
            async with asyncio.timeout(ANSWER_S):
                result = await self._do(ask)
        except CameraTrouble as trouble:
            error = trouble.why
        except TimeoutError:
            error = "timeout"
        except Exception:
            log.exception("camera_errand_failed", what=ask.what)
            error = "bad_answer"
        self._say(wire.Answer(id=ask.id, result=msgspec.to_builtins(result), error=error))

    async def _do(self, ask: wire.Ask) -> Any:
        if ask.what == "discover":
            return await in_thread(lambda: _discover(ask.seconds))
        if ask.what == "probe":
            access = ask.access or wire.Access()
            return await in_thread(lambda: onvif().describe(access).identity)
        watch = self._watches.get(ask.camera_id)
        if watch is None:
            raise CameraTrouble("unknown_camera")
        access = watch.access
        match ask.what:
            case "picture":
                return await watch.picture()
            case "measures":
                return None if watch.analyst is None else watch.analyst.measures
            case "window" if watch.presence is not None:
                presence = watch.presence
                return await in_thread(lambda: presence.evidence(ask.window))
            case "window":
                raise CameraTrouble("no_picture")
            case "learn":
                watch.relearn()
            case "presets":
                return await in_thread(lambda: onvif().presets(access))
            case "preset":
                await in_thread(lambda: onvif().go_to(access, ask.token))
            case "move":
                velocity = (ask.pan, ask.tilt, ask.zoom)
                turn = self._turning.begin(ask.camera_id)

                def move() -> None:
                    onvif().move(access, velocity, ask.seconds, turn.superseded)

                await in_thread(lambda: turn.run(move))
            case "h264":
                await in_thread(lambda: onvif().make_h264(access))
                watch.again()
            case "uplink" if ask.uplink is not None:
                watched = Watched(ask.camera_id, watch.tap, access, watch.identity)
                return await self._uplinks.open(watched, ask.uplink)
            case "uplink_go":
                self._uplinks.go(ask.token)
            case "uplink_end":
                self._uplinks.end(ask.token)
        return None


def _located(access: wire.Access) -> str:
    stream: str = onvif().describe(access).stream
    return stream


def _discover(seconds: float) -> list[wire.Found]:
    from hall_cameras.worker import discovery

    return discovery.discover(seconds)


async def _until_parent_ends() -> None:
    """Returns when the server that started us is gone: its end of our standard input closes."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


async def work(server: str, token: str, name: str, capacity: int, with_parent: bool) -> None:
    """Serve until SIGTERM or SIGINT, or until the parent ends.

    Raises:
        PermissionError: the server does not know the token.
    """
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ending.set)
    tasks = [
        asyncio.create_task(Worker(server, token, name, capacity).run()),
        asyncio.create_task(_wait(ending)),
    ]
    if with_parent:
        tasks.append(asyncio.create_task(_until_parent_ends()))
    done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    for task in done:
        task.result()


async def _wait(ending: asyncio.Event) -> None:
    await ending.wait()


def main(server: str, token: str, name: str, capacity: int, with_parent: bool) -> None:
    """Run a worker in this process, niced, and end it at once when it is done: threads that wait
    for a camera are not waited for.

    Raises:
        PermissionError: the server does not know the token.
        ValueError: `server` is no address.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    try:
        asyncio.run(_work_and_end(server, token, name, capacity, with_parent))
    except InvalidURI as error:
        raise ValueError(str(error)) from None


async def _work_and_end(*given: Any) -> None:
    await work(*given)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # here: asyncio itself would wait for its threads
