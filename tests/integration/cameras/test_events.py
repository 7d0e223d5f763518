"""ONVIF events: one subscription a camera, whatever it does, and none when it was let go."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from hall_cameras import wire
from hall_cameras.worker import events, onvif
from hall_cameras.worker.events import Listener
from hall_cameras.worker.notices import Notice
from tests.peers.odd_camera import OddCamera
from tests.support import PATIENCE_S

TAMPER = "tns1:RuleEngine/TamperDetector/Tamper"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "AGAIN_S", (0.05,))
    monkeypatch.setattr(events, "CALM_S", (0.0, 0.0, 30.0))


class Heard:
    """What a camera says of itself, as the worker is told."""

    def __init__(self) -> None:
        self.now: frozenset[Notice] = frozenset()
        self.changed = threading.Condition()

    def tell(self, notices: frozenset[Notice]) -> None:
        with self.changed:
            self.now = notices
            self.changed.notify_all()

    def until(self, *notices: Notice) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.now == set(notices), PATIENCE_S), self.now


@contextlib.contextmanager
def listening(camera: OddCamera) -> Iterator[tuple[Listener, Heard]]:
    access = wire.Access(onvif=camera.url, username=camera.user, password=camera.password)
    heard = Heard()
    listener = Listener("a", access, onvif.describe(access).identity, heard.tell)
    try:
        yield listener, heard
    finally:
        listener.end()
        listener._thread.join(PATIENCE_S)
        assert not listener._thread.is_alive()
        assert camera.subscriptions == set(), "something is left behind on the camera"


def until(condition: Callable[[], bool]) -> None:
    for _ in range(int(PATIENCE_S * 50)):
        if condition():
            return
        time.sleep(0.02)  # between two looks
    raise AssertionError("it did not come")


@pytest.mark.parametrize("only_second", [False, True])
def test_what_a_camera_says_of_its_picture_is_told_and_a_key_frame_asked_for(
    only_second: bool,
) -> None:
    with OddCamera() as camera:
        camera.only_second = only_second
        camera.second = list(camera.profiles) if only_second else []
        camera.announces = "192.168.254.3:80"  # behind NAT, and so is its subscription's address
        with listening(camera) as (_, heard):
            camera.notice(TAMPER, True, source="v1")  # of another channel
            camera.notice("tns1:VideoSource/MotionAlarm", True)
            camera.notice(TAMPER, True)
            heard.until("tampered")
            camera.notice("tns1:VideoSource/SignalLoss", True)
            heard.until("tampered", "signal_lost")
            camera.notice(TAMPER, False)
            heard.until("signal_lost")
            assert "SetSynchronizationPoint" in camera.asked
            # It reboots: what it said is void, and it is subscribed to anew.
            camera.forget()
            heard.until()
            camera.notice(TAMPER, True)
            heard.until("tampered")
            assert camera.asked.count("CreatePullPointSubscription") == 2
            assert camera.most == 1
        assert camera.wrong == 0


def test_a_subscription_is_renewed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "RENEW_AT", 0.2)
    with OddCamera() as camera:
        camera.life_s = 5
        with listening(camera):
            until(lambda: "Renew" in camera.asked)
        assert camera.asked.count("CreatePullPointSubscription") == 1


def test_a_flood_is_counted_and_read_slowly() -> None:
    with OddCamera() as camera:
        camera.flood = 500
        with listening(camera) as (listener, heard):
            camera.notice(TAMPER, True)
            heard.until("tampered")
            until(lambda: listener.messages >= 1000)
        assert camera.asked.count("PullMessages") == 2


@pytest.mark.parametrize("how", ["not supported", "refused", "garbage"])
def test_a_camera_without_events_is_let_be(how: str) -> None:
    with OddCamera() as camera:
        if how == "garbage":
            camera.raw["PullMessages"] = b"\x00<x"
        elif how == "refused":
            camera.status["CreatePullPointSubscription"] = 401
            camera.raw["CreatePullPointSubscription"] = b""
        else:
            camera.raw["CreatePullPointSubscription"] = b"<html/>"
        with listening(camera) as (listener, heard):
            if how == "refused":
                listener._thread.join(PATIENCE_S)
                assert not listener._thread.is_alive()
                assert camera.asked.count("CreatePullPointSubscription") <= 2
            else:
                until(lambda: camera.asked.count("CreatePullPointSubscription") >= 3)
            assert heard.now == frozenset()
        assert camera.most <= 1
