"""The uplink to a video platform (GB/T 28181): the product's server, the worker that it starts, and
fifty cameras (streams.py) that a platform (the demonstration's) has sent to it over RTP, all at
once; and what a large catalogue does to the event loop.

CPU is that of the whole worker process, which looks after the cameras' health all the while, beside
that of a process that only reads them, over the same seconds. What comes is counted by the cameras'
own time stamps, and some of it decoded.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import av

from hall_app.bench import servers, streams
from hall_app.bench.cameras import Hall, cpu_of, resident_mb
from hall_app.bench.result import Result, quantile
from hall_app.demo import platform
from hall_app.demo.platform import City, Watching
from hall_app.demo.rtsp import CLOCK_HZ
from hall_app.server import tune_collector
from hall_cameras.cascade import manscdp, sip, tree
from hall_cameras.cascade.agent import Agent
from hall_cameras.cascade.transactions import Send
from hall_cameras.cascade.tree import SharedCamera, SharedHall
from hall_cameras.cascade.upper import Upper

AT_ONCE = 50
FPS = 25
INVITES = 30
DECODED = 5  # streams, of those at once; the last shows numbers
RTP_HEAD = 12  # bytes
CAMERAS = 1000  # of the catalogue
SERVER, DEVICE = platform.SERVER_ID, platform.DEVICE_ID


def run() -> Iterator[Result]:
    yield from _uplinks()
    yield _catalogue()


# --- media -------------------------------------------------------------------------------------


def _uplinks() -> Iterator[Result]:
    with (
        servers.installation() as directory,
        servers.spawned("hall_app.bench.streams", str(AT_ONCE - 1), str(FPS)) as (_, listed),
        servers.spawned("hall_app.cli", "serve", str(directory), "--port", "0") as (served, url),
    ):
        ports = listed.split(",")
        hall = Hall(url, servers.token(directory, "admin"), served.pid)
        for index, port in enumerate(ports):
            hall.add(port, f"{index}")
        hall.until(lambda: hall.learned(AT_ONCE), "all cameras")
        yield from asyncio.run(_measured(hall, ports))


async def _measured(hall: Hall, ports: Sequence[str]) -> list[Result]:
    loop = asyncio.get_running_loop()
    _, city = await loop.create_datagram_endpoint(City, local_addr=(platform.HOST, 0))
    channels = await asyncio.to_thread(_join, hall, city)
    await city.came.wait()
    took = [await _first_packet(city, channels[0]) for _ in range(INVITES)]
    worker = hall.worker
    receivers = [await _receiver() for _ in channels]
    with servers.spawned("hall_app.bench.streams", "demux", *ports) as (floor, _):
        before = await asyncio.to_thread(cpu_of, floor.pid, worker)
        before_mb = resident_mb(worker)
        watched = [
            await _watch(city, channel, receiver)
            for channel, receiver in zip(channels, receivers, strict=True)
        ]
        since = [len(receiver.packets) for receiver in receivers]
        floor_s, sending_s = await asyncio.to_thread(cpu_of, floor.pid, worker)
        each_mb = (resident_mb(worker) - before_mb) / AT_ONCE
        frames = [
            _frames(receiver.packets[start:])
            for receiver, start in zip(receivers, since, strict=True)
        ]
        for watching in watched:
            await city.hang_up(watching)
        after = await asyncio.to_thread(cpu_of, floor.pid, worker)
    least = min(came / sent for came, sent in frames)
    right = all(_decodes(receiver.packets, False) for receiver in receivers[-DECODED:-1])
    right = right and _decodes(receivers[-1].packets, True)
    sent = [sent for _, sent in frames]
    right = right and min(sent) >= 0.9 * max(sent)  # none ended or began late
    # What sending adds to what watching takes anyway; both as multiples of only reading.
    ratio = sending_s / floor_s - (before[1] + after[1]) / (before[0] + after[0])
    read_ms = floor_s / AT_ONCE * 1000
    first_ms = quantile(took, 0.5) * 1000
    return [
        Result(
            "what an uplink adds", read_ms * ratio, "ms CPU/s", read_ms, ratio,
            "<= 3x demux only", ratio <= 3,
        ),
        Result(
            f"{AT_ONCE} uplinks at once", sending_s, "cores", None, None, "<= 1", sending_s <= 1
        ),
        Result(
            "... frames that came, least", least * 100, "%", None, None,
            ">= 99.9, and are decoded", least >= 0.999 and right,
        ),
        Result("... memory of each", each_mb, "MB", None, None, "reported", True),
        Result(
            "INVITE to first RTP p50", first_ms, "ms", None, None, "<= 100 (cached GOP)",
            first_ms <= 100,
        ),
    ]  # fmt: skip


def _join(hall: Hall, city: City) -> list[str]:
    """Have the hall register with the platform; the ids of its cameras there, in their order."""
    setup = {
        "name": "bench", "server_id": SERVER, "host": platform.HOST, "port": city.port,
        "device_id": DEVICE, "password": city.password, "local_port": platform.free_port(),
        "sessions_max": AT_ONCE, "halls": [servers.HALL],
    }  # fmt: skip
    joined = hall.ask("POST", "/cascade/platforms", setup)["platform_id"]
    nodes = hall.ask("GET", f"/cascade/platforms/{joined}/channels")["nodes"]
    ids = {node["subject"]: node["gb_id"] for node in nodes}
    return [ids[camera_id] for camera_id in hall.ids]


class Receiver(asyncio.DatagramProtocol):
    """Where one camera's RTP arrives."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.came = asyncio.Event()
        self.port = 0

    def connection_made(self, transport: Any) -> None:
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, address: Any) -> None:
        self.packets.append(data)
        self.came.set()


