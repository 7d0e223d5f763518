"""How simulated devices reach the server: plain HTTP and WebSockets, with a token, as real ones."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any, Self

import aiohttp
import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

CONNECTIONS = 48  # at once; who comes later waits, as people do before a busy machine
TRIES = 6
TIMEOUT_S = 30

_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()


class Declined(Exception):
    """The server said no. `code` is the problem document's."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail


class Wire:
    """The connections of all simulated devices, and what went over them."""

    def __init__(self, url: str, run: str) -> None:
        self.url = url
        self._run = run  # makes idempotency keys of this run differ from those of others
        self._keys = 0
        self._session: aiohttp.ClientSession
        self.requests = 0
        self.retries = 0
        self.declined: Counter[str] = Counter()  # "409 wrong_state" -> how often

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._session.close()

    async def get(self, path: str, token: str | None) -> Any:
        return await self._send("GET", path, token, None, "")

    async def post(self, path: str, token: str | None, body: dict[str, Any]) -> Any:
        """A write; repeated with the same key while the server is busy or out of reach.

        Raises:
            Declined: the server refused, or stayed out of reach.
        """
        self._keys += 1
        key = f"{self._run}-{self._keys}"
        return await self._send("POST", path, token, _encoder.encode(body), key)

    async def _send(
        self, method: str, path: str, token: str | None, body: bytes | None, key: str
    ) -> Any:
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if key:
            headers["Idempotency-Key"] = key
        pause_s = 0.5
        for attempt in range(1, TRIES + 1):
            self.requests += 1
            try:
                async with self._session.request(
                    method, f"{self.url}/api/v1{path}", data=body, headers=headers
                ) as response:
                    answer = await response.read()
                    status = response.status
            except (aiohttp.ClientError, TimeoutError) as error:
                status, answer = 0, str(error).encode()
            if 200 <= status < 300:
                return _decoder.decode(answer) if answer else None
            declined = _declined(status, answer)
            self.declined[f"{status} {declined.code}"] += 1
            if status not in (0, 429, 503) or attempt == TRIES:
                raise declined
            self.retries += 1
            await asyncio.sleep(pause_s)
            pause_s *= 2
        raise AssertionError("unreachable")

    async def follow(self, hall: str, token: str, take: Callable[[dict[str, Any]], None]) -> None:
        """Give every message of a hall's stream to `take`, for ever; resumes where it broke off."""
        url = f"ws{self.url.removeprefix('http')}/api/v1/halls/{hall}/stream"
        version: int | None = None
        async for socket in connect(
            url, compression=None, proxy=None, max_size=None, ping_interval=None
        ):
            try:
                hello = {"type": "hello", "token": token, "after": version}
                await socket.send(_encoder.encode(hello).decode())
                async for text in socket:
                    message = _decoder.decode(text)
                    version = message["version"]
                    take(message)
            except ConnectionClosed:
                self.retries += 1
                await asyncio.sleep(0.2)
            except asyncio.CancelledError:
                socket.transport.abort()  # many end at once: nobody waits for good-byes
                raise


def _declined(status: int, answer: bytes) -> Declined:
    try:
        problem = _decoder.decode(answer)
        return Declined(status, problem["code"], problem["detail"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return Declined(status, "unreachable" if not status else "unknown", answer.decode()[:200])


class Device:
    """One device of a hall: who it is when it talks to the server."""

    def __init__(self, wire: Wire, hall: str, token: str, window: int | None = None) -> None:
        self._wire = wire
        self.hall = hall
        self.token = token
        self.window = window

    async def get(self, path: str) -> Any:
        return await self._wire.get(path, self.token)

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        return await self._wire.post(path, self.token, body)
