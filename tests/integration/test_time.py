"""Midnight, a clock that can't be trusted, and a restart in the middle of the day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hall_app.check import check_directory
from hall_core.clock import ManualClock
from tests.integration.conftest import NewDatabase
from tests.support import HALL, Client, HallServer, hall_server

MORNING = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday, 09:00 in the hall
PATH = f"/halls/{HALL}/tickets"


async def tick(server: HallServer) -> None:
    """Let the halls do what is due now, and wait until it is on disk."""
    server.kernel.tick()
    for hall in server.kernel.halls.values():
        await hall.drain()


def day_of(server: HallServer) -> Any:
    return server.hall().committed["day"]


# --- midnight ----------------------------------------------------------------------------------


async def test_midnight_expires_who_waits_and_numbers_start_again(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    clock = ManualClock(MORNING)
    async with (
        hall_server(tmp_path, clock=clock, database=new_database()) as server,
        server.stream() as screen,
    ):
        kiosk = await server.client("kiosk")
        counter = await server.client("counter", window=1)
        served, waits = await kiosk.take("H"), await kiosk.take("H")
        await counter.press(1, "open", clerk="001")
        await counter.press(1, "call_next")
        await counter.press(1, "start")
        clock.advance(hours=14, minutes=59)  # 23:59 in the hall
        await tick(server)
        assert day_of(server).day == "2026-03-02"
        assert (await kiosk.take("H"))["number"] == "H003"

        clock.advance(minutes=1)
        await tick(server)
        assert day_of(server).day == "2026-03-03"
        await screen.until_event("day_opened")
        await screen.until_version(server.hall().version)
        queue = next(q for q in screen.state["queues"] if q["prefix"] == "H")
        assert queue["waiting"] == 0
        assert screen.state["recent_calls"] == []
        assert (await kiosk.take("H"))["number"] == "H001"
        staff = await server.client("supervisor")
        past = (await staff.get(f"/tickets/{waits['ticket_id']}")).body
        assert (past["state"], past["day"]) == ("expired", "2026-03-02")
        # Who was in service is finished tomorrow.
        answer = await counter.press(1, "finish")
        assert answer.body["ticket"]["ticket_id"] == served["ticket_id"]
    assert check_directory(tmp_path) == []


async def test_an_alert_that_ended_yesterday_is_over_and_not_unknown(tmp_path: Path) -> None:
    clock = ManualClock(MORNING)
    async with hall_server(tmp_path, clock=clock) as server:
        counter = await server.client("counter", window=1)
        staff = await server.client("supervisor")
        await counter.press(1, "open", clerk="001")
        back = clock.now() + timedelta(minutes=5)
        await counter.press(1, "leave", reason="会议", expected_return=back)
        clock.advance(minutes=6)
        await tick(server)
        (alert,) = (await staff.get(f"/halls/{HALL}/alerts?state=open")).body
        await counter.press(1, "return")
        await counter.press(1, "close")
        clock.advance(hours=24)
        await tick(server)
        command = {"command": "confirm"}
        answer = await staff.post(f"/alerts/{alert['alert_id']}/commands", command)
        assert (answer.status, answer.code) == (409, "alert_ended")
        elsewhere = await server.client("counter", hall="dongling", window=1)
        answer = await elsewhere.post(f"/alerts/{alert['alert_id']}/commands", command)
        assert (answer.status, answer.code) == (404, "unknown_alert")


async def test_what_was_served_yesterday_is_rated_on_the_phone_today(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    clock = ManualClock(MORNING)
    async with hall_server(tmp_path, clock=clock, database=new_database()) as server:
        kiosk = await server.client("kiosk")
        counter = await server.client("counter", window=1)
        citizen = Client(server.http, server.base)
        served = await kiosk.take("H")
        await counter.press(1, "open", clerk="001")
        for step in ("call_next", "start", "finish"):
            await counter.press(1, step)
        clock.advance(hours=24)
        await tick(server)
        for _ in range(2):  # also when nothing of that day is in memory any more
            told = (await citizen.get(f"/public/tickets/{served['token']}")).body
            assert (told["number"], told["state"], told["window"]) == ("H001", "finished", 1)
            assert not told["can_cancel"]
            await tick(server)
        question = await citizen.get(f"/public/evaluations/{served['token']}")
        assert question.body["state"] == "open"
        cancel = {"command": "cancel"}
        refused = await citizen.post(f"/public/tickets/{served['token']}/commands", cancel)
        assert refused.status == 404


async def test_a_night_without_power_is_made_up_for_at_the_start(tmp_path: Path) -> None:
    clock = ManualClock(MORNING)
    async with hall_server(tmp_path, clock=clock) as server:
        token = await server.token("kiosk")
        ticket = await (await server.client("kiosk")).take("H")
    clock.advance(hours=24)
    async with hall_server(tmp_path, clock=clock) as server:
        kiosk = Client(server.http, server.base, token)
        assert day_of(server).day == "2026-03-03"
        assert not day_of(server).doubted
        assert (await kiosk.take("H"))["number"] == "H001"
        assert (await kiosk.get(f"/tickets/{ticket['ticket_id']}")).body["state"] == "expired"
    assert check_directory(tmp_path) == []


# --- doubt -------------------------------------------------------------------------------------


async def confirm(server: HallServer, kind: Any = "admin") -> Any:
    client = await server.client(kind)
    return await client.post(f"/halls/{HALL}/commands", {"command": "confirm_clock"})


JUMPS: dict[str, Callable[[ManualClock], object]] = {
    "a day ahead": lambda clock: clock.jump(days=1),
    "years ahead": lambda clock: clock.jump(days=3650),
    "just over ten minutes back": lambda clock: clock.jump(minutes=-10, seconds=-1),
    "years back": lambda clock: clock.jump(days=-3650),
}


@pytest.mark.parametrize("name", JUMPS)
async def test_a_clock_that_jumps_rolls_no_day_until_a_person_confirms(
    tmp_path: Path, name: str
) -> None:
    clock = ManualClock(MORNING)
    async with hall_server(tmp_path, clock=clock) as server, server.stream() as screen:
        kiosk = await server.client("kiosk")
        await kiosk.take("H")
        JUMPS[name](clock)
        await tick(server)
        assert day_of(server).doubted
        for _ in range(3):
            clock.advance(hours=11)
            await tick(server)
        assert day_of(server).day == "2026-03-02", "not even a true midnight counts"
        # Service goes on: the next number, and time that never goes back.
        ticket = await kiosk.take("H")
        assert ticket["number"] == "H002"
        assert datetime.fromisoformat(ticket["issued_at"]) >= MORNING
        staff = await server.client("supervisor")
        state = (await staff.get(f"/halls/{HALL}/snapshot")).body["state"]
        assert state["day"] == {"day": "2026-03-02", "clock_doubted": True}
        assert (await confirm(server, "guide")).code == "wrong_role"

        assert (await confirm(server)).status == 200
        assert (await confirm(server)).code == "clock_not_doubted"
        await tick(server)
        now = max(clock.now(), MORNING)
        expected = (now + timedelta(hours=8)).date().isoformat()
        assert day_of(server).day == expected
        # Not the same day: numbers may start again; else they go on.
        after = "H001" if expected != "2026-03-02" else "H003"
        assert (await kiosk.take("H"))["number"] == after
        await screen.until_version(server.hall().version)
    assert check_directory(tmp_path) == []


async def test_a_small_correction_of_the_clock_is_nothing(tmp_path: Path) -> None:
    clock = ManualClock(MORNING)
    async with hall_server(tmp_path, demo=False, clock=clock) as server:
        for minutes in (9, -9, 5):
            clock.jump(minutes=minutes)
            await tick(server)
        assert not server.hall("hall").committed["day"].doubted


async def test_a_clock_behind_the_journal_is_doubted_at_the_start(tmp_path: Path) -> None:
    async with hall_server(tmp_path, clock=ManualClock(MORNING)) as server:
        token = await server.token("kiosk")
        await (await server.client("kiosk")).take("H")
    slow = ManualClock(MORNING - timedelta(days=2))
    async with hall_server(tmp_path, clock=slow) as server:
        kiosk = Client(server.http, server.base, token)
        assert day_of(server).doubted
        assert day_of(server).day == "2026-03-02"
        ticket = await kiosk.take("H")
        assert ticket["number"] == "H002", "numbers are not reset"
        assert datetime.fromisoformat(ticket["issued_at"]) == MORNING
        slow.advance(days=4)
        await tick(server)
        assert day_of(server).day == "2026-03-02"
    # The doubt survives a restart, with a clock that is right again.
    async with hall_server(tmp_path, clock=ManualClock(MORNING + timedelta(days=3))) as server:
        await tick(server)
        assert (day_of(server).day, day_of(server).doubted) == ("2026-03-02", True)
        await confirm(server)
        await tick(server)
        assert day_of(server).day == "2026-03-05"
    assert check_directory(tmp_path) == []


# --- a restart ---------------------------------------------------------------------------------


def without_waits(body: Any) -> Any:
    """Forecasts are made anew every now and then; everything else must be the same."""
    if isinstance(body, list):
        return [without_waits(entry) for entry in body]
    if isinstance(body, dict):
        return {k: without_waits(v) for k, v in body.items() if k != "wait_minutes"}
    return body


async def test_a_restart_keeps_windows_tickets_and_notices(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    clock = ManualClock(MORNING)
    async with hall_server(tmp_path, clock=clock, database=new_database()) as server:
        tokens = {kind: await server.token(kind) for kind in ("kiosk", "supervisor", "display")}
        kiosk = await server.client("kiosk")
        manager = await server.client("admin")
        tickets = [await kiosk.take("H") for _ in range(8)]
        windows = {n: await server.client("counter", window=n) for n in (1, 2, 3, 4)}
        for number, window in windows.items():
            await window.press(number, "open", clerk=f"00{number}")
        for number, steps in {
            1: ("call_next", "start"),
            2: ("call_next", "no_show", "call_next", "hold"),
            3: ("call_next",),
        }.items():
            for step in steps:
                assert (await windows[number].press(number, step)).status == 200
        back = clock.now() + timedelta(minutes=30)
        left = await windows[4].press(4, "leave", reason="会议", expected_return=back)
        assert left.status == 200
        notice = {"id": "n1", "title": "公示", "body": "内容"}
        answer = await manager.post(f"/halls/{HALL}/notices", {"notices": [notice]})
        assert answer.status == 200
        setup = (await manager.get(f"/halls/{HALL}/setup")).body
        paths = {
            "supervisor": [f"/halls/{HALL}/snapshot", f"{PATH}?state=waiting,held,called,serving"],
            "display": [f"/halls/{HALL}/snapshot", f"/halls/{HALL}/events?after=0"],
        }
        before: dict[tuple[str, str], Any] = {}
        for kind, asked in paths.items():
            client = Client(server.http, server.base, tokens[kind])
            for path in asked:
                before[kind, path] = without_waits((await client.get(path)).body)

    async with hall_server(tmp_path, clock=clock) as server:
        for (kind, path), body in before.items():
            client = Client(server.http, server.base, tokens[kind])
            assert without_waits((await client.get(path)).body) == body, path
        manager = await server.client("admin")
        assert (await manager.get(f"/halls/{HALL}/setup")).body == setup
        kiosk = Client(server.http, server.base, tokens["kiosk"])
        # Everyone goes on where they stood.
        assert (await kiosk.take("H"))["number"] == "H009"
        windows = {n: await server.client("counter", window=n) for n in (1, 2, 3, 4)}
        finished = await windows[1].press(1, "finish")
        assert finished.body["ticket"]["ticket_id"] == tickets[0]["ticket_id"]
        assert (await windows[2].press(2, "unhold", number="H003")).status == 200
        assert (await windows[3].press(3, "start")).body["ticket"]["number"] == "H004"
        missed = await kiosk.post(f"/halls/{HALL}/check-in", {"scan": "H002"})
        assert missed.body["state"] == "waiting"
        # The notice is still watched: it becomes overdue in its time.
        clock.advance(minutes=31)
        await tick(server)
        staff = Client(server.http, server.base, tokens["supervisor"])
        alerts = (await staff.get(f"/halls/{HALL}/alerts")).body
        overdue = [a["window"] for a in alerts if a["kind"] == "absence_overdue"]
        assert overdue == [4]
        assert (await windows[4].press(4, "return")).status == 200
    assert check_directory(tmp_path) == []


async def test_the_second_day_survives_a_restart_too(tmp_path: Path) -> None:
    """The opening snapshot of a day holds windows, sessions and all, and is read back."""
    clock = ManualClock(MORNING)
    async with hall_server(tmp_path, clock=clock) as server:
        counter = await server.client("counter", window=1)
        await counter.press(1, "open", clerk="001")
        clock.advance(days=1)
        await tick(server)
        kiosk = await server.client("kiosk")
        assert (await kiosk.take("H"))["number"] == "H001"
        before = server.hall().committed["queue"]
    async with hall_server(tmp_path, clock=clock) as server:
        assert server.hall().committed["queue"] == before
        kiosk = await server.client("kiosk")
        assert (await kiosk.take("H"))["number"] == "H002"
    assert check_directory(tmp_path) == []


async def test_a_refused_confirmation_does_not_let_time_run_back(tmp_path: Path) -> None:
    """Nobody doubted the clock, so nobody can confirm it, though it stands a little behind."""
    clock = ManualClock(MORNING)
    async with hall_server(tmp_path, clock=clock) as server:
        kiosk = await server.client("kiosk")
        before = (await kiosk.take("H"))["issued_at"]
        clock.jump(minutes=-5)
        await tick(server)
        assert (await confirm(server, "admin")).code == "clock_not_doubted"
        assert (await kiosk.take("H"))["issued_at"] >= before
    assert check_directory(tmp_path) == []
