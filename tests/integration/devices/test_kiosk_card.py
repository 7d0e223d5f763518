"""The kiosk's card screen in Chromium, with a reader's agent beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from hall_queue.readers.agent import Reader, ReaderConfig
from hall_queue.readers.simulator import ReaderSimulator
from tests.acceptance.browser import CHROMIUM, MISSING, launch
from tests.integration.devices.conftest import device_of, running
from tests.support import HALL, HallServer

NUMBER = "11010119900307002X"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(MISSING)
    async with async_playwright() as playwright:
        yield await launch(playwright)


async def kiosk_page(
    hall: HallServer, browser: Browser, reader: str, size: tuple[int, int] = (1080, 1920)
) -> Page:
    """A kiosk with this reader."""
    manager = await hall.client("admin")
    body = {"kind": "kiosk", "name": "取号机"}
    code = (await manager.post(f"/halls/{HALL}/pairing-codes", body)).body["code"]
    page = await browser.new_page(viewport={"width": size[0], "height": size[1]})
    await page.goto(f"{hall.base}/kiosk?code={code}")
    await expect(page.locator("html[data-link=online]")).to_be_attached()
    settings = {"command": "configure", "settings": {"reader": reader}}
    await manager.post(f"/devices/{device_of(hall, '取号机')}/commands", settings)
    await page.reload()
    await expect(page.locator("html[data-link=online]")).to_be_attached()
    return page


async def press(page: Page, text: str) -> None:
    await page.locator("body:not([data-settling])").wait_for()
    await page.get_by_text(text).first.click()


async def choose_id_card(page: Page) -> None:
    await press(page, "户籍")
    await press(page, "居民身份证核发")


async def test_the_card_is_asked_for_and_makes_the_ticket(
    hall: HallServer, browser: Browser, tmp_path: Path
) -> None:
    service = ReaderSimulator()
    await service.start()
    part = Reader("reader", ReaderConfig(address=service.address))
    try:
        async with running(hall, tmp_path / "pc", part):
            page = await kiosk_page(hall, browser, device_of(hall, "agent"))
            await choose_id_card(page)
            await expect(page.get_by_role("heading", name="请刷身份证")).to_be_visible()
            await expect(page.locator(".card-status")).to_have_text("正在等待刷卡")
            service.put(NUMBER, "张三")
            await expect(page.locator(".ticket-number")).to_have_text("H001")
            stored = await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
            assert NUMBER not in await page.content() + stored
            service.take()

            await press(page, "完成")
            await choose_id_card(page)
            await service.stop()
            await expect(page.locator(".card-status")).to_have_text(
                "读卡器暂时不能使用，请到导办台取号"
            )
            await page.locator(".answers .button").click()
            await expect(page.get_by_role("heading", name="请到导办台取号")).to_be_visible()
    finally:
        await service.stop()
