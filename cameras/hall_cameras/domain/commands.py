"""Deciding about cameras: what the manager sets and what workers report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hall_cameras.domain import counting, windows
from hall_cameras.domain.state import WHY, Camera, CamerasState, Trouble, troubles_of
from hall_core.errors import FieldError, Invalid, NotFound, invalid
from hall_core.events import (
    AlertChanged,
    CameraAdded,
    CameraChanged,
    CameraEdited,
    CameraFault,
    CameraLinkState,
    CameraRemoved,
    CameraZonesSet,
    Event,
    EvidenceKept,
    PresenceChanged,
)
from hall_core.features import Command, Context
from hall_core.setup import CameraSettings, CameraZone

CAMERAS_MAX = 500  # of one hall
NAME_MAX = 60
ZONES_MAX = 32
POINTS_MAX = 32
EVIDENCE_MAX = 12  # pictures of one alert


class NewCamera(Command, frozen=True):
    camera_id: str
    name: str
    group: str
    settings: CameraSettings = CameraSettings()


class AddCameras(Command, frozen=True):
    """One camera, or a whole list at once: all of them or none."""

    cameras: tuple[NewCamera, ...]


class EditCamera(Command, frozen=True):
    """What is None stays."""

    camera_id: str
    name: str | None = None
    group: str | None = None
    settings: CameraSettings | None = None
    enabled: bool | None = None
    retry: bool = False  # a person acted: what was refused may be tried again


class SetZones(Command, frozen=True):
    camera_id: str
    zones: tuple[CameraZone, ...]


class RemoveCamera(Command, frozen=True):
    camera_id: str


class ReportCamera(Command, frozen=True):
    """How a camera is, as the worker that holds it sees it (or the server: nobody holds it)."""

    camera_id: str
    state: CameraLinkState
    why: str = ""
    faults: tuple[CameraFault, ...] = ()
    width: int = 0
    height: int = 0
    fps: float = 0.0
    codec: str = ""


class KeepEvidence(Command, frozen=True):
    """Pictures of a trouble were stored."""

    camera_id: str
    trouble: Trouble
    evidence: tuple[str, ...]


class ReportPresence(Command, frozen=True):
    """Whether somebody is in a window's zone, as the worker that holds the camera sees it.

    `lasted_s`: it has looked so for so long. `present` None: it can't be told.
    """

    camera_id: str
    window: int
    present: bool | None
    lasted_s: float = 0.0
    confidence: float = 0.0


class KeepWindowEvidence(Command, frozen=True):
    """Pictures of a window that an alert is about were stored."""

    camera_id: str
    alert_id: str
    evidence: tuple[str, ...]


def find(state: CamerasState, camera_id: str) -> Camera:
    """Raises NotFound for a camera that is not here."""
    camera = state.cameras.get(camera_id)
    if camera is None:
        raise NotFound("unknown_camera", "没有这台摄像机。")
    return camera


# --- what a person sets ------------------------------------------------------------------------


def check_name(name: str, where: str) -> None:
    if not 1 <= len(name) <= NAME_MAX or not name.isprintable() or name != name.strip():
        raise invalid(
            where,
            f"名称应为 1 到 {NAME_MAX} 个字。",
            f"Please enter a name of 1 to {NAME_MAX} characters.",
        )


def check_group(group: str, where: str) -> None:
    if not 1 <= len(group) <= NAME_MAX or not group.isprintable():
        raise invalid(
            where,
            f"所属录像机或交换机应为 1 到 {NAME_MAX} 个字。",
            f"Please enter the recorder or switch in 1 to {NAME_MAX} characters.",
        )


_BOUNDS: tuple[tuple[str, float, float, str, str], ...] = (
    ("black_mean", 0, 128, "0 到 128", "0 to 128"),
    ("frozen_s", 0, 3600, "0 到 3600 秒", "0 to 3600 seconds"),
    ("blurred_ratio", 0, 0.9, "0 到 0.9", "0 to 0.9"),
    ("covered_share", 0, 1, "0 到 1", "0 to 1"),
    ("moved_share", 0, 0.95, "0 到 0.95", "0 to 0.95"),
    ("clock_wrong_s", 0, 86400, "0 到 86400 秒", "0 to 86400 seconds"),
    ("width", 0, 8192, "0 到 8192", "0 to 8192"),
    ("height", 0, 8192, "0 到 8192", "0 to 8192"),
    ("lasts_s", 1, 600, "1 到 600 秒", "1 to 600 seconds"),
)


def check_settings(settings: CameraSettings, where: str) -> None:
    """Raises Invalid for a threshold outside of its measure."""
    for name, low, high, words, words_en in _BOUNDS:
        if not low <= getattr(settings, name) <= high:
            raise invalid(
                f"{where}.{name}", f"应为 {words}。", f"Please enter a value of {words_en}."
            )


def check_zones(zones: tuple[CameraZone, ...], windows: tuple[int, ...]) -> None:
    """Raises Invalid for a zone that is no area of the picture, or of a window that is not here."""
    if len(zones) > ZONES_MAX:
        raise invalid(
            "zones",
            f"一路画面最多 {ZONES_MAX} 个区域。",
            f"One picture can have at most {ZONES_MAX} zones.",
        )
    for index, zone in enumerate(zones):
        where = f"[{index}]"
        if zone.window not in windows:
            raise invalid(
                f"{where}.window",
                f"没有{zone.window}号窗口。",
                f"There is no window {zone.window}.",
            )
        if any(other.window == zone.window for other in zones[:index]):
            raise invalid(
                f"{where}.window",
                f"{zone.window}号窗口已有一个区域。",
                f"Window {zone.window} has a zone already.",
            )
        if not 3 <= len(zone.polygon) <= POINTS_MAX:
            raise invalid(
                f"{where}.polygon",
                f"应有 3 到 {POINTS_MAX} 个点。",
                f"Please draw the zone with 3 to {POINTS_MAX} corners.",
            )
        if not all(0 <= x <= 1 and 0 <= y <= 1 for x, y in zone.polygon):
            raise invalid(
                f"{where}.polygon",
                "坐标应在 0 到 1 之间。",
                "Corners must lie inside the picture, from 0 to 1.",
            )
        if area(zone.polygon) < 1e-4:
            raise invalid(
                f"{where}.polygon",
                "区域太小，请重新画。",
                "The zone is too small. Please draw it again.",
            )


def area(polygon: tuple[tuple[float, float], ...]) -> float:
    """The area of a polygon, of a picture of 1 by 1."""
    pairs = zip(polygon, (*polygon[1:], polygon[0]), strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2


def decide_add(state: CamerasState, command: AddCameras, context: Context) -> list[Event]:
    if len(state.cameras) + len(command.cameras) > CAMERAS_MAX:
        raise invalid(
            "body",
            f"一个大厅最多 {CAMERAS_MAX} 台摄像机。",
            f"A hall can have at most {CAMERAS_MAX} cameras.",
        )
    taken = {camera.name for camera in state.cameras.values()}
    events: list[Event] = []
    errors: list[FieldError] = []
    for index, new in enumerate(command.cameras):
        where = "" if len(command.cameras) == 1 else f"rows[{index}]."
        try:
            check_name(new.name, f"{where}name")
            check_group(new.group, f"{where}group")
            check_settings(new.settings, f"{where}settings")
            if new.name in taken:
                raise invalid(
                    f"{where}name",
                    f"已有一台名为“{new.name}”的摄像机。",
                    f"There is a camera named “{new.name}” already.",
                )
        except Invalid as error:
            errors += error.errors  # of every row, so that a list is corrected in one go
        taken.add(new.name)
        events.append(
            CameraAdded(
                camera_id=new.camera_id, name=new.name, group=new.group, settings=new.settings
            )
        )
    if errors:
        raise Invalid("invalid_field", errors[0].message, tuple(errors))
    return events


def decide_edit(state: CamerasState, command: EditCamera, context: Context) -> list[Event]:
    camera = find(state, command.camera_id)
    if command.name is not None and command.name != camera.name:
        check_name(command.name, "name")
        if any(other.name == command.name for other in state.cameras.values()):
            raise invalid(
                "name",
                f"已有一台名为“{command.name}”的摄像机。",
                f"There is a camera named “{command.name}” already.",
            )
    if command.group is not None:
        check_group(command.group, "group")
    if command.settings is not None:
        check_settings(command.settings, "settings")
    events: list[Event] = []
    edited = CameraEdited(
        camera_id=camera.camera_id,
        name=None if command.name == camera.name else command.name,
        group=None if command.group == camera.group else command.group,
        settings=None if command.settings == camera.settings else command.settings,
    )
    if edited != CameraEdited(camera_id=camera.camera_id):
        events.append(edited)
    if command.enabled is False and camera.state != "disabled":
        events += _change(state, camera, context, "disabled", "off")
    elif (command.enabled and camera.state == "disabled") or (
        command.retry and camera.state == "refused"
    ):
        events += _change(state, camera, context, "unreachable", "connecting")
    return events


def decide_zones(state: CamerasState, command: SetZones, context: Context) -> list[Event]:
    camera = find(state, command.camera_id)
    check_zones(command.zones, state.windows)
    if command.zones == camera.zones:
        return []
    kept = {zone.window for zone in command.zones if zone in camera.zones}
    unknown = windows.unknown(camera, but=kept)
    return [*unknown, CameraZonesSet(camera_id=camera.camera_id, zones=command.zones)]


def decide_remove(state: CamerasState, command: RemoveCamera, context: Context) -> list[Event]:
    camera = find(state, command.camera_id)
    closing = _ended(state, camera, tuple(camera.alarms))
    return [*closing, *windows.unknown(camera), CameraRemoved(camera_id=camera.camera_id)]


# --- what workers report -----------------------------------------------------------------------


def decide_report(state: CamerasState, command: ReportCamera, context: Context) -> list[Event]:
    camera = find(state, command.camera_id)
    if camera.state == "disabled":
        return []  # a last word from a worker that was not yet told
    if command.why not in WHY:
        raise invalid("why", "没有这个原因。")
    faults: tuple[CameraFault, ...] = tuple(sorted(set(command.faults)))
    if command.state != "online":
        faults = ()  # of a picture that is not there nothing is known
    known = (camera.state, camera.why, camera.faults, camera.width, camera.height, camera.codec)
    size = (command.width or camera.width, command.height or camera.height)
    told = (command.state, command.why, faults, *size, command.codec or camera.codec)
    if known == told:
        return []
    return _change(
        state, camera, context, command.state, command.why, faults,
        (command.width, command.height, command.fps, command.codec),
    )  # fmt: skip


def _change(
    state: CamerasState,
    camera: Camera,
    context: Context,
    now: CameraLinkState,
    why: str,
    faults: tuple[CameraFault, ...] = (),
    stream: tuple[int, int, float, str] | None = None,
) -> list[Event]:
    """The camera's new state, and the end of the alerts that it answers."""
    width, height, fps, codec = stream or (camera.width, camera.height, camera.fps, camera.codec)
    changed = CameraChanged(
        camera_id=camera.camera_id,
        state=now,
        why=why,
        faults=faults,
        width=width or camera.width,
        height=height or camera.height,
        fps=fps or camera.fps,
        codec=codec or camera.codec,
        passed=counting.passed(state, camera, context, context.now),
    )
    current = troubles_of(now, faults)
    over = tuple(trouble for trouble in camera.alarms if trouble not in current)
    unknown = () if windows.can_tell(now, faults) else windows.unknown(camera)
    return [*_ended(state, camera, over), *unknown, changed]


