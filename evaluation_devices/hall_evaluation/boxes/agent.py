"""`hall agent pad`: a button box that asks when its window's service ends, and rates once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec
import structlog

from hall_core.agent import Link, Part, Unreachable
from hall_core.agent.config import ConfigError, PartKind
from hall_core.agent.framing import from_hex
from hall_core.agent.part import UNPLACED, new_key
from hall_core.agent.ports import Port, PortError, address_of, open_port
from hall_evaluation.boxes.box import Asking, BoxFormat, BoxReader, Level, question_in
from hall_evaluation.boxes.store import Pressed, PressStore

log = structlog.get_logger()

AGAIN_S = (0.5, 15.0)  # between two tries to deliver: first, longest
LATER: Final = (401, 408, 429)  # and every 5xx: the same request may work another time
NOT_HERE_NOW: Final = ("window_closed", "wrong_window", "wrong_hall")
RETRY_S = (0.5, 5.0)  # pause before opening the box again: first, longest


class BoxConfig(BoxFormat, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A box at `address` (a serial port or tcp://HOST:PORT), of the window the agent is paired
    with."""

    address: str
    baud: Annotated[int, msgspec.Meta(ge=300, le=1_000_000)] = 9600


class Box(Part):
    """The part. `ignored` counts presses while nobody was asked, `dropped` bytes that were no
    press."""

    kind = "pad"

    def __init__(self, name: str, config: BoxConfig) -> None:
        super().__init__(name)
        self.config = config
        try:
            self._address = address_of(config.address)
        except ValueError as error:
            raise ConfigError(f"address: {error}") from None
        self.ignored = self.dropped = 0
        self._asking = Asking()
        self._changed = asyncio.Event()  # what is asked
        self._pressed = asyncio.Event()  # something is to be delivered
        self._thank = False
        self.opened = asyncio.Event()  # while the box's line is open

    async def run(self, link: Link) -> None:
        place = await link.place()
        store = await asyncio.to_thread(PressStore, link.folder / f"{self.name}.presses")
        self._pressed.set()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._deliver(link, store))
            if place.window is None:
                link.report("bad_setting", UNPLACED)
                return
            tasks.create_task(self._follow(link, place.window))
            tasks.create_task(self._drive(link, store))

    async def _follow(self, link: Link, window: int) -> None:
        async for update in link.updates():
            self._asking.set(question_in(update.state, window, time.monotonic()))
            self._changed.set()

    # --- the box -------------------------------------------------------------------------------

    async def _drive(self, link: Link, store: PressStore) -> None:
        pause = RETRY_S[0]
        while True:
            try:
                port = await open_port(self._address, self.config.baud)
                pause = RETRY_S[0]
                link.report(None)
                self.opened.set()
                try:
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(self._prompt(port))
                        tasks.create_task(self._listen(port, link, store))
                finally:
                    self.opened.clear()
                    await port.close()
            except* PortError as group:
                link.report("unreachable", str(group.exceptions[0]))
                await asyncio.sleep(pause)
                pause = min(2 * pause, RETRY_S[1])

    async def _prompt(self, port: Port) -> None:
        """Keep lamp and voice as they should be; a box that was off is told again."""
        told: str | None = None
        while True:
            self._changed.clear()
            now = time.monotonic()
            question = self._asking.open(now)
            token = "" if question is None else question.token
            if token != told:
                if self._thank and self.config.thanks:
                    await port.write(from_hex(self.config.thanks))
                self._thank = False
                frame = from_hex(self.config.prompt_on if token else self.config.prompt_off)
                if frame and (token or told is not None):
                    await port.write(frame)
                told = token
            try:
                most = None if question is None else max(0.0, question.ends - now)
                async with asyncio.timeout(most):
                    await self._changed.wait()
            except TimeoutError:
                continue  # nobody pressed

    async def _listen(self, port: Port, link: Link, store: PressStore) -> None:
        reader = BoxReader(self.config)
        while True:
            data, before = await port.read(), reader.dropped
            for level in reader.feed(data):
                await self._rate(level, store)
            self.dropped += reader.dropped - before
            link.report("garbage" if reader.only_noise else None)

    async def _rate(self, level: Level, store: PressStore) -> None:
        token = self._asking.press(time.monotonic())
        if token is None:
            self.ignored += 1
            return
        pressed = Pressed(new_key(), token, level, time.time())
        await _on_disk(store.add, pressed)
        self._thank = True
        self._changed.set()
        self._pressed.set()

    # --- delivering ----------------------------------------------------------------------------

    async def _deliver(self, link: Link, store: PressStore) -> None:
        pause = AGAIN_S[0]
        while True:
            await self._pressed.wait()
            self._pressed.clear()
            while True:
                await _on_disk(store.forget_old, time.time())
                if not store.presses:
                    break
                first = store.presses[0]
                if await self._deliver_one(link, first):
                    await _on_disk(store.remove, first)
                    pause = AGAIN_S[0]
                else:
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, AGAIN_S[1])

    async def _deliver_one(self, link: Link, pressed: Pressed) -> bool:
        """Whether the server has it, or never will."""
        body: dict[str, Any] = {
            "token": pressed.token,
            "level": pressed.level,
            "channel": "pad",
        }
        try:
            answer = await link.post("/evaluations", body, pressed.key)
            if answer.code in NOT_HERE_NOW:
                # It was pressed while the box stood there and the window was open: it is sent again
                # as such. The request is another, so its key is, too; the same one at every try.
                body["kept"] = True
                answer = await link.post("/evaluations", body, f"{pressed.key}-kept")
        except Unreachable:
            return False
        if answer.ok:
            return True
        if answer.status in LATER or answer.status >= 500:
            return False
        # Rated already, too late, or another window's: nothing will change that.
        log.info("press_refused", status=answer.status, code=answer.code)
        return True


async def _on_disk(change: Callable[[Any], None], about: Any) -> None:
    """Change the store. A disk that refuses costs no press: the store has it in memory."""
    try:
        await asyncio.to_thread(change, about)
    except OSError as error:
        log.error("presses_not_on_disk", error=str(error))


KIND = PartKind(config=BoxConfig, make=Box)
