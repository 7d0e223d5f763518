"""Housekeeping on a schedule, and its end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
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


def kernel_of(*features: Feature) -> Any:
    return SimpleNamespace(
        features=features,
        access=SimpleNamespace(keep_sessions=nothing),
        expire=nothing,
        keys=SimpleNamespace(expire=nothing),
        writer=None,
    )


async def test_what_is_done_at_night_is_done_soon_after_a_start_too() -> None:
    """Where the machine is switched off at night, nothing would ever expire."""
    scheduler = start_jobs(kernel_of(), [Job(nothing, "cron", {"hour": 3})])
    try:
        in_time = datetime.now(UTC) + timedelta(minutes=15)
        assert len(scheduler.get_jobs()) == 5
        assert all(job.next_run_time < in_time for job in scheduler.get_jobs())
    finally:
        scheduler.shutdown(wait=False)


async def test_a_job_that_is_cut_off_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    slow = Slow()
    before = asyncio.all_tasks()
    scheduler = start_jobs(kernel_of(slow))
    await asyncio.wait_for(slow.began.wait(), 10)
    working = asyncio.all_tasks() - before
    scheduler.shutdown(wait=False)
    await asyncio.wait(working, timeout=10)
    assert [record for record in caplog.records if record.levelname != "INFO"] == []
