"""Agents and the server over real sockets: connecting, reporting, being asked, being lost."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from aiohttp import WSMsgType
from structlog.testing import capture_logs

from hall_core import agents
from hall_core.agent import Link, Part, PartFailed, Unreachable, Update, runner, wire
from hall_core.agent.again import MOST_S
from hall_core.agent.config import write_private
from hall_core.agent.runner import Agent
from hall_core.errors import Conflict, HallError, NotFound
from tests.support import HALL, HallServer, eventually, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(autouse=True)
def soon_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "WELL_S", 0.05)


class Bell(Part):
    """A part that says what it is told to, and keeps what it saw."""

    kind = "bell"

    def __init__(self, name: str = "bell") -> None:
        super().__init__(name)
        self.link: Link | None = None
        self.seen: list[Update] = []
        self.held = asyncio.Event()
        self.runs = 0

    async def run(self, link: Link) -> None:
        self.link = link
        self.runs += 1
        if self.runs == 1 and self.name == "breaks":
            raise ZeroDivisionError
        link.report(None)
        async for update in link.updates():
            self.seen.append(update)

    async def answer(self, request: Any) -> Any:
        if request == "fail":
            raise PartFailed("bell_broken", "铃坏了。")
        if request == "crash":
            raise ZeroDivisionError
        if request == "never":
            await self.held.wait()
        return {"rang": request}


@contextlib.asynccontextmanager
async def running(server: HallServer, tmp_path: Path, *parts: Part) -> AsyncIterator[str]:
    """An agent that is connected; gives its device id."""
    access = server.kernel.access
    device, token = await access.issue_token("agent", HALL, None, "东侧电脑")
    token_file = tmp_path / f"{secrets.token_hex(4)}.token"
    write_private(token_file, token)
    agent = Agent(server.base, token_file, tmp_path, parts or [Bell()])
    task = asyncio.create_task(agent.run())
    try:
        await eventually(agent.connected.is_set)
        yield device.device_id
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HallServer]:
    async with hall_server(tmp_path_factory.mktemp("hall")) as server:
        yield server


def faults(server: HallServer, device: str) -> dict[str, str]:
    """What is wrong with a device: place -> fault."""
    known = server.hall().committed["devices"].faults
    split = [(*where.split("-"), fault.fault) for where, fault in known.items()]
    return {place: fault for owner, place, fault in split if owner == device}


async def test_a_part_is_asked_by_name_or_kind(server: HallServer, tmp_path: Path) -> None:
    async with running(server, tmp_path, Bell("east"), Bell("west")) as device:
        ask = server.kernel.agents.ask
        assert await ask(device, "west", 1) == {"rang": 1}
        assert await ask(device, "bell", {"a": [1]}) == {"rang": {"a": [1]}}
        for part, request, code in (
            ("west", "fail", "bell_broken"),
            ("west", "crash", "part_failed"),
        ):
            with pytest.raises(Conflict) as told:
                await ask(device, part, request)
            assert told.value.code == code
        with pytest.raises(NotFound):
            await ask(device, "printer", 1)
        with pytest.raises(Conflict) as told:
            await ask(device, "east", "never", timeout_s=0.05)
        assert told.value.code == "device_timeout"
    await eventually(lambda: device not in server.kernel.agents.connections)
    with pytest.raises(Conflict) as told:
        await ask(device, "east", 1)
    assert told.value.code == "device_not_connected"


async def test_who_waits_for_an_agent_that_goes_is_told(server: HallServer, tmp_path: Path) -> None:
    async with running(server, tmp_path) as device:
        asking = asyncio.create_task(server.kernel.agents.ask(device, "bell", "never", 60))
        connection = server.kernel.agents.connections[device]
        await eventually(lambda: connection.asks)
    with pytest.raises(HallError) as told:
        await asking
    assert told.value.code == "device_timeout"  # it may have done it


async def test_nobody_waits_for_more_than_a_few(server: HallServer, tmp_path: Path) -> None:
    bell = Bell()
    async with running(server, tmp_path, bell) as device:
        ask = server.kernel.agents.ask
        waiting = [
            asyncio.create_task(ask(device, "bell", "never")) for _ in range(agents.ASKS_MAX)
        ]
        connection = server.kernel.agents.connections[device]
        await eventually(lambda: len(connection.asks) == agents.ASKS_MAX)
        with pytest.raises(Conflict) as told:
            await ask(device, "bell", 1)
        assert told.value.code == "device_busy"
        bell.held.set()
        await asyncio.gather(*waiting)


async def test_a_fault_is_one_alert_from_first_to_last(server: HallServer, tmp_path: Path) -> None:
    bell = Bell()
    admin = await server.client("admin")
    async with running(server, tmp_path, bell) as device:
        await eventually(lambda: bell.link)
        assert bell.link is not None
        bell.link.report("paper_out", "tcp://x")
        await eventually(lambda: faults(server, device) == {"bell": "paper_out"})
        [alert] = [a for a in (await admin.get(f"/halls/{HALL}/alerts")).body
                   if a["device_id"] == device]  # fmt: skip
        assert alert["kind"] == "device_fault"
        assert "缺纸" in alert["detail"]
        [seen] = [d for d in (await admin.get(f"/halls/{HALL}/devices")).body
                  if d["device_id"] == device]  # fmt: skip
        assert seen["connected"]
        assert seen["parts"] == [{"name": "bell", "kind": "bell"}]
        assert [fault["fault"] for fault in seen["faults"]] == ["paper_out"]
        # An agent newer than the server: still an alert, with what it said.
        bell.link.report("on_fire")
        await eventually(lambda: faults(server, device) == {"bell": "device_error"})
        bell.link.report(None)
        await eventually(lambda: not faults(server, device))
    assert not [a for a in (await admin.get(f"/halls/{HALL}/alerts")).body
                if a["device_id"] == device]  # fmt: skip


async def test_a_loose_plug_is_one_alert(
    server: HallServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that opens and closes at once, for hours, must not fill the journal."""
    monkeypatch.setattr(runner, "WELL_S", 60.0)
    monkeypatch.setattr(runner, "REPORT_S", 0.0)
    loose, other = Bell("loose"), Bell("other")
    async with running(server, tmp_path, loose, other) as device:
        await eventually(lambda: loose.link and other.link)
        assert loose.link is not None
        assert other.link is not None
        loose.link.report("unreachable")
        await eventually(lambda: faults(server, device) == {"loose": "unreachable"})
        [alert] = server.hall().committed["devices"].faults.values()
        loose.link.report(None)
        other.link.report("paper_out")
        await eventually(lambda: faults(server, device).get("other") == "paper_out")
        loose.link.report("unreachable")
        assert alert in server.hall().committed["devices"].faults.values()
        monkeypatch.setattr(runner, "WELL_S", 0.05)
        loose.link.report(None)
        await eventually(lambda: "loose" not in faults(server, device))


