"""Tickets a second over HTTP with 64 clients, each durable before its reply."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator

from hall_app.bench import servers
from hall_app.bench.load import connect, must
from hall_app.bench.result import Result

CLIENTS = 64
TICKETS = 4000  # a round
ROUNDS = 5
PATH = f"/api/v1/halls/{servers.HALL}/tickets"


async def _round(port: int, token: str) -> float:
    """Tickets a second of one round."""
    connections = [await connect(port) for _ in range(CLIENTS)]
    body = {"queue": "H"}
    left = TICKETS

    async def client(index: int) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await must(connections[index], PATH, token, body)

    started = time.perf_counter()
    await asyncio.gather(*(client(index) for index in range(CLIENTS)))
    passed = time.perf_counter() - started
    for connection in connections:
        connection.close()
    return TICKETS / passed


def run() -> Iterator[Result]:
    ours: list[float] = []
    floors: list[float] = []
    with (
        servers.installation() as directory,
        servers.product(directory) as port,
        servers.floor("issue") as floor_port,
    ):
        token = servers.token(directory, "kiosk")
        for _ in range(ROUNDS):
            floors.append(asyncio.run(_round(floor_port, token)))
            ours.append(asyncio.run(_round(port, token)))
    value, floor = statistics.median(ours), statistics.median(floors)
    ratio = statistics.median(o / f for o, f in zip(ours, floors, strict=True))
    yield Result("issue", value, "tickets/s", floor, ratio, ">= 0.6x floor", ratio >= 0.6)
