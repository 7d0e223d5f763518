"""The uplink to a video platform (GB/T 28181): what it costs beside reading the camera, how soon a
picture comes, and what a large catalogue does to the event loop.

The camera is FFmpeg in a process of its own (`python -m hall_app.bench.cascade PORT`) that sends
640x360 at 25 fps over RTSP/TCP. CPU is counted by thread: the one that reads (the floor), and the
one that makes program stream and sends it.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from hall_app.bench.result import Result, quantile
from hall_cameras import wire
from hall_cameras.cascade import manscdp, sip, tree
from hall_cameras.cascade.agent import Agent
from hall_cameras.cascade.port import Ports
from hall_cameras.cascade.station import Station
from hall_cameras.cascade.transactions import Send
from hall_cameras.cascade.tree import SharedCamera, SharedHall
from hall_cameras.cascade.upper import Begin, Effect, End, Open, Upper

if TYPE_CHECKING:
    from hall_cameras.cascade.tap import Tap

SECONDS = 6.0
CAMERAS = 1000
AT_ONCE = 50
INVITES = 30
FPS = 25
SERVER, DEVICE = "34020000002000000001", "34020000002000000199"


def run() -> Iterator[Result]:
    yield from _uplink()
    yield _catalogue()


# --- media -------------------------------------------------------------------------------------


def _push(port: int) -> None:
    """Be the camera: noise that moves, about 0.5 Mbit/s."""
    import av
    import numpy as np

    url = f"rtsp://127.0.0.1:{port}/camera"
    with av.open(url, "w", format="rtsp", options={"rtsp_transport": "tcp"}) as output:
        stream: Any = output.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        stream.bit_rate, stream.time_base = 500_000, Fraction(1, FPS)
        stream.options = {"preset": "ultrafast", "tune": "zerolatency", "g": "50"}
        generator = np.random.default_rng(1)
        scene = generator.integers(0, 255, (540, 640), dtype=np.uint8)
        scene = np.repeat(np.repeat(scene[::8, ::8], 8, 0), 8, 1)[:540]
        began = time.monotonic()
        for index in range(10_000):
            frame = av.VideoFrame.from_ndarray(np.roll(scene, index, 1), format="yuv420p")
            frame.pts = index
            output.mux(stream.encode(frame))
            time.sleep(max(0.0, began + index / FPS - time.monotonic()))


class _Reader(threading.Thread):
    """Demultiplexes what the camera sends, and counts its own CPU."""

    def __init__(self, port: int) -> None:
        from hall_cameras.cascade.tap import Tap

        super().__init__(daemon=True)
        self.tap = Tap()
        self._port = port
        self.cpu = 0.0
        self.start()

    def run(self) -> None:
        import av

        options = {"rtsp_flags": "listen", "listen_timeout": "20"}
        options |= {"fpsprobesize": "0", "analyzeduration": "500000"}
        url = f"rtsp://127.0.0.1:{self._port}/camera"
        try:
            with av.open(url, mode="r", options=options, timeout=20) as container:
                video = container.streams.video[0]
                for packet in container.demux(video):
                    if packet.size:
                        self.tap.packet(packet, video)
                    self.cpu = time.thread_time()
        except OSError:
            return


def _uplink() -> Iterator[Result]:
    from hall_cameras.cascade.sender import Sender

    port = _free_port()
    reader = _Reader(port)
    time.sleep(0.5)  # it listens
    command = [sys.executable, "-m", "hall_app.bench.cascade", str(port)]
    camera = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    spent: list[float] = []

    class Counted(Sender):
        def _serve(self) -> str:
            try:
                return super()._serve()
            finally:
                spent.append(time.thread_time())

    def begin(receiver: socket.socket) -> Counted:
        order = wire.Uplink(
            session="bench", stream=1, tcp=False, setup="", host="127.0.0.1",
            port=receiver.getsockname()[1], ssrc=17,
        )  # fmt: skip
        sender = Counted(order, reader.tap, lambda _, why: over.set())
        over.clear()
        sender.go()
        return sender

    over = threading.Event()
    try:
        if not reader.tap.came.wait(20):
            raise RuntimeError("the camera of the benchmark did not come")
        time.sleep(2.5)  # a key frame and what follows it
        before = reader.cpu
        time.sleep(SECONDS)
        floor = (reader.cpu - before) / SECONDS
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            receiver.bind(("127.0.0.1", 0))
            receiver.settimeout(5)
            sender = begin(receiver)
            before = reader.cpu
            time.sleep(SECONDS)
            reading = (reader.cpu - before) / SECONDS
            sender.stop()
            over.wait(5)
            value = reading + spent[-1] / SECONDS
            yield Result(
                name="uplink of a sub stream", value=value * 1000, unit="ms CPU/s",
                floor=floor * 1000, ratio=value / floor, target="<= 3x demux only",
                ok=value <= 3 * floor,
            )  # fmt: skip
            spent.clear()
            before = reader.cpu
            many = [begin(receiver) for _ in range(AT_ONCE)]
            time.sleep(SECONDS)
            reading = reader.cpu - before
            for sender in many:
                sender.stop()
            while len(spent) < AT_ONCE:
                over.wait(0.1)
            # The other cameras' demultiplexing is what this one's costs.
            value = (reading + sum(spent)) / SECONDS + (AT_ONCE - 1) * floor
            complete = min(sender.frames for sender in many) >= FPS * SECONDS * 0.95
            yield Result(
                name=f"{AT_ONCE} uplinks at once", value=value * 1000, unit="ms CPU/s",
                floor=None, ratio=None, target="<= 1000 (one core), no frame left out",
                ok=value <= 1 and complete,
            )  # fmt: skip
        first = asyncio.run(_invitations(reader.tap))
        yield Result(
            name="INVITE to first RTP p50", value=quantile(first, 0.5) * 1000, unit="ms",
            floor=None, ratio=None, target="<= 100 (cached GOP)", ok=quantile(first, 0.5) <= 0.1,
        )  # fmt: skip
    finally:
        camera.kill()
        camera.wait()


class _Upper(asyncio.DatagramProtocol):
    """A platform that answers everything with 200, and invites."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[sip.Message] = asyncio.Queue()
        self.kept = asyncio.Event()  # a keepalive came: it is registered
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        message = sip.parse(data)
        if message.is_request:
            if message.method == "MESSAGE":
                self.kept.set()
            self.transport.sendto(sip.response(message, 200, "t").encode(), address)
        elif message.status >= 200:
            self.answers.put_nowait(message)


