"""Cameras in the browser as a new user meets them, with real video.

One story: found on the network, saved, drawn on, watched; a window left without a word is told step
by step, explained, confirmed, appealed and decided; the camera is covered. The camera is ipycam,
which nobody of us wrote, alone in a network of its own with the worker that watches it; minutes
pass on a clock that is moved. Then what a picture that stops looks like.
"""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from hall_app.server import cameras_of
from hall_cameras.domain.state import Camera
from hall_core.alerts import Alert
from hall_core.clock import ManualClock
from hall_core.faults import ReportDevice
from hall_core.halls import SYSTEM, Hall
from tests.acceptance.browser import DESK, Counter, Pages, dated_by
from tests.peers.clips import footage
from tests.peers.namespaces import ADDRESS, Network
from tests.peers.rtsp import RtspPeer
from tests.support import HALL, HallServer, eventually, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT = Path(__file__).parents[2]
MORNING = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday, 09:00 in the hall
PASSWORD = "p@:/#x"
SCENES = {"people": signal.SIGUSR1, "nobody": signal.SIGUSR2, "cloth": signal.SIGHUP}
PLAYS = """() => {
  const video = document.querySelector("video");
  return video !== null && video.videoWidth === 640 && video.currentTime > 0.5 && !video.paused;
}"""


class Place(NamedTuple):
    server: HallServer
    pages: Pages
    clock: ManualClock

    @property
    def camera(self) -> Camera:
        """The hall's only camera, or the last that was added."""
        cameras: dict[str, Camera] = self.server.hall().committed["cameras"].cameras
        return list(cameras.values())[-1]

    async def minutes(self, count: int) -> None:
        for _ in range(count):
            self.clock.advance(minutes=1)
            self.server.kernel.tick()
            await self.server.hall().drain()


@pytest.fixture(scope="module")
def rtsp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspPeer]:
    clips = footage(tmp_path_factory.mktemp("clips"), ("good",), seconds=2.0)
    with RtspPeer(clips) as peer:
        yield peer


