"""The guide desk: issues, verifies green claims, exchanges wrong tickets, requeues the missed."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any, NamedTuple

from hall_app.demo.floor import Person
from hall_app.demo.habits import Visit
from hall_app.demo.pace import Pace
from hall_app.demo.wire import Declined, Device

Answer = dict[str, Any] | None


class _Request(NamedTuple):
    path: str
    body: dict[str, Any]
    answer: asyncio.Future[Answer]


class GuideDesk:
    """A line of people in front of one desk with a few guides behind it."""

    def __init__(self, device: Device, pace: Pace, rng: Random, guides: int) -> None:
        self._device = device
        self._pace = pace
        self._rng = rng
        self._guides = guides
        self._line: asyncio.Queue[_Request] = asyncio.Queue()

    async def run(self) -> None:
        """Serve for ever."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._guides):
                group.create_task(self._serve())

    async def _serve(self) -> None:
        while True:
            request = await self._line.get()
            await self._pace.sleep(self._rng.uniform(15, 45))
            answer: Answer = None
            try:
                answer = await self._device.post(request.path, request.body)
            except Declined:
                pass  # called meanwhile, closed by now: the guide says so
            finally:
                if not request.answer.done():
                    request.answer.set_result(answer)

    async def _ask(self, path: str, body: dict[str, Any]) -> Answer:
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._line.put_nowait(_Request(path, body, answer))
        return await answer

    async def issue(self, visit: Visit, service: str) -> Answer:
        body = {"service": service, "channel": "guide_desk", "cases": visit.cases}
        if visit.claims_green and visit.entitled:
            body["priority"] = "green"  # the guide sees it at once
        if visit.id_number is not None:
            body["id_number"] = visit.id_number
        return await self._ask(f"/halls/{self._device.hall}/tickets", body)

    async def verify(self, person: Person) -> Answer:
        body = {"command": "verify_green", "granted": person.visit.entitled}
        return await self._ask(f"/tickets/{person.ticket_id}/commands", body)

    async def exchange(self, person: Person) -> Answer:
        body = {"command": "exchange", "service": person.visit.service}
        return await self._ask(f"/tickets/{person.ticket_id}/commands", body)

    async def requeue(self, person: Person) -> Answer:
        return await self._ask(f"/tickets/{person.ticket_id}/commands", {"command": "requeue"})
