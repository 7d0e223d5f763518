"""Passing ratings on to a regional system that fails in every way: each arrives once."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from sqlalchemy import select

from hall_app.check import check_directory
from hall_evaluation.relay import rules, sender
from hall_evaluation.relay.tables import relay_outbox
from tests.integration.evaluation.region import Mood, Region
from tests.support import HALL, PATIENCE_S, HallServer, eventually, hall_server, installation

pytestmark = pytest.mark.asyncio(loop_scope="module")

WINDOW = 1
SECRET = "Bearer very-secret-0472"


@pytest.fixture(scope="module", autouse=True)
def quick() -> Any:
    """The waiting that is minutes in a hall is milliseconds here."""
    patch = pytest.MonkeyPatch()
    patch.setattr(rules, "BACKOFF_S", 0.01)
    patch.setattr(rules, "BACKOFF_MAX_S", 0.05)
    patch.setattr(sender, "TIMEOUT", aiohttp.ClientTimeout(total=0.3))
    yield
    patch.undo()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def region() -> AsyncIterator[Region]:
    region = Region()
    async with region.serve():
        yield region


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(
    tmp_path_factory: pytest.TempPathFactory, region: Region
) -> AsyncIterator[HallServer]:
    directory = installation(tmp_path_factory.mktemp("relay"))
    async with hall_server(directory) as running:
        await switch_on(running, region, secret=SECRET)
        yield running
    assert check_directory(directory) == []


@pytest.fixture(autouse=True)
def calm(region: Region) -> None:
    region.reset()


async def switch_on(server: HallServer, region: Region, **more: Any) -> None:
    admin = await server.client("admin")
    body = {"enabled": True, "url": region.url, "data_source": "150221", **more}
    answer = await admin.request("PUT", f"/halls/{HALL}/relay", body)
    assert answer.status == 200, answer


async def rated(server: HallServer, level: str = "satisfied", queue: str = "H", **more: Any) -> str:
    """A service that ended and was rated; the id under which it is passed on."""
    admin, kiosk = await server.client("admin"), await server.client("kiosk")
    await admin.press(WINDOW, "open", clerk="001")
    ticket = await kiosk.take(queue)
    for command, fields in (
        ("call_specific", {"number": ticket["number"], "reason": "测试"}),
        ("start", {}),
        ("finish", {}),
    ):
        answer = await admin.press(WINDOW, command, **fields)
        assert answer.status == 200, answer
    citizen = await server.client(None)
    token = server.kernel.secret.ticket_token(ticket["ticket_id"])
    answer = await citizen.post("/evaluations", {"token": token, "level": level, **more})
    assert answer.status == 201, answer
    return f"{HALL}-{ticket['ticket_id']}"


async def outbox(server: HallServer) -> dict[str, Any]:
    """Rows by delivery id."""
    rows = await server.kernel.store.read(lambda c: c.execute(select(relay_outbox)).all())
    return {f"{row.hall_id}-{row.ticket_id}": row for row in rows}


async def state_of(server: HallServer, key: str) -> Any:
    return (await outbox(server))[key]


async def until_state(server: HallServer, key: str, state: str) -> Any:
    """Its row, once it has this state."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            row = await state_of(server, key)
            if row.state == state:
                return row
            await asyncio.sleep(0.005)


async def test_a_rating_arrives_at_once_with_all_it_is_to_say(
    server: HallServer, region: Region
) -> None:
    key = await rated(
        server,
        "dissatisfied",
        reasons=["waiting"],
        text="等了两个小时",
        contact={"name": "李四", "phone": "13812345678"},
    )
    row = await until_state(server, key, "delivered")
    assert (row.attempts, row.status, row.error) == (1, 200, "")
    (stored,) = region.stored.values()
    assert stored["satisfaction"] == "2"
    assert stored["evalDetail"] == "等候时间过长"
    assert stored["writingEvaluation"] == "等了两个小时"
    assert stored["userName"] == "李四"
    assert stored["pf"] == "3"
    assert stored["areaCode"] == server.hall().info.region
    assert "13812345678" not in str(stored)
    ((sent, headers),) = region.requests
    assert sent == key
    assert headers["Authorization"] == SECRET


async def test_the_other_code_order(server: HallServer, region: Region) -> None:
    await switch_on(server, region, code_order="one_is_best")
    key = await rated(server, "very_satisfied")
    await until_state(server, key, "delivered")
    assert region.stored[key]["satisfaction"] == "1"
    await switch_on(server, region)
    key = await rated(server, "very_satisfied")
    await until_state(server, key, "delivered")
    assert region.stored[key]["satisfaction"] == "5"


MISCHIEF: list[tuple[Mood, ...]] = [
    ("500",),
    ("503", "503", "503", "503", "503", "503"),
    ("stored, then 500",),
    ("hang",),
    ("stored, then hang",),
    ("half",),
    ("stored, then half",),
    ("abort", "abort"),
    ("stored, then abort",),
    ("twice",),
    ("garbage",),
    ("500", "stored, then half", "hang", "stored, then 500", "302", "stored, then hang"),
]


@pytest.mark.parametrize("duplicate", [200, 409])
@pytest.mark.parametrize("script", MISCHIEF, ids=lambda script: "+".join(script))
async def test_whatever_goes_wrong_it_is_stored_once(
    server: HallServer, region: Region, script: tuple[Mood, ...], duplicate: int
) -> None:
    region.reset(*script, duplicate=duplicate)
    key = await rated(server)
    row = await until_state(server, key, "delivered")
    assert list(region.stored) == region.order == [key]
    assert {sent for sent, _ in region.requests} == {key}
    assert row.attempts == len(region.requests) == len(script) + (script != ("twice",))


