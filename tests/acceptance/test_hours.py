"""Opening times on the pages: queues with hours of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.acceptance.browser import KIOSK, SCREEN
from tests.acceptance.place import at_ten
from tests.support import HALL, HallServer

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
