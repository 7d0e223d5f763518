"""The kiosk when the network fails in the middle, and outside opening hours."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from tests.acceptance.browser import KIOSK
from tests.acceptance.place import at_ten
from tests.support import HALL, HallServer, eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")


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
