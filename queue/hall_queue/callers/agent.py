"""`hall agent caller`: a clerk's keys become commands of the window the agent is paired with.

A press is sent with one idempotency key however often it has to be tried, and only while it is
fresh: a call that comes through a minute late would call somebody to a desk nobody expects.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from typing import Annotated, Any, Literal

import msgspec

from hall_core.agent import Answer, Link, Part, Unreachable
from hall_core.agent.config import ConfigError, PartKind
from hall_core.agent.framing import FrameFormat, FrameReader
from hall_core.agent.part import new_key
from hall_core.agent.ports import Port, PortError, address_of, open_port
from hall_queue.callers.evdev import Chords
from hall_queue.callers.keys import KEYS, Keypad, Press, display_text, number_of

FRESH_S = 5.0  # a press that could not be sent for so long is dropped
AGAIN_S = 0.3  # between two tries
WAITING_MAX = 4  # presses that wait for the one before them
RETRY_S = (0.5, 5.0)  # pause before opening the device again: first, longest
REASON = "呼叫器输入号码"  # of a special call; the rules ask for one

KEYPAD = {
    **{f"KP{digit}": str(digit) for digit in range(10)},
    "KPENTER": "call_next",
    "KPPLUS": "start",
    "KPMINUS": "no_show",
    "KPASTERISK": "recall",
    "KPSLASH": "finish",
    "KPDOT": "clear",
    "BACKSPACE": "undo",
}
HOTKEYS = {
    "CTRL+ALT+F9": "call_next",
    "CTRL+ALT+F10": "recall",
    "CTRL+ALT+F11": "start",
    "CTRL+ALT+F12": "finish",
}


class CallerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One caller.

    `source` serial: `address` a port, `frame` the format, `keys` codes (hexadecimal) → keys,
    `display` the frame that shows a text on it, whose code is the text. `source` keypad and
    hotkeys: `address` a Linux input device, `keys` names → keys (none: the usual ones). A keypad's
    keys reach nobody else; hot keys still reach the program in front.
    """

    address: str
    source: Literal["serial", "keypad", "hotkeys"] = "serial"
    baud: Annotated[int, msgspec.Meta(ge=300, le=1_000_000)] = 9600
    frame: FrameFormat | None = None
    keys: dict[str, str] = {}
    display: FrameFormat | None = None


