"""Signing in and out, lock-out, idle sessions, foreign pages; pairing, replacing, revoking."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from http.cookies import SimpleCookie
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from sqlalchemy import Connection

from hall_app import settings
from hall_core import credentials
from hall_core.access import LOCK_AFTER
from hall_core.clock import ManualClock
from tests.integration.conftest import NewDatabase
from tests.integration.people import (
    MORNING,
    PASSWORD,
    Person,
    account,
    new_code,
    pair,
    sign_in,
    signed_in,
)
from tests.support import (
    HALL,
    PLAIN_HALL,
    Answer,
    Client,
    HallServer,
    eventually,
    hall_server,
    installation,
    open_stream,
    run_hall,
)

T = TypeVar("T")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(MORNING)


@pytest_asyncio.fixture
async def server(tmp_path: Path, clock: ManualClock) -> AsyncIterator[HallServer]:
    async with hall_server(tmp_path, clock=clock) as running:
        yield running


# --- signing in --------------------------------------------------------------------------------


async def test_a_session_is_a_cookie_that_only_our_pages_send(server: HallServer) -> None:
    await account(server, "boss", "manager", halls=(HALL,))
    answer = await sign_in(server, "boss")
    assert answer.body == {"name": "boss", "roles": ["manager"]}
    cookie = SimpleCookie(answer.headers["Set-Cookie"])["hall_session"]
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/"
    assert cookie["max-age"] == cookie["expires"] == "", "ends with the browser"
    boss = await signed_in(server, "boss")
    me = (await boss.get("/me")).body
    assert (me["kind"], me["name"], me["roles"]) == ("user", "boss", ["manager"])
    assert (await boss.get(f"/halls/{HALL}/setup")).status == 200
    assert (await boss.get("/halls/dongling/setup")).code == "wrong_hall"
    assert (await boss.get("/users")).code == "wrong_role"


async def test_signing_out_ends_the_session(server: HallServer) -> None:
    await account(server, "boss", "manager")
    boss = await signed_in(server, "boss")
    out = await boss.request("DELETE", "/session")
    assert out.status == 204
    assert SimpleCookie(out.headers["Set-Cookie"])["hall_session"].value == ""
    assert (await boss.get("/me")).code == "session_ended"


async def test_which_of_name_and_password_was_wrong_is_not_said(server: HallServer) -> None:
    await account(server, "boss", "manager")
    wrong = [await sign_in(server, "boss", "guess"), await sign_in(server, "nobody", "guess")]
    assert [answer.status for answer in wrong] == [401, 401]
    assert wrong[0].body == wrong[1].body


async def test_too_many_failures_lock_the_account_for_a_while(
    server: HallServer, clock: ManualClock
) -> None:
    await account(server, "boss", "manager")
    for _ in range(LOCK_AFTER):
        assert (await sign_in(server, "boss", "guess")).status == 401
    locked = await sign_in(server, "boss")
    assert (locked.status, locked.code) == (429, "locked")
    assert "请 10 分钟后再试" in locked.body["detail"]
    clock.advance(minutes=9, seconds=59)
    assert (await sign_in(server, "boss")).status == 429
    clock.advance(seconds=2)
    assert (await sign_in(server, "boss")).status == 200
    # A success in between starts the count anew.
    for _ in range(2):
        for _ in range(LOCK_AFTER - 1):
            await sign_in(server, "boss", "guess")
        assert (await sign_in(server, "boss")).status == 200


async def test_guesses_made_side_by_side_count_one_by_one(server: HallServer) -> None:
    await account(server, "boss", "manager")
    answers = await asyncio.gather(*(sign_in(server, "boss", "guess") for _ in range(12)))
    counted = Counter(answer.status for answer in answers)
    assert counted == {401: LOCK_AFTER, 429: 12 - LOCK_AFTER}


async def test_one_address_may_not_guess_for_ever(
    server: HallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "verify_secret", lambda hashed, password: False)
    answers = await asyncio.gather(*(sign_in(server, f"name{n}", "guess") for n in range(30)))
    assert Counter(answer.status for answer in answers) == {401: 20, 429: 10}


@pytest.mark.parametrize(("behind_proxy", "refused"), [(True, 0), (False, 10)])
async def test_behind_a_proxy_each_address_counts_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behind_proxy: bool, refused: int
) -> None:
    monkeypatch.setattr(credentials, "verify_secret", lambda hashed, password: False)
    toml = installation(tmp_path) / settings.FILE
    told = toml.read_text(encoding="utf-8")
    line = f"behind_proxy = {str(behind_proxy).lower()}"
    toml.write_text(told.replace("behind_proxy = false", line), encoding="utf-8")
    async with hall_server(tmp_path) as server:
        answers = [
            await sign_in(server, "nobody", "guess", headers={"X-Forwarded-For": f"x, 10.0.0.{n}"})
            for n in range(30)
        ]
    assert Counter(answer.status for answer in answers)[429] == refused


async def test_behind_a_proxy_only_an_address_is_taken_for_one(tmp_path: Path) -> None:
    toml = installation(tmp_path) / settings.FILE
    told = toml.read_text(encoding="utf-8")
    toml.write_text(told.replace("behind_proxy = false", "behind_proxy = true"), encoding="utf-8")
    body = b'{"name":"nobody","password":"guess"}'
    claims = (b"\xff\xfe", b"x" * 5000, b",", b"10.0.0.1, \x80", b"fe80::1%\xff", b"10.0.0.1")
    async with hall_server(tmp_path) as server:
        where = urlsplit(server.base)
        for claim in claims:  # aiohttp's client sends no such bytes
            reader, writer = await asyncio.open_connection(where.hostname, where.port)
            head = b"POST /api/v1/session HTTP/1.1\r\nHost: hall\r\nX-Forwarded-For: " + claim
            writer.write(head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            assert b" 401 " in await reader.readline(), claim
            writer.close()
        await account(server, "audrey", "auditor")
        lines = (await (await signed_in(server, "audrey")).get("/audit")).body
        tried = [line["address"] for line in lines if line["action"] == "sign_in_failed"]
        assert tried[::-1] == ["127.0.0.1"] * 4 + ["fe80::1", "10.0.0.1"]


async def test_a_lock_out_survives_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    async with hall_server(tmp_path, demo=False, clock=clock) as server:
        await account(server, "boss", "manager")
        for _ in range(LOCK_AFTER):
            await sign_in(server, "boss", "guess")
    async with hall_server(tmp_path, clock=clock) as server:
        assert (await sign_in(server, "boss")).code == "locked"


# --- how long a session lives ------------------------------------------------------------------


async def test_an_idle_session_ends_and_a_used_one_does_not(
    server: HallServer, clock: ManualClock
) -> None:
    await account(server, "boss", "manager")
    used, idle = await signed_in(server, "boss"), await signed_in(server, "boss")
    for _ in range(3):
        clock.advance(minutes=25)
        assert (await used.get("/me")).status == 200
    assert (await idle.get("/me")).code == "session_ended"
    clock.advance(minutes=31)
    assert (await used.get("/me")).code == "session_ended"


async def test_no_session_outlives_a_shift(server: HallServer, clock: ManualClock) -> None:
    await account(server, "boss", "manager")
    boss = await signed_in(server, "boss")
    cookie = {"Cookie": boss.cookie}
    async with open_stream(server.http, server.base, HALL, None, headers=cookie) as screen:
        for _ in range(12 * 3):
            assert (await boss.get("/me")).status == 200
            clock.advance(minutes=20)
        await server.kernel.access.keep_sessions()  # every minute
        assert (await boss.get("/me")).status == 200
        clock.advance(minutes=1)
        await screen.next()
        await server.kernel.access.keep_sessions()
        await screen.until_closed()  # nor does what it has opened
    assert (await boss.get("/me")).code == "session_ended"


async def test_sessions_survive_a_restart_on_both_engines(
    tmp_path: Path, clock: ManualClock, new_database: NewDatabase
) -> None:
    async with hall_server(tmp_path, demo=False, clock=clock, database=new_database()) as server:
        await account(server, "boss", "manager", "auditor")
        cookie = (await signed_in(server, "boss")).cookie
    async with hall_server(tmp_path, clock=clock) as server:
        boss = Person(server.http, server.base)
        boss.cookie = cookie
        audit = (await boss.get("/audit")).body
        assert [line["action"] for line in audit] == ["sign_in"]
        assert (audit[0]["actor"], audit[0]["address"]) == ("user:boss", "127.0.0.1")


async def test_a_disabled_account_is_out_at_once(server: HallServer) -> None:
    await account(server, "boss", "manager")
    await account(server, "root", "admin", "security")
    boss, root = await signed_in(server, "boss"), await signed_in(server, "root")
    async with open_stream(
        server.http, server.base, HALL, None, headers={"Cookie": boss.cookie}
    ) as screen:
        await screen.next()
        answer = await root.post("/users/boss/commands", {"command": "disable"})
        assert answer.status == 200
        assert answer.body["disabled"] is True
        await screen.until_closed()
    assert (await boss.get("/me")).status == 401
    assert (await sign_in(server, "boss")).status == 401
    await root.post("/users/boss/commands", {"command": "enable"})
    assert (await sign_in(server, "boss")).status == 200
    own = await root.post("/users/root/commands", {"command": "disable"})
    assert own.code == "own_account"


async def test_a_new_password_ends_all_sessions(server: HallServer) -> None:
    await account(server, "boss", "manager")
    await account(server, "root", "admin", "security")
    boss, root = await signed_in(server, "boss"), await signed_in(server, "root")
    new = {"command": "reset_password", "password": "another horse 8"}
    assert (await root.post("/users/boss/commands", new)).status == 200
    assert (await boss.get("/me")).status == 401
    assert (await sign_in(server, "boss")).status == 401
    assert (await sign_in(server, "boss", "another horse 8")).status == 200
    weak = {"command": "reset_password", "password": "short"}
    assert (await root.post("/users/boss/commands", weak)).status == 422


async def test_a_reset_at_the_machine_ends_sessions_of_the_running_server(tmp_path: Path) -> None:
    installation(tmp_path, demo=False)
    async with hall_server(tmp_path) as server:
        await account(server, "boss", "manager")
        boss = await signed_in(server, "boss")
        cookie = {"Cookie": boss.cookie}
        at = server.http, server.base, PLAIN_HALL
        async with open_stream(*at, None, headers=cookie) as screen:
            await screen.next()
            done = await asyncio.to_thread(run_hall, "user", "reset", tmp_path, "boss")
            assert done.returncode == 0, done.stderr
            await server.kernel.access.keep_sessions()  # every minute
            await screen.until_closed()
        assert (await boss.get("/me")).status == 401
        # It was not written back either.
        await server.kernel.access.keep_sessions()
        assert (await boss.get("/me")).status == 401
        assert (await sign_in(server, "boss")).status == 401
        assert (await sign_in(server, "boss", done.stdout.strip())).status == 200


async def test_signing_out_ends_the_persons_streams(server: HallServer) -> None:
    await account(server, "boss", "manager")
    boss = await signed_in(server, "boss")
    cookie = {"Cookie": boss.cookie}
    async with open_stream(server.http, server.base, HALL, None, headers=cookie) as screen:
        await screen.next()
        await boss.request("DELETE", "/session")
        await screen.until_closed()


async def test_everybody_changes_their_own_password(server: HallServer) -> None:
    await account(server, "audrey", "auditor")
    audrey, elsewhere = await signed_in(server, "audrey"), await signed_in(server, "audrey")
    path, new = "/session/password", "another horse 8"
    for body, field in (
        ({"old": "not mine 12", "new": new}, "old"),
        ({"old": PASSWORD, "new": "short"}, "new"),
        ({"old": PASSWORD, "new": PASSWORD}, "new"),
    ):
        refused = await audrey.post(path, body)
        assert refused.status == 422, refused
        assert [error["field"] for error in refused.body["errors"]] == [field]
    changed = await audrey.post(path, {"old": PASSWORD, "new": new})
    assert changed.status == 204
    assert (await audrey.get("/me")).status == 200
    assert (await elsewhere.get("/me")).status == 401
    assert (await sign_in(server, "audrey")).status == 401
    assert (await sign_in(server, "audrey", new)).status == 200
    actions = {line["action"] for line in (await audrey.get("/audit")).body}
    assert {"password_change_failed", "password_changed"} <= actions
    token = await server.client("admin")
    assert (await token.post(path, {"old": PASSWORD, "new": new})).code == "wrong_role"


async def test_guessing_the_old_password_locks_the_account(server: HallServer) -> None:
    await account(server, "boss", "manager")
    boss = await signed_in(server, "boss")
    for _ in range(LOCK_AFTER):
        guess = {"old": "not mine 12", "new": "another horse 8"}
        assert (await boss.post("/session/password", guess)).status == 422
    right = {"old": PASSWORD, "new": "another horse 8"}
    assert (await boss.post("/session/password", right)).code == "locked"
    assert (await sign_in(server, "boss")).code == "locked"


async def test_a_locked_account_is_seen_and_unlocked(server: HallServer) -> None:
    await account(server, "boss", "manager")
    await account(server, "root", "admin", "security")
    root = await signed_in(server, "root")

    async def locked_until() -> str | None:
        users = {user["name"]: user for user in (await root.get("/users")).body}
        at: str | None = users["boss"]["locked_until"]
        return at

    assert await locked_until() is None
    for _ in range(LOCK_AFTER):
        await sign_in(server, "boss", "not mine 12")
    assert await locked_until() == "2026-03-02T01:10:00Z"
    answer = await root.post("/users/boss/commands", {"command": "unlock"})
    assert (answer.status, answer.body["locked_until"]) == (200, None)
    assert (await sign_in(server, "boss")).status == 200
    await account(server, "audrey", "auditor")
    audit = (await (await signed_in(server, "audrey")).get("/audit")).body
    assert ("user_unlock", "boss") in {(line["action"], line["subject"]) for line in audit}


# --- pages of others ---------------------------------------------------------------------------


async def test_a_foreign_page_can_not_write_with_a_persons_cookie(server: HallServer) -> None:
    await account(server, "boss", "manager")
    boss = await signed_in(server, "boss")
    path = f"/halls/{HALL}/tickets"
    for origin in ("http://evil.example", "null", "https://127.0.0.1:1"):
        boss.origin = origin
        refused = await boss.post(path, {"queue": "H"})
        assert (refused.status, refused.code) == (403, "wrong_origin"), origin
        async with open_stream(
            server.http,
            server.base,
            HALL,
            None,
            headers={"Cookie": boss.cookie, "Origin": origin},
        ) as screen:
            assert await screen.until_closed() == 4401
        assert (await boss.request("DELETE", "/session")).code == "wrong_origin"
        assert (await sign_in(server, "boss", headers={"Origin": origin})).status == 403
    boss.origin = server.base
    assert (await boss.post(path, {"queue": "H"})).status == 201


# --- who may give what -------------------------------------------------------------------------


async def test_a_region_gives_the_halls_below_it(server: HallServer) -> None:
    await account(server, "county", "supervisor", regions=("159921000000",))
    county = await signed_in(server, "county")
    halls = {hall["id"] for hall in (await county.get("/halls")).body}
    assert halls == {"qinghe", "baiquan", "yushu"}
    tree = (await county.get("/supervision/tree")).body
    assert {hall["id"] for hall in tree["halls"]} == halls
    assert (await county.get("/halls/dongling/snapshot")).code == "wrong_hall"


async def test_nobody_gives_more_than_they_have(server: HallServer) -> None:
    """A hall's own security officer makes no account that reaches further, and changes none."""
    await account(server, "root", "admin", "security")
    await account(server, "local", "security", halls=(HALL,))
    local = await signed_in(server, "local")
    new = {"name": "eve", "password": "a good one 12", "roles": ["supervisor"]}
    for reach in ({}, {"halls": [HALL, "dongling"]}, {"regions": ["159900000000"]}):
        refused = await local.post("/users", {**new, **reach})
        assert (refused.status, refused.code) == (403, "wrong_hall"), reach
    for role in ("admin", "manager", "auditor"):
        refused = await local.post("/users", {**new, "halls": [HALL], "roles": [role]})
        assert (refused.status, refused.code) == (403, "wrong_role"), role
    assert (await local.post("/users", {**new, "halls": [HALL]})).status == 201
    for body in ({"command": "disable"}, {"command": "reset_password", "password": "mine now 123"}):
        assert (await local.post("/users/root/commands", body)).code == "wrong_hall"
    assert {user["name"] for user in (await local.get("/users")).body} == {"local", "eve"}


