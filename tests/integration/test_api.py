"""Every call of the contract: what it answers, and what it says to bad input. Both engines."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import Connection, func, select

from hall_app.check import check_directory
from hall_core import credentials
from hall_core.clock import ManualClock
from hall_core.http import BODY_MAX
from hall_queue import tables as queue_tables
from tests.integration.conftest import NewDatabase
from tests.support import HALL, QUICK_HASHER, Answer, Client, HallServer, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

MORNING = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday, 09:00 in the hall
TICKETS = f"/halls/{HALL}/tickets"
CLOCK = ManualClock(MORNING)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(
    tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase
) -> AsyncIterator[HallServer]:
    directory = tmp_path_factory.mktemp("api")
    async with hall_server(directory, clock=CLOCK, database=new_database()) as running:
        yield running
    assert check_directory(directory) == []


@pytest_asyncio.fixture(loop_scope="module")
async def kiosk(server: HallServer) -> Client:
    return await server.client("kiosk")


async def counter(server: HallServer, window: int) -> Client:
    """The clerk's own machine; the window is open."""
    client = await server.client("counter", window=window)
    await client.press(window, "open", clerk=f"{window:03d}")
    return client


async def pass_time(server: HallServer, **delta: float) -> None:
    CLOCK.advance(**delta)
    server.kernel.tick()
    await server.hall().drain()


def assert_problem(answer: Answer, status: int, code: str | None = None) -> None:
    """An RFC 9457 document that a person can act on."""
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.body
    assert set(body) - {"errors", "detail_en"} == {"type", "title", "status", "detail", "code"}
    assert body["status"] == status
    assert body["type"] == f"urn:hall:problem:{body['code']}"
    assert body["title"]
    assert body["detail"]
    assert "Traceback" not in body["detail"]
    assert ("errors" in body) == (status == 422), answer
    for error in body.get("errors", ()):
        assert set(error) - {"message_en"} == {"field", "message"}
        assert error["field"]
        assert error["message"]
    if code is not None:
        assert answer.code == code, answer


# --- what the contract promises ----------------------------------------------------------------


async def test_probes_answer_everybody(server: HallServer) -> None:
    nobody = await server.client(None)
    assert (await nobody.get("/healthz")).status == 200
    assert (await nobody.get("/readyz")).status == 200
    metrics = await nobody.get("/metrics")
    assert b"hall_http_seconds_bucket" in metrics.raw


async def test_halls_and_clerks(server: HallServer) -> None:
    staff = await server.client("supervisor")
    halls = (await staff.get("/halls")).body
    here = next(hall for hall in halls if hall["id"] == HALL)
    assert set(here) >= {"id", "name", "region", "level"}
    clerks = (await staff.get(f"/halls/{HALL}/clerks")).body
    windows = {window for clerk in clerks for window in clerk["windows"]}
    state = (await staff.get(f"/halls/{HALL}/snapshot")).body["state"]
    assert windows >= {window["number"] for window in state["windows"]}, "each has its own clerk"
    assert set(clerks[0]) >= {"clerk_no", "name", "windows"}


