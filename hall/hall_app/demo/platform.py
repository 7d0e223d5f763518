"""The demonstration's city: a small upper video platform (GB/T 28181) that the halls register with.

It asks for the catalogue now and then, and watches one camera for a while. Its minutes are real
ones. It shows that things work; whether they are right is judged by sip-tester in the tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import secrets
import socket
import time
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import structlog

from hall_app.server import cameras_of
from hall_cameras.cascade import digest, manscdp, sip
from hall_cameras.cascade.service import Platform
from hall_cameras.cascade.setup import PlatformSetup
from hall_core.kernel import Kernel

log = structlog.get_logger()

PLATFORM = "demo"
HOST = "127.0.0.1"
SERVER_ID, DEVICE_ID = "15990000002000000001", "15990000002000000101"
DOMAIN = SERVER_ID[:10]
LEASE_S = 3600
CATALOGUE_S = 60.0
EMPTY_S = 5.0  # the same, while there is no camera
REST_S, WATCH_S = (20.0, 40.0), (15.0, 40.0)  # between two looks, and for how long
ANSWER_S = 12.0
ITEM = re.compile(r"<Item>.*?</Item>", re.DOTALL)


@contextlib.asynccontextmanager
async def joined(kernel: Kernel) -> AsyncIterator[None]:
    """Have the platform there, and the halls registered with it; nobody waits for that."""
    loop = asyncio.get_running_loop()
    transport, city = await loop.create_datagram_endpoint(City, local_addr=(HOST, 0))
    cascade = cameras_of(kernel).cascade

    async def work() -> None:
        setup = PlatformSetup(
            name="市视频平台（模拟）", server_id=SERVER_ID, host=HOST,
            port=city.port, device_id=DEVICE_ID,
            local_port=free_port(), keepalive_s=30, halls=tuple(kernel.halls),
        )  # fmt: skip
        platform = Platform(platform_id=PLATFORM, setup=setup, password=city.password)
        change = cascade.putting(platform)
        await kernel.writer.write(list(change.rows))
        change.then()
        await cascade.reopen(PLATFORM)
        await city.look()

    working = asyncio.create_task(work())
    try:
        yield
    finally:
        working.cancel()
        await asyncio.wait([working])
        if not working.cancelled() and (error := working.exception()) is not None:
            log.warning("demo_platform_failed", error=repr(error))
        station = cascade.stations.pop(PLATFORM, None)
        if station is not None:
            await station.end()  # while there is somebody to sign off from
        transport.close()


def free_port() -> int:
    """Free for UDP and TCP, most likely."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


class Watching(NamedTuple):
    """A picture that is being sent to us."""

    camera: str
    call: str
    to: str  # their side of the dialog


