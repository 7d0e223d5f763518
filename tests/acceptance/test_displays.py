"""The screens in Chromium: what is shown, how large, what is said (test_cable: without a link)."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.acceptance.browser import dated_by
from tests.acceptance.busy import clock_at
from tests.support import HALL, Client, HallServer, eventually, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Sounds are noted instead of played: how often what was said, and whether the browser lets it.
SOUND = """
let played = 0;
window.mayPlay = %s;
HTMLMediaElement.prototype.play = function () {
  if (!window.mayPlay) return Promise.reject(new DOMException("not yet", "NotAllowedError"));
  played += 1;
  document.documentElement.setAttribute("data-played", String(played));
  setTimeout(() => this.onended && this.onended(), 30);
  return Promise.resolve();
};
addEventListener("pointerup", () => { window.mayPlay = true; }, true);
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HallServer]:
    async with hall_server(tmp_path_factory.mktemp("browser")) as running:
        yield running


@contextlib.asynccontextmanager
async def screen(
    server: HallServer,
    browser: Browser,
    path: str,
    window: int | None = None,
    settings: dict[str, Any] | None = None,
    size: tuple[int, int] = (1920, 1080),
    may_play: bool = True,
) -> AsyncIterator[Page]:
    """A paired screen that shows something; it must not complain in its console."""
    admin = await server.client("admin")
    asked = {"kind": "display", "name": "测试屏", "window": window}
    code = (await admin.post(f"/halls/{HALL}/pairing-codes", asked)).body["code"]
    context = await browser.new_context(viewport={"width": size[0], "height": size[1]})
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None,
    )
    await page.add_init_script(SOUND % ("true" if may_play else "false"))
    if settings is not None:
        device, token = await server.kernel.access.issue_token(
            "display", HALL, window, "测试屏", settings
        )
        cookie = {"name": f"hall_device_{device.device_id}", "value": token, "url": server.base}
        await context.add_cookies([cookie])  # type: ignore[list-item]
        await page.goto(f"{server.base}{path}?device={device.device_id}")
    else:
        await page.goto(f"{server.base}{path}?code={code}")
    await expect(page.locator(".screen")).to_be_attached()
    await expect(page.locator(".clock")).not_to_be_empty()
    yield page
    await context.close()
    assert complaints == []


async def call_new(server: HallServer, window: int) -> str:
    kiosk: Client = await server.client("kiosk")
    admin = await server.client("admin")
    await admin.press(window, "open", clerk=f"{window:03d}")
    number = str((await kiosk.take("H"))["number"])
    answer = await admin.press(window, "call_specific", number=number, reason="测试")
    assert answer.status == 200, answer
    return number


async def done_at(server: HallServer, window: int) -> None:
    admin = await server.client("admin")
    await admin.press(window, "start")
    await admin.press(window, "finish")


async def said_so_often(page: Page, times: int) -> None:
    """So many sentences were played; before them, the silence that asks whether sound may be."""
    await expect(page.locator("html")).to_have_attribute("data-played", str(times + 1))


async def share_of_height(page: Page, selector: str) -> float:
    """A text's size, as a share of the screen's height."""
    # In one step: the screen may draw itself anew at any time.
    found = "selector => parseFloat(getComputedStyle(document.querySelector(selector)).fontSize)"
    size = await page.evaluate(found, selector)
    assert page.viewport_size is not None
    return float(size) / page.viewport_size["height"]


async def nothing_sticks_out(page: Page, selector: str) -> None:
    """No element is wider than its box: nothing is cut that should be read."""
    cut = await page.eval_on_selector_all(
        selector,
        "nodes => nodes.filter((n) => n.scrollWidth > n.clientWidth + 1).map((n) => n.textContent)",
    )
    assert cut == []


async def test_a_call_is_shown_said_twice_and_captioned(
    server: HallServer, browser: Browser
) -> None:
    async with screen(server, browser, "/display/hall") as page:
        number = await call_new(server, 12)
        latest = page.locator(".newest .call")
        await expect(latest).to_contain_text(f"{number}12号窗口")
        await expect(page.locator(".newest")).to_have_class("panel newest pulse")
        await expect(page.locator(".caption")).to_have_text(f"请{number}到12号窗口")
        await said_so_often(page, 2)
        await expect(page.locator(".caption")).to_have_text("请在休息区等候叫号")
        await expect(page.locator(".newest")).to_have_class("panel newest")  # it rests
        other = await call_new(server, 3)
        await expect(latest).to_contain_text(f"{other}3号窗口")
        await expect(page.locator(".recent .one").first).to_contain_text(f"{number}12号窗口")
        assert await share_of_height(page, ".newest .number") >= 0.12
        assert await share_of_height(page, ".recent .number") >= 0.05
        assert await share_of_height(page, ".notices .body") >= 0.0349
        await nothing_sticks_out(page, ".newest .call, .recent .one, .queue .name")
    await done_at(server, 12)
    await done_at(server, 3)


