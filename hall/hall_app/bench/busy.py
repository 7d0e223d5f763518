"""A busy hall: 30 counters call back to back while 30 kiosks issue, and one screen watches."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator

from hall_app.bench import servers
from hall_app.bench.load import Screen, connect, must, screen
from hall_app.bench.result import Result, quantile

COUNTERS = 30
KIOSKS = 30
SECONDS = 10.0
TICKETS = f"/api/v1/halls/{servers.HALL}/tickets"


class Watcher(Screen):
    """Notes when each number was first seen called."""

    def __init__(self, hello: bytes | None) -> None:
        super().__init__(hello)
        self.seen: dict[str, float] = {}
        self.twice = 0

    def frame(self, frame: bytes, now: float) -> None:
        if b'"ticket_called"' not in frame:
            return
        number = json.loads(frame)["event"]["data"]["number"]
        self.twice += number in self.seen
        self.seen.setdefault(number, now)


async def _run(port: int, token: str) -> tuple[list[float], int, int]:
    watcher = await screen(port, servers.HALL, token, Watcher)
    pressed: dict[str, float] = {}
    stop = time.perf_counter() + SECONDS
    numbers: set[str] = set()
    duplicates = 0

    async def kiosk(index: int) -> None:
        nonlocal duplicates
        connection = await connect(port)
        queue = "HSMBEJNX"[index % 8]
        while time.perf_counter() < stop:
            answer = json.loads(await must(connection, TICKETS, token, {"queue": queue}))
            duplicates += answer["number"] in numbers
            numbers.add(answer["number"])
        connection.close()

    async def counter(number: int) -> None:
        connection = await connect(port)
        path = f"/api/v1/halls/{servers.HALL}/windows/{number}/commands"
        await must(connection, path, token, {"command": "open", "clerk": f"{number:03d}"})
        while time.perf_counter() < stop:
            started = time.perf_counter()
            answer = json.loads(await must(connection, path, token, {"command": "call_next"}))
            if answer["ticket"] is None:
                continue
            pressed[answer["ticket"]["number"]] = started
            await must(connection, path, token, {"command": "start"})
            await must(connection, path, token, {"command": "finish"})
        connection.close()

    await asyncio.gather(
        *(kiosk(index) for index in range(KIOSKS)),
        *(counter(number) for number in range(1, COUNTERS + 1)),
    )
    watcher.close()
    samples = [
        watcher.seen[number] - at for number, at in pressed.items() if number in watcher.seen
    ]
    missed = len(pressed) - len(samples)
    return samples, duplicates + watcher.twice, missed


def run() -> Iterator[Result]:
    with servers.installation() as directory, servers.product(directory) as port:
        token = servers.token(directory, "admin")
        samples, duplicates, missed = asyncio.run(_run(port, token))
    p99 = quantile(samples, 0.99) * 1000
    yield Result("busy.p99", p99, "ms", None, None, "reported", True)
    yield Result("busy.calls", len(samples) / SECONDS, "calls/s", None, None, "reported", True)
    wrong = duplicates + missed
    yield Result("busy.wrong", wrong, "calls", None, None, "no duplicate, none missed", wrong == 0)
