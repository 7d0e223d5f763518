"""The kiosk when it is late, and for who missed a call, in a real browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.acceptance.browser import KIOSK
from tests.acceptance.place import Place, at_ten
from tests.support import HALL

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def place(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    async with at_ten(browser, tmp_path_factory.mktemp("hall")) as place:
        yield place


async def test_a_full_queue_still_takes_the_green_channel(place: Place) -> None:
    server, pages, clock = place
    clock.advance(hours=7)  # 17:00, half an hour before closing
    guide = await server.client("guide")
    for queue, people in (("B", 30), ("H", 60)):
        for _ in range(people):
            await guide.take(queue, channel="guide_desk")
    kiosk = await pages.device("kiosk", "/kiosk", KIOSK)
    full = re.compile("今天已停止取号")
    household = kiosk.locator(".choice", has_text="户籍")
    civil = kiosk.locator(".choice", has_text="民政救助")
    await expect(household).to_contain_text(full)
    await expect(civil).not_to_contain_text(full)  # one of its items is the green channel's
    await civil.click()
    await expect(kiosk.locator(".choice", has_text="最低生活保障")).to_have_attribute(
        "aria-disabled", "true"
    )
    async with kiosk.expect_response(lambda answer: answer.url.endswith("/tickets")) as taken:
        await kiosk.locator(".choice", has_text="老年优待证核发").click()
    assert (await (await taken.value).json())["priority"] == "green"
    await expect(kiosk.locator(".facts")).to_contain_text("没有人")
    await kiosk.get_by_role("button", name="完成").click()

    await kiosk.get_by_role("button", name="绿色通道").click()
    await kiosk.get_by_role("button", name="使用绿色通道").click()
    await expect(household).not_to_contain_text(full)
    await household.click()
    await kiosk.locator(".choice", has_text="其他事项").click()
    await expect(kiosk.locator(".ticket-number")).to_have_text("H061")


async def test_checking_in_too_early_says_where_to_go(place: Place) -> None:
    server, pages, _ = place
    await (await server.client("kiosk")).take("H")
    counter = await server.client("counter", window=1)
    for command in ({"name": "open", "clerk": "001"}, {"name": "call_next"}):
        assert (await counter.press(1, command.pop("name"), **command)).status == 200
    kiosk = await pages.device("kiosk", "/kiosk", KIOSK)
    for button, language, said in (
        ("过号签到", "English", "H001正在1号窗口叫号，请直接到1号窗口。"),
        ("Missed my call", "中文", "H001 is being called at window 1. Please go to window 1 now."),
    ):
        await kiosk.get_by_role("button", name=button).click()
        await kiosk.keyboard.type("H001")
        with pages.expecting("409"):
            await kiosk.keyboard.press("Enter")
            await expect(kiosk.get_by_role("alert")).to_contain_text(said)
        await kiosk.locator(".message button").first.click()
        await kiosk.get_by_role("button", name=language).click()


async def test_a_ticket_says_void_where_nobody_may_come_back(place: Place) -> None:
    server, pages, _ = place
    admin = await server.client("admin")
    settings = (await admin.get(f"/halls/{HALL}/setup")).body["settings"]
    never = {"settings": {**settings, "missed_ticket": "parked", "requeue_limit": 0}}
    assert (await admin.post(f"/halls/{HALL}/setup", never)).status == 200
    kiosk = await pages.device("kiosk", "/kiosk", KIOSK)
    await kiosk.locator(".choice", has_text="婚姻登记").click()
    await expect(kiosk.locator(".ticket-foot")).to_contain_text("过号作废，请重新取号。")
