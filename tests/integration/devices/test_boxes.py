"""Button boxes over a pseudo-terminal: asked when a service ends, and every press counts once."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hall_core.agent import Unreachable
from hall_core.clock import ManualClock
from hall_evaluation.boxes.agent import Box, BoxConfig
from hall_evaluation.boxes.box import LEVELS
from hall_evaluation.boxes.simulator import BoxSimulator
from hall_evaluation.boxes.store import Pressed, PressStore
from tests.integration.devices.conftest import running
from tests.support import HALL, HallServer, eventually, hall_server

ON, OFF, THANKS = "AA 55 F0", "AA 55 0F", "AA 55 3C"
TABLE: dict[str, Any] = {
    "frame": {"header": "AA 55", "check": "sum8", "end": "0D"},
    "levels": {level: f"{n:02X}" for n, level in enumerate(LEVELS, 1)},
    "prompt_on": ON,
    "prompt_off": OFF,
    "thanks": THANKS,
}
WINDOW = 3


def config(address: str) -> BoxConfig:
    return msgspec.convert({**TABLE, "address": address}, BoxConfig)


@pytest.fixture
async def box() -> AsyncIterator[BoxSimulator]:
    simulator = BoxSimulator(config("pty"))
    yield simulator
    simulator.close()


class Desk:
    """A clerk at the window."""

    def __init__(self, hall: HallServer) -> None:
        self.hall = hall

    async def serve(self) -> str:
        """Serve somebody to the end; the ticket's number."""
        counter = await self.hall.client("counter", window=WINDOW)
        kiosk = await self.hall.client("kiosk")
        post = self.hall.hall().committed["queue"].posts[WINDOW]
        if post.state == "closed":
            clerks = (await counter.get(f"/halls/{HALL}/clerks")).body
            clerk = next(c["clerk_no"] for c in clerks if WINDOW in c["windows"])
            await counter.press(WINDOW, "open", clerk=clerk)
        ticket = await kiosk.take(post.setup.queues[0].prefix)
        for command in ("call_next", "start", "finish"):
            answer = await counter.press(WINDOW, command)
            assert answer.status == 200, answer
        return str(ticket["number"])

    async def ratings(self) -> list[tuple[str, str]]:
        """(number, level) of everything that was rated, oldest first."""
        manager = await self.hall.client("admin")
        answer = await manager.get(f"/halls/{HALL}/events?limit=2000")
        return [
            (event["data"].get("number", ""), event["data"]["level"])
            for event in answer.body["events"]
            if event["type"] == "evaluation_recorded"
        ]

    async def until_rated(self, times: int) -> list[tuple[str, str]]:
        manager = await self.hall.client("admin")

        async def count() -> int:
            return len(await self.ratings())

        while await count() < times:
            await manager.get("/me")
        return await self.ratings()


@pytest.fixture
def desk(hall: HallServer) -> Desk:
    return Desk(hall)


async def test_a_finished_service_is_asked_and_one_press_counts(
    hall: HallServer, desk: Desk, box: BoxSimulator, tmp_path: Path
) -> None:
    part = Box("pad", config(box.address))
    async with running(hall, tmp_path / "pc", part, window=WINDOW):
        await part.opened.wait()
        box.press("satisfied")
        await eventually(lambda: part.ignored == 1)
        await desk.serve()
        await box.until_told(ON)
        box.send(b"\xaa\x55\xff\x00garbage\xaa")
        box.press("satisfied")
        box.press("very_dissatisfied")
        await box.until_told(THANKS)
        await eventually(lambda: part.ignored == 2)
        rated = await desk.until_rated(1)
        assert [level for _, level in rated] == ["satisfied"]
        assert part.dropped > 0
        await desk.serve()
        await box.until_told(ON, 2)
        box.press("dissatisfied")
        rated = await desk.until_rated(2)
        assert [level for _, level in rated] == ["satisfied", "dissatisfied"]


