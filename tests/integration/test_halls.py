"""Adding and renaming halls, and two people who edit one."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

from hall_app.check import check_directory
from tests.support import HALL, Screen, hall_server, installation

NEW = {"id": "xinhe", "name": "新河镇便民服务中心", "level": "county", "region": "159921000000"}


async def test_a_hall_is_added_and_opens_at_once_and_after_a_restart(tmp_path: Path) -> None:
    installation(tmp_path)
    async with hall_server(tmp_path) as server:
        admin = await server.client("admin")
        added = await asyncio.gather(*(admin.post("/halls", NEW) for _ in range(3)))
        assert Counter(answer.status for answer in added) == {201: 1, 409: 2}
        assert "xinhe" in {hall["id"] for hall in (await admin.get("/halls")).body}
        week = {str(day): [{"start": "00:00", "until": "24:00"}] for day in range(1, 8)}
        setup = (await admin.get("/halls/xinhe/setup")).body
        settings = {**setup["settings"], "week": week}
        assert (await admin.post("/halls/xinhe/setup", {"settings": settings})).status == 200
        kiosk = await server.client("kiosk", "xinhe")
        assert (await kiosk.take("A", "xinhe"))["number"] == "A001"
        async with server.stream(hall="xinhe") as screen:
            await screen.until(lambda frame: "waits" in frame)
    async with hall_server(tmp_path) as server:
        kiosk = await server.client("kiosk", "xinhe")
        assert (await kiosk.take("A", "xinhe"))["number"] == "A002"
    assert check_directory(tmp_path) == []


async def test_a_hall_may_bring_its_region_and_is_seen_from_there(tmp_path: Path) -> None:
    async with hall_server(tmp_path) as server:
        admin = await server.client("admin")
        region = {"code": "159921100000", "name": "新河镇", "level": "township",
                  "parent": "159921000000"}  # fmt: skip
        new = {**NEW, "level": "township", "region": region}
        assert (await admin.post("/halls", new)).status == 201
        known = (await admin.get("/halls-and-regions")).body
        assert region in known["regions"]
        account = {"name": "county", "password": "a good one 12", "roles": ["supervisor"],
                   "regions": ["159921000000"]}  # fmt: skip
        assert (await admin.post("/users", account)).status == 201
        user = server.kernel.access.users["county"]
        assert server.kernel.access.user_principal(user).may_enter("xinhe")
        below = {"code": "159921100201", "name": "新河村", "parent": "159921100000"}
        for wrong, field in (
            ({"region": "000000000001"}, "region"),
            ({"region": region}, "region.code"),  # known by now
            ({"region": {**region, "code": "12"}}, "region.code"),
            ({"region": "159921000000"}, "level"),  # a county
            ({"level": "city", "region": "159921000000"}, "level"),
            ({"level": "village", "region": {**region, "code": "159921100201"}}, "level"),
            ({"level": "county", "region": {**below, "level": "county"}}, "region.parent"),
            ({"level": "township", "region": {**below, "level": "township"}}, "region.parent"),
            ({"id": "Neu"}, "id"),
            ({"name": " "}, "name"),
            ({"timezone": "Mars/Olympus"}, "timezone"),
            ({"timezone": "../etc/passwd"}, "timezone"),
        ):
            answer = await admin.post("/halls", {**new, "id": "other", **wrong})
            assert answer.status == 422, wrong
            assert answer.body["errors"][0]["field"] == field


async def test_a_new_name_is_on_every_screen_at_once(tmp_path: Path) -> None:
    async with hall_server(tmp_path) as server:
        admin = await server.client("admin")
        assert (await (await server.client("supervisor")).request(
            "PUT", f"/halls/{HALL}", {"name": "新名"})).code == "wrong_role"  # fmt: skip
        async with server.stream() as screen, server.stream("pad", window=1) as pad:
            answer = await admin.request(
                "PUT", f"/halls/{HALL}", {"name": "新名", "name_en": "New"}
            )
            assert (answer.status, answer.body["name"]) == (200, "新名")
            for one in (screen, pad):
                await one.until(lambda frame: "hall" in frame.get("changed", {}))
                assert named(one) == ("新名", "New")
        async with server.stream() as screen:
            assert named(screen) == ("新名", "New")
    async with hall_server(tmp_path) as server, server.stream() as screen:
        assert named(screen) == ("新名", "New")
    assert check_directory(tmp_path) == []


def named(screen: Screen) -> tuple[Any, Any]:
    hall = screen.state["hall"]
    assert set(hall) == {"id", "name", "name_en", "timezone"}
    return hall["name"], hall["name_en"]


async def test_of_two_who_edit_the_setup_the_second_is_told(tmp_path: Path) -> None:
    async with hall_server(tmp_path) as server:
        admin, path = await server.client("admin"), f"/halls/{HALL}/setup"
        seen = (await admin.get(path)).body
        first, second = ({**seen["settings"], "undo_s": seconds} for seconds in (6, 7))
        saved = await admin.post(path, {"version": seen["version"], "settings": first})
        assert saved.status == 200
        assert saved.body["version"] > seen["version"]
        late = await admin.post(path, {"version": seen["version"], "settings": second})
        assert (late.status, late.code) == (409, "setup_changed")
        assert (await admin.get(path)).body["settings"]["undo_s"] == 6
        again = await admin.post(path, {"version": saved.body["version"], "settings": second})
        assert again.status == 200
        # A program that says nothing about what it saw goes on as before.
        assert (await admin.post(path, {"settings": first})).status == 200


async def test_alerts_of_the_whole_city_with_notes_for_those_who_may_read_them(
    tmp_path: Path,
) -> None:
    async with hall_server(tmp_path) as server:
        alerts: dict[str, str] = {}
        for hall in (HALL, "dongling"):
            screen = await server.client("display", hall)
            path = f"/halls/{hall}/displays/health"
            assert (await screen.post(path, {"fault": "autoplay_blocked"})).status == 200
        supervisor = await server.client("supervisor")
        for alert in (await supervisor.get("/alerts")).body:
            alerts[alert["hall"]] = alert["alert_id"]
            assert alert["note"] is None
        assert set(alerts) == {HALL, "dongling"}
        said = {"command": "explain", "text": "已派人处理"}
        path = f"/alerts/{alerts['dongling']}/commands"
        assert (await supervisor.post(path, said)).status == 200
        listed = {a["hall"]: a for a in (await supervisor.get("/alerts?state=explained")).body}
        assert set(listed) == {"dongling"}
        note = listed["dongling"]["note"]
        assert (note["text"], note["by"]) == ("已派人处理", "supervisor:supervisor")
        guide = await server.client("guide", "dongling")
        (seen,) = (await guide.get("/halls/dongling/alerts")).body
        assert seen["note"] is None, "for those who manage, and the window it is about"
        assert (await guide.get("/alerts")).code == "wrong_role"
        assert (await supervisor.get("/alerts?state=nonsense")).status == 422