async def test_a_kiosk_learns_of_its_printer_through_the_stream(
    server: HallServer, tmp_path: Path
) -> None:
    bell = Bell()
    async with server.stream("kiosk") as kiosk, running(server, tmp_path, bell) as device:
        await eventually(lambda: bell.link)
        assert bell.link is not None
        bell.link.report("paper_near_end")

        def told() -> list[str]:
            known = kiosk.state["device_faults"]
            return [entry["fault"] for entry in known if entry["device_id"] == device]

        await kiosk.until(lambda frame: told() == ["paper_near_end"])
        bell.link.report(None)
        await kiosk.until(lambda frame: told() == [])


async def test_a_lost_agent_is_missed_once_and_welcomed_back(
    server: HallServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents, "LOST_S", 0.1)
    monkeypatch.setattr(agents, "WATCH_S", 0.02)
    access = server.kernel.access
    device, token = await access.issue_token("agent", HALL, None, "西侧电脑")
    (tmp_path / "t").write_text(token)
    for _ in range(2):
        agent = Agent(server.base, tmp_path / "t", tmp_path, [Bell()])
        task = asyncio.create_task(agent.run())
        await eventually(agent.connected.is_set)
        await eventually(lambda: not faults(server, device.device_id))
        task.cancel()
        await asyncio.wait([task])
        await eventually(lambda: faults(server, device.device_id) == {"": "lost"})
    await server.revoke(device.device_id)
    await eventually(lambda: not faults(server, device.device_id))  # out of use is not out of order


