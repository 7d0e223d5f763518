"""The live summary in the terminal: what happens in every hall, and whether it keeps up."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable

from hall_app.demo.floor import AT_WORK, Floor
from hall_app.demo.simulation import Simulation

FIRST_S = 2.0
EVERY_TTY_S = 2.0
EVERY_PLAIN_S = 10.0

_HEAD = (
    f"{'hall':<24}{'issued':>7}{'waiting':>8}{'served':>7}{'no-show':>8}"
    f"{'open':>6}{'away':>5}{'alerts':>7}"
)


class Summary:
    """Says every few seconds how the simulated city is doing.

    On a terminal the table stays in its place; elsewhere each one is printed below the last.
    """

    def __init__(self, simulation: Simulation, say: Callable[[str], None], in_place: bool) -> None:
        self._simulation = simulation
        self._say = say
        self._in_place = in_place
        self._lines_above = 0
        self._asked = time.monotonic()
        self._events = 0
        self._latencies_s: list[float] = []  # since the start

    async def run(self) -> None:
        """Until cancelled."""
        every_s = EVERY_TTY_S if self._in_place else EVERY_PLAIN_S
        await asyncio.sleep(FIRST_S)
        while True:
            self._show(self.lines())
            await asyncio.sleep(every_s)

    def say(self, text: str) -> None:
        """A line that stays, above the table."""
        self._lines_above = 0
        self._say(text)

    def _show(self, lines: list[str]) -> None:
        if self._in_place:
            columns = shutil.get_terminal_size().columns
            lines = [line[: columns - 1] for line in lines]  # a wrapped line would be two
            up = f"\x1b[{self._lines_above}F\x1b[J" if self._lines_above else ""
            self._say(up + "\n".join(lines))
            self._lines_above = len(lines)
        else:
            self._say("\n".join(lines))

    def lines(self) -> list[str]:
        """The table now."""
        floors = self._simulation.floors
        rows = [_row(floor.name, [floor]) for floor in floors]
        if len(floors) > 1:
            rows.append(_row("all halls", floors))
        return ["", self._state(), _HEAD, *rows]

    def _state(self) -> str:
        simulation = self._simulation
        now = time.monotonic()
        events = sum(floor.events for floor in simulation.floors)
        rate = (events - self._events) / max(now - self._asked, 1e-6)
        self._asked, self._events = now, events
        worst_ms = max(self._take_latencies(), default=0.0) * 1000
        pace = simulation.pace
        text = (
            f"{pace.now():%a %d %b %H:%M} at {pace.speed:g}x · {rate:.0f} events/s · "
            f"worst call→screen {worst_ms:.0f} ms · late {pace.worst_lateness() * 1000:.0f} ms"
        )
        wire = simulation.wire
        if wire.retries:
            text += f" · {wire.retries} repeated"
        if simulation.faults:
            text += f" · {simulation.faults} faults"
        return text

    def _take_latencies(self) -> list[float]:
        """Those since the last time."""
        new: list[float] = []
        for floor in self._simulation.floors:
            new.extend(floor.latencies_s)
            floor.latencies_s.clear()
        self._latencies_s.extend(new)
        return new

    def day(self) -> str:
        """One line about the day so far."""
        self._take_latencies()
        floors = self._simulation.floors
        found = sorted(self._latencies_s)

        def ms(share: float) -> str:
            return f"{found[min(len(found) - 1, int(len(found) * share))] * 1000:.0f}"

        text = (
            f"{self._simulation.pace.now():%A %Y-%m-%d %H:%M}: {_count(floors, 'ticket_issued')} "
            f"tickets, {served(floors)} served, {_count(floors, 'ticket_no_show')} no-shows, "
            f"{_count(floors, 'ticket_transferred')} transfers, "
            f"{_count(floors, 'absence_posted')} absence notices, "
            f"{_count(floors, 'turned_away')} turned away"
        )
        if found:
            text += f"; call→screen p50 {ms(0.5)}, p99 {ms(0.99)}, worst {ms(1)} ms"
        return text


def served(floors: list[Floor]) -> int:
    """Tickets that are done with today: their service ended, and was not taken back."""
    ended = _count(floors, "service_finished")
    return ended - _count(floors, "step_undone") - _count(floors, "went_on")


def _count(floors: list[Floor], kind: str) -> int:
    return sum(floor.counts[kind] for floor in floors)


def _row(name: str, floors: list[Floor]) -> str:
    waiting = sum(queue["waiting"] for floor in floors for queue in floor.queues.values())
    name = name.replace(" Service Centre", "").replace(" Service Station", "")
    return (
        f"{name:<24}{_count(floors, 'ticket_issued'):>7}{waiting:>8}{served(floors):>7}"
        f"{_count(floors, 'ticket_no_show'):>8}"
        f"{sum(floor.in_state(*AT_WORK) for floor in floors):>6}"
        f"{sum(floor.in_state('away') for floor in floors):>5}"
        f"{sum(len(floor.alerts) for floor in floors):>7}"
    )
