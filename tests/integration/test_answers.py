"""What the API answers is what its document says: no field too few, none too many."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from hall_app.openapi import SERVER_MESSAGES, parts_of
from hall_app.server import routes_of
from hall_core.answers import Media
from hall_core.clock import ManualClock
from hall_core.credentials import DeviceKind
from hall_core.http import Route
from tests.support import HALL, Answer, Client, HallServer, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLOCK = ManualClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))
H = f"/halls/{HALL}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HallServer]:
    async with hall_server(tmp_path_factory.mktemp("answers"), clock=CLOCK) as running:
        yield running


def fits(raw: bytes, shape: Any) -> None:
    """Everything that was sent is declared, and everything declared was sent.

    Decoding leaves out what is not declared, so that encoding again shows it.
    """
    decoded = msgspec.json.decode(raw, type=shape, strict=True)
    assert msgspec.json.decode(msgspec.json.encode(decoded)) == msgspec.json.decode(raw)


class Checked:
    """Asks, and holds each answer against its route's declaration."""

    def __init__(self, server: HallServer) -> None:
        self.server = server
        self.routes = routes_of(server.kernel)
        self.seen: set[str] = set()

    def route(self, method: str, path: str) -> Route:
        plain = path.partition("?")[0]
        for route in self.routes:
            pattern = re.sub(r"{\w+}", "[^/]+", route.path)
            if route.method == method and re.fullmatch(pattern, plain):
                return route
        raise AssertionError(f"no route for {method} {path}")

    async def __call__(
        self,
        kind: DeviceKind | None,
        method: str,
        path: str,
        body: Any = None,
        window: int | None = None,
    ) -> Any:
        client: Client = await self.server.client(kind, window=window)
        answer: Answer = await client.request(method, path, body)
        route = self.route(method, path)
        assert answer.status == route.status, (method, path, answer)
        if isinstance(route.answer, Media):
            assert answer.headers["Content-Type"].startswith(route.answer.type)
        elif route.answer is not None:
            fits(answer.raw, route.answer)
            for part, value in self.parts(answer.body).items():
                fits(msgspec.json.encode(value), parts_of(self.server.kernel.features)[part])
        self.seen.add(f"{method} {route.path}")
        return answer.body

    def parts(self, body: Any) -> dict[str, Any]:
        """Parts of a state in an answer that are declared."""
        known = parts_of(self.server.kernel.features)
        state = body.get("state") if isinstance(body, dict) else None
        return {k: v for k, v in state.items() if k in known} if isinstance(state, dict) else {}


