"""Worker processes: a camera is watched, a worker dies or hangs, another takes over."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from hall_app.check import check_directory
from hall_app.server import cameras_of
from hall_cameras import supervisor, wire
from hall_cameras.worker import run
from hall_core.setup import CameraSettings
from tests.peers.odd_camera import OddCamera
from tests.peers.rtsp import RtspPeer
from tests.support import HALL, Client, HallServer, eventually, hall_server

REPLACED_S = 5.0


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[HallServer]:
    async with hall_server(tmp_path) as running:
        yield running


async def added(server: HallServer, url: str, **more: Any) -> str:
    manager = await server.client("admin")
    body = {"name": url, "rtsp": url, "settings": {"lasts_s": 1}, **more}
    answer = await manager.post(f"/halls/{HALL}/cameras", body)
    assert answer.status == 201, answer
    camera_id: str = answer.body["camera_id"]
    return camera_id


def state_of(server: HallServer, camera_id: str) -> str:
    state: str = server.hall().committed["cameras"].cameras[camera_id].state
    return state


async def test_from_being_added_to_an_alert_with_its_evidence(
    server: HallServer, own_rtsp: Callable[..., RtspPeer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hall_cameras.domain.alarms.OFFLINE_S", 4.0)
    peer = own_rtsp("admin", "p@:/#x")
    manager = await server.client("admin")
    camera_id = await added(server, peer.url("good"), username="admin", password="wrong")
    await eventually(lambda: state_of(server, camera_id) == "refused")
    async with server.stream("supervisor") as screen:
        await manager.request("PUT", f"/cameras/{camera_id}", {"password": "p@:/#x"})
        await screen.until(lambda f: f.get("event", {}).get("data", {}).get("state") == "online")
        picture = await manager.get(f"/cameras/{camera_id}/snapshot.jpg")
        assert picture.raw.startswith(b"\xff\xd8")
        cameras = cameras_of(server.kernel)
        await eventually(lambda: cameras.pictures.view(camera_id), patience_s=40)
        measures = (await manager.get(f"/cameras/{camera_id}")).body["measures"]
        assert measures["learned"]
        assert measures["edges"] > 0.8
        peer.tell("play", "good", "covered")
        raised = await screen.until_event("alert_raised")
        assert raised["event"]["data"]["kind"] == "camera_covered"
        assert raised["event"]["data"]["camera_id"] == camera_id

        async def evidence() -> list[str]:
            (alert,) = (await manager.get(f"/halls/{HALL}/alerts")).body
            return list(alert["evidence"])

        while len(urls := await evidence()) < 2:
            await screen.next()
        for url in urls:
            kept = await manager.get(url)
            assert kept.raw.startswith(b"\xff\xd8")
            assert kept.headers["Content-Type"] == "image/jpeg"
        peer.tell("play", "good", "good")
        ended = await screen.until_event("alert_changed")
        assert ended["event"]["data"]["state"] == "closed"
        await a_recorder_is_one_alert(server, manager, own_rtsp())
    views = await server.kernel.store.read(
        lambda c: c.exec_driver_sql("SELECT subject FROM audit WHERE action='camera_viewed'")
        .scalars().all()
    )  # fmt: skip
    assert list(views) == [camera_id], "one line a person, not one a picture"
    assert check_directory(server.directory) == []


async def a_recorder_is_one_alert(server: HallServer, manager: Client, video: RtspPeer) -> None:
    """Its channels are imported in one go; when it goes off that is one thing to know."""
    with OddCamera() as recorder:
        recorder.stream = video.url("{profile}")
        names = ("good", "covered", "large")
        recorder.profiles = [(name, f"v{n}", "H264", 640, 360) for n, name in enumerate(names)]
        address = {"onvif": recorder.url, "username": "admin", "password": recorder.password}
        told = await manager.post(f"/halls/{HALL}/cameras/probe", address)
        channels = told.body["profiles"]
        assert [channel["source"] for channel in channels] == ["v0", "v1", "v2"]
        rows = [
            {**address, "name": f"通道{n}", "profile": channel["token"]}
            for n, channel in enumerate(channels, 1)
        ]
        done = await manager.post(f"/halls/{HALL}/cameras/import", {"rows": rows})
        ids = [camera["camera_id"] for camera in done.body["cameras"]]
        await eventually(lambda: {state_of(server, one) for one in ids} == {"online"})
        video.close()
    await eventually(lambda: {state_of(server, one) for one in ids} == {"unreachable"})
    state = server.hall().committed["alerts"]

    def off() -> list[Any]:
        found = [a for a in state.alerts.values() if a.kind == "camera_offline"]
        return [alert for alert in found if alert.state == "open"]

    await eventually(lambda: bool(off()))
    server.hall().tick()
    (alert,) = off()
    assert all(f"通道{n}" in alert.detail for n in (1, 2, 3)), alert.detail


async def test_a_worker_that_dies_or_hangs_is_replaced(
    server: HallServer, rtsp: RtspPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera_id = await added(server, rtsp.url("good0"))
    await eventually(lambda: state_of(server, camera_id) == "online")
    await replaced(server, camera_id, signal.SIGKILL)
    monkeypatch.setattr(supervisor, "SPARE_S", 0.0)  # the next one has a spare
    await eventually(lambda: cameras_of(server.kernel).supervisor.spare is not None)
    await replaced(server, camera_id, signal.SIGSTOP)


async def replaced(server: HallServer, camera_id: str, how: signal.Signals) -> None:
    cameras = cameras_of(server.kernel)
    first, spare = cameras.supervisor.pid, cameras.supervisor.spare
    assert first is not None
    assert os.getpriority(os.PRIO_PROCESS, first) > 0
    kiosk = await server.client("kiosk")
    began = time.monotonic()
    os.kill(first, how)
    await kiosk.take()  # the queue does not notice
    await eventually(lambda: cameras.supervisor.pid not in (None, first))
    # The machine of the tests is busy: what starting takes is not counted.
    assert time.monotonic() - began < REPLACED_S - 1
    assert spare is None or cameras.supervisor.pid == spare.pid
    await eventually(lambda: cameras.workers.leases.holder(camera_id) is not None)
    await eventually(lambda: cameras.workers.leases.leases[camera_id].told)
    assert state_of(server, camera_id) == "online", "nobody was told of it"


async def test_a_server_that_is_killed_leaves_no_worker(tmp_path: Path, rtsp: RtspPeer) -> None:
    """Its standard input closes, and it ends."""
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hall_cameras.worker", "--server", "http://127.0.0.1:1",
        "--name", "orphan", stdin=asyncio.subprocess.PIPE, env={**os.environ, "HALL_TOKEN": "x"},
    )  # fmt: skip
    assert worker.stdin is not None
    worker.stdin.write(b"\n")
    await worker.stdin.drain()
    worker.stdin.close()
    assert await asyncio.wait_for(worker.wait(), 20) == 0


class ByHand:
    """A worker that says what the test wants."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def say(self, message: wire.ToServer) -> None:
        await self.socket.send_bytes(wire.encode(message))

    async def take(self) -> wire.Take:
        while True:
            message = await self.socket.receive(10)
            assert message.type is aiohttp.WSMsgType.BINARY, message
            told = wire.decode_to_worker(message.data)
            if isinstance(told, wire.Take):
                return told