@pytest_asyncio.fixture(loop_scope="session")
async def place(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    clock = ManualClock(MORNING)
    async with (
        hall_server(
            tmp_path_factory.mktemp("hall"), clock=clock, always_open=False, extend=dated_by(clock)
        ) as server,
        Pages(browser, server) as pages,
    ):
        await pages.account("manager", "manager")
        await pages.account("supervisor", "supervisor")
        yield Place(server, pages, clock)
        assert pages.faults == []


# --- a camera in a network of its own ------------------------------------------------------------


class Street:
    """The network with the camera in it."""

    def __init__(self, network: Network, camera: subprocess.Popen[str]) -> None:
        self.network = network
        self._camera = camera

    def show(self, scene: str) -> None:
        """What is before the lens from now on."""
        self._camera.send_signal(SCENES[scene])


@pytest.fixture(scope="module")
def street() -> Iterator[Street]:
    with Network() as network:
        command = [sys.executable, "-m", "tests.peers.ipycam_camera", "8080", "8554", "admin"]
        camera = network.start(["env", "-C", ROOT, *command, PASSWORD, "--discovery"])
        assert camera.stdout is not None
        assert camera.stdout.readline() == "ready\n"
        yield Street(network, camera)
        camera.kill()
        camera.wait()
        camera.stdout.close()


@pytest_asyncio.fixture(loop_scope="session")
async def watched(
    street: Street, place: Place, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    """A worker in the street; its only way out is a port there that leads to the server."""
    monkeypatch.setattr("hall_cameras.supervisor.Supervisor.wanted", lambda self: None)
    monkeypatch.setattr("hall_cameras.routes.DISCOVER_S", 0.5)  # it answers at once
    door: socket.socket = street.network.run(lambda: socket.create_server(("127.0.0.1", 0)))
    host, port = place.server.base.removeprefix("http://").split(":")

    going: set[asyncio.Task[None]] = set()

    async def carry(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        while data := await source.read(1 << 16):
            to.write(data)
            await to.drain()

    async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        going.add(asyncio.current_task())  # type: ignore[arg-type]
        from_server, to_server = await asyncio.open_connection(host, int(port))
        ways = [carry(reader, to_server), carry(from_server, writer)]
        tasks = [asyncio.create_task(way) for way in ways]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for end in (writer, to_server):
                end.close()

    way_out = await asyncio.start_server(through, sock=door)
    url = f"http://127.0.0.1:{door.getsockname()[1]}"
    token = await place.server.token("camera")
    command = [sys.executable, "-m", "tests.peers.quick_worker", url, token]
    worker = street.network.start(["env", "-C", ROOT, *command])
    links = cameras_of(place.server.kernel).workers.links
    await eventually(lambda: links)
    yield
    worker.kill()  # how one ends in peace is told by the tests of workers
    await asyncio.to_thread(worker.wait)
    if worker.stdout is not None:
        worker.stdout.close()
    way_out.close()
    for task in going:
        task.cancel()
    await asyncio.gather(*going, return_exceptions=True)


# --- what people do ------------------------------------------------------------------------------


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


@pytest.mark.usefixtures("watched")
async def test_found_drawn_on_left_explained_decided_and_covered(
    place: Place, street: Street
) -> None:
    server, pages = place.server, place.pages
    cameras = cameras_of(server.kernel)
    page = await pages.signed_in("manager", f"/admin?hall={HALL}#cameras", DESK)

    # Found on the network; what is wrong is said beside the field.
    await page.get_by_role("button", name="添加摄像机").click()
    adding = page.get_by_role("dialog")
    await adding.locator(".found-row", has_text="Peer").get_by_role("button").click()
    await expect(adding.get_by_label("ONVIF 地址")).to_have_value(re.compile(ADDRESS))
    await adding.get_by_label("用户名").fill("admin")
    await adding.get_by_label("密码").fill(PASSWORD)
    await adding.get_by_label("名称").fill("")
    await adding.get_by_role("button", name="添加").click()
    await expect(adding.locator("[data-field=name] .error")).to_be_visible()
    await adding.get_by_label("名称").fill("东侧窗口")
    await adding.get_by_role("button", name="添加").click()
    await expect(page.locator(".camera-name .state")).to_have_text("在线")

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
    await drawn(page, (0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98))
    await page.locator(".zone-pick[data-number='2']").press("Enter")
    await page.get_by_role("button", name="放一个方框").press("Enter")
    await expect(page.locator("[data-corner='0']")).to_be_focused()
    await page.keyboard.press("Shift+ArrowDown")
    await saved(page)
    zones = {zone.window: zone.polygon for zone in place.camera.zones}
    clicked = [(0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98)]
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

    await left_without_a_word(place, street, page, wall)

    # A cloth over the lens: said on the wall, and as an alert whose pictures stand beside it.
    await wall.keyboard.press("Escape")
    street.show("cloth")
    alert = wall.locator(".alert-row", has_text="摄像机被遮挡")
    await expect(alert).to_be_visible()
    await expect(tile.locator(".wall-caption .state").first).to_contain_text("被遮挡")
    await alert.click()
    detail = wall.locator(".wall-detail")
    await expect(detail.locator("h2")).to_have_text("东侧窗口")
    await expect(detail.locator(".wall-window").first).to_contain_text("空闲")
    await expect(detail.locator(".wall-alert .evidence")).to_have_text(
        [re.compile("正常时"), re.compile("异常时")]
    )
    await expect(detail.locator(".window-day h3")).to_have_text(re.compile("1号窗口今天"))
    await detail.locator(".day-stretch[data-state=suspected]").click()
    await expect(detail.locator(".day-words")).to_contain_text("疑似空岗09:05–09:16")
    await expect(detail.locator(".window-day img")).to_have_count(3)
    await wall.wait_for_function(PLAYS)

    # A closed page looks no more.
    await wall.close()
    await eventually(lambda: cameras.live.viewers == 0)


def evidence(hall: Hall, alert_id: str) -> tuple[str, ...]:
    """Ids of the pictures that an alert has by now."""
    alert: Alert = hall.committed["alerts"].alerts[alert_id]
    return alert.evidence


async def left_without_a_word(place: Place, street: Street, manager: Page, wall: Page) -> None:
    """Window 1 from being open to the decision on its clerk's appeal."""
    pages, hall = place.pages, place.server.hall()
    queue = hall.committed["queue"]
    clerk = next(no for no, one in queue.clerks.items() if 1 in one.windows)
    desk = await pages.device("counter", "/counter", DESK, window=1)
    counter = Counter(desk)
    await counter.open(clerk)
    await eventually(lambda: place.camera.presence.get(1) is True)
    street.show("nobody")
    await eventually(lambda: place.camera.presence.get(1) is False)

    # 5 minutes: the window. 10: its manager. 15: supervision, which has heard nothing before.
    await place.minutes(5)
    told = desk.locator(".note", has_text="窗口疑似无人")
    await expect(told).to_be_visible()
    (alert,) = hall.committed["alerts"].alerts.values()
    await eventually(lambda: len(evidence(hall, alert.alert_id)) == 2)
    await place.minutes(5)
    await manager.goto(f"{place.server.base}/supervision?hall={HALL}")
    known = manager.locator(".alert-row", has_text="疑似空岗")
    await expect(known).to_contain_text("大厅级")
    await expect(manager.locator(".alert-story .evidence")).to_have_text(
        [re.compile("提醒前"), re.compile("提醒时")]
    )
    heard = wall.locator(".alert-row", has_text="疑似空岗")
    assert await heard.count() == 0
    await place.minutes(5)
    await expect(heard).to_contain_text("监督级")

    # Back, it ends by itself; the clerk says what it was, and the manager does not believe it.
    street.show("people")
    await eventually(lambda: place.camera.presence.get(1) is True)
    await place.minutes(1)
    await expect(heard).to_have_count(0)
    await desk.locator(".note", has_text="曾疑似无人").click()
    await counter.dialog.get_by_label("情况说明").fill("在旁边打印材料")
    await desk.keyboard.press("Enter")
    await expect(known).to_contain_text("已说明")
    story = manager.locator(".alert-story")
    await expect(story).to_contain_text("窗口 说明：在旁边打印材料")
    await expect(story.locator(".evidence")).to_have_count(3)
    await manager.keyboard.press("v")
    await manager.keyboard.press("Control+Enter")
    await expect(known).to_contain_text("属实")

    # The clerk appeals, and supervision decides it.
    await desk.locator(".note", has_text="可以申诉").click()
    await counter.dialog.get_by_label("申诉理由").fill("打印机在画面之外")
    await desk.keyboard.press("Enter")
    await expect(heard).to_contain_text("已申诉")
    await expect(wall.locator(".alert-acts")).to_have_text(re.compile("维持属实.*申诉成立"))
    await wall.keyboard.press("x")
    await wall.keyboard.press("Control+Enter")
    await expect(wall.get_by_role("dialog").locator(".error")).to_be_visible()
    await wall.get_by_label("说明").fill("打印机旁算在岗")
    await wall.keyboard.press("Control+Enter")
    await expect(heard).to_have_count(0)
    await expect(known).to_have_count(0)
    alert = hall.committed["alerts"].alerts[alert.alert_id]
    said = [one.state for one in alert.said]
    assert said == ["explained", "confirmed", "appealed", "dismissed"]
    await desk.close()


async def test_a_picture_that_stops_is_covered_not_frozen(place: Place, rtsp: RtspPeer) -> None:
    server, pages = place.server, place.pages
    admin = await server.client("admin")
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

    # Put on the list of those to go round, it is there at another desk, too.
    async with page.expect_response("**/patrol"):
        await page.get_by_role("button", name="加入巡视").click()
    await expect(page.get_by_role("button", name="移出巡视")).to_be_visible()
    desk = await pages.signed_in("supervisor", f"/supervision?hall={HALL}", DESK)
    await expect(desk.locator(".sup-view")).to_have_count(2)
    await desk.keyboard.press("w")
    await expect(desk.locator("option[value=patrol]")).to_have_text("巡视列表（1）")

    # Many alerts at once can be narrowed down to a kind.
    faulty = [ReportDevice(device_id=f"d{n}", name=f"{n}号屏", fault="lost") for n in range(13)]
    for report in faulty:
        await server.hall().execute(report, SYSTEM, lambda live, records: None)
    await desk.get_by_label("只看一种提醒").select_option("kind:device_fault")
    rows = desk.locator(".alert-row")
    await expect(rows).to_have_count(len(faulty))
