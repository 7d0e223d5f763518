"""Housekeeping on a schedule. What is due in a hall is in its state, not here."""

from __future__ import annotations

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from hall_core.kernel import Kernel


def start_jobs(kernel: Kernel) -> AsyncIOScheduler:
    """Start the scheduler; the caller shuts it down."""
    scheduler = AsyncIOScheduler(job_defaults={"coalesce": True, "misfire_grace_time": 3600})

    async def expire_keys() -> None:
        await kernel.keys.expire(kernel.writer)

    scheduler.add_job(expire_keys, "cron", hour=3, minute=20)
    scheduler.add_job(kernel.access.keep_sessions, "interval", minutes=1)
    scheduler.add_job(kernel.expire, "cron", hour=3, minute=30)
    for feature in kernel.features:
        for job in feature.jobs(kernel):
            scheduler.add_job(job.run, job.trigger, **job.when)
    scheduler.start()
    return scheduler
