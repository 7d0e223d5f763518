"""The simulated city: every hall's people, day after day."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Coroutine, Mapping
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import structlog

from hall_app.demo import habits
from hall_app.demo.citizens import Citizens
from hall_app.demo.city import City
from hall_app.demo.clerks import CAP, Clerk
from hall_app.demo.devices import Simulated
from hall_app.demo.floor import Floor
from hall_app.demo.folder import DESK
from hall_app.demo.guide import GuideDesk
from hall_app.demo.keys import CallerDevice
from hall_app.demo.manager import Manager
from hall_app.demo.pace import Pace, next_morning
from hall_app.demo.pads import Pad
from hall_app.demo.wire import Device, Wire

log = structlog.get_logger()

STAND_IN = "B岗"
WINDOWS_A_GUIDE = 30
WANDERER = 5  # the window whose clerk leaves without a notice, before a camera
NOTICED_S = 30.0  # real seconds until the camera's worker says that nobody is there
LOOKED_AT_MIN = 10.0  # so long supervision sees it, too
AGENTS_S = 20.0  # real seconds, at most, until their processes have started
NIGHT_S = 0.5  # real seconds that each half of a night takes, so that midnight is noticed
LAST = timedelta(minutes=45)  # after that whoever is still there is sent home
Tokens = Mapping[str, Mapping[str, str]]
"""hall -> device ("kiosk-1", "guide", "display", "manager", "counter-3", "pad-3") -> token."""
Taken = Callable[[str, int, str], bool]
"""Whether a real page of (hall, window, kind) is open."""


class HallRun:
    """One hall's devices and people."""

    def __init__(
        self,
        floor: Floor,
        pace: Pace,
        wire: Wire,
        tokens: Mapping[str, str],
        seed: str,
        beside: Simulated,
        connected: Callable[[str], bool],
    ) -> None:
        self.floor = floor
        self.beside = beside
        self._pace = pace
        self._wire = wire
        self._seed = f"{seed}:{floor.hall}"
        hall = floor.hall

        def device(name: str) -> Device:
            return Device(wire, hall, tokens[name])

        self.guide, self.display, self.manager = map(device, ("guide", "display", "manager"))
        self.kiosks = [device(name) for name in tokens if name.startswith("kiosk-")]
        self.counters: dict[int, Device] = {}
        for name, token in tokens.items():
            if name.startswith("counter-"):
                window = int(name.removeprefix("counter-"))
                self.counters[window] = Device(wire, hall, token, window)
        if beside.caller is not None:
            self.counters[DESK] = CallerDevice(
                wire,
                hall,
                tokens[f"counter-{DESK}"],
                DESK,
                floor,
                beside.caller,
                lambda: connected(beside.desk_id),
            )
        self._tokens = tokens
        self._connected = connected
        guides = 1 + len(self.counters) // WINDOWS_A_GUIDE
        self.closes: datetime | None = None  # today
        self.close_up: Callable[[], Coroutine[Any, Any, None]] | None = None
        self.desk = GuideDesk(self.guide, pace, Random(f"{self._seed}:guide"), guides)

    def streams(self, taken: Taken, crew: Crew) -> list[Coroutine[Any, Any, None]]:
        """What runs as long as the hall is looked at."""
        floor = self.floor
        return [
            self._wire.follow(floor.hall, self.guide.token, floor.take_staff),
            self._wire.follow(floor.hall, self.display.token, floor.take_screen),
            self.desk.run(),
            self.beside.mind_paper(self._pace),
            *(self._pad(window, taken, crew).follow() for window in self.counters),
        ]

    def _pad(self, window: int, taken: Taken, crew: Crew) -> Pad:
        hall, box, name = self.floor.hall, None, f"pad-{window}"
        if self.beside.box is not None and window == DESK:
            box, name = self.beside.box, f"agent-{window}"  # what the box's agent sees
        return Pad(
            Device(self._wire, hall, self._tokens[name], window),
            self._pace,
            self._wire,
            lambda: taken(hall, window, "pad"),
            crew.spawn,
            f"{self._seed}:pad:{window}",
            box,
        )

    async def agents_are_there(self) -> None:
        """Wait until the devices can be used, not for ever: people come without a printer, too."""
        wanted = [one for one in (self.beside.agent_id, self.beside.desk_id) if one]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(AGENTS_S):
                while not all(map(self._connected, wanted)):  # noqa: ASYNC110 - they tell nobody
                    await asyncio.sleep(0.05)

    def _unseen_min(self, rules: dict[str, Any]) -> float:
        """How long somebody must be away for all to be told, by a camera that takes real time."""
        noticed_min = NOTICED_S * self._pace.speed / 60
        return float(rules["suspect_steps_min"][-1]) + noticed_min + LOOKED_AT_MIN

    async def begin(self, today: date, city: City, crew: Crew) -> list[asyncio.Task[None]]:
        """Plan the day and let it begin; gives the clerks' tasks."""
        setup = await self.manager.get(f"/halls/{self.floor.hall}/setup")
        hours = habits.hours_of(setup["settings"]["week"].get(str(today.isoweekday()), ()))
        self.closes = self._pace.at(today, hours[-1][1]) if hours else None
        if not hours:
            return []
        seed = f"{self._seed}:{today}"
        self.floor.new_day()
        self.floor.prefix_of = {s["id"]: s["prefix"] for s in setup["services"]}
        citizens = Citizens(
            self.floor,
            self._pace,
            self._wire,
            self.kiosks,
            self.counters,
            self.desk,
            self.beside.printer_id,
            seed,
        )
        self._let_strangers_in(citizens, crew, seed)
        visits = self._visits(setup, city, hours, today, seed)
        crew.spawn(citizens.come(today, visits, hours, crew.spawn))
        return self._clerks(setup, hours, today, seed, crew)

    def _visits(
        self, setup: dict[str, Any], city: City, hours: habits.Hours, today: date, seed: str
    ) -> list[habits.Visit]:
        figures = next((h for h in city.halls if h.id == self.floor.hall), None)
        matters = [
            habits.Matter(s["id"], s["prefix"], s["minutes"], s["id_required"])
            for s in setup["services"]
        ]
        return habits.visits(
            Random(f"{seed}:visits"),
            matters,
            figures.tickets_day if figures is not None else {},
            city.arrival_share,
            hours,
            today,
        )

    def _let_strangers_in(self, citizens: Citizens, crew: Crew, seed: str) -> None:
        def stranger(number: str, window: int) -> None:
            rng = Random(f"{seed}:stranger:{number}")
            crew.spawn(citizens.stranger(number, window, rng))

        self.floor.strangers = stranger
        # Who is called already when we come (the demonstration goes on) turns up too.
        for number, view in self.floor.windows.items():
            if view["state"] == "calling":
                stranger(view["ticket"], number)

    def _clerks(
        self, setup: dict[str, Any], hours: habits.Hours, today: date, seed: str, crew: Crew
    ) -> list[asyncio.Task[None]]:
        minutes = {s["name"]: s["minutes"] for s in setup["services"]}
        reasons = setup["settings"]["absence_reasons"]
        clerks: list[asyncio.Task[None]] = []
        sick: dict[int, str | None] = {}
        taken: set[str] = set()
        for window in (w["number"] for w in setup["windows"]):
            device = self.counters.get(window)
            own, stand_ins = clerks_of(setup["clerks"], window)
            if device is None or own is None:
                continue
            rng = Random(f"{seed}:clerk:{window}")
            duty = habits.duty(rng, hours, reasons)
            if self.beside.whole and window == WANDERER:
                duty = habits.wandering(duty, hours, self._unseen_min(setup["settings"]))
            if duty.sick:
                stand_in = next((no for no in stand_ins if no not in taken), None)
                sick[window] = stand_in
                if stand_in is None:
                    continue
                taken.add(stand_in)
                own = stand_in
            clerk = Clerk(
                self.floor, self._pace, device, own, stand_ins, duty, hours, today, minutes, rng
            )
            clerks.append(crew.spawn(clerk.work()))
        manager = Manager(
            self.floor,
            self._pace,
            self.manager,
            hours,
            today,
            Random(f"{seed}:manager"),
            self.beside.whole,
        )
        crew.spawn(manager.work(sick))
        self.close_up = manager.close_up
        return clerks


