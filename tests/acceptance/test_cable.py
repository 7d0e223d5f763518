"""The server goes away and comes back: what its screens show meanwhile (issue 2, 6).

The pages' clocks are stopped meanwhile, so that "within 5 s" is by the page's own time and no
machine is too slow for it. The network, the server process and the database are real.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Browser, Error, Page, expect

from hall_app import settings
from tests.acceptance.browser import DESK, KIOSK, SCREEN, Pages, Size, settled
from tests.support import HALL, Client, ServerProcess, installation, run_hall

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROMISED_MS = 5_000
OFFLINE = "网络中断"


async def test_no_screen_shows_old_numbers(browser: Browser, tmp_path: Path) -> None:
    async with hall_with_screens(browser, tmp_path) as hall:
        # Pulled: the server is there and silent, no connection is reset.
        await hall.hold()
        hall.server.signal(signal.SIGSTOP)
        await hall.says_so()
        hall.server.signal(signal.SIGCONT)
        await hall.calls_another()
        await hall.is_back()

        # Killed: the connections are reset, and another process answers at the same address.
        await hall.hold()
        hall.server.kill()
        await hall.says_so()
        await asyncio.to_thread(hall.server.start)
        await hall.calls_another()
        await hall.is_back()


class Hall:
    """A server process and one page of each kind that lives from its stream."""

    def __init__(self, server: ServerProcess, manager: Client, pages: Pages) -> None:
        self.server = server
        self.manager = manager
        self.pages = pages
        self.number = ""  # what window 1 calls now
        self.calling: dict[str, Page] = {}  # pages that show it
        self.kiosk: Page

    async def open(self) -> None:
        opened = await self.manager.press(1, "open", clerk="001")
        assert opened.status == 200, opened
        await self._call()
        self.calling = {
            "hall screen": await self._page("display", "/display/hall", SCREEN),
            "window screen": await self._page("display", "/display/window", SCREEN, 1),
            "counter": await self._page("counter", "/counter", DESK, 1),
        }
        self.kiosk = await self._page("kiosk", "/kiosk", KIOSK)
        await self.is_back()

    @property
    def everyone(self) -> dict[str, Page]:
        return {**self.calling, "kiosk": self.kiosk}

    async def _page(self, kind: str, path: str, size: Size, window: int | None = None) -> Page:
        body = {"kind": kind, "window": window, "name": path}
        code = (await self.manager.post(f"/halls/{HALL}/pairing-codes", body)).body["code"]
        page = await self.pages.empty(size)
        await page.clock.install()
        await self.pages.pair(page, code, path)
        return page

    async def _call(self) -> None:
        self.number = (await self.manager.take("H"))["number"]
        called = await self.manager.press(1, "call_next")
        assert called.body["ticket"]["number"] == self.number, called

    async def calls_another(self) -> None:
        """What the screens will not have heard of."""
        for command in ("start", "finish"):
            answer = await self.manager.press(1, command)
            assert answer.status == 200, answer
        await self._call()

    async def hold(self) -> None:
        """Stop the pages' clocks."""
        for page in self.everyone.values():
            await hold(page)

    async def says_so(self) -> None:
        """Within 5 s of its own time each page says that it is cut off, and shows no number."""
        for name, page in self.everyone.items():
            await page.clock.run_for(PROMISED_MS)
            link = await page.locator("html").get_attribute("data-link")
            assert link == "offline", f"the {name} does not say that it is cut off"
            await expect(page.get_by_text(OFFLINE).filter(visible=True).first).to_be_visible()
        for name, page in self.calling.items():
            assert self.number not in await page.inner_text("body"), name
        assert "等候" not in await self.kiosk.inner_text("body")

    async def is_back(self) -> None:
        """Each page shows what is true now, and nothing else."""
        for page in self.everyone.values():
            await page.clock.resume()
        for page in self.everyone.values():
            await settled(page)
            await expect(page.get_by_text(OFFLINE).filter(visible=True)).to_have_count(0)
        for page in self.calling.values():
            await expect(page.get_by_text(self.number, exact=True).first).to_be_visible()


@contextlib.asynccontextmanager
async def hall_with_screens(browser: Browser, directory: Path) -> AsyncIterator[Hall]:
    installation(directory)
    toml = directory / settings.FILE
    toml.write_text(toml.read_text(encoding="utf-8").replace("0.0.0.0", "127.0.0.1"))
    made = await asyncio.to_thread(
        run_hall, "token", "create", directory, "--kind", "admin", "--hall", HALL
    )
    assert made.returncode == 0, made
    server = ServerProcess(directory, port=free_port())
    await asyncio.to_thread(server.start)
    try:
        async with (
            aiohttp.ClientSession() as http,
            Pages(browser, None, server.url) as pages,
        ):
            hall = Hall(server, Client(http, server.url, made.stdout.strip()), pages)
            await hall.open()
            with pages.expecting("ERR_", "WebSocket", "failed"):  # of requests to nobody
                yield hall
            assert pages.faults == []
    finally:
        if server.process.poll() is None:
            server.kill()


async def hold(page: Page) -> None:
    """Stop the page's clock. It can only be stopped at a moment that has not come yet."""
    while True:
        now = await page.evaluate("Date.now()")
        soon = datetime.fromtimestamp(now / 1000 + 0.3, UTC)
        try:
            await page.clock.pause_at(soon)
        except Error as error:
            if "to the past" not in error.message:
                raise
        else:
            return


def free_port() -> int:
    """A port that nobody is given by chance while the server is away: below those for clients."""
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port below 32000")
