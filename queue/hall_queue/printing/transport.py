"""The line to a printer: TCP (port 9100), or a device node such as /dev/usb/lp0."""

from __future__ import annotations

import asyncio
import os
import re
import stat
import tty
from collections.abc import Callable
from typing import Protocol

import msgspec

OPEN_S = 4.0
PORT = 9100


class Address(msgspec.Struct, frozen=True):
    """`host` and `port`, or `path` of a device node."""

    text: str
    host: str = ""
    port: int = 0
    path: str = ""


def parse(text: str) -> Address:
    """`tcp://HOST[:PORT]`, or a path.

    Raises:
        ValueError: it is neither.
    """
    found = re.fullmatch(r"tcp://([^\s:/\[\]]+|\[[0-9a-fA-F:]+\])(?::(\d{1,5}))?/?", text)
    if found and 0 < int(found[2] or PORT) < 65536:
        return Address(text, host=found[1].strip("[]"), port=int(found[2] or PORT))
    path = text.removeprefix("file://")
    if path.startswith("/"):
        return Address(text, path=path)
    raise ValueError(f"{text!r} is no printer; give tcp://HOST:9100 or a path such as /dev/usb/lp0")


class Wire(Protocol):
    """An open line. All raise OSError when it is gone."""

    async def send(self, data: bytes) -> None: ...

    async def receive(self) -> bytes: ...

    def close(self) -> None: ...


async def open_wire(address: Address) -> Wire:
    """Raises OSError (also TimeoutError) when the printer can't be reached."""
    async with asyncio.timeout(OPEN_S):
        if address.path:
            return await _open_node(address.path)
        reader, writer = await asyncio.open_connection(address.host, address.port)
        return _Stream(reader, writer)


class _Stream:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def receive(self) -> bytes:
        data = await self._reader.read(256)
        if not data:
            raise ConnectionResetError("the printer closed the line")
        return data

    def close(self) -> None:
        self._writer.close()


async def _open_node(path: str) -> Wire:
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        if not stat.S_ISCHR(os.fstat(descriptor).st_mode):
            raise OSError(f"{path} is no device")
        if os.isatty(descriptor):
            tty.setraw(descriptor)  # a line discipline would eat the status bytes
    except BaseException:
        os.close(descriptor)
        raise
    return _Node(descriptor)


class _Node:
    """A character device, read and written through one descriptor: a USB printer may be opened
    once only."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                await self._ready(self._loop.add_writer, self._loop.remove_writer)

    async def receive(self) -> bytes:
        while True:
            try:
                data = os.read(self._descriptor, 256)
            except BlockingIOError:
                await self._ready(self._loop.add_reader, self._loop.remove_reader)
                continue
            if not data:
                raise ConnectionResetError("the device is gone")
            return data

    async def _ready(self, add: Callable[..., None], remove: Callable[[int], bool]) -> None:
        ready = asyncio.Event()
        add(self._descriptor, ready.set)
        try:
            await ready.wait()
        finally:
            remove(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)
