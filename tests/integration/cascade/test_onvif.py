"""A virtual ONVIF camera that nobody of us wrote, invited by sip-tester: its main stream on
demand, its sub stream at once, each as the camera sends it."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hall_app.server import cameras_of
from tests.integration.cascade.media import Receiver, decoded, program_stream
from tests.integration.cascade.upper import SSRC, Upper
from tests.peers import sipp
from tests.peers.clips import people
from tests.peers.sipp import free_port
from tests.support import HALL, eventually, hall_server

ROOT = Path(__file__).parents[3]
PASSWORD = "p@:/#x"


def small(gray: NDArray[Any]) -> NDArray[Any]:
    return cv2.resize(gray, (64, 36), interpolation=cv2.INTER_AREA).astype(int)


def nearest(frame: bytes, size: tuple[int, int], footage: list[NDArray[Any]]) -> int:
    """Which picture of the footage a decoded one shows."""
    width, height = size
    gray = small(np.frombuffer(frame, np.uint8)[: width * height].reshape(height, width))
    far = [float(abs(gray - wanted).mean()) for wanted in footage]
    assert min(far) < 12
    return far.index(min(far))


@pytest.fixture
def camera() -> Iterator[tuple[int, int]]:
    """(ONVIF port, RTSP port) of ipycam on loopback."""
    port, rtsp_port = free_port(), free_port()
    command = [sys.executable, "-m", "tests.peers.ipycam_camera", str(port), str(rtsp_port)]
    process = subprocess.Popen(
        [*command, "admin", PASSWORD],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield port, rtsp_port
    process.kill()
    process.wait()
    process.stdout.close()


async def test_main_and_sub_stream_of_an_onvif_camera(
    camera: tuple[int, int], tmp_path: Path
) -> None:
    async with hall_server(tmp_path / "hall") as server, AsyncExitStack() as ending:
        admin = await server.client("admin")
        body = {
            "name": "大厅", "onvif": f"127.0.0.1:{camera[0]}",
            "username": "admin", "password": PASSWORD,
        }  # fmt: skip
        answer = await admin.post(f"/halls/{HALL}/cameras", body)
        assert answer.status == 201, answer
        camera_id = answer.body["camera_id"]
        cameras = server.hall().committed["cameras"].cameras
        upper = Upper(server, tmp_path / "sipp")
        ending.push_async_callback(upper.leave)
        await upper.register()
        await eventually(lambda: cameras[camera_id].state == "online", 30)

        def shown() -> list[str]:
            nodes = upper.agent.directory.nodes
            return [n.id for n in nodes if n.kind == "camera" and n.online and n.streams == 2]

        await eventually(shown)
        profiles = cameras_of(server.kernel).records.get(camera_id).identity.profiles  # type: ignore[union-attr]
        sizes = [(profile.width, profile.height) for profile in profiles]
        footage = [small(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)) for picture in people()]
        for stream, (width, height) in enumerate(sizes):
            receiver = Receiver()
            await upper.call(
                sipp.invite_scenario(
                    shown()[0], receiver.port, watch_ms=1500, more=f"a=streamnumber:{stream}\n"
                )
            )
            frames = decoded(program_stream(receiver.packets, SSRC))
            receiver.close()
            assert len(frames) >= 5
            assert {len(frame) for frame in frames} == {width * height * 3 // 2}
            # It encodes for each who looks, so no bits can be compared; it is the footage's
            # pictures, in their order, that came.
            shows = [nearest(frame, (width, height), footage) for frame in frames]
            steps = {(b - a) % 100 for a, b in itertools.pairwise(shows)}
            assert max(steps) < 20
