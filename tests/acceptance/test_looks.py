"""Every page at its real size in a busy hall, in both languages, by the measures of look.md."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
)
from tests.acceptance.busy import FORGETS, citizens_page
from tests.acceptance.place import busy_morning
from tests.support import HALL, HallServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

MEASURE = Path(__file__).with_name("measure.js").read_text(encoding="utf-8")
SHIFT = 4  # pixels that a screen moves its picture by, a little further each day
CUT = 0.2  # of a line's height: so much of it may lie outside of its box
PUBLIC, DESKS = 7.0, 4.5  # least contrast of text
NUMBER = re.compile(r"[A-Z]{1,2}\d{3,}")  # of a ticket: an ellipsis must not cut it
LANGUAGES = ("zh", "en")
# One window of each kind, and what its screen shows (busy.py).
WINDOWS = {4: "call", 2: "serve", 31: "open", 3: "away", 17: "covered", 5: "closed"}
LENGTHY = 28  # away, too, with more to say


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hall(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HallServer]:
    async with busy_morning(tmp_path_factory.mktemp("hall")) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def pages(browser: Browser, hall: HallServer) -> AsyncIterator[Pages]:
    async with Pages(browser, hall) as pages:
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


# A page that was given another size fits its large words to it with its next picture.
DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


async def measured(page: Page) -> Looks:
    await page.evaluate("document.fonts.ready")
    await page.evaluate(DRAWN)
    found = await page.evaluate(MEASURE)
    size = page.viewport_size
    assert size is not None
    return Looks(
        Size(size["width"], size["height"]),
        found["scrollWidth"],
        found["scrollHeight"],
        [text for text in found["texts"] if not text["where"].endswith("a.skip")],
    )


def judge(looks: Looks, which: str, contrast: float, scrolls: bool = False) -> None:
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
        below = max(seen["top"] - text["top"], text["bottom"] - seen["bottom"])
        if not scrolls and below > CUT * line:
            wrong.append(f"{name} is cut off")
        beside = max(seen["left"] - text["left"], text["right"] - seen["right"])
        if beside > 2 and (not text["ellipsis"] or NUMBER.fullmatch(text["text"])):
            wrong.append(f"{name} is cut off at the side")
        if text["contrast"] < contrast and not text["off"]:
            wrong.append(f"{name} has a contrast of {text['contrast']:.1f}")
    wrong += [f"{a} stands upon {b}" for a, b in overlaps(looks.texts)]
    assert not wrong, "\n".join([which, *wrong])


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


async def test_hall_screen(pages: Pages) -> None:
    page = await pages.empty(SCREEN)
    for language in LANGUAGES:
        await pages.pair(page, await pages.code("display"), "/display/hall", language)
        await expect(page.locator(".calls .one").first).to_be_visible()
        # A window of two figures, which most of a hall's windows have.
        await expect(page.locator(".newest .window b")).to_have_text("22")
        looks = await measured(page)
        judge(looks, language, PUBLIC)
        assert looks.glyphs("div.call.live span.number") >= 0.12
        assert looks.glyphs("div.call.live span.window b") >= 0.12


async def test_hall_screen_on_a_machine_without_animations(pages: Pages) -> None:
    """Windows' "show animations" off, as on many a screen's PC."""
    page = await pages.empty(SCREEN, reduced_motion="reduce")
    await pages.pair(page, await pages.code("display"), "/display/hall")
    await expect(page.locator(".newest .window b")).to_have_text("22")
    for _ in range(3):  # drawn anew, as at each event
        await page.evaluate(
            """async () => {
              const frame = () => new Promise(requestAnimationFrame);
              window.dispatchEvent(new Event("resize"));
              for (let n = 0; n < 4; n += 1) await frame();
            }"""
        )
        judge(await measured(page), "drawn anew", PUBLIC)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_window_screen(pages: Pages, language: str) -> None:
    page = await pages.empty(SCREEN)
    for window, mode in {**WINDOWS, LENGTHY: "away"}.items():
        if language == "en" and mode in ("serve", "closed"):
            continue  # no words that are not on the others
        await pages.pair(page, await pages.code("display", window), "/display/window", language)
        await expect(page.locator(f"main[data-mode={mode}]")).to_be_visible()
        looks = await measured(page)
        judge(looks, mode, PUBLIC)
        if mode in ("call", "serve"):
            assert looks.glyphs("div.turn div.call span.number") >= 0.30, mode


async def test_kiosk(pages: Pages) -> None:
    page = await pages.device("kiosk", "/kiosk", KIOSK)
    for language in LANGUAGES:
        await in_language(page, language)
        await expect(page.locator(".choice").first).to_be_visible()
        looks = await measured(page)
        judge(looks, language, PUBLIC)
        assert min(text["font"] for text in looks.texts) >= 28
        assert min(await heights(page, "button")) >= 96
    await page.locator(".choice", has_text="Household").click()
    await page.locator(".choice", has_text="Resident ID card").click()
    await expect(page.locator(".ticket-number")).to_be_visible()
    judge(await measured(page), "the ticket, in English", PUBLIC)


# --- desks ---------------------------------------------------------------------------------------


async def test_counter(pages: Pages) -> None:
    page = await pages.empty(DESK)
    for window in (2, FORGETS):  # one serves, one is overdue
        await pages.pair(page, await pages.code("counter", window), "/counter")
        for language in LANGUAGES:
            await in_language(page, language)
            for size in (DESK, STRIP):
                await page.set_viewport_size({"width": size.width, "height": size.height})
                await expect(page.locator(".line-row").first).to_be_visible()
                await expect(page.locator(".next:not([data-resting])")).to_be_visible()
                judge(await measured(page), f"window {window}, {language}, {size}", DESKS)


async def test_leave_form(pages: Pages) -> None:
    clerk = Counter(await pages.device("counter", "/counter", DESK, 31))
    await clerk.letter("L")
    await expect(clerk.dialog.get_by_role("radio").first).to_be_visible()
    for size in (DESK, STRIP):
        await clerk.page.set_viewport_size({"width": size.width, "height": size.height})
        box = await clerk.dialog.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size.width
        assert box["y"] + box["height"] <= size.height, f"does not fit {size}"


async def test_guide_desk(pages: Pages) -> None:
    page = await pages.device("guide", "/guide", DESK)
    await page.locator("button.t-row").first.click()
    await expect(page.locator(".ticket-panel .ticket-number")).to_be_visible()
    for language in LANGUAGES:
        await in_language(page, language)
        judge(await measured(page), language, DESKS, scrolls=True)


async def test_supervision(pages: Pages) -> None:
    await pages.account("inspector", "supervisor")
    page = await pages.signed_in("inspector", f"/supervision?hall={HALL}")
    for language in LANGUAGES:
        await in_language(page, language)
        await expect(page.locator(".board-line").first).to_be_visible()
        await expect(page.locator(".alert-row").first).to_be_visible()
        judge(await measured(page), language, DESKS, scrolls=True)


async def test_admin(pages: Pages, hall: HallServer) -> None:
    health, screen = f"/halls/{HALL}/displays/health", await hall.client("display")
    for number in "123":  # faults are whole sentences
        await screen.post(health, {"fault": "autoplay_blocked", "screen": number})
    await pages.account("head", "admin", "manager", "security")
    page = await pages.signed_in("head", f"/admin?hall={HALL}")
    tabs = page.locator(".admin-menu a")
    for language in LANGUAGES:
        await in_language(page, language)
        await expect(tabs.first).to_be_visible()
        # All of them in English, which is longer.
        for index in range(1 if language == "zh" else await tabs.count()):
            await tabs.nth(index).click()
            await expect(tabs.nth(index)).to_have_attribute("aria-current", "page")
            name = await tabs.nth(index).inner_text()
            if name == "Devices":
                await expect(page.locator(".list .device-fault")).to_be_visible()
            judge(await measured(page), name, DESKS, scrolls=True)
            hidden = "lists => lists.some((list) => list.scrollWidth > list.clientWidth)"
            assert not await page.locator(".list-scroll").evaluate_all(hidden), f"{name}: columns"
    for number in "123":
        await screen.post(health, {"fault": None, "screen": number})


async def test_sign_in_and_home(pages: Pages) -> None:
    page = await pages.empty(DESK)
    with pages.expecting("401", "/demo/links"):  # who is here, and is it a demonstration
        for path, there in (("/signin", "form"), ("/", ".home-link")):
            for language in LANGUAGES:
                await page.goto(f"{pages.base}{path}?lang={language}")
                await expect(page.locator(there).first).to_be_visible()
                judge(await measured(page), f"{path} {language}", DESKS, scrolls=True)


# --- phones --------------------------------------------------------------------------------------


async def test_phone(pages: Pages, hall: HallServer) -> None:
    for state in ("waiting", "called"):
        number, token = citizens_page(hall, state)
        page = await pages.phone(token)
        await expect(page.locator(".paper .number")).to_have_text(number)
        for language in LANGUAGES:
            await in_language(page, language)
            judge(await measured(page), f"{state} {language}", DESKS, scrolls=True)
            assert min(await heights(page, "button, a.button")) >= 44
