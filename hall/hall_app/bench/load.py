"""A small HTTP and WebSocket client over raw asyncio transports.

It only knows the few things the benchmarks send, so that what is measured is the server.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import struct
import time
from typing import Any, TypeVar

_keys = itertools.count()
_RUN = f"{os.getpid()}-{time.monotonic_ns()}"


def request(path: str, token: str, body: dict[str, Any]) -> bytes:
    """A POST with a fresh idempotency key."""
    payload = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Idempotency-Key: {_RUN}-{next(_keys)}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(payload)}\r\n\r\n"
    )
    return head.encode() + payload


class Connection(asyncio.Protocol):
    """One keep-alive connection with one request under way."""

    def __init__(self) -> None:
        self._buffer = b""
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = 0
        for header in head.split(b"\r\n"):
            if header.lower().startswith(b"content-length:"):
                length = int(header.partition(b":")[2])
        if len(rest) >= length and self._waiting is not None:
            self._buffer = b""
            waiting, self._waiting = self._waiting, None
            waiting.set_result((int(head.split(b" ", 2)[1]), rest[:length]))

    def connection_lost(self, error: Exception | None) -> None:
        if self._waiting is not None:
            self._waiting.set_exception(ConnectionError("the server closed the connection"))

    async def post(self, raw: bytes) -> tuple[int, bytes]:
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(raw)
        return await self._waiting

    def close(self) -> None:
        self._transport.close()


async def connect(port: int) -> Connection:
    loop = asyncio.get_running_loop()
    _, protocol = await loop.create_connection(Connection, "127.0.0.1", port)
    return protocol


async def must(connection: Connection, path: str, token: str, body: dict[str, Any]) -> bytes:
    """A POST that has to succeed."""
    status, answer = await connection.post(request(path, token, body))
    if status >= 300:
        raise RuntimeError(f"{path} answered {status}: {answer.decode()}")
    return answer


class Screen(asyncio.Protocol):
    """A screen: reads WebSocket frames (or, for a floor, bare ones) and says when each came."""

    def __init__(self, hello: bytes | None) -> None:
        self._hello = hello
        self._upgraded = hello is None
        self._buffer = b""
        self._transport: asyncio.Transport
        self._waiting: tuple[bytes, asyncio.Future[float]] | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self, raw: bytes) -> None:
        self._transport.write(raw)

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._buffer += data
        if not self._upgraded:
            _, separator, rest = self._buffer.partition(b"\r\n\r\n")
            if not separator:
                return
            self._upgraded, self._buffer = True, rest
            assert self._hello is not None
            self._transport.write(masked(self._hello))
        while (frame := self._take()) is not None:
            if not self.ready.done():
                self.ready.set_result(None)
            self.frame(frame, now)

    def frame(self, frame: bytes, now: float) -> None:
        if self._waiting is not None and self._waiting[0] in frame:
            waiting, self._waiting = self._waiting[1], None
            waiting.set_result(now)

    def _take(self) -> bytes | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        length, start = buffer[1], 2
        if length == 126:
            if len(buffer) < 4:
                return None
            length, start = struct.unpack("!H", buffer[2:4])[0], 4
        elif length == 127:
            if len(buffer) < 10:
                return None
            length, start = struct.unpack("!Q", buffer[2:10])[0], 10
        if len(buffer) < start + length:
            return None
        self._buffer = buffer[start + length :]
        return buffer[start : start + length]

    def expect(self, marker: bytes) -> asyncio.Future[float]:
        """The time (perf_counter) when the next frame with `marker` arrives."""
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting = (marker, future)
        return future

    def close(self) -> None:
        self._transport.close()


def masked(payload: bytes) -> bytes:
    """A client's text frame of less than 64 KiB, with a mask of zeros (allowed, and free)."""
    length = len(payload)
    head = (
        struct.pack("!BB", 0x81, 0x80 | length)
        if length < 126
        else struct.pack("!BBH", 0x81, 0x80 | 126, length)
    )
    return head + b"\0\0\0\0" + payload


S = TypeVar("S", bound=Screen)


async def screen(port: int, hall: str, token: str, kind: type[S]) -> S:
    """A screen that has its snapshot."""
    hello = {"type": "hello", "token": token, "after": None}
    return await upgrade(port, f"/api/v1/halls/{hall}/stream", hello, kind)


async def upgrade(port: int, path: str, hello: dict[str, Any], kind: type[S]) -> S:
    """A WebSocket that said `hello` and was answered."""
    first = json.dumps(hello).encode()
    loop = asyncio.get_running_loop()
    _, protocol = await loop.create_connection(lambda: kind(first), "127.0.0.1", port)
    protocol.send(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    await protocol.ready
    return protocol
