"""What tests share: installations, a server in this process or in its own, clients and screens.

    async with hall_server(tmp_path) as server:
        kiosk = await server.client("kiosk")
        answer = await kiosk.post(f"/halls/{HALL}/tickets", {"queue": "H"})
        async with server.stream() as screen:
            await screen.until(lambda frame: frame.get("version") == answer.body["version"])

Nothing here sleeps for a while and hopes: it waits for the thing itself, up to `PATIENCE_S`.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import queue
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import aiohttp
import msgspec
from aiohttp import web
from argon2 import PasswordHasher

from hall_app import install, schema, server, settings
from hall_core.agent.stream import fold
from hall_core.clock import Clock, SystemClock
from hall_core.credentials import DeviceKind
from hall_core.halls import Hall
from hall_core.kernel import Kernel
from hall_core.once import commit
from hall_core.secret import Secret

HALL = "qinghe"  # the demonstration's county hall; its windows are numbered from 1
PLAIN_HALL = "hall"  # the one hall of an installation without the demonstration city
PATIENCE_S = 20.0
ANY_HALL: tuple[str, ...] = ("supervisor", "admin")
# argon2id as the server's, but not slow on purpose: nor is signing in with what it hashed.
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


# --- installations -----------------------------------------------------------------------------

# Each kind is made once and then copied: (demo, always_open, its first moment or None for now).
_templates: dict[tuple[bool, bool, datetime | None], Path] = {}


def _template() -> Path:
    """A folder, not there yet, that goes when the tests have ended."""
    parent = Path(tempfile.mkdtemp(prefix="hall-template-"))
    atexit.register(shutil.rmtree, parent, ignore_errors=True)
    return parent / "installed"


def installation(directory: Path, demo: bool = True, always_open: bool = True) -> Path:
    """A new installation in `directory`. May be called inside an event loop or outside of one."""
    kind = (demo, always_open, None)
    if kind not in _templates:
        template = _template()
        with ThreadPoolExecutor(1) as other:  # `init` runs an event loop of its own
            other.submit(install.init, template, demo, always_open, lambda line: None).result()
        _templates[kind] = template
    shutil.copytree(_templates[kind], directory, dirs_exist_ok=True)
    return directory


async def installation_at(
    directory: Path,
    clock: Clock,
    demo: bool = False,
    always_open: bool = True,
    database: str | None = None,
) -> Path:
    """A new installation whose first day is `clock`'s, on SQLite or the `database` given."""
    if database is not None:
        await _install(directory, clock, demo, always_open, database)
        return directory
    kind = (demo, always_open, clock.now())
    if kind not in _templates:
        template = _template()
        await _install(template, clock, demo, always_open, None)
        _templates[kind] = template
    shutil.copytree(_templates[kind], directory, dirs_exist_ok=True)
    return directory


@lru_cache(maxsize=1)
def _migrated() -> Path:
    """A database of this release with nothing in it: all its migrations take longer than halls."""
    folder = _template()
    folder.mkdir()
    settings.write_default(folder)
    engine = settings.database(settings.load(folder), folder)
    schema.upgrade(engine)
    engine.dispose()
    return folder / "hall.sqlite"


async def _install(
    directory: Path, clock: Clock, demo: bool, always_open: bool, database: str | None
) -> None:
    os.makedirs(directory, exist_ok=True)
    settings.write_default(directory)
    if database is None:
        shutil.copyfile(_migrated(), directory / "hall.sqlite")
    else:
        toml = directory / settings.FILE
        default = toml.read_text(encoding="utf-8")
        toml.write_text(default.replace("sqlite:///hall.sqlite", database), encoding="utf-8")
    Secret.make(directory / settings.SECRET)
    kernel = await server.open_kernel(directory, settings.load(directory), clock)
    await kernel.start()
    try:
        for regions, info, setup in install.halls(demo, always_open):
            await install.add_hall(kernel, regions, info, setup)
    finally:
        await kernel.stop()


# --- a client ----------------------------------------------------------------------------------


class Answer(NamedTuple):
    """What came back. `body` is the decoded JSON, or None."""

    status: int
    body: Any
    headers: Mapping[str, str]
    raw: bytes

    @property
    def code(self) -> str:
        """The problem's code; "" for an answer that is no problem."""
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""

    def __repr__(self) -> str:
        return f"<{self.status} {self.body if self.body is not None else self.raw[:200]!r}>"


