"""Pads and agents: how soon a pad asks after a service, and what many of them cost a call.

The crowd of devices lives in a process of its own (`python -m hall_app.bench.devices PORT`, with
the administrator's token on its standard input), so that what is measured is the server.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator

import aiohttp

from hall_app.bench import servers
from hall_app.bench.load import Screen, connect, must, screen, upgrade
from hall_app.bench.result import Result, quantile

PADS = 500
AGENTS = 100
ROUNDS = 4
SERVICES = 100  # a round
API = "/api/v1"
HALL = f"{API}/halls/{servers.HALL}"
WINDOWS = f"{HALL}/windows/1/commands"


async def pair(server: str, code: str) -> str:
    """The token that a code gives: it comes as a cookie, as to a page."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{server}{API}/pair", json={"code": code}) as answer,
    ):
        return next(iter(answer.cookies.values())).value


async def _device(port: int, admin: str, kind: str, window: int | None) -> str:
    """The token of a new device, paired as every device is."""
    connection = await connect(port)
    wanted = {"kind": kind, "window": window, "name": f"bench {kind}"}
    code = json.loads(await must(connection, f"{HALL}/pairing-codes", admin, wanted))["code"]
    connection.close()
    return await pair(f"http://127.0.0.1:{port}", code)


async def _services(port: int, admin: str, pad: str) -> tuple[list[float], list[float]]:
    """Seconds from `call_next` to a screen, and from `finish` to the window's pad."""
    loop = asyncio.get_running_loop()
    connection = await connect(port)
    watcher = await screen(port, servers.HALL, admin, Screen)
    asked = await screen(port, servers.HALL, pad, Screen)
    await must(connection, WINDOWS, admin, {"command": "open", "clerk": "001"})
    calls, asks = [], []
    for _ in range(SERVICES):
        await must(connection, f"{HALL}/tickets", admin, {"queue": "H"})
        seen = watcher.expect(b'"ticket_called"')
        started = loop.time()
        await must(connection, WINDOWS, admin, {"command": "call_next"})
        calls.append(await seen - started)
        await must(connection, WINDOWS, admin, {"command": "start"})
        seen = asked.expect(b'"evaluation_requested"')
        started = loop.time()
        await must(connection, WINDOWS, admin, {"command": "finish"})
        asks.append(await seen - started)
    await must(connection, WINDOWS, admin, {"command": "close"})
    for opened in (connection, watcher, asked):
        opened.close()
    return calls, asks


async def crowd(port: int, admin: str) -> None:
    """Connect all the devices, say so, and stay until standard input ends."""
    windows = json.loads(await _get(port, f"{HALL}/snapshot", admin))["state"]["windows"]
    others = [window["number"] for window in windows if window["number"] != 1]  # which has its pad
    pads = [await _device(port, admin, "pad", number) for number in others]
    for number in range(PADS):
        await screen(port, servers.HALL, pads[number % len(pads)], Screen)
    for _ in range(AGENTS):
        token = await _device(port, admin, "agent", None)
        hello = {"type": "hello", "token": token, "parts": [{"name": "strip", "kind": "strip"}]}
        await upgrade(port, f"{HALL}/agent", hello, Screen)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def _get(port: int, path: str, token: str) -> bytes:
    connection = await connect(port)
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
    _, answer = await connection.post(head.encode())
    connection.close()
    return answer


def run() -> Iterator[Result]:
    alone: list[float] = []
    crowded: list[float] = []
    asks: list[float] = []
    with servers.installation() as directory, servers.product(directory) as port:
        admin = servers.token(directory, "admin")
        pad = asyncio.run(_device(port, admin, "pad", 1))
        asyncio.run(_services(port, admin, pad))  # warm
        for _ in range(ROUNDS):
            calls, asked = asyncio.run(_services(port, admin, pad))
            alone += calls
            asks += asked
            with subprocess.Popen(
                [sys.executable, "-m", "hall_app.bench.devices", str(port)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            ) as devices:
                assert devices.stdin is not None
                assert devices.stdout is not None
                devices.stdin.write(admin + "\n")
                devices.stdin.flush()
                if devices.stdout.readline() != "ready\n":
                    raise RuntimeError("the devices did not connect")
                crowded += asyncio.run(_services(port, admin, pad))[0]
                devices.stdin.close()
    call, ask, many = (quantile(found, 0.5) * 1000 for found in (alone, asks, crowded))
    yield Result("pad.asks.p50", ask, "ms", call, ask / call, "<= 1.5x call.p50", ask / call <= 1.5)
    ratio = many / call
    yield Result("call.crowd.p50", many, "ms", call, ratio, "<= 1.15x without", ratio <= 1.15)


if __name__ == "__main__":
    asyncio.run(crowd(int(sys.argv[1]), sys.stdin.readline().strip()))
