"""Windows on the picture: who is there, and which pictures an alert about a window should have."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from hall_cameras.domain.state import PICTURE_FAULTS, Camera, CamerasState, Wanted
from hall_core.events import (
    AlertChanged,
    AlertRaised,
    CameraFault,
    CameraLinkState,
    DayOpened,
    EvidenceKept,
    PresenceChanged,
    Recorded,
)

SUSPECTED = "suspected_absent"
"""The kind of alert that asks for pictures of its window."""

WANTED = timedelta(minutes=2)
"""Pictures that could not be had for so long say nothing about the alert any more."""


def can_tell(state: CameraLinkState, faults: tuple[CameraFault, ...]) -> bool:
    """Whether presence can be told from such a picture: a faulty one never says "empty"."""
    return state == "online" and not PICTURE_FAULTS.intersection(faults)


def unknown(camera: Camera, but: Collection[int] = ()) -> list[PresenceChanged]:
    """What was known of the windows (except of `but`) is known no more."""
    return [
        PresenceChanged(camera_id=camera.camera_id, window=window, present=None)
        for window in camera.presence
        if window not in but
    ]


def apply(state: CamerasState, record: Recorded) -> None:
    """Fold one event into what is known of windows."""
    event = record.event
    if isinstance(event, PresenceChanged):
        camera = state.cameras.get(event.camera_id)
        if camera is None:
            return
        if event.present is None:
            camera.presence.pop(event.window, None)
        else:
            camera.presence[event.window] = event.present
    elif isinstance(event, AlertRaised):
        if event.kind == SUSPECTED and event.window is not None and _seen(state, event.window):
            state.suspected[event.alert_id] = event.window
            _want(state, record, event.alert_id, event.window)
    elif isinstance(event, AlertChanged):
        if event.state == "closed" and event.alert_id in state.suspected:
            _want(state, record, event.alert_id, state.suspected.pop(event.alert_id), ended=True)
    elif isinstance(event, EvidenceKept):
        mine = [wanted for wanted in state.wanted if wanted.alert_id == event.alert_id]
        if mine:
            state.wanted.remove(mine[0])
    elif isinstance(event, DayOpened):
        state.suspected.clear()


def _seen(state: CamerasState, window: int) -> bool:
    cameras = state.cameras.values()
    return any(zone.window == window for camera in cameras for zone in camera.zones)


def _want(
    state: CamerasState, record: Recorded, alert_id: str, window: int, ended: bool = False
) -> None:
    state.wanted = [wanted for wanted in state.wanted if record.at - wanted.at <= WANTED]
    state.wanted.append(Wanted(alert_id=alert_id, window=window, at=record.at, ended=ended))