class Client:
    """Somebody with a token (or without) who calls the API."""

    def __init__(self, http: aiohttp.ClientSession, base: str, token: str | None = None) -> None:
        self.http = http
        self.base = base
        self.token = token

    def url(self, path: str) -> str:
        """`path` below /api/v1, or a whole one such as /readyz or /api/openapi.json."""
        plain = path.startswith(("/api/", "/healthz", "/readyz", "/metrics"))
        return self.base + ("" if plain else "/api/v1") + path

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask. A write gets a fresh idempotency key unless `key` is given; "" sends none."""
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if method != "GET" and key != "":
            sent.setdefault("Idempotency-Key", key or secrets.token_hex(8))
        if data is None and body is not None:
            data = msgspec.json.encode(body)
            sent.setdefault("Content-Type", "application/json")
        async with self.http.request(method, self.url(path), data=data, headers=sent) as response:
            raw = await response.read()
            decoded = None
            if "json" in response.content_type and raw:
                decoded = msgspec.json.decode(raw)
            return Answer(response.status, decoded, response.headers.copy(), raw)

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return await self.request("GET", path, headers=headers)

    async def post(self, path: str, body: Any = None, key: str | None = None) -> Answer:
        return await self.request("POST", path, {} if body is None else body, key=key)

    # --- what people do all day ---

    async def take(self, queue: str = "H", hall: str = HALL, **more: Any) -> Any:
        """A ticket, as its issuer sees it."""
        answer = await self.post(f"/halls/{hall}/tickets", {"queue": queue, **more})
        assert answer.status == 201, answer
        return answer.body

    async def press(
        self, window: int, command: str, /, hall: str = HALL, key: str | None = None, **more: Any
    ) -> Answer:
        """One window command."""
        body = {"command": command, **more}
        return await self.post(f"/halls/{hall}/windows/{window}/commands", body, key)


def browsing(url: str) -> aiohttp.ClientSession:
    """A browser: it keeps cookies, also of an address without a name."""
    return aiohttp.ClientSession(url, cookie_jar=aiohttp.CookieJar(unsafe=True))


# --- a screen ----------------------------------------------------------------------------------


class StreamEnded(AssertionError):
    """The server closed the stream, or went."""


class Screen:
    """One open stream. It checks that no version is missing and folds what changed."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.version: int | None = None
        self.state: dict[str, Any] = {}
        self.frames: list[dict[str, Any]] = []

    async def hello(self, token: str | None, after: int | None = None) -> None:
        self.version = after
        await self.socket.send_json({"type": "hello", "token": token, "after": after})

    async def next(self, patience_s: float = PATIENCE_S) -> dict[str, Any]:
        """The next frame.

        Raises:
            StreamEnded: there is no next one.
            AssertionError: a version is missing.
        """
        message = await self.socket.receive(patience_s)
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise StreamEnded(message, self.socket.close_code)
        frame: dict[str, Any] = msgspec.json.decode(message.data)
        self.frames.append(frame)
        if frame["type"] == "snapshot":
            self.version, self.state = frame["version"], frame["state"]
        elif frame["type"] in ("event", "version"):
            assert self.version is not None, f"no snapshot before {frame}"
            assert frame["version"] == self.version + 1, f"a gap after {self.version}: {frame}"
            self.version = frame["version"]
            self.state = fold(self.state, frame.get("changed", {}))
        else:
            assert frame["type"] == "heartbeat", frame
            assert frame["version"] == self.version, f"behind {frame}"
        return frame

    async def until(
        self, wanted: Callable[[dict[str, Any]], Any], patience_s: float = PATIENCE_S
    ) -> dict[str, Any]:
        """The first frame from now on that is `wanted`."""
        async with asyncio.timeout(patience_s):
            while True:
                frame = await self.next(patience_s)
                if wanted(frame):
                    return frame

    async def until_version(self, version: int) -> None:
        """Everything up to `version` was received."""
        while self.version is None or self.version < version:
            await self.next()

    async def until_event(self, type_: str) -> dict[str, Any]:
        """The frame of the next event of this type."""
        return await self.until(lambda frame: frame.get("event", {}).get("type") == type_)

    async def until_closed(self) -> int | None:
        """The close code that the server ends with."""
        async with asyncio.timeout(PATIENCE_S):
            while (await self.socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        return self.socket.close_code


@contextlib.asynccontextmanager
async def open_stream(
    http: aiohttp.ClientSession,
    base: str,
    hall: str,
    token: str | None,
    after: int | None = None,
    hello: bool = True,
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[Screen]:
    """A screen of `hall`. `hello` False leaves the first message to the test."""
    url = f"{base}/api/v1/halls/{hall}/stream"
    async with http.ws_connect(url, headers=headers, max_msg_size=0) as socket:
        screen = Screen(socket)
        if hello:
            await screen.hello(token, after)
        yield screen


# --- a server in this process ------------------------------------------------------------------


class HallServer:
    """A running server, seen from outside (`client`, `stream`) and from inside (`kernel`)."""

    def __init__(
        self, kernel: Kernel, base: str, http: aiohttp.ClientSession, directory: Path
    ) -> None:
        self.kernel = kernel
        self.base = base
        self.http = http
        self.directory = directory
        self._tokens: dict[tuple[str, str | None, int | None], str] = {}

    def hall(self, hall: str = HALL) -> Hall:
        return self.kernel.halls[hall]

    async def token(
        self, kind: DeviceKind, hall: str | None = HALL, window: int | None = None
    ) -> str:
        """A token of this kind; the same one for the same question."""
        place = (kind, None if kind in ANY_HALL else hall, window)
        if place not in self._tokens:
            name = f"{kind}-{window}" if window is not None else kind
            _, token = await self.kernel.access.issue_token(kind, place[1], window, name)
            self._tokens[place] = token
        return self._tokens[place]

    async def pairing_code(
        self, kind: DeviceKind, name: str, window: int | None = None, hall: str = HALL
    ) -> str:
        """A code as the administrator makes it."""
        access = self.kernel.access
        code, _, change = access.pairing_code(kind, hall, window, name, None)
        await commit(self.kernel.writer, [change])
        return code

    async def revoke(self, device_id: str) -> None:
        access = self.kernel.access
        change = access.admitting(access.revoked(access.device(device_id)))
        await commit(self.kernel.writer, [change])

    async def client(
        self, kind: DeviceKind | None, hall: str | None = HALL, window: int | None = None
    ) -> Client:
        """Somebody with a token of this kind; None: nobody in particular."""
        token = None if kind is None else await self.token(kind, hall, window)
        return Client(self.http, self.base, token)

    @contextlib.asynccontextmanager
    async def stream(
        self,
        kind: DeviceKind = "display",
        hall: str = HALL,
        window: int | None = None,
        after: int | None = None,
    ) -> AsyncIterator[Screen]:
        """A screen with a token of `kind` that has its first frame."""
        token = await self.token(kind, hall, window)
        async with open_stream(self.http, self.base, hall, token, after) as screen:
            await screen.next()
            yield screen


@contextlib.asynccontextmanager
async def hall_server(
    tmp_path: Path,
    demo: bool = True,
    always_open: bool = True,
    clock: Clock | None = None,
    extend: Callable[[web.Application], None] | None = None,
    database: str | None = None,
    port: int = 0,
) -> AsyncIterator[HallServer]:
    """Serve the installation in `tmp_path` in this process; it is made if there is none.

    With a `clock` the installation's first day is that clock's. `database` is a URL; None: SQLite.
    """
    if not (tmp_path / settings.FILE).exists():
        if clock is None and database is None:
            installation(tmp_path, demo, always_open)
        else:
            now = clock or SystemClock()
            await installation_at(tmp_path, now, demo, always_open, database)
    loaded = msgspec.structs.replace(settings.load(tmp_path), listen="127.0.0.1", port=port)
    async with (
        server.running(tmp_path, loaded, clock, extend) as (kernel, base),
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
        ) as http,
    ):
        yield HallServer(kernel, base, http, tmp_path)


async def eventually(holds: Callable[[], Any], patience_s: float = PATIENCE_S) -> None:
    """Wait until `holds()`; for what has no event to wait for."""
    ends = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < ends, f"did not come true within {patience_s:.0f} s"
        await asyncio.sleep(0.005)


# --- a server process --------------------------------------------------------------------------

HALL_COMMAND = (sys.executable, "-m", "hall_app.cli")


def run_hall(*arguments: str | os.PathLike[str]) -> subprocess.CompletedProcess[str]:
    """Run the command `hall` to its end."""
    return subprocess.run(
        [*HALL_COMMAND, *(os.fspath(argument) for argument in arguments)],
        capture_output=True,
        text=True,
        timeout=120,
    )


class ServerProcess:
    """`hall serve` as a process of its own, to be killed.

    Args:
        wrapper: a command to run it under, e.g. strace with its options.
    """

    def __init__(self, directory: Path, wrapper: Sequence[str] = (), port: int = 0) -> None:
        self.directory = directory
        self.url = ""
        self.out: list[str] = []
        self.err: list[str] = []
        self._port = port
        self._wrapper = wrapper
        self._process: subprocess.Popen[str] | None = None
        self._readers: list[threading.Thread] = []

    @property
    def process(self) -> subprocess.Popen[str]:
        assert self._process is not None, "not started"
        return self._process

    def launch(self) -> None:
        """Start, and wait for nothing."""
        self._serving: queue.SimpleQueue[str | None] = queue.SimpleQueue()

        def read(lines: Iterator[str], kept: list[str], announces: bool) -> None:
            for line in lines:
                kept.append(line.rstrip("\n"))
                found = re.search(r"hall serves (\S+)", line)
                if announces and found:
                    self._serving.put(found[1])
            if announces:
                self._serving.put(None)

        command = [*HALL_COMMAND, "serve", os.fspath(self.directory), "--port", str(self._port)]
        self._process = process = subprocess.Popen(
            [*self._wrapper, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        self._readers = [
            threading.Thread(target=read, args=(process.stdout, self.out, True), daemon=True),
            threading.Thread(target=read, args=(process.stderr, self.err, False), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def start(self) -> Self:
        """Start and wait until it serves (it says so only then)."""
        self.launch()
        try:
            url = self._serving.get(timeout=60)
        except queue.Empty:
            url = None
        if url is None:
            self.kill()
            raise AssertionError(f"the server did not start: {self.out} {self.err}")
        self.url = url
        return self

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9, the whole session (a wrapper with it)."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self._ended()

    def stop(self) -> int:
        """Ask it to end as an operator does; its exit code."""
        self.signal(signal.SIGTERM)
        return self._ended()

    def _ended(self) -> int:
        code = self.process.wait(60)
        for reader in self._readers:
            reader.join()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        return code

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.kill()
        elif self._readers:
            self._ended()
