"""A JSON document as a response, in one piece."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache, lru_cache
from http import HTTPStatus

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

from hall_core.clock import Clock

JSON = "application/json"


class Document(web.StreamResponse):
    """A JSON document on its way out.

    aiohttp gathers headers in a dictionary, asks its signals and has a writer put it all together,
    which takes longer than to decide a ticket. Where a head of four lines is all there is to say
    (HTTP/1.1 over a connection that stays), head and document are one write here. The date is the
    halls' clock's.
    """

    def __init__(self, body: bytes, status: int, clock: Clock) -> None:
        super().__init__(status=status)
        self._document = body
        self._clock = clock
        self._plain: web.Response | None = None

    @property
    def keep_alive(self) -> bool | None:
        return True if self._plain is None else self._plain.keep_alive

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        transport = request.transport
        stays = request.keep_alive and request.version == HttpVersion11
        if not stays or transport is None or transport.is_closing():
            self._plain = web.Response(body=self._document, status=self.status, content_type=JSON)
            return await self._plain.prepare(request)
        date = _date(int(self._clock.now().timestamp()))
        transport.write(_HEAD % (_line(self.status), date, len(self._document), self._document))
        await request.writer.drain()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        if self._plain is not None:
            await self._plain.write_eof(data)


_HEAD = b"HTTP/1.1 %b\r\nDate: %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"


@cache
def _line(status: int) -> bytes:
    return f"{status} {HTTPStatus(status).phrase}".encode()


@lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    return format_datetime(datetime.fromtimestamp(second, UTC), usegmt=True).encode()
