"""Cameras: what watching them costs beside only reading them, how soon a picture is on a screen,
and what fifty of them cost a call.

The cameras (streams.py) are in a process of their own. What is measured is the product: its server
and the worker process that it starts. Costs are CPU time, of floor and product over the same
seconds, so that a busy machine changes both.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hall_app.bench import call, servers, streams
from hall_app.bench.load import Screen, upgrade
from hall_app.bench.result import Result, quantile

CAMERAS = 50
FPS = 25
SECONDS = 15.0  # of each measuring of CPU
WITH_ZONES = 20  # cameras that look for people
ROUNDS = 3
VIEWERS = 20
API = "/api/v1"
ZONE = [[0.25, 0.2], [0.6, 0.2], [0.6, 0.9], [0.25, 0.9]]


def run() -> Iterator[Result]:
    name = f"{CAMERAS} cameras, {streams.source()}"
    with (
        servers.installation() as directory,
        servers.spawned("hall_app.bench.streams", str(CAMERAS), str(FPS)) as (_, ports),
        servers.spawned("hall_app.cli", "serve", str(directory), "--port", "0") as (served, url),
    ):
        *usual, coded = ports.split(",")
        hall = Hall(url, servers.token(directory, "admin"), served.pid)
        hall.add(coded, "coded")
        hall.until(lambda: hall.learned(1), "the first camera")
        few_mb = resident_mb(hall.worker)
        for index, port in enumerate(usual):
            hall.add(port, f"{index}")
        hall.until(lambda: hall.learned(len(usual) + 1), "all cameras")
        with servers.spawned("hall_app.bench.streams", "demux", *usual) as (floor, _):
            floor_s, watched_s = cpu_of(floor.pid, hall.worker)
            many_mb = resident_mb(hall.worker)
            hall.draw_zones(WITH_ZONES)
            hall.until(lambda: hall.looking(WITH_ZONES), "the zones")
            floor_too_s, looked_s = cpu_of(floor.pid, hall.worker)
        floor_s, watched_s = floor_s / CAMERAS, watched_s / (CAMERAS + 1)
        # The looks of some cameras, on top of what all cost; put right for how busy it was then.
        looking = looked_s * floor_s * CAMERAS / floor_too_s - watched_s * (CAMERAS + 1)
        presence_s = watched_s + max(0.0, looking) / WITH_ZONES
        yield Result(
            f"{name}: health", watched_s * 1000, "ms CPU/s", floor_s * 1000, watched_s / floor_s,
            "<= 4x demux only", watched_s <= 4 * floor_s,
        )  # fmt: skip
        yield _at_least("cameras on a core", 1 / watched_s, 80)
        yield _at_least("... with presence every 5 s", 1 / presence_s, 25)
        each_mb = (many_mb - few_mb) / CAMERAS
        yield Result("memory of a camera", each_mb, "MB", None, None, "<= 8", each_mb <= 8)
        hall.draw_zones(0)
        yield from _viewers(hall)
        yield from _picture(hall, coded)
        yield from _calls(hall)


def _at_least(name: str, value: float, least: float) -> Result:
    return Result(name, value, "cameras", None, None, f">= {least:g}", value >= least)


# --- the product -------------------------------------------------------------------------------


class Hall:
    """The hall that has the cameras, as its manager's programs see it."""

    def __init__(self, url: str, token: str, pid: int) -> None:
        self.url = url
        self.token = token
        self.pid = pid
        self.ids: list[str] = []

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    @property
    def worker(self) -> int:
        """The process id of the server's worker."""
        for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
            with contextlib.suppress(OSError):
                if b"hall_cameras.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
        raise RuntimeError("the server has no camera worker")

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}{API}{path}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.token}", "Content-Type": "application/json",
                "Idempotency-Key": f"{time.monotonic_ns()}",
            },
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def add(self, port: str, name: str) -> None:
        body = {"name": name, "rtsp": streams.url_of(port), "group": name}
        self.ids.append(self.ask("POST", f"/halls/{servers.HALL}/cameras", body)["camera_id"])

    def _cameras(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", f"/halls/{servers.HALL}/cameras")
        return found

    def online(self, count: int) -> bool:
        states = [camera["state"] for camera in self._cameras()]
        return states.count("online") >= count

    def learned(self, count: int) -> bool:
        """Whether so many pictures are compared with a view that was learned."""
        if not self.online(count):
            return False
        details = (self.ask("GET", f"/cameras/{camera_id}") for camera_id in self.ids)
        return all(one["measures"] and one["measures"]["learned"] for one in details)

    def looking(self, count: int) -> bool:
        """Whether it is known of so many cameras who is there."""
        told = (zone["present"] is not None for c in self._cameras() for zone in c["presence"])
        return sum(told) >= count

    def draw_zones(self, count: int) -> None:
        """In so many of the cameras, and in no others."""
        for index, camera_id in enumerate(self.ids[1:]):
            zones = [{"window": 1, "polygon": ZONE}] if index < count else []
            self.ask("PUT", f"/cameras/{camera_id}/zones", zones)

    def switch(self, on: bool) -> None:
        for camera_id in self.ids:
            command = {"command": "enable" if on else "disable"}
            self.ask("POST", f"/cameras/{camera_id}/commands", command)

    @staticmethod
    def until(true: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + 120
        while not true():
            if time.monotonic() > end:
                raise RuntimeError(f"waited two minutes for {what}")
            time.sleep(0.5)


def _cpu_s(pid: int) -> float:
    """Seconds of CPU, user and system, of all threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_of(*pids: int) -> list[float]:
    """Seconds of CPU a second, over the same time."""
    began, before = time.monotonic(), [_cpu_s(pid) for pid in pids]
    time.sleep(SECONDS)
    lasted = time.monotonic() - began
    return [(_cpu_s(pid) - spent) / lasted for pid, spent in zip(pids, before, strict=True)]


def resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


# --- looking -----------------------------------------------------------------------------------


async def _watch(hall: Hall, count: int) -> list[Screen]:
    path = f"{API}/cameras/{hall.ids[0]}/live"
    hello = {"type": "hello", "token": hall.token, "pictures": False}
    return [await upgrade(hall.port, path, hello, Screen) for _ in range(count)]


def _viewers(hall: Hall) -> Iterator[Result]:
    """What one more viewer costs the server: twenty more against one, twice in turn."""

    async def measured() -> float:
        one = await _watch(hall, 1)
        extra = []
        for _ in range(2):
            (alone,) = await asyncio.to_thread(cpu_of, hall.pid)
            many = await _watch(hall, VIEWERS)
            (together,) = await asyncio.to_thread(cpu_of, hall.pid)
            extra.append((together - alone) / VIEWERS)
            for viewer in many:
                viewer.close()
        one[0].close()
        return sum(extra) / len(extra) * 1000

    value = asyncio.run(measured())
    yield Result("one more viewer", value, "ms CPU/s", None, None, "<= 1", value <= 1)


def _picture(hall: Hall, port: str) -> Iterator[Result]:
    """From a packet's arrival to its picture in the product's own player."""
    chromium = Path(os.environ.get("HALL_CHROMIUM", shutil.which("chromium") or "/missing"))
    if not chromium.exists() or importlib.util.find_spec("playwright") is None:
        name = "picture in Chromium (not measured: it or playwright is missing)"
        yield Result(name, 0, "ms", None, None, "p50 <= 200", True)
        return
    from hall_app.bench import browser

    samples = asyncio.run(browser.latencies(hall.url, hall.token, hall.ids[0], port, chromium))
    p50, p99 = quantile(samples, 0.5) * 1000, quantile(samples, 0.99) * 1000
    yield Result("picture in Chromium p50", p50, "ms", None, None, "<= 200", p50 <= 200)
    yield Result("picture in Chromium p99", p99, "ms", None, None, "reported", True)


# --- calls -------------------------------------------------------------------------------------


def _calls(hall: Hall) -> Iterator[Result]:
    """Call to screen with all cameras watched, against none, in turn."""
    alone: list[float] = []
    together: list[float] = []
    for _ in range(ROUNDS):
        hall.switch(False)
        hall.until(lambda: not hall.online(1), "the cameras to be off")
        alone += asyncio.run(call.calls(hall.port, hall.token))
        hall.switch(True)
        hall.until(lambda: hall.online(len(hall.ids)), "the cameras to be back")
        together += asyncio.run(call.calls(hall.port, hall.token))
    p50, alone50 = quantile(together, 0.5) * 1000, quantile(alone, 0.5) * 1000
    p99, alone99 = quantile(together, 0.99) * 1000, quantile(alone, 0.99) * 1000
    yield Result(
        f"call p50 beside {CAMERAS} cameras", p50, "ms", alone50, p50 / alone50, "<= 1.2x alone",
        p50 <= 1.2 * alone50,
    )  # fmt: skip
    yield Result(
        f"call p99 beside {CAMERAS} cameras", p99, "ms", alone99, p99 / alone99,
        "<= alone + 20 ms", p99 <= alone99 + 20,
    )  # fmt: skip
