"""A window that is left: from the picture to the alert, its evidence, and a person's word."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest
import pytest_asyncio

from hall_app.check import check_directory
from hall_cameras import wire
from hall_cameras.presence import looker, smoothing
from hall_core.clock import ManualClock
from hall_core.setup import CameraSettings, CameraZone
from tests.integration.cameras.test_watch import watching
from tests.integration.cameras.test_workers import ByHand
from tests.integration.people import account, signed_in
from tests.peers import clips
from tests.peers.rtsp import RtspPeer
from tests.support import HALL, Client, HallServer, eventually, hall_server

MORNING = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday, 09:00 in the hall
WINDOW = 3
ZONE = ((0.1, 0.1), (0.4, 0.1), (0.4, 0.6), (0.1, 0.6))


# --- the worker's side: real footage -----------------------------------------------------------


def somebody(pictures: tuple[clips.Picture, ...], empty: clips.Picture) -> CameraZone:
    """A zone around the one who stands clearest in the first picture."""
    gray = cv2.cvtColor(cv2.absdiff(pictures[0], empty), cv2.COLOR_BGR2GRAY)
    mask = cv2.morphologyEx((gray > 30).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 5)))
    contours = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    x, y, w, h = cv2.boundingRect(max(contours, key=cv2.contourArea))
    left, right, top, bottom = (x - 8) / 640, (x + w + 8) / 640, (y - 8) / 360, (y + h + 8) / 360
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return CameraZone(
        window=WINDOW,
        polygon=tuple((min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)) for x, y in corners),
    )


async def test_a_worker_sees_who_is_there_and_who_has_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looker, "LOOK_S", 0.1)
    monkeypatch.setattr(smoothing, "GONE_S", 0.5)
    pictures = clips.people()
    empty: clips.Picture = np.median(np.stack(pictures), axis=0).astype(np.uint8)
    clips.clip([pictures[0]] * 25, tmp_path / "there.clip")
    clips.clip([empty] * 25, tmp_path / "gone.clip")
    zone = somebody(pictures, empty)
    still = CameraSettings(lasts_s=1, frozen_s=0, moved_share=0, covered_share=0)
    with RtspPeer(tmp_path) as peer:
        async with watching(peer.url("there"), zones=(zone,), settings=still) as camera:
            there = await camera.until(lambda m: isinstance(m, wire.InZone))
            assert (there.window, there.present) == (WINDOW, True)
            assert there.confidence > 0.4
            peer.tell("play", "there", "gone")
            gone = await camera.until(lambda m: isinstance(m, wire.InZone))
            assert gone.present is False
            assert gone.lasted_s >= 0.5
            assert camera.watch.presence is not None
            before, now = camera.watch.presence.evidence(WINDOW)
            assert before.age_s > now.age_s
            for shown in (before, now):
                assert coarse_outside(shown.jpeg, zone)
            assert sharp_inside(before.jpeg, pictures[0], zone)


def decoded(jpeg: bytes) -> clips.Picture:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture


def rectangle(zone: CameraZone) -> tuple[slice, slice]:
    xs = sorted({round(x * 640) for x, _ in zone.polygon})
    ys = sorted({round(y * 360) for _, y in zone.polygon})
    return slice(ys[0] + 4, ys[-1] - 4), slice(xs[0] + 4, xs[-1] - 4)


def coarse_outside(jpeg: bytes, zone: CameraZone) -> bool:
    """Squares of one colour: citizens are nobody there."""
    gray = cv2.cvtColor(decoded(jpeg), cv2.COLOR_BGR2GRAY).astype(float)
    rows, columns = rectangle(zone)
    gray[
        max(0, rows.start - 16) : rows.stop + 16, max(0, columns.start - 16) : columns.stop + 16
    ] = 0
    blocks = gray.reshape(45, 8, 80, 8)
    return float(np.median(blocks.std(axis=(1, 3)))) < 3


def sharp_inside(jpeg: bytes, original: clips.Picture, zone: CameraZone) -> bool:
    where = rectangle(zone)
    difference = cv2.absdiff(decoded(jpeg)[where], original[where])
    return float(difference.mean()) < 12


# --- the server's side -------------------------------------------------------------------------


class Scene:
    """A hall at 9:00 with window 3 open, a camera on it, and a worker that the test plays."""

    def __init__(self, server: HallServer, clock: ManualClock, manager: Client) -> None:
        self.server, self.clock, self.manager = server, clock, manager
        self.camera_id = ""
        self.worker: ByHand
        self.epoch = 0
        self.pictures = 0  # how often the newest was asked for
        self.epochs: dict[str, int] = {}  # of cameras whose zones were drawn later
        self.blind = ""  # a camera that has no picture

    async def sees(self, present: bool | None) -> None:
        await self.worker.say(
            wire.InZone(
                camera_id=self.camera_id, epoch=self.epoch, window=WINDOW, present=present,
                confidence=0.8,
            )
        )  # fmt: skip
        await eventually(lambda: self.known() is present)

    async def reports(self, *faults: Any) -> None:
        await self.worker.say(
            wire.Report(camera_id=self.camera_id, epoch=self.epoch, state="online", faults=faults)
        )
        await eventually(lambda: (c := self.camera()).state == "online" and c.faults == faults)

    def camera(self) -> Any:
        return self.server.hall().committed["cameras"].cameras[self.camera_id]

    def known(self) -> bool | None:
        seen = self.server.hall().committed["queue"].posts[WINDOW].seen.get(self.camera_id)
        return None if seen is None else bool(seen.present)

    async def minutes(self, count: int) -> None:
        for _ in range(count):
            self.clock.advance(minutes=1)
            self.server.kernel.tick()
            await self.server.hall().drain()

    async def alerts(self, state: str = "open", kind: str = "suspected_absent") -> list[Any]:
        found = (await self.manager.get(f"/halls/{HALL}/alerts?state={state}")).body
        return [alert for alert in found if alert["kind"] == kind]

    async def handle(self, who: Client, alert_id: str, command: str, text: str = "") -> Any:
        body = {"command": command, "text": text}
        return await who.post(f"/alerts/{alert_id}/commands", body)


async def play(scene: Scene) -> None:
    """Answer what the server asks: two pictures of the window, the newest one."""
    jpeg = b"\xff\xd8 a picture"
    while True:
        message = await scene.worker.socket.receive()
        if not isinstance(message.data, bytes):
            return
        told = wire.decode_to_worker(message.data)
        if isinstance(told, wire.Take) and told.order.zones:
            scene.epochs[told.order.camera_id] = told.epoch
        elif isinstance(told, wire.Ask) and told.camera_id == scene.blind:
            await scene.worker.say(wire.Answer(id=told.id, result=None, error="no_picture"))
        elif isinstance(told, wire.Ask) and told.what == "window":
            assert told.window == WINDOW
            pictures = [wire.Picture(jpeg=jpeg, age_s=400), wire.Picture(jpeg=jpeg, age_s=1)]
            answer = [{"jpeg": picture.jpeg, "age_s": picture.age_s} for picture in pictures]
            await scene.worker.say(wire.Answer(id=told.id, result=answer))
        elif isinstance(told, wire.Ask) and told.what == "picture":
            scene.pictures += 1
            await scene.worker.say(wire.Answer(id=told.id, result={"jpeg": jpeg, "age_s": 1}))


async def beat(scene: Scene) -> None:
    while True:
        await scene.worker.say(wire.Beat())
        await asyncio.sleep(wire.BEAT_S)


@pytest_asyncio.fixture
async def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setattr("hall_cameras.supervisor.Supervisor.wanted", lambda self: None)
    monkeypatch.setattr("hall_cameras.presence.evidence.LOOK_S", 0.05)
    clock = ManualClock(MORNING)
    async with hall_server(tmp_path, clock=clock) as server, contextlib.AsyncExitStack() as stack:
        manager = await server.client("admin")
        made = Scene(server, clock, manager)
        body = {"name": "三号窗口", "rtsp": "rtsp://127.0.0.1:1/x", "onvif": None,
                "username": "", "password": ""}  # fmt: skip
        made.camera_id = (await manager.post(f"/halls/{HALL}/cameras", body)).body["camera_id"]
        zones = [{"window": WINDOW, "polygon": ZONE}]
        answer = await manager.request("PUT", f"/cameras/{made.camera_id}/zones", zones)
        assert answer.status == 200, answer
        url, token = server.base + wire.PATH, await server.token("camera")
        made.worker = ByHand(await stack.enter_async_context(server.http.ws_connect(url)))
        await made.worker.say(wire.Hello(token=token, name="w", capacity=9))
        made.epoch = (await made.worker.take()).epoch
        playing = [asyncio.create_task(play(made)), asyncio.create_task(beat(made))]
        await made.reports()
        clerks = (await manager.get(f"/halls/{HALL}/clerks")).body
        clerk = next(c["clerk_no"] for c in clerks if WINDOW in c["windows"])
        counter = await server.client("counter", window=WINDOW)
        assert (await counter.press(WINDOW, "open", clerk=clerk)).status == 200
        yield made
        for task in playing:
            task.cancel()
        assert check_directory(server.directory) == []


async def test_from_an_empty_zone_to_a_dismissed_alert(scene: Scene) -> None:
    counter = await scene.server.client("counter", window=WINDOW)
    await scene.sees(True)
    await scene.minutes(10)
    assert await scene.alerts() == []
    await scene.sees(False)
    await scene.minutes(5)
    (alert,) = await scene.alerts()
    assert (alert["window"], alert["level"]) == (WINDOW, "window")
    assert alert["camera_id"] == scene.camera_id
    assert alert["detail_en"] == "Nobody on the picture"
    # Of the counters it is told to this window's alone, in no stream and no list of the others.
    mine = (await counter.get(f"/halls/{HALL}/alerts?window={WINDOW}")).body
    assert [one["alert_id"] for one in mine] == [alert["alert_id"]]
    neighbour = await scene.server.client("counter", window=WINDOW + 1)
    assert (await neighbour.get(f"/halls/{HALL}/alerts")).body == []
    assert (await neighbour.get(f"/halls/{HALL}/alerts?state=all")).body == []
    assert (await neighbour.get(f"/halls/{HALL}/snapshot")).body["state"]["alerts"] == []
    events = (await neighbour.get(f"/halls/{HALL}/events")).body["events"]
    assert "alert_raised" not in {event["type"] for event in events}
    await eventually(lambda: shown(scene) == [2])
    (alert,) = await scene.alerts()
    for url in alert["evidence"]:
        assert (await scene.manager.get(url)).raw.startswith(b"\xff\xd8")
    await scene.minutes(5)
    assert [a["level"] for a in await scene.alerts()] == ["hall"]
    # The third step is the supervisors'; of the first two they are told nothing.
    supervisor = await scene.server.client("supervisor")
    assert await seen_by(supervisor) == ([], [], 0)
    assert (await scene.handle(supervisor, alert["alert_id"], "acknowledge")).status == 404
    await scene.minutes(5)
    everywhere = ["supervision"]
    assert await seen_by(supervisor) == (everywhere, everywhere, 1)
    assert await seen_by(scene.manager) == (everywhere, everywhere, 1)
    await scene.sees(True)  # the clerk is back
    await scene.minutes(0)
    scene.server.kernel.tick()
    await scene.server.hall().drain()
    assert await scene.alerts() == []
    await eventually(lambda: shown(scene) == [3])
    # It ended by itself, and can still be explained and judged.
    explained = await scene.handle(counter, alert["alert_id"], "explain", "在旁边打印材料")
    assert explained.body["state"] == "explained"
    assert (await scene.handle(counter, alert["alert_id"], "confirm")).status == 403
    # Nor does an account of the clerk's own, whatever it may do otherwise.
    access = scene.server.kernel.access
    await account(scene.server, "self", "manager")
    own = msgspec.structs.replace(access.users["self"], clerk_no=alert["clerk"], clerk_hall=HALL)
    await access.save_user(own)
    themselves = await signed_in(scene.server, "self")
    refused = await scene.handle(themselves, alert["alert_id"], "dismiss", "我在")
    assert refused.code == "own_alert"
    confirmed = await scene.handle(scene.manager, alert["alert_id"], "confirm")
    assert confirmed.body["state"] == "confirmed"
    for verb in ("acknowledge", "explain"):  # the window takes nothing back
        refused = await scene.handle(counter, alert["alert_id"], verb, "再说")
        assert refused.code == "alert_state", verb
    assert (await scene.handle(counter, alert["alert_id"], "appeal")).status == 422
    (mine,) = (await counter.get(f"/halls/{HALL}/alerts?window={WINDOW}")).body
    assert mine["note"]["text"] == "在旁边打印材料"
    appealed = await scene.handle(counter, alert["alert_id"], "appeal", "打印机在画面之外")
    assert (appealed.body["state"], appealed.body["level"]) == ("appealed", "supervision")
    assert (await scene.handle(scene.manager, alert["alert_id"], "close")).code == "alert_state"
    (listed,) = await scene.alerts()
    assert [(one["state"], one["text"]) for one in listed["said"]] == [
        ("explained", "在旁边打印材料"), ("confirmed", None), ("appealed", "打印机在画面之外"),
    ]  # fmt: skip
    dismissed = await scene.handle(scene.manager, alert["alert_id"], "dismiss", "区域画小了")
    assert dismissed.body["state"] == "dismissed"
    again = await scene.handle(counter, alert["alert_id"], "explain", "再说")
    assert (again.status, again.code) == (409, "alert_ended")
    (camera,) = (await scene.manager.get(f"/halls/{HALL}/cameras")).body
    assert camera["dismissed_rate"] == 1.0
    # However many look at a still, the camera is asked once.
    path = f"/cameras/{scene.camera_id}/snapshot.jpg"
    looks = await asyncio.gather(*(scene.manager.get(path) for _ in range(20)))
    assert {look.status for look in looks} == {200}
    assert scene.pictures == 1
    assert camera["presence"] == [{"window": WINDOW, "present": True}]


async def seen_by(who: Client) -> tuple[list[str], list[str], int]:
    """Levels of the alerts as `who` gets them: asked for, in the hall's state, and counted."""
    listed = (await who.get(f"/halls/{HALL}/alerts")).body
    state = (await who.get(f"/halls/{HALL}/snapshot")).body["state"]
    tree = (await who.get("/supervision/tree")).body
    (hall,) = [hall for hall in tree["halls"] if hall["id"] == HALL]
    levels = [[alert["level"] for alert in alerts] for alerts in (listed, state["alerts"])]
    return levels[0], levels[1], hall["alerts_open"]


