"""Who is in charge of one hall reaches no other: every mounted route is tried.

Routes with `{hall}` are refused in one place. The others look for themselves: each stands in one of
the lists here, so that a new one is thought about the day it comes.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from aiohttp import web

from hall_app.hall_routes import region_row
from hall_app.server import cameras_of, routes_of
from hall_cameras import tables as camera_tables
from hall_core.alerts import open_alerts
from hall_core.faults import ReportDevice
from hall_core.features import Audience
from hall_core.http import Route
from hall_core.setup import Region
from tests.integration.people import account, signed_in
from tests.support import HALL, Client, HallServer, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER = "dongling"
SECRET = "外厅之物"  # stands in everything that is made in the other hall
WHO = ("admin token", "admin", "manager", "supervisor")

# Of whoever asks, and of nobody else.
OWN = {"GET /me", "PUT /patrol", "GET /patrol", "POST /session/password"}
# Of every hall alike, and no secret.
SHARED = {"GET /working-days"}
# Of the caller's halls.
LISTS = {
    "GET /halls", "GET /halls-and-regions", "GET /users", "GET /alerts", "GET /supervision/tree",
    "GET /camera-figures", "GET /evaluation-figures",
}  # fmt: skip
# Of one thing in some hall.
BY_ID = {
    "GET /tickets/{ticket}", "GET /tickets/{ticket}/qr.svg", "POST /tickets/{ticket}/commands",
    "GET /cameras/{camera}", "PUT /cameras/{camera}", "DELETE /cameras/{camera}",
    "PUT /cameras/{camera}/zones", "POST /cameras/{camera}/commands",
    "GET /cameras/{camera}/presets", "GET /cameras/{camera}/snapshot.jpg",
    "GET /evidence/{evidence}.jpg", "POST /devices/{device}/commands",
    "POST /alerts/{alert}/commands", "GET /cases/{case}", "POST /cases/{case}/commands",
    "POST /users/{name}/commands",
}  # fmt: skip
# Makes what has a scope of its own.
MAKES = {"POST /users"}
NOT_OF_MANAGERS = {"GET /audit"}
BODIES: dict[str, Any] = {
    "POST /tickets/{ticket}/commands": {"command": "requeue"},
    "PUT /cameras/{camera}": {"name": "x"},
    "PUT /cameras/{camera}/zones": [],
    "POST /cameras/{camera}/commands": {"command": "disable"},
    "POST /devices/{device}/commands": {"command": "revoke"},
    "POST /alerts/{alert}/commands": {"command": "acknowledge"},
    "POST /cases/{case}/commands": {"command": "assign"},
    "POST /users/{name}/commands": {"command": "disable"},
}


class Made(NamedTuple):
    """What stands in the other hall, by the name of its place in paths."""

    server: HallServer
    application: web.Application
    ids: dict[str, str]
    clients: dict[str, Client]


async def _in_the_other_hall(server: HallServer) -> dict[str, str]:
    kernel = server.kernel
    boss = await server.client("admin")
    ticket = await boss.take("H", OTHER)
    address = {"rtsp": "rtsp://127.0.0.1:9/x", "username": "u", "password": "p", "onvif": None}
    camera = await boss.post(f"/halls/{OTHER}/cameras", {"name": SECRET, **address})
    assert camera.status in (200, 201), camera
    complaint = {"source": "telephone", "text": SECRET}
    case = await boss.post(f"/halls/{OTHER}/cases", complaint)
    assert case.status == 201, case
    device, _ = await kernel.access.issue_token("display", OTHER, None, SECRET)
    await account(server, SECRET, "manager", halls=(OTHER,))
    picture = ("e" * 16, OTHER, camera.body["camera_id"], "black", 0, 1, "{}")
    await kernel.writer.write([(camera_tables.camera_evidence, picture)])
    cameras_of(kernel).pictures.keep("e" * 16, b"\xff\xd8")
    kernel.halls[OTHER].apply_system(ReportDevice(device_id="d1", name=SECRET, fault="lost"))
    await kernel.halls[OTHER].drain()
    alerts = open_alerts(kernel.halls[OTHER].committed["alerts"], Audience("manager"))
    return {
        "ticket": ticket["ticket_id"],
        "camera": camera.body["camera_id"],
        "case": case.body["case_id"],
        "device": device.device_id,
        "evidence": "e" * 16,
        "alert": alerts[0].alert_id,
        "name": SECRET,
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Made]:
    seen: list[web.Application] = []
    async with hall_server(tmp_path_factory.mktemp("scope"), extend=seen.append) as server:
        _, token = await server.kernel.access.issue_token("admin", HALL, None, "of one hall")
        clients: dict[str, Client] = {"admin token": Client(server.http, server.base, token)}
        await account(server, "admin", "admin", "manager", "security", halls=(HALL,))
        await account(server, "manager", "manager", halls=(HALL,))
        await account(server, "supervisor", "supervisor", halls=(HALL,))
        for name in WHO[1:]:
            clients[name] = await signed_in(server, name)
        yield Made(server, seen[0], await _in_the_other_hall(server), clients)


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def guarded(made: Made) -> list[Route]:
    """Routes that ask who calls and have no hall in their path."""
    routes = routes_of(made.server.kernel)
    return [r for r in routes if r.roles is not None and "{hall}" not in r.path]


def filled(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"{(\w+)}", lambda place: ids.get(place[1], "1"), path)


async def test_every_route_without_a_hall_says_how_it_keeps_to_the_callers(made: Made) -> None:
    known = [OWN, SHARED, LISTS, BY_ID, MAKES, NOT_OF_MANAGERS]
    known.append({name_of(r) for r in guarded(made) if r.all_halls})
    assert {name_of(r) for r in guarded(made)} == set().union(*known)
    assert sum(map(len, known)) == len(set().union(*known))


async def test_every_call_that_is_mounted_is_looked_at(made: Made) -> None:
    """What is mounted beside the routes looks at the scope by itself: WebSockets, each tested."""
    routes = {(r.method, f"/api/v1{r.path}") for r in routes_of(made.server.kernel)}
    others = {
        route.resource.canonical
        for route in made.application.router.routes()
        if route.resource is not None
        and route.resource.canonical.startswith("/api/v1/")
        and route.method != "HEAD"
        and (route.method, route.resource.canonical) not in routes
    }
    assert others == {
        "/api/v1/halls/{hall}/stream",
        "/api/v1/halls/{hall}/agent",
        "/api/v1/camera-worker",
        "/api/v1/cameras/{camera}/live",
    }


@pytest.mark.parametrize("who", WHO)
async def test_another_hall_is_refused(made: Made, who: str) -> None:
    for route in routes_of(made.server.kernel):
        if "{hall}" in route.path and route.roles is not None:
            path = filled(route.path, made.ids | {"hall": OTHER})
            answer = await made.clients[who].request(route.method, path, key="")
            assert answer.code in ("wrong_hall", "wrong_role"), (name_of(route), answer)


@pytest.mark.parametrize("who", WHO)
async def test_what_is_of_all_halls_is_refused(made: Made, who: str) -> None:
    for route in guarded(made):
        if route.all_halls:
            answer = await made.clients[who].request(route.method, filled(route.path, made.ids))
            wanted = "wrong_hall" if "admin" in who else "wrong_role"
            assert (answer.status, answer.code) == (403, wanted), name_of(route)


@pytest.mark.parametrize("who", WHO)
async def test_lists_hold_nothing_of_another_hall(made: Made, who: str) -> None:
    boss = await made.server.client("admin")
    for route in guarded(made):
        if name_of(route) not in LISTS:
            continue
        answer = await made.clients[who].get(route.path)
        assert answer.status == 200 or answer.code == "wrong_role", (name_of(route), answer)
        for word in (SECRET.encode(), f'"{OTHER}"'.encode()):
            assert word not in answer.raw, name_of(route)
        whole = await boss.get(route.path)
        assert SECRET.encode() in whole.raw or f'"{OTHER}"'.encode() in whole.raw, name_of(route)


@pytest.mark.parametrize("who", WHO)
async def test_things_of_another_hall_are_not_reached(made: Made, who: str) -> None:
    for route in guarded(made):
        if name_of(route) not in BY_ID:
            continue
        path, body = filled(route.path, made.ids), BODIES.get(name_of(route))
        answer = await made.clients[who].request(route.method, path, body)
        assert answer.status in (403, 404), (name_of(route), answer)
        assert SECRET.encode() not in answer.raw


async def test_the_same_things_are_there_for_who_is_in_charge_of_all(made: Made) -> None:
    """Otherwise the test above would show nothing. What undoes comes last."""
    boss = await made.server.client("admin")
    undoing = ("DELETE /cameras/{camera}", "POST /devices/{device}/commands")
    for route in sorted(guarded(made), key=lambda route: name_of(route) in undoing):
        if name_of(route) in BY_ID:
            path, body = filled(route.path, made.ids), BODIES.get(name_of(route))
            answer = await boss.request(route.method, path, body)
            empty = answer.code in ("no_picture", "no_public_url")  # it was found, and has none
            there = answer.status not in (403, 404) or empty
            assert there, (name_of(route), answer)


async def test_nobody_makes_an_account_that_reaches_further(made: Made) -> None:
    for halls in (None, [OTHER], [HALL, OTHER]):
        body = {"name": "new", "password": "abcDEF123456", "roles": ["supervisor"], "halls": halls}
        answer = await made.clients["admin"].post("/users", body)
        assert (answer.status, answer.code) == (403, "wrong_hall")


async def test_nobody_gives_a_region_that_is_not_theirs(made: Made) -> None:
    """Halls may be added to one that has none yet, or only the caller's."""
    server = made.server
    regions, halls = server.kernel.regions, server.kernel.halls
    with_halls = {hall.info.region for hall in halls.values()}
    empty = Region(
        code="159921999000", name="空乡", level="township", parent=halls[HALL].info.region
    )
    regions[empty.code] = empty
    await server.kernel.writer.write([region_row(empty)])
    assert empty.code not in with_halls
    body = {"password": "abcDEF123456", "roles": ["supervisor"]}
    for code in (empty.code, halls[HALL].info.region):
        asked = {**body, "name": f"of {code}", "regions": [code]}
        answer = await made.clients["admin"].post("/users", asked)
        assert (answer.status, answer.code) == (403, "wrong_hall")
    await account(server, "county", "admin", regions=(halls[HALL].info.region,))
    asked = {**body, "name": "below", "regions": [empty.code]}
    county = await signed_in(server, "county")
    assert (await county.post("/users", asked)).status == 201
    assert "below" in {user["name"] for user in (await county.get("/users")).body}


async def test_an_auditor_of_one_hall_reads_its_entries_only(made: Made) -> None:
    server = made.server
    await account(server, "audrey", "auditor", halls=(HALL,))
    await account(server, "august", "auditor")
    boss = await server.client("admin")
    for hall in (HALL, OTHER):
        await boss.post(f"/halls/{hall}/pairing-codes", {"kind": "kiosk", "name": "k"})
    lines = (await (await signed_in(server, "audrey")).get("/audit")).body
    assert {line["hall"] for line in lines} == {HALL}
    lines = (await (await signed_in(server, "august")).get("/audit")).body
    assert {line["hall"] for line in lines} >= {HALL, OTHER, None}


async def test_who_asks_is_told_whether_every_hall_is_theirs(made: Made) -> None:
    assert (await made.clients["admin"].get("/me")).body["all_halls"] is False
    assert (await (await made.server.client("admin")).get("/me")).body["all_halls"] is True
