"""Trying again, for ever, without wearing anyone out; and connections that are noticed to die."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import aiohttp
import structlog
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from hall_core.agent.wire import PING_S

log = structlog.get_logger()

FIRST_S = 0.5
MOST_S = 30.0
ANSWER_S = 10.0  # for one request, or for opening a connection


class Refused(Exception):
    """The server answered, and does not want this agent (token, hall)."""


# What may be wrong with a connection; anything else is a fault of ours.
GONE = (OSError, aiohttp.ClientError, WebSocketException, TimeoutError, Refused)


async def for_ever(
    act: Callable[[], Awaitable[None]],
    trouble: Callable[[Exception], float],
    errors: tuple[type[Exception], ...] = GONE,
) -> None:
    """Do `act` again and again, after a pause that doubles from FIRST_S to MOST_S and is spread by
    chance, so that a hundred agents do not come back at the same moment.

    Args:
        trouble: hears why it ended and gives the least pause, in seconds.
    """
    pause_s = FIRST_S
    clock = asyncio.get_running_loop().time
    while True:
        began = clock()
        least_s = 0.0
        try:
            await act()
        except errors as error:
            least_s = trouble(error)
        if clock() - began > MOST_S:
            pause_s = FIRST_S  # it went well for a while
        await asyncio.sleep(max(least_s, pause_s) * random.uniform(0.5, 1.5))
        pause_s = min(pause_s * 2, MOST_S)


def open_socket(url: str, most: int) -> connect:
    """A WebSocket without compression and proxies; a dead peer is noticed by its pings.

    Args:
        most: bytes of one message.
    """
    return connect(
        url,
        compression=None,
        proxy=None,
        max_size=most,
        open_timeout=ANSWER_S,
        ping_interval=PING_S,
        ping_timeout=PING_S,
        close_timeout=2,
    )


class Tasks:
    """Tasks that end with their owner."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, ConnectionClosed):
            log.error("agent_task_failed", error=repr(error), exc_info=error)

    async def end(self) -> None:
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


@contextlib.asynccontextmanager
async def tasks() -> AsyncIterator[Tasks]:
    """Tasks that end with the block, however it ends."""
    group = Tasks()
    try:
        yield group
    finally:
        await group.end()
