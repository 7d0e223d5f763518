"""The demonstration's cameras: an RTSP server that our capture reads, and a hall that has them."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import cv2
import pytest

from hall_app.demo import cameras
from hall_app.demo.rtsp import VirtualCamera, encode
from hall_app.demo.run import demonstration
from hall_app.demo.scenes import FPS, Counters, covered
from hall_cameras.feature import CamerasFeature
from hall_cameras.worker.capture import REST_S, Capture
from hall_cameras.worker.trouble import CameraTrouble
from hall_core.setup import Window
from hall_queue.domain.state import Post
from tests.support import HALL, eventually


class Viewer:
    """What our own capture makes of a stream: the mean of each key frame's light, why it ended."""

    def __init__(self, url: str, hurried: bool = True) -> None:
        self.lights: list[float] = []
        self.why = ""
        self._capture = Capture(url, self._picture, None, lambda: 0.0 if hurried else REST_S)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _picture(self, frame: Any, stream: Any) -> None:
        assert (stream.width, stream.height, stream.codec) == (640, 360, "h264")
        self.lights.append(float(cv2.mean(frame.to_ndarray(format="gray"))[0]))

    def darkened(self) -> bool:
        return self.lights[-1] < self.lights[0] - 30

    def _run(self) -> None:
        try:
            self._capture.run()
        except CameraTrouble as trouble:
            self.why = trouble.why


async def test_a_virtual_camera_plays_changes_and_is_unplugged() -> None:
    view = Counters((1, 2), 0)
    pictures = list(view.pictures((True, True), (False, False)))
    camera = VirtualCamera(encode(pictures, FPS))
    await camera.plug_in()
    try:
        first, second = Viewer(camera.url), Viewer(camera.url, hurried=False)
        await eventually(lambda: first.lights and second.lights, 20)
        camera.show(encode(covered(pictures), FPS))
        await eventually(lambda: first.darkened() and second.darkened(), 20)
        await camera.unplug()
        await eventually(lambda: first.why and second.why, 20)
        assert first.why == "ended"
        refused = Viewer(camera.url)
        await eventually(lambda: refused.why, 20)
        assert refused.why == "refused_connection"
        port = camera.port
        await camera.plug_in()
        assert camera.port == port, "it moved"
    finally:
        await camera.unplug()


TALK: list[tuple[bytes, Callable[[bytes], bool]]] = [
    (b"OPTIONS rtsp://a/live RTSP/1.0\r\nCSeq: 1\r\n\r\n", lambda a: b"DESCRIBE" in a),
    (b"DESCRIBE rtsp://a/other RTSP/1.0\r\nCSeq: 2\r\n\r\n", lambda a: b" 404 " in a),
    (
        b"$\x01\x00\x04abcdANNOUNCE rtsp://a/live RTSP/1.0\r\nCSeq: 3\r\n\r\n",
        lambda a: b" 501 " in a,
    ),
    (
        b"SETUP rtsp://a/live/track1 RTSP/1.0\r\nCSeq: 4\r\n"
        b"Transport: RTP/AVP;unicast;client_port=1-2\r\n\r\n",
        lambda a: b" 461 " in a,
    ),
    (b"nonsense\r\n\r\n", lambda a: b" 400 " in a),
    (b"TEARDOWN rtsp://a/live RTSP/1.0\r\nCSeq: 5\r\n\r\n", lambda a: b" 200 " in a),
]


async def test_a_virtual_camera_refuses_what_it_does_not_do() -> None:
    view = Counters((1, 2), 0)
    camera = VirtualCamera(encode(view.pictures((True, True), (False, False)), FPS))
    await camera.plug_in()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", camera.port)
        for request, fits in TALK:
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert fits(answer), (request, answer)
        assert await reader.read() == b"", "it hangs up when it is told to"
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", camera.port)
        writer.write(b"x" * 20_000)
        with pytest.raises((ConnectionError, EOFError)):
            await reader.readexactly(1_000_000)
        writer.close()
    finally:
        await camera.unplug()


async def test_the_hall_watches_them_and_finds_them_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cameras, "VIEWS", ((1, 2),))
    async with demonstration(0, tmp_path, False, 10, [HALL]) as running:

        def there() -> contextlib.AbstractAsyncContextManager[None]:
            return cameras.watched(
                running.kernel, running.url, running.folder, lambda hall, window: False
            )

        here = running.kernel.hall(HALL).committed["cameras"].cameras
        async with there():
            await eventually(lambda: online(here), 60)
        (camera,) = here.values()
        assert camera.name == "1、2号窗口"
        if camera.zones:  # the model of this machine sees drawn people
            assert [zone.window for zone in camera.zones] == [1, 2]
        feature = next(f for f in running.kernel.features if isinstance(f, CamerasFeature))
        before = feature.service.records.get(camera.camera_id)
        assert before is not None
        async with there():  # the next time they are elsewhere
            await eventually(lambda: feature.service.records.get(camera.camera_id) != before, 60)
        assert list(here) == running.folder.record.cameras == [camera.camera_id]


def online(here: dict[str, Any]) -> bool:
    return [camera.state for camera in here.values()] == ["online"]


def test_who_is_before_the_cameras() -> None:
    states: dict[int, Literal["open", "serving", "away", "closed"]]
    states = {1: "open", 2: "serving", 3: "away", 4: "closed", 5: "open"}
    posts = {
        number: Post(setup=Window(number=number, name="窗口", queues=()), state=state)
        for number, state in states.items()
    }
    shown = list(cameras.scenes(posts, lambda hall, window: window == 5, {"covered": True}))
    assert [scene.clerks for scene in shown] == [(True, True), (False, False)] + [
        (False, False)
    ] * 2
    assert [scene.citizens for scene in shown] == [(False, True)] + [(False, False)] * 3
    assert [scene.covered for scene in shown] == [False, False, False, True]


def test_the_camera_that_fails_does_so_on_a_schedule() -> None:
    times = [lasts for lasts, _ in cameras.FAILURES]
    begins = [sum(times[:at]) for at in range(len(times) + 1)]
    told = [cameras.failure_at(at) for at in begins]
    assert told == [failure for _, failure in cameras.FAILURES] + [{}]
    assert {"covered": True} in told
    assert {"plugged_in": False} in told