async def test_a_ticket_from_being_taken_to_being_served(server: HallServer, kiosk: Client) -> None:
    answer = await kiosk.post(TICKETS, {"service": "id_card", "channel": "kiosk"}, key="first")
    assert answer.status == 201
    taken = answer.body
    assert set(taken) >= {
        "ticket_id", "number", "queue", "state", "ahead", "wait_minutes", "token", "issued_at",
    }  # fmt: skip
    assert (taken["queue"], taken["state"]) == ("H", "waiting")
    assert taken["number"].startswith("H")
    assert len(taken["number"]) == 4
    assert set(taken["wait_minutes"]) >= {"low", "likely", "high"}
    second = await kiosk.take("H")
    assert second["ahead"] == taken["ahead"] + 1

    citizen = await server.client(None)
    public = f"/public/tickets/{taken['token']}"
    seen = (await citizen.get(public)).body
    assert set(seen) >= {"number", "state", "ahead", "wait_minutes", "window"}
    assert "ticket_id" not in seen
    assert seen["window"] is None

    clerk = await counter(server, 1)
    called = (await clerk.press(1, "call_next")).body
    assert set(called) == {"window", "ticket", "version"}
    assert called["ticket"]["number"] == taken["number"]
    assert called["window"]["state"] == "calling"
    seen = (await citizen.get(public)).body
    assert (seen["state"], seen["window"]) == ("called", 1)
    await pass_time(server, seconds=20)
    assert (await clerk.press(1, "recall")).body["ticket"]["call_count"] == 2
    assert (await clerk.press(1, "start")).body["window"]["state"] == "serving"
    await pass_time(server, minutes=5)
    done = (await clerk.press(1, "finish", case_no="150000-1")).body
    assert (done["window"]["state"], done["ticket"]["state"]) == ("open", "finished")
    ticket = (await kiosk.get(f"/tickets/{taken['ticket_id']}")).body
    times = [ticket[name] for name in ("issued_at", "called_at", "started_at", "ended_at")]
    assert times == sorted(times)
    assert (ticket["window"], ticket["clerk_no"]) == (1, "001")
    assert (await citizen.get(public)).body["state"] == "finished"
    cancel = await citizen.post(f"/public/tickets/{second['token']}/commands",
                                {"command": "cancel"})  # fmt: skip
    assert (cancel.status, cancel.body["state"]) == (200, "cancelled")
    nobody = await clerk.press(1, "call_next")
    assert (nobody.status, nobody.body["ticket"]) == (200, None)
    await clerk.press(1, "close")


async def test_every_window_command_is_understood(server: HallServer, kiosk: Client) -> None:
    """One press of each, where it is possible; the rules themselves are tested as a table."""
    tickets = [await kiosk.take("S") for _ in range(9)]
    first = await counter(server, 6)
    second = await counter(server, 7)
    back = (CLOCK.now() + timedelta(minutes=20)).isoformat()
    number = tickets[5]["number"]
    steps: list[tuple[Client, int, str, dict[str, Any]]] = [
        (first, 6, "call_next", {}),
        (first, 6, "hold", {"reason": "补材料"}),
        (first, 6, "unhold", {"number": tickets[0]["number"]}),
        (first, 6, "start", {}),
        (first, 6, "finish", {"next_queue": "M"}),
        (first, 6, "undo", {}),
        (first, 6, "finish", {}),
        (first, 6, "call_next", {}),
        (first, 6, "transfer", {"window": 7}),
        (second, 7, "call_specific", {"number": number, "reason": "加急"}),
        (second, 7, "no_show", {}),
        (second, 7, "undo", {}),
        (second, 7, "no_show", {}),
        (second, 7, "call_next", {}),
        (second, 7, "transfer", {"queue": "M"}),
        (first, 6, "sign_in", {"clerk": "B01"}),
        (first, 6, "leave", {"reason": "送件", "contact": "8001", "expected_return": back,
                             "destination": "三楼", "backup_clerk": "B01"}),
        (first, 6, "return", {}),
        (first, 6, "sign_out", {"clerk": "B01"}),
        (first, 6, "leave", {"reason": "会议", "contact": "", "expected_return": back}),
        (second, 7, "cover", {"window": 6}),
        (second, 7, "uncover", {"window": 6}),
        (first, 6, "return", {}),
        (first, 6, "handover", {"clerk": "B01"}),
        (first, 6, "close", {}),
        (second, 7, "close", {}),
    ]  # fmt: skip
    before = server.hall().hub.version
    for client, window, command, more in steps:
        answer = await client.press(window, command, **more)
        if command == "transfer" and more.get("window"):
            answer = await client.press(window, "call_next") if answer.status != 200 else answer
        assert answer.status == 200, (command, more, answer)
        assert answer.body["version"] > before
        before = answer.body["version"]
    used = {command for _, _, command, _ in steps} | {"open", "recall", "start"}
    schema = (await kiosk.get("/api/openapi.json")).body["components"]["schemas"]
    known = {
        field["enum"][0]
        for entry in schema.values()
        if (field := entry.get("properties", {}).get("command")) and "enum" in field
    }
    assert used <= known