def shown(scene: Scene) -> list[int]:
    """How many pictures each alert has."""
    alerts = scene.server.hall().committed["alerts"].alerts.values()
    return [len(alert.evidence) for alert in alerts]


async def test_a_fault_or_a_removed_zone_makes_presence_unknown(scene: Scene) -> None:
    await scene.sees(False)
    await scene.reports("black")
    assert scene.known() is None
    await scene.minutes(30)
    assert await scene.alerts() == []
    await scene.sees(None)  # still black: nothing is said
    await scene.reports()
    await scene.sees(False)
    answer = await scene.manager.request("PUT", f"/cameras/{scene.camera_id}/zones", [])
    assert answer.status == 200
    await eventually(lambda: scene.known() is None)


async def test_a_windows_day_is_told_with_its_evidence(scene: Scene) -> None:
    kiosk = await scene.server.client("kiosk")
    counter = await scene.server.client("counter", window=WINDOW)
    state = (await scene.manager.get(f"/halls/{HALL}/snapshot")).body["state"]
    queue = next(w["queues"][0] for w in state["windows"] if w["number"] == WINDOW)
    await kiosk.take(queue)
    await scene.sees(True)
    await scene.minutes(1)
    called = await counter.press(WINDOW, "call_next")
    await scene.minutes(1)
    await counter.press(WINDOW, "start")
    await scene.minutes(4)
    await counter.press(WINDOW, "finish")
    await scene.sees(False)
    await scene.minutes(7)
    await eventually(lambda: shown(scene) == [2])
    back = {"reason": "会议", "contact": "1", "expected_return": "2026-03-02T02:00:00Z"}
    assert (await counter.press(WINDOW, "leave", **back)).status == 200
    supervisor = await scene.server.client("supervisor")
    told = (await supervisor.get(f"/halls/{HALL}/windows/{WINDOW}/timeline")).body
    assert [stretch["state"] for stretch in told["intervals"]] == [
        "closed", "open", "calling", "serving", "open", "suspected", "away",
    ]  # fmt: skip
    serving, suspected = told["intervals"][3], told["intervals"][5]
    assert serving["number"] == called.body["ticket"]["number"]
    assert len(suspected["evidence"]) == 2
    assert suspected["since"] < suspected["until"] == told["intervals"][6]["since"]
    assert told["intervals"][6]["until"] is None
    assert [sight["present"] for sight in told["presence"]] == [True, False]
    path = f"/halls/{HALL}/windows/{WINDOW}/timeline"
    assert (await supervisor.get(f"{path}?day=1999-01-01")).status == 404
    assert (await counter.get(path)).status == 403


async def test_where_one_camera_has_no_picture_another_shows_the_window(scene: Scene) -> None:
    body = {"name": "另一侧", "rtsp": "rtsp://127.0.0.1:1/y", "onvif": None,
            "username": "", "password": ""}  # fmt: skip
    other = (await scene.manager.post(f"/halls/{HALL}/cameras", body)).body["camera_id"]
    zones = [{"window": WINDOW, "polygon": ZONE}]
    assert (await scene.manager.request("PUT", f"/cameras/{other}/zones", zones)).status == 200
    await eventually(lambda: other in scene.epochs)
    cameras = scene.server.hall().committed["cameras"].cameras
    await scene.worker.say(wire.Report(camera_id=other, epoch=scene.epochs[other], state="online"))
    await eventually(lambda: cameras[other].state == "online")
    scene.blind = scene.camera_id
    await scene.sees(False)
    await scene.minutes(5)
    await eventually(lambda: shown(scene) == [2])
