"""The database is locked, full, read-only or at odds with us: nothing acknowledged is lost, nothing
uncommitted is shown, and service resumes by itself."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog
from sqlalchemy import Connection, text

from hall_app import at_machine
from hall_app.check import check_directory
from hall_core import store
from hall_core.clock import ManualClock
from hall_core.writer import Work, Writer
from hall_queue.feature import QueueFeature
from tests.postgres import Postgres
from tests.support import (
    HALL,
    PATIENCE_S,
    Answer,
    Client,
    HallServer,
    ServerProcess,
    eventually,
    hall_server,
    installation,
    run_hall,
)

PATH = f"/halls/{HALL}/tickets"


@contextlib.contextmanager
def locked(directory: Path) -> Iterator[sqlite3.Connection]:
    """Hold SQLite's write lock from another connection: commits wait, as on a slow disk."""
    connection = sqlite3.connect(directory / "hall.sqlite", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.close()


def rows(directory: Path, query: str, *values: object) -> list[Any]:
    connection = sqlite3.connect(directory / "hall.sqlite")
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def numbers_on_disk(directory: Path, hall: str = HALL) -> list[str]:
    found = rows(directory, "SELECT number FROM tickets WHERE hall_id = ? ORDER BY number", hall)
    return [number for (number,) in found]


async def on_the_writers_connection(server: HallServer, pragma: str) -> None:
    await server.kernel.writer.write(statements=[(text(pragma), {})])


def assert_cannot_store(answer: Answer) -> None:
    assert answer.status == 503, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"]
    assert answer.code == "cannot_store"
    assert "Traceback" not in answer.body["detail"]


# --- nothing is seen before it is committed ----------------------------------------------------


async def test_what_is_not_committed_is_nowhere_to_be_seen(tmp_path: Path) -> None:
    async with hall_server(tmp_path) as server, server.stream("supervisor") as screen:
        kiosk = await server.client("kiosk")
        counter = await server.client("counter", window=1)
        staff = await server.client("supervisor")
        hall = server.hall()
        before = hall.version
        await server.token("display")  # a new one could not be stored while the disk is slow
        seen = await staff.get(f"/halls/{HALL}/snapshot")
        assert seen.body["version"] == before
        with locked(tmp_path):
            replies = [
                asyncio.create_task(kiosk.post(PATH, {"queue": "H"})),
                asyncio.create_task(counter.press(1, "open", clerk="001")),
            ]
            await eventually(lambda: hall.version == before + 2)  # decided
            calling = asyncio.create_task(counter.press(1, "call_next"))
            await eventually(lambda: hall.version == before + 3)  # on what was just decided
            # Now look everywhere, in turn: no reply, no event, no row, the old state.
            assert (await staff.get(f"/halls/{HALL}/snapshot")).body == seen.body
            events = (await staff.get(f"/halls/{HALL}/events?after={before}")).body
            assert events == {"events": [], "version": before}
            assert (await staff.get(f"{PATH}?state=waiting,called")).body == []
            assert (await staff.get(f"{PATH}/by-number/H001")).status == 404
            tree = (await staff.get("/supervision/tree")).body["halls"]
            assert next(h for h in tree if h["id"] == HALL)["issued_today"] == 0
            async with server.stream("display") as newcomer:
                assert newcomer.version == before
                assert newcomer.state["queues"][0]["waiting"] == 0
            assert numbers_on_disk(tmp_path) == []
            assert screen.version == before
            assert not any(reply.done() for reply in (*replies, calling))
        answers = await asyncio.gather(*replies, calling)
        assert [answer.status for answer in answers] == [201, 200, 200]
        assert answers[2].body["ticket"]["number"] == "H001"
        await screen.until_version(before + 3)
        assert [f["event"]["type"] for f in screen.frames if f["type"] == "event"] == [
            "ticket_issued",
            "window_opened",
            "ticket_called",
        ]
        # The events came before or with the replies, never ahead of the disk.
        assert numbers_on_disk(tmp_path) == ["H001"]


async def test_a_lock_that_does_not_end_is_answered_and_got_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = store._sqlite_pragmas

    def impatient(connection: Any, entry: Any) -> None:
        real(connection, entry)
        connection.execute("PRAGMA busy_timeout=50")  # ms

    monkeypatch.setattr(store, "_sqlite_pragmas", impatient)
    async with hall_server(tmp_path) as server, server.stream() as screen:
        kiosk = await server.client("kiosk")
        with locked(tmp_path):
            assert_cannot_store(await kiosk.post(PATH, {"queue": "H"}, key="k"))
            # Reading goes on.
            assert (await kiosk.get(f"/halls/{HALL}/snapshot")).status == 200
        await eventually(lambda: not server.hall().suspended)
        answer = await kiosk.post(PATH, {"queue": "H"}, key="k")
        assert (answer.status, answer.body["number"]) == (201, "H001")
        await screen.until_event("ticket_issued")
    assert check_directory(tmp_path) == []


# --- full, read-only ---------------------------------------------------------------------------


async def take_until_refused(kiosk: Client, most: int = 2000) -> tuple[dict[str, str], str]:
    """Take tickets until one is refused: {key: number}, and the key of the refused one."""
    given: dict[str, str] = {}
    for n in range(most):
        answer = await kiosk.post(PATH, {"queue": "H"}, key=f"key-{n}")
        if answer.status != 201:
            assert_cannot_store(answer)
            return given, f"key-{n}"
        given[f"key-{n}"] = answer.body["number"]
    raise AssertionError("the disk never became full")


async def until_stored(kiosk: Client, key: str) -> Answer:
    """Press again and again, as a kiosk does, until service has resumed."""
    async with asyncio.timeout(PATIENCE_S):
        while (answer := await kiosk.post(PATH, {"queue": "H"}, key=key)).status == 503:
            assert_cannot_store(answer)
    assert answer.status in (200, 201), answer
    return answer


async def test_a_full_database_loses_nothing_and_resumes(tmp_path: Path) -> None:
    async with hall_server(tmp_path) as server, server.stream() as screen:
        kiosk = await server.client("kiosk")
        ((pages,),) = rows(tmp_path, "PRAGMA page_count")
        await on_the_writers_connection(server, f"PRAGMA max_page_count = {pages + 20}")
        given, refused = await take_until_refused(kiosk)
        assert given, "some were stored before the disk was full"
        assert sorted(given.values()) == numbers_on_disk(tmp_path)
        # Refused again and again, but alive: reads, the stream, old keys.
        assert_cannot_store(await kiosk.post(PATH, {"queue": "H"}, key=refused))
        assert (await kiosk.get("/healthz")).status == 200
        await eventually(lambda: not server.hall().suspended)
        snapshot = (await kiosk.get(f"/halls/{HALL}/snapshot")).body
        assert next(q["waiting"] for q in snapshot["state"]["queues"]) == len(given)
        again = await kiosk.post(PATH, {"queue": "H"}, key="key-0")
        assert (again.status, again.body["number"]) == (200, given["key-0"])

        await on_the_writers_connection(server, "PRAGMA max_page_count = 1000000")
        answer = await until_stored(kiosk, refused)  # by itself, under the same key
        assert answer.body["number"] == f"H{len(given) + 1:03d}", "no number was used up"
        await screen.until(
            lambda frame: (
                frame.get("event", {}).get("data", {}).get("number") == answer.body["number"]
            )
        )
    assert check_directory(tmp_path) == []


async def test_a_read_only_database_loses_nothing_and_resumes(tmp_path: Path) -> None:
    async with hall_server(tmp_path) as server, server.stream() as screen:
        kiosk = await server.client("kiosk")
        counter = await server.client("counter", window=1)
        admin = await server.client("admin")
        await kiosk.take("H")
        await on_the_writers_connection(server, "PRAGMA query_only = ON")
        assert_cannot_store(await kiosk.post(PATH, {"queue": "H"}))
        await eventually(lambda: not server.hall().suspended)
        assert_cannot_store(await counter.press(1, "open", clerk="001"))
        # What belongs to no hall is refused the same way.
        code = await admin.post(f"/halls/{HALL}/pairing-codes", {"kind": "kiosk"})
        assert code.status == 503, code
        await on_the_writers_connection(server, "PRAGMA query_only = OFF")
        await eventually(lambda: not server.hall().suspended)
        assert (await counter.press(1, "open", clerk="001")).status == 200
        assert (await counter.press(1, "call_next")).body["ticket"]["number"] == "H001"
        await screen.until_event("ticket_called")
    assert check_directory(tmp_path) == []


async def test_a_disk_that_takes_no_more_bytes(tmp_path: Path) -> None:
    """The operating system refuses the writes of a real server, which is killed afterwards."""
    installation(tmp_path)
    token = at_machine.create_token(tmp_path, "kiosk", HALL, None)
    with ServerProcess(tmp_path) as process:
        async with aiohttp.ClientSession() as http:
            kiosk = Client(http, process.url, token)
            first = await kiosk.take("H")
            unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
            size = (tmp_path / "hall.sqlite-wal").stat().st_size + 100_000
            resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (size, unlimited[1]))
            given, refused = await take_until_refused(kiosk)
            assert_cannot_store(await kiosk.post(PATH, {"queue": "H"}, key=refused))
            resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, unlimited)
            answer = await until_stored(kiosk, refused)
        process.kill()
    acknowledged = {first["number"], answer.body["number"], *given.values()}
    assert acknowledged == set(numbers_on_disk(tmp_path))
    assert check_directory(tmp_path) == []
    assert not any("Traceback" in line for line in process.out)