async def test_tickets_at_the_guide_desk(server: HallServer, kiosk: Client) -> None:
    guide = await server.client("guide")
    ticket = await kiosk.take("M", priority="green", cases=2)
    path = f"/tickets/{ticket['ticket_id']}"
    verified = await guide.post(f"{path}/commands", {"command": "verify_green"})
    assert verified.body["priority"] == "green"
    moved = await guide.post(f"{path}/commands", {"command": "exchange", "queue": "B"})
    assert moved.body["queue"] == "B"
    assert moved.body["number"].startswith("B")
    assert moved.body["issued_at"] == ticket["issued_at"]
    by_number = await guide.get(f"{TICKETS}/by-number/{moved.body['number'].lower()}")
    assert by_number.body["ticket_id"] == ticket["ticket_id"]
    listed = (await guide.get(f"{TICKETS}?state=waiting")).body
    assert ticket["ticket_id"] in {entry["ticket_id"] for entry in listed}
    gone = await guide.post(f"{path}/commands", {"command": "cancel"})
    assert gone.body["state"] == "cancelled"
    assert_problem(await guide.post(f"{path}/commands", {"command": "cancel"}), 409)
    other = await kiosk.take("M")
    refused = await kiosk.post(f"/tickets/{other['ticket_id']}/commands", {"command": "cancel"})
    assert_problem(refused, 403)


async def test_snapshot_and_events_agree(server: HallServer, kiosk: Client) -> None:
    await kiosk.take("J")
    staff = await server.client("supervisor")
    snapshot = (await staff.get(f"/halls/{HALL}/snapshot")).body
    assert set(snapshot) == {"version", "state"}
    version = snapshot["version"]
    told: list[dict[str, Any]] = []
    while True:
        after = told[-1]["version"] if told else 0
        page = (await staff.get(f"/halls/{HALL}/events?after={after}&limit=7")).body
        assert page["version"] == version
        if not page["events"]:
            break
        assert len(page["events"]) <= 7
        told += page["events"]
    assert [event["version"] for event in told] == list(range(1, version + 1))
    assert {"version", "type", "at", "actor", "data"} == set(told[-1])
    assert (told[-1]["type"], told[-1]["data"]["queue"]) == ("ticket_issued", "J")
    assert (await staff.get(f"/halls/{HALL}/events?after={version}")).body["events"] == []


async def test_an_overdue_absence_becomes_an_alert_that_people_handle(server: HallServer) -> None:
    clerk = await counter(server, 12)
    staff = await server.client("supervisor")
    back = CLOCK.now() + timedelta(minutes=5)
    assert (await clerk.press(12, "leave", reason="会议", expected_return=back)).status == 200
    await pass_time(server, minutes=6)
    alerts = (await staff.get(f"/halls/{HALL}/alerts?state=open")).body
    (alert,) = [alert for alert in alerts if alert["window"] == 12]
    assert set(alert) >= {
        "alert_id", "kind", "window", "camera_id", "level", "state", "since", "evidence",
    }  # fmt: skip
    assert (alert["kind"], alert["level"], alert["state"]) == ("absence_overdue", "window", "open")
    path = f"/alerts/{alert['alert_id']}/commands"
    neighbour = await server.client("counter", window=13)
    assert_problem(await neighbour.post(path, {"command": "acknowledge"}), 403)
    assert (await clerk.post(path, {"command": "acknowledge"})).body["state"] == "acknowledged"
    assert_problem(await clerk.post(path, {"command": "acknowledge"}), 409)
    assert_problem(await clerk.post(path, {"command": "close"}), 403)
    assert_problem(await staff.post(path, {"command": "explain", "text": " "}), 422)
    await pass_time(server, minutes=10)
    alerts = (await staff.get(f"/halls/{HALL}/alerts")).body
    assert [a["level"] for a in alerts if a["window"] == 12] == ["hall"]
    said = {"command": "explain", "text": "在路上"}
    assert (await clerk.post(path, said)).body["state"] == "explained"
    assert (await staff.post(path, {"command": "confirm"})).body["state"] == "confirmed"
    assert (await staff.post(path, {"command": "close"})).body["state"] == "closed"
    assert_problem(await staff.post(path, {"command": "close"}), 409, "alert_ended")
    closed = (await staff.get(f"/halls/{HALL}/alerts?state=closed")).body
    assert alert["alert_id"] in {a["alert_id"] for a in closed}
    await clerk.press(12, "return")
    await clerk.press(12, "close")


