"""A regional system that misbehaves: a real HTTP server that does what its script says."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Literal

from aiohttp import web

Mood = Literal[
    "ok",  # stores it and says so
    "500",  # stores nothing
    "503",
    "stored, then 500",
    "hang",  # reads it and never answers
    "stored, then hang",
    "half",  # an answer that breaks off
    "stored, then half",
    "abort",  # closes without a word
    "stored, then abort",
    "twice",  # stores it and answers twice over
    "garbage",  # says no HTTP
    "400",  # does not like this rating
    "401",
    "302",
]


class Region:
    """Stores each rating once, by its id, as the interface asks for."""

    def __init__(self) -> None:
        self.url = ""
        self.script: deque[Mood] = deque()  # for the next requests; then everything is well
        self.duplicate = 200  # what a repeated rating is answered
        self.stored: dict[str, dict[str, Any]] = {}
        self.order: list[str] = []
        self.requests: list[tuple[str, dict[str, str]]] = []  # (id, headers)
        self.wants: str | None = None  # Authorization, without which it answers 401
        self.elsewhere = 0  # requests at the address of a redirect
        self._over = asyncio.Event()

    def reset(self, *script: Mood, duplicate: int = 200) -> None:
        self.script = deque(script)
        self.duplicate = duplicate
        self.wants = None
        self.stored.clear()
        self.order.clear()
        self.requests.clear()

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        fields = await request.json()
        key = request.headers["Idempotency-Key"]
        assert key == fields["evaluationId"]
        self.requests.append((key, dict(request.headers)))
        mood: Mood = self.script.popleft() if self.script else "ok"
        if self.wants not in (None, request.headers.get("Authorization")):
            mood = "401"
        known = key in self.stored
        if mood in ("ok", "twice") or mood.startswith("stored"):
            self.stored.setdefault(key, fields)
            if not known:
                self.order.append(key)
        return await self._answer(request, mood.removeprefix("stored, then "), known)

    async def _answer(self, request: web.Request, mood: str, known: bool) -> web.StreamResponse:
        transport = request.transport
        assert transport is not None
        if mood == "ok":
            return web.json_response({"code": 0}, status=self.duplicate if known else 200)
        if mood == "hang":
            await self._over.wait()
        elif mood == "abort":
            transport.abort()
        elif mood == "half":
            answer = web.StreamResponse(headers={"Content-Length": "1000"})
            await answer.prepare(request)
            await answer.write(b'{"code": 0, ')
            transport.close()
            return answer
        elif mood == "twice":
            body = b'{"code": 0}'
            once = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            transport.write(once + once.replace(b"200 OK", b"500 No"))
            transport.close()
        elif mood == "garbage":
            transport.write(b"\x00\xff what?\r\n\r\n")
            transport.close()
        elif mood == "302":
            raise web.HTTPFound("/elsewhere")
        else:
            text = "projectNo 不存在\r\n<b>请核对</b>"
            return web.Response(status=int(mood), text=text)
        return web.Response()

    async def _elsewhere(self, request: web.Request) -> web.Response:
        self.elsewhere += 1
        return web.Response()

    @contextlib.asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator[None]:
        """Listen on the loopback; afterwards nobody does."""
        app = web.Application()
        app.router.add_post("/ratings", self._receive)
        app.router.add_route("*", "/elsewhere", self._elsewhere)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/ratings"
            yield
        finally:
            self._over.set()
            await runner.cleanup()
            self._over = asyncio.Event()

    @property
    def port(self) -> int:
        return int(self.url.split(":")[2].split("/")[0])
