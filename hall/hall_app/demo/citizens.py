"""Citizens: they come, take a ticket, wait, get up when called, miss it, change their mind."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections.abc import Callable, Coroutine, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from hall_app.demo.floor import Floor, Happening, Person
from hall_app.demo.guide import GuideDesk
from hall_app.demo.habits import Hours, Visit, open_later
from hall_app.demo.pace import Pace
from hall_app.demo.wire import Declined, Device, Wire

Spawn = Callable[[Coroutine[Any, Any, None]], object]
MISSED_MOST = 2
RESTLESS_AFTER = timedelta(minutes=3)


class Kiosk:
    """A ticket machine: one person at a time stands before it."""

    def __init__(self, device: Device, pace: Pace) -> None:
        self._device = device
        self._pace = pace
        self._free_at = pace.now()

    async def use(self, seconds: float, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Wait for one's turn, touch the screen for so long, and ask.

        Raises:
            Declined: the server says no.
        """
        self._free_at = max(self._free_at, self._pace.now()) + timedelta(seconds=seconds)
        await self._pace.until(self._free_at)
        answer: dict[str, Any] = await self._device.post(f"/halls/{self._device.hall}{path}", body)
        return answer

    async def print(self, ticket_id: str, printer: str) -> None:
        """A ticket on paper; without paper its number stands on the screen."""
        path = f"/halls/{self._device.hall}/tickets/{ticket_id}/print"
        with contextlib.suppress(Declined):
            await self._device.post(path, {"printer": printer})


class Citizens:
    """Everybody who comes to one hall on one day."""

    def __init__(
        self,
        floor: Floor,
        pace: Pace,
        wire: Wire,
        kiosks: Sequence[Device],
        counters: dict[int, Device],
        guide: GuideDesk,
        printer: str,
        seed: str,
    ) -> None:
        self.floor = floor
        self.pace = pace
        self.guide = guide
        self._wire = wire
        self._kiosks = [Kiosk(device, pace) for device in kiosks]
        self._counters = counters
        self._printer = printer  # of the first kiosk; the others show the number
        self._seed = seed

    async def come(self, today: date, visits: Sequence[Visit], hours: Hours, spawn: Spawn) -> None:
        """Let everybody in at their time. Who should have come already has been here."""
        begin = self.pace.now()
        for visit in visits:
            at = self.pace.at(today, visit.at_s)
            if at < begin:
                continue
            await self.pace.until(at)
            spawn(self._visit(today, visit, hours, spawn))

    async def stranger(self, number: str, window: int, rng: Random) -> None:
        """A ticket that a real person took, or that was waiting before we came: they turn up."""
        await self.pace.sleep(rng.uniform(10, 25))
        if number not in self.floor.people:
            self.floor.sit_down(window, number)

    async def _visit(self, today: date, visit: Visit, hours: Hours, spawn: Spawn) -> None:
        rng = Random(f"{self._seed}:{visit.at_s}")
        ticket = await self._take(visit, rng, spawn)
        if ticket is None:
            self.floor.counts["turned_away"] += 1
            return
        person = Person(visit, ticket)
        self.floor.welcome(person)
        try:
            await _Stay(self, person, today, hours, rng).live()
        finally:
            self.floor.farewell(person)

    # --- taking a ticket -----------------------------------------------------------------------

    async def _take(self, visit: Visit, rng: Random, spawn: Spawn) -> dict[str, Any] | None:
        if visit.at_desk:
            return await self.guide.issue(visit, visit.asks)
        body = {"service": visit.asks, "channel": "kiosk", "cases": visit.cases}
        if visit.claims_green:
            body["priority"] = "green"
        if visit.id_number is not None:
            body["id_number"] = visit.id_number
        kiosk = rng.choice(self._kiosks)
        try:
            ticket = await kiosk.use(rng.uniform(8, 20), "/tickets", body)
        except Declined as declined:
            if declined.code != "queue_full_today" or rng.random() < 0.6:
                return None  # reads why, and goes home
            return await self.guide.issue(visit, visit.asks)
        if kiosk is self._kiosks[0]:
            spawn(kiosk.print(ticket["ticket_id"], self._printer))
        return ticket

    # --- what a person does --------------------------------------------------------------------

    async def cancel(self, person: Person) -> bool:
        try:
            path = f"/public/tickets/{person.token}/commands"
            await self._wire.post(path, None, {"command": "cancel"})
        except Declined:
            return False
        return True

    async def look(self, person: Person) -> None:
        """At the phone page; without a network it says so."""
        with contextlib.suppress(Declined):
            await self._wire.get(f"/public/tickets/{person.token}", None)

    async def check_in(self, person: Person, window: int, rng: Random) -> bool:
        """Turn up after having been missed: at a kiosk, the guide desk or the window."""
        how = rng.random()
        try:
            if how < 0.6:
                scan = person.token if rng.random() < 0.5 else person.number
                kiosk = rng.choice(self._kiosks)
                await kiosk.use(rng.uniform(5, 12), "/check-in", {"scan": scan})
            elif how < 0.85 or window not in self._counters:
                return await self.guide.requeue(person) is not None
            else:
                path = f"/tickets/{person.ticket_id}/commands"
                await self._counters[window].post(path, {"command": "requeue"})
        except Declined:
            return False
        return True


