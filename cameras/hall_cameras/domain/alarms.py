"""Who is told when: a camera's trouble becomes an alert when it lasts, and in sessions only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from hall_cameras.domain import counting
from hall_cameras.domain.apply import GROUPED, KIND
from hall_cameras.domain.state import OFFLINE_S, TROUBLES, Alarm, Camera, CamerasState, Trouble
from hall_core.events import AlertRaised, CamerasCounted, CameraTime, Event
from hall_core.features import Context
from hall_core.sessions import hours_of, midnight_after, next_open

NAMED = 6  # cameras that an alert lists by name


def due(state: CamerasState, context: Context) -> datetime | None:
    """When the next alert is to be raised; None while nothing waits for one."""
    waiting = [_ripe_at(alarm, trouble) for _, trouble, alarm in _unraised(state)]
    if not waiting:
        return None
    ripe = max(min(waiting), context.now)
    return next_open(hours_of(state.week), context.hall.timezone, ripe)


def time_passed(state: CamerasState, context: Context) -> list[Event]:
    """Raise what is ripe; cameras that hang on the same recorder or switch are one alert."""
    events: list[Event] = []
    told: set[tuple[str, str]] = set()
    for camera, trouble, alarm in _unraised(state):
        if _ripe_at(alarm, trouble) > context.now:
            continue
        if trouble in GROUPED:
            if (camera.group, trouble) in told:
                continue
            told.add((camera.group, trouble))
        events.append(_alert(state, camera, trouble, alarm, context.version + len(events)))
    return events


def _unraised(state: CamerasState) -> Iterator[tuple[Camera, Trouble, Alarm]]:
    for camera in state.cameras.values():
        for trouble, alarm in camera.alarms.items():
            if alarm.alert_id is None:
                yield camera, trouble, alarm


def _ripe_at(alarm: Alarm, trouble: Trouble) -> datetime:
    # Faults of the picture lasted at the worker already; links come and go.
    return alarm.since + timedelta(seconds=OFFLINE_S if trouble in GROUPED else 0)


def _alert(
    state: CamerasState, camera: Camera, trouble: Trouble, alarm: Alarm, version: int
) -> AlertRaised:
    struck = [camera]
    if trouble in GROUPED:
        struck = [
            other
            for other in state.cameras.values()
            if other.group == camera.group
            and trouble in other.alarms
            and other.alarms[trouble].alert_id is None
        ]
    zh, en = TROUBLES[trouble]
    if len(struck) == 1:
        detail, detail_en = f"{camera.name}：{zh}", f"{camera.name}: {en}"
    else:
        names = [other.name for other in struck[:NAMED]]
        more, more_en = ("等", " and others") if len(struck) > NAMED else ("", "")
        detail = f"{camera.group} 的 {len(struck)} 台摄像机{zh}：{'、'.join(names)}{more}"
        detail_en = f"{len(struck)} cameras of {camera.group}, {en}: {', '.join(names)}{more_en}"
    return AlertRaised(
        alert_id=f"{KIND}{trouble}-{camera.camera_id}-{version}",
        kind=f"{KIND}{trouble}",
        level="hall",
        camera_id=camera.camera_id,
        detail=detail,
        detail_en=detail_en,
        evidence=alarm.evidence,
    )


def day_ended(state: CamerasState, context: Context) -> list[Event]:
    """The figures of the day that was, when another begins. Nights that nobody saw don't count."""
    if not state.last_day or not state.cameras:
        return []
    end = min(context.now, midnight_after(context.hall.timezone, state.last_day))
    counted: dict[str, CameraTime] = {}
    for camera in state.cameras.values():
        total = counting.add(camera.today, counting.passed(state, camera, context, end))
        if total != CameraTime():
            counted[camera.camera_id] = total
    return [CamerasCounted(day=state.last_day, cameras=counted)]
