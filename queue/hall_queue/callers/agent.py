"""`hall agent caller`: a clerk's keys become commands of the window the agent is paired with, or,
of callers that share one line (RS-485), of the window that each one's address stands for.

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
from hall_core.agent.framing import FrameFormat, FrameReader, from_hex
from hall_core.agent.part import UNPLACED, new_key
from hall_core.agent.ports import Port, PortError, address_of, open_port
from hall_queue.callers.evdev import Chords
from hall_queue.callers.keys import KEYS, Keypad, Press, display_text, number_of

FRESH_S = 5.0  # a press that could not be sent for so long is dropped
AGAIN_S = 0.3  # between two tries
WAITING_MAX = 4  # presses that wait for the one before them
ALLOWED_S = 5.0  # between two looks whether a shared line's windows are allowed by now
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

    `windows`: of serial callers on one line, each one's address (hexadecimal) → its window. The
    address stands where `address` of `frame` and `display` would.
    """

    address: str
    source: Literal["serial", "keypad", "hotkeys"] = "serial"
    baud: Annotated[int, msgspec.Meta(ge=300, le=1_000_000)] = 9600
    frame: FrameFormat | None = None
    keys: dict[str, str] = {}
    display: FrameFormat | None = None
    windows: dict[str, Annotated[int, msgspec.Meta(ge=1, le=999)]] = {}


class Desk:
    """One caller: its window, its address on a shared line (else b""), what was typed on it, and
    the presses that wait for the one before them."""

    def __init__(self, window: int, address: bytes = b"") -> None:
        self.window = window
        self.address = address
        self.keypad = Keypad()
        self.presses: asyncio.Queue[Press] = asyncio.Queue(WAITING_MAX)


class Caller(Part):
    """The part. `sent` counts presses that were answered, `lost` those dropped as too old,
    `dropped` bytes and keys that meant nothing."""

    kind = "caller"

    def __init__(self, name: str, config: CallerConfig) -> None:
        super().__init__(name)
        self.config = config
        self.sent = self.lost = self.dropped = 0
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
                self._bus = _bus(config)
            else:
                self._bus = {}
                usual = KEYPAD if config.source == "keypad" else HOTKEYS
                self._bindings = config.keys or usual
                Chords(self._bindings)
        except ValueError as error:
            raise ConfigError(str(error)) from None
        if config.source != "serial" and not sys.platform.startswith("linux"):
            raise ConfigError(f"source {config.source!r} works on Linux only; use a serial caller")

    async def run(self, link: Link) -> None:
        place = await link.place()
        if self._bus:
            await self._until_allowed(link)
            desks = {address: Desk(window, address) for address, window in self._bus.items()}
        elif place.window is not None:
            desks = {b"": Desk(place.window)}
        else:
            link.report("bad_setting", UNPLACED)
            await asyncio.Event().wait()
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(link, desks))
            for desk in desks.values():
                tasks.create_task(self._send_all(link, place.hall, desk))

    async def _until_allowed(self, link: Link) -> None:
        """Wait until an administrator has allowed this agent to press for the line's windows."""
        while True:
            with contextlib.suppress(Unreachable):
                me = await link.get("/me")
                allowed = me.body["settings"].get("windows") if me.ok else None
                listed = allowed if isinstance(allowed, list) else []
                missing = sorted(number for number in self._bus.values() if number not in listed)
                if not missing:
                    return
                numbers = "、".join(map(str, missing))
                link.report("bad_setting", f"请在管理页的设备设置里允许本机为{numbers}号窗口叫号")
            await asyncio.sleep(ALLOWED_S)

    # --- keys ----------------------------------------------------------------------------------

    async def _listen(self, link: Link, desks: dict[bytes, Desk]) -> None:
        pause = RETRY_S[0]
        while True:
            try:
                if self.config.source == "serial":
                    await self._read_serial(link, desks)
                else:
                    await self._read_input(link, desks[b""])
            except PortError as error:
                link.report("unreachable", str(error))
                await asyncio.sleep(pause)
                pause = min(2 * pause, RETRY_S[1])

    async def _read_serial(self, link: Link, desks: dict[bytes, Desk]) -> None:
        """Raises PortError when the caller goes."""
        assert self.config.frame is not None
        size = len(next(iter(desks)))
        frames = FrameReader(_addressed(self.config.frame, size))
        self._port = port = await open_port(self._address, self.config.baud)
        link.report(None)
        self.opened.set()
        try:
            while True:
                data, before = await port.read(), frames.dropped
                for code in frames.feed(data):
                    desk, meaning = desks.get(code[:size]), self._codes.get(code[size:])
                    if desk is None or meaning is None:
                        self.dropped += len(code)
                    else:
                        self._pressed(desk, meaning)
                self.dropped += frames.dropped - before
                link.report("garbage" if frames.only_noise else None)
        finally:
            self._port = None
            self.opened.clear()
            await port.close()

    async def _read_input(self, link: Link, desk: Desk) -> None:
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
                    self._pressed(desk, chords.key(code, value))
                self.dropped = chords.unknown
        finally:
            self.opened.clear()
            keyboard.close()

    def _pressed(self, desk: Desk, meaning: str | None) -> None:
        press = None
        if meaning is not None:
            press = desk.keypad.press(meaning, time.monotonic())  # type: ignore[arg-type]
        if press is not None:
            if desk.presses.full():
                self.lost += 1  # leaning on the keys
            else:
                desk.presses.put_nowait(press)

    # --- commands ------------------------------------------------------------------------------

    async def _send_all(self, link: Link, hall: str, desk: Desk) -> None:
        while True:
            press = await desk.presses.get()
            await self._display(desk, await self._send(link, hall, desk.window, press))

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

    async def _display(self, desk: Desk, answer: Answer | None) -> None:
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
            frame = _addressed(display, len(desk.address))
            await port.write(frame.build(desk.address + text))


def _bus(config: CallerConfig) -> dict[bytes, int]:
    """Which window each address on the line stands for. Raises ValueError."""
    bus = {from_hex(address): window for address, window in config.windows.items()}
    if len({len(address) for address in bus}) > 1 or b"" in bus:
        raise ValueError("windows: all addresses have the same number of bytes")
    for frame in (config.frame, config.display):
        if bus and frame is not None:
            if frame.address:
                raise ValueError("windows: leave address out of frame and display")
            _addressed(frame, len(next(iter(bus))))  # not too long
    return bus


def _addressed(frame: FrameFormat, size: int) -> FrameFormat:
    """The frame with `size` bytes of address before its code."""
    return msgspec.structs.replace(frame, code_bytes=frame.code_bytes + size)


def _known() -> str:
    return ", ".join(sorted(KEYS))


KIND = PartKind(config=CallerConfig, make=Caller)
