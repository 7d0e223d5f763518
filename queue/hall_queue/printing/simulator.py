"""A ticket printer that is none: a TCP server that speaks ESC/POS and keeps what it printed.

Used by tests and by the demonstration. It answers status queries at once, as printers do, also
while it is out of paper; what it was sent then stays in its buffer until there is paper again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Literal

import msgspec

from hall_core.agent.simulated import SimulatedDevice

NEAR_END_LINES = 60  # about 25 cm
KEPT = 50  # tickets

Mood = Literal["well", "hang", "garbage", "deaf"]
"""How it answers: `hang` not at all, `garbage` nonsense, `deaf` to everything but status queries
(some printers know no `GS r`)."""


class Printed(msgspec.Struct):
    """One ticket as it came out: lines with their size (1 to 8), and QR codes' texts."""

    lines: list[tuple[str, int]] = []
    codes: list[str] = []

    @property
    def text(self) -> str:
        return "\n".join(line for line, _ in self.lines)


class Paper:
    """Decodes what is printed. `feed` gives the answers that come in the order of printing."""

    def __init__(self) -> None:
        self.tickets: deque[Printed] = deque(maxlen=KEPT)
        self.cuts = 0
        self.lines_left: int | None = None  # of the roll; None: plenty
        self.strange = 0  # bytes that are no command and no text
        self._buffer = bytearray()
        self._line = bytearray()
        self._size = 1
        self._code = b""
        self._ticket = Printed()

    @property
    def out(self) -> bool:
        return self.lines_left == 0

    @property
    def near_end(self) -> bool:
        return self.lines_left is not None and self.lines_left <= NEAR_END_LINES

    def feed(self, data: bytes) -> bytes:
        """Print `data`, as far as there is paper."""
        self._buffer += data
        replies = bytearray()
        while self._buffer and not self.out:
            taken = self._take(replies)
            if taken == 0:
                break  # a command that is not complete yet
            del self._buffer[:taken]
        if len(self._buffer) > 65536:
            del self._buffer[:-65536]
        return bytes(replies)

    def _take(self, replies: bytearray) -> int:
        """Obey what the buffer begins with; how many bytes that was, 0 if more must come."""
        data = self._buffer
        first = data[0]
        if first not in (0x1B, 0x1C, 0x1D):
            return self._print(first)
        if len(data) < 2:
            return 0
        command = bytes(data[:2])
        length = _LENGTHS.get(command)
        if command == b"\x1d(":
            if len(data) < 5:
                return 0
            length = 5 + data[3] + 256 * data[4]
        elif command == b"\x1dV":
            length = 3 if len(data) < 3 or data[2] in (0, 1, 48, 49) else 4
        if length is None:
            self.strange += 2
            return 2
        if len(data) < length:
            return 0
        self._obey(command, bytes(data[2:length]), replies)
        return length

    def _print(self, sign: int) -> int:
        if sign == 0x0A:
            self._end_line()
        elif sign < 0x20:
            self.strange += 1
        else:
            self._line.append(sign)
            if len(self._line) > 4096:
                self._end_line()
        return 1

    def _end_line(self) -> None:
        text = self._line.decode("gb18030", errors="replace")
        self._line.clear()
        if self.lines_left is not None:
            self.lines_left = max(0, self.lines_left - self._size)
        if len(self._ticket.lines) < 500:
            self._ticket.lines.append((text, self._size))

    def _obey(self, command: bytes, rest: bytes, replies: bytearray) -> None:
        if command == b"\x1b@":
            self._size = 1
        elif command == b"\x1d!":
            self._size = (rest[0] & 0x07) + 1
        elif command == b"\x1d(" and rest[0:1] == b"k":
            body = rest[3:]
            if body.startswith(b"1P0"):
                self._code = body[3:]
            elif body.startswith(b"1Q0") and len(self._ticket.codes) < 20:
                self._ticket.codes.append(self._code.decode("utf-8", errors="replace"))
        elif command == b"\x1dV":
            if self._line:
                self._end_line()
            self.tickets.append(self._ticket)
            self.cuts += 1
            self._ticket = Printed()
        elif command == b"\x1dr":
            replies.append(0x03 if self.near_end else 0x00)


# The commands that have a fixed length, with it; others are strange.
_LENGTHS: dict[bytes, int] = {
    b"\x1b@": 2, b"\x1ba": 3, b"\x1bE": 3, b"\x1bd": 3, b"\x1b!": 3, b"\x1bM": 3, b"\x1b-": 3,
    b"\x1bG": 3, b"\x1bt": 3, b"\x1bR": 3, b"\x1b{": 3, b"\x1bJ": 3, b"\x1b2": 2, b"\x1b3": 3,
    b"\x1c&": 2, b"\x1c.": 2, b"\x1d!": 3, b"\x1dB": 3, b"\x1dr": 3, b"\x1db": 3, b"\x1dL": 4,
}  # fmt: skip


class PrinterSimulator(SimulatedDevice):
    """The printer on a TCP port of this machine.

    `paper`, `cover_open` and `mood` may be changed at any time.
    """

    def __init__(self) -> None:
        super().__init__()
        self.paper = Paper()
        self.cover_open = False
        self.mood: Mood = "well"
        self.connections = 0  # since the start
        self._news = asyncio.Condition()

    async def printed(self, cuts: int) -> Printed:
        """The newest ticket, once so many were cut since the start."""
        async with self._news:
            await self._news.wait_for(lambda: self.paper.cuts >= cuts)
        return self.paper.tickets[-1]

    async def load(self, lines: int | None = None) -> None:
        """Put in a roll of so many lines, None: plenty; what waits in the buffer is printed."""
        self.paper.lines_left = lines
        replies = self.paper.feed(b"")
        for line in tuple(self._lines):
            line.write(replies)
        await self._tell()

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        left = b""
        while data := await reader.read(4096):
            left = await self._take(left + data, writer)

    async def _take(self, data: bytes, writer: asyncio.StreamWriter) -> bytes:
        """Obey; what may be the beginning of a status query is given back."""
        replies = bytearray()
        plain = bytearray()
        while data:
            at = data.find(b"\x10\x04")
            if at < 0 or at + 2 >= len(data):
                keep = len(data) - at if at >= 0 else int(data.endswith(b"\x10"))
                plain += data[: len(data) - keep]
                data = data[len(data) - keep :]
                break
            plain += data[:at]
            replies.append(self._status(data[at + 2]))
            data = data[at + 3 :]
        ordered = self.paper.feed(bytes(plain))
        if self.mood == "well":
            replies += ordered
        if self.mood == "garbage":
            replies = bytearray(b"\xff\x00\xa5" * 40)
        if self.mood != "hang":
            writer.write(bytes(replies))
            await writer.drain()
        await self._tell()
        return data

    def _status(self, n: int) -> int:
        stopped = self.paper.out or self.cover_open
        answer = 0x12
        if n == 1:
            answer |= 0x08 if stopped else 0
        elif n == 2:
            answer |= (0x04 if self.cover_open else 0) | (0x20 if self.paper.out else 0)
        elif n == 4:
            answer |= (0x60 if self.paper.out else 0) | (0x0C if self.paper.near_end else 0)
        return answer