@pytest_asyncio.fixture
async def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HallServer]:
    """A server that starts no worker of its own."""
    monkeypatch.setattr("hall_cameras.supervisor.Supervisor.wanted", lambda self: None)
    async with hall_server(tmp_path) as running:
        yield running


async def test_a_late_word_from_an_old_lease_counts_for_nothing(
    alone: HallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "LEASE_S", 0.6)
    camera_id = await added(alone, "rtsp://127.0.0.1:1/x")
    url, token = alone.base + wire.PATH, await alone.token("camera")
    async with (
        alone.http.ws_connect(url) as hung,
        alone.http.ws_connect(url) as one,
        alone.http.ws_connect(url) as other,
    ):
        # A worker that hangs, with more to read than its line holds, keeps nobody waiting.
        cameras = cameras_of(alone.kernel)
        cameras._views[camera_id] = bytes(32 << 20)
        await ByHand(hung).say(wire.Hello(token=token, name="hung", capacity=9))
        await eventually(lambda: cameras.workers.leases.holder(camera_id) is not None)
        cameras._views[camera_id] = b""
        old, new = ByHand(one), ByHand(other)
        await old.say(wire.Hello(token=token, name="old", capacity=9))

        async def beat(worker: ByHand) -> None:
            while True:
                await worker.say(wire.Beat())
                await asyncio.sleep(0.1)

        beating = asyncio.create_task(beat(old))
        first = await old.take()
        assert first.order.access.rtsp == "rtsp://127.0.0.1:1/x"
        await old.say(wire.Report(camera_id=camera_id, epoch=first.epoch, state="online"))
        await eventually(lambda: state_of(alone, camera_id) == "online")
        beating.cancel()
        await new.say(wire.Hello(token=token, name="new", capacity=9))
        beating = asyncio.create_task(beat(new))
        second = await new.take()  # the old one was silent
        assert second.epoch > first.epoch
        report = wire.Report(camera_id=camera_id, epoch=first.epoch, state="refused")
        await new.say(report)
        await new.say(wire.Report(camera_id=camera_id, epoch=second.epoch, state="stalled"))
        await eventually(lambda: state_of(alone, camera_id) == "stalled")
        types = [e["type"] for e in (await (await alone.client("admin")).get(
            f"/halls/{HALL}/events?limit=2000")).body["events"]]  # fmt: skip
        assert types.count("camera_changed") == 2
        beating.cancel()