async def test_an_auditor_reads_the_log_and_nothing_else(server: HallServer) -> None:
    await account(server, "audrey", "auditor")
    await sign_in(server, "audrey", "guess")
    audrey = await signed_in(server, "audrey")
    log = await audrey.get("/audit")
    assert log.status == 200, log
    actions = [(line["action"], line["subject"]) for line in log.body]
    assert actions == [("sign_in", "audrey"), ("sign_in_failed", "audrey")]
    assert (await audrey.get("/users")).code == "wrong_role"
    assert (await audrey.get(f"/halls/{HALL}/setup")).code == "wrong_role"
    root = await server.client("admin")
    assert (await root.get("/audit")).code == "wrong_role"


# --- devices -----------------------------------------------------------------------------------


def device_of(server: HallServer, answer: Answer) -> Person:
    device = Person(server.http, server.base)
    device.cookie = answer.headers["Set-Cookie"].split(";")[0]
    return device


async def test_a_code_pairs_one_device_once(server: HallServer) -> None:
    code = await new_code(server, "counter", window=3, name="三号窗口")
    answers = await asyncio.gather(*(pair(server, code) for _ in range(4)))
    assert Counter(answer.status for answer in answers) == {200: 1, 401: 3}
    paired = next(answer for answer in answers if answer.status == 200)
    assert (paired.body["kind"], paired.body["hall"], paired.body["window"]) == ("counter", HALL, 3)
    assert "token" not in paired.body
    cookie = next(iter(SimpleCookie(paired.headers["Set-Cookie"]).values()))
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
    device = device_of(server, paired)
    assert (await device.get("/me")).body["window"] == 3
    assert (await device.press(3, "open", clerk="003")).status == 200
    assert (await device.press(4, "open", clerk="004")).code == "wrong_window"


