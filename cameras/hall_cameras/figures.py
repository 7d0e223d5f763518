"""在线率 and 图像完好率 of a period, from the days that were counted and the day that runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, case, func, select

from hall_cameras import tables
from hall_cameras.domain import counting
from hall_cameras.domain.state import CamerasState
from hall_core.events import CameraTime
from hall_core.features import Context
from hall_core.tables import alerts

Key = tuple[str, str]  # hall, camera


def stored(
    connection: Connection, halls: Iterable[str], start: str, until: str
) -> dict[Key, CameraTime]:
    """Counted seconds of the days from `start` to `until` (both included)."""
    table = tables.camera_days
    columns = (table.c.known_s, table.c.online_s, table.c.session_s, table.c.good_s)
    query = (
        select(table.c.hall_id, table.c.camera_id, *(func.sum(column) for column in columns))
        .where(table.c.hall_id.in_(list(halls)), table.c.day >= start, table.c.day <= until)
        .group_by(table.c.hall_id, table.c.camera_id)
    )
    return {
        (row[0], row[1]): CameraTime(
            known_s=row[2], online_s=row[3], session_s=row[4], good_s=row[5]
        )
        for row in connection.execute(query)
    }


def dismissed(connection: Connection, hall_id: str, since_ms: int) -> dict[str, float]:
    """By camera: the share, 0…1, of its alerts that a person dismissed as false, by which a bad
    zone or threshold is found. Cameras without alerts are not in it."""
    table = alerts
    false = func.sum(case((table.c.state == "dismissed", 1), else_=0))
    query = (
        select(table.c.camera_id, func.count(), false)
        .where(
            table.c.hall_id == hall_id,
            table.c.camera_id.is_not(None),
            table.c.since_ms >= since_ms,
        )
        .group_by(table.c.camera_id)
    )
    return {row[0]: round(int(row[2]) / int(row[1]), 3) for row in connection.execute(query)}


def today(state: CamerasState, context: Context) -> dict[str, CameraTime]:
    """What the running day has so far, by camera."""
    return {
        camera.camera_id: counting.add(
            camera.today, counting.passed(state, camera, context, context.now)
        )
        for camera in state.cameras.values()
    }


def total(times: Iterable[CameraTime]) -> CameraTime:
    result = CameraTime()
    for time in times:
        result = counting.add(result, time)
    return result


def figures_row(key: str, name: str, cameras: int, time: CameraTime) -> dict[str, Any]:
    """One line of the table: rates are 0 to 1, hours are of all its cameras together."""
    return {
        "key": key,
        "name": name,
        "cameras": cameras,
        "known_hours": round(time.known_s / 3600, 2),
        **counting.rates(time),
    }