# --- one hall's fault is not another's ---------------------------------------------------------


async def test_a_hall_at_odds_with_its_rows_harms_no_other(tmp_path: Path) -> None:
    """A row that should not be there makes one hall's part of a batch fail, whole and alone."""
    other = "dongling"
    async with hall_server(tmp_path) as server:
        here = await server.client("kiosk")
        there = await server.client("kiosk", hall=other)
        hall, neighbour = server.hall(), server.hall(other)
        day = hall.live["queue"].day
        epoch = hall._epoch
        async with server.stream("supervisor") as screen:
            before = screen.version
            with locked(tmp_path) as database:
                waits = asyncio.create_task(server.kernel.audit("test", "wait", "", "", None))
                await eventually(server.kernel.writer._queue.empty)  # the writer has it, and waits
                mine = [asyncio.create_task(here.post(PATH, {"queue": "H"})) for _ in range(3)]
                theirs = [
                    asyncio.create_task(there.post(f"/halls/{other}/tickets", {"queue": "H"}))
                    for _ in range(3)
                ]
                await eventually(
                    lambda: (
                        hall.live["queue"].lines["H"].issued == 3
                        and neighbour.live["queue"].lines["H"].issued == 3
                    )
                )
                # The third of ours will find its number taken.
                database.execute(
                    "INSERT INTO tickets VALUES ('stray', ?, ?, 'H', 'H003', NULL, 'waiting', "
                    "'kiosk', 'normal', 1, NULL, NULL, 0, NULL, NULL, NULL, 0, 0, 0, 0)",
                    (HALL, day),
                )
                database.execute("COMMIT")
            await waits
            for answer in await asyncio.gather(*mine):
                assert_cannot_store(answer)
            issued = [answer.body["number"] for answer in await asyncio.gather(*theirs)]
            assert issued == ["H001", "H002", "H003"], "the neighbour does not notice"
            assert numbers_on_disk(tmp_path) == ["H003"], "our part fell whole"
            await eventually(lambda: not hall.suspended)
            assert (hall._epoch, hall.version) == (epoch + 1, before)
            assert neighbour._epoch == 1

            assert [(await here.take("H"))["number"] for _ in range(2)] == ["H001", "H002"]
            assert_cannot_store(await here.post(PATH, {"queue": "H"}))
            connection = sqlite3.connect(tmp_path / "hall.sqlite")
            connection.execute("DELETE FROM tickets WHERE ticket_id = 'stray'")
            connection.commit()
            connection.close()
            await eventually(lambda: not hall.suspended)
            assert (await here.take("H"))["number"] == "H003"
            # A screen that was connected all along saw every version once.
            await screen.until_version(hall.version)
    assert check_directory(tmp_path) == []