async def test_a_pin_is_asked_for_where_the_hall_says_so(
    server: HallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "_hasher", QUICK_HASHER)
    admin = await server.client("admin")
    clerk = await server.client("counter", window=28)
    settings = (await admin.get(f"/halls/{HALL}/setup")).body["settings"]
    with_pin = {"settings": {**settings, "pin_required": True}}
    assert (await admin.post(f"/halls/{HALL}/setup", with_pin)).status == 200
    try:
        assert_problem(await clerk.press(28, "open", clerk="028"), 422)
        assert_problem(await clerk.press(28, "open", clerk="028", pin="1234"), 422)
        pin = f"/halls/{HALL}/clerks/028/pin"
        for bad in ("12", "1111", "000000", "1234", "123456"):
            assert_problem(await admin.post(pin, {"pin": bad}), 422)
        assert_problem(await admin.post(f"/halls/{HALL}/clerks/999/pin", {"pin": "1234"}), 404)
        assert (await admin.post(pin, {"pin": "2468"})).status == 200
        assert_problem(await clerk.press(28, "open", clerk="028", pin="1111"), 403, "wrong_pin")
        assert (await clerk.press(28, "open", clerk="028", pin="2468")).status == 200
        await clerk.press(28, "close")
        # Guesses, even side by side, end in a lock.
        guesses = await asyncio.gather(
            *(clerk.press(28, "open", clerk="028", pin=f"{n:04d}") for n in range(8))
        )
        assert [a.status for a in guesses].count(403) <= 5
        assert_problem(await clerk.press(28, "open", clerk="028", pin="2468"), 429, "pin_locked")
    finally:
        assert (await admin.post(f"/halls/{HALL}/setup", {"settings": settings})).status == 200


async def test_a_clerk_who_was_removed_and_is_back_has_no_pin(
    server: HallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "_hasher", QUICK_HASHER)
    admin = await server.client("admin")
    clerk = await server.client("counter", window=28)
    settings = (await admin.get(f"/halls/{HALL}/setup")).body["settings"]
    pins = "/halls/" + HALL + "/clerks/777/pin"
    setup = f"/halls/{HALL}/setup"

    async def add(name: str) -> None:
        entry = {"clerk_no": "777", "name": name, "windows": [28]}
        assert (await admin.post(setup, {"clerks": [entry]})).status == 200

    def kept(connection: Connection) -> int:
        table = queue_tables.clerk_pins
        where = table.c.clerk_no == "777"
        return connection.execute(select(func.count()).select_from(table).where(where)).scalar_one()

    await add("离任")
    assert (await admin.post(pins, {"pin": "2468"})).status == 200
    assert await server.kernel.store.read(kept) == 1
    await add("改名")  # the same person, edited
    assert await server.kernel.store.read(kept) == 1
    assert (await admin.post(setup, {"removed_clerks": ["777"]})).status == 200
    assert await server.kernel.store.read(kept) == 0
    await add("改名")  # 工号 are kept for who had them
    with_pin = {"settings": {**settings, "pin_required": True}}
    assert (await admin.post(setup, with_pin)).status == 200
    try:
        answer = await clerk.press(28, "open", clerk="777", pin="2468")
        assert_problem(answer, 422)
        assert answer.body["errors"][0]["field"] == "pin"
    finally:
        assert (await admin.post(setup, {"settings": settings})).status == 200


