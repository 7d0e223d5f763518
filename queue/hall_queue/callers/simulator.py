"""Callers that are not there: a serial one on a pseudo-terminal, a keyboard on a pipe. The bytes
are the real ones; for tests and the demonstration."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import tty
from collections.abc import Mapping
from pathlib import Path

from hall_core.agent.framing import FrameFormat, FrameReader
from hall_queue.callers.evdev import EV_KEY, EVENT, MODIFIERS, NAMES

PATIENCE_S = 20.0


class CallerSimulator:
    """A serial caller's end of the line; `address` is the other end, for the agent. `shown` is
    what its display was told, oldest first."""

    def __init__(self, frame: FrameFormat, keys: Mapping[str, str], display: FrameFormat) -> None:
        self.shown: list[str] = []
        self._frame = frame
        self._codes = {meaning: bytes.fromhex(code) for code, meaning in keys.items()}
        self._displays = FrameReader(display)
        self._changed = asyncio.Event()
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.address = os.ttyname(self._theirs)
        os.set_blocking(self._ours, False)
        asyncio.get_running_loop().add_reader(self._ours, self._read)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            for text in self._displays.feed(os.read(self._ours, 4096)):
                self.shown.append(text.decode("ascii"))
                self._changed.set()

    def press(self, meaning: str) -> None:
        """A clerk presses the key that means this."""
        self.send(self._frame.build(self._codes[meaning]))

    def send(self, data: bytes) -> None:
        """Any bytes on the line."""
        os.write(self._ours, data)

    async def until_shown(self, text: str) -> None:
        """Wait until the display says `text`."""
        async with asyncio.timeout(PATIENCE_S):
            while self.shown[-1:] != [text]:
                self._changed.clear()
                await self._changed.wait()

    def close(self) -> None:
        """Unplug it."""
        asyncio.get_running_loop().remove_reader(self._ours)
        os.close(self._ours)
        os.close(self._theirs)


class KeyboardSimulator:
    """A keyboard as Linux shows it: a file of input events; here a pipe with a name."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="keyboard-")
        self.address = str(Path(self._folder.name) / "event0")
        os.mkfifo(self.address)
        self._pipe = os.open(self.address, os.O_RDWR | os.O_NONBLOCK)

    def type(self, *names: str) -> None:
        """Press and release keys, one after the other."""
        for name in names:
            code = next(code for code, known in NAMES.items() if known == name)
            self._send(code, 1)
            self._send(code, 0)

    def hold(self, *modifiers: str) -> None:
        """Press modifiers and keep them down."""
        for modifier in modifiers:
            self._send(next(code for code, name in MODIFIERS.items() if name == modifier), 1)

    def _send(self, code: int, value: int) -> None:
        os.write(self._pipe, EVENT.pack(0, 0, 4, 4, code))  # the scan code that goes before
        os.write(self._pipe, EVENT.pack(0, 0, EV_KEY, code, value) + EVENT.pack(0, 0, 0, 0, 0))

    def close(self) -> None:
        """Unplug it."""
        os.close(self._pipe)
        self._folder.cleanup()