class Caller(Part):
    """The part. `sent` counts presses that were answered, `lost` those dropped as too old,
    `dropped` bytes and keys that meant nothing."""

    kind = "caller"

    def __init__(self, name: str, config: CallerConfig) -> None:
        super().__init__(name)
        self.config = config
        self.sent = self.lost = self.dropped = 0
        self._keypad = Keypad()
        self._presses: asyncio.Queue[Press] = asyncio.Queue(WAITING_MAX)
        self._port: Port | None = None
        self.opened = asyncio.Event()  # while keys are heard
        for meaning in config.keys.values():
            if meaning not in KEYS:
                raise ConfigError(f"keys: {meaning!r} is unknown; give one of {_known()}")
        try:
            self._address = address_of(config.address)
            if config.source == "serial":
                self._codes = {bytes.fromhex(text): key for text, key in config.keys.items()}
                if config.frame is None or not config.keys:
                    raise ValueError("a serial caller needs frame and keys")
                if any(len(found) != config.frame.code_bytes for found in self._codes):
                    raise ValueError(f"keys: a code has {config.frame.code_bytes} bytes")
            else:
                usual = KEYPAD if config.source == "keypad" else HOTKEYS
                self._bindings = config.keys or usual
                Chords(self._bindings)
        except ValueError as error:
            raise ConfigError(str(error)) from None
        if config.source != "serial" and not sys.platform.startswith("linux"):
            raise ConfigError(f"source {config.source!r} works on Linux only; use a serial caller")

    async def run(self, link: Link) -> None:
        place = await link.place()
        if place.window is None:
            link.report("bad_setting", "paired without a window")
            await asyncio.Event().wait()
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(link))
            tasks.create_task(self._send_all(link, place.hall, place.window))

    # --- keys ----------------------------------------------------------------------------------

    async def _listen(self, link: Link) -> None:
        pause = RETRY_S[0]
        while True:
            try:
                if self.config.source == "serial":
                    await self._read_serial(link)
                else:
                    await self._read_input(link)
            except PortError as error:
                link.report("unreachable", str(error))
                await asyncio.sleep(pause)
                pause = min(2 * pause, RETRY_S[1])

    async def _read_serial(self, link: Link) -> None:
        """Raises PortError when the caller goes."""
        assert self.config.frame is not None
        frames = FrameReader(self.config.frame)
        self._port = port = await open_port(self._address, self.config.baud)
        link.report(None)
        self.opened.set()
        try:
            while True:
                data, before = await port.read(), frames.dropped
                for code in frames.feed(data):
                    meaning = self._codes.get(code)
                    self.dropped += 0 if meaning else len(code)
                    self._pressed(meaning)
                self.dropped += frames.dropped - before
                link.report("garbage" if frames.only_noise else None)
        finally:
            self._port = None
            self.opened.clear()
            await port.close()

    async def _read_input(self, link: Link) -> None:
        """Raises PortError when the keyboard goes."""
        from hall_queue.callers.input_port import InputPort  # there is one on Linux only

        grab = self.config.source == "keypad"
        keyboard: InputPort = InputPort.open(self.config.address, grab)
        link.report(None)
        self.opened.set()
        chords = Chords(self._bindings)
        try:
            while True:
                for code, value in await keyboard.events():
                    self._pressed(chords.key(code, value))
                self.dropped = chords.unknown
        finally:
            self.opened.clear()
            keyboard.close()

    def _pressed(self, meaning: str | None) -> None:
        press = None
        if meaning is not None:
            press = self._keypad.press(meaning, time.monotonic())  # type: ignore[arg-type]
        if press is not None:
            if self._presses.full():
                self.lost += 1  # leaning on the keys
            else:
                self._presses.put_nowait(press)

    # --- commands ------------------------------------------------------------------------------

    async def _send_all(self, link: Link, hall: str, window: int) -> None:
        while True:
            press = await self._presses.get()
            await self._display(await self._send(link, hall, window, press))

    async def _send(self, link: Link, hall: str, window: int, press: Press) -> Answer | None:
        """The server's answer; None: the press got too old."""
        key = new_key()
        while time.monotonic() - press.at < FRESH_S:
            try:
                body = await self._body(link, hall, window, press)
                if body is None:
                    return Answer(409, {"code": "ambiguous_number"})
                path = f"/halls/{hall}/windows/{window}/commands"
                answer: Answer | None = await link.post(path, body, key)
            except Unreachable:
                answer = None
            if answer is not None and answer.status < 500 and answer.status != 429:
                self.sent += 1
                return answer
            await asyncio.sleep(AGAIN_S)
        self.lost += 1
        return None

    async def _body(
        self, link: Link, hall: str, window: int, press: Press
    ) -> dict[str, Any] | None:
        if not press.digits:
            return {"command": press.command}
        snapshot = await link.get(f"/halls/{hall}/snapshot")
        windows = snapshot.body["state"]["windows"] if snapshot.ok else []
        prefixes: list[str] = next((w["queues"] for w in windows if w["number"] == window), [])
        number = number_of(press.digits, prefixes)
        if number is None:
            return None
        return {"command": "call_specific", "number": number, "reason": REASON}

    async def _display(self, answer: Answer | None) -> None:
        """Show what came of it on the caller, where it has a display."""
        display, port = self.config.display, self._port
        if display is None or port is None:
            return
        number, waiting = None, None
        if answer is not None and answer.ok:
            number = (answer.body.get("window") or {}).get("ticket")
            waiting = answer.body.get("waiting")
        text = display_text(number, waiting, display.code_bytes)
        with contextlib.suppress(PortError):  # its reader has noticed, too
            await port.write(display.build(text))


def _known() -> str:
    return ", ".join(sorted(KEYS))


KIND = PartKind(config=CallerConfig, make=Caller)
