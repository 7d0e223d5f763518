"""A camera from its address to the alert that it went black, in the browser, with real video."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from hall_app.server import cameras_of
from tests.acceptance.browser import DESK, Pages
from tests.peers.clips import footage
from tests.peers.rtsp import RtspPeer
from tests.support import HALL, HallServer, eventually, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

PLAYS = """() => {
  const video = document.querySelector("video");
  return video !== null && video.videoWidth === 640 && video.currentTime > 0.5 && !video.paused;
}"""


class Place(NamedTuple):
    server: HallServer
    pages: Pages
    rtsp: RtspPeer


@pytest.fixture(scope="module")
def rtsp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspPeer]:
    clips = footage(tmp_path_factory.mktemp("clips"), ("good", "black"), seconds=2.0)
    with RtspPeer(clips) as peer:
        yield peer


@pytest_asyncio.fixture(loop_scope="session")
async def place(
    browser: Browser, rtsp: RtspPeer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Place]:
    async with (
        hall_server(tmp_path_factory.mktemp("hall")) as server,
        Pages(browser, server) as pages,
    ):
        await pages.account("manager", "manager")
        await pages.account("supervisor", "supervisor")
        yield Place(server, pages, rtsp)
        assert pages.faults == []


def part(page: Page, name: str) -> Locator:
    return page.locator(f".camera-tab[data-part={name}]")


async def saved(page: Page) -> None:
    await page.keyboard.press("Control+s")
    await expect(page.locator(".save-state[data-dirty=no]")).to_be_attached()


async def drawn(page: Page, *corners: tuple[float, float]) -> None:
    """Click the corners of an area, and the first one again."""
    await page.get_by_role("button", name="划区域").click()
    box = await page.locator(".zone-drawing").bounding_box()
    assert box is not None
    for x, y in (*corners, corners[0]):
        await page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])


async def test_a_camera_is_added_drawn_on_watched_and_missed(place: Place) -> None:
    server, pages, rtsp = place
    cameras = cameras_of(server.kernel)
    page = await pages.signed_in("manager", f"/admin?hall={HALL}#cameras", DESK)

    # Added by its address; what is wrong is said beside the field.
    await page.get_by_role("button", name="添加摄像机").click()
    adding = page.get_by_role("dialog")
    await adding.get_by_role("tab", name="RTSP").click()
    await adding.get_by_label("名称").fill("东侧窗口")
    with pages.expecting("422"):
        await adding.get_by_label("RTSP 地址").fill("http://10.0.0.1/")
        await adding.get_by_role("button", name="添加").click()
        await expect(adding.locator("[data-field=rtsp] .error")).to_be_visible()
    await adding.get_by_label("RTSP 地址").fill(rtsp.url("good"))
    await adding.get_by_role("button", name="添加").click()
    await expect(page.locator(".camera-name .state")).to_have_text("在线")
    (camera_id,) = server.hall().committed["cameras"].cameras

    # Live, and over as soon as another part is shown.
    await page.get_by_role("button", name="看实时").click()
    await page.wait_for_function(PLAYS)
    await expect(page.locator(".camera-age")).to_have_text("实时")
    assert cameras.live.viewers == 1
    await part(page, "checks").click()
    await eventually(lambda: cameras.live.viewers == 0)

    # A threshold beside its measure.
    row = page.locator(".check-row", has_text="全黑")
    await expect(row.locator(".state")).to_have_text("正常")
    await row.locator("input").fill("128")
    await expect(row.locator(".state")).to_have_text("超出门限")
    await row.locator("input").fill("20")
    await page.get_by_label("持续多久才算").fill("1")
    await saved(page)

    # One zone with the mouse, one with the keyboard alone.
    await part(page, "zones").click()
    await expect(page.locator(".zones-part .camera-picture")).to_be_visible()
    await page.locator(".zone-pick[data-number='1']").click()
    await drawn(page, (0.1, 0.2), (0.3, 0.2), (0.3, 0.7), (0.1, 0.7))
    await page.locator(".zone-pick[data-number='2']").press("Enter")
    await page.get_by_role("button", name="放一个方框").press("Enter")
    await expect(page.locator("[data-corner='0']")).to_be_focused()
    await page.keyboard.press("Shift+ArrowDown")
    await saved(page)
    zones = {
        z.window: z.polygon for z in server.hall().committed["cameras"].cameras[camera_id].zones
    }
    clicked = [(0.1, 0.2), (0.3, 0.2), (0.3, 0.7), (0.1, 0.7)]
    assert [pytest.approx(corner, abs=0.01) for corner in clicked] == list(zones[1])
    assert zones[2][0] == (0.2, 0.38)

    # The supervisor's wall: a still, the window's state beside it, live on demand.
    wall = await pages.signed_in("supervisor", f"/supervision?hall={HALL}", DESK)
    await expect(wall.locator(".sup-view").nth(1)).to_contain_text("1")
    await wall.keyboard.press("w")
    tile = wall.locator(".wall-cell")
    await expect(tile.locator("img.camera-picture")).to_be_visible()
    await expect(tile.locator(".wall-windows")).to_have_text("1号2号")
    assert cameras.live.viewers == 0
    await wall.keyboard.press("l")
    await wall.wait_for_function(PLAYS)
    await wall.keyboard.press("l")
    await eventually(lambda: cameras.live.viewers == 0)

    # It goes black: said on the wall, and as an alert whose pictures stand beside the camera.
    rtsp.tell("play", "good", "black")
    alert = wall.locator(".alert-row", has_text="摄像机黑屏")
    await expect(alert).to_be_visible()
    await expect(tile.locator(".wall-caption .state").first).to_contain_text("画面全黑")
    await alert.click()
    detail = wall.locator(".wall-detail")
    await expect(detail.locator("h2")).to_have_text("东侧窗口")
    await expect(detail.locator(".wall-window").first).to_contain_text("未开放")
    await expect(detail.locator(".wall-evidence img")).to_have_count(2)
    await expect(detail.locator(".window-day h3")).to_have_text(re.compile("1号窗口今天"))
    await wall.wait_for_function(PLAYS)
    assert cameras.live.viewers == 1

    # A closed page looks no more.
    await wall.close()
    await eventually(lambda: cameras.live.viewers == 0)


async def test_a_picture_that_stops_is_covered_not_frozen(place: Place) -> None:
    server, pages, rtsp = place
    admin = await server.client("admin")
    rtsp.tell("play", "good", "good")
    answer = await admin.post(f"/halls/{HALL}/cameras", {"name": "入口", "rtsp": rtsp.url("good")})
    assert answer.status == 201, answer
    page = await pages.signed_in("supervisor", f"/supervision?hall={HALL}", DESK)
    await expect(page.locator(".sup-view")).to_have_count(2)
    await page.keyboard.press("w")
    await page.locator(".wall-cell", has_text="入口").get_by_role("button").click()
    await page.wait_for_function(PLAYS)
    player = page.locator(".camera-player")
    rtsp.tell("stall", "good")
    await expect(player).to_have_attribute("data-playing", "late")
    await expect(page.locator(".camera-age")).to_contain_text("画面延迟")
    # The stream is given up: what is left is an old picture, and is called so.
    await expect(page.locator(".camera-box[data-old]")).to_be_attached()
    await expect(page.locator(".camera-age")).to_contain_text("旧画面")
    rtsp.tell("resume", "good")
    await page.wait_for_function(PLAYS)
    await expect(page.locator(".camera-age")).to_have_text("实时")
