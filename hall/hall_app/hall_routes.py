"""Adding and renaming halls, by the administrator of the city."""

from __future__ import annotations

import re
from typing import Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from hall_app import plain
from hall_core import tables
from hall_core.answers import HallsAndRegions, HallView
from hall_core.day import RenameHall
from hall_core.errors import Conflict, invalid
from hall_core.features import Row
from hall_core.halls import SYSTEM
from hall_core.http import Call, Route
from hall_core.once import Change, Write, alone
from hall_core.routes import hall_view
from hall_core.setup import HallInfo, Level, Region

ADMIN = frozenset({"admin"})
ID = re.compile(r"[a-z][a-z0-9_-]{1,39}")
CODE = re.compile(r"[0-9]{12}")
NAME_CHARS = 60
NAME_EN_CHARS = 80


class NewHall(msgspec.Struct, forbid_unknown_fields=True):
    """A hall in a region that is known, or in one that comes with it."""

    id: str
    name: str
    level: Level
    region: str | Region
    name_en: str = ""
    timezone: str = "Asia/Shanghai"


class ChangedHall(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    name_en: str = ""


async def halls_and_regions(call: Call) -> HallsAndRegions:
    """Who is in charge of some halls only adds none: they need the regions of their own."""
    kernel, who = call.kernel, call.principal
    halls = [hall for hall in kernel.halls.values() if who.may_enter(hall.info.id)]
    own = {hall.info.region for hall in halls}
    regions = [r for r in kernel.regions.values() if who.halls is None or r.code in own]
    return {
        "halls": [hall_view(hall) for hall in halls],
        "regions": sorted(regions, key=lambda region: region.code),
    }


async def add_hall(call: Call) -> Any:
    """A new hall with a first setup (two windows, one queue) that its manager then edits."""
    body: NewHall = call.body
    kernel = call.kernel
    _check_names(body.name, body.name_en)
    if not ID.fullmatch(body.id):
        raise invalid(
            "id",
            "编号用小写字母开头，可含小写字母、数字、- 和 _，2 到 40 个字符。",
            "Begin the id with a small letter; use 2 to 40 small letters, figures, - and _.",
        )
    try:
        ZoneInfo(body.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise invalid(
            "timezone",
            "没有这个时区，例如 Asia/Shanghai。",
            "There is no such time zone. Please write one like Asia/Shanghai.",
        ) from None
    region = body.region if isinstance(body.region, Region) else None
    code = region.code if region is not None else str(body.region)
    if region is None and code not in kernel.regions:
        raise invalid(
            "region",
            "没有这个行政区划，请先填写其代码和名称。",
            "There is no such region. Please enter its code and name first.",
        )
    if region is not None:
        _check_region(call, region)
    level = (region or kernel.regions[code]).level
    if body.level != level:
        raise invalid(
            "level",
            "大厅的级别应与所在行政区划相同。",
            "The hall's level must be that of its region.",
        )
    info = HallInfo(
        id=body.id, name=body.name.strip(), name_en=body.name_en.strip(), region=code,
        level=body.level, timezone=body.timezone,
    )  # fmt: skip

    async def act() -> Write:
        if body.id in kernel.halls:
            raise Conflict("hall_exists", "已有同样编号的大厅。")

        def then() -> None:
            if region is not None:
                kernel.regions[region.code] = region
            kernel.open_hall(info).tick()

        rows: list[Row] = [hall_row(info)]
        if region is not None:
            rows.insert(0, region_row(region))
        actor = call.principal.actor().name
        entry = kernel.audit_entry(actor, "hall_added", info.id, call.address, info.id, info.name)
        answer = HallView(
            id=info.id, name=info.name, name_en=info.name_en, region=code, level=info.level
        )
        return Write(answer, (Change(tuple(rows), then=then), entry))

    answer = await alone(call, act)
    await kernel.access.reload()  # who is in charge of the region is in charge of the hall
    hall = kernel.hall(body.id)
    if not hall.live["queue"].lines:  # also when a retry finds that this was not reached
        await hall.execute(plain.first_setup(always_open=False), SYSTEM, lambda live, records: None)
    return answer


def hall_row(info: HallInfo) -> Row:
    values = (info.id, info.name, info.name_en, info.region, info.level, info.timezone)
    return (tables.halls, values)


def region_row(region: Region) -> Row:
    return (tables.regions, (region.code, region.name, region.level, region.parent))


def _check_names(name: str, name_en: str) -> None:
    if not 1 <= len(name.strip()) <= NAME_CHARS:
        raise invalid(
            "name",
            f"名称应为 1 到 {NAME_CHARS} 个字。",
            f"The name must be 1 to {NAME_CHARS} characters.",
        )
    if len(name_en) > NAME_EN_CHARS:
        raise invalid(
            "name_en",
            f"英文名称最多 {NAME_EN_CHARS} 个字符。",
            f"The English name can have at most {NAME_EN_CHARS} characters.",
        )


def _check_region(call: Call, region: Region) -> None:
    regions = call.kernel.regions
    if not CODE.fullmatch(region.code):
        raise invalid(
            "region.code", "行政区划代码为 12 位数字。", "The region code must be 12 digits."
        )
    if region.code in regions:
        raise invalid(
            "region.code",
            "这个行政区划已经有了，请直接选择。",
            "This region is there already. Please choose it from the list.",
        )
    if not 1 <= len(region.name.strip()) <= NAME_CHARS:
        raise invalid(
            "region.name",
            f"行政区划名称应为 1 到 {NAME_CHARS} 个字。",
            f"The region name must be 1 to {NAME_CHARS} characters.",
        )
    if region.parent is not None and region.parent not in regions:
        raise invalid(
            "region.parent",
            "没有这个上级行政区划。",
            "The region it belongs to is not there. Please choose another.",
        )
    if region.parent is not None and _depth(region.level) <= _depth(regions[region.parent].level):
        raise invalid(
            "region.parent",
            "上级行政区划的级别应更高。",
            "The region it belongs to must be of a higher level.",
        )


def _depth(level: Level) -> int:
    return get_args(Level).index(level)  # from the city down


async def rename_hall(call: Call) -> Any:
    """Every screen of the hall shows the new name at once."""
    body: ChangedHall = call.body
    _check_names(body.name, body.name_en)
    hall = call.hall
    renamed = msgspec.structs.replace(
        hall.info, name=body.name.strip(), name_en=body.name_en.strip()
    )
    actor = call.principal.actor()
    reply = await hall.execute(
        RenameHall(name=renamed.name, name_en=renamed.name_en),
        actor,
        lambda live, records: HallView(
            id=renamed.id, name=renamed.name, name_en=renamed.name_en,
            region=renamed.region, level=renamed.level,
        ),
        call.key,
        [hall_row(renamed)],
    )  # fmt: skip
    if not reply.replayed:
        hall.info = renamed
        hall.hub.restart(hall.hub.version)  # no snapshot from before is sent any more
    return reply


def routes() -> list[Route]:
    return [
        Route(
            method="GET", path="/halls-and-regions", handler=halls_and_regions, roles=ADMIN,
            summary="Halls in the caller's scope, and the regions that a new one may stand in",
            answer=HallsAndRegions,
        ),
        Route(
            method="POST", path="/halls", handler=add_hall, roles=ADMIN, body=NewHall, status=201,
            summary="A new hall, with a first setup to be edited", answer=HallView,
            all_halls=True,
        ),
        Route(
            method="PUT", path="/halls/{hall}", handler=rename_hall, roles=ADMIN, body=ChangedHall,
            summary="Rename a hall", answer=HallView,
        ),
    ]  # fmt: skip
