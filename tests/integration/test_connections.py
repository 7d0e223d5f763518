"""Clients that connect and don't finish, send what can't be read, or go away in the middle."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from hall_app import connections
from hall_core import http
from tests.support import HALL, HallServer, ServerProcess, eventually, hall_server, installation

pytestmark = pytest.mark.asyncio(loop_scope="module")

HALF_A_HEAD = b"GET /readyz HTTP/1.1\r\nHost: ha"
ASKED = b"GET /readyz HTTP/1.1\r\nHost: hall\r\n\r\n"
SIGN_IN = b"POST /api/v1/session HTTP/1.1\r\nHost: hall\r\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HallServer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connections, "HEAD_S", 0.3)
        patch.setattr(connections, "SWEEP_S", 0.05)
        patch.setattr(http, "BODY_S", 0.3)
        async with hall_server(tmp_path_factory.mktemp("connections")) as server:
            yield server


class Peer:
    """A socket that sends what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def answer(self) -> tuple[int, Any]:
        """Status and body of the next one."""
        async with asyncio.timeout(20):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                int(line.split(":")[1])
                for line in head.split("\r\n")
                if line.lower().startswith("content-length")
            )
            body = await self._reader.readexactly(length)
        return int(head.split()[1]), json.loads(body) if b"{" in body else body

    async def until_closed(self) -> bytes:
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(20):
                return await self._reader.read()
        return b""


@contextlib.asynccontextmanager
async def peer(server: HallServer) -> AsyncIterator[Peer]:
    where = urlsplit(server.base)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        yield Peer(reader, writer)
    finally:
        writer.close()


# --- what is not finished ----------------------------------------------------------------------


@pytest.mark.parametrize("sent", [b"", HALF_A_HEAD])
async def test_a_head_that_does_not_end_is_not_waited_for(server: HallServer, sent: bytes) -> None:
    async with peer(server) as other:
        other.send(sent)
        assert await other.until_closed() == b""


@pytest.mark.parametrize("answered", [0, 2])
async def test_a_head_that_comes_in_drops_has_the_same_time(
    server: HallServer, answered: int
) -> None:
    async with peer(server) as other:
        for _ in range(answered):
            other.send(ASKED)
            assert (await other.answer())[0] == 200
        closed = asyncio.create_task(other.until_closed())
        for byte in HALF_A_HEAD * 100:
            other.send(bytes([byte]))
            await asyncio.wait([closed], timeout=0.02)
            if closed.done():
                break
        assert closed.done()
        await closed


async def test_who_is_idle_listens_or_is_answered_stays(server: HallServer) -> None:
    async with peer(server) as idle, server.stream() as screen, peer(server) as other:
        idle.send(ASKED)
        assert (await idle.answer())[0] == 200
        other.send(HALF_A_HEAD)  # as long as this one is waited for, the others were idle
        await other.until_closed()
        async with peer(server) as another:
            await another.until_closed()
        idle.send(ASKED)
        assert (await idle.answer())[0] == 200
        await (await server.client("kiosk")).take()
        await screen.until_event("ticket_issued")


async def test_a_body_that_does_not_end_is_answered_and_closed(server: HallServer) -> None:
    async with peer(server) as other:
        other.send(SIGN_IN + b"Content-Length: 100\r\n\r\n{")
        status, body = await other.answer()
        assert (status, body["code"]) == (408, "too_slow")
        assert await other.until_closed() == b""


