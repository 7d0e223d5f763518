"""Housekeeping on a schedule. What is due in a hall is in its state, not here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from functools import wraps

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from hall_core.errors import Unavailable
from hall_core.features import Job
from hall_core.kernel import Kernel

log = structlog.get_logger()

SETTLED = timedelta(minutes=10)  # after a start, when nobody waits for pages any more


def start_jobs(kernel: Kernel, more: Iterable[Job] = ()) -> AsyncIOScheduler:
    """Start the scheduler with the kernel's and the features' jobs, and `more`; the caller shuts
    it down.

    What is done at night is done soon after a start, too: many halls switch their machine off in
    the evening, and what has had its time must go there as well.
    """
    scheduler = AsyncIOScheduler(job_defaults={"coalesce": True, "misfire_grace_time": 3600})

    async def expire_keys() -> None:
        await kernel.keys.expire(kernel.writer)

    async def tell_calendar() -> None:  # a full disk may have kept it from a hall
        kernel.tell_calendar()

    jobs = [
        Job(run=expire_keys, trigger="cron", when={"hour": 3, "minute": 20}),
        Job(run=kernel.access.keep_sessions, trigger="interval", when={"minutes": 1}),
        Job(run=kernel.expire, trigger="cron", when={"hour": 3, "minute": 30}),
        Job(run=tell_calendar, trigger="cron", when={"hour": 3, "minute": 35}),
        *(job for feature in kernel.features for job in feature.jobs(kernel)),
        *more,
    ]
    soon = datetime.now(scheduler.timezone) + SETTLED
    for job in jobs:
        first = {"next_run_time": soon} if job.trigger == "cron" else {}
        scheduler.add_job(_ends_quietly(job.run), job.trigger, **job.when, **first)
    scheduler.start()
    return scheduler


def _ends_quietly(run: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """A job that is cut off because the server stops, or can't be stored now, is no error with a
    traceback, as APScheduler would log it: it comes again."""

    @wraps(run)
    async def job() -> None:
        try:
            await run()
        except asyncio.CancelledError:
            return
        except Unavailable as error:
            log.warning("job_put_off", job=run.__qualname__, error=str(error))

    return job