async def test_what_was_decided_on_a_failed_state_is_dropped(tmp_path: Path) -> None:
    """Later decisions that are still waiting for the writer fall with the one they stand on."""
    async with hall_server(tmp_path) as server:
        kiosk = await server.client("kiosk")
        counter = await server.client("counter", window=1)
        hall = server.hall()
        day = hall.live["queue"].day
        with locked(tmp_path) as database:
            # In the writer's hands, waiting for the lock:
            first = asyncio.create_task(kiosk.post(PATH, {"queue": "H"}))
            await eventually(lambda: hall.version > hall.hub.version)
            await eventually(server.kernel.writer._queue.empty)
            # Decided on top of it:
            opened = asyncio.create_task(counter.press(1, "open", clerk="001"))
            await eventually(lambda: hall.live["queue"].posts[1].state == "open")
            called = asyncio.create_task(counter.press(1, "call_next"))
            await eventually(lambda: hall.live["queue"].posts[1].state == "calling")
            database.execute(
                "INSERT INTO tickets VALUES ('stray', ?, ?, 'H', 'H001', NULL, 'waiting', "
                "'kiosk', 'normal', 1, NULL, NULL, 0, NULL, NULL, NULL, 0, 0, 0, 0)",
                (HALL, day),
            )
            database.execute("COMMIT")
        for answer in await asyncio.gather(first, opened, called):
            assert_cannot_store(answer)
        await eventually(lambda: not hall.suspended)
        assert hall.live["queue"].posts[1].state == "closed"
        assert rows(tmp_path, "SELECT * FROM windows WHERE hall_id = ? AND clerk != ''", HALL) == []


