"""Opening times on the pages: queues with hours of their own, holidays, and by appointment."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from hall_core.clock import ManualClock
from tests.acceptance.browser import DESK, KIOSK, SCREEN, Pages, dated_by
from tests.acceptance.place import at_ten
from tests.support import HALL, HallServer, eventually, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def change(server: HallServer, **setup: Any) -> None:
    admin = await server.client("admin")
    answer = await admin.post(f"/halls/{HALL}/setup", setup)
    assert answer.status == 200, answer


async def own_hours(server: HallServer, prefix: str, start: str, until: str) -> None:
    """The queue opens at other times than the hall."""
    admin = await server.client("admin")
    setup = (await admin.get(f"/halls/{HALL}/setup")).body
    queue = next(queue for queue in setup["queues"] if queue["prefix"] == prefix)
    queue["sessions"] = [{"start": start, "until": until}]
    await change(server, queues=[queue])


async def test_a_queue_without_lunch_is_reached_during_the_halls(
    browser: Browser, tmp_path: Path
) -> None:
    async with at_ten(browser, tmp_path / "hall") as (server, pages, clock):
        await own_hours(server, "S", "08:00", "18:30")
        window = next(
            post.setup.number
            for post in server.hall().live["queue"].posts.values()
            if [queue.prefix for queue in post.setup.queues] == ["S"]
        )
        clock.advance(hours=3)  # 13:00: the hall is at lunch
        kiosk = await pages.device("kiosk", "/kiosk", KIOSK)
        open_now = kiosk.locator(".choice", has_text="社会保险")
        await expect(open_now).not_to_have_attribute("aria-disabled", "true")
        resting = kiosk.locator(".choice", has_text="户籍")
        await expect(resting).to_have_attribute("aria-disabled", "true")
        await expect(resting).to_contain_text("14:30 开始取号")
        hall = await pages.device("display", "/display/hall", SCREEN)
        await expect(hall.locator(".caption")).to_have_text("请在休息区等候叫号")
        screen = await pages.device("display", "/display/window", SCREEN, window)
        await expect(screen.locator(".hours")).to_have_text("今日服务时间 08:00–18:30")

        clock.advance(hours=5, minutes=30)  # 18:30: nothing is open any more
        await expect(kiosk.locator(".closed .where")).to_have_text("明天 08:00 开始取号")
        await expect(kiosk.locator(".hours")).to_contain_text("社会保险08:00–18:30")
        await expect(hall.locator(".caption")).to_contain_text("今日服务时间")


async def test_a_holiday_is_told_with_its_name(browser: Browser, tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 9, 30, 15, 58, tzinfo=UTC))  # two minutes before 1 October
    async with (
        hall_server(tmp_path, clock=clock, always_open=False, extend=dated_by(clock)) as server,
        Pages(browser, server) as pages,
    ):
        kiosk = await pages.device("kiosk", "/kiosk", KIOSK)
        await expect(kiosk.locator(".closed h2")).to_have_text("现在不在服务时间")
        hall = await pages.device("display", "/display/hall", SCREEN)
        screen = await pages.device("display", "/display/window", SCREEN, 1)
        clock.advance(hours=9)
        server.kernel.tick()
        await expect(kiosk.locator(".closed h2")).to_have_text("今天国庆节休息")
        await expect(kiosk.locator(".closed .where")).to_have_text("10月8日 08:30 开始取号")
        for place in (hall.locator(".caption"), screen.locator(".hours")):
            await expect(place).to_have_text("今天国庆节休息，10月8日 08:30 开放")
        await kiosk.get_by_role("button", name="English").click()
        await expect(kiosk.locator(".closed h2")).to_have_text("Closed today (public holiday)")
        await expect(kiosk.locator(".closed .where")).to_have_text("Tickets from 8 Oct 08:30")

        guide = await pages.device("guide", "/guide", DESK)
        await guide.get_by_role("button", name="预约").click()
        dialog = guide.get_by_role("dialog")
        day = dialog.get_by_label("日期")
        await expect(day.locator("option").first).to_have_text("10-01 周四 国庆节休息")
        await guide.keyboard.press("Enter")
        await expect(day.locator("option[disabled]")).to_have_count(7)
        await expect(day).to_have_value("2026-10-08")
        assert pages.faults == []


async def test_a_saturday_by_appointment_says_so_before_anybody_presses(
    browser: Browser, tmp_path: Path
) -> None:
    async with at_ten(browser, tmp_path / "hall") as (server, pages, clock):
        clock.advance(hours=24 * 4)  # Saturday, 7 March
        server.kernel.tick()
        guide = await server.client("guide")
        booking = {"queue": "H", "day": "2026-03-07", "start": "10:30", "phone": ""}
        code = (await guide.post(f"/halls/{HALL}/appointments", booking)).body["code"]
        kiosk = await pages.device("kiosk", "/kiosk", KIOSK)
        choice = kiosk.locator(".choice", has_text="户籍")
        await expect(choice).to_have_attribute("aria-disabled", "true")
        await expect(choice).to_contain_text("仅限预约")
        booked = kiosk.get_by_role("button", name="预约取号")
        await expect(booked).to_have_class("button primary")
        await expect(kiosk.locator(".question")).to_have_text("现在只办理预约事项")
        await kiosk.get_by_role("button", name="English").click()
        await expect(choice).to_have_count(0)
        household = kiosk.locator(".choice", has_text="Household")
        await expect(household).to_contain_text("By appointment only")
        await kiosk.get_by_role("button", name="中文").click()

        clock.advance(minutes=20)
        await booked.click()
        await kiosk.keyboard.type(code)
        await kiosk.get_by_role("button", name="取号", exact=True).click()
        await expect(kiosk.locator(".ticket-number")).to_have_text("H001")


async def test_the_manager_keeps_the_hall_open_on_holidays(
    browser: Browser, tmp_path: Path
) -> None:
    async with at_ten(browser, tmp_path / "hall") as (server, pages, _):
        await pages.account("head", "manager")
        page = await pages.signed_in("head", f"/admin?hall={HALL}#hours")
        box = page.get_by_label("法定节假日不开放")
        await expect(box).to_be_checked()
        await box.uncheck()
        await page.keyboard.press("Control+s")
        await eventually(lambda: not server.hall().committed["queue"].settings.closed_on_holidays)
        assert server.hall().committed["queue"].settings.week[6], "and nothing else has changed"
