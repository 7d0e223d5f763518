"""Housekeeping on a schedule, and its end."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from hall_app.jobs import start_jobs
from hall_core.features import Feature, Job


async def nothing(*_: Any) -> None:
    pass


class Slow(Feature):
    """Its job is not done when the server stops."""

    def __init__(self) -> None:
        self.began = asyncio.Event()

    def jobs(self, kernel: Any) -> tuple[Job, ...]:
        return (Job(self.work, "date", {}),)

    async def work(self) -> None:
        self.began.set()
        await asyncio.Event().wait()


async def test_a_job_that_is_cut_off_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    slow = Slow()
    kernel: Any = SimpleNamespace(
        features=[slow],
        access=SimpleNamespace(keep_sessions=nothing),
        expire=nothing,
        keys=SimpleNamespace(expire=nothing),
        writer=None,
    )
    before = asyncio.all_tasks()
    scheduler = start_jobs(kernel)
    await asyncio.wait_for(slow.began.wait(), 10)
    working = asyncio.all_tasks() - before
    scheduler.shutdown(wait=False)
    await asyncio.wait(working, timeout=10)
    assert [record for record in caplog.records if record.levelname != "INFO"] == []
