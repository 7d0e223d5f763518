"""Accounts: one name once, all of a change or nothing of it, and rights that count at once."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from hall_core import credentials
from hall_core.clock import ManualClock
from hall_core.writer import Work
from tests.integration.people import MORNING, account, new_code, pair, sign_in, signed_in
from tests.support import HALL, HallServer, hall_server, open_stream


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[HallServer]:
    async with hall_server(tmp_path, clock=ManualClock(MORNING)) as running:
        yield running


NEW = {"name": "eve", "password": "a good one 12", "roles": ["manager"], "halls": [HALL]}


async def test_of_two_new_accounts_with_one_name_the_second_is_told(server: HallServer) -> None:
    root = await server.client("admin")
    answers = await asyncio.gather(*(root.post("/users", NEW) for _ in range(4)))
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 3}
    assert {answer.code for answer in answers if answer.status == 409} == {"user_exists"}
    log = [line async for line in audit_lines(server) if line["subject"] == "eve"]
    assert [line["action"] for line in log] == ["user_created"], "those that failed left no trace"


async def audit_lines(server: HallServer) -> AsyncIterator[dict[str, Any]]:
    if "audrey" not in server.kernel.access.users:
        await account(server, "audrey", "auditor")
    for line in (await (await signed_in(server, "audrey")).get("/audit")).body:
        yield line


async def test_an_account_its_audit_entry_and_its_key_are_one_commit(
    server: HallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk in the middle leaves nothing of it, and the retry does all of it."""
    root = await server.client("admin")
    works: list[Work] = []
    submit = server.kernel.writer.submit

    def counted(work: Work) -> None:
        works.append(work)
        submit(work)

    monkeypatch.setattr(server.kernel.writer, "submit", counted)
    assert (await root.post("/users", NEW, key="eve")).status == 201
    (work,) = works
    assert {table.name for table, _ in work.rows} == {"users", "idempotency"}
    assert len(list(work.statements)) == 1, "the audit entry"
    works.clear()
    assert (await root.post("/users", NEW, key="eve")).body["name"] == "eve", "the same answer"
    assert works == []
    for path, body in (
        (f"/halls/{HALL}/pairing-codes", {"kind": "display"}),
        (f"/halls/{HALL}/clerks/001/pin", {"pin": "2468"}),
        ("/users/eve/commands", {"command": "disable"}),
    ):
        works.clear()
        assert (await root.post(path, body)).status in (200, 201), path
        (work,) = works
        assert "idempotency" in {table.name for table, _ in work.rows}, path
        assert any("audit" in str(statement) for statement, _ in work.statements), path
    works.clear()
    await pair(server, await new_code(server, "display"))
    (_, work) = works
    assert len(list(work.statements)) == 2, "the code is used up, and the audit tells of it"


async def test_rights_can_be_changed_and_count_at_once(server: HallServer) -> None:
    await account(server, "root", "admin", "security")
    await account(server, "boss", "supervisor", halls=(HALL,))
    root, boss = await signed_in(server, "root"), await signed_in(server, "boss")
    assert (await boss.get(f"/halls/{HALL}/setup")).code == "wrong_role"
    change = {"command": "change", "roles": ["manager"], "halls": ["dongling"]}
    cookie = {"Cookie": boss.cookie}
    async with open_stream(server.http, server.base, HALL, None, headers=cookie) as screen:
        await screen.next()
        answer = await root.post("/users/boss/commands", change)
        assert (answer.body["roles"], answer.body["halls"]) == (["manager"], ["dongling"])
        await screen.until_closed()  # it showed another hall
    assert (await boss.get("/halls/dongling/setup")).status == 200
    assert (await boss.get(f"/halls/{HALL}/setup")).code == "wrong_hall"
    log = [line async for line in audit_lines(server) if line["action"] == "user_change"]
    assert log[0]["detail"] == "manager @ dongling"
    own = await root.post("/users/root/commands", {**change, "roles": ["admin"]})
    assert own.code == "own_account"
    nonsense: tuple[dict[str, Any], ...] = (
        {"roles": []}, {"roles": ["auditor", "manager"]}, {"halls": ["nowhere"]},
    )  # fmt: skip
    for wrong in nonsense:
        assert (await root.post("/users/boss/commands", {**change, **wrong})).status == 422
    await account(server, "local", "security", halls=(HALL,))
    local = await signed_in(server, "local")
    more = {"command": "change", "roles": ["manager"]}
    assert (await local.post("/users/boss/commands", more)).status == 403


async def test_an_account_that_is_disabled_while_it_signs_in_stays_out(
    server: HallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await account(server, "boss", "manager")
    root = await server.client("admin")
    begun, release = threading.Event(), threading.Event()
    real = credentials.verify_secret

    def slow(hashed: str, password: str) -> bool:
        begun.set()
        release.wait(10)
        return real(hashed, password)

    monkeypatch.setattr(credentials, "verify_secret", slow)
    trying = asyncio.create_task(sign_in(server, "boss"))
    await asyncio.to_thread(begun.wait, 10)
    assert (await root.post("/users/boss/commands", {"command": "disable"})).status == 200
    release.set()
    assert (await trying).status == 401
    assert server.kernel.access.users["boss"].disabled


async def test_a_code_outlives_no_window(server: HallServer) -> None:
    admin, setup = await server.client("admin"), f"/halls/{HALL}/setup"
    window = next(w for w in (await admin.get(setup)).body["windows"] if w["number"] == 30)
    first = await pair(server, await new_code(server, "pad", window=30))
    assert first.status == 200
    old = first.body["device_id"]
    codes = [await new_code(server, "pad", window=30), await new_code(server, "pad", replaces=old)]
    assert (await admin.post(setup, {"removed_windows": [30]})).status == 200
    for code in codes:
        late = await pair(server, code)
        assert (late.status, late.code) == (409, "window_removed")
        assert late.body["detail_en"].startswith("The window of this code was removed.")
    assert (await admin.post(setup, {"windows": [window]})).status == 200
    assert (await pair(server, codes[0])).status == 200, "nothing was used up"
