"""The stream that every screen lives on: snapshot, then every version; cut off when stuck."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from hall_app.check import check_directory
from hall_core import hub, kernel, stream
from hall_core.credentials import DeviceKind
from hall_core.features import Audience
from tests.support import HALL, Client, HallServer, Screen, eventually, hall_server, open_stream

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER = "dongling"
SMALL = "baiquan"  # its one queue is Z


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HallServer]:
    directory = tmp_path_factory.mktemp("stream")
    async with hall_server(directory) as running:
        yield running
    assert check_directory(directory) == []


async def something_happens(server: HallServer, times: int = 1, hall: str = HALL) -> int:
    """Issue tickets; the version after the last one."""
    kiosk = await server.client("kiosk", hall)
    prefix = "E" if hall == HALL else "H"
    for _ in range(times):
        await kiosk.take(prefix, hall)
    return server.hall(hall).hub.version


# --- what a screen gets ------------------------------------------------------------------------


def in_order(state: dict[str, Any]) -> dict[str, Any]:
    keys = {"windows": "number", "queues": "prefix", "alerts": "alert_id"}
    return {
        name: sorted(part, key=itemgetter(keys[name])) if name in keys else part
        for name, part in state.items()
    }


COMMANDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("open", {}), ("call_next", {}), ("call_next", {}), ("start", {}), ("finish", {}),
    ("no_show", {}), ("hold", {}), ("recall", {}), ("undo", {}), ("close", {}), ("return", {}),
    ("leave", {"reason": "会议", "expected_return": datetime.now(UTC) + timedelta(hours=1)}),
    ("transfer", {"queue": "S"}), ("finish", {"next_queue": "S"}), ("cover", {"window": 5}),
    ("uncover", {"window": 5}),
)  # fmt: skip


async def bustle(server: HallServer, steps: int, seed: int) -> None:
    """Whatever people press, possible or not."""
    rng = random.Random(seed)
    kiosk = await server.client("kiosk")
    guide = await server.client("guide")
    manager = await server.client("admin")
    counters = {n: await server.client("counter", window=n) for n in range(1, 8)}
    taken: list[str] = []
    for step in range(steps):
        if rng.random() < 0.3:
            taken.append((await kiosk.take(rng.choice("HS")))["ticket_id"])
        elif rng.random() < 0.1 and taken:
            body = rng.choice(({"command": "cancel"}, {"command": "requeue"},
                               {"command": "exchange", "queue": "S"}))  # fmt: skip
            await guide.post(f"/tickets/{rng.choice(taken)}/commands", body)
        elif rng.random() < 0.05:
            notice = {"id": "n", "title": f"公示{step}", "body": "内容"}
            await manager.post(f"/halls/{HALL}/notices", {"notices": [notice]})
            await manager.post(f"/halls/{HALL}/texts", {"texts": {"screen.welcome": f"{step}"}})
        else:
            window = rng.choice(list(counters))
            command, more = rng.choice(COMMANDS)
            extra = {"clerk": f"{window:03d}"} if command == "open" else more
            answer = await counters[window].press(window, command, **extra)
            assert answer.status in (200, 409, 422), answer


AUDIENCES: list[tuple[DeviceKind, int | None]] = [
    ("display", None), ("supervisor", None), ("counter", 3), ("pad", 2), ("kiosk", None),
]  # fmt: skip


async def test_what_screens_put_together_is_what_a_newcomer_sees(server: HallServer) -> None:
    """For every audience: snapshot + changes = snapshot, after whatever happened."""
    async with contextlib.AsyncExitStack() as stack:
        screens = [
            await stack.enter_async_context(server.stream(kind, window=window))
            for kind, window in AUDIENCES
        ]
        await bustle(server, 300, seed=1)
        # The hall is edited: a window comes and goes, a queue is renamed.
        manager = await server.client("admin")
        edits: tuple[dict[str, Any], ...] = (
            {"windows": [{"number": 90, "name": "临时窗口", "queues": [{"prefix": "H"}]}]},
            {"queues": [{"prefix": "H", "name": "户籍与身份证"}]},
            {"removed_windows": [90]},
        )
        for edit in edits:
            assert (await manager.post(f"/halls/{HALL}/setup", edit)).status == 200
        await bustle(server, 60, seed=2)
        version = server.hall().hub.version
        assert version > 150
        for screen, (kind, window) in zip(screens, AUDIENCES, strict=True):
            await screen.until_version(version)
            client = await server.client(kind, window=window)
            snapshot = (await client.get(f"/halls/{HALL}/snapshot")).body
            assert snapshot["version"] == version
            screen.state.pop("announcements", None)  # said once, kept nowhere
            assert in_order(screen.state) == in_order(snapshot["state"]), kind


async def test_a_call_arrives_as_the_contract_says(server: HallServer) -> None:
    counter = await server.client("counter", SMALL, window=1)
    kiosk = await server.client("kiosk", SMALL)
    async with server.stream("display", SMALL) as screen:
        assert screen.frames[0]["type"] == "snapshot"
        ticket = await kiosk.take("Z", SMALL)
        await counter.press(1, "open", clerk="001", hall=SMALL)
        answer = await counter.press(1, "call_next", hall=SMALL)
        frame = await screen.until_event("ticket_called")
        assert frame["version"] == answer.body["version"]
        assert frame["event"]["data"] == {
            "number": ticket["number"], "window": 1, "queue": "Z", "call_count": 1,
        }  # fmt: skip
        (window,) = frame["changed"]["windows"]
        assert (window["number"], window["state"]) == (1, "calling")
        assert window["ticket"] == ticket["number"]
        (queue,) = frame["changed"]["queues"]
        assert (queue["prefix"], queue["waiting"]) == ("Z", 0)
        called = frame["changed"]["recent_calls"][0]
        assert (called["number"], called["window"]) == (ticket["number"], 1)
        state = screen.state
        assert set(state["hall"]) >= {"id", "name"}
        shown = next(w for w in state["windows"] if w["number"] == 1)
        assert set(shown) >= {"number", "name", "type", "state", "ticket", "clerk", "absence",
                              "queues"}  # fmt: skip
        assert shown["clerk"]["clerk_no"] == "001"
        await counter.press(1, "start", hall=SMALL)
        await counter.press(1, "finish", hall=SMALL)


async def test_screens_that_come_at_any_moment_miss_nothing(server: HallServer) -> None:
    """Joining while events fly: every screen sees every version once, none twice."""
    token = await server.token("display")
    done = asyncio.Event()

    async def comes_and_goes() -> int:
        seen = 0
        while not done.is_set():
            async with open_stream(server.http, server.base, HALL, token) as screen:
                await screen.next()
                for _ in range(5):
                    await screen.next()
                    seen += 1
        return seen

    screens = [asyncio.create_task(comes_and_goes()) for _ in range(10)]
    kiosks = [await server.client("kiosk", window=200 + n) for n in range(4)]
    for _ in range(15):
        await asyncio.gather(*(kiosk.take("E") for kiosk in kiosks))
    done.set()
    while any(not screen.done() for screen in screens):
        await something_happens(server)
    assert sum(await asyncio.gather(*screens)) >= 50
    await eventually(lambda: server.hall().hub.clients == 0)


async def test_a_heartbeat_comes_with_the_version_and_the_waits(
    server: HallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hub.HEARTBEAT_S + kernel.TICK_S <= 3, "the contract: at least every 3 s of silence"
    monkeypatch.setattr(hub, "HEARTBEAT_S", 0.0)
    async with server.stream("display") as screen:
        beat = await screen.until(lambda frame: frame["type"] == "heartbeat")
        beat = await screen.until(lambda frame: frame["type"] == "heartbeat")
        assert beat["version"] == server.hall().hub.version
        assert set(beat["waits"]["E"]) >= {"low", "likely", "high"}


# --- coming back -------------------------------------------------------------------------------


async def first_frames(server: HallServer, after: int, version: int) -> list[dict[str, Any]]:
    """What a display that knows `after` gets until it is at `version`, heartbeats left out."""
    token = await server.token("display")
    async with open_stream(server.http, server.base, HALL, token, after) as screen:
        await screen.next()
        await screen.until_version(version)
        # The next event shows that nothing else came in between.
        last = await something_happens(server)
        await screen.until_version(last)
        return [f for f in screen.frames if f["type"] != "heartbeat"][:-1]


async def test_a_screen_that_was_away_for_a_moment_gets_just_what_it_missed(
    server: HallServer,
) -> None:
    async with server.stream("display"):
        version = await something_happens(server, 5)
        missed = await first_frames(server, version - 3, version)
        assert [frame["version"] for frame in missed] == [version - 2, version - 1, version]
        assert all(frame["type"] == "event" for frame in missed)


async def test_a_screen_that_missed_nothing_gets_nothing(server: HallServer) -> None:
    async with server.stream("display"):
        version = await something_happens(server)
        assert await first_frames(server, version, version) == []


async def test_a_screen_that_was_away_for_long_gets_a_snapshot(server: HallServer) -> None:
    token = await server.token("display", OTHER)
    async with server.stream("display", OTHER) as screen:
        start = screen.version
        assert start is not None
        version = await something_happens(server, hub.RECENT + 1, OTHER)
        await screen.until_version(version)
        for after, kind in (
            (start, "snapshot"),  # one more than is kept
            (start + 1, "event"),
            (version + 10, "snapshot"),  # of another database, or made up
            (0, "snapshot"),
        ):
            async with open_stream(server.http, server.base, OTHER, token, after) as late:
                frame = await late.next()
                assert (frame["type"], after) == (kind, after)
                await late.until_version(version)
        assert len(server.hall(OTHER).hub._screens[Audience("public")].frames) == hub.RECENT


# --- a hello that is none ----------------------------------------------------------------------


BAD_HELLOS: dict[str, tuple[str | bytes, int]] = {
    "no JSON": ("hello", 4400),
    "another type": ('{"type":"goodbye","token":null}', 4400),
    "no object": ("[]", 4400),
    "a number as token": ('{"type":"hello","token":7}', 4400),
    "a text as version": ('{"type":"hello","token":"x","after":"7"}', 4400),
    "binary": (b"\x00\x01", 4400),
    "a token nobody has": ('{"type":"hello","token":"nobody","after":null}', 4401),
    "no token and no cookie": ('{"type":"hello","token":null,"after":null}', 4401),
    "nothing but the type": ('{"type":"hello"}', 4401),
}


@pytest.mark.parametrize("name", BAD_HELLOS)
async def test_a_bad_hello_is_closed_with_its_code(server: HallServer, name: str) -> None:
    said, code = BAD_HELLOS[name]
    async with open_stream(server.http, server.base, HALL, None, hello=False) as screen:
        await (screen.socket.send_str(said) if isinstance(said, str)
               else screen.socket.send_bytes(said))  # fmt: skip
        assert await screen.until_closed() == code


@pytest.mark.parametrize("hall", ["nowhere", OTHER])
async def test_a_hall_that_is_not_there_or_not_ones_own_is_4404(
    server: HallServer, hall: str
) -> None:
    token = await server.token("display", HALL)
    async with open_stream(server.http, server.base, hall, token) as screen:
        assert await screen.until_closed() == 4404


async def test_who_says_nothing_is_closed(
    server: HallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stream.HELLO_S == 5
    monkeypatch.setattr(stream, "HELLO_S", 0.05)
    async with open_stream(server.http, server.base, HALL, None, hello=False) as screen:
        assert await screen.until_closed() == 4400


async def test_a_supervisor_may_watch_every_hall(server: HallServer) -> None:
    token = await server.token("supervisor")
    for hall in (HALL, OTHER):
        async with open_stream(server.http, server.base, hall, token) as screen:
            assert (await screen.next())["state"]["hall"]["id"] == hall


async def test_what_a_screen_says_after_hello_is_ignored_and_limited(server: HallServer) -> None:
    token = await server.token("display")
    async with open_stream(server.http, server.base, HALL, token) as screen:
        await screen.next()
        for noise in ("{", '{"type":"hello","token":null}', "x" * 60_000):
            await screen.socket.send_str(noise)
        await screen.socket.ping()
        await screen.until_version(await something_happens(server))
        await screen.socket.send_str("x" * 100_000)
        assert await screen.until_closed() == 1009


# --- what may not be known ---------------------------------------------------------------------


PERSON = "11010119900307002X"
STAFF_ONLY = {
    "ticket_id", "ticket_detail", "token", "actor", "holder", "held", "signed_in", "commands",
    "alerts", "note", "clock_doubted", "undo", "can_no_show_at", "case_no",
}  # fmt: skip


def everything_in(told: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with the name it stands under, and every name."""
    if isinstance(told, dict):
        for key, value in told.items():
            yield key, True if isinstance(value, dict | list) else value
            yield from everything_in(value, key)
    elif isinstance(told, list):
        for value in told:
            yield from everything_in(value, name)
    else:
        yield name, told


