"""The whole story, as the people of a hall see it (issue 2, 'Done when')."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.acceptance.browser import (
    DESK,
    KIOSK,
    SCREEN,
    Counter,
)
from tests.acceptance.busy import clock_at
from tests.acceptance.place import Place, at_ten
from tests.support import HALL, HallServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

POLL_MS = 6_000  # a phone asks every 5 s

# Keeps what the hall screen's caption says: each sentence stands only while it is spoken.
REMEMBER_CAPTIONS = """
window.said = [];
new MutationObserver(() => {
  const caption = document.querySelector(".caption.said");
  if (caption && caption.textContent) window.said.push(caption.textContent);
}).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
"""


@pytest_asyncio.fixture(loop_scope="session")
async def place(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    async with at_ten(browser, tmp_path_factory.mktemp("hall")) as place:
        yield place


async def test_from_the_kiosk_to_the_last_word(place: Place) -> None:
    server, pages, _ = place
    await phones_are_allowed(server)
    earlier = await (await server.client("kiosk")).take("H")
    assert earlier["number"] == "H001"

    # A kiosk is set up: the code is typed into the page. One service is chosen, a number shown.
    kiosk = await pages.empty(KIOSK)
    with pages.expecting("401"):  # nobody knows this kiosk yet
        await kiosk.goto(f"{server.base}/kiosk")
        code = kiosk.get_by_label("配对码")
        await expect(code).to_be_focused()
    await code.press_sequentially((await pages.code("kiosk")).replace("-", "").lower())
    await kiosk.get_by_role("button", name="配对", exact=True).click()
    await expect(kiosk.get_by_role("heading", name="请选择要办理的业务")).to_be_visible()
    await kiosk.locator(".choice", has_text="户籍").click()
    async with kiosk.expect_response(lambda answer: answer.url.endswith("/tickets")) as taken:
        await kiosk.locator(".choice", has_text="居民身份证核发").click()
    ticket = await (await taken.value).json()
    await expect(kiosk.locator(".ticket-number")).to_have_text("H002")
    await expect(kiosk.locator(".facts")).to_contain_text("1 人")
    assert await kiosk.locator(".qr img").evaluate("img => img.decode().then(() => img.width > 0)")
    await kiosk.get_by_role("button", name="完成").click()

    # Counter, screens and phone are there.
    clerk = Counter(await pages.device("counter", "/counter", DESK, window=1))
    hall = await pages.empty(SCREEN)
    await hall.add_init_script(REMEMBER_CAPTIONS)
    await pages.pair(hall, await pages.code("display"), "/display/hall")
    window = await pages.device("display", "/display/window", SCREEN, window=1)
    panel = window.locator("main")
    await expect(panel).to_have_attribute("data-mode", "closed")
    await clerk.open("001")
    await expect(clerk.page.locator(".who")).to_have_text(re.compile(r"^001 "))
    await expect(panel).to_have_attribute("data-mode", "open")
    phone = await pages.phone(ticket["token"])
    await expect(phone.locator(".number")).to_have_text("H002")
    await expect(phone.locator(".lines")).to_contain_text("1 人")
    await expect(phone.locator(".lines")).to_contain_text(re.compile(r"约?\d+(–\d+)?分钟"))

    # The earlier citizen is called, served and gone; H002 is next.
    await clerk.enter("call_next")
    await shown_called(hall, window, "H001", "1")
    await phone.clock.fast_forward(POLL_MS)
    await expect(phone.locator(".lines")).to_contain_text("下一个就是您")
    await clerk.enter("start")
    await expect(panel).to_have_attribute("data-mode", "serve")
    await clerk.enter("finish")
    await expect(panel).to_have_attribute("data-mode", "open")

    await clerk.enter("call_next")
    await shown_called(hall, window, "H002", "1")
    await phone.clock.fast_forward(POLL_MS)
    called = phone.get_by_role("alert")
    await expect(called).to_contain_text("H002")
    await expect(called).to_contain_text("1号窗口")
    await clerk.enter("start")
    await expect(panel).to_contain_text("正在办理")
    await phone.clock.fast_forward(POLL_MS)
    await expect(phone.locator(".status")).to_have_text("正在1号窗口办理")
    await clerk.enter("finish")
    await expect(panel).to_have_attribute("data-mode", "open")
    await phone.clock.fast_forward(POLL_MS)
    await expect(phone.get_by_role("heading", name="已办结")).to_be_visible()

    # The clerk leaves and says where to: the form's third reason, and half an hour as it offers.
    await clerk.letter("L")
    await expect(clerk.dialog).to_have_accessible_name("去向留言")
    await clerk.page.keyboard.press("3")
    await expect(clerk.dialog.get_by_role("radio", name="送件")).to_be_checked()
    await clerk.dialog.get_by_label("去向（可不填）").fill("三楼档案室")
    await clerk.page.keyboard.press("Enter")
    await expect(clerk.page.locator(".now-big")).to_have_text("送件")
    await expect(panel).to_have_attribute("data-mode", "away")
    for words in ("送件", "三楼档案室", "0499-8921001", "10:30"):
        await expect(panel).to_contain_text(words)
    absence = hall.locator(".away .absence")
    await expect(absence).to_contain_text("1号窗口")
    await expect(absence).to_contain_text("送件")
    await expect(absence).to_contain_text("预计10:30返回")
    notice = kiosk.locator(".choice-screen .away")
    await expect(notice).to_have_text("1号窗口 送件，预计10:30返回")

    await clerk.enter("return")
    await expect(panel).to_have_attribute("data-mode", "open")
    await expect(hall.locator(".away")).to_contain_text("没有窗口暂离")
    await expect(notice).to_have_text("")
    await expect(clerk.page.locator(".next")).to_have_attribute("data-action", "call_next")

    # Both calls were written out while they were said, one after the other.
    for number in ("H001", "H002"):
        said = f"请{number}到1号窗口"
        await hall.wait_for_function("sentence => window.said.includes(sentence)", arg=said)


async def test_a_citizen_gives_up_the_place_on_the_phone(place: Place) -> None:
    server, pages, _ = place
    kiosk = await server.client("kiosk")
    first, second = await kiosk.take("H"), await kiosk.take("H")
    clerk = Counter(await pages.device("counter", "/counter", DESK, window=1))
    waiting = clerk.page.locator(".line-number")
    await expect(waiting).to_have_text([first["number"], second["number"]])

    # Who is just being called cannot: an English phone says so in English.
    called = await pages.phone(first["token"], lang="en")
    await called.get_by_role("button", name="Give up my place").click()
    opened = await server.client("counter", window=1)
    assert (await opened.press(1, "open", clerk="001")).status == 200
    assert (await opened.press(1, "call_next")).status == 200
    with pages.expecting("409"):
        await called.get_by_role("button", name="Cancel the ticket").click()
        await expect(called.locator(".toast")).to_contain_text(
            "H001 has been called at window 1. Please tell the clerk there."
        )
    await expect(waiting).to_have_text([second["number"]])

    phone = await pages.phone(second["token"])
    await phone.get_by_role("button", name="取消排队").click()
    sure = phone.get_by_role("dialog", name=f"取消 {second['number']} 吗？")
    await sure.get_by_role("button", name="取消排队").click()
    await expect(phone.get_by_role("heading", name="已取消")).to_be_visible()
    await expect(phone.get_by_role("button", name="取消排队")).to_have_count(0)
    await expect(waiting).to_have_count(0)


async def test_the_guide_desk_exchanges_and_puts_back(place: Place) -> None:
    server, pages, clock = place
    kiosk = await server.client("kiosk")
    wrong, missed = await kiosk.take("H"), await kiosk.take("J")
    counter = await server.client("counter", window=26)
    for command in ({"clerk": "026", "name": "open"}, {"name": "call_next"}, {"name": "no_show"}):
        answer = await counter.press(26, command.pop("name"), **command)
        assert answer.status == 200, answer
    clock.advance(minutes=4)

    guide = await pages.device("guide", "/guide", DESK)
    await expect(guide.locator("button.t-row")).to_have_count(1)
    find = guide.get_by_label("号码，如 H012")
    number = guide.locator(".ticket-panel .ticket-number")

    # H001 should have been one of social insurance: a new number, the old time.
    await find.fill(wrong["number"])
    await find.press("Enter")
    await expect(number).to_have_text("H001")
    await guide.locator(".acts").get_by_role("button", name="换号").click()
    form = guide.get_by_role("dialog", name="H001 换号")
    await form.get_by_role("combobox").fill("就（失）业")
    await guide.keyboard.press("Enter")
    await expect(guide.locator(".toasts")).to_contain_text("H001 已换成 S001")
    await expect(number).to_have_text("S001")
    await expect(guide.locator(".ticket-panel .facts")).to_contain_text("10:00")
    assert (await kiosk.get(f"/public/tickets/{wrong['token']}")).body["number"] == "S001"

    # J001 was not there when it was called.
    await find.fill(missed["number"])
    await find.press("Enter")
    await expect(number).to_have_text("J001")
    await expect(guide.locator(".ticket-panel .chip")).to_have_text("已过号")
    await guide.locator(".acts").get_by_role("button", name="重新排队").click()
    await expect(guide.locator(".toasts")).to_contain_text("J001 已重新排队")
    await expect(guide.locator(".ticket-panel .chip")).to_have_text("等候中")
    assert (await kiosk.get(f"/public/tickets/{missed['token']}")).body["state"] == "waiting"

    # A service is chosen with the mouse: Enter issues, as the button says.
    await guide.get_by_label("取号后打印").uncheck()
    await guide.locator(".service", has_text="居民身份证核发").click()
    await guide.keyboard.press("Enter")
    await expect(number).to_have_text("H002")


async def test_supervision_sees_who_is_overdue(place: Place) -> None:
    server, pages, clock = place
    await pages.account("inspector", "supervisor")
    counter = await server.client("counter", window=2)
    await counter.press(2, "open", clerk="002")
    back = clock_at(10, 10).now().isoformat()
    left = await counter.press(2, "leave", reason="短时离开", contact="", expected_return=back)
    assert left.status == 200, left

    page = await pages.signed_in("inspector", f"/supervision?hall={HALL}")
    line = page.locator("#window-2")
    await expect(line).to_contain_text("暂离")
    await expect(line).to_contain_text("短时离开")
    await expect(line).to_contain_text("10:10")
    alerts = page.locator(".panel.alerts")
    await expect(alerts).to_contain_text("暂无需要处理的提醒")

    clock.advance(minutes=11)  # first it is the window's matter
    await expect(alerts.get_by_role("option")).to_contain_text(["逾期未返岗"])
    await expect(alerts.get_by_role("option")).to_contain_text(["2号窗口"])
    await expect(alerts).to_contain_text("窗口级")
    await expect(alerts).not_to_contain_text("等您处理")
    await expect(line).to_have_attribute("data-state", "alert")
    await expect(line).to_contain_text("超时")

    clock.advance(minutes=20)  # and now the supervisors'
    await expect(alerts).to_contain_text("监督级")
    await expect(alerts).to_contain_text("等您处理 1")
    await expect(page).to_have_title(re.compile("^（1）"))
    await page.keyboard.press("a")
    await expect(page.locator(".toast", has_text="已知悉")).to_be_visible()
    await expect(alerts).to_contain_text("已知悉")

    returned = await counter.press(2, "return")
    assert returned.status == 200, returned
    await expect(alerts).to_contain_text("暂无需要处理的提醒")
    await expect(line).to_contain_text("空闲")


# --- what is said the same way twice -------------------------------------------------------------


async def phones_are_allowed(server: HallServer) -> None:
    """Configure the address at which phones reach this hall."""
    admin = await server.client("admin")
    settings = (await admin.get(f"/halls/{HALL}/setup")).body["settings"]
    settings["public_url"] = server.base
    changed = await admin.post(f"/halls/{HALL}/setup", {"settings": settings})
    assert changed.status == 200, changed


async def shown_called(hall: Page, window: Page, number: str, at: str) -> None:
    """Both screens show the number with its window."""
    newest = hall.locator(".newest .call")
    await expect(newest.locator(".number")).to_have_text(number)
    await expect(newest.locator(".window b")).to_have_text(at)
    panel = window.locator("main[data-mode=call]")
    await expect(panel.locator(".number")).to_have_text(number)
    await expect(panel.locator(".window b")).to_have_text(at)
    await expect(panel.locator(".words")).to_have_text(f"请{number}到{at}号窗口")