async def test_a_redirect_is_not_followed(server: HallServer, region: Region) -> None:
    region.reset("302")
    key = await rated(server)
    await until_state(server, key, "delivered")
    assert region.elsewhere == 0


async def test_many_ratings_over_a_bad_line(server: HallServer, region: Region) -> None:
    moods: tuple[Mood, ...] = ("stored, then abort", "500", "ok", "half", "stored, then half")
    region.reset(*(moods * 4))
    keys = [await rated(server) for _ in range(8)]
    for key in keys:
        await until_state(server, key, "delivered")
    assert sorted(region.order) == sorted(keys)


async def test_a_rating_that_is_refused_is_kept_with_the_reason_and_can_go_again(
    server: HallServer, region: Region
) -> None:
    region.reset("400")
    key = await rated(server)
    row = await until_state(server, key, "refused")
    assert row.status == 400
    assert row.error == "应答 400：projectNo 不存在 <b>请核对</b>"
    manager = await server.client("admin")
    shown = (await manager.get(f"/halls/{HALL}/relay/outbox")).body
    assert shown["refused"] == 1
    assert shown["undelivered"][0]["error"] == row.error
    (alert,) = (
        alert for alert in (await manager.get(f"/halls/{HALL}/alerts")).body
        if "退回" in alert["detail"]
    )  # fmt: skip
    assert alert["kind"] == "device_fault"
    again = await manager.post(f"/halls/{HALL}/relay/commands", {"command": "retry"})
    assert again.body == {"waiting": 1}
    await until_state(server, key, "delivered")
    assert list(region.stored) == [key]
    await eventually(lambda: not server.hall().committed["relay"].alerts)


async def test_wrong_credentials_are_no_ratings_fault(server: HallServer, region: Region) -> None:
    """Nothing is refused; people are told, and new settings are used at once."""
    region.wants = "Bearer other"
    key = await rated(server)
    await eventually(lambda: "unreachable" in server.hall().committed["relay"].alerts)
    assert (await state_of(server, key)).state == "waiting"
    await switch_on(server, region, secret=region.wants)
    await until_state(server, key, "delivered")
    region.wants = None
    await eventually(lambda: not server.hall().committed["relay"].alerts)
    await switch_on(server, region, secret="")
    key = await rated(server)
    await until_state(server, key, "delivered")
    assert "Authorization" not in region.requests[-1][1]
    await switch_on(server, region, secret=SECRET)


async def test_the_secret_is_shown_to_nobody(server: HallServer, region: Region) -> None:
    manager, supervisor = await server.client("admin"), await server.client("supervisor")
    shown = await manager.get(f"/halls/{HALL}/relay")
    assert shown.body["secret_set"] is True
    assert SECRET.encode() not in shown.raw
    database = sqlite3.connect(server.directory / "hall.sqlite")
    everything = "\n".join(database.iterdump())
    database.close()
    assert "very-secret" not in everything
    assert (await supervisor.get(f"/halls/{HALL}/relay")).status == 403
    assert (await supervisor.request("PUT", f"/halls/{HALL}/relay", {})).status == 403
    counter = await server.client("counter", window=WINDOW)
    assert (await counter.get(f"/halls/{HALL}/relay/outbox")).status == 403


@pytest.mark.parametrize(
    "body",
    [
        {"enabled": True},
        {"enabled": True, "url": "file:///etc/passwd"},
        {"url": "http://u:p@region.example/"},
        {"secret": "a\nb"},
        {"header": "Host"},
        {"code_order": "six_is_best"},
        {"unknown": 1},
    ],
)
async def test_settings_that_can_not_be(server: HallServer, body: dict[str, Any]) -> None:
    admin = await server.client("admin")
    answer = await admin.request("PUT", f"/halls/{HALL}/relay", body)
    assert answer.status == 422, answer


async def test_a_hall_that_does_not_relay_has_no_outbox(server: HallServer, region: Region) -> None:
    await switch_on(server, region, enabled=False)
    key = await rated(server)
    assert key not in await outbox(server)
    await switch_on(server, region)
    assert region.requests == []


async def test_what_waits_outlives_the_server(tmp_path: Path) -> None:
    """The other side is down while it is rated, and up when the server is back."""
    region = Region()
    async with region.serve():
        pass  # an address where nobody listens any more
    installation(tmp_path)
    async with hall_server(tmp_path) as server:
        await switch_on(server, region)
        keys = [await rated(server) for _ in range(3)]
        await eventually(lambda: "unreachable" in server.hall().committed["relay"].alerts)
        rows = await outbox(server)
        assert {rows[key].state for key in keys} == {"waiting"}
        assert "连接失败" in max(rows[key].error for key in keys)
    async with region.serve(region.port), hall_server(tmp_path) as server:
        for key in keys:
            await until_state(server, key, "delivered")
        assert sorted(region.order) == sorted(keys)
        await eventually(lambda: not server.hall().committed["relay"].alerts)


async def test_stopping_does_not_wait_for_an_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An attempt was written down before it began: the next one knows it is a repetition."""
    region, before = Region(), asyncio.all_tasks()
    installation(tmp_path)
    async with region.serve():
        async with hall_server(tmp_path) as server:
            await switch_on(server, region)
            region.reset("stored, then hang", duplicate=409)
            key = await rated(server)
            await eventually(lambda: region.stored)
        going_on = [str(task.get_coro()) for task in asyncio.all_tasks() - before]
        assert not [name for name in going_on if "Sender" in name or "Lane" in name]
        assert caplog.records == [], "who stops a server is told of no errors"
        async with hall_server(tmp_path) as server:
            row = await until_state(server, key, "delivered")
            assert row.attempts == 2
        assert region.order == [key]
