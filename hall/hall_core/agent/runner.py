"""Running an agent: the connection that never gives up, and its parts, each on its own.

One task keeps the control connection (reports, questions), one follows the hall's stream once a
part asks for it, and each part has its own: what breaks one of them leaves the others alone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import structlog
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from hall_core.agent import again, wire
from hall_core.agent.again import ANSWER_S, GONE, Refused, for_ever
from hall_core.agent.config import read_token
from hall_core.agent.part import Answer, Part, PartFailed, Place, Unreachable, Update, new_key
from hall_core.agent.stream import Follower
from hall_core.version import VERSION

log = structlog.get_logger()

REFUSED_S = 10.0  # between tries with a token that is not accepted, or that another agent uses
REPORT_S = 0.5  # between reports: a loose plug must not flood the journal
WELL_S = 2.0  # a device is well again when it has been for so long: a line that opens and closes
# at once would raise and close an alert every time
EVENTS_KEPT = 100  # for a part that is slow

_encoder = msgspec.json.Encoder()
_from_server: msgspec.json.Decoder[wire.FromServer] = msgspec.json.Decoder(wire.FromServer)


class Agent:
    """One agent process: its parts and their connection to the server.

    Args:
        server: the server's address, without a slash at its end.
        token_file: read again before every try, so that a new pairing needs no restart.
        folder: where parts may keep small files.
    """

    def __init__(self, server: str, token_file: Path, folder: Path, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)
        self.folder = folder
        self.server = server
        self.connected = asyncio.Event()
        self.place: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        self.dropped = 0  # messages from the server that made no sense
        self._token_file = token_file
        self._links = {part.name: _Link(self, part) for part in self.parts}
        self._http: aiohttp.ClientSession | None = None
        self._reports = asyncio.Event()  # something is to be reported
        self._followed = asyncio.Event()  # a part wants the stream
        self._following = _Work()
        self._said = ""  # how the last try went, as the log says it: only what is new is said

    async def run(self) -> None:
        """Run until cancelled."""
        async with (
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=ANSWER_S), cookie_jar=aiohttp.DummyCookieJar()
            ) as self._http,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(for_ever(self._connect_once, self._trouble))
            tasks.create_task(self._follow())
            for part in self.parts:
                tasks.create_task(self._run_part(part))

    async def _run_part(self, part: Part) -> None:
        link = self._links[part.name]

        async def once() -> None:
            if await link.work.run(part.run(link)):
                raise RuntimeError(f"the part {part.name} has ended")

        def crashed(error: Exception) -> float:
            log.error("part_crashed", part=part.name, error=repr(error), exc_info=error)
            link.report("crashed", type(error).__name__)
            return 0.0

        await for_ever(once, crashed, (Exception,))

    # --- the control connection ----------------------------------------------------------------

    def _trouble(self, error: Exception) -> float:
        """Say once that the server is away, or wants no such agent; the least pause before the
        next try."""
        if isinstance(error, Refused):
            if self._is_new("server_refuses_agent"):
                log.error(self._said, server=self.server, reason=str(error))
            return REFUSED_S
        if self._is_new("server_unreachable"):
            log.warning(self._said, server=self.server, error=repr(error))
        return 0.0

    def _is_new(self, what: str) -> bool:
        before, self._said = self._said, what
        return what != before

    async def _connect_once(self) -> None:
        """Be connected until it breaks."""
        token = self._token()
        place = await self._whoami(token)
        url = self._ws_url(f"/halls/{place.hall}/agent")
        async with again.open_socket(url, wire.MESSAGE_MAX) as socket:
            hello = wire.Hello(
                token=token,
                parts=tuple(wire.PartInfo(part.name, part.kind) for part in self.parts),
                version=VERSION,
            )
            try:
                await socket.send(_encoder.encode(hello), text=True)
                await self._serve(socket, place, token)
            except ConnectionClosed as error:
                code = error.rcvd.code if error.rcvd is not None else 0
                if code == wire.REPLACED:
                    raise Refused("another agent uses this token") from None
                if 4400 <= code < 4500 and error.rcvd is not None:
                    raise Refused(error.rcvd.reason or str(code)) from None
                raise
            finally:
                self.connected.clear()

    async def _serve(self, socket: ClientConnection, place: Place, token: str) -> None:
        async with again.tasks() as tasks:
            async for message in socket:
                try:
                    said = _from_server.decode(message)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    self.dropped += 1
                    continue
                if isinstance(said, wire.Welcome):
                    self._settle(place)
                    if self._is_new("server_connected"):
                        log.info(self._said, server=self.server, hall=place.hall)
                    self.connected.set()
                    for link in self._links.values():
                        link.told = False
                    tasks.start(self._tell(socket, token))
                else:
                    tasks.start(self._answer(socket, said))
        raise ConnectionResetError("the connection was closed")

    def _settle(self, place: Place) -> None:
        if not self.place.done():
            self.place.set_result(place)
        elif self.place.result() != place:  # paired anew while running
            self.place = asyncio.get_running_loop().create_future()
            self.place.set_result(place)
            self._following.stop()  # another window may see other things
            for link in self._links.values():
                link.moved()

    async def _tell(self, socket: ClientConnection, token: str) -> None:
        """Send reports as they change, and a ping when there was none for a while; until this
        agent is paired anew, which another connection tells."""
        clock = asyncio.get_running_loop().time
        while read_token(self._token_file) == token:
            self._reports.clear()
            said: list[wire.FromAgent] = []
            wait_s = wire.PING_S
            for name, link in self._links.items():
                if link.told:
                    continue
                doubt_s = link.doubt_s(clock())
                if doubt_s > 0:
                    wait_s = min(wait_s, doubt_s)
                    continue
                link.told, link.said = True, link.fault
                said.append(wire.Report(name, link.fault, link.detail[:200]))
            for message in said or [wire.Ping()]:
                await socket.send(_encoder.encode(message), text=True)
            if said:
                await asyncio.sleep(REPORT_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._reports.wait()
        await socket.close()

    async def _answer(self, socket: ClientConnection, ask: wire.Ask) -> None:
        part = next((part for part in self.parts if part.name == ask.part), None)
        try:
            if part is None:
                raise PartFailed("unknown_part", "这台电脑没有配置该设备。")
            answered = wire.Answered(ask.id, result=await part.answer(ask.request))
            encoded = _encoder.encode(answered)
            if len(encoded) > wire.MESSAGE_MAX:
                raise ValueError("the answer is too large")
        except PartFailed as error:
            failure = wire.Failure(error.code, error.detail[:200])
            encoded = _encoder.encode(wire.Answered(ask.id, failure=failure))
        except Exception as error:  # whatever a driver raises must not end the connection
            log.error("part_failed", part=ask.part, error=repr(error), exc_info=error)
            failure = wire.Failure("part_failed", "设备出现意外错误，请联系管理员查看日志。")
            encoded = _encoder.encode(wire.Answered(ask.id, failure=failure))
        with contextlib.suppress(ConnectionClosed):
            await socket.send(encoded, text=True)

    # --- HTTP ----------------------------------------------------------------------------------

    def _token(self) -> str:
        token = read_token(self._token_file)
        if token is None:
            raise Refused(f"not paired: {self._token_file} is missing; run: hall agent pair")
        return token

    async def _whoami(self, token: str) -> Place:
        answer = await self._ask("GET", "/me", token)
        if answer.status in (401, 403):
            raise Refused("the token is unknown or revoked; pair this agent again")
        me = answer.body if isinstance(answer.body, dict) else {}
        if not answer.ok or not me.get("hall") or not me.get("device_id"):
            raise ConnectionError(f"/me answered {answer.status}")
        return Place(me["hall"], me.get("window"), me["device_id"], str(me.get("name", "")))

    async def _ask(
        self, method: str, path: str, token: str, body: Any = None, key: str | None = None
    ) -> Answer:
        assert self._http is not None, "not running"
        headers = {"Authorization": f"Bearer {token}"}
        data = None
        if method != "GET":
            headers |= {"Idempotency-Key": key or new_key(), "Content-Type": "application/json"}
            data = _encoder.encode(body)
        url = f"{self.server}/api/v1{path}"
        async with self._http.request(method, url, headers=headers, data=data) as response:
            raw = await response.read()
        try:
            decoded = msgspec.json.decode(raw) if raw else None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ConnectionError(f"{path} answered no JSON, status {response.status}") from None
        return Answer(response.status, decoded)

    async def ask(self, method: str, path: str, body: Any, key: str | None) -> Answer:
        """One request for a part. Raises Unreachable."""
        try:
            return await self._ask(method, path, self._token(), body, key)
        except GONE as error:
            raise Unreachable(repr(error)) from error

    # --- the stream ----------------------------------------------------------------------------

    async def _follow(self) -> None:
        await self._followed.wait()
        while True:
            place = await asyncio.shield(self.place)
            follower = Follower(self._show)
            url = self._ws_url(f"/halls/{place.hall}/stream")

            async def once(follower: Follower = follower, url: str = url) -> None:
                await follower.follow(url, self._token())

            # The control connection tells of a server that is away; this one goes with it.
            await self._following.run(for_ever(once, lambda error: 0.0))

    def _show(
        self, state: dict[str, Any], event: dict[str, Any] | None, version: int, at: str
    ) -> None:
        for link in self._links.values():
            link.show(state, event, version, at)

    def _ws_url(self, path: str) -> str:
        return f"{self.server.replace('http', 'ws', 1)}/api/v1{path}"

    def follow(self) -> None:
        self._followed.set()

    def tell(self) -> None:
        self._reports.set()


class _Work:
    """Something that runs until it ends or is stopped, which leaves its owner running."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    async def run(self, work: Coroutine[Any, Any, None]) -> bool:
        """Whether it ended by itself; raises what it raised."""
        self._task = asyncio.create_task(work)
        try:
            await asyncio.wait([self._task])
        finally:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._task.cancelled():
            return False
        self._task.result()
        return True

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()


