"""A hall's devices in a real Chromium: each page in a browser of its own, paired and watched.

    async with Pages(browser, server) as pages:
        screen = await pages.device("display", "/display/hall", SCREEN)
        await expect(screen.locator(".newest .number")).to_have_text("H001")

Nothing here sleeps: Playwright waits for what is to be seen, up to `PATIENCE_MS`. What goes wrong
on any page (an error on its console, a request that failed) is kept in `pages.faults`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode, urlsplit

from aiohttp import web
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    Request,
    Response,
    expect,
)

from hall_core.clock import Clock, millis
from hall_core.credentials import DeviceKind, User
from tests.support import HALL, QUICK_HASHER, HallServer


def chromium() -> Path:
    """Debian's Chromium. Without the window around its pages it needs a third less of the CPU."""
    told = os.environ.get("HALL_CHROMIUM", "")
    shell = shutil.which("chromium-headless-shell")
    return Path(told or shell or "/usr/bin/chromium")


CHROMIUM = chromium()
MISSING = (
    f"there is no Chromium at {CHROMIUM}: run `apt-get install chromium-headless-shell` "
    "(or scripts/setup-system test), or say where it is with HALL_CHROMIUM"
)
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # As the PC of a screen is set up: sound needs no touch.
    "--autoplay-policy=no-user-gesture-required",
]
PATIENCE_MS = 30_000
# Chromium's own remarks on the console that tell nothing new.
HARMLESS = (
    "Failed to load resource",  # known from the answer itself
    "Blocked call to navigator.vibrate",  # nobody has touched this phone
)
PASSWORD = "correct horse battery"
HASHED = QUICK_HASHER.hash(PASSWORD)

expect.set_options(timeout=PATIENCE_MS)


class Size(NamedTuple):
    """CSS pixels of what a page is seen on."""

    width: int
    height: int


KIOSK = Size(1080, 1920)
DESK = Size(1440, 900)
STRIP = Size(320, 900)
SCREEN = Size(1920, 1080)
PHONE = Size(390, 844)
PAD = Size(1280, 800)


async def launch(playwright: Playwright) -> Browser:
    """Debian's Chromium; see MISSING."""
    return await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)