# --- bad input ---------------------------------------------------------------------------------

UNREADABLE: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"queue=H",
    "cut off": b'{"queue": "H"',
    "two values": b'{"queue": "H"} {}',
    "not UTF-8": b'{"queue": "\xff\xfe"}',
    "single quotes": b"{'queue': 'H'}",
    "half a surrogate": b'{"queue": "\\ud800"}',
}

WRONG: dict[str, tuple[Any, str]] = {
    "a list": ([], "body"),
    "a text": ("H", "body"),
    "null": (None, "body"),
    "a number for the queue": ({"queue": 7}, "queue"),
    "a text for a number": ({"queue": "H", "cases": "2"}, "cases"),
    "half a case": ({"queue": "H", "cases": 1.5}, "cases"),
    "a field nobody knows": ({"queue": "H", "colour": "red"}, "colour"),
    "another channel": ({"queue": "H", "channel": "fax"}, "channel"),
    "another priority": ({"queue": "H", "priority": "vip"}, "priority"),
    "no queue and no service": ({}, "service"),
    "a queue that is not there": ({"queue": "Q"}, "queue"),
    "a service that is not there": ({"service": "moon"}, "service"),
    "no cases": ({"queue": "H", "cases": 0}, "cases"),
    "too many cases": ({"queue": "H", "cases": 10**9}, "cases"),
    "a number beyond all bounds": ({"queue": "H", "cases": 10**30}, "cases"),
    "an ID number that is none": ({"queue": "H", "id_number": "110101199003070021"}, "id_number"),
    "a code that is none": ({"queue": "H", "appointment": "X"}, "appointment"),
    "the guide desk's channel at a kiosk": ({"queue": "H", "channel": "guide_desk"}, "channel"),
    "a very long text": ({"queue": "H" * 100_000}, "queue"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
async def test_what_can_not_be_read_is_400(kiosk: Client, name: str) -> None:
    answer = await kiosk.request("POST", TICKETS, data=UNREADABLE[name])
    assert_problem(answer, 400, "unreadable_json")


async def test_json_that_is_nested_without_end_is_refused(kiosk: Client) -> None:
    for opening in (b"[", b'{"a":'):
        data = b'{"queue": ' + opening * (200_000 // len(opening))
        answer = await kiosk.request("POST", TICKETS, data=data)
        assert answer.status in (400, 422), answer


@pytest.mark.parametrize("name", WRONG)
async def test_wrong_fields_are_422_and_named(kiosk: Client, name: str) -> None:
    body, field = WRONG[name]
    answer = await kiosk.request("POST", TICKETS, data=json.dumps(body).encode())
    assert_problem(answer, 422)
    assert answer.body["errors"][0]["field"] == field, answer


async def test_a_wrong_field_is_told_in_chinese_and_in_english(kiosk: Client) -> None:
    answer = await kiosk.request("POST", TICKETS, {"queue": "H", "cases": 10})
    assert_problem(answer, 422, "invalid_field")
    assert answer.body["errors"] == [
        {
            "field": "cases",
            "message": "一张号最多办理9件，请填写1到9。",
            "message_en": "A ticket is for at most 9 matters. Please enter 1 to 9.",
        }
    ]


async def test_a_huge_body_is_413(kiosk: Client) -> None:
    answer = await kiosk.request("POST", TICKETS, data=b" " * (BODY_MAX + 1))
    assert_problem(answer, 413, "too_large")

    async def without_end() -> AsyncIterator[bytes]:
        for _ in range(BODY_MAX // 1000 + 10):
            yield b" " * 1000

    headers = {"Authorization": f"Bearer {kiosk.token}", "Idempotency-Key": "huge"}
    async with kiosk.http.post(kiosk.url(TICKETS), data=without_end(), headers=headers) as response:
        assert response.status == 413
    assert (await kiosk.take("E"))["number"], "the next request is served"


@pytest.mark.parametrize("key", ["", "x" * 201])
async def test_a_write_without_a_sensible_key_is_422(kiosk: Client, key: str) -> None:
    headers = {"Idempotency-Key": key} if key else {}
    answer = await kiosk.request("POST", TICKETS, {"queue": "H"}, key="", headers=headers)
    assert_problem(answer, 422, "idempotency_key")
    assert answer.body["errors"][0]["field"] == "Idempotency-Key"


async def test_credentials_that_are_none_are_401(server: HallServer) -> None:
    nobody = await server.client(None)
    for value in ("Bearer", "Bearer ", "Basic YTpi", "Bearer x y", "bearer é", "é"):
        answer = await nobody.get("/me", headers={"Authorization": value})
        assert_problem(answer, 401)


async def test_what_is_not_there_is_404_and_405(server: HallServer, kiosk: Client) -> None:
    clerk = await server.client("admin")
    assert_problem(await kiosk.get("/nothing"), 404, "not_found")
    assert_problem(await kiosk.get("/api/v2/halls"), 404, "not_found")
    assert_problem(await kiosk.get(f"/tickets/{'0' * 16}"), 404, "unknown_ticket")
    assert_problem(await kiosk.get(f"{TICKETS}/by-number/H999"), 404, "unknown_number")
    assert_problem(await kiosk.get("/public/tickets/guessed"), 404, "unknown_ticket")
    assert_problem(await clerk.press(99, "call_next"), 404, "unknown_window")
    answer = await clerk.post("/alerts/none/commands", {"command": "close"})
    assert_problem(answer, 404, "unknown_alert")
    wrong = await kiosk.request("PUT", TICKETS, {})
    assert_problem(wrong, 405, "method_not_allowed")
    assert set(wrong.headers["Allow"].split(",")) == {"GET", "POST"}


async def test_a_token_of_the_public_ticket_is_not_guessed_from_another(
    server: HallServer, kiosk: Client
) -> None:
    one, two = await kiosk.take("E"), await kiosk.take("E")
    citizen = await server.client(None)
    forged = two["ticket_id"] + one["token"][16:]
    assert_problem(await citizen.get(f"/public/tickets/{forged}"), 404)
    for token in (one["token"][:-1], one["token"] + "A", one["ticket_id"], "é" * 36):
        assert_problem(await citizen.get(f"/public/tickets/{token}"), 404)


async def test_what_a_window_can_not_do_now_is_409(server: HallServer) -> None:
    clerk = await server.client("counter", window=15)
    for command in ("call_next", "start", "finish", "recall", "no_show", "undo", "return", "hold"):
        assert_problem(await clerk.press(15, command), 409)
    await clerk.press(15, "open", clerk="015")
    assert_problem(await clerk.press(15, "open", clerk="015"), 409)
    unknown = await clerk.press(15, "handover", clerk="7070")
    assert unknown.status in (404, 422)
    await clerk.press(15, "close")


NASTY: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**30, "", "x" * 5000, "\u0000", "💥", "'; DROP TABLE tickets --",
    [], [None], {}, {"a": {}}, ["x"] * 500, "2026-02-30T00:00:00", "9999-12-31T23:59:59Z",
    "2026-03-02T09:00:00", 1e308,
)  # fmt: skip


async def test_no_body_whatever_makes_a_route_break(server: HallServer, kiosk: Client) -> None:
    """Every field of every body, filled with what nobody meant: an answer, never a 500."""
    admin = await server.client("admin")
    document = (await kiosk.get("/api/openapi.json")).body
    schemas = document["components"]["schemas"]
    ticket = await kiosk.take("E")
    values = {"hall": HALL, "window": "20", "ticket": ticket["ticket_id"], "clerk": "020"}
    values |= {"token": ticket["token"], "device": "none", "alert": "none", "name": "none"}
    values |= {"case": "none", "platform": "none", "camera": "none", "appointment": "none"}
    asked = 0
    for path, item in document["paths"].items():
        if "post" not in item or path.endswith(("/session", "/pair", "/users")):
            continue
        schema = item["post"]["requestBody"]["content"]["application/json"]["schema"]
        options = [one["$ref"] for one in schema.get("anyOf", [schema])]
        for option in options:
            properties = schemas[option.rsplit("/", 1)[1]]["properties"]
            tag = {"command": properties["command"]["enum"][0]} if "enum" in properties.get(
                "command", {}) else {}  # fmt: skip
            for field in properties:
                for nasty in NASTY if field != "command" else NASTY[:12]:
                    answer = await admin.post(path.format(**values), {**tag, field: nasty})
                    asked += 1
                    assert answer.status < 500, (path, tag, field, nasty, answer)
                    if answer.status >= 400:
                        assert_problem(answer, answer.status)
    assert asked > 500
    # The hall still stands, and is what its journal says (checked when the module ends).
    assert (await kiosk.get(f"/halls/{HALL}/snapshot")).status == 200


ENTRIES: tuple[Any, ...] = (
    None,
    -1,
    0,
    10**12,
    10**30,
    1e308,
    "",
    "x" * 5000,
    "\x07",
    "０",
    [],
    {},
)


async def test_no_setup_whatever_makes_a_hall_break(server: HallServer) -> None:
    """Every field of every entry of the setup: taken or refused with its name, never a fault."""
    hall = "xiangyang"
    admin = await server.client("admin")
    path = f"/halls/{hall}/setup"
    setup = (await admin.get(path)).body
    parts: list[tuple[str, dict[str, Any], Any]] = [("settings", setup["settings"], lambda e: e)]
    for name in ("queues", "services", "windows", "clerks"):
        parts.append((name, setup[name][0], lambda entry: [entry]))
    taken = 0
    for name, entry, whole in parts:
        for field in entry:
            for nasty in ENTRIES:
                answer = await admin.post(path, {name: whole({**entry, field: nasty})})
                where = (name, field, nasty, answer)
                assert answer.status in (200, 400, 409, 422), where
                if answer.status == 200:
                    taken += 1
                    restored = await admin.post(path, {name: whole(entry)})
                    assert restored.status == 200, (where, restored)
    assert taken < 150, "most of it makes no sense and is refused"
    kiosk = await server.client("kiosk", hall)
    assert (await kiosk.take("Z", hall))["state"] == "waiting"


async def test_no_address_whatever_makes_a_route_break(server: HallServer) -> None:
    admin = await server.client("admin")
    for piece in ("%00", "..", "x" * 3000, "%2e%2e%2f", "💥", "%ff", "1e3", "-1", "９", "1%0a2",
                  "{hall}", "99999999999999999999", "%E4%B8"):  # fmt: skip
        for path in (
            f"/halls/{piece}/snapshot",
            f"/halls/{HALL}/windows/{piece}/line",
            f"/tickets/{piece}",
            f"{TICKETS}/by-number/{piece}",
            f"/public/tickets/{piece}",
            f"/halls/{HALL}/events?after={piece}",
            f"/halls/{HALL}/events?limit={piece}",
            f"/halls/{HALL}/alerts?state={piece}",
            f"{TICKETS}?state={piece}",
            f"/halls/{HALL}/photos/{piece}",
        ):
            answer = await admin.get(path)
            assert answer.status < 500, (path, answer)
