"""Figures, the list and the spreadsheet over HTTP, and working days."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import openpyxl
import pytest
import pytest_asyncio

from hall_core.clock import ManualClock
from tests.integration.evaluation.scene import MORNING
from tests.support import HALL, Answer, Client, HallServer, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HallServer]:
    """Two windows: three ratings at the first, nobody pressed at the second."""
    directory = tmp_path_factory.mktemp("figures")
    async with hall_server(directory, clock=ManualClock(MORNING)) as running:
        await rated(running, 1, "very_satisfied")
        await rated(running, 1, "satisfied")
        await rated(running, 1, "dissatisfied", reasons=["waiting"], text="=1+1，13812345678")
        await rated(running, 2, None)
        yield running


async def rated(server: HallServer, window: int, level: str | None, **more: Any) -> None:
    admin, kiosk = await server.client("admin"), await server.client("kiosk")
    await admin.press(window, "open", clerk=f"00{window}")
    ticket = await kiosk.take("H")
    for command, fields in (
        ("call_specific", {"number": ticket["number"], "reason": "测试"}),
        ("start", {}),
        ("finish", {}),
    ):
        answer = await admin.press(window, command, **fields)
        assert answer.status == 200, answer
    if level is not None:
        citizen = await server.client(None)
        token = server.kernel.secret.ticket_token(ticket["ticket_id"])
        answer = await citizen.post("/evaluations", {"token": token, "level": level, **more})
        assert answer.status == 201, answer


async def ask(server: HallServer, path: str) -> Any:
    supervisor = await server.client("supervisor")
    answer = await supervisor.get(path)
    assert answer.status == 200, answer
    return answer.body


async def test_figures_of_a_hall(server: HallServer) -> None:
    found = await ask(server, f"/halls/{HALL}/evaluation-figures?by=window")
    assert (found["from"], found["to"], found["by"]) == ("2026-03-01", "2026-03-02", "window")
    first, second = found["rows"]
    assert (first["key"], first["name"], first["rated"]) == (1, "1号窗口", 3)
    assert first["satisfaction"] is None, "three ratings are few"
    assert (second["asked"], second["rated"], second["satisfaction"]) == (1, 0, None)
    assert found["total"]["rating_rate"] == 0.75
    assert found["total"]["cases"] == 1
    clerks = await ask(server, f"/halls/{HALL}/evaluation-figures?by=clerk")
    assert all(row["name"] != row["key"] for row in clerks["rows"])
    before = await ask(server, f"/halls/{HALL}/evaluation-figures?from=2026-02-01&to=2026-02-28")
    assert before["rows"] == []
    assert before["total"]["services"] == 0


async def test_figures_of_a_region(server: HallServer) -> None:
    everywhere = await ask(server, "/evaluation-figures")
    assert {row["key"] for row in everywhere["rows"]} == set(server.kernel.halls)
    region = server.hall().info.region
    here = await ask(server, f"/evaluation-figures?region={region}")
    assert HALL in {row["key"] for row in here["rows"]}
    assert len(here["rows"]) < len(everywhere["rows"])
    assert here["total"]["rated"] == 3
    supervisor = await server.client("supervisor")
    assert (await supervisor.get("/evaluation-figures?region=1")).status == 404


async def test_the_ratings_behind_a_figure(server: HallServer) -> None:
    path = f"/halls/{HALL}/evaluations"
    everything = (await ask(server, path))["ratings"]
    assert [rating["level"] for rating in everything] == [
        "dissatisfied", "satisfied", "very_satisfied",
    ]  # fmt: skip
    bad = everything[0]
    assert bad["text"] == "=1+1，138****5678"
    assert bad["reasons"] == ["等候时间过长"]
    assert bad["reasons_en"] == ["Waited too long"]
    assert bad["case_id"]
    assert bad["clerk"]["clerk_no"] == "001"
    assert bad["excluded"] is False
    page = await ask(server, path + "?limit=2")
    assert page["ratings"] == everything[:2]
    rest = await ask(server, f"{path}?limit=2&after={page['next']}")
    assert rest == {"ratings": everything[2:], "next": None}
    assert (await ask(server, path + "?level=negative"))["ratings"] == [bad]
    assert (await ask(server, path + "?window=2"))["ratings"] == []
    assert len((await ask(server, path + "?clerk=001&level=satisfied"))["ratings"]) == 1


async def test_the_spreadsheet(server: HallServer) -> None:
    supervisor = await server.client("supervisor")
    answer = await supervisor.get(f"/halls/{HALL}/evaluation-figures.xlsx?by=window")
    assert answer.status == 200, answer
    assert "attachment" in answer.headers["Content-Disposition"]
    made = openpyxl.load_workbook(io.BytesIO(answer.raw))
    assert [cell.value for cell in made["汇总"]["A"]][2:] == ["1号窗口", "2号窗口", "合计"]
    headings = [cell.value for cell in made["汇总"][2]]
    column = headings.index("满意率")
    told = [row[column].value for row in made["汇总"].iter_rows(min_row=3)]
    assert told == ["不足5条", None, "不足5条"], "as on the page"
    assert made["明细"].max_row == 5
    assert "=1+1，138****5678" in [cell.value for cell in made["明细"][3]]


async def test_a_spreadsheet_that_can_not_be_made_is_said_to_be_so(
    server: HallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    supervisor = await server.client("supervisor")
    answer = await supervisor.get(f"/halls/{HALL}/evaluation-figures.xlsx")
    assert (answer.status, answer.code) == (503, "export_failed")


@pytest.mark.parametrize(
    "query",
    [
        "evaluation-figures?by=weather", "evaluation-figures?from=1.3.2026",
        "evaluation-figures?from=2026-02-30", "evaluation-figures?from=2026-03-02&to=2026-03-01",
        "evaluation-figures?from=2000-01-01", "evaluations?level=great", "evaluations?after=x",
        "evaluations?window=x", "evaluations?limit=0", "evaluation-figures.xlsx?by=x",
    ],
)  # fmt: skip
async def test_what_can_not_be_asked(server: HallServer, query: str) -> None:
    supervisor = await server.client("supervisor")
    assert (await supervisor.get(f"/halls/{HALL}/{query}")).status == 422


async def test_counters_and_strangers_see_no_ratings(server: HallServer) -> None:
    for kind, status in (("counter", 403), ("guide", 403), ("display", 403), (None, 401)):
        client = await server.client(kind)  # type: ignore[arg-type]
        for path in ("evaluation-figures", "evaluations", "evaluation-figures.xlsx"):
            assert (await client.get(f"/halls/{HALL}/{path}")).status == status
        assert (await client.get("/evaluation-figures")).status == status


# --- working days ------------------------------------------------------------------------------


async def put_year(client: Client, year: int, days: list[dict[str, Any]]) -> Answer:
    return await client.request("PUT", f"/working-days?year={year}", {"days": days})


async def test_working_days_are_seeded_and_a_year_can_be_imported(server: HallServer) -> None:
    admin = await server.client("admin")
    known = (await admin.get("/working-days")).body
    assert (known["year"], known["known"], known["warning"]) == (2026, True, None)
    assert {"day": "2026-10-10", "workday": True, "name": "国庆节"} in known["days"]
    unknown = (await admin.get("/working-days?year=2027")).body
    assert (unknown["known"], unknown["days"]) == (False, [])
    assert "2027" in unknown["warning"]
    assert server.kernel.workdays.is_workday(date(2027, 10, 1))
    days = [
        {"day": "2027-10-01", "workday": False, "name": "国庆节"},
        {"day": "2027-10-09", "workday": True, "name": "国庆节"},
    ]
    imported = await put_year(admin, 2027, days)
    assert imported.status == 200, imported
    assert imported.body["days"] == days
    assert not server.kernel.workdays.is_workday(date(2027, 10, 1))
    assert server.kernel.workdays.is_workday(date(2027, 10, 9))
    assert server.kernel.workdays.is_workday(date(2026, 10, 10))  # other years stay
    again = await put_year(admin, 2027, days[:1])
    assert again.body["days"] == days[:1]
    assert (await put_year(admin, 2027, [])).status == 422
    assert (await put_year(admin, 1999, days)).status == 422


async def test_working_days_are_the_administrators(server: HallServer) -> None:
    supervisor, counter = await server.client("supervisor"), await server.client("counter")
    assert (await supervisor.get("/working-days")).status == 200
    assert (await put_year(supervisor, 2027, [])).status == 403
    assert (await counter.get("/working-days")).status == 403
