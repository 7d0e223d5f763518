"""Watching one camera: each thing that can happen to its stream ends in a clear state."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import msgspec
import pytest

from hall_cameras import wire
from hall_cameras.worker import analyst, backoff, capture
from hall_cameras.worker.backoff import Backoff
from hall_cameras.worker.watch import Watch
from hall_core.setup import CameraSettings, CameraZone
from tests.peers.odd_camera import OddCamera, SilentPort
from tests.peers.rtsp import RtspPeer
from tests.support import eventually

QUICK = CameraSettings(lasts_s=1)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same steps, with shorter waits."""
    monkeypatch.setattr(backoff, "STEPS_S", (0.1, 0.2, 0.4))
    monkeypatch.setattr(capture, "OPEN_S", 1.5)
    monkeypatch.setattr(capture, "READ_S", 0.6)
    monkeypatch.setattr(analyst, "LEARN_PICTURES", 3)


@pytest.fixture
def uncollected() -> Iterator[None]:
    """What is let go of by itself is gone; the garbage collector takes nothing away."""
    gc.disable()
    yield
    gc.enable()


class Watched:
    """A watch whose words are kept."""

    def __init__(self, order: wire.Order) -> None:
        self.said: asyncio.Queue[wire.ToServer] = asyncio.Queue()
        self.heard: list[wire.ToServer] = []
        self.watch = Watch(order, 1, self.said.put_nowait)

    async def until(self, wanted: Callable[[Any], bool], patience_s: float = 15) -> Any:
        async with asyncio.timeout(patience_s):
            while True:
                message = await self.said.get()
                self.heard.append(message)
                if wanted(message):
                    return message

    async def until_state(self, state: str, *faults: str) -> wire.Report:
        report: wire.Report = await self.until(
            lambda m: isinstance(m, wire.Report) and m.state == state and m.faults == faults
        )
        return report


@contextlib.asynccontextmanager
async def watching(url: str = "", **more: Any) -> AsyncIterator[Watched]:
    address = more.pop("access", None) or wire.Access(rtsp=url)
    more.setdefault("settings", QUICK)
    watched = Watched(wire.Order(camera_id="a", access=address, **more))
    try:
        yield watched
    finally:
        await watched.watch.stop()


async def test_a_camera_comes_online_and_its_view_is_learned(rtsp: RtspPeer) -> None:
    async with watching(rtsp.url("good")) as camera:
        report = await camera.until_state("online")
        assert (report.width, report.height, report.fps, report.codec) == (640, 360, 25.0, "h264")
        picture = await camera.watch.picture()
        assert picture.jpeg.startswith(b"\xff\xd8")
        assert picture.age_s < 2
        view = await camera.until(lambda m: isinstance(m, wire.View))
        assert view.jpeg.startswith(b"\xff\xd8")
        # The last viewer leaves and another comes between two packets: it needs a beginning too.
        for _ in range(2):
            camera.watch.feed.want(video=False, still=False)
            camera.watch.feed.want(video=True, still=True)
            heads = [await camera.until(lambda m: isinstance(m, wire.LiveHead)) for _ in "vp"]
            assert {head.pictures for head in heads} == {True, False}


async def test_a_covered_lens_is_told_with_evidence_before_and_after(
    rtsp: RtspPeer,
) -> None:
    zone = CameraZone(window=1, polygon=((0.0, 0.0), (0.5, 0.0), (0.5, 0.5)))
    async with watching(rtsp.url("good1"), zones=(zone,)) as camera:
        await camera.until(lambda m: isinstance(m, wire.View))
        rtsp.tell("play", "good1", "covered")
        await camera.until_state("online", "covered")
        before = await camera.until(lambda m: isinstance(m, wire.Evidence))
        after = await camera.until(lambda m: isinstance(m, wire.Evidence))
        assert before.age_s > after.age_s == 0
        assert before.measures is None
        assert after.measures.lost > 0.4
        rtsp.tell("play", "good1", "good")
        await camera.until_state("online")