def clerks_of(clerks: list[dict[str, Any]], window: int) -> tuple[str | None, list[str]]:
    """The window's own clerk, and the B clerks who may stand in there."""
    here = [clerk for clerk in clerks if window in clerk["windows"]]
    own = [clerk["clerk_no"] for clerk in here if clerk["title"] != STAND_IN]
    return (own[0] if own else None), [
        clerk["clerk_no"] for clerk in here if clerk["title"] == STAND_IN
    ]


class Crew:
    """Tasks of one day. A fault in one is logged and counted; the others go on."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self.faults = 0

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.faults += 1
            log.error("simulation_fault", exc_info=error)

    async def dismiss(self) -> None:
        """Send everybody home."""
        while self._tasks:
            tasks = tuple(self._tasks)
            for task in tasks:
                task.cancel()
            # Some library may swallow it in the very moment that something comes: ask again.
            await asyncio.wait(tasks, timeout=0.5)


class Simulation:
    """The people of the demonstration city. `run` it; cancel it to stop."""

    def __init__(
        self,
        url: str,
        pace: Pace,
        city: City,
        tokens: Tokens,
        taken: Taken,
        beside: Mapping[str, Simulated],
        connected: Callable[[str], bool],
        seed: str = "demo",
    ) -> None:
        self.pace = pace
        self.wire = Wire(url, secrets.token_hex(4))
        self.days = 0  # that have ended
        self.on_day_end: Callable[[], None] = lambda: None
        self._city = city
        self._taken = taken
        self._crew = Crew()
        self._residents = Crew()
        names = {hall.id: hall.name_en for hall in city.halls}

        def floor(hall: str) -> Floor:
            name = names.get(hall, hall)
            return Floor(hall, name, pace, lambda window: taken(hall, window, "counter"))

        self.halls = [
            HallRun(floor(hall), pace, self.wire, devices, seed, beside[hall], connected)
            for hall, devices in tokens.items()
        ]

    @property
    def floors(self) -> list[Floor]:
        return [hall.floor for hall in self.halls]

    def slipped_out(self, hall_id: str, window: int) -> bool:
        """Whether a clerk is away without a word."""
        return any(f.hall == hall_id and window in f.slipped_out for f in self.floors)

    @property
    def faults(self) -> int:
        """Mistakes of the simulation itself; there should be none."""
        return self._crew.faults + self._residents.faults

    async def run(self) -> None:
        """Day after day, until cancelled."""
        async with self.wire:
            try:
                await self._move_in()
                self.pace.clock.go()
                while True:
                    await self._day()
                    await self._night()
            finally:
                await self._crew.dismiss()
                await self._residents.dismiss()

    async def _move_in(self) -> None:
        for hall in self.halls:
            for stream in hall.streams(self._taken, self._crew):
                self._residents.spawn(stream)
        for hall in self.halls:
            await hall.floor.ready.wait()
            await hall.agents_are_there()

    async def _day(self) -> None:
        today = self.pace.now().date()
        clerks: list[asyncio.Task[None]] = []
        for hall in self.halls:
            clerks.extend(await hall.begin(today, self._city, self._crew))
        closing = [hall.closes for hall in self.halls if hall.closes is not None]
        if clerks:
            left_s = (max(closing) + CAP + LAST - self.pace.now()).total_seconds()
            await asyncio.wait(clerks, timeout=self.pace.real(left_s))
        await self._crew.dismiss()
        for hall in self.halls:
            if hall.close_up is not None:
                await hall.close_up()
                hall.close_up = None
        self.days += 1
        self.on_day_end()

    async def _night(self) -> None:
        """Nobody is there: on to midnight, and from there to the next working morning."""
        now = self.pace.now()
        midnight = self.pace.at(now.date() + timedelta(days=1), 0)
        self.pace.clock.skip_to(midnight)
        await asyncio.sleep(NIGHT_S)
        self.pace.clock.skip_to(next_morning(self.pace.now(), self.pace.zone.key))
        await asyncio.sleep(NIGHT_S)
