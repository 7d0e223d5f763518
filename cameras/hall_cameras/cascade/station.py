"""The sockets of one upper platform: a thin shell around an `Agent`.

UDP and TCP on the same port of ours. Only the platform's own address is heard; what else comes is
dropped unread. One timer, set to what the agent says is due.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import time
from collections.abc import Callable
from typing import Any

import structlog

from hall_cameras.cascade.agent import Agent
from hall_cameras.cascade.sip import BadMessage, Message, Stream, Uri, parse, returned
from hall_cameras.cascade.transactions import Path, Send
from hall_cameras.cascade.upper import Effect

log = structlog.get_logger()

DIAL_S = 5.0
CONNECTIONS_MAX = 8
WAITING_MAX = 1 << 20  # bytes that a peer does not take
MESSAGES_A_SECOND = 200  # more are dropped: nobody's cameras need it
RESOLVE_S = 60.0
LEAVE_S = 2.0


class Station:
    """`effect` is told of everything but what is to be sent."""

    def __init__(self, agent: Agent, effect: Callable[[Effect], None]) -> None:
        self.agent = agent
        self._effect = effect
        self._loop = asyncio.get_running_loop()
        self._udp: asyncio.DatagramTransport | None = None
        self._server: asyncio.Server | None = None
        self._connections: dict[int, asyncio.Transport] = {}
        self._last_connection = 0
        self._dialing: asyncio.Task[None] | None = None
        self._unsent: list[bytes] = []  # until the connection is there
        self._timer: asyncio.TimerHandle | None = None
        self._addresses: dict[str, str] = {}
        self._resolving: asyncio.Task[None] | None = None
        self._second = 0
        self._count = 0
        self._left = asyncio.Event()  # signed off, and every BYE was answered
        self.trouble = ""  # why it cannot even begin

    # --- life ----------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Open the sockets and register."""
        upper = self.agent.upper
        await self._resolve(upper.host)
        try:
            self._udp, _ = await self._loop.create_datagram_endpoint(
                lambda: _Datagrams(self), local_addr=("0.0.0.0", upper.local_port)
            )
            port = self._udp.get_extra_info("sockname")[1]
            self._server = await self._loop.create_server(
                lambda: _Connection(self), "0.0.0.0", port
            )
        except OSError as error:
            self.trouble = "port_taken"
            self.agent.line.say(f"port {upper.local_port}: {error.strerror or error}")
            await self._close()
            return
        self.agent.line.contact = Uri(upper.device_id, self._own_address(), port)
        self.agent.start(time.monotonic())
        self.work()
        self._resolving = asyncio.create_task(self._resolve_again())

    def _own_address(self) -> str:
        """Ours, as the platform sees it (but for NAT)."""
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe,
        ):
            probe.connect((self._addresses.get(self.agent.upper.host, "127.0.0.1"), 9))
            return str(probe.getsockname()[0])
        return "127.0.0.1"

    async def end(self) -> None:
        """Hang up, sign off, close."""
        if self._udp is not None:
            self._left.clear()
            self.agent.leave(time.monotonic())
            self.work()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._left.wait(), LEAVE_S)
        await self._close()

    async def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for task in (self._dialing, self._resolving):
            if task is not None:
                task.cancel()
        if self._server is not None:
            self._server.close()
        for transport in list(self._connections.values()):
            transport.abort()
        if self._udp is not None:
            self._udp.close()

    # --- names ---------------------------------------------------------------------------------

    async def _resolve(self, host: str) -> None:
        try:
            self._addresses[host] = str(ipaddress.IPv4Address(host))
        except ValueError:
            with contextlib.suppress(OSError):
                found = await self._loop.getaddrinfo(host, None, family=socket.AF_INET)
                self._addresses[host] = str(found[0][4][0])

    async def _resolve_again(self) -> None:
        while True:
            await asyncio.sleep(RESOLVE_S)
            await self._resolve(self.agent.upper.host)

    def _address(self, host: str) -> str | None:
        if host not in self._addresses:
            with contextlib.suppress(ValueError):  # another server, named by a redirect
                self._addresses[host] = str(ipaddress.IPv4Address(host))
        return self._addresses.get(host)

    def _heard(self, host: str) -> bool:
        """Whether it is the platform that speaks, and not too fast."""
        known = (self._address(self.agent.upper.host), self._address(self.agent.line.main.host))
        if host not in known:
            return False
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        return self._count <= MESSAGES_A_SECOND

    # --- out -----------------------------------------------------------------------------------

    def work(self) -> None:
        """Do what the agent wants done, and set the timer."""
        while True:
            effects = self.agent.take()
            for effect in effects:
                if isinstance(effect, Send):
                    self._send(effect)
                else:
                    self._effect(effect)
            if not effects:
                break
        if self.agent.registration.gone and not self.agent.transactions.waiting:
            self._left.set()
        due = self.agent.due()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due is not None:
            wait = max(0.0, due - time.monotonic())
            self._timer = self._loop.call_later(wait, self._tick)

    def _tick(self) -> None:
        self.agent.tick(time.monotonic())
        self.work()

    def _send(self, effect: Send) -> None:
        path = effect.path
        if path.kind == "udp":
            address = self._address(path.host)
            if self._udp is not None and not self._udp.is_closing() and address is not None:
                self._udp.sendto(effect.data, (address, path.port))
        elif path.connection in self._connections:
            self._write(path.connection, effect.data)
        elif path.connection == 0:
            self._unsent = [*self._unsent[-63:], effect.data]
            if self._dialing is None or self._dialing.done():
                self._dialing = asyncio.create_task(self._dial(path))

    def _write(self, connection: int, data: bytes) -> None:
        transport = self._connections[connection]
        if transport.get_write_buffer_size() > WAITING_MAX:
            transport.abort()
        else:
            transport.write(data)

    async def _dial(self, path: Path) -> None:
        try:
            async with asyncio.timeout(DIAL_S):
                address = self._address(path.host)
                if address is None:
                    raise OSError("a name that is not known")
                await self._loop.create_connection(
                    lambda: _Connection(self, dialled=True), address, path.port
                )
        except (OSError, TimeoutError):
            self._unsent = []
            self._loop.call_soon(self.lost, 0)

    # --- in ------------------------------------------------------------------------------------

    def received(self, message: Message, path: Path) -> None:
        """A message from the platform's address."""
        if message.is_request:
            via = returned(message.get("via"), path.host, path.port)
            at = next(i for i, (key, _) in enumerate(message.headers) if key == "via")
            message.headers[at] = ("via", via)
        try:
            self.agent.received(message, path, time.monotonic())
        except BadMessage:
            return
        except Exception:  # a fault of ours must not end the platform's line
            log.exception("cascade_message_failed", platform=self.agent.upper.name)
        self.work()

    def datagram(self, data: bytes, address: tuple[Any, ...]) -> None:
        if not self._heard(address[0]):
            return
        try:
            message = parse(data)
        except BadMessage:
            return
        self.received(message, Path("udp", address[0], address[1]))

    def connected(self, transport: asyncio.Transport, dialled: bool) -> int | None:
        """The number of a new connection; None: it is not wanted."""
        if dialled:
            self._connections[0] = transport
            for data in self._unsent:
                transport.write(data)
            self._unsent = []
            return 0
        peer = transport.get_extra_info("peername")
        if peer is None or not self._heard(peer[0]) or len(self._connections) > CONNECTIONS_MAX:
            return None
        self._last_connection += 1
        self._connections[self._last_connection] = transport
        return self._last_connection

    def lost(self, connection: int) -> None:
        self._connections.pop(connection, None)
        self.agent.lost(connection, time.monotonic())
        self.work()

    def heard(self, host: str) -> bool:
        return self._heard(host)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, station: Station) -> None:
        self._station = station

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._station.datagram(data, addr)


class _Connection(asyncio.Protocol):
    """One TCP connection, ours or theirs."""

    def __init__(self, station: Station, dialled: bool = False) -> None:
        self._station = station
        self._dialled = dialled
        self._number: int | None = None
        self._stream = Stream()
        self._transport: asyncio.Transport | None = None
        self._peer: tuple[str, int] = ("", 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer = transport.get_extra_info("peername") or ("", 0)
        self._peer = (str(peer[0]), int(peer[1]))
        self._number = self._station.connected(transport, self._dialled)
        if self._number is None:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._number is None or self._transport is None:
            return
        try:
            for message in self._stream.feed(data):
                if not self._station.heard(self._peer[0]):
                    raise BadMessage("too fast")
                path = Path("tcp", *self._peer, self._number)
                self._station.received(message, path)
        except BadMessage:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._number is not None:
            self._station.lost(self._number)