def dated_by(clock: Clock) -> Callable[[web.Application], None]:
    """Let answers say the time of `clock`: a page believes them until its stream speaks."""

    async def date(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = format_datetime(clock.now(), usegmt=True)

    return lambda app: app.on_response_prepare.append(date)


class Pages:
    """Opens pages of one server and watches them until the end of the block."""

    def __init__(self, browser: Browser, server: HallServer | None, base: str = "") -> None:
        self.browser = browser
        self._server = server
        self.base = base or (server.base if server is not None else "")
        self.faults: list[str] = []
        self._contexts: list[BrowserContext] = []
        self._watching = True

    @property
    def server(self) -> HallServer:
        assert self._server is not None, "these pages belong to a server process"
        return self._server

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._watching = False  # a closing page breaks off its requests
        for context in self._contexts:
            await context.close()

    # --- opening -------------------------------------------------------------------------------

    async def empty(self, size: Size, scale: float = 1, **more: Any) -> Page:
        """A browser that has never been here, with nothing open yet."""
        context = await self.browser.new_context(
            viewport={"width": size.width, "height": size.height},
            device_scale_factor=scale,
            locale="zh-CN",
            timezone_id="America/New_York",  # a device's own clock and zone must not matter
            **more,
        )
        self._contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        self._watch(page)
        return page

    async def device(
        self,
        kind: DeviceKind,
        path: str,
        size: Size,
        window: int | None = None,
        hall: str = HALL,
        scale: float = 1,
        lang: str = "",
    ) -> Page:
        """A page that is paired by the code in its address."""
        page = await self.empty(size, scale)
        await self.pair(page, await self.code(kind, window, hall), path, lang)
        return page

    async def pair(self, page: Page, code: str, path: str, lang: str = "") -> None:
        """Open `path` with a pairing code in the address, until the page is there."""
        query = urlencode({"code": code, **({"lang": lang} if lang else {})})
        await page.goto(f"{self.base}{path}?{query}")
        await settled(page)

    async def code(self, kind: DeviceKind, window: int | None = None, hall: str = HALL) -> str:
        """A pairing code as the administrator makes it."""
        return await self.server.pairing_code(kind, f"{kind} {window or ''}".strip(), window, hall)

    async def phone(self, token: str, lang: str = "") -> Page:
        """A citizen's phone, on the page of a ticket."""
        page = await self.empty(PHONE, is_mobile=True, has_touch=True)
        await page.clock.install()  # so that its seconds between two questions need not be waited
        await page.goto(f"{self.base}/t/{token}" + (f"?lang={lang}" if lang else ""))
        return page

    async def account(self, name: str, *roles: str, halls: tuple[str, ...] | None = None) -> None:
        """Somebody who may sign in with PASSWORD."""
        kernel = self.server.kernel
        await kernel.access.save_user(
            User(
                name=name,
                password_hash=HASHED,
                roles=roles,
                halls=halls,
                regions=None,
                created_ms=millis(kernel.clock.now()),
            )
        )

    async def signed_in(
        self, name: str, path: str, size: Size = DESK, scale: float = 1, lang: str = ""
    ) -> Page:
        """A person's page, reached through the sign-in form."""
        page = await self.empty(size, scale)
        with self.expecting("401"):  # the page asks who is here before anybody is
            await page.goto(f"{self.base}{path}" + (f"?lang={lang}" if lang else ""))
            await page.wait_for_url(lambda url: urlsplit(url).path == "/signin")
            await page.locator("input[name=name]").fill(name)
        await page.locator("input[name=password]").fill(PASSWORD)
        await page.locator("button[type=submit]").click()
        await page.wait_for_url(lambda url: urlsplit(url).path == urlsplit(path).path)
        return page

    # --- watching ------------------------------------------------------------------------------

    def _watch(self, page: Page) -> None:
        def note(what: str) -> None:
            if self._watching:
                self.faults.append(f"{urlsplit(page.url).path}: {what}")

        def on_console(message: ConsoleMessage) -> None:
            known = any(words in message.text for words in HARMLESS)
            if message.type in ("error", "warning") and not known:
                note(f"console {message.type}: {message.text}")

        def on_failed(request: Request) -> None:
            # A page that is left takes back what it was asking for.
            if request.failure != "net::ERR_ABORTED":
                note(f"{request.method} {request.url} failed: {request.failure}")

        def on_response(response: Response) -> None:
            if response.status >= 400:
                note(f"{response.status} {response.request.method} {response.url}")

        page.on("console", on_console)
        page.on("pageerror", lambda error: note(f"uncaught: {error}"))
        page.on("requestfailed", on_failed)
        page.on("response", on_response)

    def expecting(self, *words: str) -> _Expecting:
        """Faults that hold one of these words and happen within the block are no faults."""
        return _Expecting(self.faults, words)


class _Expecting:
    def __init__(self, faults: list[str], words: tuple[str, ...]) -> None:
        self._faults = faults
        self._words = words
        self._before = 0

    def __enter__(self) -> None:
        self._before = len(self._faults)

    def __exit__(self, *_: object) -> None:
        new = self._faults[self._before :]
        self._faults[self._before :] = [
            fault for fault in new if not any(word in fault for word in self._words)
        ]


async def settled(page: Page) -> None:
    """The page is paired, drawn, and its stream has said something."""
    await expect(page.locator("html[data-link=online]")).to_be_attached()
    await page.evaluate("document.fonts.ready")


class Counter:
    """A clerk at the keyboard of the counter page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.dialog: Locator = page.get_by_role("dialog")

    async def enter(self, action: str) -> None:
        """Press Enter as soon as that is what it does (and no key rests after the last press)."""
        await self._ready(f"[data-action={action}]")
        await self.page.keyboard.press("Enter")

    async def letter(self, key: str) -> None:
        """Press a letter that may be pressed now."""
        await self._ready("")
        button = self.page.locator(f".key[aria-keyshortcuts={key.upper()}]:not([aria-disabled])")
        await expect(button).to_be_attached()
        await self.page.keyboard.press(key.lower())

    async def undo(self) -> None:
        """Take the last step back, once its answer has come."""
        await self._ready("")
        await self.page.keyboard.press("u")

    async def open(self, clerk: str) -> None:
        """Open the window with a 工号."""
        await self.enter("open")
        await expect(self.dialog).to_be_visible()
        await self.page.keyboard.type(clerk)
        await self.page.keyboard.press("Enter")
        await self._ready("[data-action=call_next]")

    async def _ready(self, which: str) -> None:
        ready = f".next{which}:not([data-resting]):not([aria-busy]):not([aria-disabled])"
        await expect(self.page.locator(ready)).to_be_attached()
