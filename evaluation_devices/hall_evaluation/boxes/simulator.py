"""A button box that is not there, on a pseudo-terminal: real bytes through a real serial port."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty

from hall_core.agent.framing import from_hex
from hall_evaluation.boxes.box import BoxFormat, Level

PATIENCE_S = 20.0


class BoxSimulator:
    """The box's end of a serial line. `address` is the other end, for the agent."""

    def __init__(self, format_: BoxFormat) -> None:
        self._format = format_
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.address = os.ttyname(self._theirs)
        self.told = b""  # everything the agent has sent
        self._heard = asyncio.Event()
        os.set_blocking(self._ours, False)
        asyncio.get_running_loop().add_reader(self._ours, self._read)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self.told += os.read(self._ours, 4096)
            self._heard.set()

    @property
    def lit(self) -> bool:
        """Whether its lamp is on: it asks."""
        on, off = (
            self.told.rfind(from_hex(frame)) if frame else -1
            for frame in (self._format.prompt_on, self._format.prompt_off)
        )
        return on > off

    def press(self, level: Level) -> None:
        """A person presses a key."""
        self.send(self._format.frame.build(from_hex(self._format.levels[level])))

    def send(self, data: bytes) -> None:
        """Any bytes on the line."""
        os.write(self._ours, data)

    async def until_told(self, frame: str, times: int = 1) -> None:
        """Wait until the agent has sent a frame (hexadecimal) so often."""
        async with asyncio.timeout(PATIENCE_S):
            while self.told.count(from_hex(frame)) < times:
                self._heard.clear()
                await self._heard.wait()

    def close(self) -> None:
        """Unplug it."""
        asyncio.get_running_loop().remove_reader(self._ours)
        os.close(self._ours)
        os.close(self._theirs)