class _Link:
    """A part's link; see `hall_core.agent.part.Link`."""

    def __init__(self, agent: Agent, part: Part) -> None:
        self.server = agent.server
        self.folder = agent.folder
        self.fault: str | None = None
        self.detail = ""
        self.told = False
        self.said: str | None = None  # the fault that the server was told last
        self.work = _Work()
        self._since = 0.0  # loop time of the last change
        self._agent = agent
        self._part = part
        self._newest: Update | None = None
        self._events: deque[dict[str, Any]] = deque(maxlen=EVENTS_KEPT)
        self._fresh = asyncio.Event()
        self._placed = False  # whether the part knows where it is

    @property
    def connected(self) -> bool:
        return self._agent.connected.is_set()

    async def place(self) -> Place:
        self._placed = True
        return await asyncio.shield(self._agent.place)

    def moved(self) -> None:
        """The agent is paired with another window: a part that has asked where it is begins
        anew."""
        self._newest = None
        self._events.clear()
        self._fresh.clear()
        if self._placed:
            self._placed = False
            self.work.stop()

    def report(self, fault: str | None, detail: str = "") -> None:
        if fault is not None and not wire.FAULT.fullmatch(fault):
            raise ValueError(f"{fault!r} is no fault's name")
        if fault == self.fault:
            return
        log.info("device_state", part=self._part.name, fault=fault, detail=detail)
        self.fault, self.detail = fault, detail
        self.told = False
        self._since = asyncio.get_running_loop().time()
        self._agent.tell()

    def doubt_s(self, now: float) -> float:
        """For how long yet it is not told that a device is well again."""
        if self.fault is not None or self.said is None:
            return 0.0
        return self._since + WELL_S - now

    def show(
        self, state: dict[str, Any], event: dict[str, Any] | None, version: int, at: str
    ) -> None:
        if event is None:
            self._events.clear()
        else:
            self._events.append(event)
        self._newest = Update(state, (), version, at)
        self._fresh.set()

    async def updates(self) -> AsyncIterator[Update]:
        self._agent.follow()
        if self._newest is not None:
            self._fresh.set()  # begins anew: the state as it is now
        while True:
            await self._fresh.wait()
            self._fresh.clear()
            if self._newest is None:
                continue  # moved meanwhile
            newest = msgspec.structs.replace(self._newest, events=tuple(self._events))
            self._events.clear()
            yield newest

    async def post(self, path: str, body: Any, key: str | None = None) -> Answer:
        return await self._agent.ask("POST", path, body, key)

    async def get(self, path: str) -> Answer:
        return await self._agent.ask("GET", path, None, None)