async def test_a_press_without_a_network_is_delivered_once_after_a_restart(
    hall: HallServer, desk: Desk, box: BoxSimulator, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    part = Box("pad", config(box.address))
    async with running(hall, tmp_path / "pc", part, window=WINDOW) as agent:
        await part.opened.wait()
        await desk.serve()
        await box.until_told(ON)

        async def cut(*asked: Any) -> Any:
            raise Unreachable("the cable is out")

        monkeypatch.setattr(agent, "ask", cut)
        box.press("very_satisfied")
        await box.until_told(THANKS)
    kept = (tmp_path / "pc" / "pad.presses").read_text()
    assert "very_satisfied" in kept
    again = Box("pad", config(box.address))
    async with running(hall, tmp_path / "pc", again, window=WINDOW):
        await again.opened.wait()
        rated = await desk.until_rated(1)
        assert [level for _, level in rated] == ["very_satisfied"]
        await eventually(lambda: (tmp_path / "pc" / "pad.presses").read_text() == "[]")


async def test_a_lost_answer_makes_no_second_rating(
    hall: HallServer, desk: Desk, box: BoxSimulator, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    part = Box("pad", config(box.address))
    async with running(hall, tmp_path / "pc", part, window=WINDOW) as agent:
        await part.opened.wait()
        await desk.serve()
        await box.until_told(ON)
        ask = agent.ask
        answers: list[Any] = []

        async def losing(*asked: Any) -> Any:
            answers.append(await ask(*asked))
            if len(answers) == 1:
                raise Unreachable("the answer got lost")
            return answers[-1]

        monkeypatch.setattr(agent, "ask", losing)
        box.press("mostly_satisfied")
        await eventually(lambda: len(answers) == 2)
        assert [answer.ok for answer in answers] == [True, True]
        assert [level for _, level in await desk.ratings()] == ["mostly_satisfied"]


async def test_a_rating_that_came_from_elsewhere_ends_the_prompt(
    hall: HallServer, desk: Desk, box: BoxSimulator, tmp_path: Path
) -> None:
    part = Box("pad", config(box.address))
    async with running(hall, tmp_path / "pc", part, window=WINDOW):
        await part.opened.wait()
        await desk.serve()
        await box.until_told(ON)
        question = part._asking.open(0.0)
        assert question is not None
        phone = await hall.client(None)
        answer = await phone.post(
            "/evaluations", {"token": question.token, "level": "satisfied", "channel": "phone"}
        )
        assert answer.status == 201, answer
        await box.until_told(OFF)
        box.press("very_satisfied")
        await eventually(lambda: part.ignored == 1)
        assert len(await desk.ratings()) == 1


async def test_a_press_of_before_the_window_closed_counts(
    box: BoxSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(datetime(2026, 3, 2, 1, 30, tzinfo=UTC))
    async with hall_server(tmp_path / "hall", clock=clock) as hall:
        desk, part = Desk(hall), Box("pad", config(box.address))
        async with running(hall, tmp_path / "pc", part, window=WINDOW) as agent:
            await part.opened.wait()
            await desk.serve()
            await box.until_told(ON)
            ask = agent.ask

            async def cut(*asked: Any) -> Any:
                raise Unreachable("the cable is out")

            monkeypatch.setattr(agent, "ask", cut)
            box.press("dissatisfied")
            await box.until_told(THANKS)
            counter = await hall.client("counter", window=WINDOW)
            assert (await counter.press(WINDOW, "close")).status == 200
            clock.advance(seconds=60)  # the question ends
            hall.kernel.tick()
            await hall.hall().drain()
            assert not hall.hall().committed["evaluation"].questions
            monkeypatch.setattr(agent, "ask", ask)
            await eventually(lambda: (tmp_path / "pc" / "pad.presses").read_text() == "[]")
            assert [level for _, level in await desk.ratings()] == ["dissatisfied"]


async def test_a_press_that_is_never_taken_holds_up_no_other(
    hall: HallServer, desk: Desk, box: BoxSimulator, tmp_path: Path
) -> None:
    """The agent was paired with another window meanwhile: what it kept is delivered there."""
    number = await desk.serve()
    [ticket_id] = hall.hall().committed["evaluation"].requests
    token = hall.kernel.secret.ticket_token(ticket_id)
    folder = tmp_path / "pc"
    folder.mkdir()
    store = PressStore(folder / "pad.presses")
    for key, kept in (("f" * 24, "forged"), ("k" * 24, token)):
        store.add(Pressed(key, kept, "satisfied", time.time()))
    part = Box("pad", config(box.address))
    async with running(hall, folder, part, window=WINDOW + 1):
        await eventually(lambda: (folder / "pad.presses").read_text() == "[]")
    assert await desk.ratings() == [(number, "satisfied")]
