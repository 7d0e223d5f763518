"""Every page at its real size in a busy hall, in both languages, by the measures of look.md."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.acceptance.browser import (
    DESK,
    KIOSK,
    SCREEN,
    STRIP,
    Counter,
    Pages,
    Size,
    dated_by,
)
from tests.acceptance.busy import Morning, arrange, clock_at, morning
from tests.support import HallServer, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEASURE = Path(__file__).with_name("measure.js").read_text(encoding="utf-8")
SHIFT = 4  # pixels that a screen moves its picture by, a little further each day
CUT = 0.2  # of a line's height: so much of it may lie outside of its box
PUBLIC, DESKS = 7.0, 4.5  # least contrast of text
LANGUAGES = ("zh", "en")


class Hall(NamedTuple):
    """Qinghe on a Tuesday at 09:10: full, four clerks away, one of them overdue."""

    server: HallServer
    morning: Morning


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hall(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hall]:
    clock = clock_at()
    directory = tmp_path_factory.mktemp("hall")
    async with hall_server(
        directory, clock=clock, always_open=False, extend=dated_by(clock)
    ) as server:
        done = await morning(server, clock, 40)
        await arrange(server, clock, done)
        yield Hall(server, done)


@pytest_asyncio.fixture(loop_scope="module")
async def pages(browser: Browser, hall: Hall) -> AsyncIterator[Pages]:
    async with Pages(browser, hall.server) as pages:
        yield pages
        assert pages.faults == []


# --- measuring -----------------------------------------------------------------------------------


@dataclass
class Looks:
    """What was measured on a page."""

    size: Size
    scroll_width: float
    scroll_height: float
    texts: list[dict[str, Any]]

    def glyphs(self, where: str) -> float:
        """Height of the characters of the one text at a place, as a part of the screen's."""
        found = [text for text in self.texts if text["where"].endswith(where)]
        assert len(found) == 1, (where, found)
        return float(found[0]["glyphs"] / self.size.height)


async def measured(page: Page) -> Looks:
    await page.evaluate("document.fonts.ready")
    found = await page.evaluate(MEASURE)
    size = page.viewport_size
    assert size is not None
    return Looks(
        Size(size["width"], size["height"]),
        found["scrollWidth"],
        found["scrollHeight"],
        [text for text in found["texts"] if not text["where"].endswith("a.skip")],
    )


def judge(looks: Looks, contrast: float, scrolls: bool = False) -> None:
    """Nothing sticks out, is cut off or stands upon something else; all of it can be read."""
    wrong: list[str] = []
    width, height = looks.size
    if looks.scroll_width > width + SHIFT:
        wrong.append(f"{looks.scroll_width} pixels wide on a screen of {width}")
    if not scrolls and looks.scroll_height > height + SHIFT:
        wrong.append(f"{looks.scroll_height} pixels high on a screen of {height}")
    for text in looks.texts:
        name = f"{text['text'][:20]!r} ({text['where']})"
        seen, line = text["seen"], text["bottom"] - text["top"]
        if seen["left"] < -SHIFT or seen["right"] > width + SHIFT:
            wrong.append(f"{name} leaves the screen at the side")
        if not scrolls and seen["bottom"] > height + SHIFT:
            wrong.append(f"{name} leaves the screen at the bottom")
        if not scrolls and max(seen["top"] - text["top"], text["bottom"] - seen["bottom"]) > (
            CUT * line
        ):
            wrong.append(f"{name} is cut off")
        if text["contrast"] < contrast and not text["off"]:
            wrong.append(f"{name} has a contrast of {text['contrast']:.1f}")
    wrong += [f"{a} stands upon {b}" for a, b in overlaps(looks.texts)]
    assert not wrong, "\n".join(wrong)


def overlaps(texts: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Pairs of texts whose characters touch. (Lines may: their boxes are higher than their ink.)"""
    found = []
    for index, one in enumerate(texts):
        for other in texts[index + 1 :]:
            if (one["text"], one["where"]) == (other["text"], other["where"]):
                continue  # two lines of one paragraph
            a, b = one["seen"], other["seen"]
            if min(a["right"], b["right"]) - max(a["left"], b["left"]) <= 2:
                continue
            high = min(_ink(one)[1], _ink(other)[1]) - max(_ink(one)[0], _ink(other)[0])
            if high > 2:
                found.append((f"{one['text'][:20]!r} ({one['where']})", repr(other["text"][:20])))
    return found


def _ink(text: dict[str, Any]) -> tuple[float, float]:
    middle, half = (text["top"] + text["bottom"]) / 2, text["font"] * 0.36
    return middle - half, middle + half


async def heights(page: Page, selector: str) -> list[float]:
    """Of what is to be pressed, as it is seen."""
    found: list[float] = await page.locator(selector).evaluate_all(
        "nodes => nodes.filter(n => n.offsetParent && getComputedStyle(n).visibility === 'visible')"
        ".map(n => n.getBoundingClientRect().height)"
    )
    return found


async def in_language(page: Page, language: str) -> None:
    """Press the page's own button for the language, if it is not in it."""
    if language == "en":
        await page.get_by_role("button", name="English").click()
    await expect(page.locator(f"html[lang^={language}]")).to_be_attached()


# --- public screens ------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
async def test_hall_screen(pages: Pages, language: str) -> None:
    page = await pages.device("display", "/display/hall", SCREEN, lang=language)
    await expect(page.locator(".calls .one").first).to_be_visible()
    looks = await measured(page)
    judge(looks, PUBLIC)
    assert looks.glyphs("div.call.live span.number") >= 0.12
    assert looks.glyphs("div.call.live span.window b") >= 0.12


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("window", "mode"),
    [(4, "call"), (2, "serve"), (31, "open"), (3, "away"), (17, "covered"), (5, "closed")],
)
async def test_window_screen(pages: Pages, window: int, mode: str, language: str) -> None:
    page = await pages.device("display", "/display/window", SCREEN, window, lang=language)
    await expect(page.locator(f"main[data-mode={mode}]")).to_be_visible()
    looks = await measured(page)
    judge(looks, PUBLIC)
    if mode in ("call", "serve"):
        assert looks.glyphs("div.turn div.call span.number") >= 0.30


