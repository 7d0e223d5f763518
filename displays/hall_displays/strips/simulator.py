"""Strips that are not there: real sockets, real bytes, for tests and the demonstration."""

from __future__ import annotations

import asyncio
from typing import Literal

from hall_core.agent.simulated import SimulatedDevice
from hall_displays.strips import onbon
from hall_displays.strips.text_strip import TextFormat, TextReader

PATIENCE_S = 20.0
Mood = Literal["well", "mute", "busy", "garbled"]


class StripSimulator(SimulatedDevice):
    """A controller with one strip on 127.0.0.1. `pages` is what it shows now.

    Args:
        frame: how texts come; None: an Onbon controller.

    `mood` mute: takes everything, answers nothing; busy: refuses; garbled: noise around its
    answers.
    """

    def __init__(self, frame: TextFormat | None = None) -> None:
        super().__init__()
        self.pages: tuple[str, ...] = ()
        self.shown: list[tuple[str, ...]] = []  # everything it was told, oldest first
        self.mood: Mood = "well"
        self.dropped = 0  # bytes that were no command
        self.changed = asyncio.Event()
        self.frame = frame

    async def stop(self) -> None:
        """Switch off: what it showed is gone."""
        await super().stop()
        self.pages = ()

    async def until(self, *pages: str) -> None:
        """Wait until it shows `pages`."""
        async with asyncio.timeout(PATIENCE_S):
            while self.pages != pages:
                self.changed.clear()
                await self.changed.wait()

    def _show(self, pages: tuple[str, ...]) -> None:
        self.pages = pages
        self.shown.append(pages)
        self.changed.set()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.frame is None:
            await self._serve_onbon(reader, writer)
        else:
            texts = TextReader(self.frame)
            while data := await reader.read(4096):
                for text in texts.feed(data):
                    self._show((text,))
                self.dropped = texts.dropped

    async def _serve_onbon(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        frames = onbon.FrameReader()
        while data := await reader.read(4096):
            for frame in frames.feed(data):
                answer = self._obey(frame.data)
                if self.mood == "mute":
                    continue
                sent = onbon.build(onbon.Frame(answer, to=frame.by, by=frame.to))
                if self.mood == "garbled":
                    sent = b"\x00\x5a\xa5\x13" + sent + b"\xff"
                writer.write(sent)
            self.dropped = frames.dropped

    def _obey(self, command: bytes) -> bytes:
        area = onbon.shown_area(command)
        if self.mood == "busy" and area is not None:
            return onbon.reply(False, 3)
        if area is not None:
            self._show(tuple(_plain(line) for line in area.text.split(b"\\n")))
        elif command[:2] != onbon.ping()[:2]:
            return onbon.reply(False, 2)
        return onbon.reply(True)


def _plain(line: bytes) -> str:
    """A line without the marks of fonts and colours."""
    text = line.decode("gbk", "replace")
    while text.startswith("\\"):
        text = text[3:] if text.startswith("\\C") else text[6:]
    return text