async def test_a_code_is_typed_as_people_type(server: HallServer) -> None:
    code = await new_code(server, "display")
    assert (await pair(server, f" {code.lower().replace('-', '')} ")).status == 200


async def test_an_old_code_and_a_guessed_one_are_refused(
    server: HallServer, clock: ManualClock
) -> None:
    code = await new_code(server, "display")
    clock.advance(minutes=15, seconds=1)
    assert (await pair(server, code)).code == "unknown_code"
    answers = await asyncio.gather(*(pair(server, f"AAAA-{n:04d}") for n in range(30)))
    assert Counter(answer.status for answer in answers) == {401: 19, 429: 11}


async def test_codes_that_make_no_sense_are_not_given(server: HallServer) -> None:
    pad = await pair(server, await new_code(server, "pad", window=5))
    device_id = pad.body["device_id"]
    admin = await server.client("admin")
    for body in (
        {"kind": "admin"},
        {"kind": "pad"},
        {"kind": "toaster"},
        {"kind": "kiosk", "replaces": "nobody"},
        {"kind": "kiosk", "replaces": device_id},  # a pad
        {"kind": "pad", "window": 0},
        {"kind": "pad", "window": 99},
        {"kind": "display", "window": 998},
        {"kind": "kiosk", "name": "长" * 61},
        {},
    ):
        answer = await admin.post(f"/halls/{HALL}/pairing-codes", body)
        assert answer.status == 422, body
        assert answer.body["errors"][0]["field"]