# --- what can't be read ------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "x", "gzip, identity"])
@pytest.mark.parametrize(
    "body", [b"garbage", gzip.compress(b'{"name":"a","password":"b"}')], ids=["garbage", "packed"]
)
async def test_a_compressed_body_is_refused(
    server: HallServer, encoding: str, body: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    nobody = await server.client(None)
    answer = await nobody.request(
        "POST", "/session", data=body, headers={"Content-Encoding": encoding}
    )
    assert (answer.status, answer.code) == (415, "content_encoding")
    assert "Traceback" not in capfd.readouterr().err


async def test_a_body_that_is_called_identical_is_taken(server: HallServer) -> None:
    kiosk = await server.client("kiosk")
    body, headers = b'{"queue":"H"}', {"Content-Encoding": "identity"}
    answer = await kiosk.request("POST", f"/halls/{HALL}/tickets", data=body, headers=headers)
    assert answer.status == 201


async def test_chunks_that_are_none_are_refused(server: HallServer) -> None:
    async with peer(server) as other:
        other.send(SIGN_IN + b"Transfer-Encoding: chunked\r\n\r\n")
        other.send(b"zz\r\n")
        assert (await other.answer())[0] == 400


# --- a server process --------------------------------------------------------------------------


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return installation(tmp_path)


@contextlib.contextmanager
def holding(url: str, times: int, sent: bytes) -> Iterator[list[socket.socket]]:
    where = urlsplit(url)
    assert where.hostname is not None
    assert where.port is not None
    with contextlib.ExitStack() as opened:
        sockets = []
        for _ in range(times):
            other = opened.enter_context(socket.create_connection((where.hostname, where.port)))
            other.sendall(sent)
            sockets.append(other)
        yield sockets


def ready(url: str) -> bool:
    with urllib.request.urlopen(f"{url}/readyz", timeout=20) as answer:
        return bool(answer.status == 200)


def limited(how: str) -> tuple[str, ...]:
    return ("bash", "-c", f'ulimit {how}; exec "$@"', "bash")


async def test_the_server_takes_as_many_files_as_it_may_have(directory: Path) -> None:
    server = ServerProcess(directory, limited("-S -n 150")).start()
    try:
        with holding(server.url, 200, HALF_A_HEAD):
            assert ready(server.url)
    finally:
        assert server.stop() == 0


async def test_out_of_files_it_says_so_once_and_goes_on(directory: Path) -> None:
    server = ServerProcess(directory, limited("-n 150")).start()
    try:
        with holding(server.url, 200, HALF_A_HEAD):
            await eventually(lambda: any("no_more_connections" in line for line in server.err))
        assert ready(server.url)
    finally:
        assert server.stop() == 0
    assert len([line for line in server.err if "no_more_connections" in line]) == 1
    assert not [line for line in server.err if "Traceback" in line]
    assert len(server.err) < 30


async def test_a_stop_within_the_second_that_asyncio_waits_then_leaves_no_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = asyncio.get_running_loop()
    closed, told = socket.socket(), asyncio.Event()
    closed.close()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        connections._on_loop_error(loop, context)
        told.set()

    before = loop.get_exception_handler()
    loop.set_exception_handler(handle)
    try:
        loop.call_soon(loop._start_serving, asyncio.Protocol, closed)  # type: ignore[attr-defined]
        await told.wait()
    finally:
        loop.set_exception_handler(before)
    assert caplog.records == []


async def test_what_clients_do_wrong_is_a_line_in_the_log(directory: Path) -> None:
    server = ServerProcess(directory).start()
    try:
        for _ in range(20):
            with holding(server.url, 1, b"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n") as [other]:
                assert other.recv(1000).startswith(b"HTTP/1.0 400")
        for what in (
            b"Content-Length: 100\r\n\r\nabc",
            b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        ):
            with holding(server.url, 5, SIGN_IN + what):
                assert ready(server.url)
        with holding(server.url, 1, SIGN_IN + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n") as [
            other
        ]:
            assert b" 400 " in other.recv(1000)
        assert ready(server.url)
    finally:
        assert server.stop() == 0
    assert not [line for line in server.err if "Traceback" in line or "request_failed" in line]
    unreadable = [json.loads(line) for line in server.err if "unreadable_request" in line]
    assert len(unreadable) == 1
    assert "127.0.0.1" in unreadable[0]["what"]
