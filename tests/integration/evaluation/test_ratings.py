"""Ratings through the running server: who is asked, who may press, once, and across restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from hall_app.check import check_directory
from hall_core.clock import ManualClock
from hall_evaluation import tables
from tests.integration.conftest import NewDatabase
from tests.integration.evaluation.scene import (
    MORNING,
    open_window,
    pass_time,
    rate,
    served,
)
from tests.support import HALL, HallServer, hall_server


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(MORNING)


@pytest_asyncio.fixture
async def server(tmp_path: Path, clock: ManualClock) -> AsyncIterator[HallServer]:
    async with hall_server(tmp_path, clock=clock) as running:
        yield running


async def test_the_windows_pad_asks_and_nobody_else_learns_of_it(server: HallServer) -> None:
    await open_window(server)
    async with (
        server.stream("pad", window=1) as pad,
        server.stream("pad", window=2) as other,
        server.stream("display") as display,
        server.stream("counter", window=1) as counter,
    ):
        assert pad.state["questions"] == []
        assert pad.state["pad"]["ask_s"] == 30
        assert "pad" not in display.state
        assert "questions" not in counter.state
        ticket = await served(server)
        asked = await pad.until_event("evaluation_requested")
        assert asked["event"]["data"] == {
            "window": 1, "number": ticket["number"], "clerk": "001", "token": ticket["token"],
        }  # fmt: skip
        question = asked["changed"]["questions"][0]
        assert question["token"] == ticket["token"]
        assert question["clerk"]["clerk_no"] == "001"
        finished = await counter.until_event("service_finished")
        assert asked["version"] == finished["version"] + 1, "in the same transaction"
        seen = await counter.until_event("evaluation_requested")
        assert "token" not in seen["event"]["data"]
        await rate(server, ticket, "very_dissatisfied", text="等了一上午")
        recorded = await pad.until_event("evaluation_recorded")
        assert recorded["event"]["data"] == {"window": 1, "number": ticket["number"]}
        assert recorded["changed"]["questions"] == [{"window": 1, "removed": True}]
        version = server.hall().hub.version
        bad = version - recorded["version"]
        await rate(server, await served(server), "very_satisfied")
        recorded = await pad.until_event("evaluation_recorded")
        version = server.hall().hub.version
        assert version - recorded["version"] == bad, "versions alone tell nobody which it was"
        for screen in (other, display, counter):
            await screen.until_version(version)
            told = str(screen.frames)
            assert ticket["token"] not in told
            assert "very_dissatisfied" not in told
            assert "negative" not in told
        assert "evaluation" not in str(other.frames)


async def test_the_journal_holds_no_words_and_no_number_of_the_citizen(server: HallServer) -> None:
    await open_window(server)
    contact = {"name": "张三丰", "phone": "138 1234 5678"}
    answer = await rate(
        server, await served(server), "dissatisfied", text="等了一上午", contact=contact
    )
    assert answer.status == 201
    admin = await server.client("admin")
    told = (await admin.get(f"/halls/{HALL}/events?limit=2000")).raw.decode()
    assert "dissatisfied" in told

    for word in ("一上午", "三丰", "12345678", "5678"):
        assert word not in told
    sealed = server.kernel.store.read_now(
        lambda c: c.execute(select(tables.evaluation_contacts.c.sealed)).scalar_one()
    )
    assert "5678" not in sealed


async def test_one_rating_a_service_and_a_retry_is_not_a_second(server: HallServer) -> None:
    await open_window(server)
    ticket = await served(server)
    pad = await server.client("pad", window=1)
    body = {"token": ticket["token"], "level": "satisfied"}
    first = await pad.post("/evaluations", body, "k1")
    assert (first.status, first.body) == (
        201, {"number": ticket["number"], "level": "satisfied", "window": 1},
    )  # fmt: skip
    again = await pad.post("/evaluations", body, "k1")
    assert (again.status, again.body) == (200, first.body)
    assert (await pad.post("/evaluations", {**body, "level": "dissatisfied"}, "k1")).status == 422
    for client in (pad, await server.client(None)):
        second = await client.post("/evaluations", body)
        assert (second.status, second.code) == (409, "already_rated")
    phone = await server.client(None)
    assert (await phone.get(f"/public/evaluations/{ticket['token']}")).body["state"] == "rated"


async def test_who_may_not_press_is_told_why(server: HallServer) -> None:
    await open_window(server)
    kept = [await served(server) for _ in range(2)]
    ticket = await served(server)
    body = {"token": ticket["token"], "level": "satisfied"}

    async def refused(kind: str, hall: str | None = HALL, window: int | None = None) -> str:
        client = await server.client(kind, hall, window)  # type: ignore[arg-type]
        answer = await client.post("/evaluations", body)
        assert answer.status == 403, answer
        return answer.code

    assert await refused("pad", window=2) == "wrong_window"
    assert await refused("pad", hall="dongling", window=1) == "wrong_hall"
    assert await refused("agent") == "wrong_window"
    assert await refused("counter", window=1) == "staff_may_not_rate"
    kiosk = await server.client("kiosk")
    waiting = await kiosk.take("H")
    early = await rate(server, waiting)
    assert (early.status, early.code) == (409, "service_not_finished")
    phone = await server.client(None)
    shown = (await phone.get(f"/public/evaluations/{waiting['token']}")).body
    assert shown["state"] == "not_yet"
    agent = await server.client("agent", window=1)
    assert (await agent.post("/evaluations", body)).status == 201, "a button box"
    for (hall, window), ticket in zip(((HALL, 2), ("dongling", 1)), kept, strict=True):
        pad = await server.client("pad", hall, window)
        late = {"token": ticket["token"], "level": "satisfied", "kept": True}
        assert (await pad.post("/evaluations", late)).status == 201, "it was moved meanwhile"


async def test_forged_tokens_are_refused_and_slowed_down(server: HallServer) -> None:
    await open_window(server)
    ticket = await served(server)
    forged = ticket["token"][:-4] + "AAAA"
    statuses = [
        (await rate(server, {"token": token})).status
        for token in (forged, "", "令牌", "x" * 300, *[forged] * 17)
    ]
    assert statuses == [404] * 20 + [429]
    phone = await server.client(None)
    assert (await phone.get(f"/public/evaluations/{forged}")).status == 429
    # Behind a proxy all phones have one address: who holds a real token is not held up.
    assert (await phone.get(f"/public/evaluations/{ticket['token']}")).status == 200
    assert (await rate(server, ticket, "satisfied")).status == 201


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("level", {"level": "great"}),
        ("reasons[0]", {"reasons": ["nothing"]}),
        ("text", {"text": "慢" * 501}),
        ("contact.phone", {"contact": {"phone": "12ab"}}),
        ("contact.name", {"contact": {"phone": "13812345678", "name": "名" * 41}}),
        ("stars", {"stars": 5}),
    ],
)
async def test_a_rating_that_does_not_fit_names_the_field(
    server: HallServer, field: str, more: dict[str, object]
) -> None:
    await open_window(server)
    phone = await server.client(None)
    body = {"token": (await served(server))["token"], "level": "dissatisfied", **more}
    answer = await phone.post("/evaluations", body)
    assert answer.status == 422
    assert answer.body["errors"][0]["field"] == field


async def test_two_at_once_are_one_rating_on_both_engines(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    clock = ManualClock(MORNING)
    async with hall_server(tmp_path, clock=clock, database=new_database()) as server:
        await open_window(server)
        for _ in range(3):
            ticket = await served(server)
            answers = await asyncio.gather(
                *(rate(server, ticket, level) for level in ("satisfied", "dissatisfied") * 3)
            )
            assert sorted(answer.status for answer in answers) == [201, 409, 409, 409, 409, 409]
        # A day later the service is looked up in the tables.
        ticket = await served(server)
        await pass_time(server, clock, days=1)
        phone = await server.client(None)
        shown = (await phone.get(f"/public/evaluations/{ticket['token']}")).body
        assert (shown["state"], shown["window"], shown["supplementary"]) == ("open", 1, False)
        answers = await asyncio.gather(*(rate(server, ticket) for _ in range(4)))
        assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]
        await pass_time(server, clock, days=1)
        assert (await rate(server, ticket)).status == 409
        bad = await served(server)
        await rate(server, bad, "dissatisfied", text="太慢", contact={"phone": "8921001"})
        admin = await server.client("admin")
        for state in ("open", "all"):
            page = (await admin.get(f"/halls/{HALL}/cases?state={state}&limit=200")).body
            found = [case for case in page["cases"] if case["number"] == bad["number"]]
            assert [(case["text"], case["contact"]["phone"]) for case in found] == [
                ("太慢", "*****01"),
            ]  # fmt: skip
        detail = (await admin.get(f"/cases/r{bad['ticket_id']}?contact=true")).body
        assert (detail["contact"]["phone"], len(detail["steps"])) == ("8921001", 1)


async def test_the_database_itself_takes_one_rating_of_a_ticket(server: HallServer) -> None:
    await open_window(server)
    await rate(server, await served(server))
    with server.kernel.store.engine.begin() as connection:
        row = connection.execute(select(tables.ratings)).one()._asdict()
    with pytest.raises(IntegrityError), server.kernel.store.engine.begin() as connection:
        connection.execute(insert(tables.ratings), row)


async def test_ratings_come_late_and_too_late(server: HallServer, clock: ManualClock) -> None:
    await open_window(server)
    tickets = [await served(server) for _ in range(3)]
    await pass_time(server, clock, days=1, hours=14)  # Tuesday, 23:00
    assert (await rate(server, tickets[0])).status == 201
    await pass_time(server, clock, hours=2)
    phone = await server.client(None)
    shown = (await phone.get(f"/public/evaluations/{tickets[1]['token']}")).body
    assert (shown["state"], shown["supplementary"]) == ("open", True)
    assert shown["until"] == "2026-03-10T16:00:00Z", "the fifth working day after Tuesday"
    assert (await rate(server, tickets[1])).status == 201
    await pass_time(server, clock, days=8)
    assert (await rate(server, tickets[2])).code == "rating_closed"
    assert (await phone.get(f"/public/evaluations/{tickets[2]['token']}")).body["state"] == "closed"
    rows = server.kernel.store.read_now(lambda c: c.execute(select(tables.ratings)).all())
    assert sorted((row.day, row.supplementary) for row in rows) == [
        ("2026-03-02", 0), ("2026-03-02", 1),
    ]  # fmt: skip
    clock.jump(days=30)
    await pass_time(server, clock)
    shown = (await phone.get(f"/public/evaluations/{tickets[2]['token']}")).body
    assert (shown["state"], shown["supplementary"]) == ("open", False), "who knows what day it is"
    assert (await rate(server, tickets[2])).status == 201


async def test_questions_and_deadlines_survive_a_restart(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with hall_server(tmp_path, clock=clock) as server:
        await open_window(server)
        bad = await rate(server, await served(server), "dissatisfied")
        assert bad.status == 201
        first = await served(server)
    clock.advance(seconds=10)
    async with hall_server(tmp_path, clock=clock) as server, server.stream("pad", window=1) as pad:
        assert pad.state["questions"][0]["token"] == first["token"]
        await pass_time(server, clock, seconds=20)
        await pad.until_event("evaluation_lapsed")
        assert pad.state["questions"] == []
        supervisor = await server.client("supervisor")
        alerts = (await supervisor.get(f"/halls/{HALL}/alerts")).body
        assert [alert["kind"] for alert in alerts] == ["negative_evaluation"]
    clock.advance(days=1, hours=15)  # past Tuesday's midnight
    async with hall_server(tmp_path, clock=clock) as server:
        supervisor = await server.client("supervisor")
        alerts = (await supervisor.get(f"/halls/{HALL}/alerts")).body
        assert sorted((alert["kind"], alert["level"]) for alert in alerts) == [
            ("case_overdue", "hall"), ("negative_evaluation", "hall"),
        ]  # fmt: skip
        counter = await server.client("counter", window=1)
        assert (await counter.get(f"/halls/{HALL}/alerts")).body == []
        await pass_time(server, clock, days=1)
        alerts = (await supervisor.get(f"/halls/{HALL}/alerts")).body
        assert sorted(alert["level"] for alert in alerts) == ["hall", "supervision"]
    assert check_directory(tmp_path) == []


async def test_undo_withdraws_the_question(server: HallServer, clock: ManualClock) -> None:
    counter = await open_window(server)
    async with server.stream("pad", window=1) as pad:
        ticket = await served(server)
        assert (await counter.press(1, "undo")).status == 200
        await pad.until_event("evaluation_withdrawn")
        assert pad.state["questions"] == []
        assert (await rate(server, ticket)).code == "service_not_finished"
        assert (await counter.press(1, "finish")).status == 200
        await pad.until_event("evaluation_requested")
        assert (await rate(server, ticket)).status == 201
    assert (await counter.press(1, "undo")).status == 409


async def test_settings_are_the_managers(server: HallServer) -> None:
    manager = await server.client("admin")
    path = f"/halls/{HALL}/evaluation-settings"
    settings = (await manager.get(path)).body
    async with server.stream("pad", window=1) as pad:
        changed = {**settings, "ask_s": 45}
        saved = (await manager.request("PUT", path, changed)).body
        assert saved == {**changed, "version": saved["version"]}
        await pad.until_event("changed")
        assert pad.state["pad"]["ask_s"] == 45
    wrong = await manager.request("PUT", path, {**saved, "ask_s": 1})
    assert wrong.body["errors"][0]["field"] == "ask_s"
    supervisor = await server.client("supervisor")
    assert (await supervisor.get(path)).body["ask_s"] == 45
    assert (await supervisor.request("PUT", path, settings)).status == 403


async def test_of_two_who_edit_the_settings_the_second_is_told(server: HallServer) -> None:
    manager, path = await server.client("admin"), f"/halls/{HALL}/evaluation-settings"
    seen = (await manager.get(path)).body
    saved = await manager.request("PUT", path, {**seen, "ask_s": 45})
    assert saved.status == 200
    late = await manager.request("PUT", path, {**seen, "thanks_s": 9})
    assert (late.status, late.code) == (409, "setup_changed")
    assert (await manager.get(path)).body == saved.body, "the first one's stands"
    again = await manager.request("PUT", path, {**saved.body, "thanks_s": 9})
    assert (again.status, again.body["ask_s"], again.body["thanks_s"]) == (200, 45, 9)
    # A program that says nothing about what it saw goes on as before.
    del seen["version"]
    assert (await manager.request("PUT", path, seen)).status == 200


async def test_totals_hide_the_few_and_today(server: HallServer, clock: ManualClock) -> None:
    counter = await open_window(server)
    path = f"/halls/{HALL}/clerks/001/evaluation-summary"
    public = f"/public/halls/{HALL}/evaluation"
    anybody = await server.client(None)
    for level in ("very_satisfied", "satisfied", "satisfied", "mostly_satisfied"):
        await rate(server, await served(server), level)
    await pass_time(server, clock, days=1)
    assert (await counter.get(path)).body["enough"] is False
    assert (await anybody.get(public)).body["satisfaction"] is None
    await rate(server, await served(server), "dissatisfied")
    assert (await counter.get(path)).body["enough"] is False, "today's is not counted yet"
    await pass_time(server, clock, days=1)
    mine = (await counter.get(path)).body
    assert (mine["rated"], mine["dissatisfied"], mine["satisfaction"]) == (5, 1, 0.8)
    assert (await anybody.get(public)).body["satisfaction"] == 0.8
    assert (await counter.get(path.replace("001", "002"))).code == "not_own"
    assert (await counter.get(f"/halls/{HALL}/cases")).status == 403
