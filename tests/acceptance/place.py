"""A hall that nobody has come to yet, and a browser beside it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from playwright.async_api import Browser

from hall_core.clock import ManualClock
from tests.acceptance.browser import Pages, dated_by
from tests.acceptance.busy import arrange, clock_at, morning
from tests.support import HallServer, hall_server


class Place(NamedTuple):
    """Qinghe's hall on Tuesday 3 March 2026, 10:00; time moves when it is told to."""

    server: HallServer
    pages: Pages
    clock: ManualClock


@contextlib.asynccontextmanager
async def at_ten(browser: Browser, directory: Path) -> AsyncIterator[Place]:
    """No page may have had a fault in the end."""
    clock = clock_at(10, 0)
    async with (
        hall_server(directory, clock=clock, always_open=False, extend=dated_by(clock)) as server,
        Pages(browser, server) as pages,
    ):
        yield Place(server, pages, clock)
        assert pages.faults == []


@contextlib.asynccontextmanager
async def busy_morning(directory: Path) -> AsyncIterator[HallServer]:
    """Qinghe on a Tuesday at 09:00: full, four clerks away, one of them overdue."""
    clock = clock_at()
    async with hall_server(
        directory, clock=clock, always_open=False, extend=dated_by(clock)
    ) as server:
        await morning(server, clock, 30)
        await arrange(server, clock)
        yield server
