"""One session's media, without signalling: peers that vanish, dawdle or never come, and cameras
that end or begin anew."""

from __future__ import annotations

import itertools
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from hall_cameras import wire
from hall_cameras.cascade import sender as sending
from hall_cameras.cascade.sender import Sender
from hall_cameras.cascade.tap import Tap
from tests.integration.cascade.media import Receiver, decoded, program_stream, read_framed

PATIENCE_S = 10.0


def packets(clip: Path) -> tuple[list[Any], Any]:
    """A clip's access units as a demultiplexer gives them, and its stream."""
    data, at = clip.read_bytes(), 0
    found: list[Any] = []
    while at < len(data):
        length = int.from_bytes(data[at : at + 4])
        packet = av.Packet(data[at + 5 : at + 5 + length])
        packet.pts = packet.dts = len(found) * 3600
        packet.time_base = Fraction(1, 90_000)
        packet.is_keyframe = bool(data[at + 4])
        found.append(packet)
        at += 5 + length

    class Context:
        name, extradata = "h264", b""

    class Video:
        codec_context = Context()

    return found, Video()


class Feeding:
    """A camera: its packets again and again, as fast as told."""

    def __init__(self, clip: Path) -> None:
        self.tap = Tap()
        self._packets, self._video = packets(clip)
        self.every_s = 0.004
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self.tap.came.wait(PATIENCE_S)

    def _run(self) -> None:
        while not self._ends.is_set():
            for packet in self._packets:
                self.tap.packet(packet, self._video)
                if self._ends.wait(self.every_s):
                    break

    def stop(self) -> None:
        self._ends.set()
        self._thread.join()


@pytest.fixture
def camera(clips_folder: Path) -> Iterator[Feeding]:
    feeding = Feeding(clips_folder / "good.clip")
    yield feeding
    feeding.stop()


@pytest.fixture
def send(camera: Feeding) -> Iterator[Callable[..., tuple[Sender, queue.Queue[str]]]]:
    """Starts a session; the queue tells why it ended."""
    started: list[Sender] = []

    def start(port: int, tcp: bool = False, setup: str = "") -> tuple[Sender, queue.Queue[str]]:
        order = wire.Uplink(
            session="s", stream=1, tcp=tcp, setup=setup, host="127.0.0.1", port=port, ssrc=17
        )
        ended: queue.Queue[str] = queue.Queue()
        made = Sender(order, camera.tap, lambda sender, why: ended.put(why))
        started.append(made)
        made.go()
        return made, ended

    yield start
    for sender in started:
        sender.stop()


def until(holds: Callable[[], Any]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.005)


def test_it_starts_with_the_last_key_frame(send: Any) -> None:
    with Receiver() as receiver:
        send(receiver.port)
        until(lambda: len(receiver.packets) > 40)
        stream = program_stream(receiver.packets[:40], 17)
        assert stream[14:18] == b"\0\0\1\xbb"  # a system header: a key frame's pack
        assert decoded(stream)


def test_a_camera_that_begins_anew_goes_on_without_a_jump(camera: Feeding, send: Any) -> None:
    with Receiver() as receiver:
        send(receiver.port)
        until(lambda: len(receiver.packets) > 400)  # the clip is over by now: its times begin anew
        stamps = [int.from_bytes(packet[4:8]) for packet in list(receiver.packets)]
        steps = {b - a for a, b in itertools.pairwise(stamps)}
        assert steps == {0, 3600}


def test_frames_that_come_one_by_one_are_sent_where_they_are_read(
    camera: Feeding, send: Any
) -> None:
    camera.every_s = 2 * sending.APART_S
    with Receiver() as receiver:
        sender, _ = send(receiver.port)
        until(lambda: sender.frames > 20)  # what was there before came all at once
        queued, frames = sender._put, sender.frames
        until(lambda: sender.frames > frames + 30)
        assert sender._put < queued + 10  # large ones are queued, and sent with pauses
        until(lambda: receiver.has(50))
        stamps = [int.from_bytes(packet[4:8]) for packet in list(receiver.packets)]
        assert {b - a for a, b in itertools.pairwise(stamps)} == {0, 3600}
        assert program_stream(receiver.packets, 17)


def test_a_camera_that_is_gone_ends_it(
    camera: Feeding, send: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SOURCE_S", 0.3)
    with Receiver() as receiver:
        sender, ended = send(receiver.port)
        until(lambda: sender.frames > 5)
        camera.stop()
        assert ended.get(timeout=PATIENCE_S) == "source"


@pytest.mark.parametrize("every_s", [0.001, 2 * sending.APART_S])
def test_a_udp_peer_that_vanishes_ends_it(
    camera: Feeding, send: Any, monkeypatch: pytest.MonkeyPatch, every_s: float
) -> None:
    camera.every_s = every_s
    monkeypatch.setattr(sending, "UNWANTED_S", 0.3)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
    _, ended = send(port)
    assert ended.get(timeout=PATIENCE_S) == "peer"


def test_a_tcp_peer_that_is_late_is_dialled_again_and_one_that_is_not_there_given_up(
    send: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "DIAL_AGAIN_S", 0.1)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    _, ended = send(port, tcp=True, setup="passive")
    assert ended.get(timeout=PATIENCE_S) == "peer"
    monkeypatch.setattr(sending, "DIAL_AGAIN_S", 0.4)
    sender, ended = send(port, tcp=True, setup="passive")
    with socket.socket() as late:
        late.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        late.bind(("127.0.0.1", port))
        late.listen(1)
        late.settimeout(PATIENCE_S)
        peer, _ = late.accept()
        with peer:
            until(lambda: sender.frames > 5)
    assert ended.empty() or ended.get() == "peer"


def test_a_tcp_peer_that_takes_nothing_is_let_go_and_memory_is_bounded(
    camera: Feeding, send: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "STUCK_S", 0.5)
    monkeypatch.setattr(sending, "DIALS", 1)
    camera.every_s = 0.0002
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        sender, ended = send(server.getsockname()[1], tcp=True, setup="passive")
        peer, _ = server.accept()
        assert ended.get(timeout=PATIENCE_S) == "peer"
        assert sender._queue.qsize() <= sending.WAITING_MAX + 60
        peer.close()


def test_who_dials_from_elsewhere_is_not_let_in_and_nobody_is_waited_for_long(
    send: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "ACCEPT_S", 0.8)
    sender, ended = send(9, tcp=True, setup="active")
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.2", 0))
        stranger.connect(("127.0.0.1", sender.port))
        stranger.settimeout(PATIENCE_S)
        assert stranger.recv(1) == b""
    assert ended.get(timeout=PATIENCE_S) == "peer"
    sender, ended = send(9, tcp=True, setup="active")
    got: list[bytes] = []
    friend = socket.create_connection(("127.0.0.1", sender.port))
    threading.Thread(target=read_framed, args=(friend, got), daemon=True).start()
    until(lambda: len(got) > 40)
    sender.stop()
    assert ended.get(timeout=PATIENCE_S) == "stopped"
    assert decoded(program_stream(got[:40], 17))