async def test_a_commit_whose_success_was_not_heard_of_is_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link to the database broke between the commit and its answer: the events are there."""
    real = Writer._try_commit
    lost: list[str] = []

    def loses_the_answer(writer: Writer, works: list[Work]) -> Exception | None:
        error = real(writer, works)
        if not lost and error is None and any(work.hall == HALL for work in works):
            lost.append("answer")
            return ConnectionError("the answer was lost")
        return error

    async with hall_server(tmp_path) as server:
        kiosk = await server.client("kiosk")
        monkeypatch.setattr(Writer, "_try_commit", loses_the_answer)
        assert_cannot_store(await kiosk.post(PATH, {"queue": "H"}, key="once"))
        await eventually(lambda: not server.hall().suspended)
        retried = await kiosk.post(PATH, {"queue": "H"}, key="once")
        assert retried.status == 200, retried
        assert retried.body["number"] == "H001"
        assert (await kiosk.take("H"))["number"] == "H002"
    assert check_directory(tmp_path) == []


async def test_a_database_server_that_cuts_every_connection(
    tmp_path: Path, postgres: Postgres
) -> None:
    database = postgres.new_database()
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
    async with (
        hall_server(tmp_path, database=postgres.url(database)) as server,
        server.stream() as screen,
    ):
        kiosk = await server.client("kiosk")
        given = {}
        for round_ in range(4):
            asked = [asyncio.create_task(until_stored(kiosk, f"{round_}-{n}")) for n in range(12)]
            await asyncio.to_thread(postgres.sql, cut)
            for n, answer in enumerate(await asyncio.gather(*asked)):
                given[f"{round_}-{n}"] = answer.body
        for key, ticket in given.items():
            again = await kiosk.post(PATH, {"queue": "H"}, key=key)
            assert again.body["number"] == ticket["number"]
        numbers = sorted(ticket["number"] for ticket in given.values())
        assert numbers == [f"H{n:03d}" for n in range(1, 49)]
        await screen.until_version(server.hall().version)
    assert check_directory(tmp_path) == []


async def test_a_fault_in_a_view_leaves_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on disk is answered with yes, whatever happens when it is shown to screens."""
    async with hall_server(tmp_path) as server, server.stream() as screen:
        kiosk = await server.client("kiosk")
        with monkeypatch.context() as broken:
            broken.setattr(QueueFeature, "render", lambda *_: 1 / 0)
            ticket = await kiosk.take("H")
        await eventually(lambda: not server.hall().suspended)
        async with server.stream() as newcomer:
            assert newcomer.version == server.hall().version
            assert newcomer.state["queues"][0]["waiting"] == 1
            assert (await kiosk.take("H"))["number"] == "H002"
            await newcomer.until_event("ticket_issued")
        assert (await kiosk.get(f"/tickets/{ticket['ticket_id']}")).body["number"] == "H001"
        # Who was watching missed a version, and was sent away to ask again.
        await screen.until_closed()


