"""One event to 1,000 screens until the last one is served, and what an idle screen costs.

The server process joins real connections and then measures, alternating, the hub's publishing of
one event and a bare loop of `os.write` over the same sockets with the same bytes.
"""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec

from hall_app import logs, server, settings
from hall_app.bench import servers
from hall_app.bench.load import Screen, screen
from hall_app.bench.result import Result
from hall_core.events import Recorded, TicketCalled
from hall_core.features import Audience
from hall_core.hub import text_frame

SCREENS = 1000
ROUNDS = 60


def _rss() -> int:
    """Resident bytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


async def serve(directory: Path) -> None:
    """The measuring server: prints its port, then measures when a line comes in."""
    loaded = msgspec.structs.replace(settings.load(directory), port=0, listen="127.0.0.1")
    async with server.running(directory, loaded) as (kernel, url):
        hall = kernel.halls[servers.HALL]
        loop = asyncio.get_running_loop()
        sys.stdout.write(f"{url.rsplit(':', 1)[1]}\n")
        sys.stdout.flush()
        await loop.run_in_executor(None, sys.stdin.readline)
        before = _rss()
        sys.stdout.write("count\n")
        sys.stdout.flush()
        await loop.run_in_executor(None, sys.stdin.readline)
        after = _rss()
        display = Audience("public")
        transports = list(hall.hub.transports(display))
        sockets = [t.get_extra_info("socket").fileno() for t in transports]
        ours: list[float] = []
        floors: list[float] = []
        event = TicketCalled(ticket_id="t", number="H001", queue="H", window=1, call_count=1)
        touched = {("windows", 1): hall.features[1], ("recent_calls", None): hall.features[2]}
        for _ in range(ROUNDS):
            record = Recorded(hall.hub.version, datetime.now(UTC), "bench", event)
            message = hall.event_message(record, touched, display, hall.show_committed)
            frame = text_frame(msgspec.json.encode(message))
            started = time.perf_counter()
            for fd in sockets:
                os.write(fd, frame)
            floors.append(time.perf_counter() - started)
            await asyncio.sleep(0.05)  # the screens read: the next round meets empty buffers
            started = time.perf_counter()
            show = partial(hall.event_message, record, touched, show=hall.show_committed)
            hall.hub.publish(hall.hub.version, hall.hub.frames(show, ()))
            ours.append(time.perf_counter() - started)
            await asyncio.sleep(0.05)
        figures = {
            "clients": len(transports),
            "ours": statistics.median(ours),
            "floor": statistics.median(floors),
            "ratio": statistics.median(o / f for o, f in zip(ours, floors, strict=True)),
            "memory": (after - before) / max(1, len(transports)),
        }
        sys.stdout.write(msgspec.json.encode(figures).decode() + "\n")
        sys.stdout.flush()
        await loop.run_in_executor(None, sys.stdin.readline)


async def _join(port: int, token: str, count: int) -> list[Screen]:
    screens: list[Screen] = []
    for _ in range(count):
        screens.append(await screen(port, servers.HALL, token, Screen))
    return screens


def run() -> Iterator[Result]:
    with servers.installation() as directory:
        token = servers.token(directory, "display")
        with servers.spawned("hall_app.bench.fanout", str(directory)) as (process, port):
            assert process.stdin is not None
            assert process.stdout is not None
            to_server, from_server = process.stdin, process.stdout

            def tell() -> None:
                to_server.write("\n")
                to_server.flush()

            async def drive() -> str:
                loop = asyncio.get_running_loop()
                first = await _join(int(port), token, 50)  # warms every code path up
                tell()
                await loop.run_in_executor(None, from_server.readline)
                screens = first + await _join(int(port), token, SCREENS)
                tell()
                line = await loop.run_in_executor(None, from_server.readline)
                for one in screens:
                    one.close()
                tell()
                return line

            figures = msgspec.json.decode(asyncio.run(drive()))
    per_screen = figures["memory"] * figures["clients"] / SCREENS / 1024
    ratio = figures["ratio"]
    yield Result(
        "fanout", figures["ours"] * 1000, "ms", figures["floor"] * 1000, ratio, "<= 1.5x floor",
        ratio <= 1.5,
    )  # fmt: skip
    yield Result(
        "fanout.memory", per_screen, "KiB/screen", None, None, "<= 16 KiB", per_screen <= 16
    )


if __name__ == "__main__":
    logs.configure()
    asyncio.run(serve(Path(sys.argv[1])))
