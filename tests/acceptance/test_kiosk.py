"""The kiosk in a real browser: late, after a missed call, without a network, outside its hours."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, Route, expect

from hall_queue.readers.agent import Reader, ReaderConfig
from hall_queue.readers.simulator import ReaderSimulator
from tests.acceptance.browser import KIOSK
from tests.acceptance.place import Place, at_ten
from tests.integration.devices.conftest import device_of, running
from tests.support import HALL, HallServer, eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

YOUNG = "11010119900307002X"
OF_76 = "110101195001010017"


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


async def test_a_full_queue_lets_the_card_decide(place: Place, tmp_path: Path) -> None:
    server, pages, clock = place
    clock.advance(hours=7)
    guide, admin = await server.client("guide"), await server.client("admin")
    for _ in range(60):
        await guide.take("H", channel="guide_desk")
    cards = ReaderSimulator()
    await cards.start()
    part = Reader("reader", ReaderConfig(address=cards.address))
    try:
        async with running(server, tmp_path / "pc", part):
            kiosk = await pages.device("kiosk", "/kiosk", KIOSK)
            reader = {"command": "configure", "settings": {"reader": device_of(server, "agent")}}
            await admin.post(f"/devices/{device_of(server, 'kiosk')}/commands", reader)
            await kiosk.reload()
            household = kiosk.locator(".choice", has_text="户籍")
            await expect(household).to_contain_text("已满；65 岁及以上请刷身份证")
            for number, said in ((YOUNG, ".message [role=alert]"), (OF_76, ".ticket-number")):
                await household.click()
                await kiosk.locator(".choice", has_text="其他事项").click()
                await expect(kiosk.get_by_role("heading", name="请刷身份证")).to_be_visible()
                with pages.expecting("409"):  # waiting for a card; and the one that is too young
                    cards.put(number, "张三")
                    await expect(kiosk.locator(said)).to_be_visible()
                cards.take()
                if number == YOUNG:
                    await expect(kiosk.get_by_role("heading", name="没有取到号")).to_be_visible()
                    await kiosk.get_by_role("button", name=re.compile("^返回")).first.click()
            await expect(kiosk.locator(".ticket-number")).to_have_text("H061")
            taken = server.hall().committed["queue"].numbers["H061"]
            assert server.hall().committed["queue"].tickets[taken].priority == "green"
    finally:
        await cards.stop()


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


# --- an answer that got lost, and the closed page ------------------------------------------------


def states(server: HallServer) -> list[str]:
    return [ticket.state for ticket in server.hall().committed["queue"].tickets.values()]


async def until(page: Page, shown: Locator) -> None:
    """Let the page's own time pass until it shows something: its patience is 8 s."""
    for _ in range(200):
        if await shown.is_visible():
            return
        await page.clock.run_for(500)
    raise AssertionError(f"{shown} never came")


async def test_an_answer_that_got_lost_makes_one_ticket(tmp_path: Path, browser: Browser) -> None:
    async with at_ten(browser, tmp_path) as place:
        page = await place.pages.device("kiosk", "/kiosk", KIOSK)
        await page.clock.install()
        await page.reload()
        press = page.locator(".choice", has_text="户籍")
        await press.click()
        first = page.locator(".choice").first
        arrives = False

        async def lose(route: Route) -> None:
            if arrives or route.request.method != "POST":
                await route.continue_()
            else:
                await route.fetch()  # the server gets it, and its answer gets lost
                await route.abort()

        await page.route(f"**/halls/{HALL}/tickets", lose)
        # A minute that passes at once is silence to the stream, too.
        with place.pages.expecting("ERR_FAILED", "WebSocket"):
            await first.click()
            await until(page, page.get_by_text("没有收到回应"))
            assert states(place.server) == ["waiting"]
            arrives = True
            await page.get_by_role("button", name="再试一次").click()
            await expect(page.locator(".ticket-number")).to_have_text("H001")
            assert states(place.server) == ["waiting"]

            # The next one walks away: nobody's chair is called.
            await page.get_by_role("button", name="完成").click()
            await press.click()
            arrives = False
            await first.click()
            await until(page, page.get_by_text("没有收到回应"))
            await page.get_by_role("button", name="返回").click()
            assert states(place.server) == ["waiting", "waiting"]
            arrives = True
            await page.clock.run_for(62_000)
            await eventually(lambda: states(place.server) == ["waiting", "cancelled"])
            await page.close()


async def test_a_missed_number_is_checked_in_during_lunch(tmp_path: Path, browser: Browser) -> None:
    async with at_ten(browser, tmp_path) as place:
        admin = await place.server.client("admin")
        await (await place.server.client("kiosk")).take("H")
        await admin.press(1, "open", clerk="001")
        for step in ("call_next", "recall", "no_show"):
            assert (await admin.press(1, step)).status == 200
        place.clock.advance(hours=2, minutes=10)  # 12:10
        page = await place.pages.device("kiosk", "/kiosk", KIOSK)
        await expect(page.locator(".closed")).to_contain_text("14:30")
        await page.get_by_role("button", name="过号签到").click()
        for sign in "H001":
            await (
                page.locator(".keypad-screen").get_by_role("button", name=sign, exact=True).click()
            )
        await page.get_by_role("button", name="签到", exact=True).click()
        await expect(page.locator(".ticket-number")).to_have_text("H001")
        assert states(place.server) == ["waiting"]
