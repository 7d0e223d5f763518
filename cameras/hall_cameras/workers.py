"""The workers that are connected, and asking them."""

from __future__ import annotations

import asyncio
import time
from typing import TypeVar

from hall_cameras import wire
from hall_cameras.leases import Leases
from hall_cameras.link import Link
from hall_core.errors import Conflict

T = TypeVar("T")
ASK_S = 8.0


class Workers:
    """Who is here, and by the book of leases, who watches what."""

    def __init__(self) -> None:
        self.leases = Leases(first_epoch=time.time_ns() // 1_000_000)
        self.links: dict[str, Link] = {}

    def any_local(self) -> bool:
        """Whether this machine's own worker is here."""
        return any(link.local for link in self.links.values())

    def holder(self, camera_id: str) -> Link | None:
        """The worker that watches this camera."""
        held = self.leases.holder(camera_id)
        return None if held is None else self.links.get(held[0])

    async def ask_holder(
        self, camera_id: str, question: wire.Ask, type_: type[T], timeout_s: float = ASK_S
    ) -> T:
        """Ask the worker that watches this camera.

        Raises:
            Conflict: nobody watches it, or it could not be done.
        """
        link = self.holder(camera_id)
        if link is None:
            raise Conflict("camera_no_worker", "没有视频工作进程在看这台摄像机，请稍后再试。")
        return await link.ask(question, type_, timeout_s)

    async def ask_any(
        self, hall_id: str, question: wire.Ask, type_: type[T], timeout_s: float
    ) -> T:
        """Ask a worker that may serve this hall; one that is being started is waited for.

        Raises:
            Conflict: there is none, or it could not be done.
        """
        ends = time.monotonic() + ASK_S
        while True:
            for worker_id, link in self.links.items():
                if self.leases.workers[worker_id].may(hall_id):
                    return await link.ask(question, type_, timeout_s)
            if time.monotonic() > ends:
                raise Conflict("camera_no_worker", "没有可用的视频工作进程，请稍后再试。")
            await asyncio.sleep(0.05)