async def test_a_revoked_device_is_out_and_its_screens_close(server: HallServer) -> None:
    device = device_of(server, await pair(server, await new_code(server, "display")))
    device_id = (await device.get("/me")).body["device_id"]
    admin = await server.client("admin")
    cookie = {"Cookie": device.cookie}
    async with open_stream(server.http, server.base, HALL, None, headers=cookie) as screen:
        await screen.next()
        listed = (await admin.get(f"/halls/{HALL}/devices")).body
        entry = next(d for d in listed if d["device_id"] == device_id)
        assert (entry["connected"], entry["revoked"]) == (True, False)
        answer = await admin.post(f"/devices/{device_id}/commands", {"command": "revoke"})
        assert answer.body["revoked"] is True
        await screen.until_closed()
    assert (await device.get("/me")).code == "unknown_token"
    async with open_stream(server.http, server.base, HALL, None, headers=cookie) as screen:
        assert await screen.until_closed() == 4401
    await eventually(lambda: device_id not in server.kernel.sockets)


async def test_a_replacement_takes_over_and_the_dead_one_is_out(server: HallServer) -> None:
    old = device_of(server, await pair(server, await new_code(server, "pad", window=5, name="旧")))
    old_id = (await old.get("/me")).body["device_id"]
    admin = await server.client("admin")
    settings = {"volume": 3}
    configure = {"command": "configure", "settings": settings}
    assert (await admin.post(f"/devices/{old_id}/commands", configure)).status == 200
    code = await new_code(server, "pad", replaces=old_id)
    async with open_stream(
        server.http, server.base, HALL, None, headers={"Cookie": old.cookie}
    ) as screen:
        await screen.next()
        new = await pair(server, code)
        await screen.until_closed()
    assert (new.body["window"], new.body["name"]) == (5, "旧")
    assert new.body["settings"] == settings
    assert (await old.get("/me")).status == 401


