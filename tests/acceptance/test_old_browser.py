"""The devices of a hall in Chromium 70, which many of them will have for years.

Lint knows which words of JavaScript, CSS and the DOM are too new for it; only the browser itself
knows that its buttons cannot be grids, or that it calls its own pages' origin "null".
"""

from __future__ import annotations

import platform
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from hall_core.credentials import DeviceKind
from tests.acceptance.browser import DESK, KIOSK, PAD, SCREEN, Size
from tests.acceptance.old_browser import BINARY, MISSING, OldChromium, OldPage
from tests.acceptance.place import busy_morning
from tests.acceptance.test_looks import DESKS, MEASURE, PUBLIC, Looks, judge
from tests.support import HallServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

ONLINE = "document.documentElement.dataset.link === 'online'"
# What Enter does at the counter now, and that it may be pressed.
READY = (
    "document.querySelector('.next[data-action=%s]:not([data-resting]):not([aria-busy])"
    ":not([aria-disabled])')"
)


@pytest_asyncio.fixture(loop_scope="session")
async def hall(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HallServer]:
    async with busy_morning(tmp_path_factory.mktemp("hall")) as server:
        yield server


class Devices:
    """Opens a hall's devices in the old browser."""

    def __init__(self, browser: OldChromium, server: HallServer) -> None:
        self._browser = browser
        self._server = server
        self.pages: list[OldPage] = []

    async def open(
        self, kind: DeviceKind, path: str, size: Size, window: int | None = None
    ) -> OldPage:
        """A page, paired by the code in its address, that has drawn its first state."""
        page = await self._browser.page(size)
        self.pages.append(page)
        code = await self._server.pairing_code(kind, kind, window)
        await page.open(f"{self._server.base}{path}?{urlencode({'code': code})}")
        await page.until(ONLINE)
        return page


async def judged(page: OldPage, which: str, contrast: float) -> None:
    """By the measures that the pages are held to in a browser of today."""
    await page.evaluate("document.fonts.ready.then(() => true)")
    await page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))"
    )
    found = await page.evaluate(f"({MEASURE})()")
    texts = [text for text in found["texts"] if not text["where"].endswith("a.skip")]
    looks = Looks(page.size, found["scrollWidth"], found["scrollHeight"], texts)
    judge(looks, which, contrast)


async def test_a_ticket_is_taken_called_shown_and_rated(hall: HallServer, tmp_path: Path) -> None:
    if platform.machine() != "x86_64":
        pytest.skip(f"Chromium 70 is there for x86-64 only, not for {platform.machine()}")
    if not BINARY.exists():
        pytest.skip(MISSING)
    async with OldChromium() as browser:
        assert "Chrome/70." in browser.version
        devices = Devices(browser, hall)
        kiosk = await devices.open("kiosk", "/kiosk", KIOSK)
        screen = await devices.open("display", "/display/hall", SCREEN)
        above = await devices.open("display", "/display/window", SCREEN, window=31)
        away = await devices.open("display", "/display/window", SCREEN, window=3)
        pad = await devices.open("pad", "/pad", PAD, window=31)
        counter = await devices.open("counter", "/counter", DESK, window=31)
        guide = await devices.open("guide", "/guide", DESK)
        await guide.until("document.querySelectorAll('button.t-row').length > 20")

        await judged(kiosk, "kiosk", DESKS)
        await judged(screen, "hall screen", PUBLIC)
        await judged(above, "window screen", PUBLIC)
        await judged(away, "window screen, away", PUBLIC)
        await judged(pad, "pad", DESKS)
        await judged(counter, "counter", DESKS)
        await judged(guide, "guide desk", DESKS)
        rows = "Array.from(document.querySelectorAll('button.t-row'), (row) => row.offsetHeight)"
        assert max(await guide.evaluate(rows)) < 60, "each waiting ticket stands on one line"
        ends = "Array.from(document.querySelectorAll('.choice-meta'), (meta) => meta.clientWidth)"
        assert min(await kiosk.evaluate(ends)) > 400, "people and minutes stand at the two ends"

        # Taken at the kiosk, as a finger does it.
        await kiosk.click(".choice:nth-of-type(8)")
        await kiosk.until("document.querySelector('.ticket-number')")
        number = await kiosk.text(".ticket-number")
        await judged(kiosk, "kiosk, a ticket", DESKS)

        # Called, served and ended from the clerk's keyboard, until it is that one's turn.
        called = ""
        while called != number:
            await counter.until(READY % "call_next")
            await counter.enter()
            await counter.until(READY % "start")
            called = await counter.text(".now-big")
            await screen.until(f"document.querySelector('.newest').innerText.includes('{called}')")
            await above.until(f"document.querySelector('main').innerText.includes('{called}')")
            await counter.enter()
            await counter.until(READY % "finish")
            await counter.enter()
        await judged(screen, "hall screen, a call", PUBLIC)

        # Rated by a finger.
        await pad.until("document.querySelectorAll('.level').length === 5")
        await judged(pad, "pad, asking", DESKS)
        await pad.click(".level")
        await pad.until("!document.querySelector('.level')")
        assert [page.faults for page in devices.pages] == [[] for _ in devices.pages]