class _Stay:
    """One person's time in the hall."""

    def __init__(
        self, crowd: Citizens, person: Person, today: date, hours: Hours, rng: Random
    ) -> None:
        self._crowd = crowd
        self._person = person
        self._rng = rng
        self._agenda: list[tuple[datetime, str]] = []
        self._restless = crowd.pace.now() + RESTLESS_AFTER
        visit = person.visit

        def plan(what: str, after_s: float | None) -> None:
            if after_s is not None:
                at_s = open_later(hours, visit.at_s, after_s)
                heapq.heappush(self._agenda, (crowd.pace.at(today, at_s), what))

        plan("verify", rng.uniform(30, 120) if person.pending_claim else None)
        plan("exchange", visit.notices_after_s)
        plan("cancel", visit.cancels_after_s)
        plan("special", visit.special_after_s)
        plan("give_up", visit.patience_s)
        for _ in range(visit.looks):
            plan("look", rng.uniform(60, 1200))

    async def live(self) -> None:
        """Until this person goes home."""
        while True:
            happening = await self._next()
            if happening is None:
                going = await self._impulse(heapq.heappop(self._agenda)[1])
            else:
                going = await self._happened(*happening)
            if going:
                return

    async def _next(self) -> Happening | None:
        """What the screens say next; None when the agenda is first."""
        inbox = self._person.inbox
        if not inbox.empty():
            return inbox.get_nowait()
        wait_s = None
        if self._agenda:
            pace = self._crowd.pace
            wait_s = pace.real((self._agenda[0][0] - pace.now()).total_seconds())
        try:
            async with asyncio.timeout(wait_s):
                return await inbox.get()
        except TimeoutError:
            return None

    async def _impulse(self, what: str) -> bool:
        """Do what was on the agenda, if still waiting. True: goes home."""
        person, crowd = self._person, self._crowd
        if person.state != "waiting" or person.presence == "gone":
            return False
        if what == "verify":
            await crowd.guide.verify(person)
        elif what == "exchange" and person.service != person.visit.service:
            ticket = await crowd.guide.exchange(person)
            if ticket is not None:
                person.service, person.queue = person.visit.service, ticket["queue"]
                if ticket["number"] != person.number:
                    crowd.floor.renumber(person, ticket["number"])
        elif what == "special":
            crowd.floor.ask_out_of_turn(person.queue, person.number)
        elif what == "look":
            await crowd.look(person)
        elif what == "cancel" or (what == "give_up" and self._rng.random() < 0.5):
            return await crowd.cancel(person)
        elif what == "give_up":
            person.presence = "gone"  # nobody is told
        return False

    async def _happened(self, kind: str, data: dict[str, Any]) -> bool:
        """React to what the screens say about this number. True: goes home."""
        person = self._person
        if kind in ("ticket_called", "ticket_recalled"):
            person.state = "called"
            await self._called(kind, data["window"])
        elif kind == "ticket_no_show":
            return await self._missed(data["window"])
        elif kind == "service_started":
            person.state = "serving"
        elif kind == "ticket_held":
            person.state, person.seat = "held", None
            await self._crowd.pace.sleep(person.visit.away_s)
            person.is_back = True
            self._crowd.floor.wake(data["window"])
        elif kind == "service_finished":
            going = not person.stays
            person.stays = False
            if not going:
                person.state, person.seat = "waiting", None
            return going
        elif kind == "step_undone":
            person.state, person.seat = "serving", data["window"]
        elif kind in ("ticket_transferred", "ticket_released", "ticket_requeued"):
            person.state, person.seat, person.queue = "waiting", None, data["queue"]
        return kind in ("ticket_cancelled", "ticket_expired")

    async def _called(self, kind: str, window: int) -> None:
        person = self._person
        if self._crowd.pace.now() < self._restless:
            person.presence = "there"  # nobody wanders off before they have even sat down
        at_once = person.presence == "there"
        if person.seat == window or not (
            at_once or (person.presence == "slow" and kind == "ticket_recalled")
        ):
            return
        await self._crowd.pace.sleep(person.visit.walk_s)
        if self._crowd.floor.sit_down(window, person.number):
            person.seat = window

    async def _missed(self, window: int) -> bool:
        person = self._person
        person.seat = None
        person.missed += 1
        if person.presence == "gone" or person.missed > MISSED_MOST:
            return True
        late = person.presence == "misses"
        await self._crowd.pace.sleep(person.visit.back_s if late else self._rng.uniform(20, 90))
        person.presence = "there"
        if not await self._crowd.check_in(person, window, self._rng):
            return True
        person.state = "waiting"
        return False