@pytest.mark.parametrize(
    ("levels", "possible"),
    # How deep JSON is read at all is the interpreter's affair.
    [(7, {200}), (8, {422}), (500, {422}), (900, {422}), (5000, {400, 422})],
)
async def test_settings_of_a_device_have_a_size(
    server: HallServer, levels: int, possible: set[int]
) -> None:
    old = device_of(server, await pair(server, await new_code(server, "display")))
    admin = await server.client("admin")
    path = f"/devices/{(await old.get('/me')).body['device_id']}/commands"
    deep = b'{"command":"configure","settings":{"a":' + b"[" * levels + b"]" * levels + b"}}"
    answer = await admin.request("POST", path, data=deep)
    assert answer.status in possible
    many = {"command": "configure", "settings": {"a": "字" * 6000}}
    answer = await admin.post(path, many)
    assert (answer.status, answer.body["errors"][0]["field"]) == (422, "settings")
    assert (await admin.get(f"/halls/{HALL}/devices")).status == 200


async def test_one_browser_may_be_several_devices(server: HallServer) -> None:
    devices = [
        device_of(server, await pair(server, await new_code(server, "pad", window=n)))
        for n in (1, 2)
    ]
    ids = [(await device.get("/me")).body["device_id"] for device in devices]
    both = Person(server.http, server.base)
    both.cookie = "; ".join(device.cookie for device in devices)
    assert (await both.get("/me")).code == "no_credentials", "which of them is not said"
    for window, device_id in enumerate(ids, 1):
        asked = await both.get("/me", headers={"X-Hall-Device": device_id})
        assert asked.body["window"] == window
        assert (await both.get(f"/me?device={device_id}")).body["window"] == window
    assert (await both.get("/me?device=another")).code == "unknown_token"


