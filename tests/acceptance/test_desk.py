"""The counter's lock, and forms that Tab walks through, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from hall_core import credentials
from tests.acceptance.browser import DESK, Counter, Pages
from tests.support import HALL, QUICK_HASHER, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_locked_counter_opens_with_the_clerks_pin(
    tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "_hasher", QUICK_HASHER)
    async with hall_server(tmp_path) as server, Pages(browser, server) as pages:
        admin = await server.client("admin")
        page = await pages.device("counter", "/counter", DESK, 2)
        await Counter(page).open("002")
        assert (await admin.post(f"/halls/{HALL}/clerks/002/pin", {"pin": "2468"})).status == 200
        settings = (await admin.get(f"/halls/{HALL}/setup")).body["settings"]
        asks = {"settings": {**settings, "pin_required": True, "undo_s": 60}}
        assert (await admin.post(f"/halls/{HALL}/setup", asks)).status == 200
        await page.keyboard.press("k")
        cover = page.locator(".lock")
        await expect(cover).to_contain_text("002")
        await page.reload()
        await expect(cover).to_be_visible()  # a reload does not open it
        await (await server.client("kiosk")).take("H")
        with pages.expecting("403", "422"):
            for pin in ("", "1111"):  # neither does the key that would call
                await cover.locator("input").fill(pin)
                async with page.expect_response("**/verify"):
                    await page.keyboard.press("Enter")
                await expect(cover).not_to_contain_text("正在提交")
            await expect(cover.get_by_role("alert")).to_contain_text("PIN 不正确")
        assert server.hall().committed["queue"].posts[2].state == "open", "nobody was called"
        await cover.locator("input").fill("2468")
        await page.keyboard.press("Enter")
        await expect(cover).to_be_hidden()
        await Counter(page).enter("call_next")
        await expect(page.locator(".now-big")).to_have_text("H001")
        await Counter(page).enter("start")
        await Counter(page).enter("finish")
        await expect(page.locator(".undo")).to_contain_text("H001 已办结")
        await Counter(page).undo()
        await expect(page.locator(".next[data-action=finish]")).to_be_visible()
        assert pages.faults == []


async def test_who_handed_over_is_not_offered_as_the_b_post(
    tmp_path: Path, browser: Browser
) -> None:
    async with hall_server(tmp_path) as server, Pages(browser, server) as pages:
        clerk = Counter(await pages.device("counter", "/counter", DESK, 2))
        said = clerk.page.locator(".said")
        await clerk.open("002")
        await clerk.letter("O")
        await expect(clerk.dialog).to_be_visible()
        await clerk.page.keyboard.type("B01")
        await clerk.page.keyboard.press("Enter")
        await expect(clerk.page.locator(".who")).to_have_text(re.compile("^B01 [^·]+$"))
        await clerk.letter("L")
        await expect(clerk.dialog.get_by_label("B 岗")).to_have_value("")
        await clerk.page.keyboard.press("1")
        await clerk.page.keyboard.press("Enter")
        await expect(said).to_contain_text("按 Enter 返岗")
        await clerk.enter("return")

        # A B post who signed in carries on, and the page says so.
        signed = await (await server.client("counter", window=2)).press(2, "sign_in", clerk="B02")
        assert signed.status == 200, signed
        await clerk.letter("L")
        await expect(clerk.dialog.get_by_label("B 岗")).to_have_value("B02")
        await clerk.page.keyboard.press("1")
        await clerk.page.keyboard.press("Enter")
        await expect(said).to_contain_text(re.compile("窗口由.+接着办理"))
        await expect(said).not_to_contain_text("Enter")
        await expect(clerk.page.locator(".next")).to_have_attribute("data-action", "call_next")
        assert pages.faults == []


async def test_who_stands_in_leaves_too_and_nobody_absent_is_booked(
    tmp_path: Path, browser: Browser
) -> None:
    async with hall_server(tmp_path) as server, Pages(browser, server) as pages:
        post = server.hall().committed["queue"].posts[2]
        clerk = Counter(await pages.device("counter", "/counter", DESK, 2))
        await clerk.open("002")
        signed = await (await server.client("counter", window=2)).press(2, "sign_in", clerk="B02")
        assert signed.status == 200, signed
        await clerk.letter("L")
        await expect(clerk.dialog.get_by_label("B 岗")).to_have_value("B02")
        await clerk.page.keyboard.press("1")
        await clerk.page.keyboard.press("Enter")
        await expect(clerk.page.locator(".who")).to_contain_text("B02")

        # The stand-in is gone for ten minutes, and comes back: the first notice is still up.
        await clerk.letter("Q")
        await expect(clerk.page.locator(".now-big")).to_have_text("短时离开")
        await expect(clerk.page.locator(".said")).to_contain_text("按 Enter 返岗")
        await expect(clerk.page.locator(".notes")).to_contain_text("会议")
        await expect(clerk.page.locator(".next-hint")).to_have_text("先选谁回来了")
        assert [notice.clerk for notice in post.notices] == ["002", "B02"]
        await clerk.enter("return")
        await expect(clerk.dialog.get_by_role("button")).to_have_text(
            [re.compile("短时离开"), re.compile("会议")]
        )
        await clerk.page.keyboard.press("Enter")
        await expect(clerk.page.locator(".next[data-action=call_next]")).to_be_visible()
        await expect(clerk.page.locator(".who")).to_contain_text("B02")

        # The same key asks who leaves or comes back, and giving back asks to make sure.
        await clerk.letter("L")
        await clerk.dialog.get_by_role("button", name="我要离开").click()
        await expect(clerk.dialog.get_by_label("预计返回")).to_be_visible()
        await clerk.page.keyboard.press("Escape")
        await clerk.letter("L")
        await clerk.dialog.get_by_role("button", name="回来了，交还窗口").click()
        await expect(clerk.dialog).to_contain_text("已经回到窗口")
        await clerk.dialog.get_by_role("button", name="返岗").click()
        await expect(clerk.page.locator(".who")).to_have_text(re.compile("^002 .+B 岗"))
        assert (post.clerk, post.notices) == ("002", [])

        # One key leaves it to who is signed in beside; who left first is back first.
        await clerk.letter("Q")
        await expect(clerk.page.locator(".who")).to_contain_text("B02")
        await expect(clerk.page.locator(".notes")).to_contain_text("短时离开")
        await clerk.letter("Q")
        await expect(clerk.page.locator(".now-big")).to_have_text("短时离开")
        await clerk.enter("return")
        await clerk.dialog.get_by_role("button").nth(1).click()
        await expect(clerk.page.locator(".who")).to_have_text(re.compile("^002 [^·]+$"))
        assert (post.clerk, post.state, post.notices) == ("002", "open", [])
        assert pages.faults == []


async def test_the_counter_of_a_window_that_is_removed_says_so(
    tmp_path: Path, browser: Browser
) -> None:
    async with hall_server(tmp_path) as server, Pages(browser, server) as pages:
        admin, setup = await server.client("admin"), f"/halls/{HALL}/setup"
        windows = (await admin.get(setup)).body["windows"]
        window = next(one for one in windows if one["number"] == 30)
        page = await pages.device("counter", "/counter", DESK, 30)
        await expect(page.locator(".next[data-action=open]")).to_be_visible()
        with pages.expecting("/windows/30/line"):  # which it may be asking for just then
            assert (await admin.post(setup, {"removed_windows": [30]})).status == 200
            await expect(page.get_by_role("heading")).to_have_text("30号窗口已被删除")
            await expect(page.locator(".next")).to_have_count(0)
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("dialog")).to_have_count(0)
            assert (await admin.post(setup, {"windows": [window]})).status == 200
        await Counter(page).enter("open")  # it is there again
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.keyboard.type("０３０")  # as a Chinese keyboard types it
        await expect(page.get_by_role("option")).to_have_count(1)
        await page.keyboard.press("Enter")
        await expect(page.locator(".who")).to_contain_text("030")
        assert pages.faults == []


async def test_tab_stays_in_the_form_and_skips_what_is_hidden(
    tmp_path: Path, browser: Browser
) -> None:
    async with hall_server(tmp_path) as server, Pages(browser, server) as pages:
        page = await pages.device("counter", "/counter", DESK, 2)
        await Counter(page).enter("open")
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_be_visible()
        await expect(dialog.locator("input[type=password]")).to_be_hidden()
        seen = []
        for _ in range(4):
            seen.append(await page.evaluate("document.activeElement.textContent"))
            assert await page.evaluate("document.activeElement.offsetParent !== null")
            await page.keyboard.press("Tab")
        assert seen[0] == seen[3], "around the input and the two buttons"
        assert len(set(seen)) == 3
