"""What happens at the kiosk, the guide desk and the counters, through the real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from hall_app.check import check_directory
from hall_core.clock import ManualClock
from tests.support import HALL, Answer, Client, HallServer, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

TICKETS = f"/halls/{HALL}/tickets"
CLOCK = ManualClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))  # a Monday, 09:00 in the hall


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HallServer]:
    directory = tmp_path_factory.mktemp("desks")
    async with hall_server(directory, clock=CLOCK) as running:
        yield running
    assert check_directory(directory) == []


@pytest_asyncio.fixture(loop_scope="module")
async def kiosk(server: HallServer) -> Client:
    return await server.client("kiosk")


async def counter(server: HallServer, window: int) -> Client:
    """The clerk's own machine; the window is open."""
    client = await server.client("counter", window=window)
    assert (await client.press(window, "open", clerk=f"{window:03d}")).status == 200
    return client


async def test_who_was_not_missed_is_told_what_to_do_instead(
    server: HallServer, kiosk: Client
) -> None:
    ticket = await kiosk.take("X")
    clerk = await counter(server, 31)

    async def check_in() -> Answer:
        return await kiosk.post(f"/halls/{HALL}/check-in", {"scan": ticket["number"]})

    assert (await check_in()).code == "not_missed"
    await clerk.press(31, "call_next")
    called = await check_in()
    assert called.code == "being_served"
    assert called.body["detail"] == f"{ticket['number']}正在31号窗口叫号，请直接到31号窗口。"
    assert called.body["detail_en"].endswith("Please go to window 31 now.")
    await clerk.press(31, "start")
    await clerk.press(31, "finish")
    assert (await check_in()).code == "ticket_ended"


async def test_who_hands_over_is_no_longer_signed_in(server: HallServer) -> None:
    clerk = await counter(server, 28)
    handed = (await clerk.press(28, "handover", clerk="B02")).body["window"]
    assert (handed["clerk"]["clerk_no"], handed["signed_in"]) == ("B02", [])
    await clerk.press(28, "close")


async def test_who_stands_in_leaves_too(server: HallServer) -> None:
    clerk = await counter(server, 28)
    back = (CLOCK.now() + timedelta(minutes=30)).isoformat()
    leave = {"reason": "会议", "contact": "", "expected_return": back}
    await clerk.press(28, "sign_in", clerk="B02")
    await clerk.press(28, "leave", **leave, backup_clerk="B02")
    window = (await clerk.press(28, "leave", **leave)).body["window"]
    assert (window["state"], window["clerk"]["clerk_no"]) == ("away", "B02")
    assert [notice["reason"] for notice in window["absences_before"]] == ["会议"]
    seen = (await (await server.client("display")).get(f"/halls/{HALL}/snapshot")).body["state"]
    assert "absences_before" not in seen["windows"][27], "screens tell of who left last"
    whose = []
    for _ in range(2):
        window = (await clerk.press(28, "return")).body["window"]
        whose.append((window["state"], window["clerk"]["clerk_no"], window["absence"] is None))
    assert whose == [("open", "B02", False), ("open", "028", True)]
    await clerk.press(28, "close")


async def test_the_guide_desk_takes_somebody_in_beyond_the_limit(
    server: HallServer, kiosk: Client
) -> None:
    admin, guide = await server.client("admin"), await server.client("guide")
    issued = await kiosk.take("N")
    queues = (await admin.get(f"/halls/{HALL}/setup")).body["queues"]
    queue = next(one for one in queues if one["prefix"] == "N")
    few = {"queues": [{**queue, "daily_limit": 1}]}
    assert (await admin.post(f"/halls/{HALL}/setup", few)).status == 200
    assert (await kiosk.post(TICKETS, {"queue": "N"})).code == "daily_limit"
    taken = await guide.take("N", channel="guide_desk")
    assert taken["number"] > issued["number"]
    events = (await admin.get(f"/halls/{HALL}/events?after=0&limit=1000")).body["events"]
    last = [event for event in events if event["type"] == "ticket_issued"][-1]
    assert (last["data"]["number"], last["data"]["channel"]) == (taken["number"], "guide_desk")
    assert (await admin.post(f"/halls/{HALL}/setup", {"queues": [queue]})).status == 200


async def test_numbers_may_be_typed_with_a_chinese_keyboard(
    server: HallServer, kiosk: Client
) -> None:
    clerk = await server.client("counter", window=6)
    opened = await clerk.press(6, "open", clerk=" ００６ ")
    assert opened.body["window"]["clerk"]["clerk_no"] == "006"
    number = (await kiosk.take("S"))["number"]
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in number)
    assert wide == "Ｓ００１"
    guide = await server.client("guide")
    assert (await guide.get(f"{TICKETS}/by-number/{wide.lower()}")).body["number"] == number
    checked_in = await kiosk.post(f"/halls/{HALL}/check-in", {"scan": f"{wide}　"})
    assert checked_in.code == "not_missed"
    called = await clerk.press(6, "call_specific", number=wide, reason="急")
    assert called.body["ticket"]["number"] == number
    await clerk.press(6, "hold")
    assert (await clerk.press(6, "unhold", number=f"{wide[0]} {wide[1:]}")).status == 200
    paper = {"command": "record_paper", "queue": "J", "entries": [{"number": "Ｊ１０１"}]}
    assert (await guide.post(f"/halls/{HALL}/commands", paper)).status == 200


async def test_a_window_that_goes_leaves_its_clerks_changeable(server: HallServer) -> None:
    admin = await server.client("admin")
    setup = f"/halls/{HALL}/setup"
    before = (await admin.get(setup)).body
    assert (await admin.post(setup, {"removed_windows": [30]})).status == 200
    clerk = next(one for one in (await admin.get(setup)).body["clerks"] if one["clerk_no"] == "030")
    assert clerk["windows"] == []
    assert (await admin.post(setup, {"clerks": [{**clerk, "name": "改名"}]})).status == 200
    window = next(one for one in before["windows"] if one["number"] == 30)
    assert (await admin.post(setup, {"windows": [window]})).status == 200
