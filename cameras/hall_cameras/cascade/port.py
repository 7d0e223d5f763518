"""Our SIP port: one UDP and one TCP socket for all upper platforms that are set up with it, as an
installer opens one port (5060) in the firewall. Platforms are told apart by the address that they
speak from, and behind one address by who they say they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from hall_cameras.cascade.sip import BadMessage, Message, Stream, parse
from hall_cameras.cascade.transactions import Path

CONNECTIONS_MAX = 32  # beyond, the oldest is closed: its peer may be long gone
WAITING_MAX = 1 << 20  # bytes that a peer does not take


class Listener(Protocol):
    """A platform's side of a port."""

    def knows(self, host: str) -> bool:
        """Whether it speaks from there."""

    def means(self, message: Message) -> bool:
        """Whether this is from it, or an answer to it."""

    def received(self, message: Message, path: Path) -> None: ...

    def lost(self, connection: int) -> None:
        """A connection that it may use has ended."""


class Port:
    """Opened by the first platform and closed after the last; see `Ports`."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self.number = 0
        self._udp: asyncio.DatagramTransport | None = None
        self._server: asyncio.Server | None = None
        self._connections: dict[int, asyncio.Transport] = {}
        self._last = 0

    async def open(self, number: int) -> None:
        """Raises OSError when another program has it."""
        loop = asyncio.get_running_loop()
        try:
            self._udp, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(self), local_addr=("0.0.0.0", number)
            )
            self.number = self._udp.get_extra_info("sockname")[1]
            self._server = await loop.create_server(
                lambda: Connection(self), "0.0.0.0", self.number
            )
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for transport in list(self._connections.values()):
            transport.abort()
        if self._udp is not None:
            self._udp.close()

    # --- out -----------------------------------------------------------------------------------

    def datagram_to(self, data: bytes, address: tuple[str, int]) -> None:
        if self._udp is not None and not self._udp.is_closing():
            self._udp.sendto(data, address)

    def write(self, connection: int, data: bytes) -> None:
        """To whoever connected to us; nothing when they have gone."""
        transport = self._connections.get(connection)
        if transport is not None:
            write(transport, data)

    # --- in ------------------------------------------------------------------------------------

    def near(self, host: str) -> Sequence[Listener]:
        return [listener for listener in self.listeners if listener.knows(host)]

    def received(self, message: Message, path: Path) -> None:
        near = self.near(path.host)
        if len(near) > 1:
            near = [listener for listener in near if listener.means(message)] or near
        if near:
            near[0].received(message, path)

    def datagram(self, data: bytes, address: tuple[Any, ...]) -> None:
        if not self.near(address[0]):
            return  # unread
        try:
            message = parse(data)
        except BadMessage:
            return
        self.received(message, Path("udp", address[0], address[1]))

    def connected(self, transport: asyncio.Transport, host: str) -> int | None:
        """The number of a new connection; None: it is not wanted."""
        if not self.near(host):
            return None
        if len(self._connections) >= CONNECTIONS_MAX:
            next(iter(self._connections.values())).abort()
        self._last += 1
        self._connections[self._last] = transport
        return self._last

    def lost(self, connection: int) -> None:
        self._connections.pop(connection, None)
        for listener in self.listeners:
            listener.lost(connection)


class Ports:
    """All of ours, by number."""

    def __init__(self) -> None:
        self._open: dict[int, Port] = {}
        self._lock = asyncio.Lock()

    async def join(self, number: int, listener: Listener) -> Port:
        """Raises OSError when another program has it."""
        async with self._lock:
            port = self._open.get(number)
            if port is None:
                port = Port()
                await port.open(number)
                self._open[number] = port
            port.listeners.append(listener)
            return port

    def leave(self, number: int, listener: Listener) -> None:
        port = self._open[number]
        port.listeners.remove(listener)
        if not port.listeners:
            del self._open[number]
            port.close()


def write(transport: asyncio.Transport, data: bytes) -> None:
    """Send, unless the peer takes nothing: then it is cut off."""
    if transport.get_write_buffer_size() > WAITING_MAX:
        transport.abort()
    else:
        transport.write(data)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, port: Port) -> None:
        self._port = port

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._port.datagram(data, addr)


class Ends(Protocol):
    """Who owns a connection: a port, or the station that dialled."""

    def connected(self, transport: asyncio.Transport, host: str) -> int | None: ...

    def received(self, message: Message, path: Path) -> None: ...

    def lost(self, connection: int) -> None: ...


class Connection(asyncio.Protocol):
    """One TCP connection, ours or theirs."""

    def __init__(self, owner: Ends) -> None:
        self._owner = owner
        self._number: int | None = None
        self._stream = Stream()
        self._transport: asyncio.Transport | None = None
        self._peer: tuple[str, int] = ("", 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer = transport.get_extra_info("peername") or ("", 0)
        self._peer = (str(peer[0]), int(peer[1]))
        self._number = self._owner.connected(transport, self._peer[0])
        if self._number is None:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._number is None or self._transport is None:
            return
        try:
            for message in self._stream.feed(data):
                self._owner.received(message, Path("tcp", *self._peer, self._number))
        except BadMessage:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._number is not None:
            self._owner.lost(self._number)
