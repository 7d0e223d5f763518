"""Every route: who may call it, where, and that the OpenAPI document tells of it.

Made from the list of routes, so that a new one is looked at the day it comes.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from inspect import getsource
from typing import Any, get_args

import pytest
import pytest_asyncio
from aiohttp import web

from hall_app import pages
from hall_app.server import routes_of
from hall_cameras import routes as camera_routes
from hall_core.credentials import ROLES_OF_TOKEN, DeviceKind
from hall_core.http import Route
from hall_core.parameters import parameters_of
from tests.support import HALL, HallServer, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER = "dongling"
KINDS: tuple[DeviceKind, ...] = get_args(DeviceKind)
WINDOW = 2  # of tokens that belong to one

# Everything that can be asked without a credential, and why.
OPEN = {
    "POST /pair": "the code is the credential",
    "POST /session": "signing in",
    "DELETE /session": "signing out",
    "GET /public/tickets/{token}": "the citizen's unguessable token is the credential",
    "GET /public/tickets/{token}/qr.svg": "the same",
    "POST /public/tickets/{token}/commands": "the same",
    "POST /evaluations": "the same token, in the body; a pad says who it is besides",
    "GET /public/evaluations/{token}": "the same",
    "GET /public/halls/{hall}/evaluation": "the public knows the hall's rate, and nothing else",
}

# What devices in public places may ask. Whoever adds to this shows it to everybody.
EVERYWHERE = {"GET /me", "GET /halls", "GET /halls/{hall}/snapshot", "GET /halls/{hall}/events"}
PUBLIC_DEVICES: dict[DeviceKind, set[str]] = {
    "pad": EVERYWHERE | {"GET /halls/{hall}/photos/{name}", "GET /halls/{hall}/voice/{text}.wav"},
    "camera": EVERYWHERE,
    "display": EVERYWHERE
    | {
        "GET /halls/{hall}/photos/{name}",
        "GET /halls/{hall}/voice/{number}/{desk}.wav",
        "POST /halls/{hall}/displays/health",
    },
    "kiosk": EVERYWHERE
    | {
        "POST /halls/{hall}/tickets",
        "POST /halls/{hall}/card-readings",  # its own reader only
        "POST /halls/{hall}/tickets/{ticket}/print",
        "GET /halls/{hall}/printers",
        "POST /halls/{hall}/check-in",
        "POST /tickets/{ticket}/commands",  # requeue only
        "GET /halls/{hall}/tickets/by-number/{number}",
        "GET /tickets/{ticket}",
        "GET /halls/{hall}/voice/{text}.wav",
    },
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[HallServer, web.Application]]:
    seen: list[web.Application] = []
    directory = tmp_path_factory.mktemp("routes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(camera_routes, "DISCOVER_S", 0.05)  # one of the routes looks for cameras
        async with hall_server(directory, extend=seen.append) as server:
            yield server, seen[0]


@pytest.fixture
def server(app: tuple[HallServer, web.Application]) -> HallServer:
    return app[0]


def all_routes(server: HallServer) -> list[Route]:
    return routes_of(server.kernel)


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def filled(route: Route, hall: str = HALL, window: int = WINDOW) -> str:
    """The route's path with something in every place."""
    values = {"hall": hall, "window": str(window), "desk": "1", "number": "H001"}
    return re.sub(r"{(\w+)}", lambda place: values.get(place[1], "nothing"), route.path)


async def ask(server: HallServer, route: Route, kind: DeviceKind | None, **where: Any) -> Any:
    """Ask without an idempotency key and with no body: what is let in is stopped right after."""
    window = WINDOW if kind in ("counter", "pad") else None
    client = await server.client(kind, window=window)
    return await client.request(route.method, filled(route, **where), key="")


# --- roles -------------------------------------------------------------------------------------


async def test_only_these_are_open_to_everybody(server: HallServer) -> None:
    assert {name_of(r) for r in all_routes(server) if r.roles is None} == set(OPEN)


async def test_without_a_credential_everything_else_is_401(server: HallServer) -> None:
    for route in all_routes(server):
        answer = await ask(server, route, None)
        if route.roles is not None:
            assert (answer.status, answer.code) == (401, "no_credentials"), name_of(route)
            assert answer.headers["Content-Type"] == "application/problem+json"
        else:
            assert answer.status != 401 or name_of(route) in ("POST /pair", "POST /session")


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_of_token_may_call_its_routes_and_no_other(
    server: HallServer, kind: DeviceKind
) -> None:
    roles = ROLES_OF_TOKEN.get(kind, frozenset({kind}))
    allowed = set()
    for route in all_routes(server):
        if route.roles is None:
            continue
        answer = await ask(server, route, kind)
        assert answer.status != 401, name_of(route)
        assert answer.status < 500, (name_of(route), answer)
        refused = (answer.status, answer.code) == (403, "wrong_role")
        assert refused == (not roles & route.roles), (kind, name_of(route), answer)
        if not refused:
            allowed.add(name_of(route))
    if kind in PUBLIC_DEVICES:
        assert allowed == PUBLIC_DEVICES[kind]


async def test_nobody_but_managers_and_security_touches_devices_people_and_setup(
    server: HallServer,
) -> None:
    guarded = re.compile(r"/(users|devices|pairing-codes|setup|pin|texts|notices)\b")
    for route in all_routes(server):
        if guarded.search(route.path):
            assert route.roles is not None
            assert route.roles <= {"admin", "manager", "security"}, name_of(route)
    audit = next(r for r in all_routes(server) if r.path == "/audit")
    assert audit.roles == frozenset({"auditor"}), "who administers does not audit"


