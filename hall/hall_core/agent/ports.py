"""Where a device is connected: a serial port or a TCP address, read and written in one way.

`serial` ports (also USB adapters and RS-485) go through pyserial, whose calls block; each port has
a thread of its own for reading and one for writing, so that a dead device holds up nobody else.
"""

from __future__ import annotations

import asyncio
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import msgspec

CHUNK = 4096  # bytes read at once
CONNECT_S = 5.0
WRITE_S = 5.0
KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}  # s, s, unanswered
SERIAL_WAIT_S = 0.1  # how long one read of a serial port waits in its thread

_TCP = re.compile(r"tcp://(\[[0-9A-Fa-f:.]+\]|[^/:\s]+)(?::(\d{1,5}))?/?")
_SERIAL = re.compile(r"/.+|COM\d+", re.IGNORECASE)


class PortError(Exception):
    """The device cannot be reached, or went; the message says why."""


class Port(Protocol):
    """An open connection to a device. Every method may raise PortError."""

    async def read(self) -> bytes:
        """Some bytes; never none."""

    async def write(self, data: bytes) -> None:
        """Returns when the bytes were handed to the line."""

    async def close(self) -> None:
        """Never raises."""


class Address(msgspec.Struct, frozen=True):
    """`tcp://HOST:PORT`, or a serial port's name: `COM3`, `/dev/ttyUSB0`."""

    host: str
    port: int  # 0: a serial port, and `host` is its name


def address_of(text: str, default_port: int | None = None) -> Address:
    """The address that `text` means. With a `default_port` the port may be left out, and a bare
    host is one, too.

    Raises:
        ValueError: neither a TCP address nor the name of a port.
    """
    text = text.strip()
    found = _TCP.fullmatch(text)
    port = int(found[2] or default_port or 0) if found is not None else 0
    if found is not None and 0 < port < 65536:
        return Address(found[1].strip("[]"), port)
    if text.startswith("tcp:") or not text:
        raise ValueError(f"{text!r} is no address; write tcp://HOST:PORT or a serial port's name")
    if default_port is None or _SERIAL.fullmatch(text):
        return Address(text, 0)
    return Address(text, default_port)


async def open_port(address: Address, baud: int = 9600) -> Port:
    """Connect.

    Raises:
        PortError: it cannot be reached.
    """
    if address.port:
        try:
            async with asyncio.timeout(CONNECT_S):
                reader, writer = await asyncio.open_connection(address.host, address.port)
        except (OSError, TimeoutError) as error:
            raise PortError(f"{address.host}:{address.port}: {error or 'no answer'}") from None
        _keep_alive(writer.get_extra_info("socket"))
        return _TcpPort(reader, writer)
    return await _SerialPort.open(address.host, baud)


def _keep_alive(connected: socket.socket) -> None:
    """Ask the other end now and then whether it is there: a caller that lost its power says
    nothing, and nobody writes to it, so its key presses would be waited for until the agent ends.
    """
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):  # each system has its own
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class _TcpPort:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        try:
            data = await self._reader.read(CHUNK)
        except OSError as error:
            raise PortError(str(error)) from None
        if not data:
            raise PortError("the device closed the connection")
        return data

    async def write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            async with asyncio.timeout(WRITE_S):
                await self._writer.drain()
        except (OSError, TimeoutError) as error:
            raise PortError(str(error) or "the device takes no data") from None

    async def close(self) -> None:
        self._writer.transport.abort()


class _SerialPort:
    def __init__(self, device: Any) -> None:
        self._device = device
        self._reads = ThreadPoolExecutor(1, "serial-read")
        self._writes = ThreadPoolExecutor(1, "serial-write")
        self._closed = False

    @classmethod
    async def open(cls, name: str, baud: int) -> _SerialPort:
        import serial  # only where a serial device is used

        def connect() -> Any:
            return serial.Serial(name, baud, timeout=SERIAL_WAIT_S, write_timeout=WRITE_S)

        try:
            return cls(await asyncio.to_thread(connect))
        except (OSError, ValueError) as error:
            raise PortError(str(error)) from None

    def _read_some(self) -> bytes:
        """One byte at least, then what else has come; nothing when nothing came."""
        first: bytes = self._device.read(1)
        if not first:
            return b""
        rest: bytes = self._device.read(min(self._device.in_waiting, CHUNK - 1))
        return first + rest

    async def read(self) -> bytes:
        loop = asyncio.get_running_loop()
        while not self._closed:
            try:
                data = await loop.run_in_executor(self._reads, self._read_some)
            except (OSError, TypeError, RuntimeError) as error:  # unplugged, or closed meanwhile
                raise PortError(str(error)) from None
            if data:
                return data
        raise PortError("the port was closed")

    async def write(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._writes, self._device.write, data)
        except (OSError, TypeError, RuntimeError) as error:
            raise PortError(str(error)) from None

    async def close(self) -> None:
        self._closed = True
        self._writes.shutdown(wait=False, cancel_futures=True)
        self._reads.shutdown(wait=False, cancel_futures=True)
        # Its reader leaves within SERIAL_WAIT_S; closing under it would close another's file.
        await asyncio.to_thread(self._finish)

    def _finish(self) -> None:
        self._reads.shutdown(wait=True)
        self._device.close()