async def test_kiosk(pages: Pages) -> None:
    page = await pages.device("kiosk", "/kiosk", KIOSK)
    for language in LANGUAGES:
        await in_language(page, language)
        await expect(page.locator(".choice").first).to_be_visible()
        looks = await measured(page)
        judge(looks, PUBLIC)
        assert min(text["font"] for text in looks.texts) >= 28
        assert min(await heights(page, "button")) >= 96
    # The ticket, in English.
    await page.locator(".choice", has_text="Household").click()
    await page.locator(".choice", has_text="Resident ID card").click()
    await expect(page.locator(".ticket-number")).to_be_visible()
    judge(await measured(page), PUBLIC)


# --- desks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "window"),
    [(DESK, 2), (STRIP, 2), (STRIP, 8)],
    ids=["desk serving", "strip serving", "strip overdue"],
)
async def test_counter(pages: Pages, size: Size, window: int) -> None:
    page = await pages.device("counter", "/counter", size, window)
    for language in LANGUAGES:
        await in_language(page, language)
        await expect(page.locator(".line-row").first).to_be_visible()
        await expect(page.locator(".next:not([data-resting])")).to_be_visible()
        judge(await measured(page), DESKS)


@pytest.mark.parametrize("size", [DESK, STRIP], ids=["desk", "strip"])
async def test_leave_form(pages: Pages, size: Size) -> None:
    clerk = Counter(await pages.device("counter", "/counter", size, 31))
    await clerk.letter("L")
    await expect(clerk.dialog.get_by_role("radio").first).to_be_visible()
    box = await clerk.dialog.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size.width
    assert box["y"] + box["height"] <= size.height, "the form does not fit without scrolling"


async def test_guide_desk(pages: Pages) -> None:
    page = await pages.device("guide", "/guide", DESK)
    await page.locator(".t-row").first.click()
    await expect(page.locator(".ticket-panel .ticket-number")).to_be_visible()
    for language in LANGUAGES:
        await in_language(page, language)
        judge(await measured(page), DESKS, scrolls=True)


async def test_supervision(pages: Pages) -> None:
    await pages.account("inspector", "supervisor")
    page = await pages.signed_in("inspector", "/supervision?hall=qinghe")
    for language in LANGUAGES:
        await in_language(page, language)
        await expect(page.locator(".board-line").first).to_be_visible()
        await expect(page.locator(".alert-row").first).to_be_visible()
        judge(await measured(page), DESKS, scrolls=True)


async def test_admin(pages: Pages) -> None:
    await pages.account("head", "admin", "manager", "security")
    page = await pages.signed_in("head", "/admin?hall=qinghe")
    for language in LANGUAGES:
        await in_language(page, language)
        await expect(page.locator(".admin-menu a").first).to_be_visible()
        tabs = await page.locator(".admin-menu a").count()
        for index in range(tabs if language == "zh" else 1):
            await page.locator(".admin-menu a").nth(index).click()
            await expect(page.locator(".admin-menu a").nth(index)).to_have_attribute(
                "aria-current", "page"
            )
            judge(await measured(page), DESKS, scrolls=True)


async def test_sign_in(pages: Pages) -> None:
    page = await pages.empty(DESK)
    with pages.expecting("401"):  # it asks whether somebody is signed in already
        await page.goto(f"{pages.base}/signin")
        for language in LANGUAGES:
            await in_language(page, language)
            await expect(page.locator("form")).to_be_visible()
            judge(await measured(page), DESKS)


async def test_home(pages: Pages) -> None:
    page = await pages.empty(DESK)
    with pages.expecting("401", "/demo/links"):
        await page.goto(f"{pages.base}/")
        for language in LANGUAGES:
            await in_language(page, language)
            await expect(page.locator(".home-link").first).to_be_visible()
            judge(await measured(page), DESKS, scrolls=True)


# --- phones --------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["waiting", "called"])
async def test_phone(pages: Pages, hall: Hall, state: str) -> None:
    tickets = hall.server.hall().committed["queue"].tickets
    number = next(t.number for t in reversed(tickets.values()) if t.state == state)
    page = await pages.phone(hall.morning.token(number))
    await expect(page.locator(".paper .number")).to_have_text(number)
    for language in LANGUAGES:
        await in_language(page, language)
        judge(await measured(page), DESKS, scrolls=True)
        assert min(await heights(page, "button, a.button")) >= 44
