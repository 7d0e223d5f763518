"""Evidence expires, and its disk use is capped: the oldest pictures go first, and it is said."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog
from sqlalchemy import Connection, delete, func, select

from hall_cameras import tables
from hall_cameras.media import Pictures
from hall_core.clock import millis
from hall_core.kernel import Kernel

log = structlog.get_logger()

CHUNK = 500
MARGIN = timedelta(days=1)  # pictures that no row names are kept so much longer


class Retention:
    """`keep` and `disk_max` bound what is stored."""

    def __init__(
        self,
        kernel: Kernel,
        pictures: Pictures,
        keep: timedelta,
        disk_max: int,
    ) -> None:
        self._kernel = kernel
        self._pictures = pictures
        self._keep = keep
        self._disk_max = disk_max

    async def expire(self) -> None:
        """Delete what has had its time, then the oldest of what is too much."""
        table = tables.camera_evidence
        before = millis(self._kernel.clock.now() - self._keep)

        def old(connection: Connection) -> list[str]:
            query = select(table.c.evidence_id).where(table.c.taken_ms < before)
            return list(connection.execute(query.limit(CHUNK)).scalars())

        while expired := await self._kernel.store.read(old):
            await self._forget(expired, "expired")
        await self._shrink()
        await asyncio.to_thread(self._pictures.forget_older, (self._keep + MARGIN).total_seconds())

    async def _shrink(self) -> None:
        table = tables.camera_evidence

        def total(connection: Connection) -> int:
            return int(connection.execute(select(func.sum(table.c.bytes))).scalar() or 0)

        def oldest(connection: Connection) -> list[tuple[str, int]]:
            query = select(table.c.evidence_id, table.c.bytes).order_by(table.c.taken_ms)
            return [(row[0], row[1]) for row in connection.execute(query.limit(CHUNK))]

        excess = await self._kernel.store.read(total) - self._disk_max
        while excess > 0:
            gone = []
            for evidence_id, size in await self._kernel.store.read(oldest):
                if excess <= 0:
                    break
                gone.append(evidence_id)
                excess -= size
            if not gone:
                return
            await self._forget(gone, "disk_full")

    async def _forget(self, evidence_ids: list[str], why: str) -> None:
        # Files first: a row without its picture says "expired", a picture without its row would
        # lie there for ever.
        table = tables.camera_evidence
        await asyncio.to_thread(self._pictures.forget, evidence_ids)
        statement = delete(table).where(table.c.evidence_id.in_(evidence_ids))
        await self._kernel.writer.write(statements=[(statement, {})])
        log.info("camera_evidence_removed", why=why, pictures=len(evidence_ids))
        await self._kernel.audit(
            "system:cameras", "evidence_removed", why, "", None, f"{len(evidence_ids)} pictures"
        )
