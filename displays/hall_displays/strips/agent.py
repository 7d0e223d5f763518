"""`hall agent strip`: one LED strip that follows its window.

What the strip should show is set by the hall's stream; a loop of its own brings the strip there.
So a slow strip skips what is past, and one that was off gets the newest as soon as it answers.
"""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any, Literal

import msgspec

from hall_core.agent import Link, Part, Update
from hall_core.agent.config import ConfigError, PartKind
from hall_core.agent.ports import Address, Port, PortError, address_of, open_port
from hall_displays.strips import onbon
from hall_displays.strips.content import BLANK, Pages, flashing, pages_of_window
from hall_displays.strips.text_strip import TextFormat

PAGE_S = 2.0  # how long a page of a longer text stays
FLASH_S = 3.0  # how long a call flashes before it stands still (domain.md section 3, LED)
BLINK_S = 0.5  # on and off while it flashes
CALLS = ("ticket_called", "ticket_recalled")
LEAST_S = {"onbon": 1.0, "text": 0.3}  # between two frames; Onbon takes one a second at most
ANSWER_S = 2.0
TRIES = 3  # unanswered frames before the connection is given up
CHECK_S = 10.0  # between two questions whether an unchanged strip is still there
AGAIN_S = 30.0  # a strip that never answers is told again: it may have been off meanwhile
RETRY_S = (0.5, 5.0)  # pause before connecting again: first, longest

Pixels = Annotated[int, msgspec.Meta(ge=0, le=4095)]


class StripConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One strip. `window` may be left out when the agent is paired with one.

    `driver` onbon: the area is `columns` signs of `font` pixels at x, y. `driver` text: `frame`
    says how a text is sent. `address`: tcp://HOST:PORT or a serial port.
    """

    address: str
    window: Annotated[int, msgspec.Meta(ge=1, le=999)] | None = None
    driver: Literal["onbon", "text"] = "onbon"
    columns: Annotated[int, msgspec.Meta(ge=2, le=64)] = 8
    font: onbon.FontSize = 16
    colour: onbon.Colour = "red"
    x: Pixels = 0
    y: Pixels = 0
    baud: Annotated[int, msgspec.Meta(ge=300, le=1_000_000)] = 9600
    frame: TextFormat = TextFormat()


class NoAnswer(PortError):
    """Connected, but silent."""


class Strip(Part):
    """The part; `shown` is what the strip was last told and took, `wanted` what it should be."""

    kind = "strip"

    def __init__(self, name: str, config: StripConfig) -> None:
        super().__init__(name)
        self.config = config
        try:
            default = onbon.PORT if config.driver == "onbon" else None
            self._address: Address = address_of(config.address, default)
        except ValueError as error:
            raise ConfigError(f"address: {error}") from None
        self.wanted: Pages = ()
        self.shown: Pages | None = None
        self.dropped = 0  # bytes that were no answer
        self._lasting: Pages = ()  # when nothing flashes any more
        self._calm: asyncio.TimerHandle | None = None  # the end of the flashing
        self._changed = asyncio.Event()

    async def run(self, link: Link) -> None:
        place = await link.place()
        number = self.config.window or place.window
        if place.window not in (None, number):
            link.report("bad_setting", f"已与{place.window}号窗口配对，不能跟随{number}号窗口")
            await asyncio.Event().wait()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow(link, number))
            tasks.create_task(self._drive(link))

    # --- what it should show -------------------------------------------------------------------

    async def _follow(self, link: Link, number: int | None) -> None:
        async for update in link.updates():
            windows = update.state.get("windows", ())
            window = next((w for w in windows if w.get("number") == number), None)
            if window is None:
                self._want((f"没有{number}号窗口",) if number else ("未指定窗口",))
                continue
            called = window.get("state") == "calling" and any(
                event["type"] in CALLS and event["data"].get("window") == number
                for event in update.events
            )
            self._want(self._pages(update, window), called)

    def _pages(self, update: Update, window: dict[str, Any]) -> Pages:
        state = update.state
        timezone = str(state.get("hall", {}).get("timezone", "Asia/Shanghai"))
        return pages_of_window(window, state.get("texts", {}), timezone, self.config.columns)

    def _want(self, pages: Pages, called: bool = False) -> None:
        """Show `pages` from now on; somebody who was just called sees them flash first."""
        if pages == self._lasting and not called:
            return
        self._lasting = pages
        if self._calm is not None:
            self._calm.cancel()
        if called:
            self._calm = asyncio.get_running_loop().call_later(FLASH_S, self._show, pages)
        self._show(flashing(pages) if called else pages)

    def _show(self, pages: Pages) -> None:
        if pages != self.wanted:
            self.wanted = pages
            self._changed.set()

    # --- bringing it there ---------------------------------------------------------------------

    async def _drive(self, link: Link) -> None:
        pause = RETRY_S[0]
        while True:
            try:
                port = await open_port(self._address, self.config.baud)
                try:
                    pause = RETRY_S[0]
                    await self._serve(port, link)
                finally:
                    await port.close()
            except PortError as error:
                self.shown = None
                fault = "no_answer" if isinstance(error, NoAnswer) else "unreachable"
                link.report(fault, str(error))
                await asyncio.sleep(pause)
                pause = min(2 * pause, RETRY_S[1])

    async def _serve(self, port: Port, link: Link) -> None:
        """Keep a connected strip up to date until it goes.

        Raises:
            PortError: it went.
        """
        serve = self._serve_onbon if self.config.driver == "onbon" else self._serve_text
        answers: asyncio.Queue[onbon.Reply | PortError] = asyncio.Queue(16)
        listening = asyncio.create_task(self._listen(port, answers))
        try:
            await serve(port, link, answers)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _listen(self, port: Port, answers: asyncio.Queue[Any]) -> None:
        """Read what the strip says: answers, or that it is gone."""
        frames = onbon.FrameReader()
        while True:
            try:
                data = await port.read()
            except PortError as error:
                await answers.put(error)
                return
            if self.config.driver == "text":
                self.dropped += len(data)  # nothing is expected of it
                continue
            known = frames.dropped
            for frame in frames.feed(data):
                answer = onbon.reply_of(frame.data)
                if answer is not None and not answers.full():
                    answers.put_nowait(answer)
            self.dropped += frames.dropped - known

    async def _serve_onbon(self, port: Port, link: Link, answers: asyncio.Queue[Any]) -> None:
        missed = 0
        while True:
            pages = self.wanted
            new = bool(pages) and pages != self.shown
            self._changed.clear()
            sent_at = time.monotonic()
            _forget(answers)
            await port.write(
                onbon.build(onbon.Frame(self._command(pages) if new else onbon.ping()))
            )
            answer = await _answer(answers)
            if answer is None:
                missed += 1
                link.report("no_answer", self.config.address)
                if missed >= TRIES:
                    raise PortError(f"{self.config.address}: no answer")
            elif not answer.ok and new:
                link.report("device_error", onbon.ERRORS.get(answer.error, str(answer.error)))
            else:
                missed = 0
                link.report(None)
                if new:
                    self.shown = pages
            await asyncio.sleep(max(0.0, sent_at + LEAST_S["onbon"] - time.monotonic()))
            if self.wanted == self.shown:
                await self._rest(CHECK_S, answers)

    def _command(self, pages: Pages) -> bytes:
        config = self.config
        return onbon.show_area(
            onbon.Area(
                text=onbon.marked_text(pages, config.font, config.colour),
                x=config.x,
                y=config.y,
                width=config.columns * config.font,
                height=config.font,
                stay=round(2 * _stay_s(pages)),
            )
        )

    async def _serve_text(self, port: Port, link: Link, answers: asyncio.Queue[Any]) -> None:
        turn = 0
        while True:
            pages = self.wanted
            if pages != self.shown:
                turn = 0
            self._changed.clear()
            if pages:
                await port.write(self.config.frame.build(pages[turn % len(pages)]))
                self.shown = pages
                turn += 1
            link.report(None)
            await asyncio.sleep(LEAST_S["text"])
            if self.wanted == self.shown:
                stay_s = _stay_s(pages) - LEAST_S["text"] if len(pages) > 1 else AGAIN_S
                await self._rest(stay_s, answers)

    async def _rest(self, most_s: float, answers: asyncio.Queue[Any]) -> None:
        """Wait until something else is to be shown, for `most_s` at most.

        Raises:
            PortError: the strip went meanwhile.
        """
        changed = asyncio.create_task(self._changed.wait())
        said = asyncio.create_task(answers.get())
        try:
            done, _ = await asyncio.wait(
                (changed, said), timeout=most_s, return_when=asyncio.FIRST_COMPLETED
            )
            if said in done and isinstance(said.result(), PortError):
                raise said.result()
        finally:
            changed.cancel()
            said.cancel()


def _stay_s(pages: Pages) -> float:
    return BLINK_S if BLANK in pages else PAGE_S


def _forget(answers: asyncio.Queue[Any]) -> None:
    """Drop answers that came too late: they would be taken for the next one's.

    Raises:
        PortError: the strip went.
    """
    while not answers.empty():
        answer = answers.get_nowait()
        if isinstance(answer, PortError):
            raise answer


async def _answer(answers: asyncio.Queue[Any]) -> onbon.Reply | None:
    """The strip's answer to what was just sent; None: none in time.

    Raises:
        PortError: the strip went.
    """
    try:
        async with asyncio.timeout(ANSWER_S):
            answer: onbon.Reply | PortError = await answers.get()
    except TimeoutError:
        return None
    if isinstance(answer, PortError):
        raise answer
    return answer


KIND = PartKind(config=StripConfig, make=Strip)
