"""Live view: a camera's own stream, from a real RTSP server, to who looks, and only then."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from hall_app.server import cameras_of
from hall_cameras import wire
from hall_cameras.live import relay
from hall_cameras.live.relay import Relay
from hall_core.tables import audit
from tests.integration.people import account, signed_in
from tests.peers.rtsp import RtspPeer
from tests.support import HALL, PATIENCE_S, HallServer, eventually, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HallServer]:
    async with hall_server(tmp_path_factory.mktemp("hall")) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def camera(server: HallServer, rtsp: RtspPeer) -> str:
    """A camera that is online."""
    admin = await server.client("admin")
    body = {"name": "东侧窗口", "rtsp": rtsp.url("good3")}
    answer = await admin.post(f"/halls/{HALL}/cameras", body)
    assert answer.status == 201, answer
    camera_id: str = answer.body["camera_id"]
    state = server.hall().committed["cameras"].cameras
    await eventually(lambda: state[camera_id].state == "online")
    return camera_id


@contextlib.asynccontextmanager
async def looking(
    server: HallServer, camera: str, kind: Any = "supervisor", hall: str = HALL, **hello: Any
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    url = f"{server.base}/api/v1/cameras/{camera}/live"
    async with server.http.ws_connect(url, max_msg_size=0) as socket:
        token = await server.token(kind, hall)
        await socket.send_json({"type": "hello", "token": token, **hello})
        yield socket


def boxes(data: bytes) -> list[str]:
    """The types of the MP4 boxes at the top."""
    found, at = [], 0
    while at < len(data):
        found.append(data[at + 4 : at + 8].decode())
        at += int.from_bytes(data[at : at + 4])
    assert at == len(data), "a box is not whole"
    return found


async def test_video_comes_at_once_and_ends_when_nobody_looks(
    server: HallServer, camera: str, rtsp: RtspPeer
) -> None:
    live = cameras_of(server.kernel).live
    async with looking(server, camera) as socket:
        began = time.monotonic()
        assert (await socket.receive_json(timeout=PATIENCE_S))[
            "mime"
        ] == 'video/mp4; codecs="avc1.42C01E"'
        assert boxes(await socket.receive_bytes(timeout=PATIENCE_S)) == ["ftyp", "moov"]
        first = await socket.receive_bytes(timeout=PATIENCE_S)
        assert set(boxes(first)) == {"moof", "mdat"}
        assert time.monotonic() - began < 5
        for _ in range(10):
            assert boxes(await socket.receive_bytes(timeout=PATIENCE_S)) == ["moof", "mdat"]
        # Who comes later gets the same from the last key frame on.
        async with looking(server, camera) as second:
            await second.receive_json(timeout=PATIENCE_S)
            assert boxes(await second.receive_bytes(timeout=PATIENCE_S)) == ["ftyp", "moov"]
            assert boxes(await second.receive_bytes(timeout=PATIENCE_S))[0] == "moof"
            assert live.viewers == 2
        rtsp.tell("jump", "good3", "-1")  # the camera's time goes back: the video goes on
        for _ in range(40):
            assert boxes(await socket.receive_bytes(timeout=PATIENCE_S)) == ["moof", "mdat"]
    await eventually(lambda: live.viewers == 0)
    assert live.looked_at(camera) == wire.Look(camera_id=camera)


async def test_pictures_for_who_can_play_no_video(server: HallServer, camera: str) -> None:
    async with looking(server, camera, pictures=True) as socket:
        assert await socket.receive_json(timeout=PATIENCE_S) == {"mime": "image/jpeg"}
        for _ in range(2):
            assert (await socket.receive_bytes(timeout=PATIENCE_S)).startswith(b"\xff\xd8")


async def test_a_restarted_stream_begins_anew(
    server: HallServer, camera: str, rtsp: RtspPeer
) -> None:
    async with looking(server, camera) as socket:
        await socket.receive_json(timeout=PATIENCE_S)
        rtsp.tell("kick")
        async with asyncio.timeout(PATIENCE_S):
            while (await socket.receive()).type is not aiohttp.WSMsgType.TEXT:
                pass
        assert boxes(await socket.receive_bytes(timeout=PATIENCE_S)) == ["ftyp", "moov"]


async def test_a_stream_that_changes_its_size_begins_anew(
    server: HallServer, camera: str, rtsp: RtspPeer
) -> None:
    async with looking(server, camera) as socket:
        await socket.receive_json(timeout=PATIENCE_S)
        rtsp.tell("play", "good3", "large")
        async with asyncio.timeout(PATIENCE_S):
            while (message := await socket.receive()).type is not aiohttp.WSMsgType.TEXT:
                pass
        assert message.json()["mime"] == 'video/mp4; codecs="avc1.42C01F"'
        assert boxes(await socket.receive_bytes(timeout=PATIENCE_S)) == ["ftyp", "moov"]
        # Browsers play no H.265: its key frames come as pictures.
        rtsp.tell("play", "good3", "h265")
        async with asyncio.timeout(PATIENCE_S):
            while (message := await socket.receive()).data != '{"mime":"image/jpeg"}':
                pass
        assert (await socket.receive_bytes(timeout=PATIENCE_S)).startswith(b"\xff\xd8")
        known = server.hall().committed["cameras"].cameras
        await eventually(lambda: (c := known[camera]).state == "online" and c.codec == "hevc")
    rtsp.tell("play", "good3", "good")


async def watched_until_it_may_not(server: HallServer, camera: str) -> None:
    """Whoever signs out, or may no longer enter the hall, sees nothing more."""
    for ends in ("sign out", "other halls"):
        await account(server, "boss", "supervisor")
        boss = await signed_in(server, "boss")
        url = f"{server.base}/api/v1/cameras/{camera}/live"
        async with server.http.ws_connect(url, headers={"Cookie": boss.cookie}) as socket:
            await socket.send_json({"type": "hello", "token": None})
            await socket.receive_str(timeout=PATIENCE_S)
            if ends == "sign out":
                await boss.request("DELETE", "/session")
            else:
                admin = await server.client("admin")
                change = {"command": "change", "roles": ["supervisor"], "halls": ["dongling"]}
                assert (await admin.post("/users/boss/commands", change)).status == 200
            async with asyncio.timeout(PATIENCE_S):
                while not socket.closed:
                    await socket.receive()
        await eventually(lambda: cameras_of(server.kernel).live.viewers == 0)


async def test_who_may_look_and_what_is_written_down(server: HallServer, camera: str) -> None:
    async def closed(**more: Any) -> int | None:
        camera_id = more.pop("camera", camera)
        async with looking(server, camera_id, **more) as socket:
            await socket.receive(timeout=PATIENCE_S)
            return socket.close_code

    assert await closed(kind="counter") == 4403
    assert await closed(kind="display") == 4403
    assert await closed(camera="0" * 16) == 4404
    _, elsewhere = await server.kernel.access.issue_token("admin", "yunling", None, "elsewhere")
    assert await closed(token=elsewhere) == 4403
    assert await closed(token="none") == 4401
    assert await closed(pictures=7) == 4400
    await watched_until_it_may_not(server, camera)
    # With credentials in the request itself there is an answer before any WebSocket.
    url = f"{server.base}/api/v1/cameras/{camera}/live"
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await server.http.ws_connect(url, headers={"Authorization": f"Bearer {elsewhere}"})
    assert refused.value.status == 403

    def written(connection: Any) -> list[Any]:
        query = audit.select().where(audit.c.action == "camera_live")
        return [row.subject for row in connection.execute(query)]

    assert set(await server.kernel.store.read(written)) == {camera}


async def test_a_patrol_list_is_its_persons_at_every_desk(server: HallServer) -> None:
    await account(server, "walker", "supervisor", halls=(HALL,))
    await account(server, "other", "supervisor")
    desk, elsewhere = await signed_in(server, "walker"), await signed_in(server, "walker")
    stops = [{"hall": hall, "camera": f"c{n}"} for n, hall in enumerate((HALL, "dongling", HALL))]
    assert (await desk.get("/patrol")).body == []
    assert (await desk.request("PUT", "/patrol", stops)).body == stops
    # What they may not enter (any more) is kept, and left out.
    assert (await elsewhere.get("/patrol")).body == [stops[0], stops[2]]
    assert (await (await signed_in(server, "other")).get("/patrol")).body == []
    assert (await desk.request("PUT", "/patrol", stops * 22)).status == 422
    counter = await server.client("counter", window=1)
    assert (await counter.get("/patrol")).code == "wrong_role"


async def test_a_fixed_camera_says_that_it_does_not_turn(server: HallServer, camera: str) -> None:
    supervisor = await server.client("supervisor")
    answer = await supervisor.get(f"/cameras/{camera}/presets")
    assert (answer.status, answer.body) == (200, {"ptz": False, "presets": []})
    counter = await server.client("counter")
    body = {"command": "move", "pan": 0.5}
    assert (await counter.post(f"/cameras/{camera}/commands", body)).status == 403
    assert (await counter.get(f"/cameras/{camera}/presets")).status == 403


class SlowLine(asyncio.Transport):
    """A connection that takes nothing until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[bytes] = []
        self.waiting = 0
        self.aborted = False

    def write(self, data: Any) -> None:
        self.got.append(bytes(data))
        self.waiting += len(data)

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True


async def test_a_slow_viewer_holds_little_and_goes_on_with_a_key_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[wire.Look] = []

    async def look(message: wire.Look) -> None:
        looks.append(message)

    def part(key: bool = False) -> wire.LivePart:
        return wire.LivePart(camera_id="a", epoch=1, key=key, data=bytes(100_000))

    live, line = Relay(look), SlowLine()
    viewer = await live.join("a", False, line)
    assert looks == [wire.Look(camera_id="a", video=True)]
    live.head(wire.LiveHead(camera_id="a", epoch=1, mime="video/mp4", data=b"head"))
    live.part(part(key=True))
    for _ in range(1000):
        live.part(part())
    assert line.waiting < relay.WAITING_MAX + 200_000
    count, line.waiting = len(line.got), 0
    live.part(part())
    assert len(line.got) == count  # not in the middle
    live.part(part(key=True))
    assert len(line.got) == count + 1

    monkeypatch.setattr(relay, "STUCK_S", 0.0)
    line.waiting = relay.WAITING_MAX + 1
    live.part(part())
    live.part(part())
    assert line.aborted
    await live.leave("a", False, viewer)
    assert looks[-1] == wire.Look(camera_id="a")
