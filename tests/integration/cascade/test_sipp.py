"""With sip-tester as the upper platform: registered, asked, invited; its pictures decoded and
compared with the camera's, bit for bit."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from hall_app.demo import platform as city
from hall_app.server import cameras_of
from hall_core.clock import ManualClock
from tests.integration.cascade.media import (
    Receiver,
    decoded,
    in_order,
    program_stream,
    source_frames,
)
from tests.integration.cascade.upper import SSRC, Upper, setup
from tests.peers import sipp
from tests.peers.rtsp import RtspPeer
from tests.peers.sipp import Sipp
from tests.support import HALL, HallServer, eventually, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLOCK = ManualClock(datetime(2026, 11, 23, 1, 0, tzinfo=UTC))  # nine o'clock on a Monday


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HallServer]:
    async with hall_server(tmp_path_factory.mktemp("hall"), clock=CLOCK) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def upper(
    server: HallServer, rtsp: RtspPeer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Upper]:
    """Registered, and it sees one camera that is online."""
    admin = await server.client("admin")
    body = {"name": "东侧<窗口>", "rtsp": rtsp.url("good1")}
    answer = await admin.post(f"/halls/{HALL}/cameras", body)
    camera_id = answer.body["camera_id"]
    state = server.hall().committed["cameras"].cameras
    upper = Upper(server, tmp_path_factory.mktemp("sipp"))
    try:
        await upper.register()
        await eventually(lambda: state[camera_id].state == "online")
        await eventually(
            lambda: any(n.kind == "camera" and n.online for n in upper.agent.directory.nodes)
        )
        upper.channel = next(n.id for n in upper.agent.directory.nodes if n.kind == "camera")
        yield upper
    finally:
        await upper.leave()


async def test_it_is_registered_and_keeps_alive(upper: Upper) -> None:
    await eventually(lambda: upper.agent.registration.kept_at is not None)
    sent = upper.registrar.received(r"X-GB-Ver: (\S+)")
    assert set(sent) == {"2.0"}
    assert upper.registrar.received(r"<CmdType>(Keepalive)</CmdType>")
    assert upper.agent.registration.granted_s == 3600


async def test_the_catalogue_comes_in_order(upper: Upper) -> None:
    await upper.call(sipp.message_scenario(sipp.query("Catalog", sipp.DEVICE_ID, sn=4711)))
    nodes = upper.agent.directory.nodes
    found = r"<Item>\s*<DeviceID>(\d+)</DeviceID>"
    await eventually(lambda: len(upper.registrar.received(found)) == len(nodes))
    assert upper.registrar.received(found) == [node.id for node in nodes]
    assert [node.kind for node in nodes][:1] == ["system"]
    assert set(upper.registrar.received(r"<SumNum>(\d+)</SumNum>")) == {str(len(nodes))}
    assert "<Name>东侧&lt;窗口&gt;</Name>" in upper.registrar.messages


async def test_pictures_come_over_udp(upper: Upper, clips_folder: Path) -> None:
    with Receiver() as receiver:
        scenario = sipp.invite_scenario(upper.channel, receiver.port)
        await upper.call(scenario, watched=lambda _: receiver.has(30))
        assert not cameras_of(upper.server.kernel).cascade.sessions.by_id
        frames = decoded(program_stream(receiver.packets, SSRC))
    assert len(frames) > 25
    assert in_order(frames, source_frames(clips_folder / "good.clip"))


async def test_pictures_come_over_tcp(upper: Upper, clips_folder: Path) -> None:
    with Receiver("passive") as receiver:
        scenario = sipp.invite_scenario(upper.channel, receiver.port, "passive")
        await upper.call(scenario, tcp=True, watched=lambda _: receiver.has(20))
        frames = decoded(program_stream(receiver.packets, SSRC))
    assert len(frames) > 15
    assert in_order(frames, source_frames(clips_folder / "good.clip"))


async def test_what_is_not_shared_is_not_there(upper: Upper) -> None:
    unknown = "34020000001310009999"
    await upper.call(sipp.message_scenario(sipp.query("DeviceInfo", unknown), status=404))
    refused = sipp.refused_invite_scenario(unknown, 404)
    await upper.call(refused)
    assert not cameras_of(upper.server.kernel).cascade.sessions.by_id


async def test_device_status_and_records_are_answered_honestly(upper: Upper) -> None:
    for command in ("DeviceStatus", "RecordInfo", "DeviceInfo"):
        await upper.call(sipp.message_scenario(sipp.query(command, upper.channel, sn=99)))
        found = rf"<CmdType>{command}</CmdType>"
        await eventually(lambda found=found: upper.registrar.received(found))  # type: ignore[misc]
    assert "<Online>ONLINE</Online>" in upper.registrar.messages
    assert '<RecordList Num="0">' in upper.registrar.messages


async def test_a_withheld_camera_is_gone_and_comes_back_under_its_id(upper: Upper) -> None:
    admin = await upper.server.client("admin")
    path = f"/cascade/platforms/{upper.platform_id}"
    camera_id = upper.agent.directory.get(upper.channel).subject
    cascade = cameras_of(upper.server.kernel).cascade
    station = cascade.stations[upper.platform_id]
    before = msgspec.structs.replace(cascade.find(upper.platform_id), registered_ms=None)
    body = setup(upper.port, upper.local_port, transport="udp") | {"password": None}
    assert (await admin.request("PUT", path, body | {"withheld": [camera_id]})).status == 200
    assert upper.agent.directory.get(upper.channel) is None
    assert (await admin.get(f"{path}/channels")).body["withheld"][0]["camera_id"] == camera_id
    await upper.call(sipp.refused_invite_scenario(upper.channel, 404))
    await cascade._seen(before, upper.agent.directory, 1)  # it registered just before the edit
    assert cascade.find(upper.platform_id).setup.withheld == (camera_id,)
    assert (await admin.request("PUT", path, body)).status == 200
    assert upper.agent.directory.get(upper.channel).subject == camera_id
    assert station is cascade.stations[upper.platform_id]
    seen = await admin.request("PUT", f"/cascade/ids/{upper.channel}", {"gb_id": "1" * 20})
    assert (seen.status, seen.code) == (409, "id_shown")
    moved = await admin.request("PUT", path, body | {"device_id": sipp.DEVICE_ID[:-1] + "0"})
    assert (moved.status, moved.code) == (409, "id_shown")


async def test_alarms_tell_of_a_fault_and_of_an_absence_once_it_is_confirmed(
    upper: Upper, rtsp: RtspPeer, tmp_path: Path
) -> None:
    server, admin = upper.server, await upper.server.client("admin")
    late = Upper(server, tmp_path)
    await late.set_up(enabled=False)  # it hears of nothing meanwhile
    alarm = r"<CmdType>Alarm</CmdType>[^$]*?<DeviceID>(\d+)</DeviceID>[^$]*?%s"
    body = {"name": "黑", "rtsp": rtsp.url("black0"), "settings": {"lasts_s": 1}}
    dark = (await admin.post(f"/halls/{HALL}/cameras", body)).body["camera_id"]
    video = alarm % "<AlarmMethod>5</AlarmMethod>[^$]*?<AlarmType>11</AlarmType>"
    await eventually(lambda: upper.registrar.received(video))
    (camera,) = upper.registrar.received(video)
    assert upper.agent.directory.get(camera).subject == dark
    counter = await server.client("counter", window=3)
    assert (await counter.press(3, "open", clerk="003")).status == 200
    await (await server.client("kiosk")).take("H")
    for _ in range(6):
        CLOCK.advance(minutes=1)
        server.kernel.tick()
        await server.hall().drain()
    found = (await admin.get(f"/halls/{HALL}/alerts?state=open")).body
    (absence,) = [alert for alert in found if alert["kind"] == "suspected_absent"]
    told = "<AlarmDescription>3号窗口脱岗已核实"
    assert told not in upper.registrar.messages
    path = f"/alerts/{absence['alert_id']}/commands"
    assert (await admin.post(path, {"command": "confirm"})).status == 200
    await eventually(lambda: told in upper.registrar.messages)
    (hall,) = upper.registrar.received(alarm % told)
    assert upper.agent.directory.get(hall).subject == HALL
    late_body = setup(late.port, late.local_port, transport="udp")
    enabled = await admin.request("PUT", f"/cascade/platforms/{late.platform_id}", late_body)
    assert enabled.status == 200
    await eventually(lambda: late.registrar.received(alarm % told))
    assert late.registrar.received(video) == [camera]
    await late.retry("once")
    agent = late.agent
    await late.retry("once")  # as if the answer was lost: nothing happens again
    assert late.agent is agent
    await eventually(lambda: late.agent.registration.kept_at is not None)
    await cameras_of(server.kernel).cascade._look()
    assert not late.agent._series  # it knows of both
    await late.leave()
    removed = await admin.request("DELETE", f"/cameras/{dark}")
    assert removed.status == 200, removed


async def test_what_is_set_up_is_checked_and_the_password_stays_here(upper: Upper) -> None:
    admin = await upper.server.client("admin")
    wrong = setup(0, upper.local_port, server_id="1", host="a b")
    answer = await admin.post("/cascade/platforms", wrong)
    assert answer.status == 422
    assert {error["field"] for error in answer.body["errors"]} == {"server_id", "host", "port"}
    taken = await admin.post("/cascade/platforms", setup(5060, upper.local_port))
    assert taken.body["errors"][0]["field"] == "server_id"  # here already
    listed = await admin.get("/cascade/platforms")
    assert listed.body[0]["has_password"]
    assert sipp.PASSWORD.encode() not in listed.raw
    manager = await upper.server.client("supervisor")
    assert (await manager.get("/cascade/platforms")).status == 403


async def test_another_platform_at_our_port_with_a_wrong_password_is_not_asked_again_and_again(
    server: HallServer, upper: Upper, tmp_path: Path
) -> None:
    """At the same address too: they are told apart by who they say they are."""
    first, upper = upper, Upper(server, tmp_path)
    upper.local_port = first.local_port
    admin = await server.client("admin")
    body = setup(upper.port, upper.local_port, server_id="34020000002000000002")
    body["password"] = "wrong-password"
    answer = await admin.post("/cascade/platforms", body)
    upper.platform_id = answer.body["platform_id"]
    try:
        await eventually(lambda: upper.agent.registration.state == "refused")
        view = (await admin.get(f"/cascade/platforms/{upper.platform_id}")).body
        assert (view["state"], view["why"]) == ("refused", "bad_password")
        log = await admin.get(f"/cascade/platforms/{upper.platform_id}/log")
        assert b"wrong-password" not in log.raw
        texts = "".join(entry["text"] for entry in log.body)
        assert "response=***" in texts
        assert upper.agent.registration.due() - time.monotonic() > 800
        await first.call(sipp.message_scenario(sipp.query("DeviceInfo", sipp.DEVICE_ID)))
    finally:
        await upper.leave()


async def test_lost_registers_are_sent_again_and_it_signs_off(
    server: HallServer, tmp_path: Path
) -> None:
    upper = Upper(server, tmp_path)
    upper.registrar.close()
    await upper.set_up()
    assert upper.agent.transactions.waiting == 1  # nobody heard it
    upper.registrar = Sipp(tmp_path, sipp.registrar_scenario(qop=False), upper.port)
    try:
        await eventually(lambda: upper.agent.registration.state == "online")
    finally:
        await upper.leave()
    expires = upper.registrar.received(r"Expires: (\d+)")
    assert [expires[0], *expires[-2:]] == ["86400", "0", "0"]


async def test_over_tcp_one_connection_carries_both_ways(
    server: HallServer, tmp_path: Path
) -> None:
    upper = Upper(server, tmp_path, tcp=True)
    try:
        await upper.listening()
        await upper.register()
        await eventually(lambda: upper.agent.registration.kept_at is not None)
    finally:
        await upper.leave()
    ports = set(upper.registrar.received(r"Via: SIP/2.0/TCP 127.0.0.1:(\d+)"))
    assert ports == {str(upper.local_port)}


async def test_the_demonstrations_city_registers_us_and_looks_at_a_camera(
    upper: Upper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(city, "EMPTY_S", 0.1)
    monkeypatch.setattr(city, "REST_S", (0.0, 0.0))
    monkeypatch.setattr(city, "WATCH_S", (0.0, 0.0))
    cascade = cameras_of(upper.server.kernel).cascade
    seen: set[str] = set()

    def looked() -> bool:
        seen.update(session.camera_id for session in cascade.sessions.of("demo"))
        return bool(seen)

    async with city.joined(upper.server.kernel):
        await eventually(looked)
    assert seen == {upper.agent.directory.get(upper.channel).subject}
    assert "demo" not in cascade.stations
    assert not cascade.sessions.by_id
