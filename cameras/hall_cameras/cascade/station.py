"""What an `Agent` needs of the network: its port, the connection that it dials, names, and one
timer, set to what the agent says is due."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import time
from collections.abc import Callable

import structlog

from hall_cameras.cascade.agent import Agent
from hall_cameras.cascade.port import Connection, Port, Ports, write
from hall_cameras.cascade.sip import BadMessage, Message, Uri, returned
from hall_cameras.cascade.transactions import Path, Send
from hall_cameras.cascade.upper import Effect

log = structlog.get_logger()

DIAL_S = 5.0
MESSAGES_A_SECOND = 200  # more are dropped: nobody's cameras need it
RESOLVE_S = 60.0  # between looks for another address
NAME_S = 3.0  # for finding one: set-up does not wait longer
UNSENT_MAX = 64
LEAVE_S = 2.0


class Station:
    """`effect` is told of everything but what is to be sent."""

    def __init__(self, agent: Agent, ports: Ports, effect: Callable[[Effect], None]) -> None:
        self.agent = agent
        self._ports = ports
        self._effect = effect
        self._loop = asyncio.get_running_loop()
        self._port: Port | None = None
        self._dialled: asyncio.Transport | None = None
        self._dialing: asyncio.Task[None] | None = None
        self._unsent: list[bytes] = []  # until the connection is there
        self._timer: asyncio.TimerHandle | None = None
        self._addresses: dict[str, str] = {}
        self._tending: asyncio.Task[None] | None = None
        self._second = 0
        self._count = 0
        self._left = asyncio.Event()  # signed off, and every BYE was answered
        self.trouble = ""  # why it cannot even begin

    # --- life ----------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Open the port and register; a port that another program has is tried again."""
        await self._resolve(self.agent.upper.host)
        await self._open()
        self._tending = asyncio.create_task(self._tend())

    async def _open(self) -> None:
        number = self.agent.upper.local_port
        try:
            self._port = await self._ports.join(number, self)
        except OSError as error:
            self.trouble = "port_taken"
            self.agent.line.say(f"port {number}: {error.strerror or error}")
            return
        self.trouble = ""
        self._find_ourselves()
        self.agent.start(time.monotonic())
        self.work()

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(RESOLVE_S)
            await self._resolve(self.agent.upper.host)
            if self._port is None:
                await self._open()
            elif self._find_ourselves():
                self.agent.registration.again(time.monotonic())  # it knows us by the old address
                self.work()

    def _find_ourselves(self) -> bool:
        """Our address, as the platform sees it (but for NAT): whether it is another one."""
        assert self._port is not None
        host = "127.0.0.1"
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe,
        ):
            probe.connect((self._addresses.get(self.agent.upper.host, host), 9))
            host = str(probe.getsockname()[0])
        line = self.agent.line
        old, line.contact = line.contact, Uri(self.agent.upper.device_id, host, self._port.number)
        return old != line.contact

    async def end(self) -> None:
        """Hang up, sign off, close."""
        if self._port is not None:
            self._left.clear()
            self.agent.leave(time.monotonic())
            self.work()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._left.wait(), LEAVE_S)
        for task in (self._dialing, self._tending):
            if task is not None:
                task.cancel()
        if self._timer is not None:
            self._timer.cancel()
        if self._dialled is not None:
            self._dialled.abort()
        if self._port is not None:
            self._ports.leave(self.agent.upper.local_port, self)
            self._port = None

    # --- names ---------------------------------------------------------------------------------

    async def _resolve(self, host: str) -> None:
        try:
            self._addresses[host] = str(ipaddress.IPv4Address(host))
        except ValueError:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(NAME_S):
                    found = await self._loop.getaddrinfo(host, None, family=socket.AF_INET)
                self._addresses[host] = str(found[0][4][0])

    def _address(self, host: str) -> str | None:
        if host not in self._addresses:
            with contextlib.suppress(ValueError):  # another server, named by a redirect
                self._addresses[host] = str(ipaddress.IPv4Address(host))
        return self._addresses.get(host)

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
        if due is not None and self._port is not None:
            wait = max(0.0, due - time.monotonic())
            self._timer = self._loop.call_later(wait, self._tick)

    def _tick(self) -> None:
        self.agent.tick(time.monotonic())
        self.work()

    def _send(self, effect: Send) -> None:
        path = effect.path
        if self._port is None:
            return
        if path.kind == "udp":
            address = self._address(path.host)
            if address is not None:
                self._port.datagram_to(effect.data, (address, path.port))
            elif self._dialing is None or self._dialing.done():
                self._dialing = asyncio.create_task(self._resolve(path.host))  # it is sent again
        elif path.connection:
            self._port.write(path.connection, effect.data)
        elif self._dialled is not None:
            write(self._dialled, effect.data)
        else:
            self._unsent = [*self._unsent[1 - UNSENT_MAX :], effect.data]
            if self._dialing is None or self._dialing.done():
                self._dialing = asyncio.create_task(self._dial(path))

    async def _dial(self, path: Path) -> None:
        try:
            async with asyncio.timeout(DIAL_S):
                if self._address(path.host) is None:
                    await self._resolve(path.host)
                address = self._address(path.host)
                if address is None:
                    raise OSError("a name that is not known")
                await self._loop.create_connection(lambda: Connection(self), address, path.port)
        except (OSError, TimeoutError):
            self._loop.call_soon(self.lost, 0)

    # --- in: of a port, and of the connection that we dialled -----------------------------------

    def knows(self, host: str) -> bool:
        known = (self._address(self.agent.upper.host), self._address(self.agent.line.main.host))
        return host in known

    def means(self, message: Message) -> bool:
        if message.is_request:
            return self.agent.named_by(message)
        return self.agent.transactions.awaits(message)

    def received(self, message: Message, path: Path) -> None:
        """A message from the platform's address."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        if self._count > MESSAGES_A_SECOND:
            return
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

    def connected(self, transport: asyncio.Transport, host: str) -> int | None:
        """The connection that we dialled is there."""
        self._dialled = transport
        for data in self._unsent:
            transport.write(data)
        self._unsent = []
        return 0

    def lost(self, connection: int) -> None:
        if connection == 0:
            self._dialled = None
            self._unsent = []
        self.agent.lost(connection, time.monotonic())
        self.work()
