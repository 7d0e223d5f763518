"""Public holidays and worked weekends, as every hall is told of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hall_app.check import check_directory
from hall_core.clock import ManualClock
from hall_core.events import CalendarTold
from hall_core.replay import read_journal
from tests.support import HALL, Answer, HallServer, hall_server

EVE = datetime(2026, 9, 30, 1, 0, tzinfo=UTC)  # a Wednesday, 09:00 in the hall
NATIONAL_DAY = {"workday": False, "name": "国庆节"}


async def take(server: HallServer) -> Answer:
    kiosk = await server.client("kiosk")
    return await kiosk.post(f"/halls/{HALL}/tickets", {"queue": "H"})


async def book(server: HallServer, day: str) -> Answer:
    guide = await server.client("guide")
    wanted = {"queue": "H", "day": day, "start": "09:00", "phone": ""}
    return await guide.post(f"/halls/{HALL}/appointments", wanted)


def told(server: HallServer, hall: str = HALL) -> list[CalendarTold]:
    journal = server.kernel.store.read_now(lambda connection: read_journal(connection, hall, 0))
    return [record.event for record in journal if isinstance(record.event, CalendarTold)]


async def test_the_kiosk_rests_on_the_national_day(tmp_path: Path) -> None:
    clock = ManualClock(EVE)
    async with hall_server(tmp_path, clock=clock, always_open=False) as server:
        assert (await take(server)).status == 201
        assert (await book(server, "2026-10-01")).status == 422
        assert (await book(server, "2026-10-08")).status == 201
        clock.advance(hours=24)
        server.kernel.tick()
        refused = await take(server)
        assert refused.code == "outside_hours"
        assert "10月8日08:30" in refused.body["detail"].replace(" ", "")
        async with server.stream() as screen:
            assert screen.state["setup"]["days"]["2026-10-01"] == NATIONAL_DAY
            assert "2026-09-30" not in screen.state["setup"]["days"]
        clock.advance(hours=24 * 9)  # Saturday, 10 October: worked, so not by appointment
        server.kernel.tick()
        assert (await take(server)).status == 201

        admin = await server.client("admin")
        setup = (await admin.get(f"/halls/{HALL}/setup")).body
        settings = {**setup["settings"], "closed_on_holidays": False}
        answer = await admin.post(f"/halls/{HALL}/setup", {"settings": settings})
        assert answer.status == 200, answer
        assert (await take(server)).code == "appointment_only"
    assert check_directory(tmp_path) == []


async def test_a_hall_is_told_once_and_of_every_import(tmp_path: Path) -> None:
    clock = ManualClock(EVE)
    async with hall_server(tmp_path, clock=clock, always_open=False) as server:
        assert len(told(server)) == 1
    async with hall_server(tmp_path, clock=clock, always_open=False) as server:
        assert len(told(server)) == 1, "it knows"
        admin = await server.client("admin")
        days = [{"day": "2026-10-02", "workday": False, "name": "国庆节"}]
        answer = await admin.request("PUT", "/working-days?year=2026", {"days": days})
        assert answer.status == 200, answer
        await server.hall().drain()
        assert [day.isoformat() for day in told(server)[1].days] == ["2026-10-02"]
        clock.advance(hours=24)
        assert (await take(server)).status == 201, "the first of October is not among them any more"

        added = {"id": "new", "name": "新大厅", "region": "159921000000", "level": "county"}
        answer = await admin.post("/halls", added)
        assert answer.status in (200, 201), answer
        assert [day.isoformat() for day in told(server, "new")[0].days] == ["2026-10-02"]
    assert check_directory(tmp_path) == []


async def test_what_is_always_open_has_no_holidays(tmp_path: Path) -> None:
    clock = ManualClock(EVE)
    async with hall_server(tmp_path, clock=clock) as server:
        clock.advance(hours=24)
        assert (await take(server)).status == 201
        async with server.stream() as screen:
            assert screen.state["setup"]["days"] == {}