async def _receiver() -> Receiver:
    loop = asyncio.get_running_loop()
    _, made = await loop.create_datagram_endpoint(Receiver, local_addr=(platform.HOST, 0))
    return made


async def _watch(city: City, channel: str, receiver: Receiver) -> Watching:
    """Have a camera sent; returns with its first packet."""
    watching = await city.invite(channel, receiver.port)
    if watching is None:
        raise RuntimeError("an invitation was refused")
    await receiver.came.wait()
    return watching


async def _first_packet(city: City, channel: str) -> float:
    """Seconds from an INVITE to the first RTP packet, through server and worker."""
    receiver = await _receiver()
    began = time.monotonic()
    watching = await _watch(city, channel, receiver)
    took = time.monotonic() - began
    await city.hang_up(watching)
    return took


def _frames(packets: Sequence[bytes]) -> tuple[int, int]:
    """How many frames came, and how many the camera sent meanwhile, by its time stamps. A packet
    that is missing counts as a frame."""
    if not packets:
        return 0, 1
    numbers = [int.from_bytes(packet[2:4]) for packet in packets]
    stamps = [int.from_bytes(packet[4:8]) for packet in packets]
    lost = (numbers[-1] - numbers[0]) % 2**16 + 1 - len(packets)
    sent = (stamps[-1] - stamps[0]) % 2**32 * FPS // CLOCK_HZ + 1
    return len(set(stamps)) - lost, sent


def _decodes(packets: Sequence[bytes], numbered: bool) -> bool:
    """Whether every frame is a picture, and each shows the number after the one before. The last
    frame may be cut."""
    stream = b"".join(packet[RTP_HEAD:] for packet in packets)
    with av.open(io.BytesIO(stream), mode="r", format="mpeg") as container:
        pictures = (frame.to_ndarray(format="gray") for frame in container.decode(video=0))
        shown = [streams.number_of(picture) for picture in pictures]
    steps = {(b - a) % (streams.SECONDS * FPS) for a, b in pairwise(shown)}
    frames = len({packet[4:8] for packet in packets})
    return frames - len(shown) <= 1 and (steps == {1} or not numbered)


# --- the catalogue -----------------------------------------------------------------------------


def _halls() -> list[SharedHall]:
    shared = tuple(
        SharedCamera(camera_id=f"{n}", name=f"窗口摄像机{n}", online=True) for n in range(CAMERAS)
    )
    return [SharedHall(hall_id="h", name="大厅", region="340203000000", cameras=shared)]


def _id_of(kind: str, subject: str) -> str:
    type_ = {"camera": "131", "hall": "216", "group": "215"}[kind]
    return f"{platform.DOMAIN}{type_}6{int(subject) if subject.isdigit() else 1:06}"


def _catalogue() -> Result:
    """The longest time that the event loop is held while a platform is told of all cameras: by
    making the tree, by the query, or by any packet of the answer."""
    tune_collector()  # as the server is
    held: list[float] = []

    def timed(work: Any, *arguments: Any) -> Any:
        started = time.thread_time()  # of the CPU: whoever else works here is not our doing
        result = work(*arguments)
        held.append(time.thread_time() - started)
        return result

    upper = Upper(
        name="bench", server_id=SERVER, server_domain=platform.DOMAIN, host=platform.HOST,
        device_id=DEVICE, device_domain=platform.DOMAIN, username=DEVICE,
    )  # fmt: skip
    agent = Agent(upper, lambda: datetime.now(UTC))
    agent.show(timed(tree.build, DEVICE, "大厅", _halls(), {}, _id_of), 0.0)
    agent.start(0.0)

    def sent() -> list[sip.Message]:
        return [sip.parse(effect.data) for effect in agent.take() if isinstance(effect, Send)]

    agent.received(sip.response(sent()[0], 200, "t"), agent.upper.main, 0.0)
    body = manscdp.write("Query", "Catalog", 1, DEVICE, [], "2022")
    query = sip.Message(
        method="MESSAGE", target=f"sip:{DEVICE}@{platform.DOMAIN}", body=body,
        headers=[
            ("via", "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKbench"),
            ("from", f"<sip:{SERVER}@{platform.DOMAIN}>;tag=1"), ("to", f"<sip:{DEVICE}@x>"),
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
