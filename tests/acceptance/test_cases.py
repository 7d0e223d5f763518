"""A bad rating from the citizen's words to its end, as the hall's manager follows it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.acceptance.browser import PASSWORD, Size
from tests.acceptance.place import Place, at_ten
from tests.support import HALL, Client

pytestmark = pytest.mark.asyncio(loop_scope="session")

SMALL_DESK = Size(1024, 768)
SAID = "窗口说材料不齐，让我跑了三趟，请一次性说清楚需要哪些材料。"
HOTLINE = (
    "来源\t内容\t窗口\t姓名\t电话\n"
    "12345热线\t电话一直没人接\t3\t张晓梅\t13812341234\n"
    "意见箱\t等候区没有饮水机\t\t\t\n"
    "热线\t\t99\t\t138\n"
)
ORDERS = "内容\t工单编号\n自助机坏了\tNM2026030200017\n叫号听不清\tNM2026030200018\n"

# As a stream that the server ended for the old session.
REFUSED_LATE = """() => {
  import("/static/app/session.js").then((session) => session.signInAgain())
    .then((here) => document.body.setAttribute("data-here", String(here)));
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def place(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    async with at_ten(browser, tmp_path_factory.mktemp("hall")) as place:
        await place.pages.account("manager", "manager")
        yield place


async def serve(place: Place, window: int = 1, clerk: str = "001") -> dict[str, Any]:
    """A citizen's ticket, served to its end at a window."""
    counter = await place.server.client("counter", window=window)
    ticket: dict[str, Any] = await (await place.server.client("kiosk")).take("H")
    if place.server.hall().committed["queue"].posts[window].state == "closed":
        await pressed(counter, window, "open", clerk=clerk)
    for command in ("call_next", "start", "finish"):
        await pressed(counter, window, command)
    return ticket


async def pressed(counter: Client, window: int, command: str, **more: Any) -> None:
    answer = await counter.press(window, command, **more)
    assert answer.status == 200, answer


async def rate(place: Place, ticket: dict[str, Any], level: str, **more: Any) -> None:
    citizen = await place.server.client(None)
    answer = await citizen.post(
        "/evaluations", {"token": ticket["token"], "level": level, "channel": "phone", **more}
    )
    assert answer.status == 201, answer


async def fill(page: Page, title: str, **fields: str) -> None:
    """Fill the form that is open and send it by its key."""
    form = page.get_by_role("dialog", name=title)
    for label, text in fields.items():
        await form.get_by_label(label).fill(text)
    await page.keyboard.press("Control+Enter")
    await expect(form).to_have_count(0)


def big(page: Page) -> Locator:
    return page.locator(".case-acts .primary")


async def test_a_bad_rating_is_followed_to_its_end(place: Place) -> None:
    _, pages, clock = place
    page = await pages.signed_in("manager", f"/cases?hall={HALL}")
    await expect(page.locator(".case-list .empty")).to_contain_text("没有需要处理的案件")

    # The citizen's words appear at once, with the deadline in words.
    ticket = await serve(place)
    contact = {"name": "张晓梅", "phone": "13812341234"}
    await rate(place, ticket, "very_dissatisfied", text=SAID, contact=contact)
    row = page.locator(".case-row")
    await expect(row).to_contain_text("非常不满意")
    await expect(row).to_contain_text("最迟明天联系")
    await expect(page.locator(".case-head h2")).to_have_text("差评 · 非常不满意")
    await expect(page.locator(".case-head")).to_contain_text("1号窗口")
    await expect(page.locator(".case-head")).to_contain_text(ticket["number"])
    await expect(page.locator(".case-said blockquote")).to_have_text(SAID)

    # Whom to call back is masked until somebody asks.
    phone = page.locator(".case-phone")
    await expect(phone).to_have_text("张* 138****1234")
    await page.keyboard.press("u")
    await expect(phone).to_have_text("张晓梅 13812341234")

    # Assigned by the big button, contacted two working days too late.
    await expect(big(page)).to_contain_text("指派")
    await page.keyboard.press("Enter")
    await fill(page, "指派承办人", 承办人="manager")
    await expect(page.locator(".case-facts")).to_contain_text("manager")
    with pages.expecting("401", "4401"):  # a session ends in three days; nothing typed is lost
        clock.advance(hours=24 * 3)
        await page.keyboard.press("g")
        again = page.get_by_role("dialog", name="登录已过期")
        await again.get_by_label("密码").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(again).to_have_count(0)
        await expect(page.locator("html[data-link=online]")).to_be_attached()
        # What was on its way meanwhile and is refused only now asks nobody again.
        await page.evaluate(REFUSED_LATE)
        await expect(page.locator("body[data-here=true]")).to_be_attached()
    await expect(row).to_contain_text("已超期 2 个工作日")
    await expect(page.locator(".case-due")).to_contain_text("联系已超期 2 个工作日")
    await expect(big(page)).to_contain_text("回访")
    await page.keyboard.press("Enter")
    form = page.get_by_role("dialog", name="记录回访")
    await page.keyboard.press("Control+Enter")
    await expect(form.locator(".error:visible")).to_have_text("请选择。")
    await form.get_by_label("已联系上", exact=True).check()
    await fill(page, "记录回访", 市民怎么说="已说明材料清单，市民同意补交。")

    # Rectified by the hall's deadline, settled, closed; and closing can be taken back.
    await page.locator(".case-acts [data-command=rectify]").click()
    await fill(page, "限期整改", 整改什么="窗口摆放一次性告知单。")
    await expect(row.locator(".state").last).to_have_text("整改中")
    await page.locator(".case-acts [data-command=settle]").click()
    await fill(page, "当场解决", 怎样解决的="告知单已摆放，市民满意。")
    await expect(big(page)).to_contain_text("了结")
    await page.keyboard.press("Enter")
    await fill(page, "了结这个案件", 办理结果="已整改。")
    await page.locator(".toast").get_by_role("button", name=re.compile("撤销")).click()
    await expect(page.locator(".case-head .chip")).not_to_have_text("已了结")
    await page.locator(".case-acts [data-command=settle]").click()
    await fill(page, "当场解决", 怎样解决的="告知单已摆放。")
    await expect(big(page)).to_contain_text("了结")
    await page.keyboard.press("Enter")
    await fill(page, "了结这个案件")
    await expect(page.locator(".case-list .empty")).to_contain_text("没有需要处理的案件")

    # Its whole history stands under the closed ones.
    await page.keyboard.press("l")
    await expect(row).to_have_count(1)
    await row.click()
    await expect(page.locator(".case-head .chip")).to_have_text("已了结")
    done = page.locator(".case-steps li b")
    await expect(done.first).to_have_text("登记")
    await expect(done.last).to_have_text("了结")
    for words in ("指派", "超期", "回访", "限期整改", "当场解决", "重新办理"):
        await expect(done.filter(has_text=words).first).to_be_visible()


async def test_each_step_is_shown_in_full_in_its_own_words(place: Place) -> None:
    server, pages, _ = place
    await rate(place, await serve(place), "dissatisfied")
    boss = await server.client("admin")
    case_id = (await boss.get(f"/halls/{HALL}/cases")).body["cases"][0]["case_id"]
    said = ["改打13900001111，无人接听", "改打13900002222，忙音"]  # in one moment
    for text in said:
        step = {"command": "contact", "reached": False, "text": text}
        assert (await boss.post(f"/cases/{case_id}/commands", step)).status == 200
    page = await pages.signed_in("manager", f"/cases?hall={HALL}&case={case_id}")
    written = page.locator(".case-steps .text")
    await expect(written).to_have_text([text.replace("0000", "****") for text in said])
    await page.keyboard.press("u")
    await expect(written).to_have_text(said)


async def test_complaints_are_imported_and_entered(place: Place) -> None:
    _, pages, _ = place
    page = await pages.signed_in("manager", f"/cases?hall={HALL}", SMALL_DESK)
    await expect(page.locator(".case-list .empty")).to_be_visible()
    await page.keyboard.press("i")
    await page.get_by_label("粘贴在这里").fill(HOTLINE)
    wrong = page.locator(".import-table tr[data-wrong] .fault")
    await expect(wrong).to_contain_text("没有内容")
    await expect(wrong).to_contain_text("没有窗口“99”")
    await page.get_by_role("button", name="导入 2 条").click()
    await expect(page.locator(".case-row")).to_have_count(2)
    # What was wrong stays to be corrected.
    await expect(page.locator(".import-table tbody tr")).to_have_count(1)
    # Of a list that is imported twice the second time says by row that it is there.
    for _ in range(2):
        await page.get_by_label("粘贴在这里").fill(ORDERS)
        await page.get_by_role("button", name="导入 2 条").click()
        await expect(page.locator(".case-row")).to_have_count(4)
    await expect(page.locator(".import-table tbody .fault")).to_have_text(
        ["这个工单已导入过，没有重复导入"] * 2
    )
    await expect(page.locator(".import .panel-foot")).to_contain_text("2 条已导入过")
    await page.keyboard.press("Escape")
    await page.locator(".case-row", has_text="自助机").click()
    await expect(page.locator(".case-facts")).to_contain_text("NM2026030200017")

    await page.locator(".case-rows").focus()
    await page.keyboard.press("n")
    form = page.get_by_role("dialog", name="新建案件")
    await form.get_by_label("市民反映了什么").fill("窗口人员态度生硬。")
    await form.get_by_label("涉及窗口").select_option("2")
    await form.get_by_label("联系电话").fill("12")
    await page.keyboard.press("Control+Enter")
    await expect(form.locator(".error:visible")).to_contain_text("请检查电话号码")
    await form.get_by_label("联系电话").fill("0499-8921000")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".case-row")).to_have_count(5)
    await expect(page.locator(".case-head h2")).to_have_text("电话投诉")
    await expect(page.locator(".case-said blockquote")).to_have_text("窗口人员态度生硬。")


