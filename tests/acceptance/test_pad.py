"""A citizen rates: on the pad at the window, without network, and on the phone (issue 3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Locator, Page, Route, expect
from sqlalchemy import select

from hall_core.clock import ManualClock
from hall_evaluation import tables
from tests.acceptance.browser import PAD, Pages, Size, dated_by
from tests.acceptance.busy import clock_at
from tests.acceptance.test_looks import PUBLIC, heights, judge, measured
from tests.support import HALL, HallServer, eventually, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

SMALL_PAD = Size(1024, 600)
ASK_S = 30
THANKS_MS = 6_000
MORE_MS = 30_000  # of reasons without a touch
RATINGS = "**/api/v1/evaluations"
THANKS = "谢谢您的评价"
KEPT = "网络中断，您的评价已保存在本机，恢复后自动送出"


class Place(NamedTuple):
    """A hall on a Tuesday at 10:00, whose time moves only when told to."""

    server: HallServer
    pages: Pages
    clock: ManualClock

    async def pad(self, window: int, size: Size = PAD, lang: str = "") -> Page:
        """A pad at a window; the test may move its clock on."""
        page = await self.pages.empty(size, has_touch=True)
        await page.clock.install()
        await self.pages.pair(page, await self.pages.code("pad", window), "/pad", lang)
        return page

    async def press(self, window: int, command: str, **more: Any) -> None:
        counter = await self.server.client("counter", window=window)
        answer = await counter.press(window, command, **more)
        assert answer.status == 200, answer

    async def open(self, window: int) -> None:
        await self.press(window, "open", clerk=f"{window:03d}")

    async def serve(self, window: int) -> dict[str, Any]:
        """Somebody comes to a window and is served; the ticket."""
        post = self.server.hall().committed["queue"].posts[window]
        kiosk = await self.server.client("kiosk")
        ticket: dict[str, Any] = await kiosk.take(post.setup.queues[0].prefix)
        for command in ("call_next", "start", "finish"):
            await self.press(window, command)
        return ticket

    async def rating(self, ticket: dict[str, Any]) -> Any:
        """What was recorded of a ticket, or None."""
        query = select(tables.ratings).where(tables.ratings.c.ticket_id == ticket["ticket_id"])
        rows = await self.server.kernel.store.read(lambda c: c.execute(query).all())
        return rows[0] if rows else None


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return clock_at(10, 0)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(
    tmp_path_factory: pytest.TempPathFactory, clock: ManualClock
) -> AsyncIterator[HallServer]:
    directory = tmp_path_factory.mktemp("hall")
    async with hall_server(directory, clock=clock, extend=dated_by(clock)) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def place(browser: Browser, server: HallServer, clock: ManualClock) -> AsyncIterator[Place]:
    async with Pages(browser, server) as pages:
        with pages.expecting("/voice/"):  # a machine without a voice says so with 404
            yield Place(server, pages, clock)
        assert pages.faults == []


def level(page: Page, name: str) -> Locator:
    return page.locator(f".level[data-level={name}]")


async def test_one_press_counts(place: Place) -> None:
    pad = await place.pad(1)
    await expect(pad.locator(".stage[data-mode=closed]")).to_contain_text("暂停服务")
    said: list[str] = []
    pad.on("request", lambda r: said.append(unquote(r.url)) if "/voice/" in r.url else None)
    await place.open(1)
    await expect(pad.locator(".clerk")).to_contain_text("工号 001")
    ticket = await place.serve(1)
    await expect(pad.locator(".question")).to_have_text("请您对本次服务进行评价")
    await expect(pad.locator(".about .number")).to_have_text(ticket["number"])
    assert await pad.locator(".level").count() == 5
    assert await place.rating(ticket) is None

    await level(pad, "very_satisfied").click()
    await expect(pad.get_by_role("heading", name=THANKS)).to_be_visible()
    await eventually_rated(place, ticket, "very_satisfied")
    rating = await place.rating(ticket)
    assert (rating.channel, rating.clerk, rating.window) == ("pad", "001", 1)
    await pad.clock.fast_forward(THANKS_MS)
    await expect(pad.locator(".stage[data-mode=open] .clerk")).to_be_visible()
    assert len(said) == 1, "once, and no level"
    assert "请您对本次服务进行评价" in said[0]


async def test_a_bad_level_may_be_explained(place: Place) -> None:
    await place.open(2)
    pad = await place.pad(2)
    ticket = await place.serve(2)
    await expect(level(pad, "dissatisfied")).to_be_visible()
    await level(pad, "dissatisfied").click()
    reasons = pad.locator(".reason-chip")
    for name in ("等候时间过长", "其他"):
        await reasons.filter(has_text=name).click()
    await pad.get_by_label("还想说的话").fill("排了两个小时。")
    phone = pad.get_by_label("联系电话")
    await phone.fill("1380")
    await pad.get_by_role("button", name="提交").click()
    await expect(pad.get_by_role("alert")).to_contain_text("请检查电话号码")
    assert await place.rating(ticket) is None
    await phone.fill("13800001234")
    await pad.get_by_role("button", name="提交").click()
    await expect(pad.get_by_role("heading", name=THANKS)).to_be_visible()
    await expect(pad.locator("body")).not_to_contain_text("不满意")  # the clerk may look over
    await eventually_rated(place, ticket, "dissatisfied")
    rating = await place.rating(ticket)
    assert "waiting" in rating.reasons
    assert "other" in rating.reasons
    assert rating.note is not None
    assert rating.contact is not None
    assert rating.case_id is not None

    # Somebody presses and walks away: the level counts alone.
    ticket = await place.serve(2)
    await expect(level(pad, "very_dissatisfied")).to_be_visible()
    await level(pad, "very_dissatisfied").click()
    await expect(pad.locator(".left")).to_contain_text("秒后自动提交")
    await pad.clock.fast_forward(MORE_MS)
    await eventually_rated(place, ticket, "very_dissatisfied")
    assert (await place.rating(ticket)).reasons == "[]"


async def test_nobody_has_to(place: Place) -> None:
    await place.open(3)
    pad = await place.pad(3)
    declined = await place.serve(3)
    await pad.get_by_role("button", name="不评价").click()
    await expect(pad.locator(".stage[data-mode=open]")).to_be_visible()

    ignored = await place.serve(3)
    await expect(pad.locator(".about .number")).to_have_text(ignored["number"])
    place.clock.advance(seconds=ASK_S + 1)
    await expect(pad.locator(".stage[data-mode=open]")).to_be_visible()
    for ticket in (declined, ignored):
        assert await place.rating(ticket) is None


async def test_a_press_without_network_arrives_once(place: Place) -> None:
    await place.open(4)
    pad = await place.pad(4)
    ticket = await place.serve(4)
    keys: list[str | None] = []
    answers: list[int] = []

    async def pulled(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        await route.abort("internetdisconnected")

    async def answer_gets_lost(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        answers.append((await route.fetch()).status)
        await route.abort("connectionreset")

    with place.pages.expecting("POST"):
        await pad.route(RATINGS, pulled)
        await level(pad, "satisfied").click()
        await expect(pad.locator(".remark")).to_have_text(KEPT)
        await pad.clock.fast_forward(THANKS_MS * 2)
        await expect(pad.locator(".kept")).to_have_text("有 1 条评价待送出")
        assert await place.rating(ticket) is None

        # The pad restarts. Its question still stands at the server, and is not asked again.
        await pad.route(RATINGS, answer_gets_lost)  # which comes first from now on
        await pad.unroute(RATINGS, pulled)
        await pad.reload()
        await expect(pad.locator(".stage[data-mode=open]")).to_be_visible()
        await eventually_rated(place, ticket, "satisfied")
        await expect(pad.locator(".kept")).to_be_visible()

        await pad.unroute_all(behavior="wait")  # it may be trying again at this moment
        async with pad.expect_response(RATINGS) as sent:
            await pad.clock.fast_forward(120_000)
        response = await sent.value
        assert response.status == 200, "the server knows this key"
    keys.append(await response.request.header_value("idempotency-key"))
    assert answers[0] == 201
    assert set(answers[1:]) <= {200}, "a pad that tries again meanwhile is known"
    assert len(set(keys)) == 1
    await expect(pad.locator(".kept")).to_be_hidden()
    assert await pad.evaluate("Object.keys(localStorage).filter(k => k.includes('kept'))") == []

    # Pressed here, and the pad is moved to another window before it could be sent.
    ticket = await place.serve(4)
    with place.pages.expecting("POST"):
        await pad.route(RATINGS, pulled)
        await level(pad, "mostly_satisfied").click()
        await expect(pad.locator(".remark")).to_have_text(KEPT)
        await pad.unroute(RATINGS)
        with place.pages.expecting("403"):
            await place.pages.pair(pad, await place.pages.code("pad", 5), "/pad")
            await expect(pad.locator(".here")).to_have_text("5号窗口")
            await pad.clock.fast_forward(61_000)
            await eventually_rated(place, ticket, "mostly_satisfied")


async def test_the_level_counts_whatever_else_fails(place: Place) -> None:
    await place.open(12)
    pad = await place.pad(12)
    await pad.evaluate("void (Storage.prototype.setItem = () => { throw new Error('full') })")
    ticket = await place.serve(12)
    with place.pages.expecting("POST"):
        await pad.route(RATINGS, lambda route: route.abort())
        await level(pad, "satisfied").click()
        await expect(pad.locator(".remark")).to_contain_text("请把意见告诉工作人员")
        await pad.unroute(RATINGS)
        await pad.clock.fast_forward(120_000)
        await eventually_rated(place, ticket, "satisfied")

    # A reason is taken from the list while somebody ticks it.
    admin = await place.server.client("admin")
    path = f"/halls/{HALL}/evaluation-settings"
    before = (await admin.get(path)).body | {"version": None}
    ticket = await place.serve(12)
    await level(pad, "dissatisfied").click()
    await pad.locator(".reason-chip", has_text="其他").click()
    await pad.get_by_label("还想说的话").fill("没有叫号。")
    fewer = [reason for reason in before["reasons"] if reason["id"] != "other"]
    assert (await admin.request("PUT", path, {**before, "reasons": fewer})).status == 200
    with place.pages.expecting("422"):
        await pad.get_by_role("button", name="提交").click()
        await eventually_rated(place, ticket, "dissatisfied")
    rating = await place.rating(ticket)
    assert rating.reasons == "[]"
    assert rating.note is not None
    assert (await admin.request("PUT", path, before)).status == 200


async def test_the_question_stays_when_the_network_goes(place: Place) -> None:
    await place.open(6)
    pad = await place.pad(6)
    ticket = await place.serve(6)
    await expect(level(pad, "satisfied")).to_be_visible()
    with place.pages.expecting("ERR_", "WebSocket"):
        await pad.context.set_offline(True)
        await pad.clock.fast_forward(6_000)
        await expect(pad.locator("html[data-link=offline]")).to_be_attached()
        await expect(pad.locator(".offline")).to_contain_text("网络中断")
        await level(pad, "satisfied").click()
        await expect(pad.locator(".remark")).to_have_text(KEPT)
        # It closes meanwhile, as at noon: what was pressed before counts.
        await place.press(6, "close")
        place.clock.advance(minutes=5)
        answers: list[int] = []
        pad.on("response", lambda r: answers.append(r.status) if "/evaluations" in r.url else None)
        with place.pages.expecting("409"):
            await pad.context.set_offline(False)
            await eventually_rated(place, ticket, "satisfied")
            await eventually(lambda: answers[-1:] == [201])
        assert set(answers) <= {409, 201}, "the question is over; what was pressed before counts"
    await expect(pad.locator("html[data-link=online]")).to_be_attached()


async def test_two_pads_at_one_window(place: Place) -> None:
    await place.open(7)
    first, second = await place.pad(7), await place.pad(7)
    ticket = await place.serve(7)
    for pad in (first, second):
        await expect(level(pad, "satisfied")).to_be_visible()
    held: list[Route] = []
    await first.route(RATINGS, lambda route: held.append(route))
    await level(first, "very_satisfied").click()
    await eventually(lambda: held)
    await level(second, "satisfied").click()
    await eventually_rated(place, ticket, "satisfied")
    with place.pages.expecting("409"):
        await held[0].continue_()
        await expect(first.locator(".thanks")).to_contain_text("无需重复评价")
    assert (await place.rating(ticket)).level == "satisfied"

    ticket = await place.serve(7)  # the next question is there for both, until one answers
    for pad in (first, second):
        await expect(pad.locator(".about .number")).to_have_text(ticket["number"])
    await level(second, "mostly_satisfied").click()
    await expect(first.locator(".stage[data-view=idle]")).to_be_visible()
    await eventually_rated(place, ticket, "mostly_satisfied")


async def test_the_provinces_own_page(place: Place) -> None:
    async def rating_page(request: web.Request) -> web.Response:
        return web.Response(text=f"<p>{request.query_string}</p>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/rate", rating_page)
    admin = await place.server.client("admin")
    path = f"/halls/{HALL}/evaluation-settings"
    before = (await admin.get(path)).body | {"version": None}
    async with TestServer(app) as province:
        address = f"{province.make_url('/rate')}?no={{number}}&win={{window}}"
        changed = await admin.request("PUT", path, {**before, "mode": "url", "url": address})
        assert changed.status == 200, changed
        await place.open(8)
        pad = await place.pad(8)
        ticket = await place.serve(8)
        frame = pad.frame_locator("iframe")
        await expect(frame.locator("p")).to_have_text(f"no={ticket['number']}&win=8")
        place.clock.advance(seconds=ASK_S + 1)
        await expect(pad.locator(".stage[data-view=idle]")).to_be_visible()
        assert (await admin.request("PUT", path, before)).status == 200


async def test_on_the_phone(place: Place) -> None:
    await place.open(9)
    ticket = await place.serve(9)
    phone = await place.pages.phone(ticket["token"])
    await expect(phone.get_by_role("heading", name="为本次服务评价")).to_be_visible()
    await expect(phone.locator(".rate")).to_contain_text("9号窗口")
    await phone.get_by_role("button", name="不满意", exact=True).click()
    await phone.get_by_role("button", name="材料反复补交").click()
    judge(await measured(phone), "bad", 4.5, scrolls=True)
    await phone.get_by_role("button", name="提交评价").click()
    await expect(phone.get_by_role("heading", name=THANKS)).to_be_visible()
    rating = await place.rating(ticket)
    assert (rating.level, rating.channel) == ("dissatisfied", "phone")
    assert "papers" in rating.reasons
    again = await place.pages.phone(ticket["token"])
    await expect(again.get_by_role("heading", name="本次服务已评价")).to_be_visible()
    assert await again.locator(".rate-level").count() == 0


async def test_how_it_looks(place: Place) -> None:
    """By the measures of look.md: nothing cut, contrast, targets, in both sizes and languages."""
    await place.open(10)
    pad = await place.pad(10)
    for size in (PAD, SMALL_PAD):
        await pad.set_viewport_size({"width": size.width, "height": size.height})
        await expect(pad.locator(".stage[data-mode=open]")).to_be_visible()
        judge(await measured(pad), f"idle {size}", PUBLIC)
        await place.serve(10)
        await expect(pad.locator(".levels")).to_be_visible()
        for language in ("English", "中文"):
            await pad.get_by_role("button", name=language).click()
            judge(await measured(pad), f"question {size} {language}", PUBLIC)
        assert min(await heights(pad, ".level")) >= 120
        assert min(await heights(pad, ".stage button")) >= 60
        await level(pad, "dissatisfied").click()
        for language in ("English", "中文"):
            await pad.get_by_role("button", name=language).click()
            judge(await measured(pad), f"reasons {size} {language}", PUBLIC)
        await pad.get_by_role("button", name="提交").click()
        judge(await measured(pad), f"thanks {size}", PUBLIC)
        await pad.clock.fast_forward(THANKS_MS)


async def eventually_rated(place: Place, ticket: dict[str, Any], wanted: str) -> None:
    """The level is in the database, once it has arrived."""
    state = place.server.hall().committed["evaluation"]
    await eventually(lambda: state.requests[ticket["ticket_id"]].rated_at is not None)
    assert (await place.rating(ticket)).level == wanted