async def test_a_full_queue_and_a_closed_hall_say_so(tmp_path: Path, browser: Browser) -> None:
    clock = clock_at(16, 50)
    async with hall_server(
        tmp_path / "hall", clock=clock, always_open=False, extend=dated_by(clock)
    ) as server:
        admin = await server.client("admin")
        await admin.press(1, "open", clerk="001")
        guide = await server.client("guide")
        for _ in range(40):  # she may give tickets when the kiosk does no more
            await guide.take("H", channel="guide_desk")
        async with screen(server, browser, "/display/hall") as page:
            caption = page.locator(".caption")
            await expect(page.locator(".queue", has_text="户籍")).to_contain_text("今日已停止取号")
            await expect(caption).to_have_text("请在休息区等候叫号")
            clock.advance(hours=1)
            await admin.press(1, "call_next")  # who came in time is served after closing, too
            await expect(page.locator(".newest .call")).to_contain_text("H001")
            await expect(caption).to_have_text("请在休息区等候叫号")
            await admin.press(1, "no_show")
            await admin.press(1, "close")
            await expect(caption).to_have_text("今日服务时间 08:30–12:00、14:30–17:30")


async def test_a_screen_speaks_and_shows_for_its_zones(
    server: HallServer, browser: Browser
) -> None:
    settings = {"zones": ["社会保险"], "theme": "dark"}
    async with screen(server, browser, "/display/hall", settings=settings) as page:
        await call_new(server, 1)  # 户籍
        number = await call_new(server, 6)  # 社会保险
        await expect(page.locator(".newest .call")).to_contain_text(f"{number}6号窗口")
        await said_so_often(page, 2)
        await expect(page.locator(".recent")).to_contain_text("暂无更早的叫号")
        await expect(page.locator(".queue .prefix")).to_have_text(["S"])
        assert await page.get_attribute("html", "data-theme") == "dark"
    await done_at(server, 1)
    await done_at(server, 6)


async def test_a_screen_that_may_not_sound_says_so_and_tells_the_manager(
    server: HallServer, browser: Browser
) -> None:
    def open_faults() -> int:
        alerts = server.hall().committed["alerts"].alerts.values()
        return sum(a.kind == "device_fault" and a.state == "open" for a in alerts)

    async with screen(server, browser, "/display/hall", may_play=False) as page:
        await expect(page.locator(".sound")).to_have_text("声音未开启，请点击屏幕开启声音")
        await eventually(lambda: open_faults() == 1)
        number = await call_new(server, 1)
        await expect(page.locator(".caption")).to_have_text(f"请{number}到1号窗口")
        await page.mouse.click(600, 600)
        await expect(page.locator(".sound")).to_be_hidden()
        await eventually(lambda: open_faults() == 0)
    await done_at(server, 1)


async def test_the_window_screen_follows_its_window(server: HallServer, browser: Browser) -> None:
    admin = await server.client("admin")
    async with screen(server, browser, "/display/window", window=4) as page:
        main = page.locator(".main")
        await expect(main).to_contain_text("暂停服务")
        await admin.press(4, "open", clerk="004")
        await expect(main).to_contain_text("热情为您服务")
        await expect(main).to_contain_text("工号 004")
        await expect(main).to_contain_text("居民身份证核发")
        number = await call_new(server, 4)
        await expect(main).to_contain_text(f"{number}4号窗口请{number}到4号窗口")
        assert await share_of_height(page, ".turn .number") >= 0.3
        await nothing_sticks_out(page, ".turn .call")
        await admin.press(4, "start")
        await expect(main).to_contain_text("正在办理")
        await admin.press(4, "finish")
        back = datetime.now(UTC) + timedelta(minutes=20)
        await admin.press(
            4, "leave", reason="会议", contact="0499-8921004", destination="二楼会议室",
            expected_return=back.isoformat(),
        )  # fmt: skip
        for words in ("暂时离开", "会议", "二楼会议室", "0499-8921004", "预计返回"):
            await expect(main).to_contain_text(words)
        await admin.press(5, "open", clerk="005")
        await admin.press(5, "cover", window=4)
        await expect(main).to_contain_text("本窗口业务请到5号窗口")
        await admin.press(4, "return")
        await expect(main).to_contain_text("热情为您服务")
        # A number that was sent on to another window, and is called there.
        moved = await call_new(server, 4)
        await expect(main).to_contain_text(moved)
        await admin.press(4, "transfer", window=5)
        await admin.press(5, "call_next")
        await expect(page.locator(".aside")).to_have_text(f"{moved} 请到5号窗口")
    await done_at(server, 5)


async def test_one_pc_owns_two_window_screens(server: HallServer, browser: Browser) -> None:
    settings = {"screens": {"2": {"window": 9, "rotation": 90}}}
    async with screen(server, browser, "/display/window", window=8, settings=settings) as page:
        await expect(page.locator(".here")).to_have_text("8号窗口")
        await page.goto(page.url + "&screen=2")
        await expect(page.locator(".here")).to_have_text("9号窗口")
        assert await page.get_attribute("body", "data-shape") == "tall"


async def test_a_strip_shows_one_large_line(server: HallServer, browser: Browser) -> None:
    async with screen(server, browser, "/display/window", window=2, size=(512, 64)) as page:
        line = page.locator(".led-line")
        await expect(line).to_have_text("2号窗口暂停服务")
        number = await call_new(server, 2)
        await expect(line).to_have_text(f"{number}2号窗口")
        assert await share_of_height(page, ".led-line") >= 0.5
        await nothing_sticks_out(page, ".led-line")
    await done_at(server, 2)