async def test_a_lens_covered_while_the_stream_was_away_is_told_with_both_pictures(
    rtsp: RtspPeer,
) -> None:
    async with watching(rtsp.url("good2")) as camera:
        await camera.until(lambda m: isinstance(m, wire.View))
        rtsp.tell("stall", "good2")
        await camera.until_state("stalled")
        rtsp.tell("play", "good2", "covered")
        rtsp.tell("resume", "good2")
        await camera.until_state("online", "covered")
        before = await camera.until(lambda m: isinstance(m, wire.Evidence))
        after = await camera.until(lambda m: isinstance(m, wire.Evidence))
        assert before.age_s > after.age_s == 0


async def test_a_stream_that_stalls_and_goes_on(rtsp: RtspPeer) -> None:
    async with watching(rtsp.url("good2")) as camera:
        await camera.until_state("online")
        rtsp.tell("stall", "good2")
        assert (await camera.until_state("stalled")).why == "no_video"
        rtsp.tell("resume", "good2")
        await camera.until_state("online")


async def test_a_camera_that_reboots(own_rtsp: Callable[..., RtspPeer], uncollected: None) -> None:
    peer = own_rtsp()
    async with watching(peer.url("good")) as camera:
        await camera.until_state("online")
        assert camera.watch.analyst is not None
        ended = weakref.ref(camera.watch.analyst)
        peer.close()
        assert (await camera.until_state("stalled")).why == "ended"
        assert (await camera.until_state("unreachable")).why == "refused_connection"
        own_rtsp(port=peer.port)
        await camera.until_state("online")
        assert ended() is None, "a stream that ended keeps its pictures"
        ended = weakref.ref(camera.watch.analyst)
    await eventually(lambda: ended() is None)


async def test_another_resolution_or_codec_in_the_middle_is_reported(rtsp: RtspPeer) -> None:
    wanted = msgspec.structs.replace(QUICK, width=640, height=360)
    async with watching(rtsp.url("good3"), settings=wanted) as camera:
        await camera.until_state("online")
        rtsp.tell("play", "good3", "large")
        report = await camera.until_state("online", "wrong_resolution")
        assert (report.width, report.height) == (1280, 720)
        rtsp.tell("play", "good3", "h265")  # it hangs up, as cameras do then
        report = await camera.until(lambda m: isinstance(m, wire.Report) and m.codec == "hevc")
        assert (report.state, report.width) == ("online", 640)
        rtsp.tell("play", "good3", "good")
        await camera.until(lambda m: isinstance(m, wire.Report) and m.codec == "h264")


async def test_a_refused_password_is_not_tried_again_until_a_person_acts(
    own_rtsp: Callable[..., RtspPeer],
) -> None:
    peer = own_rtsp("admin", "p@:/#x")
    wrong = wire.Access(rtsp=peer.url("good"), username="admin", password="wrong")
    async with watching(access=wrong) as camera:
        assert (await camera.until_state("refused")).why == "bad_password"
        with pytest.raises(TimeoutError):  # many steps of the back-off long
            await camera.until(lambda m: True, patience_s=1.5)
        right = msgspec.structs.replace(wrong, password="p@:/#x")
        order = msgspec.structs.replace(camera.watch.order, access=right, refused=False)
        camera.watch.change(order, 2)
        assert (await camera.until_state("online")).epoch == 2


async def test_onvif_that_refuses_is_asked_no_more() -> None:
    with OddCamera() as peer:
        access = wire.Access(onvif=peer.url, username="admin", password="wrong")
        async with watching(access=access) as camera:
            await camera.until_state("refused")
            asked = len(peer.asked)
            with pytest.raises(TimeoutError):
                await camera.until(lambda m: True, patience_s=1.0)
            assert len(peer.asked) == asked
            assert peer.wrong <= 2