async def test_the_figures_lead_to_a_rating_and_its_case(place: Place) -> None:
    _, pages, _ = place
    for _ in range(5):
        await rate(place, await serve(place), "satisfied")
    await rate(place, await serve(place), "dissatisfied")
    await rate(place, await serve(place, 2, "002"), "very_satisfied")
    # The chart library is not part of a source checkout; a table stands in its place then.
    with pages.expecting("echarts.js"):
        page = await pages.signed_in("manager", f"/figures?hall={HALL}")
        rows = page.locator(".figures-table tbody tr")
        await expect(rows).to_have_count(2)
        await expect(page.locator(".chart canvas, .chart .table")).to_be_visible()
    await expect(page.locator(".kpis > div").first).to_contain_text("85.7%")
    await expect(rows.nth(0).locator("[data-column=satisfaction]")).to_have_text("83.3%")
    # One rating says nothing about a window.
    await expect(rows.nth(1).locator("[data-column=satisfaction]")).to_have_text("不足5条")
    await page.get_by_role("button", name=re.compile("^差评")).click()
    await expect(rows.first).to_contain_text("1号窗口")
    await rows.nth(1).click()
    await expect(page.locator(".ratings .empty")).to_have_text("没有差评")
    await rows.nth(0).click()
    link = page.get_by_role("link", name="看案件")
    await expect(link).to_have_count(1)
    await link.click()
    await page.wait_for_url(re.compile(r"/cases\?.*case="))
    await expect(page.locator(".case-head h2")).to_have_text("差评 · 不满意")

    async with page.expect_download() as download:
        await page.goto(f"{place.server.base}/figures?hall={HALL}")
        await page.get_by_role("link", name="导出表格").click()
    assert (await download.value).suggested_filename.endswith(".xlsx")