async def test_who_came_back_is_not_said_to_be_lost_later(
    server: HallServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk was full when it was missed, and is not when it is here again."""
    monkeypatch.setattr(agents, "LOST_S", 0.05)
    monkeypatch.setattr(agents, "WATCH_S", 0.02)
    known, hall = server.kernel.agents, server.hall()
    device, token = await server.kernel.access.issue_token("agent", HALL, None, "北侧电脑")
    (tmp_path / "t").write_text(token)

    async def come() -> asyncio.Task[None]:
        agent = Agent(server.base, tmp_path / "t", tmp_path, [Bell()])
        task = asyncio.create_task(agent.run())
        await eventually(agent.connected.is_set)
        return task

    async def go(task: asyncio.Task[None]) -> None:
        task.cancel()
        await asyncio.wait([task])

    first = await come()
    hall.suspended = True
    await go(first)
    await eventually(lambda: (device.device_id, "") in known._unsaid)
    second = await come()
    hall.suspended = False
    await eventually(lambda: not known._unsaid)
    assert faults(server, device.device_id) == {}
    await go(second)


async def test_the_server_remembers_who_was_here(tmp_path: Path) -> None:
    async with (
        hall_server(tmp_path / "hall") as server,
        running(server, tmp_path, Bell("east")) as device,
    ):
        pass
    async with hall_server(tmp_path / "hall") as server:
        admin = await server.client("admin")
        [seen] = [d for d in (await admin.get(f"/halls/{HALL}/devices")).body
                  if d["device_id"] == device]  # fmt: skip
        assert not seen["connected"]
        assert seen["last_seen"] is not None
        assert seen["parts"] == [{"name": "east", "kind": "bell"}]


async def test_it_comes_back_after_the_server_and_misses_nothing(tmp_path: Path) -> None:
    bell = Bell()
    async with hall_server(tmp_path / "hall") as server:
        port = int(server.base.rsplit(":", 1)[1])
        device, token = await server.kernel.access.issue_token("agent", HALL, None, "电脑")
        (tmp_path / "t").write_text(token)
        agent = Agent(server.base, tmp_path / "t", tmp_path, [bell])
        task = asyncio.create_task(agent.run())
        await eventually(lambda: bell.seen)
        kiosk = await server.client("kiosk")
        await kiosk.take()
        await eventually(lambda: bell.seen[-1].events)
        assert bell.seen[-1].events[-1]["type"] == "ticket_issued"
        assert bell.link is not None
        bell.link.report("paper_out")
        await eventually(lambda: faults(server, device.device_id))
    await eventually(lambda: not agent.connected.is_set())
    with pytest.raises(Unreachable):
        await bell.link.get("/me")
    bell.link.report(None)  # mended while nobody listened
    seen = len(bell.seen)
    async with hall_server(tmp_path / "hall", port=port) as server:
        await eventually(agent.connected.is_set, MOST_S)
        await eventually(lambda: not faults(server, device.device_id))
        admin = await server.client("admin")
        closed = (await admin.get(f"/halls/{HALL}/alerts?state=closed")).body
        assert [alert["device_id"] for alert in closed] == [device.device_id], "it was still known"
        await eventually(lambda: len(bell.seen) > seen)
        place = await bell.link.place()
        assert place.hall == HALL
        assert (await bell.link.get("/me")).body["kind"] == "agent"
        refused = await bell.link.post(f"/halls/{HALL}/tickets", {"queue": "H"})
        assert (refused.status, refused.code) == (403, "wrong_role")
        task.cancel()
        await asyncio.wait([task])


async def test_a_part_that_breaks_is_started_again_and_says_so(
    server: HallServer, tmp_path: Path
) -> None:
    breaks, works = Bell("breaks"), Bell("works")
    async with running(server, tmp_path, breaks, works) as device:
        await eventually(lambda: faults(server, device) == {"breaks": "crashed"})
        assert await server.kernel.agents.ask(device, "works", 1) == {"rang": 1}
        await eventually(lambda: not faults(server, device))
        assert breaks.runs == 2


async def test_an_agent_that_is_paired_anew_follows_to_its_window(
    server: HallServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only parts that have asked for the window start again: a print is not cut off."""
    monkeypatch.setattr(wire, "PING_S", 0.05)

    class Sign(Bell):
        async def run(self, link: Link) -> None:
            self.window = (await link.place()).window
            await super().run(link)

    sign, bell = Sign("sign"), Bell("bell")
    token_file = tmp_path / "agent.token"
    write_private(token_file, await server.token("agent", window=3))
    task = asyncio.create_task(Agent(server.base, token_file, tmp_path, [sign, bell]).run())
    await eventually(lambda: sign.seen and sign.window == 3)
    write_private(token_file, await server.token("agent", window=5))
    await eventually(lambda: sign.window == 5)
    assert (sign.runs, bell.runs) == (2, 1)
    task.cancel()
    await asyncio.wait([task])


async def test_of_two_agents_with_one_token_the_newer_stays(
    server: HallServer, tmp_path: Path
) -> None:
    device, token = await server.kernel.access.issue_token("agent", HALL, None, "电脑")
    url = f"{server.base}/api/v1/halls/{HALL}/agent"
    hello = {"type": "hello", "token": token, "parts": [{"name": "a", "kind": "bell"}]}
    async with server.http.ws_connect(url) as first:
        await first.send_json(hello)
        assert (await first.receive_json())["type"] == "welcome"
        async with server.http.ws_connect(url) as second:
            await second.send_json(hello)
            assert (await second.receive_json())["type"] == "welcome"
            assert (await first.receive()).type is WSMsgType.CLOSE
            assert first.close_code == 4409
            await second.send_json({"type": "report", "part": "a", "fault": "offline"})
            await eventually(lambda: faults(server, device.device_id))


GARBAGE: list[str | bytes] = [
    "", "{", "[]", "null", '{"type":"report"}', '{"type":"report","part":"a","fault":"OUT!"}',
    '{"type":"report","part":"other","fault":null}', '{"type":"answer","id":99}', b"\xff\x00",
    '{"type":"answer","id":"x"}', '{"type":"ask","id":1,"part":"a","request":1}', "\ud7ff" * 100,
    '{"type":"report","part":"a","fault":"offline","detail":"' + "x" * 201 + '"}', "[" * 2000,
]  # fmt: skip


async def test_garbage_is_dropped_and_counted(server: HallServer) -> None:
    device, token = await server.kernel.access.issue_token("agent", HALL, None, "电脑")
    url = f"{server.base}/api/v1/halls/{HALL}/agent"
    async with server.http.ws_connect(url) as socket:
        hello = {"type": "hello", "token": token, "parts": [{"name": "a", "kind": "bell"}]}
        await socket.send_json(hello)
        await socket.receive_json()
        before = server.kernel.agents.dropped
        for garbage in GARBAGE:
            if isinstance(garbage, bytes):
                await socket.send_bytes(garbage)
            else:
                await socket.send_str(garbage)
        await socket.send_json({"type": "report", "part": "a", "fault": "offline"})
        await eventually(lambda: faults(server, device.device_id))
        dropped = server.kernel.agents.dropped
        assert dropped == before + len(GARBAGE)
        metrics = await (await server.client(None)).get("/metrics")
        assert f"hall_agents {len(server.kernel.agents.connections)}.0".encode() in metrics.raw
        assert f"hall_agent_garbage_total {dropped}.0".encode() in metrics.raw
        await socket.send_str("x" * 70_000)  # too large: the connection ends, nothing else
        await eventually(lambda: device.device_id not in server.kernel.agents.connections)


async def test_who_is_no_agent_is_told_so(server: HallServer) -> None:
    agent = await server.token("agent")
    part = [{"name": "a", "kind": "bell"}]
    cases: list[tuple[str, Any, int]] = [
        (HALL, {"type": "hello", "token": "x", "parts": part}, 4401),
        (HALL, {"type": "hello", "token": await server.token("kiosk"), "parts": part}, 4401),
        ("nowhere", {"type": "hello", "token": agent, "parts": part}, 4404),
        ("city", {"type": "hello", "token": agent, "parts": part}, 4404),
        (HALL, {"type": "hello", "token": agent}, 4400),
        (HALL, {"type": "hello", "token": agent, "parts": [{"name": "A B", "kind": "x"}]}, 4400),
        (HALL, {"type": "hello", "token": agent, "parts": part * 40}, 4400),
        (HALL, [], 4400),
    ]
    for hall, hello, code in cases:
        url = f"{server.base}/api/v1/halls/{hall}/agent"
        async with server.http.ws_connect(url) as socket:
            await socket.send_str(msgspec.json.encode(hello).decode())
            assert (await socket.receive()).type is WSMsgType.CLOSE
            assert socket.close_code == code, hello


async def test_a_revoked_agent_is_cut_off_and_says_why(server: HallServer, tmp_path: Path) -> None:
    with capture_logs() as said:
        async with running(server, tmp_path) as device:
            await server.revoke(device)
            await eventually(lambda: device not in server.kernel.agents.connections)
            await eventually(lambda: said[-1]["event"] == "server_refuses_agent")
    assert "revoked" in said[-1]["reason"]
