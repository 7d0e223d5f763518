"""Housekeeping on a schedule. What is due in a hall is in its state, not here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from hall_core.kernel import Kernel


def start_jobs(kernel: Kernel) -> AsyncIOScheduler:
    """Start the scheduler; the caller shuts it down."""
    scheduler = AsyncIOScheduler(job_defaults={"coalesce": True, "misfire_grace_time": 3600})

    async def expire_keys() -> None:
        await kernel.keys.expire(kernel.writer)

    scheduler.add_job(_ends_quietly(expire_keys), "cron", hour=3, minute=20)
    scheduler.add_job(_ends_quietly(kernel.access.keep_sessions), "interval", minutes=1)
    scheduler.add_job(_ends_quietly(kernel.expire), "cron", hour=3, minute=30)
    for feature in kernel.features:
        for job in feature.jobs(kernel):
            scheduler.add_job(_ends_quietly(job.run), job.trigger, **job.when)
    scheduler.start()
    return scheduler


def _ends_quietly(run: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """A job that is cut off because the server stops is no error, as APScheduler would log it."""

    @wraps(run)
    async def job() -> None:
        try:
            await run()
        except asyncio.CancelledError:
            return

    return job