async def test_a_worker_of_one_hall_gets_no_other_halls_cameras(alone: HallServer) -> None:
    await added(alone, "rtsp://127.0.0.1:1/x")
    halls = list(alone.kernel.halls)
    other = next(hall for hall in halls if hall != HALL)
    token = await alone.token("camera", other)
    async with alone.http.ws_connect(alone.base + wire.PATH) as socket:
        await ByHand(socket).say(wire.Hello(token=token, name="w", capacity=9))
        message = await asyncio.wait_for(_first_binary(socket), 5)
        assert isinstance(message, wire.Beat)


async def _first_binary(socket: aiohttp.ClientWebSocketResponse) -> Any:
    return wire.decode_to_worker((await socket.receive()).data)


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (b"garbage", wire.BAD_HELLO),
        (wire.encode(wire.Beat()), wire.BAD_HELLO),
        (wire.encode(wire.Hello(token="no", name="w", capacity=1)), wire.BAD_TOKEN),
    ],
    ids=["garbage", "no hello", "no token"],
)
async def test_strangers_get_no_camera(alone: HallServer, first: bytes, code: int) -> None:
    await added(alone, "rtsp://127.0.0.1:1/x", password="geheim", username="u")
    async with alone.http.ws_connect(alone.base + wire.PATH) as socket:
        await socket.send_bytes(first)
        assert (await socket.receive(10)).type in (
            aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED,
        )  # fmt: skip
        assert socket.close_code == code
    token = await alone.token("display")
    async with alone.http.ws_connect(alone.base + wire.PATH) as socket:
        await socket.send_bytes(wire.encode(wire.Hello(token=token, name="w", capacity=1)))
        await socket.receive(10)
        assert socket.close_code == wire.BAD_TOKEN


async def test_garbage_of_a_worker_is_dropped(alone: HallServer) -> None:
    camera_id = await added(alone, "rtsp://127.0.0.1:1/x")
    token = await alone.token("camera")
    async with alone.http.ws_connect(alone.base + wire.PATH) as socket:
        worker = ByHand(socket)
        await worker.say(wire.Hello(token=token, name="w", capacity=9))
        take = await worker.take()
        for data in (b"\xff" * 50, b"", wire.encode(CameraSettings())):
            await socket.send_bytes(data)
        # Its address is changed, and what was said of the old one comes late.
        manager = await alone.client("admin")
        body = {"onvif": "10.0.0.9", "rtsp": "rtsp://10.0.0.9/y"}
        assert (await manager.request("PUT", f"/cameras/{camera_id}", body)).status == 200
        late, take = take, await worker.take()
        assert take.epoch > late.epoch
        records = cameras_of(alone.kernel).records

        def known(epoch: int, host: str) -> wire.Known:
            identity = wire.Identity(onvif=f"http://{host}/onvif/device_service", serial="S")
            return wire.Known(camera_id=camera_id, epoch=epoch, identity=identity)

        await worker.say(known(late.epoch, "10.0.0.1"))
        await worker.say(known(take.epoch, "10.0.0.7"))
        await eventually(lambda: str(records.get(camera_id)).count("10.0.0.7") > 0)
        record = records.get(camera_id)
        assert record is not None
        assert record.rtsp == "rtsp://10.0.0.7/y", "its video moved with it"
        bad = wire.Report(camera_id=camera_id, epoch=take.epoch, state="stalled", why="because")
        await worker.say(bad)
        await worker.say(wire.Report(camera_id=camera_id, epoch=take.epoch, state="online"))
        await eventually(lambda: state_of(alone, camera_id) == "online")


async def test_a_worker_lets_go_of_what_it_was_not_given_again(
    alone: HallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "GIVEN_S", 0.1)
    camera_id = await added(alone, "rtsp://127.0.0.1:1/x")
    worker = run.Worker(alone.base, await alone.token("camera"), "away")
    running = asyncio.create_task(worker.run())
    await eventually(lambda: worker._watches)
    for link in cameras_of(alone.kernel).workers.links.values():
        link.cut()
    manager = await alone.client("admin")
    await manager.post(f"/cameras/{camera_id}/commands", {"command": "disable"})
    await eventually(lambda: cameras_of(alone.kernel).workers.links)
    await eventually(lambda: not worker._watches)
    running.cancel()
    await asyncio.wait([running])


async def test_when_nobody_watches_it_is_said(
    alone: HallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hall_cameras.service.NO_WORKER_S", 0.2)
    camera_id = await added(alone, "rtsp://127.0.0.1:1/x")
    state = alone.hall().committed["cameras"].cameras
    await eventually(lambda: state[camera_id].why == "no_worker")
