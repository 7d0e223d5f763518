"""LED strips over real sockets: they follow their window, whatever is unplugged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import msgspec
import pytest

from hall_core.agent import Link
from hall_displays.strips import agent as strips
from hall_displays.strips import onbon as onbon_bytes
from hall_displays.strips.agent import Strip, StripConfig
from hall_displays.strips.simulator import StripSimulator
from hall_displays.strips.text_strip import TextFormat
from tests.integration.devices.conftest import faults_of, running
from tests.support import HALL, HallServer, eventually

TEXT = TextFormat(prefix="AA 55", address="03", check="xor8")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real strips are given time between two frames."""
    monkeypatch.setitem(strips.LEAST_S, "onbon", 0.05)
    monkeypatch.setitem(strips.LEAST_S, "text", 0.05)
    monkeypatch.setattr(strips, "PAGE_S", 0.3)
    monkeypatch.setattr(strips, "FLASH_S", 0.3)


@pytest.fixture
async def onbon() -> AsyncIterator[StripSimulator]:
    simulator = StripSimulator()
    await simulator.start()
    yield simulator
    await simulator.stop()


def strip(address: str, window: int = 3, **more: object) -> Strip:
    config = msgspec.convert({"address": address, "window": window, **more}, StripConfig)
    return Strip(f"led_{window}", config)


async def test_a_strip_follows_its_window(
    hall: HallServer, onbon: StripSimulator, tmp_path: Path
) -> None:
    counter = await hall.client("counter", window=3)
    kiosk = await hall.client("kiosk")
    clerk = hall.hall().committed["queue"].posts[3].setup
    prefix = clerk.queues[0].prefix
    async with running(hall, tmp_path / "pc", strip(onbon.address)):
        await onbon.until("暂停服务")
        await counter.press(3, "open", clerk=await a_clerk(hall, 3))
        await onbon.until("热情为您服务")
        ticket = await kiosk.take(prefix)
        await counter.press(3, "call_next")
        call = f"请{ticket['number']}到3号窗口"
        for command in ("recall", "start"):  # a call flashes, then holds until the service starts
            await onbon.until(call, " ")
            await onbon.until(call)
            await counter.press(3, command)
        await onbon.until(f"正在办理{ticket['number']}")
        assert onbon.dropped == 0
        assert len(onbon.shown) == 7, "each change was sent once"


async def a_clerk(hall: HallServer, window: int) -> str:
    client = await hall.client("counter", window=window)
    clerks = (await client.get(f"/halls/{HALL}/clerks")).body
    return next(str(clerk["clerk_no"]) for clerk in clerks if window in clerk["windows"])


async def test_a_strip_that_was_off_catches_up(
    hall: HallServer, onbon: StripSimulator, tmp_path: Path
) -> None:
    counter = await hall.client("counter", window=3)
    await onbon.stop()
    part = strip(onbon.address)
    async with running(hall, tmp_path / "pc", part):
        await eventually(lambda: part.wanted == ("暂停服务",))
        await counter.press(3, "open", clerk=await a_clerk(hall, 3))
        await onbon.start()
        await onbon.until("热情为您服务")
        await onbon.stop()
        await onbon.start()  # it was without power: what it showed is gone
        await onbon.until("热情为您服务")


async def test_a_fault_is_an_alert_until_it_is_mended(
    hall: HallServer, onbon: StripSimulator, tmp_path: Path
) -> None:
    await onbon.stop()
    async with running(hall, tmp_path / "pc", strip(onbon.address)):
        await eventually(lambda: faults_of(hall) == {"led_3": "unreachable"})
        await onbon.start()
        await eventually(lambda: faults_of(hall) == {})


async def test_a_busy_a_garbled_and_a_silent_strip(
    hall: HallServer, onbon: StripSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strips, "ANSWER_S", 0.1)
    part = strip(onbon.address)
    onbon.mood = "busy"
    async with running(hall, tmp_path / "pc", part):
        await eventually(lambda: faults_of(hall) == {"led_3": "device_error"})
        assert part.shown is None
        onbon.mood = "garbled"
        await onbon.until("暂停服务")
        await eventually(lambda: part.shown == ("暂停服务",) and not faults_of(hall))
        assert part.dropped > 0
        onbon.mood = "mute"
        counter = await hall.client("counter", window=3)
        await counter.press(3, "open", clerk=await a_clerk(hall, 3))
        await eventually(lambda: faults_of(hall) == {"led_3": "no_answer"})
        onbon.mood = "well"
        await onbon.until("热情为您服务")
        await eventually(lambda: faults_of(hall) == {})


class LateLine:
    """A line to a strip whose answers come when the test says so."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.news = asyncio.Event()
        self._said: asyncio.Queue[bytes] = asyncio.Queue()

    async def read(self) -> bytes:
        return await self._said.get()

    async def write(self, data: bytes) -> None:
        self.sent.append(data)
        self.news.set()

    async def close(self) -> None: ...

    def answer(self) -> None:
        self._said.put_nowait(onbon_bytes.build(onbon_bytes.Frame(onbon_bytes.reply(True))))

    async def until_sent(self, times: int) -> None:
        while len(self.sent) < times:
            self.news.clear()
            await self.news.wait()


class Told:
    """Hears what the strip reports."""

    def __init__(self) -> None:
        self.faults: list[str | None] = []

    def report(self, fault: str | None, detail: str = "") -> None:
        self.faults.append(fault)


async def test_an_answer_that_came_too_late_is_not_the_next_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(strips, "ANSWER_S", 0.05)
    monkeypatch.setitem(strips.LEAST_S, "onbon", 0.2)
    line, told, part = LateLine(), Told(), strip("tcp://127.0.0.1:1")
    part._want(("一",))
    serving = asyncio.create_task(part._serve(line, cast("Link", told)))
    async with asyncio.timeout(10):
        await line.until_sent(1)
        await eventually(lambda: told.faults == ["no_answer"])
        line.answer()  # before anything else is sent
        part._want(("二",))
        await line.until_sent(2)
        await line.until_sent(3)  # it was not answered, so it is sent again
        assert part.shown is None
        line.answer()
        await eventually(lambda: part.shown == ("二",))
    serving.cancel()


async def test_one_pc_drives_strips_of_several_makers(
    hall: HallServer, onbon: StripSimulator, tmp_path: Path
) -> None:
    text = StripSimulator(TEXT)
    await text.start()
    frame = msgspec.to_builtins(TEXT)
    parts = [
        strip(onbon.address, 3, columns=6),
        strip(text.address, 4, driver="text", frame=frame, columns=4),
    ]
    try:
        async with running(hall, tmp_path / "pc", *parts):
            await onbon.until("暂停服务")
            await text.until("暂停服务")
            counter = await hall.client("counter", window=4)
            await counter.press(4, "open", clerk=await a_clerk(hall, 4))
            await text.until("热情为您")  # the first page
            await text.until("服务")
            await text.until("热情为您")
            assert text.dropped == 0
    finally:
        await text.stop()


async def test_the_halls_words_reach_the_strip_of_a_bound_agent(
    hall: HallServer, onbon: StripSimulator, tmp_path: Path
) -> None:
    manager = await hall.client("admin")
    part = Strip("led", StripConfig(address=onbon.address))
    async with running(hall, tmp_path / "pc", part, window=3):
        await onbon.until("暂停服务")
        await manager.post(f"/halls/{HALL}/texts", {"texts": {"screen.closed": "午间休息"}})
        await onbon.until("午间休息")
