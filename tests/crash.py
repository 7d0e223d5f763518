"""Killing the server at random points, again and again, and asking whether anything was lost.

Kiosks, counters, rating pads and who takes complaints press with keys, as real ones do: what was
not answered is sent again, with its key, when the server is back. After every end `hall check` must
be content, everything that was answered with yes must be in the journal as it was told (a rating
and what it opens exactly once), and what a screen was shown must be there.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import subprocess
from collections import Counter as Counts
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, get_args

import aiohttp
import msgspec

from hall_app import at_machine
from hall_app.check import check_directory
from hall_core.events import RatingLevel
from hall_core.secret import TICKET_ID_LENGTH
from tests.support import (
    HALL,
    Answer,
    Client,
    ServerProcess,
    StreamEnded,
    installation,
    open_stream,
)

KIOSKS = 6
WINDOWS = range(1, 8)  # five of queue H, two of queue S
SAMPLE = 30  # answered keys that are asked again after each start
LEVELS: tuple[RatingLevel, ...] = get_args(RatingLevel)
BAD = ("dissatisfied", "very_dissatisfied")


class Gone(Exception):
    """The server was killed while we asked."""


class Asked(NamedTuple):
    """One keyed request."""

    key: str
    path: str
    body: dict[str, Any]


class Ledger:
    """Everything that was answered with yes, by whom."""

    def __init__(self) -> None:
        self.yes: list[tuple[Client, Asked, Any]] = []
        self.shown: dict[int, tuple[str, Any]] = {}  # version -> event, as a staff screen saw it
        self.retried = 0
        self._goal = 0
        self._reached = asyncio.Event()

    def add(self, client: Client, asked: Asked, answer: Any) -> None:
        self.yes.append((client, asked, answer))
        if len(self.yes) >= self._goal:
            self._reached.set()

    async def grows_by(self, count: int) -> None:
        self._goal = len(self.yes) + count
        self._reached.clear()
        await self._reached.wait()


class Actor:
    """A machine that presses until the server is gone, and goes on where it stood."""

    def __init__(self, name: str, token: str, ledger: Ledger, rng: random.Random) -> None:
        self.name = name
        self.client = Client(None, "", token)  # type: ignore[arg-type]  # given each round
        self.rng = rng
        self._ledger = ledger
        self._count = 0
        self._unanswered: Asked | None = None
        self.answer: Any = None  # to the last that was asked; None: it was refused

    async def work(self, http: aiohttp.ClientSession, base: str) -> None:
        """Until the server is gone."""
        self.client.http, self.client.base = http, base
        try:
            if self._unanswered is not None:
                self._ledger.retried += 1
                await self._send(self._unanswered)
            while True:
                async for path, body in self.presses():
                    self._count += 1
                    await self._send(Asked(f"{self.name}-{self._count}", path, body))
        except Gone:
            return

    async def _send(self, asked: Asked) -> None:
        self._unanswered = asked
        answer: Answer | None = None
        while answer is None or answer.status == 503:
            answer = await unless_gone(self.client.post(asked.path, asked.body, key=asked.key))
        self._unanswered = self.answer = None
        if answer.status in (200, 201):
            self.answer = answer.body
            self._ledger.add(self.client, asked, answer.body)
        else:
            assert answer.status == 409, (self.name, asked, answer)

    async def presses(self) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """One round of what this machine does."""
        raise NotImplementedError
        yield  # a generator


async def unless_gone(asking: Awaitable[Answer]) -> Answer:
    """Raises Gone."""
    try:
        return await asking
    except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
        raise Gone from error


class Kiosk(Actor):
    async def presses(self) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        yield f"/halls/{HALL}/tickets", {"queue": self.rng.choice("HHS")}


class Pad(Actor):
    """Rates whatever its window asks."""

    window = 0

    def __init__(self, name: str, token: str, ledger: Ledger, rng: random.Random) -> None:
        super().__init__(name, token, ledger, rng)
        self.look = asyncio.Event()  # its counter finished somebody, or is gone
        self.look.set()

    async def presses(self) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        await self.look.wait()
        self.look.clear()
        answer = await unless_gone(self.client.get(f"/halls/{HALL}/snapshot"))
        for question in answer.body["state"]["questions"]:
            assert question["window"] == self.window, question
            level = self.rng.choice(LEVELS)
            yield "/evaluations", {"token": question["token"], "level": level, "text": level}


class Telephone(Actor):
    """Takes complaints and sees each to its close."""

    async def presses(self) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        contact = {"name": "张三", "phone": "13812345678"}
        complaint = {"source": "telephone", "text": f"来电 {self.rng.random()}", "contact": contact}
        yield f"/halls/{HALL}/cases", complaint
        path = f"/cases/{self.answer['case_id']}/commands"
        yield path, {"command": "contact", "reached": True, "text": "已联系"}
        yield path, {"command": "settle", "text": "已解决"}
        yield path, {"command": "close"}


class Counter(Actor):
    window = 0
    pad: Pad

    async def work(self, http: aiohttp.ClientSession, base: str) -> None:
        try:
            await super().work(http, base)
        finally:
            self.pad.look.set()

    async def presses(self) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        path = f"/halls/{HALL}/windows/{self.window}/commands"
        back = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        yield path, {"command": "open", "clerk": f"{self.window:03d}"}
        for _ in range(5):
            yield path, {"command": "call_next"}
            end = self.rng.choice(("finish", "finish", "no_show", "transfer", "hold"))
            if end == "finish":
                yield path, {"command": "start"}
            more = {"queue": "S"} if end == "transfer" else {}
            yield path, {"command": end, **more}
            if end == "finish":
                self.pad.look.set()
            if self.rng.random() < 0.2:
                yield path, {"command": "undo"}
        yield path, {"command": "leave", "reason": "短时离开", "expected_return": back}
        yield path, {"command": "return"}
        yield path, {"command": "close"}


class CrashTest:
    """One installation that is killed many times."""

    def __init__(self, directory: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.directory = installation(directory)
        self.ledger = Ledger()
        self.kills = 0
        self._staff = self._token("supervisor")
        self._actors: list[Actor] = []
        for n in range(KIOSKS):
            rng = random.Random(self.rng.random())
            self._actors.append(Kiosk(f"kiosk-{n}", self._token("kiosk"), self.ledger, rng))
        for window in WINDOWS:
            rng = random.Random(self.rng.random())
            token = self._token("counter", window)
            counter = Counter(f"counter-{window}", token, self.ledger, rng)
            rng, token = random.Random(self.rng.random()), self._token("pad", window)
            counter.pad = Pad(f"pad-{window}", token, self.ledger, rng)
            counter.window = counter.pad.window = window
            self._actors += [counter, counter.pad]
        rng = random.Random(self.rng.random())
        self._actors.append(Telephone("telephone", self._staff, self.ledger, rng))

    def _token(self, kind: str, window: int | None = None) -> str:
        return at_machine.create_token(self.directory, kind, HALL, window)

    # --- one life of the server ---

    async def live_and_die(self, most: int = 150, cleanly: bool = False) -> None:
        """Start it, let everyone press, end it after a random number of answers; then look."""
        with ServerProcess(self.directory) as process:
            timeout = aiohttp.ClientTimeout(total=30)
            async with aiohttp.ClientSession(timeout=timeout) as http:
                await self._answers_are_the_same(http, process.url)
                tasks = [
                    asyncio.create_task(actor.work(http, process.url)) for actor in self._actors
                ]
                watching = asyncio.create_task(self._watch(http, process.url))
                reached = asyncio.create_task(self.ledger.grows_by(self.rng.randint(1, most)))
                done, _ = await asyncio.wait(
                    [reached, *tasks], return_when=asyncio.FIRST_COMPLETED, timeout=60
                )
                assert reached in done, [task for task in done if not task.cancelled()]
                if cleanly:
                    code = await asyncio.to_thread(process.stop)
                    assert code == 0, process.err[-20:]
                else:
                    process.kill()
                await asyncio.gather(*tasks, watching)
        assert not any("Traceback" in line for line in process.err), process.err[-20:]
        self.kills += not cleanly
        self.look()

    def die_while_starting(self) -> None:
        """Kill it before it serves, at a random moment of its start."""
        process = ServerProcess(self.directory)
        process.launch()
        try:
            process.process.wait(self.rng.uniform(0.1, 1.5))
        except subprocess.TimeoutExpired:
            process.kill()
        else:
            raise AssertionError(f"it ended by itself: {process.err}")
        self.kills += 1
        self.look()

    async def _watch(self, http: aiohttp.ClientSession, base: str) -> None:
        """A staff screen, which comes back with the version that it knows."""
        after = max(self.ledger.shown, default=None)
        try:
            async with open_stream(http, base, HALL, self._staff, after) as screen:
                while True:
                    frame = await screen.next()
                    if frame["type"] == "event" and frame["event"]["type"] != "changed":
                        event = frame["event"]
                        self.ledger.shown[frame["version"]] = (event["type"], event["data"])
        except (StreamEnded, aiohttp.ClientError, ConnectionError):
            return

    async def _answers_are_the_same(self, http: aiohttp.ClientSession, base: str) -> None:
        """What was answered before the end is answered the same after it."""
        known = self.ledger.yes
        for client, asked, answer in self.rng.sample(known, min(SAMPLE, len(known))):
            client.http, client.base = http, base
            again = await client.post(asked.path, asked.body, key=asked.key)
            assert again.status == 200, (asked, again)
            assert again.body == answer, asked

    # --- looking at what is left ---

    def look(self) -> None:
        """Everything that was said is there, and nothing contradicts itself."""
        assert check_directory(self.directory) == []
        database = sqlite3.connect(self.directory / "hall.sqlite")
        try:
            query = "SELECT version, type, data FROM journal WHERE hall_id = ? ORDER BY version"
            journal = {
                version: (type_, msgspec.json.decode(data))
                for version, type_, data in database.execute(query, (HALL,))
            }
            ratings = dict(database.execute("SELECT ticket_id, level FROM ratings"))
            texts = {text for (text,) in database.execute("SELECT text FROM notes")}
        finally:
            database.close()
        issued = {
            data["ticket_id"]: data["number"]
            for type_, data in journal.values()
            if type_ == "ticket_issued"
        }
        once = Once(journal, ratings)
        given: set[str] = set()
        for _, asked, answer in self.ledger.yes:
            if "ticket_id" in answer:
                assert issued.get(answer["ticket_id"]) == answer["number"], (asked, answer)
                assert answer["ticket_id"] not in given, "one ticket was given to two"
                given.add(answer["ticket_id"])
            elif asked.path == "/evaluations":
                once.assert_rated(asked)
            elif "case_id" in answer:
                once.assert_done(asked, answer["case_id"])
            else:
                _assert_told(journal, asked, answer)
            assert asked.body.get("text", "") in {"", *texts}, asked
        for version, (type_, data) in self.ledger.shown.items():
            assert journal.get(version, ("", {}))[0] == type_, f"shown, but lost: {version} {type_}"
            stored = journal[version][1]
            assert all(data[name] == value for name, value in stored.items()), (version, data)


class Once:
    """How often the journal tells of each rating and of each step of a case."""

    def __init__(self, journal: dict[int, tuple[str, Any]], ratings: dict[str, str]) -> None:
        self._ratings = ratings
        self._times: Counts[tuple[str, str]] = Counts()
        for type_, data in journal.values():
            if type_ == "evaluation_recorded":
                self._times["rated", data["ticket_id"]] += 1
            elif type_ == "case_opened":
                self._times["open", data["case_id"]] += 1
            elif type_ == "case_changed":
                self._times[data["command"], data["case_id"]] += 1

    def assert_rated(self, asked: Asked) -> None:
        ticket_id, level = asked.body["token"][:TICKET_ID_LENGTH], asked.body["level"]
        assert self._ratings.get(ticket_id) == level, asked
        assert self._times["rated", ticket_id] == 1, asked
        assert self._times["open", f"r{ticket_id}"] == (level in BAD), asked

    def assert_done(self, asked: Asked, case_id: str) -> None:
        assert self._times[asked.body.get("command", "open"), case_id] == 1, asked


EVENT_OF: dict[str, str] = {
    "call_next": "ticket_called", "start": "service_started", "finish": "service_finished",
    "no_show": "ticket_no_show", "transfer": "ticket_transferred", "hold": "ticket_held",
    "undo": "step_undone", "open": "window_opened", "leave": "absence_posted",
    "return": "absence_cleared", "close": "window_closed",
}  # fmt: skip


def _assert_told(journal: dict[int, tuple[str, Any]], asked: Asked, answer: Any) -> None:
    """The journal has the event that the counter was told of, at the version it was told."""
    command, ticket = asked.body["command"], answer["ticket"]
    version = answer["version"]
    assert version in journal, (asked, answer)
    if command == "call_next" and ticket is None:
        return  # nobody waited
    # A command may have consequences: its own event is at or shortly before that version.
    wanted = EVENT_OF[command]
    window = answer["window"]["number"]
    for back in range(version, max(0, version - 6), -1):
        type_, data = journal[back]
        at = data.get("window", data.get("from_window"))
        if type_ == wanted and at == window:
            assert ticket is None or data.get("number", ticket["number"]) == ticket["number"]
            return
    raise AssertionError(f"{wanted} of window {window} is not in the journal: {asked} {answer}")


async def crash(directory: Path, seed: int, goes_on: Callable[[CrashTest], bool]) -> CrashTest:
    """Kill a server again and again while `goes_on`."""
    test = CrashTest(directory, seed)
    while goes_on(test):
        dice = test.rng.random()
        if dice < 0.1 and test.kills:
            test.die_while_starting()
        else:
            await test.live_and_die(cleanly=dice > 0.9)
    return test
