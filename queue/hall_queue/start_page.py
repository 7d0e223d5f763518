"""The agent's part that serves a kiosk its start page, on this PC only.

A browser that starts before the server, or with the cable out, shows its own error for ever. This
page is always there: it says what is wrong in words, and goes to SERVER/kiosk as soon as the server
answers. It is asked by nobody but the browser beside it, so it listens on 127.0.0.1.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp import web

import hall_core
from hall_core.agent import Link, Part
from hall_core.agent.config import ConfigError, PartKind

LOOK_S = 2.0  # between looks for the server
ANSWER_S = 3.0
CLOCK_S = 120.0  # so far the PC's clock may be off before somebody should know

Trouble: TypeAlias = Literal["cable", "server", "starting", "other", ""]
"""`cable`: no network at all; `server`: nobody answers there; `starting`: it answers, but does not
serve yet; `other`: something else answers at this address."""

# address -> (file, type). Pages of the server's own folders: one look everywhere.
OWN = Path(__file__).parent / "web"
FILES = {
    "/": (OWN / "start.html", "text/html"),
    "/start.js": (OWN / "start.js", "text/javascript"),
    "/start.texts.js": (OWN / "start.texts.js", "text/javascript"),
    "/start.css": (OWN / "start.css", "text/css"),
    "/base.css": (Path(hall_core.__file__).parent / "web" / "base.css", "text/css"),
}
HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'self'"}


class StartPageConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`port`: of this PC; `page`: where to go on the server."""

    port: int = 8181
    page: str = "/kiosk"


class State(msgspec.Struct, frozen=True):
    """What the page shows. `go` is set when there is somewhere to go to."""

    trouble: Trouble
    server: str
    clock_off_s: int
    go: str | None


class StartPage(Part):
    kind = "kiosk"

    def __init__(self, name: str, config: StartPageConfig) -> None:
        super().__init__(name)
        if not 1 <= config.port <= 65535:
            raise ConfigError(f"port: {config.port} is none; give 1 to 65535")
        if not config.page.startswith("/") or config.page.startswith("//"):
            raise ConfigError(f"page: {config.page!r} must begin with one /")
        self._port = config.port
        self._page = config.page
        self._server = ""
        self._state = State("starting", "", 0, None)

    async def run(self, link: Link) -> None:
        self._server = link.server
        app = web.Application()
        for path in FILES:
            app.router.add_get(path, self._file)
        app.router.add_get("/state", self._tell)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            while not await self._listens(runner):
                link.report("bad_setting", f"port {self._port} 已被其他程序占用")
                await asyncio.sleep(LOOK_S)
            link.report(None)
            await self._watch()
        finally:
            await runner.cleanup()

    async def _listens(self, runner: web.AppRunner) -> bool:
        try:
            await web.TCPSite(runner, "127.0.0.1", self._port).start()
        except OSError:
            return False
        return True

    async def _file(self, request: web.Request) -> web.StreamResponse:
        path, type_ = FILES[request.path]
        return web.Response(
            body=path.read_bytes(), content_type=type_, charset="utf-8", headers=HEADERS
        )

    async def _tell(self, request: web.Request) -> web.Response:
        body = msgspec.json.encode(self._state)
        return web.Response(body=body, content_type="application/json", headers=HEADERS)

    async def _watch(self) -> None:
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        async with aiohttp.ClientSession(timeout=timeout) as http:
            while True:
                self._state = await self._look(http)
                await asyncio.sleep(LOOK_S)

    async def _look(self, http: aiohttp.ClientSession) -> State:
        trouble: Trouble = ""
        off_s = 0
        try:
            asked = time.time()
            async with http.get(f"{self._server}/readyz") as response:
                body: Any = await response.text()
            off_s = _clock_off(response.headers.get("Date", ""), asked)
            if '"status"' not in body:
                trouble = "other"
            elif response.status != 200:
                trouble = "starting"
        except (aiohttp.ClientError, OSError, TimeoutError, UnicodeDecodeError):
            host = urlsplit(self._server).hostname or ""
            trouble = "cable" if not _has_network(host) else "server"
        go = None if trouble else self._server + self._page
        return State(trouble, self._server, off_s, go)


def _clock_off(date: str, asked: float) -> int:
    """By how many seconds this PC's clock is ahead of the server's; 0 when it is near enough."""
    try:
        theirs = parsedate_to_datetime(date).replace(tzinfo=UTC)
    except (TypeError, ValueError):
        return 0
    off = (datetime.fromtimestamp(asked, UTC) - theirs).total_seconds()
    return int(off) if abs(off) > CLOCK_S else 0


def _has_network(host: str) -> bool:
    """Whether a cable leads anywhere: some interface other than the loopback is up.

    A server on this very PC needs none. Read from Linux's /sys; where there is none: yes.
    """
    if host in ("127.0.0.1", "localhost", "::1"):
        return True
    interfaces = Path("/sys/class/net")
    if not interfaces.is_dir():
        return True
    for interface in interfaces.iterdir():
        if interface.name == "lo":
            continue
        try:
            if (interface / "carrier").read_text().strip() == "1":
                return True
        except OSError:  # an interface that is down has no carrier to read
            continue
    return False


KIND = PartKind(config=StartPageConfig, make=StartPage)
