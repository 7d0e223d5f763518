"""Answers as bytes on a socket: a JSON document is written without aiohttp's help."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hall_core.clock import ManualClock
from hall_core.http import BODY_MAX
from tests.integration.people import MORNING
from tests.support import HALL, HallServer, hall_server


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


async def answer(reader: asyncio.StreamReader) -> Answer:
    """The next one, as long as its head says."""
    async with asyncio.timeout(20):
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        body = await reader.readexactly(int(headers["Content-Length"]))
    return Answer(int(lines[0].split()[1]), headers, json.loads(body))


@contextlib.asynccontextmanager
async def connected(
    server: HallServer,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    port = int(server.base.split(":")[2].split("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):  # a refused body may still have been under way
            await writer.wait_closed()


async def asking(
    server: HallServer, path: str, *headers: str, body: bytes = b"", version: str = "HTTP/1.1"
) -> bytes:
    token = await server.token("kiosk")
    lines = [
        f"{'POST' if body else 'GET'} /api/v1/halls/{HALL}/{path} {version}",
        "Host: hall",
        f"Authorization: Bearer {token}",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


async def test_requests_in_a_row_are_answered_over_one_connection(tmp_path: Path) -> None:
    clock = ManualClock(MORNING)
    async with hall_server(tmp_path, clock=clock) as server, connected(server) as (reader, writer):
        writer.write(await asking(server, "snapshot") * 2)
        for _ in range(2):
            found = await answer(reader)
            assert found.status == 200
            assert found.headers["Content-Type"] == "application/json"
            assert found.body["state"]["hall"]["id"] == HALL
        assert _date(found) == clock.now().replace(microsecond=0)
        clock.advance(minutes=5)
        writer.write(await asking(server, "snapshot"))
        assert _date(await answer(reader)) == clock.now().replace(microsecond=0)


def _date(found: Answer) -> datetime:
    return parsedate_to_datetime(found.headers["Date"])


@pytest.mark.parametrize(
    ("version", "headers"), [("HTTP/1.0", ()), ("HTTP/1.1", ("Connection: close",))]
)
async def test_a_connection_that_shall_end_does(
    tmp_path: Path, version: str, headers: tuple[str, ...]
) -> None:
    async with hall_server(tmp_path) as server, connected(server) as (reader, writer):
        writer.write(await asking(server, "snapshot", *headers, version=version))
        assert (await answer(reader)).status == 200
        async with asyncio.timeout(20):
            assert await reader.read() == b""


async def test_a_body_that_comes_in_pieces_is_read_whole(tmp_path: Path) -> None:
    async with hall_server(tmp_path) as server, connected(server) as (reader, writer):
        raw = await asking(server, "tickets", "Idempotency-Key: one", body=b'{"queue":"H"}')
        writer.write(raw[:-5])
        await writer.drain()
        writer.write(await _later(server, raw[-5:]))
        found = await answer(reader)
        assert found.status == 201
        assert found.body["number"] == "H001"


async def _later(server: HallServer, rest: bytes) -> bytes:
    """`rest`, when another request was answered: what was sent before has been read by then."""
    assert (await (await server.client("kiosk")).get(f"/halls/{HALL}/snapshot")).status == 200
    return rest


@pytest.mark.parametrize("in_one", [True, False])
async def test_a_huge_body_is_refused(tmp_path: Path, in_one: bool) -> None:
    async with hall_server(tmp_path) as server, connected(server) as (reader, writer):
        body = b'{"queue":"' + b"H" * BODY_MAX + b'"}'
        raw = await asking(server, "tickets", "Idempotency-Key: huge", body=body)
        if in_one:
            writer.write(raw)
        else:
            writer.write(raw[: BODY_MAX // 2])
            await writer.drain()
            writer.write(await _later(server, raw[BODY_MAX // 2 :]))
        found = await answer(reader)
        assert found.status == 413
        assert found.body["code"] == "too_large"