@pytest.mark.parametrize("what", ["comes back", "stays away"])
async def test_a_database_that_can_not_be_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """After a failed commit nothing can be read either: refused till it can, and stopping works."""
    async with hall_server(tmp_path) as server:
        kiosk = await server.client("kiosk")
        hall = server.hall()
        await on_the_writers_connection(server, "PRAGMA query_only = ON")
        reads = 0

        def fails(_: Connection) -> Any:
            nonlocal reads
            reads += 1
            raise ConnectionError("no database")

        monkeypatch.setattr(hall, "_replayed", fails)
        assert_cannot_store(await kiosk.post(PATH, {"queue": "H"}, key="k"))
        await eventually(lambda: reads >= 2)
        assert hall.suspended
        assert_cannot_store(await kiosk.post(PATH, {"queue": "H"}, key="k"))
        assert (await kiosk.get("/readyz")).status == 503
        assert (await kiosk.get(f"/halls/{HALL}/snapshot")).status == 200
        await on_the_writers_connection(server, "PRAGMA query_only = OFF")
        if what == "comes back":
            monkeypatch.undo()
            await until_stored(kiosk, "k")
            assert (await kiosk.get("/readyz")).status == 200
    assert check_directory(tmp_path) == []


async def test_a_fault_that_lasts_is_not_tried_all_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Midnight on a full disk: the day rolls when there is room again, without a flood of tries."""
    clock = ManualClock(datetime(2026, 3, 2, 15, 59, tzinfo=UTC))
    async with hall_server(tmp_path, demo=False, clock=clock) as server:
        hall = server.hall("hall")
        await on_the_writers_connection(server, "PRAGMA query_only = ON")
        clock.advance(minutes=5)
        with structlog.testing.capture_logs() as logs:
            for _ in range(20):
                server.kernel.tick()
                await hall.drain()
                await eventually(lambda: not hall.suspended)
        assert [line["event"] for line in logs].count("commit_failed") == 1
        await on_the_writers_connection(server, "PRAGMA query_only = OFF")
        assert hall.committed["day"].day == "2026-03-02"
        monkeypatch.setattr(hall, "_quiet_until", 0.0)  # a while later
        server.kernel.tick()
        await hall.drain()
        assert hall.committed["day"].day == "2026-03-03"
    assert check_directory(tmp_path) == []


# --- stopping ----------------------------------------------------------------------------------


async def test_stopping_finishes_what_was_accepted(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as http:
        async with hall_server(tmp_path) as server:
            kiosk = Client(http, server.base, await server.token("kiosk"))
            asked = [asyncio.create_task(kiosk.post(PATH, {"queue": "H"})) for _ in range(50)]
            await eventually(lambda: server.hall().live["queue"].lines["H"].issued >= 10)
            writer = server.kernel.writer
        answers = await asyncio.gather(*asked, return_exceptions=True)
    given = {a.body["number"] for a in answers if isinstance(a, Answer) and a.status == 201}
    assert len(given) >= 10, answers
    assert given == set(numbers_on_disk(tmp_path)), "whoever was given a number was told"
    assert not writer._thread.is_alive()
    assert check_directory(tmp_path) == []


async def test_a_folder_has_one_server_at_a_time(tmp_path: Path) -> None:
    """Two would be two deciders of one hall; one that was killed leaves the folder free."""
    async with hall_server(tmp_path, demo=False):
        second = await asyncio.to_thread(run_hall, "serve", tmp_path, "--port", "0")
        assert second.returncode == 2
        assert "another server runs" in second.stderr
        assert second.stderr.count("\n") == 1
    with ServerProcess(tmp_path) as process:
        process.kill()
    async with hall_server(tmp_path):
        pass