async def _invitations(tap: Tap) -> list[float]:
    """Seconds from INVITE to the first RTP packet: all but the way from the server to a worker,
    whose parts run here side by side."""
    from hall_cameras.cascade.uplinks import Uplinks, Watched

    loop = asyncio.get_running_loop()
    _, peer = await loop.create_datagram_endpoint(_Upper, local_addr=("127.0.0.1", 0))
    there = peer.transport.get_extra_info("sockname")[1]
    agent = Agent(_upper(there, _free_port()), lambda: datetime.now(UTC))
    agent.show(tree.build(DEVICE, "大厅", _halls(1), {}, _id_of), 0.0)
    channel = agent.directory.nodes[-1].id

    async def in_thread(work: Callable[[], Any]) -> Any:
        return await asyncio.to_thread(work)

    uplinks = Uplinks(lambda message: None, in_thread, lambda access: "")
    opening: set[asyncio.Task[None]] = set()

    async def opened(wanted: Open) -> None:
        offer = wanted.offer
        order = wire.Uplink(
            session=wanted.call_id, stream=1, tcp=False, setup="", host=offer.host,
            port=offer.port, ssrc=int(wanted.ssrc),
        )  # fmt: skip
        at = await uplinks.open(Watched(channel, tap, wire.Access(), None), order)
        agent.calls.media_opened(wanted.call_id, at.host, at.port, time.monotonic())
        station.work()

    def effect(wanted: Effect) -> None:
        if isinstance(wanted, Open):
            opening.add(asyncio.create_task(opened(wanted)))
        elif isinstance(wanted, Begin):
            uplinks.go(wanted.call_id)
        elif isinstance(wanted, End):
            uplinks.end(wanted.call_id)

    station = Station(agent, Ports(), effect)
    await station.begin()
    await peer.kept.wait()
    took: list[float] = []

    def ask(method: str, call: int, number: int, body: bytes = b"") -> None:
        message = sip.Message(
            method=method, target=f"sip:{channel}@{DEVICE[:10]}", body=body,
            headers=[
                ("via", f"SIP/2.0/UDP 127.0.0.1:{there};rport;branch=z9hG4bK{method}{call}"),
                ("from", f"<sip:{SERVER}@{SERVER[:10]}>;tag=1"), ("to", f"<sip:{channel}@x>;tag=2"),
                ("call-id", f"{call}"), ("cseq", f"{number} {method}"),
                ("content-type", "application/sdp"),
            ],
        )  # fmt: skip
        if method == "INVITE":
            message.headers[2] = ("to", f"<sip:{channel}@x>")
        peer.transport.sendto(message.encode(), ("127.0.0.1", agent.upper.local_port))

    for call in range(INVITES):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", 0))
            receiver.setblocking(False)
            offer = (
                "v=0\r\ns=Play\r\nc=IN IP4 127.0.0.1\r\n"
                f"m=video {receiver.getsockname()[1]} RTP/AVP 96\r\na=streamnumber:1\r\n"
            )
            began = time.monotonic()
            ask("INVITE", call, 1, offer.encode())
            await peer.answers.get()
            ask("ACK", call, 1)
            await loop.sock_recv(receiver, 2048)
            took.append(time.monotonic() - began)
            ask("BYE", call, 2)
            await peer.answers.get()
    await station.end()
    peer.transport.close()
    return took


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# --- the catalogue -----------------------------------------------------------------------------


