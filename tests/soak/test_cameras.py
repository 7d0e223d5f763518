"""A thousand reconnects to cameras that misbehave: no thread, descriptor, memory or
subscription is left."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import threading
import time
from pathlib import Path

import pytest

from hall_cameras import wire
from hall_cameras.worker import backoff, capture
from hall_cameras.worker.watch import Watch
from hall_core.setup import CameraSettings
from tests.peers.clips import footage
from tests.peers.odd_camera import OddCamera, SilentPort
from tests.peers.rtsp import RtspPeer
from tests.support import eventually

SECONDS = float(os.environ.get("SOAK_SECONDS", "300")) / 4
RECONNECTS = 1000
LIBC = ctypes.CDLL(None)
M_ARENA_MAX = -8  # malloc.h
GROWTH_MAX = 50e3  # bytes a round, which connects to every address at least once


def memory() -> float:
    """Bytes in use: what was let go of is given back first, or a leak could hide in its place."""
    gc.collect()
    LIBC.malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * float(os.sysconf("SC_PAGE_SIZE"))


def held() -> tuple[int, int]:
    return threading.active_count(), len(os.listdir("/proc/self/fd"))


async def test_reconnecting_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "STEPS_S", (0.01,))
    monkeypatch.setattr(capture, "OPEN_S", 1.0)
    monkeypatch.setattr(capture, "READ_S", 0.5)
    LIBC.mallopt(M_ARENA_MAX, 2)  # as a worker has it
    reports = 0

    def say(message: wire.ToServer) -> None:
        nonlocal reports
        reports += isinstance(message, wire.Report)

    garbage, silent = SilentPort(b"\x00\xff garbage\r\n\r\n" * 99), SilentPort()
    with (
        RtspPeer(footage(tmp_path, ["good"], seconds=1.0), copies=2) as peer,
        OddCamera() as odd,
    ):
        odd.stream = peer.url("good1")
        onvif = wire.Access(onvif=odd.url, username="admin", password=odd.password)
        addresses = [
            wire.Access(rtsp=peer.url("good0")),
            wire.Access(rtsp=peer.url("nothing")),
            wire.Access(rtsp=f"rtsp://127.0.0.1:{garbage.port}/x"),
            wire.Access(rtsp=f"rtsp://127.0.0.1:{silent.port}/x"),
            wire.Access(rtsp="rtsp://127.0.0.1:1/x"),
            onvif,
        ]

        async def round_() -> None:
            orders = [
                wire.Order(camera_id=str(n), access=access, settings=CameraSettings(lasts_s=1))
                for n, access in enumerate(addresses)
            ]
            watches = [Watch(order, 1, say) for order in orders]
            await asyncio.sleep(0.6)
            peer.tell("kick")
            await asyncio.sleep(0.2)
            await asyncio.gather(*(watch.stop() for watch in watches))

        await round_()
        await eventually(lambda: threading.active_count() < 20)
        before, began, rounds = held(), time.monotonic(), 0
        while time.monotonic() - began < SECONDS / 2 or reports < RECONNECTS / 2:
            await round_()
        size = memory()  # by now what is made once has been made
        while time.monotonic() - began < SECONDS or reports < RECONNECTS:
            await round_()
            rounds += 1
        grown = (memory() - size) / rounds
        garbage.close()
        silent.close()
        await eventually(lambda: held()[0] <= before[0] and held()[1] <= before[1])
        await eventually(lambda: not odd.subscriptions)
        assert odd.most <= 2, "one is let go while the next is made"
        assert grown < GROWTH_MAX, f"{grown / 1e3:.0f} kB in each of {rounds} rounds"
