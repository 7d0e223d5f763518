"""What the server does about clients that connect and then don't behave.

One that never finishes what it asks holds a file descriptor: when all are taken, nobody gets in.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import resource
import socket
import struct
import time
from collections.abc import Mapping
from typing import Any

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

HEAD_S = 30.0  # how long the head of a request may take
SWEEP_S = 5.0
BACKLOG = 512  # a thousand screens come back at once; without files asyncio tries so often in a row
FULL = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
# Of Linux' struct tcp_info: tcpi_last_data_sent, tcpi_last_data_recv, in ms ago.
TCP_INFO_BYTES = 104
LAST_DATA = struct.Struct("=I4xI")
LAST_DATA_AT = 44

log = structlog.get_logger()


# --- heads that never end ----------------------------------------------------------------------


async def close_unfinished(server: web.Server) -> None:
    """Close connections that owe the head of a request for longer than HEAD_S, for ever.

    aiohttp has one limit for all who wait for a request, and idle ones are worth keeping for an
    hour. So this looks at them from outside, now and then: a request itself costs nothing more.
    """
    owing: dict[tuple[RequestHandler, int], float] = {}
    while True:
        await asyncio.sleep(SWEEP_S)
        now = time.monotonic()
        # A connection that has sent a head since, and owes the next, has its time anew.
        owing = {
            (connection, connection._request_count): owing.get(
                (connection, connection._request_count), now
            )
            for connection in server.connections
            if _owes(connection)
        }
        for (connection, _), since in owing.items():
            if now - since >= HEAD_S and connection.transport is not None:
                connection.transport.abort()


def _owes(connection: RequestHandler) -> bool:
    """Whether it waits for the rest of a head: for its first one, or for one that has begun.

    The kernel's clock ticks every few ms: what comes that soon after an answer looks like an idle
    connection until more of it comes.
    """
    transport = connection.transport
    if connection._waiter is None or transport is None or transport.is_closing():
        return False  # a request is being answered, or a WebSocket is open
    if connection._request_count == 0:
        return True
    raw: Any = transport.get_extra_info("socket")
    info = raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
    sent, received = LAST_DATA.unpack_from(info, LAST_DATA_AT)
    return bool(received < sent)  # something came after the last answer went out


# --- the process and its log -------------------------------------------------------------------


def expect_strangers() -> None:
    """Get ready for many connections, and for what comes over them to be a line now and then."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # shells give 1024 unless asked
    logging.getLogger("aiohttp.server").addFilter(_client_faults)
    asyncio.get_running_loop().set_exception_handler(_on_loop_error)


class Seldom:
    """A line for the log at most once in `every_s`: what strangers cause must not fill a disk."""

    def __init__(self, every_s: float = 60.0) -> None:
        self._every_s = every_s
        self._told_at = -every_s
        self._times = 0

    def tell(self, event: str, **values: Any) -> None:
        self._times += 1
        now = time.monotonic()
        if now - self._told_at >= self._every_s:
            log.warning(event, times=self._times, **values)
            self._told_at, self._times = now, 0


_full = Seldom()


def _on_loop_error(loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """The event loop's handler of errors that nobody waits for."""
    error = context.get("exception")
    if isinstance(error, OSError) and error.errno in FULL and "socket" in context:
        _full.tell("no_more_connections", error=str(error))
    elif isinstance(error, ValueError) and "._start_serving(" in context.get("message", ""):
        pass  # asyncio takes connections again after a second; the server was stopped meanwhile
    else:
        loop.default_exception_handler(dict(context))


class _ClientFaults(logging.Filter):
    """aiohttp tells of a request that it can't read in a dozen lines: it is no fault of ours."""

    def __init__(self) -> None:
        super().__init__()
        self._unreadable = Seldom()

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, ConnectionError):
            return False  # it went away
        if isinstance(error, HttpProcessingError | web.RequestPayloadError):
            text = (str(error).splitlines() or [""])[0][:200]
            self._unreadable.tell("unreadable_request", what=record.getMessage(), error=text)
            return False
        return True


_client_faults = _ClientFaults()
