"""The list of cameras, of any hall, that a person goes round (轮巡): theirs at every desk."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from sqlalchemy import select

from hall_cameras import tables
from hall_core.http import Call, Route, roles
from hall_core.once import Change, Write, once

STOPS_MAX = 64
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class Stop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hall: Id
    camera: Id


Stops = Annotated[tuple[Stop, ...], msgspec.Meta(max_length=STOPS_MAX)]


async def read(call: Call) -> list[Stop]:
    """In order. What the person may no longer enter is left out."""
    table, owner = tables.camera_patrols, call.principal.id
    query = select(table.c.stops).where(table.c.owner == owner)
    kept = await call.kernel.store.read(lambda c: c.execute(query).scalar())
    stops = msgspec.json.decode(kept or "[]", type=list[Stop])
    return [stop for stop in stops if call.principal.may_enter(stop.hall)]


async def put(call: Call) -> Any:
    stops: Stops = call.body

    async def act() -> Write:
        values = (call.principal.id, msgspec.json.encode(stops).decode())
        return Write(list(stops), (Change(rows=((tables.camera_patrols, values),)),))

    return await once(call, act)


def routes() -> list[Route]:
    return [
        Route(
            method="GET", path="/patrol", handler=read, roles=roles("supervisor"),
            summary="The cameras that the caller goes round, in order", answer=list[Stop],
        ),
        Route(
            method="PUT", path="/patrol", handler=put, roles=roles("supervisor"),
            summary="Change the whole list", body=Stops, answer=list[Stop],
        ),
    ]  # fmt: skip
