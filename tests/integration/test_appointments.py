"""Appointments from being booked at the guide desk to checking in at the kiosk, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select

from hall_app.check import check_directory
from hall_core.clock import ManualClock
from hall_queue import tables
from tests.integration.conftest import NewDatabase
from tests.support import HALL, HallServer, hall_server

MORNING = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday, 09:00 in the hall
BOOK = {"day": "2026-03-02", "start": "09:30", "service": "marriage", "phone": "13812341234"}
PATH = f"/halls/{HALL}/appointments"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(MORNING)


@pytest_asyncio.fixture
async def server(
    tmp_path: Path, clock: ManualClock, new_database: NewDatabase
) -> AsyncIterator[HallServer]:
    async with hall_server(tmp_path, clock=clock, database=new_database()) as running:
        yield running
    assert check_directory(tmp_path) == []


async def pass_time(server: HallServer, clock: ManualClock, **delta: float) -> None:
    clock.advance(**delta)
    server.kernel.tick()
    await server.hall().drain()


async def test_from_the_guide_desk_to_the_kiosk(server: HallServer, clock: ManualClock) -> None:
    guide, kiosk = await server.client("guide"), await server.client("kiosk")
    made = await guide.post(PATH, BOOK, key="one")
    assert made.status == 201, made
    code = made.body["code"]
    assert len(code) == 8
    again = await guide.post(PATH, BOOK, key="one")
    assert (again.status, again.body) == (200, made.body)
    early = await kiosk.post(f"/halls/{HALL}/tickets", {"appointment": code})
    assert (early.status, early.code) == (409, "appointment_early")
    for _ in range(3):
        await kiosk.take("J")
    await pass_time(server, clock, minutes=20)
    typed = f" {code[:4]} {code[4:]}"  # as people type
    taken = await kiosk.post(f"/halls/{HALL}/tickets", {"appointment": typed}, key="kiosk")
    assert taken.status == 201, taken
    assert (taken.body["queue"], taken.body["service"]) == ("J", "marriage")
    assert taken.body["ahead"] == 1, "behind the one who is next"
    retry = await kiosk.post(f"/halls/{HALL}/tickets", {"appointment": typed}, key="kiosk")
    assert (retry.status, retry.body["ticket_id"]) == (200, taken.body["ticket_id"])
    used = await kiosk.post(f"/halls/{HALL}/tickets", {"appointment": code})
    assert (used.status, used.code) == (409, "appointment_ended")
    line = (await guide.get(f"/halls/{HALL}/windows/26/line")).body["line"]
    assert [entry["reason"] for entry in line][:2] == ["time", "appointment"]


async def test_who_comes_a_little_before_the_hall_opens_gets_the_ticket(tmp_path: Path) -> None:
    clock = ManualClock(MORNING - timedelta(minutes=45))  # 08:15
    async with hall_server(tmp_path, clock=clock, always_open=False) as server:
        guide, kiosk = await server.client("guide"), await server.client("kiosk")
        made = await guide.post(PATH, {**BOOK, "start": "08:30"})
        ordinary = await kiosk.post(f"/halls/{HALL}/tickets", {"queue": "J"})
        assert ordinary.code == "outside_hours"
        taken = await kiosk.post(f"/halls/{HALL}/tickets", {"appointment": made.body["code"]})
        assert taken.status == 201, taken
        assert (taken.body["number"], taken.body["ahead"]) == ("J001", 0)
    assert check_directory(tmp_path) == []


async def test_a_day_is_listed_without_codes_and_who_did_not_come_is_counted(
    server: HallServer, clock: ManualClock
) -> None:
    guide = await server.client("guide")
    made = [(await guide.post(PATH, {**BOOK, "start": start})).body for start in ("09:30", "10:00")]
    cancel = f"{PATH}/{made[1]['appointment_id']}/commands"
    assert (await guide.post(cancel, {"command": "cancel"})).body["state"] == "cancelled"
    assert (await guide.post(cancel, {"command": "cancel"})).code == "appointment_ended"
    await pass_time(server, clock, hours=24)
    listed = (await (await server.client("supervisor")).get(f"{PATH}?day=2026-03-02")).body
    assert listed["counts"] == {"booked": 0, "checked_in": 0, "cancelled": 1, "missed": 1}
    assert [one["phone"] for one in listed["appointments"]] == ["138****1234"] * 2
    assert all("code" not in one for one in listed["appointments"])
    journal = (await guide.get(f"/halls/{HALL}/events?limit=2000")).raw
    assert b"13812341234" not in journal, "whose it is, is in no journal"
    await pass_time(server, clock, hours=24)
    await server.hall().features[1].service.forget_phones()  # type: ignore[attr-defined]
    query = select(tables.appointment_phones)
    assert await server.kernel.store.read(lambda c: c.execute(query).all()) == []


async def test_what_is_refused(server: HallServer) -> None:
    guide, kiosk = await server.client("guide"), await server.client("kiosk")
    for wrong, field in (
        ({"day": "soon"}, "day"),
        ({"start": "half past"}, "start"),
        ({"service": "nothing"}, "service"),
        ({"phone": "ring me"}, "phone"),
    ):
        answer = await guide.post(PATH, {**BOOK, **wrong})
        assert answer.status == 422, wrong
        assert answer.body["errors"][0]["field"] == field
    assert (await kiosk.post(PATH, BOOK)).code == "wrong_role"
    codes = [f"{number:08d}" for number in range(25)]
    answers = [await kiosk.post(f"/halls/{HALL}/tickets", {"appointment": code}) for code in codes]
    assert [answer.status for answer in answers] == [422] * 20 + [429] * 5
