"""Callers over pseudo-terminals and pipes: a press is a command, once."""

from __future__ import annotations

import os
import tty
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hall_core.agent import Unreachable
from hall_core.agent.framing import FrameFormat
from hall_queue.callers import agent as callers
from hall_queue.callers.agent import Caller, CallerConfig
from hall_queue.callers.simulator import CallerSimulator, KeyboardSimulator
from tests.integration.devices.conftest import device_of, faults_of, running
from tests.support import HALL, Client, HallServer, eventually

FRAME = FrameFormat(header="AA 55", address="03", check="xor8", end="0D")
DISPLAY = FrameFormat(header="AA 56", address="03", code_bytes=8, check="xor8")
KEYS = {"01": "call_next", "02": "recall", "03": "start", "04": "finish", "05": "no_show"}
KEYS |= {"06": "undo", **{f"1{digit}": str(digit) for digit in range(10)}}


@pytest.fixture(autouse=True)
def soon_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "ALLOWED_S", 0.05)


@pytest.fixture
async def box() -> AsyncIterator[CallerSimulator]:
    simulator = CallerSimulator(FRAME, KEYS, DISPLAY)
    yield simulator
    simulator.close()


def serial(address: str) -> Caller:
    table = {
        "address": address,
        "frame": msgspec.to_builtins(FRAME),
        "keys": KEYS,
        "display": msgspec.to_builtins(DISPLAY),
    }
    return Caller("caller", msgspec.convert(table, CallerConfig))


def window(hall: HallServer, number: int = 3) -> Any:
    return hall.hall().committed["queue"].posts[number]


@pytest.fixture
async def kiosk(hall: HallServer) -> Client:
    """Window 3 of the hall is open; this is the kiosk beside it."""
    counter = await hall.client("counter", window=3)
    clerks = (await counter.get(f"/halls/{HALL}/clerks")).body
    clerk = next(c["clerk_no"] for c in clerks if 3 in c["windows"])
    assert (await counter.press(3, "open", clerk=clerk)).status == 200
    return await hall.client("kiosk")


def prefix(hall: HallServer) -> str:
    return str(window(hall).setup.queues[0].prefix)


async def test_a_serial_caller_serves_a_person(
    hall: HallServer, kiosk: Client, box: CallerSimulator, tmp_path: Path
) -> None:
    first = await kiosk.take(prefix(hall))
    second = await kiosk.take(prefix(hall))
    part = serial(box.address)
    async with running(hall, tmp_path / "pc", part, window=3):
        await part.opened.wait()
        box.press("call_next")
        await box.until_shown(f"{first['number']}   1")
        assert window(hall).state == "calling"
        box.press("start")
        await eventually(lambda: window(hall).state == "serving")
        box.press("finish")
        await box.until_shown("-      1")
        box.press("undo")
        await eventually(lambda: window(hall).state == "serving")
        box.send(b"\x00\xff\xaa\x55\x03\x77\x99" * 20)  # a bad line
        box.press("finish")
        await eventually(lambda: window(hall).state == "open")
        for digit in second["number"][1:]:
            box.press(digit)
        box.press("call_next")
        await box.until_shown(f"{second['number']}   0")
        assert part.sent == 6
        assert part.dropped > 0


async def test_a_line_of_noise_is_an_alert_until_a_key_is_understood(
    hall: HallServer, kiosk: Client, box: CallerSimulator, tmp_path: Path
) -> None:
    part = serial(box.address)
    async with running(hall, tmp_path / "pc", part, window=3):
        await part.opened.wait()
        box.send(b"\xfe" * 400)  # another baud rate
        await eventually(lambda: "garbage" in faults_of(hall, "agent-3").values())
        box.press("call_next")
        await eventually(lambda: faults_of(hall, "agent-3") == {})


