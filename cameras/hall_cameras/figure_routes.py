"""The figures of cameras over HTTP: of a hall's cameras, and of all halls."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from hall_cameras import figures
from hall_cameras.bodies import FiguresView
from hall_cameras.domain.state import CamerasState
from hall_core.day import service_day
from hall_core.errors import invalid
from hall_core.events import CameraTime
from hall_core.halls import SYSTEM, Hall
from hall_core.http import Call, Route, roles
from hall_core.parameters import asks, word

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
PERIOD = (
    word("from", "First day, 2026-01-31; left out: today"),
    word("to", "Last day; left out: today"),
)


@asks(*PERIOD)
async def of_hall(call: Call) -> Any:
    hall = call.hall
    start, until, running = _period(call, hall)
    by_camera = await _times(call, [hall], start, until, running)
    state: CamerasState = hall.committed["cameras"]
    rows = [
        figures.figures_row(key, state.cameras[key].name, 1, time)
        for (_, key), time in by_camera.items()
        if key in state.cameras
    ]
    total = figures.total(by_camera.values())
    return {
        "from": start,
        "to": until,
        "rows": rows,
        "total": figures.figures_row(hall.info.id, hall.info.name, len(rows), total),
    }


@asks(*PERIOD)
async def of_city(call: Call) -> Any:
    halls = [
        hall for hall in call.kernel.halls.values()
        if call.principal.may_enter(hall.info.id) and hall.committed["cameras"].cameras
    ]  # fmt: skip
    if not halls:
        return {"from": None, "to": None, "rows": [], "total": None}
    start, until, running = _period(call, halls[0])
    by_camera = await _times(call, halls, start, until, running)
    rows = []
    for hall in halls:
        times = [time for (key, _), time in by_camera.items() if key == hall.info.id]
        rows.append(
            figures.figures_row(hall.info.id, hall.info.name, len(times), figures.total(times))
            | {"region": hall.info.region, "level": hall.info.level}
        )
    total = figures.total(by_camera.values())
    return {
        "from": start,
        "to": until,
        "rows": rows,
        "total": figures.figures_row("", "合计", len(by_camera), total),
    }


def _period(call: Call, hall: Hall) -> tuple[str, str, bool]:
    """The days asked for (default: today) and whether the running one is among them."""
    today = service_day(hall.info.timezone, call.kernel.clock.now())
    start = call.request.query.get("from", today)
    until = call.request.query.get("to", max(start, today))
    for name, day in (("from", start), ("to", until)):
        if not DAY.fullmatch(day):
            raise invalid(
                name, "日期应为 2026-01-31 的形式。", "Please write the date like 2026-01-31."
            )
    if until < start:
        raise invalid("to", "结束日期早于开始日期。", "The last day is before the first day.")
    return start, until, start <= today <= until


async def _times(
    call: Call, halls: Sequence[Hall], start: str, until: str, running: bool
) -> dict[figures.Key, CameraTime]:
    ids = [hall.info.id for hall in halls]
    times = await call.kernel.store.read(lambda c: figures.stored(c, ids, start, until))
    for hall in halls if running else ():
        state: CamerasState = hall.committed["cameras"]
        for camera_id, time_ in figures.today(state, hall.context(SYSTEM)).items():
            key = (hall.info.id, camera_id)
            times[key] = figures.total((times.get(key, CameraTime()), time_))
    return times


def routes() -> list[Route]:
    return [
        Route(
            method="GET", path="/halls/{hall}/camera-figures", handler=of_hall,
            summary="Online rate and good-picture rate of each camera (?from=&to=)",
            roles=roles("supervisor"), answer=FiguresView,
        ),
        Route(
            method="GET", path="/camera-figures", handler=of_city,
            summary="The same by hall (?from=&to=)", roles=roles("supervisor"),
            answer=FiguresView,
        ),
    ]  # fmt: skip
