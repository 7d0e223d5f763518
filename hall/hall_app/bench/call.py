"""From `call_next` pressed to the frame at one screen, durable before it is shown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from hall_app.bench import servers
from hall_app.bench.load import Screen, connect, must, screen
from hall_app.bench.result import Result, quantile

CALLS = 300
WINDOWS = f"/api/v1/halls/{servers.HALL}/windows/1/commands"
TICKETS = f"/api/v1/halls/{servers.HALL}/tickets"
CALLED = b'"ticket_called"'


async def calls(port: int, token: str) -> list[float]:
    connection = await connect(port)
    watcher = await screen(port, servers.HALL, token, Screen)
    await must(connection, WINDOWS, token, {"command": "open", "clerk": "001"})
    samples = []
    for _ in range(CALLS):
        await must(connection, TICKETS, token, {"queue": "H"})
        seen = watcher.expect(CALLED)
        started = time.perf_counter()
        await must(connection, WINDOWS, token, {"command": "call_next"})
        samples.append(await seen - started)
        await must(connection, WINDOWS, token, {"command": "start"})
        await must(connection, WINDOWS, token, {"command": "finish"})
    await must(connection, WINDOWS, token, {"command": "close"})
    connection.close()
    watcher.close()
    return samples


async def _floor(port: int, token: str) -> list[float]:
    connection = await connect(port)
    watcher = await screen(port, servers.HALL, token, Screen)
    samples = []
    for _ in range(CALLS):
        for _ in range(3):  # the steps around a call, as in the product's run
            await must(connection, WINDOWS, token, {})
        seen = watcher.expect(CALLED)
        started = time.perf_counter()
        await must(connection, WINDOWS, token, {"command": "call_next"})
        samples.append(await seen - started)
    connection.close()
    watcher.close()
    return samples


def run() -> Iterator[Result]:
    ours: list[float] = []
    floors: list[float] = []
    with (
        servers.installation() as directory,
        servers.product(directory) as port,
        servers.floor("call") as floor_port,
    ):
        token = servers.token(directory, "admin")
        for _ in range(3):
            floors += asyncio.run(_floor(floor_port, token))
            ours += asyncio.run(calls(port, token))
    value, floor = quantile(ours, 0.5) * 1000, quantile(floors, 0.5) * 1000
    ratio = value / floor
    yield Result("call.p50", value, "ms", floor, ratio, "<= 1.5x floor", ratio <= 1.5)
    p99, floor99 = quantile(ours, 0.99) * 1000, quantile(floors, 0.99) * 1000
    yield Result("call.p99", p99, "ms", floor99, p99 / floor99, "reported", True)
