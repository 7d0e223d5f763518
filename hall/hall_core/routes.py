"""The kernel's own calls: who am I, halls, snapshots, events, and the audit log. Devices, people
and alerts have files of their own; `routes` lists them all."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web
from sqlalchemy import select

from hall_core import alert_routes, devices, people, tables
from hall_core.answers import AuditLine, EventEntry, EventsPage, HallView, Me, Snapshot
from hall_core.clock import from_millis
from hall_core.devices import set_device_cookie
from hall_core.halls import Hall
from hall_core.http import DEVICE_COOKIE, Call, Route
from hall_core.once import Change, Write, once
from hall_core.parameters import asks, integer
from hall_core.replay import read_journal

__all__ = ["Change", "Write", "once", "routes", "set_device_cookie"]

EVERYBODY = frozenset(
    {"kiosk", "guide", "display", "counter", "pad", "agent", "camera", "supervisor"}
    | {"manager", "admin", "security", "auditor"}
)
_encoder = msgspec.json.Encoder()


async def me(call: Call) -> Any:
    principal = call.principal
    device = call.kernel.access.devices.get(principal.id.removeprefix("device:"))
    answer: Me = {
        "kind": principal.kind,
        "name": principal.name,
        "roles": sorted(principal.roles),
        "hall": None if principal.halls is None else next(iter(sorted(principal.halls)), None),
        "all_halls": principal.halls is None,
        "window": principal.window,
        "device_id": device.device_id if device else None,
        "settings": device.settings if device else {},
        "build": call.kernel.build,
    }
    token = call.request.cookies.get(DEVICE_COOKIE + device.device_id) if device else None
    if device is None or token is None:
        return answer
    # Browsers keep a cookie for 400 days at most: a screen that is on renews its own.
    response = web.Response(body=_encoder.encode(answer), content_type="application/json")
    set_device_cookie(response, device, token)
    return response


# --- halls -------------------------------------------------------------------------------------


def hall_view(hall: Hall) -> HallView:
    return {
        "id": hall.info.id,
        "name": hall.info.name,
        "name_en": hall.info.name_en,
        "region": hall.info.region,
        "level": hall.info.level,
    }


async def list_halls(call: Call) -> list[HallView]:
    halls = call.kernel.halls.values()
    return [hall_view(hall) for hall in halls if call.principal.may_enter(hall.info.id)]


async def snapshot(call: Call) -> Snapshot:
    hall = call.hall
    return {"version": hall.hub.version, "state": hall.render_state(call.principal.audience)}


@asks(
    integer("after", "events with a higher version", 0, 0, 1 << 60),
    integer("limit", "at most so many", 500, 1, 2000),
)
async def hall_events(call: Call) -> EventsPage:
    after = call.query_int("after", 0, 0, 1 << 60)
    limit = call.query_int("limit", 500, 1, 2000)
    hall, audience = call.hall, call.principal.audience
    version = hall.hub.version
    records = await call.kernel.store.read(
        lambda connection: read_journal(connection, hall.info.id, after, limit)
    )
    shown: list[EventEntry] = []
    for record in records:
        if record.version > version:
            break
        data = hall.visible(record, audience)
        entry: EventEntry = {"version": record.version, "type": "version", "at": record.at}
        if data is not None:
            actor = record.actor if audience.is_staff else None
            entry.update({"type": record.type, "actor": actor, "data": data})
        shown.append(entry)
    return {"events": shown, "version": version}


@asks(
    integer("limit", "at most so many, newest first", 100, 1, 1000),
    integer("before", "entries with a lower id", 1 << 60, 0, 1 << 60),
)
async def read_audit(call: Call) -> list[AuditLine]:
    limit = call.query_int("limit", 100, 1, 1000)
    before = call.query_int("before", 1 << 60, 0, 1 << 60)
    table = tables.audit
    query = select(table).where(table.c.id < before).order_by(table.c.id.desc()).limit(limit)
    if call.principal.halls is not None:  # what belongs to no hall is the whole installation's
        query = query.where(table.c.hall_id.in_(call.principal.halls))
    rows = await call.kernel.store.read(lambda c: c.execute(query).all())
    return [
        {
            "id": row.id,
            "at": from_millis(row.at_ms),
            "actor": row.actor,
            "action": row.action,
            "subject": row.subject,
            "hall": row.hall_id,
            "address": row.address,
            "detail": row.detail,
        }
        for row in rows
    ]


def routes() -> list[Route]:
    r = Route
    return [
        r(
            method="GET", path="/me", handler=me, summary="Who am I", roles=EVERYBODY, answer=Me,
        ),
        *devices.routes(),
        *people.routes(),
        r(
            method="GET", path="/halls", handler=list_halls,
            summary="Halls in the caller's scope", roles=EVERYBODY, answer=list[HallView],
        ),
        r(
            method="GET", path="/halls/{hall}/snapshot", handler=snapshot,
            summary="The hall's state as of its committed version", roles=EVERYBODY,
            answer=Snapshot,
        ),
        r(
            method="GET", path="/halls/{hall}/events", handler=hall_events,
            summary="The journal after a version, redacted for the caller", roles=EVERYBODY,
            answer=EventsPage,
        ),
        *alert_routes.routes(),
        r(
            method="GET", path="/audit", handler=read_audit,
            summary="The audit log, newest first", roles=frozenset({"auditor"}),
            answer=list[AuditLine],
        ),
    ]  # fmt: skip
