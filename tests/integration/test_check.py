"""`hall check` on a good database says ok; each corruption made on purpose is named."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hall_app import cli
from hall_app.check import check_directory
from hall_app.settings import SettingsError
from hall_core.clock import ManualClock
from tests.integration.conftest import NewDatabase
from tests.support import HALL, HallServer, hall_server, run_hall

MORNING = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday, 09:00 in the hall


async def pass_time(server: HallServer, clock: ManualClock, **delta: float) -> None:
    """Move the clock, and let the halls do what is due."""
    clock.advance(**delta)
    server.kernel.tick()
    for hall in server.kernel.halls.values():
        await hall.drain()


async def live_three_days(directory: Path) -> None:
    """Something of everything: tickets in all states, absences, an overdue alert, two midnights."""
    clock = ManualClock(MORNING)
    async with hall_server(directory, clock=clock) as server:
        kiosk = await server.client("kiosk")
        guide = await server.client("guide")
        supervisor = await server.client("supervisor")
        windows = {n: await server.client("counter", window=n) for n in (1, 2, 3)}

        async def press(window: int, command: str, /, **more: Any) -> None:
            await pass_time(server, clock, seconds=3)
            answer = await windows[window].press(window, command, **more)
            assert answer.status == 200, answer

        for day in range(2):
            waiting = [await kiosk.take("H") for _ in range(9)]
            for window in (1, 2):
                await press(window, "open", clerk=f"00{window}")
            await press(1, "call_next")
            await press(1, "start")
            await press(1, "finish")
            await press(1, "call_next")
            await press(1, "no_show")
            await press(1, "undo")
            await press(1, "no_show")
            await press(1, "call_next")
            await press(1, "hold")
            await press(2, "call_next")
            await press(2, "transfer", window=1)
            await press(1, "call_next")
            await press(1, "start")
            cancelled = f"/tickets/{waiting[-1]['ticket_id']}/commands"
            assert (await guide.post(cancelled, {"command": "cancel"})).status == 200
            back = clock.now() + timedelta(minutes=10)
            await press(2, "leave", reason="会议", expected_return=back)
            await pass_time(server, clock, minutes=25)
            alerts = (await supervisor.get(f"/halls/{HALL}/alerts")).body
            assert [alert["kind"] for alert in alerts] == ["absence_overdue"], alerts
            handled = f"/alerts/{alerts[0]['alert_id']}/commands"
            answer = await supervisor.post(handled, {"command": "explain", "text": "堵车"})
            assert answer.status == 200
            if day == 0:
                assert (await supervisor.post(handled, {"command": "close"})).status == 200
                await press(2, "return")
                await press(2, "close")
                await pass_time(server, clock, hours=16)  # midnight: expired, on hold, in service
                await press(1, "finish")
                await press(1, "close")
        assert server.hall().version > 60


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("good") / "hall"
    asyncio.run(live_three_days(directory))
    return directory


@pytest.fixture
def copy(good: Path, tmp_path: Path) -> Path:
    return shutil.copytree(good, tmp_path / "copy")


def test_a_good_database_is_ok(good: Path) -> None:
    assert check_directory(good) == []
    done = run_hall("check", good)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok\n", "")


def test_checking_changes_nothing(copy: Path) -> None:
    before = (copy / "hall.sqlite").read_bytes()
    check_directory(copy)
    assert (copy / "hall.sqlite").read_bytes() == before


async def test_it_may_be_asked_beside_a_running_server(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    """What it sees is one moment, though tickets are taken all the while."""
    async with hall_server(tmp_path, database=new_database()) as server:
        kiosk = await server.client("kiosk")
        checking = asyncio.create_task(asyncio.to_thread(check_directory, tmp_path))
        for _ in range(3):
            while not checking.done():
                await asyncio.gather(*(kiosk.take("H") for _ in range(8)))
            assert await checking == []
            checking = asyncio.create_task(asyncio.to_thread(check_directory, tmp_path))
        assert await checking == []
        assert server.hall().version > 20


# --- corruptions -------------------------------------------------------------------------------

Harm = Callable[[sqlite3.Connection], object]


def sql(statement: str) -> Harm:
    """Run one statement in hall HALL (`:h`), which must change something."""

    def harm(database: sqlite3.Connection) -> None:
        names = {"h": HALL} if ":h" in statement else {}
        assert database.execute(statement, names).rowcount != 0, "nothing was harmed"

    return harm


def both(*harms: Harm) -> Harm:
    return lambda database: [harm(database) for harm in harms]


def version_of(database: sqlite3.Connection, type_: str, last: bool = False) -> int:
    order = "DESC" if last else "ASC"
    found = database.execute(
        f"SELECT version FROM journal WHERE hall_id = ? AND type = ? ORDER BY version {order}",
        (HALL, type_),
    ).fetchone()
    return int(found[0])


def change_event(type_: str, **changes: object) -> Harm:
    """Other data in the first event of this type."""

    def harm(database: sqlite3.Connection) -> None:
        where = (HALL, version_of(database, type_))
        row = database.execute(
            "SELECT data FROM journal WHERE hall_id = ? AND version = ?", where
        ).fetchone()
        data = {**msgspec.json.decode(row[0]), **changes}
        database.execute(
            "UPDATE journal SET data = ? WHERE hall_id = ? AND version = ?",
            (msgspec.json.encode(data).decode(), *where),
        )

    return harm


def change_opening(database: sqlite3.Connection) -> None:
    version, state = database.execute(
        "SELECT max(version), state FROM openings WHERE hall_id = ?", (HALL,)
    ).fetchone()
    changed = msgspec.json.decode(state)
    changed["queue"]["lines"]["H"]["issued"] = 7
    database.execute(
        "UPDATE openings SET state = ? WHERE hall_id = ? AND version = ?",
        (msgspec.json.encode(changed).decode(), HALL, version),
    )


def break_a_page(database: sqlite3.Connection) -> None:
    """Flip bits in the middle of a page of the journal, in the file itself."""
    root, size = database.execute(
        "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_schema "
        "WHERE name = 'tickets'"
    ).fetchone()
    path = database.execute("SELECT file FROM pragma_database_list").fetchone()[0]
    database.close()
    with Path(path).open("r+b") as file:
        file.seek((root - 1) * size)
        page = bytearray(file.read(size))
        page[:64] = bytes(byte ^ 0xA5 for byte in page[:64])
        file.seek((root - 1) * size)
        file.write(page)


HERE = "hall_id = :h"
ONE = f"(SELECT ticket_id FROM tickets WHERE {HERE} AND day = '2026-03-02' AND number = 'H001')"
MIDDLE = "version = 20"

CORRUPTIONS: dict[str, tuple[Harm, str]] = {
    # the journal
    "an event is missing": (
        sql(f"DELETE FROM journal WHERE {HERE} AND {MIDDLE}"),
        "hall qinghe, version 20: is missing from the journal$",
    ),
    "a stretch of events is missing": (
        sql(f"DELETE FROM journal WHERE {HERE} AND version BETWEEN 20 AND 29"),
        "hall qinghe, version 20: is missing from the journal, and all up to 29$",
    ),
    "the first event is missing": (
        sql(f"DELETE FROM journal WHERE {HERE} AND version = 1"),
        "hall qinghe, version 1: is missing",
    ),
    "the last event is missing": (
        sql(
            f"DELETE FROM journal WHERE {HERE} "
            f"AND version = (SELECT max(version) FROM journal WHERE {HERE})"
        ),
        "hall qinghe, alert absence-2-.*: alerts.state is 'explained', not 'open'",
    ),
    "an event type nobody knows": (
        sql(f"UPDATE journal SET type = 'ticket_eaten' WHERE {HERE} AND {MIDDLE}"),
        "hall qinghe, version 20: there is no event type 'ticket_eaten'",
    ),
    "event data that is no JSON": (
        sql(f"UPDATE journal SET data = substr(data, 2) WHERE {HERE} AND {MIDDLE}"),
        "hall qinghe, version 20: the data of .* can't be read",
    ),
    "event data of another type": (
        change_event("ticket_called", window="one"),
        r"version \d+: the data of ticket_called can't be read: .*\$.window",
    ),
    "an event that could not happen": (
        change_event("ticket_called", ticket_id="0" * 16),
        r"version \d+: ticket_called does not fit the state: KeyError",
    ),
    "an event that tells something else": (
        change_event("service_finished", clerk="009"),
        "ticket H001 of 2026-03-02 .*: tickets.clerk is '001', not '009'",
    ),
    "a time that goes back": (
        sql(f"UPDATE journal SET at_ms = at_ms - 3600000 WHERE {HERE} AND {MIDDLE}"),
        "hall qinghe, version 20: is from 2026-03-02 00:00.*, but the journal was at",
    ),
    "a hall that is not there": (
        sql("UPDATE journal SET hall_id = 'nowhere' WHERE hall_id = 'yushu'"),
        "hall nowhere: journal has rows of it, but there is no such hall",
    ),
    # openings
    "an opening with another state": (
        change_opening,
        r"version \d+: the opening says queue.lines.H.issued is 7, not 0",
    ),
    "an opening that is no JSON": (
        sql(f"UPDATE openings SET state = '{{' WHERE {HERE}"),
        r"version \d+: the opening can't be read",
    ),
    "an opening at another version": (
        sql(
            f"UPDATE openings SET version = version + 5 WHERE {HERE} "
            f"AND version = (SELECT max(version) FROM openings WHERE {HERE})"
        ),
        r"version \d+: the opening of 2026-03-03 belongs to no day_opened",
    ),
    "an opening past the end": (
        sql(
            f"UPDATE openings SET version = 9999 WHERE {HERE} "
            f"AND version = (SELECT max(version) FROM openings WHERE {HERE})"
        ),
        "version 9999: the opening of 2026-03-03 is past the end of the journal",
    ),
    "an opening of another day": (
        sql(f"UPDATE openings SET day = '2026-03-09' WHERE {HERE} AND day = '2026-03-03'"),
        "the opening of 2026-03-09 follows day_opened 2026-03-03",
    ),
    "an opening is missing": (
        sql(f"DELETE FROM openings WHERE {HERE} AND day = '2026-03-03'"),
        r"hall qinghe, version \d+: day_opened has no opening",
    ),
    # read models
    "a ticket's state": (
        sql(f"UPDATE tickets SET state = 'cancelled' WHERE ticket_id = {ONE}"),
        "ticket H001 of 2026-03-0. .*: tickets.state is 'cancelled', not 'finished'",
    ),
    "a ticket's number": (
        sql(f"UPDATE tickets SET number = 'H777' WHERE ticket_id = {ONE}"),
        "ticket H001 of .*: tickets.number is 'H777', not 'H001'",
    ),
    "a ticket's time": (
        sql(f"UPDATE tickets SET issued_ms = issued_ms + 1 WHERE ticket_id = {ONE}"),
        "ticket H001 of .*: tickets.issued_ms is",
    ),
    "a ticket's version": (
        sql(f"UPDATE tickets SET version = version - 1 WHERE ticket_id = {ONE}"),
        "ticket H001 of .*: tickets.version is",
    ),
    "a ticket is lost": (
        sql(f"DELETE FROM tickets WHERE ticket_id = {ONE}"),
        "ticket H001 of 2026-03-02 .*: is not in table tickets",
    ),
    "a ticket from nowhere": (
        sql(
            "INSERT INTO tickets SELECT 'feedfeedfeedfeed', hall_id, day, queue, 'H999', service, "
            'state, channel, priority, cases, "window", clerk, issued_ms, called_ms, started_ms, '
            "ended_ms, served_s, call_count, requeues, version "
            f"FROM tickets WHERE ticket_id = {ONE}"
        ),
        r"ticket H999 of .* \(feedfeedfeedfeed\): is in table tickets, but no event made it",
    ),
    "a state that is none": (
        both(
            lambda database: database.execute("PRAGMA ignore_check_constraints = ON"),
            sql(f"UPDATE tickets SET state = 'asleep' WHERE ticket_id = {ONE}"),
        ),
        "ticket H001 .*: 'asleep' is no state of a ticket",
    ),
    "a number given twice": (
        both(
            sql("DROP INDEX tickets_number"),
            sql(f"UPDATE tickets SET number = 'H001' WHERE {HERE} AND number = 'H002'"),
        ),
        "hall qinghe, ticket H001 of 2026-03-02: was given 2 times",
    ),
    "two tickets at one window": (
        both(
            sql("DROP INDEX tickets_one_in_service"),
            sql(
                f"UPDATE tickets SET state = 'serving', \"window\" = 1 WHERE {HERE} "
                "AND state = 'waiting' AND number = 'H006'"
            ),
        ),
        "hall qinghe, window 1: has 2 tickets called or in service",
    ),
    "a clerk at two windows": (
        both(
            sql("DROP INDEX windows_one_per_clerk"),
            sql(f"UPDATE windows SET clerk = '001', state = 'open' WHERE {HERE} AND number = 2"),
        ),
        "hall qinghe, clerk 001: is at 2 windows",
    ),
    "a missing index": (
        sql("DROP INDEX windows_one_per_clerk"),
        "database: index windows_one_per_clerk of windows is missing",
    ),
    "a window's state": (
        sql(f"UPDATE windows SET state = 'open' WHERE {HERE} AND number = 2"),
        "hall qinghe, window 2: windows.state is 'open', not 'away'",
    ),
    "a window is lost": (
        sql(f"DELETE FROM windows WHERE {HERE} AND number = 2"),
        "hall qinghe, window 2: is not in table windows",
    ),
    "a window from nowhere": (
        sql(f"INSERT INTO windows SELECT hall_id, 99, 'closed', NULL FROM windows "
            f"WHERE {HERE} AND number = 1"),
        "hall qinghe, windows: .* rows, but the journal makes",
    ),
    "an absence's reason": (
        sql(f"UPDATE absences SET reason = '培训' WHERE {HERE} AND cleared_ms IS NOT NULL"),
        "window 2, absence since 2026-03-02.*: absences.reason is '培训', not '会议'",
    ),
    "an absence that never ended": (
        sql(f"UPDATE absences SET cleared_ms = NULL WHERE {HERE} AND cleared_ms IS NOT NULL"),
        "window 2, absence since .*: absences.cleared_ms is None, not 17",
    ),
    "an alert's state": (
        sql(f"UPDATE alerts SET state = 'dismissed' WHERE {HERE}"),
        "hall qinghe, alert absence-2-.*: alerts.state is 'dismissed', not",
    ),
    # people, devices, keys
    "an answer that is no JSON": (
        sql("UPDATE idempotency SET answer = '{\"ticket'"),
        "idempotency key [0-9a-f]{32}: its answer can't be read",
    ),
    "device settings that are no JSON": (
        sql("UPDATE devices SET settings = 'x' WHERE kind = 'kiosk'"),
        "device [0-9a-f]{12}: its settings can't be read",
    ),
    "device settings that are no object": (
        sql("UPDATE devices SET settings = '[]' WHERE kind = 'kiosk'"),
        "device [0-9a-f]{12}: its settings can't be read: Expected `object`",
    ),
    "a device of no kind": (
        sql("UPDATE devices SET kind = 'toaster' WHERE kind = 'kiosk'"),
        "device [0-9a-f]{12}: 'toaster' is no kind of device",
    ),
    "a role that is none": (
        sql(
            "INSERT INTO users VALUES "
            "('eve', 'x', '[\"emperor\"]', NULL, NULL, 0, 0, 0, 0, NULL, NULL)"
        ),
        "user eve: the list of roles can't be read: Invalid enum value 'emperor'",
    ),
    # the file
    "a table is lost": (
        sql("DROP TABLE absences"),
        "database: table absences is missing",
    ),
    "a broken page": (break_a_page, "database: .*(malformed|Tree|btree|page)"),
}  # fmt: skip


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_is_named(copy: Path, name: str) -> None:
    harm, expected = CORRUPTIONS[name]
    database = sqlite3.connect(copy / "hall.sqlite")
    harm(database)
    if "page" not in name:
        database.commit()
    database.close()
    found = check_directory(copy)
    assert any(re.search(expected, line) for line in found), "\n".join(found)
    assert len(found) < 60, "one fault drowns in what follows from it"
    assert all("\n" not in line for line in found)


def test_violations_are_printed_and_end_with_1(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = sqlite3.connect(copy / "hall.sqlite")
    sql(f"DELETE FROM journal WHERE {HERE} AND {MIDDLE}")(database)
    database.commit()
    database.close()
    assert cli.main(["check", str(copy)]) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith("hall qinghe, version 20: is missing from the journal\n")
    assert "ok" not in printed.out.splitlines()
    assert printed.err == ""


# --- not a database at all ---------------------------------------------------------------------


def overwritten(content: bytes) -> Callable[[Path], object]:
    return lambda directory: (directory / "hall.sqlite").write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda directory: (directory / "hall.toml").unlink(), "hall.toml does not exist"),
        (lambda directory: (directory / "hall.sqlite").unlink(), "hall.sqlite is missing"),
        (overwritten(b"not a database, but long enough to be looked at" * 9), "not a database"),
        (overwritten(b""), "hall.sqlite is empty"),
        (
            lambda directory: (directory / "hall.toml").write_text(
                'database = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"'
            ),
            "can't be opened",
        ),
        (
            lambda directory: (directory / "hall.toml").write_text('database = "dbase:///x"'),
            "can't be used",
        ),
    ],
)
def test_what_is_no_installation_is_refused_in_one_line(
    copy: Path, spoil: Callable[[Path], object], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(copy)
    with pytest.raises(SettingsError, match=expected):
        check_directory(copy)
    assert cli.main(["check", str(copy)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1


def test_another_releases_database_is_refused(copy: Path) -> None:
    database = sqlite3.connect(copy / "hall.sqlite")
    database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.commit()
    database.close()
    with pytest.raises(SettingsError, match="is revision 9999"):
        check_directory(copy)
