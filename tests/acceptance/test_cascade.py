"""The administrator joins the city's video platform in the browser: sip-tester is the platform,
GStreamer's RTSP server the camera."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from hall_app.server import cameras_of
from hall_cameras.cascade import service
from tests.acceptance.browser import Pages
from tests.integration.cascade.media import Receiver
from tests.integration.cascade.upper import Upper
from tests.peers import sipp
from tests.peers.clips import footage
from tests.peers.rtsp import RtspPeer
from tests.peers.sipp import Sipp, free_port
from tests.support import HALL, eventually, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHOSEN = "34020000001310000555"


@pytest.fixture
def rtsp(tmp_path: Path) -> Iterator[RtspPeer]:
    with RtspPeer(footage(tmp_path / "clips", ("good",), seconds=2.0)) as peer:
        yield peer


async def test_a_platform_is_joined_watched_and_left(
    browser: Browser, rtsp: RtspPeer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LOOK_S", 0.05)
    async with (
        hall_server(tmp_path / "hall") as server,
        Pages(browser, server) as pages,
        AsyncExitStack() as ending,
    ):
        upper = Upper(server, tmp_path / "sipp")
        ending.callback(upper.registrar.close)
        cascade = cameras_of(server.kernel).cascade
        sessions = cascade.sessions
        admin = await server.client("admin")
        body = {"name": "东侧窗口", "rtsp": rtsp.url("good")}
        camera = (await admin.post(f"/halls/{HALL}/cameras", body)).body["camera_id"]
        await pages.account("head", "admin")
        page = await pages.signed_in("head", f"/admin?hall={HALL}#cascade")
        await page.clock.install()

        async def asks_again_when(happened: Callable[[], object]) -> None:
            """The page's seconds between two questions need not be waited."""
            await eventually(happened)
            await page.clock.fast_forward(3000)

        # Set up, but not enabled yet: first the ids are looked at.
        await page.get_by_role("button", name="接入上级平台").click()
        for field, value in {
            "name": "市视频平台", "server_id": "1", "host": "127.0.0.1", "port": str(upper.port),
            "device_id": sipp.DEVICE_ID, "password": sipp.PASSWORD,
            "local_port": str(upper.local_port),
        }.items():  # fmt: skip
            await page.locator(f"[data-field={field}] input").fill(value)
        await page.locator("[data-field=enabled] input").uncheck()
        with pages.expecting("422"):
            await page.keyboard.press("Control+s")
            wrong = page.locator("[data-field=server_id] .error")
            await expect(wrong).to_have_text("平台编码应为 20 位数字。")
        await page.locator("[data-field=server_id] input").fill(sipp.SERVER_ID)
        await page.keyboard.press("Control+s")
        await expect(page.locator(".cascade-live .state")).to_have_text("已停用")
        (upper.platform_id,) = cascade.platforms
        row = page.locator("tr[data-kind=camera]", has_text="东侧窗口")
        await page.get_by_role("tab", name="共享与编码").click()
        await row.get_by_role("button", name="修改编码").click()
        await page.get_by_role("dialog").locator("input").fill(CHOSEN)
        await page.keyboard.press("Enter")
        await expect(row).to_contain_text(CHOSEN)

        # Enabled: it registers, keeps alive, and the ids stay.
        await page.get_by_role("tab", name="接入设置").click()
        await page.locator("[data-field=enabled] input").check()
        await page.keyboard.press("Control+s")
        live = page.locator(".cascade-live")
        await asks_again_when(
            lambda: (
                cascade.find(upper.platform_id).registered_ms and upper.agent.registration.kept_at
            )
        )
        await expect(live.locator(".state")).to_have_text("已注册")
        await expect(live).to_contain_text(re.compile(r"最近心跳 \d\d:\d\d:\d\d"))
        assert upper.agent.directory.get(CHOSEN).subject == camera
        await expect(page.locator("[data-field=device_id] input")).to_be_disabled()
        await page.get_by_role("tab", name="共享与编码").click()
        await asks_again_when(lambda: upper.agent.directory.get(CHOSEN).online)
        await expect(row).to_contain_text("在线")
        await expect(row.get_by_role("button", name="修改编码")).to_have_count(0)

        # It watches, until the camera is withheld from it.
        with Receiver() as receiver:
            scenario = sipp.watched_scenario(CHOSEN, receiver.port)
            to = f"127.0.0.1:{upper.local_port}"
            with Sipp(upper.folder, scenario, free_port(), to, calls=1) as peer:
                await asks_again_when(
                    lambda: [s for s in sessions.of(upper.platform_id) if s.sending]
                )
                await expect(live).to_contain_text("正在观看 1 路")
                await expect(live.locator("li", has_text="东侧窗口")).to_contain_text("子码流")
                await page.get_by_role("tab", name="信令日志").click()
                await expect(page.locator("summary", has_text="INVITE sip:")).to_have_count(1)
                asked = page.locator("summary", has_text="REGISTER sip:")
                await asked.first.click()  # the newest: with its digest
                await expect(page.locator("pre:visible")).to_contain_text("response=***")
                assert sipp.PASSWORD not in await page.content()
                await page.get_by_role("tab", name="共享与编码").click()
                await row.get_by_role("button", name="不共享").click()
                await eventually(lambda: peer.status == 0)
        await expect(page.locator(".form-section", has_text="不共享的摄像机")).to_contain_text(
            "东侧窗口"
        )

        # Left.
        await page.get_by_role("tab", name="接入设置").click()
        await page.get_by_role("button", name="退出这个平台").click()
        await page.get_by_role("dialog").get_by_role("button", name="退出这个平台").click()
        await expect(page.locator(".tab-split.cascade")).to_contain_text("还没有接入上级平台")
        await eventually(lambda: upper.registrar.received(r"Expires: (\d+)")[-1] == "0")
        assert pages.faults == []
