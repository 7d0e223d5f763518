"""The floors: the same bytes to the same disk and sockets without the product.

    issue  a bare aiohttp handler; a thread commits waiting rows of three tables in groups
    call   the same with one row updated, and a raw socket write to one screen before the reply

Run as `python -m hall_app.bench.floor KIND DATABASE`; prints its port.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import sys
import threading
from typing import Any

from aiohttp import web

BATCH = 256
TICKET_COLUMNS = 20  # as many as the product's table has
EVENT = b'{"ticket_id":"0123456789abcdef","number":"H001","queue":"H","day":"2026-11-22","v":1}'
ANSWER = b'{"ticket_id":"0123456789abcdef","number":"H001","queue":"H","state":"waiting"' + (
    b',"ahead":1,"wait_minutes":{"low":1,"likely":2,"high":3},"issued_at":"2026-11-22T00:00:00Z"'
    b',"channel":"kiosk","priority":"normal","cases":1,"window":null,"clerk_no":null}'
)


class Committer(threading.Thread):
    """Group commit with nothing around it."""

    def __init__(self, path: str, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(daemon=True)
        self.path = path
        self.loop = loop
        self.waiting: queue.SimpleQueue[tuple[int, asyncio.Future[None]]] = queue.SimpleQueue()

    def run(self) -> None:
        connection = sqlite3.connect(self.path)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        columns = ", ".join(f"c{n}" for n in range(1, TICKET_COLUMNS))
        connection.executescript(
            "CREATE TABLE journal (hall TEXT, version INTEGER, at INTEGER, type TEXT, actor TEXT, "
            "data TEXT, PRIMARY KEY (hall, version)) WITHOUT ROWID;"
            f"CREATE TABLE tickets (id TEXT PRIMARY KEY, {columns});"
            "CREATE UNIQUE INDEX number ON tickets (c1, c2, c4);"
            "CREATE TABLE keys (digest BLOB PRIMARY KEY, body BLOB, at INTEGER, answer TEXT) "
            "WITHOUT ROWID;"
        )
        marks = ",".join("?" * TICKET_COLUMNS)
        while True:
            batch = [self.waiting.get()]
            while len(batch) < BATCH and not self.waiting.empty():
                batch.append(self.waiting.get())
            serials = [serial for serial, _ in batch]
            connection.executemany(
                "INSERT INTO journal VALUES (?,?,?,?,?,?)",
                [("hall", n, n, "ticket_issued", "kiosk:1", EVENT.decode()) for n in serials],
            )
            connection.executemany(
                f"INSERT INTO tickets VALUES ({marks}) "
                "ON CONFLICT (id) DO UPDATE SET c1 = excluded.c1",
                [
                    (f"{n:016x}", "hall", "day", "H", n, *[None] * (TICKET_COLUMNS - 5))
                    for n in serials
                ],
            )
            connection.executemany(
                "INSERT INTO keys VALUES (?,?,?,?)",
                [(n.to_bytes(16, "big"), b"0" * 16, n, ANSWER.decode()) for n in serials],
            )
            connection.commit()
            self.loop.call_soon_threadsafe(_settle, [future for _, future in batch])


def _settle(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        future.set_result(None)


async def main(kind: str, path: str) -> None:
    loop = asyncio.get_running_loop()
    committer = Committer(path, loop)
    committer.start()
    serial = 0
    screens: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        nonlocal serial
        await request.read()
        serial += 1
        future: asyncio.Future[None] = loop.create_future()
        committer.waiting.put((serial, future))
        await future
        if kind == "call":
            frame = b'{"type":"event","event":{"type":"ticket_called"}}'
            for screen in screens:
                screen.send(bytes((0x81, len(frame))) + frame)
        return web.Response(body=ANSWER, content_type="application/json")

    async def join(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        await socket.receive()
        await socket.send_str("{}")
        assert request.transport is not None
        # The bare socket itself: a write with nothing in between.
        screens.append(request.transport.get_extra_info("socket")._sock)
        async for _ in socket:
            pass
        screens.clear()  # there is one screen at a time
        return socket

    app = web.Application()
    app.router.add_post("/{path:.*}", handler)
    app.router.add_get("/{path:.*}", join)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