def _ended(state: CamerasState, camera: Camera, over: tuple[Trouble, ...]) -> list[Event]:
    """Close the alerts of troubles that are over, unless another camera still shares them."""
    events: list[Event] = []
    for trouble in over:
        alarm = camera.alarms[trouble]
        if alarm.alert_id is None or alarm.settled:
            continue
        if any(
            other.camera_id != camera.camera_id and shares(other, trouble, alarm.alert_id)
            for other in state.cameras.values()
        ):
            continue
        events.append(AlertChanged(alert_id=alarm.alert_id, state="closed", level="hall"))
    return events


def shares(camera: Camera, trouble: Trouble, alert_id: str) -> bool:
    """Whether this alert is about this camera too."""
    alarm = camera.alarms.get(trouble)
    return alarm is not None and alarm.alert_id == alert_id


def decide_evidence(state: CamerasState, command: KeepEvidence, context: Context) -> list[Event]:
    """Pictures of a trouble that is over, or that has enough of them, belong to no alert."""
    alarm = find(state, command.camera_id).alarms.get(command.trouble)
    if alarm is None or len(alarm.evidence) + len(command.evidence) > EVIDENCE_MAX:
        return []
    return [
        EvidenceKept(
            camera_id=command.camera_id,
            kind=f"camera_{command.trouble}",
            evidence=command.evidence,
            alert_id=None if alarm.settled else alarm.alert_id,
        )
    ]


