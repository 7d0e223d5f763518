"""Folding events into what is known of the cameras."""

from __future__ import annotations

from datetime import datetime, timedelta

from hall_cameras.domain import counting, windows
from hall_cameras.domain.state import Alarm, Camera, CamerasState, Trouble, troubles_of
from hall_core.events import (
    ENDED_ALERTS,
    AlertChanged,
    AlertRaised,
    CameraAdded,
    CameraChanged,
    CameraEdited,
    CameraEvent,
    CameraRemoved,
    CamerasCounted,
    CameraTime,
    CameraZonesSet,
    DayOpened,
    EvidenceKept,
    Recorded,
    SetupChanged,
)

KIND = "camera_"
GROUPED: frozenset[Trouble] = frozenset({"offline", "stalled"})
"""Troubles that a recorder or a switch brings upon all that hangs on it."""

SAME_OUTAGE = timedelta(minutes=2)
"""Cameras of a group that fail within this time of one another failed together."""


def apply(state: CamerasState, record: Recorded) -> None:
    """Fold one event into the slice."""
    event = record.event
    windows.apply(state, record)
    if isinstance(event, CameraEvent):
        _camera(state, record, event)
    elif isinstance(event, CamerasCounted):
        for camera in state.cameras.values():
            camera.today, camera.counted_at = CameraTime(), record.at
    elif isinstance(event, AlertRaised):
        if event.kind.startswith(KIND) and event.camera_id is not None:
            _raised(state, event)
    elif isinstance(event, AlertChanged):
        if event.state in ENDED_ALERTS:
            _settled(state, event.alert_id)
    elif isinstance(event, SetupChanged):
        _setup(state, event)
    elif isinstance(event, DayOpened):
        state.last_day, state.day = state.day, event.day


def _camera(state: CamerasState, record: Recorded, event: CameraEvent) -> None:
    if isinstance(event, CameraAdded):
        state.cameras[event.camera_id] = Camera(
            camera_id=event.camera_id,
            name=event.name,
            group=event.group,
            settings=event.settings,
            state="unreachable",
            why="new",
            since=record.at,
            counted_at=record.at,
            alarms={"offline": Alarm(since=record.at)},
        )
        return
    camera = state.cameras.get(event.camera_id)
    if camera is None:
        return
    if isinstance(event, CameraChanged):
        _changed(state, camera, record, event)
    elif isinstance(event, CameraEdited):
        camera.name = camera.name if event.name is None else event.name
        camera.group = camera.group if event.group is None else event.group
        camera.settings = camera.settings if event.settings is None else event.settings
    elif isinstance(event, CameraZonesSet):
        camera.zones = event.zones
    elif isinstance(event, EvidenceKept):
        alarm = camera.alarms.get(trouble_of(event.kind))
        if alarm is not None:
            alarm.evidence = (*alarm.evidence, *event.evidence)
    elif isinstance(event, CameraRemoved):
        del state.cameras[event.camera_id]


def _changed(state: CamerasState, camera: Camera, record: Recorded, event: CameraChanged) -> None:
    camera.today = counting.add(camera.today, event.passed)
    camera.counted_at = record.at
    if event.state != camera.state:
        camera.state, camera.since = event.state, record.at
    camera.why, camera.faults = event.why, event.faults
    camera.width, camera.height = event.width, event.height
    camera.fps, camera.codec = event.fps, event.codec
    current = troubles_of(event.state, event.faults)
    camera.alarms = {
        trouble: camera.alarms.get(trouble) or _new_alarm(state, camera, trouble, record.at)
        for trouble in current
    }


def _new_alarm(state: CamerasState, camera: Camera, trouble: Trouble, at: datetime) -> Alarm:
    """A trouble begins. If its recorder or switch has just been alerted, that was the alert."""
    if trouble in GROUPED:
        for other in state.cameras.values():
            alarm = other.alarms.get(trouble)
            if other.group != camera.group or alarm is None or alarm.alert_id is None:
                continue
            if not alarm.settled and at - alarm.since <= SAME_OUTAGE:
                return Alarm(since=at, alert_id=alarm.alert_id)
    return Alarm(since=at)


def trouble_of(kind: str) -> Trouble:
    """The trouble of an alert's kind."""
    return kind.removeprefix(KIND)  # type: ignore[return-value]  # a kind of ours names one


def _raised(state: CamerasState, event: AlertRaised) -> None:
    # One outage, one alert: it is about every camera of its group that has the trouble.
    first = state.cameras.get(event.camera_id or "")
    if first is None:
        return
    trouble = trouble_of(event.kind)
    for camera in state.cameras.values():
        alarm = camera.alarms.get(trouble)
        if alarm is None or alarm.alert_id is not None:
            continue
        if camera is first or (trouble in GROUPED and camera.group == first.group):
            alarm.alert_id = event.alert_id


def _settled(state: CamerasState, alert_id: str) -> None:
    for camera in state.cameras.values():
        for alarm in camera.alarms.values():
            if alarm.alert_id == alert_id:
                alarm.settled = True


def _setup(state: CamerasState, event: SetupChanged) -> None:
    if event.settings is not None:
        state.week = event.settings.week
    changed = {window.number for window in event.windows}
    state.windows = tuple(sorted({*state.windows, *changed} - set(event.removed_windows)))
    for camera in state.cameras.values():
        kept = tuple(zone for zone in camera.zones if zone.window in state.windows)
        camera.zones = kept
        numbers = [zone.window for zone in kept]
        camera.presence = {n: seen for n, seen in camera.presence.items() if n in numbers}