class City(asyncio.DatagramProtocol):
    """The platform, at a UDP port of its own. `came`: the halls are registered."""

    def __init__(self) -> None:
        self.password = secrets.token_urlsafe(12)
        self._transport: Any = None
        self._nonce = secrets.token_hex(8)
        self._node: tuple[str, int] | None = None  # where the halls are
        self.came = asyncio.Event()
        self._online: set[str] = set()
        self._answers: dict[tuple[str, str], asyncio.Future[sip.Message]] = {}
        self._over: dict[str, asyncio.Event] = {}  # set when the halls hang up
        self._numbers = iter(range(1, 1 << 30))

    @property
    def port(self) -> int:
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    # --- what comes ----------------------------------------------------------------------------

    def datagram_received(self, data: bytes, address: tuple[str | Any, int]) -> None:
        try:
            message = sip.parse(data)
        except sip.BadMessage:
            return
        if not message.is_request:
            waiting = self._answers.get((message.call_id, message.cseq[1]))
            if waiting is not None and not waiting.done() and message.status >= 200:
                waiting.set_result(message)
            return
        if message.method == "REGISTER":
            answer = self._registered(message, address)
        else:
            answer = sip.response(message, 200, "city")
        if message.method == "BYE" and message.call_id in self._over:
            self._over[message.call_id].set()
        self._transport.sendto(answer.encode(), address)
        if message.method == "MESSAGE":
            self._told(message.body)

    def _registered(self, message: sip.Message, address: tuple[str | Any, int]) -> sip.Message:
        challenge = f'Digest realm="{DOMAIN}", nonce="{self._nonce}"'
        asked = digest.challenge(challenge)
        assert asked is not None
        right = digest.authorization(
            asked, DEVICE_ID, self.password, "REGISTER", message.target, ""
        )
        if message.get("authorization") != right:
            return sip.response(message, 401, "city", [("www-authenticate", challenge)])
        if message.get("expires") != "0":
            self._node = (str(address[0]), address[1])
            self.came.set()
        now = time.strftime("%Y-%m-%dT%H:%M:%S")
        return sip.response(message, 200, "city", [("expires", str(LEASE_S)), ("date", now)])

    def _told(self, body: bytes) -> None:
        text = body.decode("gb18030", "replace")
        if "<CmdType>Catalog</CmdType>" not in text:
            return
        for item in ITEM.findall(text):
            found = re.search(r"<DeviceID>(\d{10}13[12]\d{7})</DeviceID>", item)
            if found is not None:
                keep = self._online.add if "<Status>ON<" in item else self._online.discard
                keep(found[1])

    # --- what is asked -------------------------------------------------------------------------

    async def look(self) -> None:
        """At what there is, for ever."""
        await self.came.wait()
        asked = -CATALOGUE_S
        while True:
            if not self._online or time.monotonic() - asked > CATALOGUE_S:
                asked = time.monotonic()
                body = manscdp.write("Query", "Catalog", next(self._numbers), DEVICE_ID, [], "2022")
                await self._ask("MESSAGE", DEVICE_ID, secrets.token_hex(8), 1, body)
            await asyncio.sleep(random.uniform(*REST_S) if self._online else EMPTY_S)
            if self._online:
                await self._watch(random.choice(sorted(self._online)))

    async def _watch(self, camera: str) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind((HOST, 0))  # what comes is not looked at
            watching = await self.invite(camera, receiver.getsockname()[1])
            if watching is None:
                return  # it has gone meanwhile
            over = self._over[watching.call] = asyncio.Event()
            try:
                async with asyncio.timeout(random.uniform(*WATCH_S)):
                    await over.wait()
            except TimeoutError:
                await self.hang_up(watching)
            finally:
                del self._over[watching.call]

    async def invite(self, camera: str, port: int) -> Watching | None:
        """Have a camera's sub stream sent to this port; None when it is refused."""
        call = secrets.token_hex(8)
        offer = (
            f"v=0\r\no={SERVER_ID} 0 0 IN IP4 {HOST}\r\ns=Play\r\nc=IN IP4 {HOST}\r\nt=0 0\r\n"
            f"m=video {port} RTP/AVP 96\r\na=recvonly\r\n"
            "a=rtpmap:96 PS/90000\r\na=streamnumber:1\r\n"
        )
        answer = await self._ask("INVITE", camera, call, 1, offer.encode(), "application/sdp")
        if answer is None or answer.status >= 300:
            return None
        self._send("ACK", camera, call, 1, to=answer.get("to"))
        return Watching(camera, call, answer.get("to"))

    async def hang_up(self, watching: Watching) -> None:
        await self._ask("BYE", watching.camera, watching.call, 2, to=watching.to)

    async def _ask(
        self, method: str, device: str, call: str, number: int, body: bytes = b"",
        kind: str = manscdp.CONTENT_TYPE, to: str = "",
    ) -> sip.Message | None:  # fmt: skip
        """The answer; None when there is none. On this machine nothing is lost on the way."""
        waiting: asyncio.Future[sip.Message] = asyncio.get_running_loop().create_future()
        self._answers[call, method] = waiting
        self._send(method, device, call, number, body, kind, to)
        try:
            async with asyncio.timeout(ANSWER_S):
                return await waiting
        except TimeoutError:
            return None
        finally:
            del self._answers[call, method]

    def _send(
        self, method: str, device: str, call: str, number: int, body: bytes = b"",
        kind: str = manscdp.CONTENT_TYPE, to: str = "",
    ) -> None:  # fmt: skip
        own = "{}:{}".format(*self._transport.get_extra_info("sockname"))
        message = sip.Message(
            method=method,
            target=f"sip:{device}@{DOMAIN}",
            headers=[
                ("via", f"SIP/2.0/UDP {own};rport;branch=z9hG4bK{secrets.token_hex(8)}"),
                ("from", f"<sip:{SERVER_ID}@{DOMAIN}>;tag=city"),
                ("to", to or f"<sip:{device}@{DOMAIN}>"),
                ("call-id", call),
                ("cseq", f"{number} {method}"),
                ("contact", f"<sip:{SERVER_ID}@{own}>"),
                ("max-forwards", "70"),
                ("subject", f"{device}:0,{SERVER_ID}:0"),
                ("content-type", kind),
            ],
            body=body,
        )
        self._transport.sendto(message.encode(), self._node)