async def test_public_screens_never_learn_ids_or_what_is_staffs(server: HallServer) -> None:
    kiosk = await server.client("kiosk")
    async with (
        server.stream("display") as display,
        server.stream("kiosk") as at_kiosk,
        server.stream("pad", window=2) as pad,
        server.stream("supervisor") as staff,
    ):
        ticket = await kiosk.take("H", id_number=PERSON)
        await bustle(server, 150, seed=3)
        version = server.hall().hub.version
        for screen in (display, at_kiosk, pad, staff):
            await screen.until_version(version)
        known_ids = set(server.hall().committed["queue"].tickets)
        assert ticket["ticket_id"] in known_ids
        watching: list[tuple[Screen, DeviceKind, int | None]] = [
            (display, "display", None), (at_kiosk, "kiosk", None), (pad, "pad", 2),
        ]  # fmt: skip
        for screen, kind, window in watching:
            client = await server.client(kind, window=window)
            seen: list[Any] = list(screen.frames)
            seen.append((await client.get(f"/halls/{HALL}/snapshot")).body)
            seen.append((await client.get(f"/halls/{HALL}/events?limit=2000")).body)
            for told in seen:
                for name, value in everything_in(told):
                    assert name not in STAFF_ONLY or value is None, f"{kind} learns {name}: {told}"
                    assert value not in known_ids, f"{kind} learns a ticket's id as {name}: {told}"
                    assert value != PERSON
        staff_knows = {value for _, value in everything_in(staff.frames)}
        assert ticket["ticket_id"] in staff_knows
        assert PERSON not in staff_knows