# --- scope -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("supervisor", "admin")])
async def test_no_device_reaches_another_hall(server: HallServer, kind: DeviceKind) -> None:
    roles = ROLES_OF_TOKEN.get(kind, frozenset({kind}))
    for route in all_routes(server):
        if "{hall}" in route.path and route.roles is not None and roles & route.roles:
            answer = await ask(server, route, kind, hall=OTHER)
            assert (answer.status, answer.code) == (403, "wrong_hall"), name_of(route)


async def test_a_hall_that_is_not_there_is_404(server: HallServer) -> None:
    for route in all_routes(server):
        if "{hall}" in route.path and route.roles is not None:
            kind: DeviceKind = "admin" if "admin" in route.roles else "display"
            answer = await ask(server, route, kind, hall="nowhere")
            assert (answer.status, answer.code) == (404, "unknown_hall"), name_of(route)


@pytest.mark.parametrize("kind", ["counter", "pad"])
async def test_no_windows_device_reaches_another_window(
    server: HallServer, kind: DeviceKind
) -> None:
    reached = 0
    for route in all_routes(server):
        if "{window}" in route.path and route.roles is not None and kind in route.roles:
            answer = await ask(server, route, kind, window=WINDOW + 1)
            assert (answer.status, answer.code) == (403, "wrong_window"), name_of(route)
            reached += 1
    assert reached or kind == "pad"


async def test_ids_of_another_hall_are_refused(server: HallServer) -> None:
    there = await server.client("kiosk", OTHER)
    ticket = await there.take("H", OTHER)
    guide, kiosk = await server.client("guide"), await server.client("kiosk")
    assert (await guide.get(f"/tickets/{ticket['ticket_id']}/qr.svg")).code == "wrong_hall"
    path = f"/tickets/{ticket['ticket_id']}"
    for client in (guide, kiosk):
        assert (await client.get(path)).code == "wrong_hall"
        answer = await client.post(f"{path}/commands", {"command": "requeue"})
        assert answer.code == "wrong_hall"
    assert (await there.get(path)).status == 200


async def test_halls_are_listed_within_ones_scope(server: HallServer) -> None:
    for kind, halls in (("display", {HALL}), ("supervisor", set(server.kernel.halls))):
        client = await server.client(kind)  # type: ignore[arg-type]  # a literal of the tuple
        assert {hall["id"] for hall in (await client.get("/halls")).body} == halls


# --- the document ------------------------------------------------------------------------------


def references(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(document, list):
        for value in document:
            yield from references(value)


async def test_the_openapi_document_describes_every_mounted_route(
    app: tuple[HallServer, web.Application],
) -> None:
    server, application = app
    client = await server.client(None)
    answer = await client.get("/api/openapi.json")
    assert answer.status == 200
    document = answer.body
    assert document["openapi"].startswith("3.1")
    assert set(document) >= {"info", "paths", "components"}
    described = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item
    }
    mounted = {
        (route.method, route.resource.canonical)
        for route in application.router.routes()
        if route.resource is not None and route.resource.canonical.startswith("/api/v1/")
        if route.method != "HEAD"
    }
    # WebSockets of our own programs speak no HTTP; those for everybody are described.
    ours = {("GET", f"/api/v1{path}") for path in ("/halls/{hall}/agent", "/camera-worker")}
    assert mounted - ours == described
    assert described >= {(r.method, f"/api/v1{r.path}") for r in all_routes(server)}
    for reference in references(document):
        place = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in place, f"{reference} leads nowhere"
            place = place[part]


async def test_the_openapi_document_is_sound(server: HallServer) -> None:
    document = (await (await server.client(None)).get("/api/openapi.json")).body
    for path, item in document["paths"].items():
        for method, operation in item.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert "default" in operation["responses"], where
            named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path)), where
            keyed = any(p["name"] == "Idempotency-Key" for p in operation["parameters"])
            assert keyed <= (method != "get"), where
            # What made something tells of it again, with the same key.
            assert ("200" in operation["responses"]) >= ("201" in operation["responses"]), where
            if method in ("post", "put"):
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                assert schema, where
            short = f"{method.upper()} {path.removeprefix('/api/v1')}"
            assert ("security" in operation) == (short not in OPEN), where


async def test_every_route_says_what_it_answers(server: HallServer) -> None:
    silent = {name_of(r) for r in all_routes(server) if r.answer is None and r.status != 204}
    assert silent == set()


async def test_query_parameters_are_described(server: HallServer) -> None:
    """Whoever looks at one says so at the handler (`asks`)."""
    for route in all_routes(server):
        handler = getattr(route.handler, "__func__", route.handler)
        looked_at = set(re.findall(r"query(?:\.get|_int)\(\s*\"(\w+)\"", getsource(handler)))
        told = {parameter.name for parameter in parameters_of(route.handler)}
        assert looked_at <= told, name_of(route)


async def test_nothing_is_served_outside_the_api_but_pages_and_probes(
    app: tuple[HallServer, web.Application],
) -> None:
    outside = {
        resource.canonical
        for resource in app[1].router.resources()
        if not resource.canonical.startswith(("/api/v1/", "/static/"))
    }
    probes = {"/healthz", "/readyz", "/metrics", "/api/openapi.json"}
    assert outside == probes | set(pages.SHELLS)
