"""The administrator's tabs for working days and for the relay of ratings, in a browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from sqlalchemy import select

from hall_evaluation.relay import rules
from hall_evaluation.relay.tables import relay_outbox, relay_secrets
from tests.acceptance.browser import Pages
from tests.integration.evaluation.region import Region
from tests.support import HALL, PATIENCE_S, HallServer, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECRET = "Bearer very-secret-0472"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HallServer]:
    async with hall_server(tmp_path_factory.mktemp("tabs")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def pages(browser: Browser, server: HallServer) -> AsyncIterator[Pages]:
    async with Pages(browser, server) as pages:
        await pages.account("head", "admin")
        await pages.account("boss", "manager")
        yield pages
        assert pages.faults == []


async def open_tab(pages: Pages, name: str, tab: str) -> Page:
    return await pages.signed_in(name, f"/admin?hall={HALL}#{tab}")


# --- working days --------------------------------------------------------------------------------

NOTICE = """\
2033年1月1日（周六）至3日 放假 元旦

2033-01-29 班 春节
1月31日~2-6 休 春节
2033/02/12 上班：春节
"""
WRONG = {
    "2033-02-30 休 清明": "没有这个日期",
    "2034-01-01 休 元旦": "不是 2033 年的日期",
    "2033-03-02 班 清明": "本来就是工作日",
    "2033-01-03 班 元旦": "出现了两次",
    "2033-05-05 至 2033-05-01 休 劳动节": "起止日期不对",
    "放假三天": "看不懂",
}


async def test_a_years_notice_is_pasted(pages: Pages, server: HallServer) -> None:
    page = await open_tab(pages, "head", "workdays/2033")
    marked = page.locator(".month td small")
    await expect(page.locator(".banner[data-state=away]")).to_contain_text("2033年的放假安排")
    await expect(marked).to_have_count(0)
    await page.get_by_role("button", name="导入安排").click()
    lines = page.locator("textarea")
    await lines.fill(NOTICE + "\n".join(WRONG))
    problems = page.locator(".day-lines-wrong p")
    await expect(problems).to_have_count(len(WRONG))
    for number, problem in enumerate(WRONG.values()):
        await expect(problems.nth(number)).to_contain_text(f"第 {number + 6} 行")
        await expect(problems.nth(number)).to_contain_text(problem)
    await page.keyboard.press("Control+s")
    assert not server.kernel.workdays.known(2033), "nothing is saved while a line is wrong"
    await lines.fill(NOTICE)
    await expect(problems).to_have_count(0)
    await expect(marked).to_have_count(12)  # the calendar shows what is typed
    await page.keyboard.press("Control+s")
    await expect(page.locator(".day-list li")).to_have_count(4)
    await expect(page.locator(".banner[data-state=away]")).to_be_hidden()
    days = server.kernel.workdays
    assert [days.is_workday(date(2033, 1, day)) for day in (3, 29, 31)] == [False, True, False]
    assert not days.is_workday(date(2033, 2, 6))
    assert days.special[date(2033, 2, 12)].name == "春节"
    # What is stored can be edited as it was pasted.
    await page.get_by_role("button", name="修改安排").click()
    assert (await lines.input_value()).splitlines()[:2] == [
        "2033-01-01 休 元旦",
        "2033-01-02 休 元旦",
    ]


async def test_managers_only_look_at_working_days(pages: Pages) -> None:
    page = await open_tab(pages, "boss", "workdays")
    await expect(page.locator(".day-list li").first).to_be_visible()
    await expect(page.locator(".tab-actions .primary")).to_have_count(0)


async def test_who_administers_one_hall_is_not_offered_what_is_of_all(pages: Pages) -> None:
    await pages.account("one", "admin", halls=(HALL,))
    page = await open_tab(pages, "one", "workdays")
    await expect(page.locator(".day-list li").first).to_be_visible()
    await expect(page.locator(".tab-actions .primary")).to_have_count(0)
    menu = page.locator(".admin-menu")
    await expect(menu.locator('a[href="#cascade"]')).to_have_count(0)
    await menu.locator('a[href="#halls"]').click()
    await expect(page.locator(".tab-head .soft")).to_contain_text("1")
    await expect(page.locator(".tab-actions .primary")).to_have_count(0)
    page = await open_tab(pages, "head", "halls")
    await expect(page.locator(".tab-actions .primary")).to_have_count(1)
    await expect(page.locator('.admin-menu a[href="#cascade"]')).to_have_count(1)


# --- windows that are left -----------------------------------------------------------------------


async def test_a_manager_says_when_a_left_window_is_told(pages: Pages, server: HallServer) -> None:
    page = await open_tab(pages, "boss", "settings")
    steps = page.locator("[data-field=suspect_steps_min]")
    supervision = page.locator("[data-field='suspect_steps_min.2'] input")
    await supervision.fill("8")
    await page.keyboard.press("Control+s")
    await expect(steps.locator("> .error")).to_contain_text("依次不减")
    await supervision.fill("30")
    rule = page.locator(".rule-sentence", has_text="画面里")
    await expect(rule).to_contain_text("10 分钟，提醒大厅管理员；30 分钟，提醒监督人员")
    await page.keyboard.press("Control+s")
    await expect(page.locator(".save-state[data-dirty=no]")).to_be_attached()
    assert server.hall().committed["queue"].settings.suspect_steps_min == (5, 10, 30)


async def test_an_english_page_says_in_english_what_is_wrong(pages: Pages) -> None:
    page = await pages.signed_in("boss", f"/admin?hall={HALL}&lang=en#settings")
    await page.locator("[data-field=public_url] input").fill("ftp://hall.example")
    with pages.expecting("422"):
        await page.keyboard.press("Control+s")
        wrong = page.locator("[data-field=public_url] .error")
        await expect(wrong).to_contain_text("Please begin with http:// or https://")


# --- ratings -------------------------------------------------------------------------------------


async def test_of_two_who_edit_the_ratings_rules_the_second_decides_what_stays(
    pages: Pages, server: HallServer
) -> None:
    page = await open_tab(pages, "boss", "evaluation")
    await page.get_by_label("致谢时间").fill("9")
    other, path = await server.client("admin"), f"/halls/{HALL}/evaluation-settings"
    seen = (await other.get(path)).body
    assert (await other.request("PUT", path, {**seen, "ask_s": 45})).status == 200
    with pages.expecting("409"):
        await page.keyboard.press("Control+s")
        told = page.locator(".banner[data-state=away]")
        await expect(told).to_contain_text("另一位管理员")
    await expect(page.get_by_label("致谢时间")).to_have_value("9")
    assert server.hall().committed["evaluation"].settings.thanks_s == seen["thanks_s"]
    await told.get_by_role("button").click()
    await expect(page.get_by_label("询问时间")).to_have_value("45")
    await page.get_by_label("致谢时间").fill("9")
    await page.keyboard.press("Control+s")
    await expect(page.locator(".save-state[data-dirty=no]")).to_be_attached()
    settings = server.hall().committed["evaluation"].settings
    assert (settings.ask_s, settings.thanks_s) == (45, 9)


async def test_a_new_reason_is_none_that_was_there_before(pages: Pages, server: HallServer) -> None:
    page = await open_tab(pages, "boss", "evaluation")
    lines = page.locator("[data-field=reasons]")
    last = lines.get_by_role("textbox").nth(-2)
    for text in ("停车不便", "洗手间太远"):
        await lines.get_by_role("button", name="增加原因").click()
        await last.fill(text)
        await page.keyboard.press("Control+s")
        await expect(page.locator(".save-state[data-dirty=no]")).to_be_attached()
        await lines.get_by_role("button", name="删除").last.click()
        await page.keyboard.press("Control+s")
        await expect(page.locator(".save-state[data-dirty=no]")).to_be_attached()
    removed = server.hall().committed["evaluation"].removed_reasons.values()
    assert [reason.text for reason in removed] == ["停车不便", "洗手间太远"]


# --- notices -------------------------------------------------------------------------------------


async def test_of_two_who_edit_the_notices_the_second_is_told(
    pages: Pages, server: HallServer
) -> None:
    page = await open_tab(pages, "boss", "notices")
    await page.get_by_role("button", name="新增公示").click()
    await page.get_by_label("标题").fill("服务承诺")
    other = [{"id": "x", "title": "监督电话", "body": "12345"}]
    admin = await server.client("admin")
    assert (await admin.post(f"/halls/{HALL}/notices", {"notices": other})).status == 200
    await expect(page.locator(".banner[data-state=away]")).to_be_visible()
    with pages.expecting("409"):
        await page.keyboard.press("Control+s")
        told = page.locator(".banner[data-state=away]")
        await expect(told).to_contain_text("刚刚被另一位管理员修改过")
    notices = server.hall().committed["displays"]
    assert [notice.title for notice in notices.notices] == ["监督电话"]
    await page.keyboard.press("Control+s")  # who saves again has been told
    await expect(page.locator(".save-state[data-dirty=no]")).to_be_visible()
    assert [notice.title for notice in notices.notices] == ["服务承诺"]


# --- the relay -----------------------------------------------------------------------------------


async def stored(server: HallServer, column: Any) -> list[Any]:
    return await server.kernel.store.read(lambda c: list(c.execute(select(column)).scalars()))


async def until_all(server: HallServer, state: str) -> None:
    """The outbox holds nothing in any other state."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if set(await stored(server, relay_outbox.c.state)) == {state}:
                return
            await asyncio.sleep(0.01)