async def test_a_pad_sees_its_own_window_only(server: HallServer) -> None:
    kiosk = await server.client("kiosk", OTHER)
    counters = {n: await server.client("counter", OTHER, n) for n in (3, 4)}
    pad_token = await server.token("pad", OTHER, 3)
    async with open_stream(server.http, server.base, OTHER, pad_token) as pad:
        await pad.next()
        for number, counter in counters.items():
            await kiosk.take("H", OTHER)
            for command in ("open", "call_next", "start", "finish"):
                more = {"clerk": f"{number:03d}"} if command == "open" else {}
                answer = await counter.press(number, command, hall=OTHER, **more)
                assert answer.status == 200, answer
        await pad.until_version(server.hall(OTHER).hub.version)
        assert [w["number"] for w in pad.state["windows"]] == [3]
        events = [f["event"] for f in pad.frames if f["type"] == "event"]
        assert {e["data"]["window"] for e in events if "window" in e["data"]} == {3}
        assert not any(e["data"].get("number") for e in events if e["type"] == "ticket_issued")
        # The journal says the same as the stream.
        client = await server.client("pad", OTHER, 3)
        told = (await client.get(f"/halls/{OTHER}/events?limit=2000")).body["events"]
        assert {e["data"]["window"] for e in told if "window" in e.get("data", {})} == {3}
        versions = [e["version"] for e in told]
        assert versions == list(range(1, len(told) + 1)), "contiguous all the same"


