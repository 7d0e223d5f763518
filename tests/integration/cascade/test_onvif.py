"""A virtual ONVIF camera that nobody of us wrote, watched and turned by sip-tester: its main
stream on demand, its sub stream at once, over each transport; and what goes wrong meanwhile."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import pytest_asyncio
from numpy.typing import NDArray

from hall_app.server import cameras_of
from hall_cameras.cascade import service
from hall_cameras.cascade.sessions import OVER
from tests.integration.cascade.media import Receiver, decoded, program_stream
from tests.integration.cascade.upper import SSRC, Upper, control
from tests.peers import sipp
from tests.peers.clips import people
from tests.peers.sipp import Sipp, free_port
from tests.support import HALL, eventually, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[3]
PASSWORD = "p@:/#x"
MAIN, SUB = (1280, 720), (640, 360)
FRAMES = 12
RIGHT, STILL = "A50F010180000036", "A50F0100000000B5"


class Camera:
    """ipycam on loopback. `told` is what its motors were told."""

    def __init__(self, port: int, rtsp_port: int) -> None:
        self.port = port
        self.told: list[str] = []
        command = [sys.executable, "-m", "tests.peers.ipycam_camera", str(port), str(rtsp_port)]
        self._process = subprocess.Popen(
            [*command, "admin", PASSWORD],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self.told.append(line.strip())

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join(5)


@pytest.fixture(scope="module")
def camera() -> Iterator[Camera]:
    made = Camera(free_port(), free_port())
    yield made
    made.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def upper(
    camera: Camera, footage: Any, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Upper]:
    """Registered, with the right to turn the camera, which is online."""
    folder = tmp_path_factory.mktemp("onvif")
    async with hall_server(folder / "hall") as server:
        await eventually(lambda: "ready" in camera.told)
        admin = await server.client("admin")
        body = {
            "name": "大厅", "onvif": f"127.0.0.1:{camera.port}",
            "username": "admin", "password": PASSWORD,
        }  # fmt: skip
        answer = await admin.post(f"/halls/{HALL}/cameras", body)
        assert answer.status == 201, answer
        upper = Upper(server, folder / "sipp")

        def shown() -> list[Any]:
            nodes = upper.agent.directory.nodes
            return [n for n in nodes if n.kind == "camera" and n.online and n.streams == 2]

        try:
            await upper.register(ptz=True)
            await eventually(shown, 30)
            upper.channel = shown()[0].id
            yield upper
        finally:
            await upper.leave()


def sessions(upper: Upper) -> Any:
    return cameras_of(upper.server.kernel).cascade.sessions.by_id


# --- pictures ----------------------------------------------------------------------------------


def small(gray: NDArray[Any]) -> NDArray[Any]:
    return cv2.resize(gray, (64, 36), interpolation=cv2.INTER_AREA).astype(int)


@pytest.fixture(scope="module")
def footage() -> list[NDArray[Any]]:
    """What is before the camera."""
    return [small(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)) for picture in people()]


def compare(packets: list[bytes], size: tuple[int, int], footage: list[NDArray[Any]]) -> None:
    """It encodes for each who looks, so no bits can be compared; it is the footage's pictures, in
    their order, that came."""
    frames = decoded(program_stream(packets, SSRC))
    width, height = size
    assert len(frames) >= FRAMES - 2
    assert {len(frame) for frame in frames} == {width * height * 3 // 2}
    shows = []
    for frame in frames:
        gray = small(np.frombuffer(frame, np.uint8)[: width * height].reshape(height, width))
        far = [float(abs(gray - wanted).mean()) for wanted in footage]
        assert min(far) < 12
        shows.append(far.index(min(far)))
    steps = {(b - a) % 100 for a, b in itertools.pairwise(shows)}
    assert max(steps) < 20


async def test_it_is_in_the_catalogue(upper: Upper) -> None:
    await upper.call(sipp.message_scenario(sipp.query("Catalog", sipp.DEVICE_ID, sn=4711)))
    found = rf"<DeviceID>{upper.channel}</DeviceID>\s*<Name>大厅</Name>"
    await eventually(lambda: upper.registrar.received(found))


async def test_its_main_stream_comes_over_udp(upper: Upper, footage: Any) -> None:
    with Receiver() as receiver:
        scenario = sipp.invite_scenario(upper.channel, receiver.port, more="a=streamnumber:0\n")
        await upper.call(scenario, watched=lambda _: receiver.has(FRAMES))
        await asyncio.to_thread(compare, receiver.packets, MAIN, footage)


async def test_its_sub_stream_comes_over_tcp_that_we_dial(upper: Upper, footage: Any) -> None:
    with Receiver("passive") as receiver:
        more = "a=streamnumber:1\n"
        scenario = sipp.invite_scenario(upper.channel, receiver.port, "passive", more)
        await upper.call(scenario, tcp=True, watched=lambda _: receiver.has(FRAMES))
        await asyncio.to_thread(compare, receiver.packets, SUB, footage)


async def test_its_sub_stream_comes_over_tcp_that_they_dial(upper: Upper, footage: Any) -> None:
    more = "a=streamnumber:1\n"
    with Receiver("active") as receiver:
        scenario = sipp.invite_scenario(upper.channel, receiver.port, "active", more)

        def watched(peer: Sipp) -> bool:
            port = peer.received(r"m=video (\d+) ")
            if port and not receiver.is_alive():
                receiver.dial(int(port[0]))
            return receiver.has(FRAMES)

        await upper.call(scenario, watched=watched)
        await asyncio.to_thread(compare, receiver.packets, SUB, footage)


# --- turning -----------------------------------------------------------------------------------


async def test_it_is_turned_and_stops_by_itself(
    upper: Upper, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def order(what: str) -> None:
        await upper.call(sipp.message_scenario(control(upper.channel, what)))

    def moves() -> list[str]:
        return [line.split(".")[0] for line in camera.told if line != "ready"]

    monkeypatch.setattr(service, "TURN_S", 20.0)
    await order(RIGHT)
    await eventually(lambda: moves() == ["turn 0"])
    await order(STILL)  # and the first turn's own Stop must not come later
    await eventually(lambda: moves() == ["turn 0", "turn 0", "still"])
    monkeypatch.setattr(service, "TURN_S", 0.2)
    await order(RIGHT)
    await eventually(lambda: moves() == ["turn 0", "turn 0", "still", "turn 0", "still"])


# --- what goes wrong ---------------------------------------------------------------------------


async def test_a_flood_of_invitations_leaves_nothing_behind(upper: Upper) -> None:
    to = ("127.0.0.1", upper.local_port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood:
        flood.bind(("127.0.0.1", 0))
        flood.setblocking(False)
        for number in range(300):
            message = (
                f"INVITE sip:{upper.channel}@{sipp.DOMAIN} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bKflood{number}\r\n"
                f"From: <sip:{sipp.SERVER_ID}@{sipp.DOMAIN}>;tag=1\r\n"
                f"To: <sip:{upper.channel}@{sipp.DOMAIN}>\r\nCall-ID: flood{number}\r\n"
                "CSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n\r\n"
                "v=0\r\ns=Play\r\nc=IN IP4 127.0.0.1\r\nm=video 9 RTP/AVP 96\r\n"
                "a=streamnumber:1\r\n"
            )
            flood.sendto(message.encode(), to)
            if number % 10 == 0:
                await asyncio.sleep(0)
        cascade, calls = cameras_of(upper.server.kernel).cascade, upper.agent.calls
        await eventually(lambda: not cascade._errands)
        assert len(calls.sessions) <= 1  # each took the place of the one before
        for left in list(calls.sessions.values()):
            bye = (
                f"BYE sip:{upper.channel}@{sipp.DOMAIN} SIP/2.0\r\n"
                "Via: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bKbye\r\n"
                f"From: <sip:{sipp.SERVER_ID}@{sipp.DOMAIN}>;tag=1\r\n"
                f"To: <sip:{upper.channel}@{sipp.DOMAIN}>;tag={left.local_tag}\r\n"
                f"Call-ID: {left.call_id}\r\nCSeq: 2 BYE\r\n\r\n"
            )
            flood.sendto(bye.encode(), to)
        await eventually(lambda: not calls.sessions and not sessions(upper))


async def test_a_worker_that_is_killed_ends_its_sessions_with_bye(upper: Upper) -> None:
    with Receiver() as receiver:
        to = f"127.0.0.1:{upper.local_port}"
        scenario = sipp.watched_scenario(upper.channel, receiver.port)
        with Sipp(upper.folder, scenario, free_port(), to, calls=1) as peer:
            await eventually(lambda: len(receiver.packets) > 20)
            worker = cameras_of(upper.server.kernel).supervisor.pid
            assert worker is not None
            os.kill(worker, signal.SIGKILL)
            await eventually(lambda: peer.status is not None)
            assert peer.status == 0, peer.messages
    assert not upper.agent.calls.sessions
    assert not sessions(upper)
    assert OVER["worker"] in [entry.summary for entry in upper.agent.line.log]