async def rated(server: HallServer) -> None:
    """A service that ended and was rated."""
    counter, kiosk = await server.client("counter", window=1), await server.client("kiosk")
    ticket = await kiosk.take("H")
    for command in ("call_next", "start", "finish"):
        assert (await counter.press(1, command)).status == 200
    body = {"token": ticket["token"], "level": "satisfied"}
    assert (await (await server.client(None)).post("/evaluations", body)).status == 201


async def test_the_relay_is_set_up_and_what_was_refused_goes_again(
    pages: Pages, server: HallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "BACKOFF_S", 0.01)
    region = Region()
    counter = await server.client("counter", window=1)
    assert (await counter.press(1, "open", clerk="001")).status == 200
    async with region.serve():
        region.wants = SECRET
        page = await open_tab(pages, "head", "relay")
        await page.get_by_label("启用上报").check()
        await page.keyboard.press("Control+s")
        await expect(page.locator("[data-field=url] .error")).to_be_visible()
        await page.get_by_label("接口地址").fill(region.url)
        await page.get_by_label("密钥", exact=True).fill(SECRET)
        await page.get_by_label("满意度编码").select_option("one_is_best")
        await expect(page.get_by_text("非常满意 1 · 满意 2")).to_be_visible()
        await page.locator("summary").click()
        await page.locator(".relay-tasks input").first.fill("11150221")
        await page.keyboard.press("Control+s")
        await expect(page.locator(".save-state[data-dirty=no]")).to_be_visible()
        secret = page.get_by_label("密钥", exact=True)
        assert await secret.input_value() == ""
        assert "已保存" in str(await secret.get_attribute("placeholder"))
        state = server.hall().committed["relay"].settings
        assert (state.code_order, len(state.tasks)) == ("one_is_best", 1)

        region.script.append("400")
        await rated(server)
        await until_all(server, "refused")
        counts = page.locator(".relay-counts dd")
        async with page.expect_response("**/relay/outbox"):
            await page.locator(".admin-menu a[href='#relay']").click()
        await expect(page.locator(".relay-error")).to_contain_text("应答 400")
        await expect(counts).to_have_text(["0", "1", "0"])
        await page.get_by_role("button", name="立即重报").click()
        await expect(page.locator(".toast", has_text="1 条评价正在上报")).to_be_visible()

        await until_all(server, "delivered")

        # Other changes leave the secret as it is; it is deleted by its own box.
        await page.get_by_label("数据来源").fill("150221")
        await page.keyboard.press("Control+s")
        await expect(page.locator(".save-state[data-dirty=no]")).to_be_visible()
        assert all(await stored(server, relay_secrets.c.sealed))
        await page.reload()
        await expect(counts).to_have_text(["0", "0", "1"])
        assert next(iter(region.stored.values()))["satisfaction"] == "2"
        await page.get_by_label("删除保存的密钥").check()
        await page.keyboard.press("Control+s")
        await expect(page.locator(".save-state[data-dirty=no]")).to_be_visible()
        assert await stored(server, relay_secrets.c.sealed) == [""]

        manager = await open_tab(pages, "boss", "relay")
        await expect(manager.get_by_label("接口地址")).to_be_disabled()
        await expect(manager.get_by_label("接口地址")).to_have_value(region.url)