async def test_a_token_made_at_the_machine_works_at_once(tmp_path: Path) -> None:
    installation(tmp_path)
    async with hall_server(tmp_path) as server:
        made = await asyncio.to_thread(
            run_hall, "token", "create", tmp_path, "--kind", "counter", "--hall", HALL,
            "--window", "2",
        )  # fmt: skip
        assert made.stderr == ""
        counter = Client(server.http, server.base, made.stdout.strip())
        assert (await counter.get("/me")).body["window"] == 2


@pytest.mark.parametrize("change", ["issue", "revoke"])
async def test_a_read_that_was_overtaken_undoes_nothing(
    server: HallServer, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """The tables are read again for an unknown token, while a device is paired or revoked."""
    kernel = server.kernel
    device, token = await kernel.access.issue_token("display", HALL, None, "one")
    real = kernel.store.read
    held, release = asyncio.Event(), asyncio.Event()

    async def slow(query: Callable[[Connection], T]) -> T:
        read = await real(query)
        if not held.is_set():
            held.set()
            await release.wait()
        return read

    monkeypatch.setattr(kernel.store, "read", slow)
    stranger = asyncio.create_task(Client(server.http, server.base, "stranger").get("/me"))
    await held.wait()  # it has read the tables as they were
    if change == "issue":
        _, token = await kernel.access.issue_token("display", HALL, None, "two")
    else:
        await server.revoke(device.device_id)
    release.set()
    assert (await stranger).status == 401
    expected = 200 if change == "issue" else 401
    assert (await Client(server.http, server.base, token).get("/me")).status == expected