async def test_onvif_tells_where_the_video_is(rtsp: RtspPeer) -> None:
    with OddCamera() as peer:
        peer.stream = rtsp.url("good0").replace("127.0.0.1", "192.168.254.3")
        access = wire.Access(onvif=peer.url, username="admin", password=peer.password)
        async with watching(access=access) as camera:
            known = await camera.until(lambda m: isinstance(m, wire.Known))
            assert known.identity.serial == "S-1"
            await camera.until_state("online")
            await eventually(lambda: len(peer.subscriptions) == 1)
            camera.watch.change(camera.watch.order, 2)  # another lease: what is known is told anew
            known = await camera.until(lambda m: isinstance(m, wire.Known))
            assert known.epoch == 2
            await camera.watch.stop(patience_s=5)
            assert peer.subscriptions == set()


async def test_video_that_only_the_second_media_service_tells_of(rtsp: RtspPeer) -> None:
    with OddCamera() as peer:
        peer.only_second, peer.stream = True, rtsp.url("h265")
        peer.second = [("sub", "v0", "H265", 640, 360)]
        access = wire.Access(onvif=peer.url, username="admin", password=peer.password)
        async with watching(access=access) as camera:
            known = await camera.until(lambda m: isinstance(m, wire.Known))
            assert [profile.codec for profile in known.identity.profiles] == ["H265"]
            report = await camera.until_state("online")
            assert (report.codec, report.width) == ("hevc", 640)
            assert (await camera.watch.picture()).jpeg.startswith(b"\xff\xd8")
            await eventually(lambda: len(peer.subscriptions) == 1)


@pytest.mark.parametrize("password", ["p@:/#x", "wrong"])
async def test_what_was_given_up_meanwhile_is_told_no_more(rtsp: RtspPeer, password: str) -> None:
    """A person corrects the address while the old one is still being asked."""
    with OddCamera() as peer:
        peer.gate.clear()
        old = wire.Access(onvif=peer.url, username="admin", password=password)
        async with watching(access=old) as camera:
            await eventually(lambda: bool(peer.asked))
            order = msgspec.structs.replace(
                camera.watch.order, access=wire.Access(rtsp=rtsp.url("good0"))
            )
            camera.watch.change(order, 2)
            peer.gate.set()
            assert (await camera.until(lambda m: isinstance(m, wire.Report))).state == "online"
            assert not any(isinstance(message, wire.Known) for message in camera.heard)
            assert not camera.watch.order.refused


async def test_a_wrong_clock_is_a_fault(rtsp: RtspPeer) -> None:
    from datetime import timedelta

    with OddCamera() as peer:
        peer.clock_off = timedelta(minutes=-7)
        peer.stream = rtsp.url("good0")
        access = wire.Access(onvif=peer.url, username="admin", password=peer.password)
        async with watching(access=access) as camera:
            await camera.until_state("online", "clock_wrong")


@pytest.mark.parametrize(
    ("says", "why"), [(b"", "timeout"), (b"\x00\xff garbage\r\n\r\n" * 999, "bad_answer")]
)
async def test_a_peer_that_is_no_camera(says: bytes, why: str) -> None:
    port = SilentPort(says)
    try:
        async with watching(f"rtsp://127.0.0.1:{port.port}/x") as camera:
            assert (await camera.until_state("unreachable")).why in (why, "ended")
    finally:
        port.close()


async def test_a_thousand_tries_leave_no_thread_behind(rtsp: RtspPeer) -> None:
    """A few dozen here; the soak does the thousand."""
    before = threading.active_count()
    for mount in ("nothing", "good0"):
        for _ in range(10):
            async with watching(rtsp.url(mount)) as camera:
                await camera.until(lambda m: isinstance(m, wire.Report))
    await eventually(lambda: threading.active_count() <= before)


def test_the_steps_grow_jitter_and_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "STEPS_S", (1.0, 2.0, 60.0))
    steps = Backoff()
    waits = [steps.next_s() for _ in range(5)]
    for wait, base in zip(waits, (1, 2, 60, 60, 60), strict=True):
        assert 0.75 * base <= wait <= 1.25 * base
    steps.held(30)  # a camera that reboots every half a minute goes on being asked slowly
    assert steps.next_s() > 40
    steps.held(90)
    assert steps.next_s() < 2
