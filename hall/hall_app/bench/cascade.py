"""The uplink to a video platform (GB/T 28181): what it costs beside reading the camera, how soon a
picture comes, and what a large catalogue does to the event loop.

The camera is FFmpeg in a process of its own (`python -m hall_app.bench.cascade PORT`) that sends
640x360 at 25 fps over RTSP/TCP. CPU is counted by thread: the one that reads (the floor), and the
one that makes program stream and sends it.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from hall_app.bench.result import Result, quantile

SECONDS = 6.0
CAMERAS = 1000
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
    from hall_cameras import wire
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
            yield Result(
                name="uplinks on one core", value=1 / value, unit="streams", floor=None,
                ratio=None, target=">= 50", ok=value * 50 <= 1,
            )  # fmt: skip
            first = [_first_packet(receiver, begin, over) for _ in range(INVITES)]
            yield Result(
                name="ACK to first RTP p50", value=quantile(first, 0.5) * 1000, unit="ms",
                floor=None, ratio=None, target="<= 100 (cached GOP)",
                ok=quantile(first, 0.5) <= 0.1,
            )  # fmt: skip
    finally:
        camera.kill()
        camera.wait()


def _first_packet(receiver: socket.socket, begin: Any, over: threading.Event) -> float:
    receiver.setblocking(False)
    while True:
        try:
            receiver.recv(65536)
        except BlockingIOError:
            break
    receiver.settimeout(5)
    started = time.monotonic()
    sender = begin(receiver)
    receiver.recv(65536)
    took = time.monotonic() - started
    sender.stop()
    over.wait(5)
    return took


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# --- the catalogue -----------------------------------------------------------------------------


def _catalogue() -> Result:
    """The longest time that the event loop is held while a platform is told of all cameras: by
    making the tree, by the query, or by any packet of the answer."""
    from hall_cameras.cascade import manscdp, sip, tree
    from hall_cameras.cascade.agent import Agent
    from hall_cameras.cascade.transactions import Send
    from hall_cameras.cascade.tree import SharedCamera, SharedHall
    from hall_cameras.cascade.upper import Upper

    upper = Upper(
        platform_id="bench", name="bench", server_id=SERVER, server_domain=SERVER[:10],
        host="127.0.0.1", device_id=DEVICE, device_domain=DEVICE[:10], username=DEVICE,
        password="bench",
    )  # fmt: skip
    held: list[float] = []

    def timed(work: Any, *arguments: Any) -> Any:
        started = time.thread_time()  # of the CPU: whoever else works here is not our doing
        result = work(*arguments)
        held.append(time.thread_time() - started)
        return result

    cameras = tuple(
        SharedCamera(camera_id=f"{n}", name=f"窗口摄像机{n}", online=True) for n in range(CAMERAS)
    )
    hall = SharedHall(hall_id="h", name="大厅", region="340203000000", cameras=cameras)
    agent = Agent(upper, lambda: datetime.now(UTC))

    def id_of(kind: str, subject: str) -> str:
        type_ = {"camera": "131", "hall": "216", "group": "215"}[kind]
        return f"{DEVICE[:10]}{type_}6{int(subject) if subject.isdigit() else 1:06}"

    agent.show(timed(tree.build, DEVICE, "大厅", [hall], {}, id_of), 0.0)
    agent.start(0.0)

    def sent() -> list[sip.Message]:
        return [sip.parse(effect.data) for effect in agent.take() if isinstance(effect, Send)]

    agent.received(sip.response(sent()[0], 200, "t"), upper.main, 0.0)
    body = manscdp.write("Query", "Catalog", 1, DEVICE, [], "2022")
    query = sip.Message(
        method="MESSAGE", target=f"sip:{DEVICE}@{DEVICE[:10]}", body=body,
        headers=[
            ("via", "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKbench"),
            ("from", f"<sip:{SERVER}@{SERVER[:10]}>;tag=1"), ("to", f"<sip:{DEVICE}@x>"),
            ("call-id", "bench"), ("cseq", "1 MESSAGE"), ("content-type", manscdp.CONTENT_TYPE),
        ],
    )  # fmt: skip
    timed(agent.received, query, upper.main, 0.0)
    told = 0
    while True:
        packets = [message for message in sent() if message.is_request]
        if not packets:
            break
        for packet in packets:
            told += packet.body.count(b"<Item>")
            timed(agent.received, sip.response(packet, 200, "t"), upper.main, 0.0)
    longest = max(held)
    return Result(
        name=f"catalogue of {told} nodes", value=longest * 1000, unit="ms at once", floor=None,
        ratio=None, target="<= 20", ok=longest <= 0.020 and told == CAMERAS + 3,
    )  # fmt: skip


if __name__ == "__main__":
    _push(int(sys.argv[1]))