async def test_a_chattering_key_calls_one_person(
    hall: HallServer, kiosk: Client, box: CallerSimulator, tmp_path: Path
) -> None:
    first = await kiosk.take(prefix(hall))
    await kiosk.take(prefix(hall))
    part = serial(box.address)
    async with running(hall, tmp_path / "pc", part, window=3):
        await part.opened.wait()
        for _ in range(5):
            box.press("call_next")
        await box.until_shown(f"{first['number']}   1")
        assert part.sent == 1  # the display is told after the answer


async def test_what_is_impossible_leaves_the_display_empty(
    hall: HallServer, kiosk: Client, box: CallerSimulator, tmp_path: Path
) -> None:
    part = serial(box.address)
    async with running(hall, tmp_path / "pc", part, window=3):
        await part.opened.wait()
        box.press("finish")
        await box.until_shown("-       ")
        box.press("call_next")
        await box.until_shown("-      0")


async def test_a_press_in_an_outage_is_sent_once_or_not_at_all(
    hall: HallServer, kiosk: Client, box: CallerSimulator, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The answer is lost: the same press goes again, and calls nobody else."""
    first = await kiosk.take(prefix(hall))
    await kiosk.take(prefix(hall))
    part = serial(box.address)
    async with running(hall, tmp_path / "pc", part, window=3) as agent:
        await part.opened.wait()
        ask = agent.ask
        lost: list[Any] = []

        async def losing(*asked: Any) -> Any:
            answer = await ask(*asked)
            if len(lost) < 2:
                lost.append(asked)
                raise Unreachable("the answer got lost")
            return answer

        monkeypatch.setattr(agent, "ask", losing)
        box.press("call_next")
        await box.until_shown(f"{first['number']}   1")
        assert len({key for *_, key in lost}) == 1
        assert window(hall).ticket == first["ticket_id"]

        monkeypatch.setattr(callers, "FRESH_S", 0.2)
        monkeypatch.setattr(agent, "server", "http://127.0.0.1:1")
        box.press("recall")
        await eventually(lambda: part.lost == 1)
        monkeypatch.setattr(agent, "server", hall.base)
        box.press("start")
        await eventually(lambda: window(hall).state == "serving")
        ticket = hall.hall().committed["queue"].tickets[first["ticket_id"]]
        assert ticket.call_count == 1, "the stale press was never sent"


@pytest.fixture
def keyboard() -> Iterator[KeyboardSimulator]:
    simulator = KeyboardSimulator()
    yield simulator
    simulator.close()


async def test_a_number_pad(
    hall: HallServer, kiosk: Client, keyboard: KeyboardSimulator, tmp_path: Path
) -> None:
    first = await kiosk.take(prefix(hall))
    second = await kiosk.take(prefix(hall))
    part = Caller("caller", CallerConfig(address=keyboard.address, source="keypad"))
    async with running(hall, tmp_path / "pc", part, window=3):
        await part.opened.wait()
        keyboard.type(*(f"KP{digit}" for digit in second["number"][1:]), "KPENTER")
        await eventually(lambda: window(hall).ticket == second["ticket_id"])
        keyboard.type("KPPLUS")
        await eventually(lambda: window(hall).state == "serving")
        keyboard.type("KPSLASH")
        await eventually(lambda: window(hall).state == "open")
        keyboard.type("NUMLOCK", "KPENTER")
        await eventually(lambda: window(hall).ticket == first["ticket_id"])


async def test_hot_keys_need_their_modifiers(
    hall: HallServer, kiosk: Client, keyboard: KeyboardSimulator, tmp_path: Path
) -> None:
    first = await kiosk.take(prefix(hall))
    part = Caller("caller", CallerConfig(address=keyboard.address, source="hotkeys"))
    async with running(hall, tmp_path / "pc", part, window=3):
        await part.opened.wait()
        keyboard.type("F9", "A")
        await eventually(lambda: part.dropped == 2)
        keyboard.hold("CTRL", "ALT")
        keyboard.type("F9")
        await eventually(lambda: window(hall).ticket == first["ticket_id"])
        await eventually(lambda: part.sent == 1)


async def test_a_caller_serves_its_own_window_and_decides_nothing_about_clerks(
    hall: HallServer, kiosk: Client
) -> None:
    caller = await hall.client("agent", window=3)
    assert (await caller.press(4, "call_next")).code == "wrong_window"
    for command, more in (
        ("open", {"clerk": "x"}), ("close", {}), ("handover", {"clerk": "x"}),
        ("leave", {"reason": "会议", "expected_return": "2026-03-02T10:00:00Z"}),
        ("sign_out", {"clerk": "x"}), ("cover", {"window": 4}), ("return", {}),
    ):  # fmt: skip
        answer = await caller.press(3, command, **more)
        assert (answer.status, answer.code) == (403, "wrong_role"), command
    unbound = await hall.client("agent")
    assert (await unbound.press(3, "call_next")).code == "wrong_role"
    assert (await caller.press(3, "call_next")).body["waiting"] == 0


async def test_callers_that_share_a_line_serve_each_its_window(
    hall: HallServer, kiosk: Client, tmp_path: Path
) -> None:
    counter = await hall.client("counter", window=4)
    clerks = (await counter.get(f"/halls/{HALL}/clerks")).body
    clerk = next(c["clerk_no"] for c in clerks if 4 in c["windows"])
    await counter.press(4, "open", clerk=clerk)
    third = CallerSimulator(FRAME, KEYS, DISPLAY)  # address 03
    frames = [msgspec.to_builtins(msgspec.structs.replace(f, address="")) for f in (FRAME, DISPLAY)]
    part = Caller(
        "caller",
        msgspec.convert(
            {
                "address": third.address, "frame": frames[0], "display": frames[1], "keys": KEYS,
                "windows": {"03": 3, "04": 4},
            },
            CallerConfig,
        ),
    )  # fmt: skip
    tickets = [await kiosk.take(prefix(hall)) for _ in range(2)]
    async with running(hall, tmp_path / "pc", part):
        await eventually(lambda: faults_of(hall) == {"caller": "bad_setting"})
        device = device_of(hall, "agent")
        admin = await hall.client("admin")
        settings = {"command": "configure", "settings": {"windows": [3, 4]}}
        assert (await admin.post(f"/devices/{device}/commands", settings)).status == 200
        await part.opened.wait()
        third.press("call_next")
        await third.until_shown(f"{tickets[0]['number']}   1")
        fourth = msgspec.structs.replace(FRAME, address="04")
        third.send(fourth.build(b"\x01"))  # the neighbour, on the same line
        await eventually(lambda: window(hall, 4).ticket == tickets[1]["ticket_id"])
        assert window(hall, 3).ticket == tickets[0]["ticket_id"]
        third.send(msgspec.structs.replace(FRAME, address="05").build(b"\x01"))  # nobody's
        await eventually(lambda: part.dropped == 2)
    agent = await hall.client("agent")
    assert (await agent.press(5, "call_next")).code == "wrong_role"
    third.close()


async def test_an_agent_without_a_window_is_told_so(
    hall: HallServer, box: CallerSimulator, tmp_path: Path
) -> None:
    async with running(hall, tmp_path / "pc", serial(box.address)):
        await eventually(lambda: faults_of(hall) == {"caller": "bad_setting"})


async def test_an_unplugged_caller_comes_back(
    hall: HallServer, kiosk: Client, tmp_path: Path
) -> None:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    plug = tmp_path / "ttyUSB0"
    plug.symlink_to(os.ttyname(theirs))
    part = serial(str(plug))
    box = CallerSimulator(FRAME, KEYS, DISPLAY)
    async with running(hall, tmp_path / "pc", part, window=3):
        await part.opened.wait()
        os.close(ours)
        os.close(theirs)
        await eventually(lambda: not part.opened.is_set())
        plug.unlink()
        plug.symlink_to(box.address)
        await part.opened.wait()
        box.press("call_next")
        await box.until_shown("-      0")
    box.close()