async def test_two_pads_of_one_window_miss_nothing_and_get_nothing_twice(
    server: HallServer,
) -> None:
    token = await server.token("pad", OTHER, 2)
    async with open_stream(server.http, server.base, OTHER, token) as first:
        await first.next()
        await first.until(lambda frame: frame["type"] == "heartbeat")
        # None of this is about their window: the first pad is told with its next frame.
        before = await something_happens(server, 1, OTHER)
        after = await something_happens(server, 3, OTHER)
        async with open_stream(server.http, server.base, OTHER, token, before) as second:
            await second.until_version(after)
            await first.until_version(after)
            counter = await server.client("counter", OTHER, 2)
            for command in ("open", "close"):
                more = {"clerk": "002"} if command == "open" else {}
                assert (await counter.press(2, command, hall=OTHER, **more)).status == 200
            for pad in (first, second):  # the frames are checked for gaps and repeats as they come
                await pad.until_event("window_closed")
                assert [f["version"] for f in pad.frames if f["type"] == "event"][-2:] == [
                    after + 1,
                    after + 2,
                ]


# --- stuck -------------------------------------------------------------------------------------


async def stuck_screen(server: HallServer, hall: str, token: str) -> socket.socket:
    """A screen that says hello and then never reads a byte."""
    loop = asyncio.get_running_loop()
    address = urlsplit(server.base)
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    await loop.sock_connect(raw, (address.hostname, address.port))
    request = (
        f"GET /api/v1/halls/{hall}/stream HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    )
    await loop.sock_sendall(raw, request.encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += await loop.sock_recv(raw, 1)
    hello = msgspec.json.encode({"type": "hello", "token": token})
    # A masked text frame, under 126 bytes; the mask is zero.
    await loop.sock_sendall(raw, bytes([0x81, 0x80 | len(hello), 0, 0, 0, 0]) + hello)
    return raw


async def test_a_stuck_screen_is_cut_off_and_harms_nobody(server: HallServer) -> None:
    hall = server.hall(OTHER)
    token = await server.token("display", OTHER)
    manager = await server.client("admin")
    await eventually(lambda: hall.hub.clients == 0)
    stuck = [await stuck_screen(server, OTHER, token) for _ in range(3)]
    await eventually(lambda: hall.hub.clients == 3)
    transports = list(hall.hub._screens[Audience("public")].clients)
    async with server.stream("display", OTHER) as healthy:
        largest = 0
        text = "公示" * 1900
        notices = [{"id": f"{n}", "title": "公示", "body": text} for n in range(20)]
        for round_ in range(60):
            body = {"notices": [{**notice, "seconds": 10 + round_} for notice in notices]}
            answer = await manager.post(f"/halls/{OTHER}/notices", body)
            assert answer.status == 200
            # The others get it, at once and whole.
            await healthy.until_version(hall.hub.version)
            assert healthy.state["notices"][0]["seconds"] == 10 + round_
            largest = max(largest, *(t.get_write_buffer_size() for t in transports))
            if hall.hub.clients == 1:
                break
        assert hall.hub.clients == 1, "whoever never reads is cut off"
        frame = max(len(f) for _, f in hall.hub._screens[Audience("public")].frames)
        assert largest <= hub.MAX_BUFFER + frame, "memory for a stuck screen has a bound"
        assert all(transport.is_closing() for transport in transports)
    for raw in stuck:
        raw.close()
    await manager.post(f"/halls/{OTHER}/notices", {"notices": []})


async def test_a_big_frame_is_no_reason_to_cut_off_who_reads(server: HallServer) -> None:
    """A frame larger than the cap reaches a screen that is slow but reads."""
    hall = server.hall(OTHER)
    token = await server.token("display", OTHER)
    manager = await server.client("admin")
    stuck = await stuck_screen(server, OTHER, token)
    await eventually(lambda: hall.hub.clients == 1)
    (transport,) = hall.hub._screens[Audience("public")].clients
    notices = [{"id": f"{n}", "title": "公示", "body": "公" * 3900} for n in range(20)]
    for round_ in range(20):
        body = {"notices": [{**n, "seconds": 10 + round_} for n in notices]}
        assert (await manager.post(f"/halls/{OTHER}/notices", body)).status == 200
        if transport.get_write_buffer_size() > 0:
            break
    loop = asyncio.get_running_loop()
    while transport.get_write_buffer_size() > 0:
        assert await loop.sock_recv(stuck, 1 << 16), "it was cut off"
    assert not transport.is_closing()
    stuck.close()
    await manager.post(f"/halls/{OTHER}/notices", {"notices": []})


async def test_nothing_is_kept_of_screens_that_went(server: HallServer) -> None:
    token = await server.token("display", "hexi")
    hall = server.hall("hexi")
    sockets: list[aiohttp.ClientWebSocketResponse] = []
    for _ in range(50):
        url = f"{server.base}/api/v1/halls/hexi/stream"
        sockets.append(await server.http.ws_connect(url))
    for one in sockets:
        screen = Screen(one)
        await screen.hello(token)
        await screen.next()
    assert hall.hub.clients == 50
    await asyncio.gather(*(one.close() for one in sockets))
    await eventually(lambda: hall.hub.clients == 0)
    device = (await Client(server.http, server.base, token).get("/me")).body["device_id"]
    await eventually(lambda: device not in server.kernel.sockets)
