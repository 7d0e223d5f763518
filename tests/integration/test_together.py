"""Many at the same moment, and the same request again: nothing is given twice. On both engines."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from hall_app.check import check_directory
from hall_core.clock import ManualClock
from tests.integration.conftest import NewDatabase
from tests.support import HALL, Client, HallServer, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(
    tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase
) -> AsyncIterator[HallServer]:
    directory = tmp_path_factory.mktemp("together")
    async with hall_server(directory, database=new_database()) as running:
        yield running
    assert check_directory(directory) == []


async def counters(server: HallServer, *windows: int) -> list[Client]:
    """Each at its window, which is open under its own clerk."""
    clients = []
    for window in windows:
        client = await server.client("counter", window=window)
        await client.press(window, "open", clerk=f"{window:03d}")
        clients.append(client)
    return clients


# --- at the same moment ------------------------------------------------------------------------


async def test_64_kiosks_at_once_never_share_a_number(server: HallServer) -> None:
    kiosks = [await server.client("kiosk", window=n) for n in range(100, 164)]

    async def takes_three(kiosk: Client) -> list[str]:
        return [(await kiosk.take("M"))["number"] for _ in range(3)]

    taken = await asyncio.gather(*map(takes_three, kiosks))
    numbers = [number for three in taken for number in three]
    assert sorted(numbers) == [f"M{n:03d}" for n in range(1, 193)]
    for three in taken:
        assert three == sorted(three), "a kiosk's later ticket has a later number"


async def test_clerks_pressing_at_once_never_get_one_ticket(server: HallServer) -> None:
    windows = (16, 17, 18, 19)
    clients = await counters(server, *windows)
    kiosk = await server.client("kiosk")
    for waiting in (4, 1, 0, 3):
        for _ in range(waiting):
            await kiosk.take("B")
        answers = await asyncio.gather(
            *(c.press(w, "call_next") for c, w in zip(clients, windows, strict=True))
        )
        assert {answer.status for answer in answers} == {200}
        tickets = [answer.body["ticket"] for answer in answers if answer.body["ticket"]]
        assert len(tickets) == waiting
        assert len({ticket["number"] for ticket in tickets}) == waiting
        for ticket in tickets:
            client = clients[windows.index(ticket["window"])]
            for command in ("start", "finish"):
                assert (await client.press(ticket["window"], command)).status == 200


async def test_one_window_pressed_twice_at_once_calls_one(server: HallServer) -> None:
    (counter,) = await counters(server, 20)
    kiosk = await server.client("kiosk")
    await kiosk.take("E")
    await kiosk.take("E")
    answers = await asyncio.gather(counter.press(20, "call_next"), counter.press(20, "call_next"))
    assert sorted(answer.status for answer in answers) == [200, 409]
    assert next(a.code for a in answers if a.status == 409) == "ticket_open"


async def test_a_clerk_opens_two_windows_at_once_and_gets_one(server: HallServer) -> None:
    clients = [await server.client("counter", window=n) for n in (26, 27)]
    answers = await asyncio.gather(
        *(c.press(n, "open", clerk="026") for c, n in zip(clients, (26, 27), strict=True))
    )
    assert Counter(answer.status for answer in answers) == {200: 1, 409: 1}
    assert next(a.code for a in answers if a.status == 409) == "clerk_busy"


async def test_one_number_is_called_specially_by_two_at_once(server: HallServer) -> None:
    windows = (28, 29)
    clients = await counters(server, *windows)
    number = (await (await server.client("kiosk")).take("N"))["number"]
    answers = await asyncio.gather(
        *(
            client.press(window, "call_specific", number=number, reason="加急")
            for client, window in zip(clients, windows, strict=True)
        )
    )
    assert Counter(answer.status for answer in answers) == {200: 1, 409: 1}


# --- the same request again --------------------------------------------------------------------


async def test_the_same_key_gives_the_same_ticket(server: HallServer) -> None:
    kiosk = await server.client("kiosk")
    path = f"/halls/{HALL}/tickets"
    first = await kiosk.post(path, {"queue": "S"}, key="press-1")
    again = await kiosk.post(path, {"queue": "S"}, key="press-1")
    assert (first.status, again.status) == (201, 200)
    assert again.body == first.body, "the token too"
    other = await kiosk.post(path, {"queue": "S"}, key="press-2")
    assert other.body["number"] != first.body["number"]


async def test_a_double_press_gives_one_ticket(server: HallServer) -> None:
    kiosk = await server.client("kiosk")
    path = f"/halls/{HALL}/tickets"
    before = server.hall().live["queue"].lines["S"].issued
    answers = await asyncio.gather(
        *(kiosk.post(path, {"queue": "S"}, key="double") for _ in range(8))
    )
    assert sorted(answer.status for answer in answers) == [200] * 7 + [201]
    assert len({answer.raw for answer in answers}) == 1
    assert server.hall().live["queue"].lines["S"].issued == before + 1


async def test_the_same_key_with_another_body_is_refused(server: HallServer) -> None:
    kiosk = await server.client("kiosk")
    path = f"/halls/{HALL}/tickets"
    at_once = await asyncio.gather(
        kiosk.post(path, {"queue": "S"}, key="body"), kiosk.post(path, {"queue": "H"}, key="body")
    )
    assert sorted(answer.status for answer in at_once) == [201, 422]
    later = await kiosk.post(path, {"queue": "E"}, key="body")
    assert (later.status, later.code) == (422, "idempotency_key_reused")


async def test_a_key_belongs_to_who_asks_and_to_what_is_asked(server: HallServer) -> None:
    one = await server.client("kiosk")
    other = await server.client("guide")
    path = f"/halls/{HALL}/tickets"
    answers = [await client.post(path, {"queue": "S"}, key="mine") for client in (one, other)]
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].body["number"] != answers[1].body["number"]
    elsewhere = await one.post(f"/halls/{HALL}/check-in", {"scan": "S999"}, key="mine")
    assert elsewhere.code == "unknown_number"


async def test_a_retried_call_is_not_a_second_call(server: HallServer) -> None:
    (counter,) = await counters(server, 30)
    kiosk = await server.client("kiosk")
    await kiosk.take("N")
    await kiosk.take("N")
    first = await counter.press(30, "call_next", key="call")
    again = await counter.press(30, "call_next", key="call")
    assert first.status == again.status == 200
    assert first.body == again.body
    await counter.press(30, "start")
    await counter.press(30, "finish")
    # Late, when the window is free again: still the answer of that press.
    assert (await counter.press(30, "call_next", key="call")).body == first.body


async def test_a_refused_press_may_be_tried_again_with_its_key(server: HallServer) -> None:
    counter = await server.client("counter", window=21)
    refused = await counter.press(21, "call_next", key="too early")
    assert refused.status == 409
    await counter.press(21, "open", clerk="021")
    assert (await counter.press(21, "call_next", key="too early")).status == 200


async def test_a_call_with_nobody_waiting_is_kept_under_its_key(server: HallServer) -> None:
    (counter,) = await counters(server, 31)
    first = await counter.press(31, "call_next", key="nobody")
    assert (first.status, first.body["ticket"]) == (200, None)
    kiosk = await server.client("kiosk")
    await kiosk.take("X")
    assert (await counter.press(31, "call_next", key="nobody")).body == first.body


# --- after a restart ---------------------------------------------------------------------------


async def test_keys_survive_a_restart(
    tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase
) -> None:
    directory = tmp_path_factory.mktemp("restart")
    path = f"/halls/{HALL}/tickets"
    async with hall_server(directory, database=new_database()) as server:
        kiosk = await server.client("kiosk")
        token = kiosk.token
        first = await kiosk.post(path, {"queue": "H"}, key="before")
    async with hall_server(directory) as server:
        kiosk = Client(server.http, server.base, token)
        again = await kiosk.post(path, {"queue": "H"}, key="before")
        assert (again.status, again.body) == (200, first.body)
        other = await kiosk.post(path, {"queue": "S"}, key="before")
        assert other.status == 422
        assert (await kiosk.post(path, {"queue": "H"}, key="after")).body["number"] == "H002"
    assert check_directory(directory) == []


async def test_keys_are_forgotten_after_seven_days(
    tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase
) -> None:
    clock = ManualClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))
    directory = tmp_path_factory.mktemp("expire")
    path = "/halls/hall/tickets"
    async with hall_server(directory, False, clock=clock, database=new_database()) as server:
        kiosk = await server.client("kiosk", "hall")
        first = await kiosk.post(path, {"queue": "A"}, key="old")
        clock.advance(days=6, hours=23)
        server.kernel.tick()
        await server.kernel.keys.expire(server.kernel.writer)
        again = await kiosk.post(path, {"queue": "A"}, key="old")
        assert (again.status, again.body) == (200, first.body)
        clock.advance(hours=2)
        server.kernel.tick()
        await server.kernel.keys.expire(server.kernel.writer)
        assert (await kiosk.post(path, {"queue": "A"}, key="old")).status == 201
    assert check_directory(directory) == []


async def test_a_persons_tickets_are_counted_across_a_restart(
    tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase
) -> None:
    """Also when the first press of the day was refused."""
    directory = tmp_path_factory.mktemp("person")
    path, body = f"/halls/{HALL}/tickets", {"queue": "H", "id_number": "11010119900307002X"}
    async with hall_server(directory, database=new_database()) as server:
        token = await server.token("kiosk")
        kiosk = await server.client("kiosk")
        assert (await kiosk.post(path, {**body, "cases": 0})).status == 422
        assert (await kiosk.post(path, body)).status == 201
    async with hall_server(directory) as server:
        kiosk = Client(server.http, server.base, token)
        assert (await kiosk.post(path, body)).status == 201
        third = await kiosk.post(path, body)
        assert (third.status, third.body["title"]) == (409, "Not possible in this state"), third
    assert check_directory(directory) == []
