"""A reader's local service that is not there: HTTP on a real socket, for tests and the
demonstration. Like the real one it refuses to be asked twice at once."""

from __future__ import annotations

import asyncio
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import msgspec

from hall_core.agent.simulated import SimulatedDevice

Mood = Literal["well", "hangs", "garbled", "no_reader", "huge"]

_READ = {"code": "0", "retcode": "0x90 0x1", "retmsg": "操作成功||相片解码解码正确"}
_NO_CARD = {"code": "65", "retcode": "0x41", "retmsg": "读取失败", "cardno": "", "name": ""}
_NO_READER = {"code": "1", "retcode": "0x1", "retmsg": "打开端口失败"}
_BUSY = {"code": "3", "retcode": "0x3", "retmsg": "读卡器正忙"}


class ReaderSimulator(SimulatedDevice):
    """The service on 127.0.0.1. `put` lays a card on it, `take` removes it."""

    def __init__(self) -> None:
        super().__init__()
        self.mood: Mood = "well"
        self.asked = 0  # readings begun
        self.refused = 0  # readings asked for while another went on
        self._card: dict[str, str] | None = None
        self._laid = asyncio.Event()
        self._reading = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, number: str, name: str) -> None:
        """Lay a card on the reader."""
        born = number[6:14]
        photo = "aGVyZSBpcyBhIGZhY2U=" * 500
        self._card = {"cardno": number, "name": name, "born": born, "address": "某市某街道",
                      "photobase64": photo, "CardType": "0"}  # fmt: skip
        self._laid.set()

    def take(self) -> None:
        """Take the card away."""
        self._card = None
        self._laid.clear()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if self.mood == "hangs":
            await reader.read()  # until the other side has had enough
            return
        words = head.split(b" ", 2)
        if len(words) < 2:
            return
        target = urlsplit(words[1].decode())
        body = await self._answer(target.path, parse_qs(target.query))
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )
        await writer.drain()

    async def _answer(self, path: str, query: dict[str, list[str]]) -> bytes:
        if path == "/api/Version":
            return msgspec.json.encode({"retcode": "0", "retmsg": "v3.3.4", "errmsg": ""})
        if self._reading:
            self.refused += 1
            return msgspec.json.encode(_BUSY)
        self._reading = True
        self.asked += 1
        try:
            return await self._read(float(query.get("waitTime", ["1"])[0]), "NoPhoto" in query)
        finally:
            self._reading = False

    async def _read(self, wait_s: float, no_photo: bool) -> bytes:
        if self.mood == "garbled":
            return b'<html>\xff\xfe{"cardno":'
        if self.mood == "huge":
            return b'{"code":"0","photobase64":"' + b"A" * 2_000_000 + b'"}'
        if self.mood == "no_reader":
            return msgspec.json.encode(_NO_READER)
        if self._card is None:
            try:
                await asyncio.wait_for(self._laid.wait(), wait_s)
            except TimeoutError:
                return msgspec.json.encode(_NO_CARD)
        answer: dict[str, Any] = {**_READ, **(self._card or {})}
        if no_photo:
            answer["photobase64"] = ""
        return msgspec.json.encode(answer)
