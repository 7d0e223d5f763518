"""The server goes away and comes back: what its screens show meanwhile (issue 2, 6).

The pages' clocks are held, so that "within 5 s" is by the page's own time and no machine is too
slow for it. The network, the server and the database are real.
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
from typing import Literal

import aiohttp
import pytest
from playwright.async_api import Browser, Error, Page, expect

from tests.acceptance.browser import DESK, KIOSK, SCREEN, Pages, Size, settled
from tests.support import HALL, Client, ServerProcess, installation, run_hall

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROMISED_MS = 5_000
OFFLINE = "网络中断"


class Cable:
    """A hall on a server process of its own, with a page on each kind of screen."""

    def __init__(self, directory: Path, pages: Pages, manager: Client) -> None:
        self.directory = directory
        self.manager = manager
        self.pages = pages

    async def open(self, kind: str, path: str, size: Size, window: int | None = None) -> Page:
        body = {"kind": kind, "window": window, "name": path}
        code = (await self.manager.post(f"/halls/{HALL}/pairing-codes", body)).body["code"]
        page = await self.pages.empty(size)
        await page.clock.install()
        await self.pages.pair(page, code, path)
        return page

    async def call(self) -> str:
        """Window 1 calls the next one; gives the number."""
        number: str = (await self.manager.take("H"))["number"]
        called = await self.manager.press(1, "call_next")
        assert called.body["ticket"]["number"] == number, called
        return number

    async def finish(self) -> None:
        for command in ("start", "finish"):
            answer = await self.manager.press(1, command)
            assert answer.status == 200, answer


@contextlib.asynccontextmanager
async def hall_on(server: ServerProcess, directory: Path, browser: Browser) -> AsyncIterator[Cable]:
    made = await asyncio.to_thread(
        run_hall, "token", "create", directory, "--kind", "admin", "--hall", HALL
    )
    assert made.returncode == 0, made
    async with (
        aiohttp.ClientSession() as http,
        Pages(browser, None, server.url) as pages,
    ):
        yield Cable(directory, pages, Client(http, server.url, made.stdout.strip()))


@pytest.mark.parametrize("cut", ["killed", "silent"])
async def test_no_screen_shows_old_numbers(
    cut: Literal["killed", "silent"], browser: Browser, tmp_path: Path
) -> None:
    """killed: kill -9, the connections are reset. silent: it hangs, and nothing is heard."""
    installation(tmp_path)
    port = free_port()
    with contextlib.ExitStack() as servers:
        first = ServerProcess(tmp_path, port=port)
        server = await asyncio.to_thread(servers.enter_context, first)
        async with hall_on(server, tmp_path, browser) as hall:
            opened = await hall.manager.press(1, "open", clerk="001")
            assert opened.status == 200, opened
            old = await hall.call()
            shown = {
                "hall screen": await hall.open("display", "/display/hall", SCREEN),
                "window screen": await hall.open("display", "/display/window", SCREEN, 1),
                "counter": await hall.open("counter", "/counter", DESK, 1),
            }
            for page in shown.values():
                await expect(page.get_by_text(old, exact=True).first).to_be_visible()
            kiosk = await hall.open("kiosk", "/kiosk", KIOSK)
            everyone = {**shown, "kiosk": kiosk}

            for page in everyone.values():
                await hold(page)
            with hall.pages.expecting("ERR_", "WebSocket", "failed"):
                if cut == "killed":
                    server.kill()
                else:
                    server.signal(signal.SIGSTOP)
                for name, page in everyone.items():
                    await page.clock.run_for(PROMISED_MS)
                    link = await page.locator("html").get_attribute("data-link")
                    assert link == "offline", f"the {name} does not say that it is cut off"
                for page in shown.values():
                    await expect(page.get_by_role("alert").filter(has_text=OFFLINE)).to_be_visible()
                    assert old not in await page.inner_text("body")
                await expect(kiosk.get_by_text("网络中断，暂时不能取号")).to_be_visible()
                assert "等候" not in await kiosk.inner_text("body")

                if cut == "killed":
                    again = ServerProcess(tmp_path, port=port)
                    server = await asyncio.to_thread(servers.enter_context, again)
                else:
                    server.signal(signal.SIGCONT)
                await hall.finish()
                new = await hall.call()
                for page in everyone.values():
                    await page.clock.resume()
                for page in shown.values():
                    await expect(page.get_by_text(new, exact=True).first).to_be_visible()
                for page in everyone.values():
                    await settled(page)
                    await expect(page.get_by_text(OFFLINE).filter(visible=True)).to_have_count(0)
            assert hall.pages.faults == []


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
            probe.bind(("0.0.0.0", port))
            return port
    raise AssertionError("no free port below 32000")
