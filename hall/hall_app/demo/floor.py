"""One hall as the people inside it see it: what the screens show, and who stands where.

The screens' part comes over the hall's streams and from answers to commands, like everybody
else's. The other part is the room itself, which no server knows: who has sat down at which
window, who stands at the guide desk, who is back from copying a form.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Any

from hall_app.demo.habits import Presence, Visit
from hall_app.demo.pace import Pace

AT_WORK = ("open", "calling", "serving")
SUSPECTED = "suspected_absent"
UNSPOKEN = ((SUSPECTED, "open"), (SUSPECTED, "acknowledged"))
Happening = tuple[str, dict[str, Any]]
"""Type and public data of an event."""


class Person:
    """Somebody with a ticket, from taking it to going home."""

    def __init__(self, visit: Visit, ticket: dict[str, Any]) -> None:
        self.visit = visit
        self.number: str = ticket["number"]
        self.ticket_id: str = ticket["ticket_id"]
        self.token: str = ticket["token"]
        self.queue: str = ticket["queue"]
        self.pending_claim: bool = ticket["priority"] == "green_pending"
        self.presence: Presence = visit.presence
        self.inbox: asyncio.Queue[Happening] = asyncio.Queue()
        self.state = "waiting"
        self.seat: int | None = None  # the window they sit at
        self.missed = 0
        self.left_s = visit.minutes * 60  # of service still needed
        self.course: str = visit.course
        self.service = visit.asks  # of the ticket, as the clerk sees it
        self.stays = False  # the clerk said so: the end of this service is not the end
        self.is_back = True  # False while away to copy a form


class Floor:
    """What can be seen in one hall. Every window's clerk and every citizen looks at the same."""

    def __init__(self, hall: str, name: str, pace: Pace, taken: Callable[[int], bool]) -> None:
        self.hall = hall
        self.name = name
        self.taken = taken  # whether a real person sits at this counter page now
        self.windows: dict[int, dict[str, Any]] = {}
        self.queues: dict[str, dict[str, Any]] = {}
        self.alerts: dict[str, dict[str, Any]] = {}
        self.people: dict[str, Person] = {}  # by number
        self.counts: Counter[str] = Counter()  # of today, by type of event and some more
        self.events = 0  # since the start
        self.latencies_s: list[float] = []  # press of "call" to frame at the screen, real seconds
        self.pressed: dict[int, float] = {}
        self.cover_wanted: set[int] = set()
        self.specials: dict[str, deque[str]] = {}  # numbers that ask to be taken out of turn
        self.stand_ins: set[str] = set()  # B clerks on their way to a window
        self.slipped_out: set[int] = set()  # windows whose clerk is away without a word
        self.settled: list[dict[str, Any]] = []  # suspicions that ended and nobody spoke of yet
        self.prefix_of: dict[str, str] = {}  # of each item
        self.ready = asyncio.Event()  # the first snapshot has come
        self.strangers: Callable[[str, int], None] = lambda number, window: None
        self._pace = pace
        self._window_versions: dict[int, int] = {}
        self._called: dict[str, int] = {}  # number -> window, while called
        self._chairs: dict[int, str] = {}
        self._sits_down: dict[int, asyncio.Event] = {}
        self._for_window: set[int] = set()
        self._idle: dict[str | int, deque[asyncio.Future[None]]] = {}
        self._looking: dict[int, list[asyncio.Future[None]]] = {}
        self._loop = asyncio.get_running_loop()

    # --- what the server tells -----------------------------------------------------------------

    def take_staff(self, message: dict[str, Any]) -> None:
        """A message of the staff's stream: windows, queues and alerts."""
        kind, version = message["type"], message["version"]
        if kind == "snapshot":
            state = message["state"]
            self.queues = {queue["prefix"]: queue for queue in state["queues"]}
            self.alerts = {alert["alert_id"]: alert for alert in state.get("alerts", ())}
            for window in state["windows"]:
                self.saw_window(window, version)
            for key in tuple(self._idle):
                self.wake(key)
            self.ready.set()
        elif kind == "event":
            self.events += 1
            self._changed(message["changed"], version)
            self._happened(message["event"])

    def _changed(self, changed: dict[str, Any], version: int) -> None:
        for window in changed.get("windows", ()):
            self.saw_window(window, version)
        for queue in changed.get("queues", ()):
            before = self.queues.get(queue["prefix"])
            self.queues[queue["prefix"]] = queue
            if before is None or queue["waiting"] > before["waiting"]:
                self.wake(queue["prefix"])
        for alert in changed.get("alerts", ()):
            if alert.get("removed"):
                ended = self.alerts.pop(alert["alert_id"], None)
                if ended is not None and (ended["kind"], ended["state"]) in UNSPOKEN:
                    self.settled.append(ended)
            else:
                self.alerts[alert["alert_id"]] = alert

    def _happened(self, event: dict[str, Any]) -> None:
        kind, data = event["type"], event["data"]
        self.counts[kind] += 1
        if kind == "service_finished" and data.get("next_queue"):
            self.counts["went_on"] += 1
        if kind == "ticket_transferred" and data.get("window") is not None:
            self._for_window.add(data["window"])
            self.wake(data["window"])

    def saw_window(self, window: dict[str, Any], version: int) -> None:
        """A window as of a version; older news than what is known is no news."""
        number = window["number"]
        if version >= self._window_versions.get(number, 0):
            self._window_versions[number] = version
            self.windows[number] = window
            for future in self._looking.pop(number, ()):
                if not future.done():
                    future.set_result(None)

    def next_change(self, window: int) -> asyncio.Future[None]:
        """Done when the window shows something new."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._looking.setdefault(window, []).append(future)
        return future

    def take_screen(self, message: dict[str, Any]) -> None:
        """A message of the hall screen's stream: what citizens see and hear."""
        if message["type"] != "event":
            return
        kind, data = message["event"]["type"], message["event"]["data"]
        number = data.get("number")
        if number is None:
            return
        if kind == "ticket_called":
            pressed = self.pressed.pop(data["window"], None)
            if pressed is not None:
                self.latencies_s.append(self._loop.time() - pressed)
            self._called[number] = data["window"]
        elif kind != "ticket_recalled":
            self._called.pop(number, None)
        person = self.people.get(number)
        if person is not None:
            person.inbox.put_nowait((kind, data))
        elif kind == "ticket_called":
            self.strangers(number, data["window"])

    # --- people --------------------------------------------------------------------------------

    def welcome(self, person: Person) -> None:
        """A person looks at the screens for their number from now on."""
        self.people[person.number] = person
        window = self._called.get(person.number)
        if window is not None:  # called in the very moment
            person.inbox.put_nowait(("ticket_called", {"window": window}))

    def farewell(self, person: Person) -> None:
        self.people.pop(person.number, None)

    def renumber(self, person: Person, number: str) -> None:
        """The ticket was exchanged."""
        self.farewell(person)
        person.number = number
        self.welcome(person)

    def sit_down(self, window: int, number: str) -> bool:
        """Take the chair, if the window still shows this number."""
        view = self.windows.get(window)
        if view is None or view["ticket"] != number:
            return False
        self._chairs[window] = number
        if window in self._sits_down:
            self._sits_down[window].set()
        return True

    def stand_up(self, window: int) -> None:
        self._chairs.pop(window, None)

    async def sits(self, window: int, number: str, seconds: float) -> bool:
        """Wait until the person sits at the window, at most so long."""
        event = self._sits_down.setdefault(window, asyncio.Event())
        try:
            async with asyncio.timeout(self._pace.real(seconds)):
                while self._chairs.get(window) != number:
                    event.clear()
                    await event.wait()
        except TimeoutError:
            return self._chairs.get(window) == number
        return True

    def ask_out_of_turn(self, prefix: str, number: str) -> None:
        self.specials.setdefault(prefix, deque()).append(number)
        self.wake(prefix)

    # --- clerks --------------------------------------------------------------------------------

    def prefixes(self, window: int) -> list[str]:
        """Queues whose people the window takes now, its covered neighbour's included."""
        view = self.windows[window]
        found = list(view["queues"])
        covered = self.windows.get(view["covers"] or 0)
        if covered is not None:
            found.extend(prefix for prefix in covered["queues"] if prefix not in found)
        return found

    def waiting(self, prefixes: list[str]) -> int:
        return sum(self.queues[p]["waiting"] for p in prefixes if p in self.queues)

    def someone_waits(self, window: int) -> bool:
        return window in self._for_window or self.waiting(self.prefixes(window)) > 0

    def nobody_waits(self, window: int) -> None:
        """The window called and nobody was there."""
        self._for_window.discard(window)

    async def people_come(self, window: int, seconds: float) -> None:
        """Wait until somebody may be called from this window, at most so long."""
        future: asyncio.Future[None] = self._loop.create_future()
        keys: list[str | int] = [*self.prefixes(window), window]
        for key in keys:
            self._idle.setdefault(key, deque()).append(future)
        try:
            await asyncio.wait([future], timeout=self._pace.real(seconds))
        finally:
            future.cancel()
            for key in keys:
                if future in self._idle[key]:
                    self._idle[key].remove(future)

    def wake(self, key: str | int) -> None:
        """One of those who wait for people of this queue, or at this window, looks up."""
        idle = self._idle.get(key)
        while idle:
            future = idle.popleft()
            if not future.done():
                future.set_result(None)
                return

    def press(self, window: int) -> None:
        """The clerk presses "call" now."""
        self.pressed[window] = self._loop.time()

    def neighbours(self, window: int) -> Iterator[int]:
        for number in (window - 1, window + 1):
            if number in self.windows:
                yield number

    def at_a_window(self, clerk_no: str) -> bool:
        """Whether a clerk is seen at some window, as its clerk or beside."""
        return any(
            (view["clerk"] or {}).get("clerk_no") == clerk_no
            or any(beside["clerk_no"] == clerk_no for beside in view["signed_in"])
            for view in self.windows.values()
        )

    # --- figures -------------------------------------------------------------------------------

    def in_state(self, *states: str) -> int:
        return sum(view["state"] in states for view in self.windows.values())

    def new_day(self) -> None:
        self.counts.clear()
        self.people.clear()
        self.specials.clear()
        self.cover_wanted.clear()
        self.slipped_out.clear()
        self.settled.clear()
        self.pressed.clear()
        self._called.clear()
        self._chairs.clear()
        self._for_window.clear()
