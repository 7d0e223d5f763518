"""The closed loop through the running server: from a bad rating or a complaint to its close."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select, update

from hall_app.check import check_directory
from hall_core import tables as core
from hall_core.clock import ManualClock
from hall_evaluation import tables
from hall_evaluation.feature import EvaluationFeature
from tests.integration.evaluation.scene import (
    MORNING,
    PASSWORD,
    open_window,
    pass_time,
    person,
    rate,
    served,
)
from tests.support import HALL, Client, HallServer, hall_server

CONTACT = {"name": "张三丰", "phone": "13812345678"}
CASES = f"/halls/{HALL}/cases"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(MORNING)


@pytest_asyncio.fixture
async def server(tmp_path: Path, clock: ManualClock) -> AsyncIterator[HallServer]:
    async with hall_server(tmp_path, clock=clock) as running:
        yield running


async def bad_rating(server: HallServer, **more: Any) -> str:
    """The id of the case that a bad rating at window 1 opened."""
    await open_window(server)
    ticket = await served(server)
    answer = await rate(server, ticket, "very_dissatisfied", **more)
    assert answer.status == 201, answer
    return f"r{ticket['ticket_id']}"


async def does(client: Client, case_id: str, command: str, /, **more: Any) -> Any:
    answer = await client.post(f"/cases/{case_id}/commands", {"command": command, **more})
    assert answer.status == 200, answer
    return answer.body


async def test_from_a_bad_rating_to_its_close(
    server: HallServer, tmp_path: Path, clock: ManualClock
) -> None:
    case_id = await bad_rating(
        server, text="等了一上午", contact=CONTACT, reasons=["waiting", "attitude"]
    )
    boss = await person(server, "boss", "manager")
    wang = await person(server, "wang", "supervisor")
    async with server.stream("supervisor") as screen:
        page = (await boss.get(CASES)).body
        assert (page["total"], page["counts"]) == (1, {"open": 1})
        case = page["cases"][0]
        assert case["case_id"] == case_id
        assert (case["clerk"]["clerk_no"], case["window"], case["level"]) == (
            "001", 1, "very_dissatisfied",
        )  # fmt: skip
        assert (case["reasons"], case["text"]) == (["等候时间过长", "服务态度不好"], "等了一上午")
        assert (case["real_name"], case["contact"]) == (
            True, {"name": "张*", "phone": "138****5678"},
        )  # fmt: skip
        assert case["due"] == {"step": "contact", "at": "2026-03-03T16:00:00Z", "overdue": False}
        detail = (await boss.get(f"/cases/{case_id}")).body
        assert detail["commands"] == ["assign", "contact", "appeal"]
        assert (await does(boss, case_id, "assign", to="wang"))["assignee"] == "wang"
        await screen.until_event("case_changed")
        mine = (await wang.get(f"/cases/{case_id}?contact=true")).body
        assert mine["contact"] == CONTACT, "who handles it"
        await does(wang, case_id, "contact", reached=False, text="无人接听")
        contacted = await does(wang, case_id, "contact", reached=True, text="市民要求道歉")
        assert (contacted["state"], contacted["due"]["step"]) == ("contacted", "rectify")
        await does(wang, case_id, "rectify", due="2026-03-05", text="加开一个窗口")
        settled = await does(wang, case_id, "settle", text="已加开")
        assert (settled["state"], settled["due"], settled["text"]) == (
            "settled",
            None,
            "等了一上午",
        )
        closed = await does(wang, case_id, "close")
        assert closed["state"] == "closed"
    detail = (await boss.get(f"/cases/{case_id}")).body
    assert [(step["command"], step["text"]) for step in detail["steps"]] == [
        ("open", "等了一上午"), ("assign", ""), ("contact", "无人接听"),
        ("contact", "市民要求道歉"), ("rectify", "加开一个窗口"), ("settle", "已加开"),
        ("close", ""),
    ]  # fmt: skip
    assert detail["steps"][2]["actor"] == "user:wang"
    assert detail["commands"] == ["reopen"]
    alerts = (await boss.get(f"/halls/{HALL}/alerts")).body
    assert alerts == [], "the alert of the bad rating ended with its case"
    assert (await boss.get(CASES)).body["cases"] == []
    assert (await boss.get(f"{CASES}?state=closed")).body["total"] == 1


async def test_a_closed_case_is_reopened_for_thirty_days(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with hall_server(tmp_path, clock=clock) as server:
        case_id = await bad_rating(server)
        admin = await server.client("admin")
        for command, more in (("assign", {}), ("settle", {"text": "已致歉"}), ("close", {})):
            await does(admin, case_id, command, **more)
        await pass_time(server, clock, days=29)
    async with hall_server(tmp_path, clock=clock) as server:  # a restart forgets nothing
        admin = await server.client("admin")
        assert (await admin.get(f"/cases/{case_id}")).body["commands"] == ["reopen"]
        again = await does(admin, case_id, "reopen", text="市民来电，问题又出现")
        assert (again["state"], again["due"]["step"]) == ("assigned", "rectify")
        assert (await admin.get(CASES)).body["total"] == 1
        for command, more in (("settle", {"text": "已解决"}), ("close", {})):
            await does(admin, case_id, command, **more)
        await pass_time(server, clock, days=31)
        archived = (await admin.get(f"/cases/{case_id}")).body
        assert (archived["state"], archived["commands"]) == ("closed", [])
        late = await admin.post(f"/cases/{case_id}/commands", {"command": "reopen", "text": "又"})
        assert (late.status, late.code) == (404, "unknown_case")
    assert check_directory(tmp_path) == []


async def test_looking_at_a_contact_is_in_the_audit_log(server: HallServer) -> None:
    case_id = await bad_rating(server, contact=CONTACT)
    boss = await person(server, "boss", "manager")
    watcher = await person(server, "watcher", "supervisor")
    auditor = await person(server, "auditor", "auditor")
    masked = {"name": "张*", "phone": "138****5678"}
    case = f"/cases/{case_id}"
    for who, query in ((boss, ""), (boss, "?contact=false"), (watcher, "?contact=true")):
        assert (await who.get(case + query)).body["contact"] == masked
    assert (await boss.get(f"{case}?contact=1")).status == 422

    async def looks() -> list[tuple[str, str]]:
        lines = (await auditor.get("/audit")).body
        return [(x["actor"], x["subject"]) for x in lines if x["action"] == "case_contact"]

    assert await looks() == [], "nobody has seen the number yet"
    assert (await boss.get(f"{case}?contact=true")).body["contact"] == CONTACT
    assert await looks() == [("user:boss", case_id)]


async def test_numbers_in_what_was_written_are_masked_like_the_contact(
    server: HallServer,
) -> None:
    said, hidden = "身份证150221199001011234，请回电", "身份证150****1234，请回电"
    noted, noted_hidden = "改打13900001111", "改打139****1111"
    case_id = await bad_rating(server, text=said)
    boss = await person(server, "boss", "manager")
    watcher = await person(server, "watcher", "supervisor")
    auditor = await person(server, "auditor", "auditor")
    step = await does(boss, case_id, "contact", reached=False, text=noted)
    assert step["text"] == hidden
    assert (await boss.get(CASES)).body["cases"][0]["text"] == hidden
    case = f"/cases/{case_id}"
    for who, query in ((boss, ""), (watcher, "?contact=true")):
        shown = (await who.get(case + query)).body
        assert [shown["text"], *(step["text"] for step in shown["steps"])] == [
            hidden, hidden, noted_hidden,
        ]  # fmt: skip
    looks = (await auditor.get("/audit")).body
    assert "case_contact" not in [line["action"] for line in looks]
    shown = (await boss.get(case + "?contact=true")).body
    assert [shown["text"], *(step["text"] for step in shown["steps"])] == [said, said, noted]
    looks = (await auditor.get("/audit")).body
    assert "case_contact" in [line["action"] for line in looks], "also where no contact was left"
    new = {"source": "telephone", "text": said}
    assert (await boss.post(CASES, new)).body["text"] == hidden


async def test_nobody_handles_a_case_about_themselves(server: HallServer) -> None:
    case_id = await bad_rating(server)
    clerk = await person(server, "zhuyang", "manager", clerk_no="001")
    other = await person(server, "li", "manager", clerk_no="002")
    detail = (await clerk.get(f"/cases/{case_id}")).body
    assert detail["commands"] == []
    for command in ("assign", "contact", "settle", "appeal", "review", "close"):
        answer = await clerk.post(f"/cases/{case_id}/commands", {"command": command})
        assert (answer.status, answer.code) == (403, "own_case"), command
    for to in ("zhuyang", " zhuyang ", "001", detail["clerk"]["name"]):
        answer = await other.post(f"/cases/{case_id}/commands", {"command": "assign", "to": to})
        assert (answer.status, answer.code) == (403, "own_case"), to
    await does(other, case_id, "assign", to="wang")
    await does(other, case_id, "appeal", outcome="mistaken", text="按错")
    assert "review" not in (await other.get(f"/cases/{case_id}")).body["commands"]
    review = {"command": "review", "outcome": "mistaken", "text": "确系误按"}
    assert (await other.post(f"/cases/{case_id}/commands", review)).code == "review_own"
    boss = await person(server, "boss", "manager")
    assert (await does(boss, case_id, "review", outcome="mistaken", text="确系误按"))["state"] == (
        "settled"
    )


async def test_a_disabled_account_is_given_no_case(server: HallServer) -> None:
    case_id = await bad_rating(server)
    boss = await person(server, "boss", "manager")
    await person(server, "wang", "supervisor")
    await does(boss, case_id, "assign", to="wang")
    assert (await boss.get(CASES)).body["people"] == ["wang"]
    admin = await server.client("admin")
    assert (await admin.post("/users/wang/commands", {"command": "disable"})).status == 200
    assert (await boss.get(CASES)).body["people"] == []
    for to in ("wang", " wang "):
        refused = await boss.post(f"/cases/{case_id}/commands", {"command": "assign", "to": to})
        assert (refused.status, refused.body["errors"][0]["field"]) == (422, "to")
    await does(boss, case_id, "assign", to="督导 孙丽")  # who has no account
    assert (await boss.get(CASES)).body["people"] == ["督导 孙丽"]


async def test_an_account_says_which_clerk_it_is(server: HallServer) -> None:
    admin = await server.client("admin")
    body = {"name": "zhu", "password": PASSWORD, "roles": ["manager"], "halls": [HALL]}
    made = await admin.post("/users", {**body, "clerk_no": "001"})
    assert (made.status, made.body["clerk_no"], made.body["clerk_hall"]) == (201, "001", HALL)
    everywhere = {"name": "x", "password": PASSWORD, "roles": ["manager"], "clerk_no": "001"}
    refused = await admin.post("/users", everywhere)
    assert refused.body["errors"][0]["field"] == "clerk_hall"
    link = {"clerk_no": "n0n", "clerk_hall": HALL}
    missing = (
        await admin.post("/users/zhu/commands", {"command": "set_clerk", **link}),
        await admin.post("/users", {**body, "name": "other", **link}),
    )
    for answer in missing:
        assert (answer.status, answer.body["errors"][0]["field"]) == (422, "clerk_no")
    accounts = {user["name"]: user for user in (await admin.get("/users")).body}
    assert (accounts["zhu"]["clerk_no"], accounts["zhu"]["clerk_hall"]) == ("001", HALL)
    assert "other" not in accounts
    changed = await admin.post("/users/zhu/commands", {"command": "set_clerk", "clerk_no": None})
    assert (changed.status, changed.body["clerk_no"]) == (200, None)


async def test_a_step_is_taken_once_however_often_it_is_sent(server: HallServer) -> None:
    case_id = await bad_rating(server)
    boss = await person(server, "boss", "manager")
    path, body = f"/cases/{case_id}/commands", {"command": "contact", "reached": False}
    answers = [await boss.post(path, body, "k1") for _ in range(3)]
    assert [answer.body for answer in answers] == [answers[0].body] * 3
    assert answers[0].body["attempts"] == 1


async def test_complaints_come_by_telephone_and_by_the_hotlines_list(server: HallServer) -> None:
    boss = await person(server, "boss", "manager")
    new = {"source": "telephone", "text": "窗口没人", "window": 2, "clerk_no": "002",
           "happened_at": "2026-03-01T10:00:00+08:00", "contact": CONTACT}  # fmt: skip
    made = await boss.post(CASES, new)
    assert made.status == 201, made
    assert (made.body["kind"], made.body["day"], made.body["text"]) == (
        "complaint", "2026-03-01", "窗口没人",
    )  # fmt: skip
    assert made.body["contact"]["phone"] == "138****5678"
    rows = [
        {"source": "hotline", "text": f"第{n}件", "happened_at": "2026-02-28"} for n in range(3)
    ]
    done = await boss.post(f"{CASES}/import", {"rows": rows})
    assert (done.status, done.body["imported"]) == (201, 3)
    assert (await boss.get(f"{CASES}?kind=complaint")).body["total"] == 4
    for field, row in (
        ("rows[1].text", {"source": "hotline", "text": " "}),
        ("rows[1].happened_at", {"source": "hotline", "text": "x", "happened_at": "昨天"}),
        ("rows[1].happened_at", {"source": "hotline", "text": "x", "happened_at": "2026-03-03"}),
        ("rows[1].window", {"source": "hotline", "text": "x", "window": 999}),
        ("rows[1].contact.phone", {"source": "hotline", "text": "x", "contact": {"phone": "?"}}),
    ):
        refused = await boss.post(f"{CASES}/import", {"rows": [rows[0], row]})
        assert refused.body["errors"][0]["field"] == field
    assert (await boss.get(f"{CASES}?kind=complaint")).body["total"] == 4, "none of them"


async def test_a_hotlines_order_is_imported_once(tmp_path: Path, clock: ManualClock) -> None:
    def row(text: str, order_no: str | None) -> dict[str, Any]:
        return {"source": "hotline", "text": text, "order_no": order_no, "contact": CONTACT}

    first = [row("第1件", "NM2026030200017"), row("第2件", None), row("第3件", " ")]
    async with hall_server(tmp_path, clock=clock) as server:
        boss = await server.client("admin")
        done = await boss.post(f"{CASES}/import", {"rows": first}, "k1")
        assert (done.body["imported"], done.body["skipped"]) == (3, [])
        assert (await boss.post(f"{CASES}/import", {"rows": first}, "k1")).body == done.body
        case_id = done.body["case_ids"][0]
        case = (await boss.get(f"/cases/{case_id}")).body
        assert case["order_no"] == "NM2026030200017"
        for step in ("assign", "settle", "close"):
            await does(boss, case_id, "contact", reached=True, text="已联系")
            await does(boss, case_id, step, text="已处理")
        await pass_time(server, clock, days=31)
    async with hall_server(tmp_path, clock=clock) as server:  # it left the hall's state since
        boss, elsewhere = await server.client("admin"), "/halls/dongling/cases/import"
        before = len(notes(server))
        again = [row("第4件", "NM2026030200018"), *first[:1], row("第5件", "NM2026030200018 ")]
        done = await boss.post(f"{CASES}/import", {"rows": again})
        assert (done.status, done.body["imported"]) == (201, 1)
        told = [(error["field"], error["message"]) for error in done.body["skipped"]]
        assert told == [(f"rows[{n}].order_no", "这个工单已导入过。") for n in (1, 2)]
        assert len(notes(server)) == before + 1, "nothing is kept of a row that was left out"
        none = await boss.post(f"{CASES}/import", {"rows": again})
        assert (none.body["imported"], len(none.body["skipped"])) == (0, 3)
        entered = await boss.post(CASES, first[0])
        assert entered.body["errors"][0]["field"] == "order_no"
        # What is wrong is still named by its row in the list.
        wrong = await boss.post(
            f"{CASES}/import", {"rows": [first[0], {**row("x", "NM3"), "window": 999}]}
        )
        assert wrong.body["errors"][0]["field"] == "rows[1].window"
        assert (await boss.post(elsewhere, {"rows": first})).body["imported"] == 3
    assert check_directory(tmp_path) == []


def notes(server: HallServer) -> list[str]:
    return server.kernel.store.read_now(
        lambda c: list(c.execute(select(core.notes.c.note_id)).scalars())
    )


async def test_a_complaint_about_a_window_that_was_removed(server: HallServer) -> None:
    admin = await server.client("admin")
    numbers = [w["number"] for w in (await admin.get(f"/halls/{HALL}/setup")).body["windows"]]
    gone = numbers[-1]
    removed = await admin.post(f"/halls/{HALL}/setup", {"removed_windows": [gone]})
    assert removed.status == 200, removed
    row = {"source": "telephone", "text": "窗口没人", "window": gone}
    made = await admin.post(CASES, row)
    assert (made.status, made.body["window"]) == (201, gone)
    done = await admin.post(f"{CASES}/import", {"rows": [row, {**row, "window": numbers[0]}]})
    assert done.status == 201, done
    # Also what its citizens could not get done there, when it is noted down later.
    heard = await admin.post(CASES, {**row, "source": "window"})
    assert (heard.status, heard.body["kind"]) == (201, "unresolved")
    for wrong in ({"window": 998}, {"source": "window"}, {"source": "window", "window": None}):
        for path, body in ((CASES, wrong), (f"{CASES}/import", wrong)):
            new = {**row, "window": numbers[0], **body}
            never = await admin.post(path, new if path == CASES else {"rows": [new]})
            assert never.status == 422, new
            assert never.body["errors"][0]["field"].split(".")[-1] == "window"


async def test_a_complaint_about_somebody_and_something_that_were_removed(
    server: HallServer,
) -> None:
    admin = await server.client("admin")
    setup = (await admin.get(f"/halls/{HALL}/setup")).body
    clerk, service = setup["clerks"][-1], setup["services"][-1]
    gone = {"removed_clerks": [clerk["clerk_no"]], "removed_services": [service["id"]]}
    assert (await admin.post(f"/halls/{HALL}/setup", gone)).status == 200
    about = {"clerk_no": clerk["clerk_no"], "service": service["id"]}
    made = await admin.post(CASES, {"source": "telephone", "text": "推诿", **about})
    assert made.status == 201, made
    assert made.body["clerk"] == {"clerk_no": clerk["clerk_no"], "name": clerk["name"]}
    assert made.body["service"] == service["name"]


async def test_the_window_for_what_could_not_be_done(server: HallServer) -> None:
    admin = await server.client("admin")
    setup = (await admin.get(f"/halls/{HALL}/setup")).body
    windows = {window["number"]: window for window in setup["windows"]}
    kinds = {number for number, window in windows.items() if window["kind"] == "unresolved"}
    number = next(iter(kinds), 3)
    if not kinds:
        changed = {"windows": [{**windows[number], "kind": "unresolved"}]}
        assert (await admin.post(f"/halls/{HALL}/setup", changed)).status == 200
    counter = await server.client("counter", window=number)
    path = f"/halls/{HALL}/windows/{number}/matters"
    made = await counter.post(path, {"text": "三次都没办成", "contact": CONTACT})
    assert made.status == 201, made
    assert set(made.body) == {"case_id"}
    case = (await admin.get(f"{CASES}?kind=unresolved")).body["cases"][0]
    assert (case["case_id"], case["source"], case["window"]) == (
        made.body["case_id"], "window", number,
    )  # fmt: skip
    other = await server.client("counter", window=1)
    assert (await other.post(path, {"text": "x"})).status == 403
    elsewhere = await other.post(f"/halls/{HALL}/windows/1/matters", {"text": "x"})
    assert (elsewhere.status, elsewhere.code) == (409, "wrong_window")
    assert (await counter.get(CASES)).status == 403


async def test_the_list_is_in_the_order_in_which_cases_wait(
    server: HallServer, clock: ManualClock
) -> None:
    boss = await person(server, "boss", "manager")
    ids = []
    for number in range(5):
        answer = await boss.post(CASES, {"source": "opinion_box", "text": f"{number}"})
        ids.append(answer.body["case_id"])
        await pass_time(server, clock, minutes=1)
    await does(boss, ids[0], "contact", reached=True)
    listed: list[str] = []
    while len(listed) < 5:
        after = f"&after={listed[-1]}" if listed else ""
        page = (await boss.get(f"{CASES}?limit=2{after}")).body
        assert page["total"] == 5
        listed += [case["case_id"] for case in page["cases"]]
    assert sorted(listed) == sorted(ids)
    assert listed[-1] == ids[0], "it has been contacted: due latest"
    newest_first = (await boss.get(f"{CASES}?state=all&limit=3")).body["cases"]
    assert [case["case_id"] for case in newest_first] == ids[:1:-1]
    rest = (await boss.get(f"{CASES}?state=all&after={ids[2]}")).body["cases"]
    assert [case["case_id"] for case in rest] == [ids[1], ids[0]]
    assert (await boss.get(f"{CASES}?state=assigned")).body["total"] == 0
    mine = (await boss.get(f"{CASES}?assignee=boss")).body
    assert (mine["total"], mine["cases"][0]["case_id"]) == (1, ids[0])
    for wrong in ("state=mine", "kind=nothing", "limit=0"):
        assert (await boss.get(f"{CASES}?{wrong}")).status == 422
    elsewhere = await server.client("supervisor", "dongling")
    assert (await elsewhere.get("/cases/nothing")).status == 404


async def test_another_halls_cases_are_not_shown(server: HallServer) -> None:
    case_id = await bad_rating(server)
    far = await person(server, "far", "manager", hall="dongling")
    assert (await far.get(CASES)).code == "wrong_hall"
    assert (await far.get(f"/cases/{case_id}")).code == "wrong_hall"
    step = await far.post(f"/cases/{case_id}/commands", {"command": "assign"})
    assert step.code == "wrong_hall"


async def test_texts_and_contacts_expire_and_the_case_stays(
    server: HallServer, clock: ManualClock
) -> None:
    case_id = await bad_rating(server, text="等了一上午", contact=CONTACT)
    feature = next(f for f in server.kernel.features if isinstance(f, EvaluationFeature))
    await pass_time(server, clock, days=200)
    await server.kernel.expire()
    await feature.service.forget_contacts()
    boss = await server.client("admin")
    case = (await boss.get(f"/cases/{case_id}")).body
    assert (case["text"], case["contact"], case["overdue"]) == ("", None, True)
    assert [(step["command"], step["late"], step["told"]) for step in case["steps"]] == [
        ("open", None, None),
        ("overdue", "contact", "hall"),
        ("overdue", "contact", "supervision"),
        ("overdue", "last", "supervision"),
    ]
    rows = server.kernel.store.read_now(
        lambda c: c.execute(select(tables.evaluation_contacts)).all()
    )
    assert rows == []


async def test_hall_check_compares_ratings_and_cases(tmp_path: Path, clock: ManualClock) -> None:
    async with hall_server(tmp_path, clock=clock) as server:
        case_id = await bad_rating(server, contact=CONTACT)
        boss = await server.client("admin")
        await does(boss, case_id, "contact", reached=True, text="已联系")
        await served(server)
        await pass_time(server, clock, days=3)
        await does(boss, case_id, "settle", text="已处理")
        await does(boss, case_id, "close")
        await pass_time(server, clock, days=1)
        assert check_directory(tmp_path) == []
        with server.kernel.store.engine.begin() as connection:
            for table in (tables.ratings, tables.evaluation_requests, tables.cases):
                connection.execute(update(table).values(clerk="999"))
            connection.execute(update(tables.case_steps).values(command="nothing"))
    found = "\n".join(check_directory(tmp_path))
    for name in ("ratings", "evaluation_requests", "cases", "case_steps"):
        assert f"{name} " in found, found


async def test_a_slice_younger_than_its_hall_learns_what_was_set_up(
    tmp_path: Path, clock: ManualClock
) -> None:
    """A database of before ratings: its opening knows no evaluation."""
    async with hall_server(tmp_path, clock=clock) as server:
        await pass_time(server, clock, days=1)
        with server.kernel.store.engine.begin() as connection:
            for row in connection.execute(select(core.openings)).all():
                state = row.state.replace('"evaluation":', '"something_older":')
                connection.execute(
                    update(core.openings)
                    .where(core.openings.c.hall_id == row.hall_id)
                    .where(core.openings.c.version == row.version)
                    .values(state=state)
                )
    async with hall_server(tmp_path, clock=clock) as server:
        await open_window(server)
        async with server.stream("pad", window=1) as pad:
            await served(server)
            asked = await pad.until_event("evaluation_requested")
            assert asked["changed"]["questions"][0]["clerk"]["name"]
    assert check_directory(tmp_path) == []


NASTY: tuple[Any, ...] = (
    None, True, -1, 10**30, 1.5, "", "\u0000", "x" * 5000, "💥\n", [], [None], {}, {"a": {}},
    "2026-02-30", "9999-12-31", "9999-12-31T23:59:59Z", "0001-01-01", ["x"] * 500,
)  # fmt: skip


async def test_nothing_that_is_sent_breaks_a_route(server: HallServer) -> None:
    case_id = await bad_rating(server, contact=CONTACT)
    admin = await server.client("admin")
    settings = (await admin.get(f"/halls/{HALL}/evaluation-settings")).body
    settings["version"] = None
    row = {"source": "hotline", "text": "x", "window": 1, "clerk_no": "001", "service": "x",
           "happened_at": "2026-03-01", "contact": CONTACT, "order_no": None}  # fmt: skip
    step = {"command": "contact", "reached": False, "text": "x", "to": "x", "due": "2026-03-04",
            "outcome": "upheld"}  # fmt: skip
    for nasty in NASTY:
        for field in settings:
            body = {**settings, field: nasty}
            answer = await admin.request("PUT", f"/halls/{HALL}/evaluation-settings", body)
            assert answer.status in (200, 400, 409, 422), (field, nasty, answer)
        for field in row:
            answer = await admin.post(CASES, {**row, field: nasty})
            assert answer.status in (201, 400, 422), (field, nasty, answer)
        for verb in ("contact", "assign", "rectify", "review"):
            for field in step:
                body = {**step, "command": verb, field: nasty}
                answer = await admin.post(f"/cases/{case_id}/commands", body)
                assert answer.status in (200, 400, 403, 409, 422), (verb, field, nasty, answer)
    assert (await admin.get(f"{CASES}?state=all&limit=200")).status == 200