async def test_the_contracts_calls_answer_as_declared(server: HallServer) -> None:
    ask = Checked(server)
    await ask("kiosk", "GET", "/me")
    await ask("supervisor", "GET", "/halls")
    await ask("supervisor", "GET", f"{H}/clerks")
    taken = await ask("kiosk", "POST", f"{H}/tickets", {"service": "id_card"})
    other = await ask("guide", "POST", f"{H}/tickets", {"queue": "H", "priority": "green"})
    await ask("guide", "GET", f"{H}/tickets?state=waiting,finished")
    await ask("kiosk", "GET", f"{H}/tickets/by-number/{taken['number']}")
    await ask(None, "GET", f"/public/tickets/{taken['token']}")
    press = f"{H}/windows/1/commands"
    back = (CLOCK.now() + timedelta(minutes=5)).isoformat()
    steps: tuple[dict[str, Any], ...] = (
        {"command": "open", "clerk": "001"}, {"command": "call_next"}, {"command": "recall"},
        {"command": "start"}, {"command": "hold", "reason": "补材料"},
        {"command": "unhold", "number": taken["number"]}, {"command": "start"},
        {"command": "finish"}, {"command": "call_next"}, {"command": "no_show"},
    )  # fmt: skip
    for step in steps:
        await ask("counter", "POST", press, step, window=1)
        await ask("counter", "GET", f"{H}/windows/1/line", window=1)
        for kind in ("display", "counter", "supervisor"):
            await ask(kind, "GET", f"{H}/snapshot", window=1 if kind == "counter" else None)
    for ticket in (taken, other):
        await ask("guide", "GET", f"/tickets/{ticket['ticket_id']}")
    again = f"/tickets/{other['ticket_id']}/commands"
    await ask("guide", "POST", again, {"command": "requeue"})
    await ask(None, "POST", f"/public/tickets/{other['token']}/commands", {"command": "cancel"})
    await ask("guide", "POST", f"{H}/commands", {"command": "record_paper", "queue": "S",
              "entries": [{"number": "S001", "window": 2, "minutes": 5}]})  # fmt: skip
    leave = {"command": "leave", "reason": "会议", "expected_return": back}
    await ask("counter", "POST", press, leave, window=1)
    CLOCK.advance(minutes=6)
    server.kernel.tick()
    await server.hall().drain()
    (alert,) = await ask("supervisor", "GET", f"{H}/alerts")
    said = {"command": "explain", "text": "在路上"}
    path = f"/alerts/{alert['alert_id']}/commands"
    await ask("counter", "POST", path, said, window=1)
    for state in ("open", "explained", "all"):
        await ask("supervisor", "GET", f"/alerts?state={state}")
        await ask("guide", "GET", f"{H}/alerts?state={state}")
    await ask("supervisor", "GET", f"{H}/events?after=0&limit=2000")
    await ask("display", "GET", f"{H}/events")
    setup = await ask("admin", "GET", f"{H}/setup")
    await ask("admin", "POST", f"{H}/setup", {"settings": setup["settings"]})
    await ask("admin", "POST", f"{H}/clerks/001/pin", {"pin": "2468"})
    await ask("counter", "POST", f"{H}/clerks/001/verify", {"pin": "2468"}, window=1)
    await ask("admin", "POST", f"{H}/pairing-codes", {"kind": "display"})
    (device, *_) = await ask("admin", "GET", f"{H}/devices")
    await ask("admin", "POST", f"/devices/{device['device_id']}/commands",
              {"command": "configure", "name": "新"})  # fmt: skip
    await ask("admin", "GET", "/users")
    await ask("admin", "GET", f"{H}/texts")
    await ask("supervisor", "GET", "/supervision/tree")
    assert ask.seen >= {
        "GET /halls", "GET /halls/{hall}/clerks", "POST /halls/{hall}/tickets",
        "GET /tickets/{ticket}", "POST /tickets/{ticket}/commands", "GET /public/tickets/{token}",
        "POST /public/tickets/{token}/commands", "POST /halls/{hall}/windows/{window}/commands",
        "GET /halls/{hall}/snapshot", "GET /halls/{hall}/events", "GET /halls/{hall}/alerts",
        "POST /alerts/{alert}/commands",
    }, "the contract's"  # fmt: skip


async def test_a_ticket_is_told_with_its_intervals_on_later_days_too(server: HallServer) -> None:
    ask = Checked(server)
    ticket = await ask("kiosk", "POST", f"{H}/tickets", {"queue": "S"})
    press = f"{H}/windows/6/commands"
    steps: tuple[dict[str, Any], ...] = (
        {"command": "open", "clerk": "006"}, {"command": "call_next"}, {"command": "start"},
        {"command": "hold", "reason": "回去取户口本"},
        {"command": "unhold", "number": ticket["number"]}, {"command": "start"},
        {"command": "finish"}, {"command": "close"},
    )  # fmt: skip
    for step in steps:
        CLOCK.advance(minutes=1)
        await ask("counter", "POST", press, step, window=6)
    path = f"/tickets/{ticket['ticket_id']}"
    today = await ask("guide", "GET", path)
    stretches = [(i["state"], i["window"], i["clerk"]) for i in today["intervals"]]
    assert stretches == [
        ("waiting", None, None),
        ("called", 6, "006"),
        ("serving", 6, "006"),
        ("held", 6, None),
        ("called", 6, "006"),
        ("serving", 6, "006"),
    ]
    assert today["intervals"][3]["reason"] == "回去取户口本"
    journal = (await (await server.client("supervisor")).get(f"{H}/events?limit=2000")).raw
    assert "户口本" not in journal.decode(), "words about people are in no journal"
    CLOCK.advance(hours=24)
    server.kernel.tick()
    await server.hall().drain()
    later = await ask("guide", "GET", path)
    assert later["day"] != server.hall().committed["day"].day
    assert later["intervals"] == today["intervals"]


async def test_the_streams_messages_are_as_declared(server: HallServer) -> None:
    shapes = dict(zip(("snapshot", "event", "version", "heartbeat"), SERVER_MESSAGES, strict=True))
    watching: tuple[tuple[DeviceKind, int | None], ...] = (
        ("display", None), ("supervisor", None), ("pad", 1),
    )  # fmt: skip

    async def watch(kind: DeviceKind, window: int | None) -> None:
        async with server.stream(kind, window=window) as screen:
            await (await server.client("kiosk")).take("H")
            await screen.until(lambda frame: frame["type"] in ("event", "version"))
            await screen.until(lambda frame: frame["type"] == "heartbeat")
            for frame in screen.frames:
                fits(msgspec.json.encode(frame), shapes[frame["type"]])

    await asyncio.gather(*(watch(kind, window) for kind, window in watching))