def decide_presence(state: CamerasState, command: ReportPresence, context: Context) -> list[Event]:
    camera = find(state, command.camera_id)
    present = command.present if windows.can_tell(camera.state, camera.faults) else None
    if camera.presence.get(command.window) is present or all(
        zone.window != command.window for zone in camera.zones
    ):
        return []
    return [
        PresenceChanged(
            camera_id=camera.camera_id,
            window=command.window,
            present=present,
            since=context.now - timedelta(seconds=max(0, round(command.lasted_s))),
            confidence=round(command.confidence, 2),
        )
    ]


def decide_window_evidence(
    state: CamerasState, command: KeepWindowEvidence, context: Context
) -> list[Event]:
    """For an alert that waits for them; the camera may have gone meanwhile."""
    if all(wanted.alert_id != command.alert_id for wanted in state.wanted):
        return []
    return [
        EvidenceKept(
            camera_id=find(state, command.camera_id).camera_id,
            kind=windows.SUSPECTED,
            evidence=command.evidence,
            alert_id=command.alert_id,
        )
    ]


DECIDERS: dict[type[Command], Callable[[Any, Any, Context], list[Event]]] = {
    AddCameras: decide_add,
    EditCamera: decide_edit,
    SetZones: decide_zones,
    RemoveCamera: decide_remove,
    ReportCamera: decide_report,
    KeepEvidence: decide_evidence,
    ReportPresence: decide_presence,
    KeepWindowEvidence: decide_window_evidence,
}
