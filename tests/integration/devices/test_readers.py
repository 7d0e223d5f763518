"""ID cards: read where the person stands, hashed at once, and nowhere else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hall_core.agent.config import ConfigError
from hall_queue.readers import agent as readers
from hall_queue.readers.agent import Reader, ReaderConfig
from hall_queue.readers.simulator import ReaderSimulator
from tests.integration.devices.conftest import device_of, faults_of, running
from tests.support import HALL, Answer, Client, HallServer, eventually

NUMBER = "11010119900307002X"
OLD = "110101194003070027"
NAME = "欧阳娜娜"
READINGS = f"/halls/{HALL}/card-readings"
TICKETS = f"/halls/{HALL}/tickets"


@pytest.fixture
async def service() -> AsyncIterator[ReaderSimulator]:
    simulator = ReaderSimulator()
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
async def kiosk(
    hall: HallServer, service: ReaderSimulator, tmp_path: Path
) -> AsyncIterator[Client]:
    """A kiosk whose settings name the reader beside it."""
    client = await hall.client("kiosk")
    part = Reader("reader", ReaderConfig(address=service.address))
    async with running(hall, tmp_path / "pc", part):
        await configure(hall, "kiosk", reader=device_of(hall, "agent"))
        yield client


async def configure(hall: HallServer, name: str, **settings: Any) -> None:
    manager = await hall.client("admin")
    body = {"command": "configure", "settings": settings}
    answer = await manager.post(f"/devices/{device_of(hall, name)}/commands", body)
    assert answer.status == 200, answer


async def read(client: Client) -> Answer:
    return await client.request("POST", READINGS, {}, key="")


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_a_card_makes_a_ticket_and_its_number_stays_nowhere(
    hall: HallServer, kiosk: Client, service: ReaderSimulator, tmp_path: Path,
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    service.put(NUMBER, NAME)
    reading = await read(kiosk)
    assert reading.status == 200, reading
    assert reading.body["name"] == "欧*"
    assert reading.body["green_age"] is False
    body = {"service": "id_card", "card": reading.body["card"]}
    made = await kiosk.post(TICKETS, body, key="swiped")
    assert made.status == 201, made
    again = await kiosk.post(TICKETS, body, key="swiped")
    assert (again.status, again.body["number"]) == (200, made.body["number"])
    used = await kiosk.post(TICKETS, body)
    assert (used.status, used.code) == (404, "card_expired")

    out = capfd.readouterr()
    said = reading.raw + made.raw + again.raw + (out.out + out.err + caplog.text).encode()
    await hall.kernel.writer.write()
    said += everything_in(tmp_path)
    assert NUMBER.encode() not in said
    assert NUMBER[6:14].encode() not in made.raw
    assert NAME.encode() not in said


async def test_the_same_card_is_the_same_person(kiosk: Client, service: ReaderSimulator) -> None:
    service.put(NUMBER, NAME)
    for expected in (201, 201, 409):
        card = (await read(kiosk)).body["card"]
        answer = await kiosk.post(TICKETS, {"service": "id_card", "card": card})
        assert answer.status == expected, answer
    typed = await kiosk.post(TICKETS, {"service": "id_card", "id_number": NUMBER})
    assert (typed.status, typed.code) == (409, "too_many_tickets")


async def test_age_opens_the_green_channel(kiosk: Client, service: ReaderSimulator) -> None:
    service.put(OLD, "王五")
    reading = await read(kiosk)
    assert reading.body["green_age"] is True
    answer = await kiosk.post(TICKETS, {"service": "id_card", "card": reading.body["card"]})
    assert answer.body["priority"] == "green"


async def test_an_item_that_needs_a_card_insists_where_there_is_a_reader(
    hall: HallServer, kiosk: Client
) -> None:
    refused = await kiosk.post(TICKETS, {"service": "id_card"})
    assert (refused.status, refused.code) == (422, "id_required")
    assert "导办台" in refused.body["detail"]
    assert (await kiosk.post(TICKETS, {"service": "birth_reg"})).status == 201
    desk = await hall.client("guide")
    taken = await desk.post(TICKETS, {"service": "id_card", "channel": "guide_desk"})
    assert taken.status == 201
    await configure(hall, "kiosk")  # a kiosk without a reader has nothing to insist on
    assert (await kiosk.post(TICKETS, {"service": "id_card"})).status == 201


async def test_no_card_and_a_card_laid_while_waiting(
    kiosk: Client, service: ReaderSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hall_queue.readers.routes.WAIT_S", 1)
    nothing = await read(kiosk)
    assert (nothing.status, nothing.code) == (409, "no_card")
    reading = asyncio.create_task(read(kiosk))
    await eventually(lambda: service.asked == 2)
    busy = await read(kiosk)
    assert (busy.status, busy.code) == (409, "reader_busy")
    service.put(NUMBER, NAME)
    assert (await reading).status == 200
    assert service.refused == 0, "the service was never asked twice at once"


async def until_faulty(hall: HallServer, fault: str) -> None:
    await eventually(lambda: faults_of(hall) == {"reader": fault})


async def test_what_can_be_wrong_with_a_reader(
    hall: HallServer, kiosk: Client, service: ReaderSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "SPARE_S", 0.2)
    monkeypatch.setattr("hall_queue.readers.routes.WAIT_S", 1)
    for mood, code, fault in (
        ("garbled", "unreadable", "garbage"),
        ("huge", "no_reader", "unreachable"),
        ("no_reader", "no_reader", "unreachable"),
        ("hangs", "unreadable", "no_answer"),
    ):
        service.mood = mood  # type: ignore[assignment]
        answer = await read(kiosk)
        assert (answer.status, answer.code) == (409, code), (mood, answer)
        assert "导办台" in answer.body["detail"]
        await until_faulty(hall, fault)
    await service.stop()
    assert (await read(kiosk)).code == "no_reader"
    service.mood = "well"
    await service.start()
    service.put(NUMBER, NAME)
    assert (await read(kiosk)).status == 200
    await eventually(lambda: faults_of(hall) == {})


async def test_whose_reader_it_is(hall: HallServer, kiosk: Client) -> None:
    other = await kiosk.request("POST", READINGS, {"reader": "somebody"}, key="")
    assert (other.status, other.code) == (403, "wrong_reader")
    desk = await hall.client("guide")
    none = await read(desk)
    assert (none.status, none.code) == (404, "no_reader")
    named = {"reader": device_of(hall, "agent")}
    assert (await desk.request("POST", READINGS, named, key="")).code == "no_card"
    counter = await hall.client("counter", window=3)
    assert (await read(counter)).status == 403
    stranger = await hall.client("guide", hall="dongling")
    path = "/halls/dongling/card-readings"
    assert (await stranger.request("POST", path, named, key="")).code == "no_reader"


async def test_without_its_agent_a_reader_is_not_connected(hall: HallServer) -> None:
    client = await hall.client("kiosk")
    await hall.token("agent")
    await configure(hall, "kiosk", reader=device_of(hall, "agent"))
    answer = await read(client)
    assert (answer.status, answer.code) == (409, "device_not_connected")


def test_a_reader_without_an_address_is_refused() -> None:
    for address in ("localhost", "ftp://localhost", "http://"):
        with pytest.raises(ConfigError, match="http://localhost:8989"):
            Reader("reader", ReaderConfig(address=address))