def _upper(port: int, local_port: int) -> Upper:
    return Upper(
        platform_id="bench", name="bench", server_id=SERVER, server_domain=SERVER[:10],
        host="127.0.0.1", port=port, local_port=local_port, device_id=DEVICE,
        device_domain=DEVICE[:10], username=DEVICE, password="bench",
    )  # fmt: skip


def _halls(cameras: int) -> list[SharedHall]:
    shared = tuple(
        SharedCamera(camera_id=f"{n}", name=f"窗口摄像机{n}", online=True) for n in range(cameras)
    )
    return [SharedHall(hall_id="h", name="大厅", region="340203000000", cameras=shared)]


def _id_of(kind: str, subject: str) -> str:
    type_ = {"camera": "131", "hall": "216", "group": "215"}[kind]
    return f"{DEVICE[:10]}{type_}6{int(subject) if subject.isdigit() else 1:06}"


def _catalogue() -> Result:
    """The longest time that the event loop is held while a platform is told of all cameras: by
    making the tree, by the query, or by any packet of the answer."""
    held: list[float] = []

    def timed(work: Any, *arguments: Any) -> Any:
        started = time.thread_time()  # of the CPU: whoever else works here is not our doing
        result = work(*arguments)
        held.append(time.thread_time() - started)
        return result

    agent = Agent(_upper(5060, 5060), lambda: datetime.now(UTC))
    agent.show(timed(tree.build, DEVICE, "大厅", _halls(CAMERAS), {}, _id_of), 0.0)
    agent.start(0.0)

    def sent() -> list[sip.Message]:
        return [sip.parse(effect.data) for effect in agent.take() if isinstance(effect, Send)]

    agent.received(sip.response(sent()[0], 200, "t"), agent.upper.main, 0.0)
    body = manscdp.write("Query", "Catalog", 1, DEVICE, [], "2022")
    query = sip.Message(
        method="MESSAGE", target=f"sip:{DEVICE}@{DEVICE[:10]}", body=body,
        headers=[
            ("via", "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKbench"),
            ("from", f"<sip:{SERVER}@{SERVER[:10]}>;tag=1"), ("to", f"<sip:{DEVICE}@x>"),
            ("call-id", "bench"), ("cseq", "1 MESSAGE"), ("content-type", manscdp.CONTENT_TYPE),
        ],
    )  # fmt: skip
    timed(agent.received, query, agent.upper.main, 0.0)
    told = 0
    while True:
        packets = [message for message in sent() if message.is_request]
        if not packets:
            break
        for packet in packets:
            told += packet.body.count(b"<Item>")
            timed(agent.received, sip.response(packet, 200, "t"), agent.upper.main, 0.0)
    longest = max(held)
    return Result(
        name=f"catalogue of {told} nodes", value=longest * 1000, unit="ms at once", floor=None,
        ratio=None, target="<= 20", ok=longest <= 0.020 and told == CAMERAS + 3,
    )  # fmt: skip


if __name__ == "__main__":
    _push(int(sys.argv[1]))
