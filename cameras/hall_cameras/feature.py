"""Cameras as a feature of the hall."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hall_cameras import tables
from hall_cameras.cascade import tables as cascade_tables  # noqa: F401  made with the rest
from hall_cameras.domain import alarms
from hall_cameras.domain.apply import apply
from hall_cameras.domain.commands import DECIDERS
from hall_cameras.domain.state import Camera, CamerasState
from hall_cameras.domain.view import camera_view
from hall_core.clock import millis
from hall_core.events import (
    AlertChanged,
    AlertRaised,
    CameraAdded,
    CameraChanged,
    CameraEdited,
    CameraEvent,
    CameraRemoved,
    CamerasCounted,
    CameraZonesSet,
    DayOpened,
    Event,
    EvidenceKept,
    PresenceChanged,
    Recorded,
    SetupChanged,
)
from hall_core.features import Audience, Command, Context, Feature, Job, Part, Row

if TYPE_CHECKING:
    from hall_cameras.service import Cameras
    from hall_core.http import Route
    from hall_core.kernel import Kernel


class Limits(msgspec.Struct, frozen=True):
    """How long evidence is kept, and how much disk all of it may take."""

    evidence_days: int = 30
    evidence_mb: int = 2048


class CamerasFeature(Feature):
    """`media` is the installation's folder of pictures; `service` is there once it started."""

    name = "cameras"
    state_type = CamerasState
    web = Path(__file__).parent / "web"
    listens = frozenset(
        {
            CameraAdded,
            CameraChanged,
            CameraEdited,
            CameraRemoved,
            CameraZonesSet,
            CamerasCounted,
            EvidenceKept,
            PresenceChanged,
            AlertRaised,
            AlertChanged,
            SetupChanged,
            DayOpened,
        }
    )

    def __init__(self, media: Path, limits: Limits) -> None:
        self._media = media
        self._limits = limits
        self._service: Cameras | None = None

    @property
    def service(self) -> Cameras:
        assert self._service is not None, "the feature has not started"
        return self._service

    async def start(self, kernel: Kernel) -> None:
        from hall_cameras.media import Pictures
        from hall_cameras.service import Cameras

        self._service = Cameras(kernel, Pictures(self._media / "cameras"))
        await self._service.start()

    def commands(self) -> dict[type[Command], Callable[[Any, Any, Context], list[Event]]]:
        return DECIDERS

    def apply(self, state: CamerasState, record: Recorded) -> None:
        apply(state, record)

    def react(self, state: CamerasState, record: Recorded, context: Context) -> list[Event]:
        if isinstance(record.event, DayOpened):
            return alarms.day_ended(state, context)
        return []

    def due(self, state: CamerasState, context: Context) -> datetime | None:
        return alarms.due(state, context)

    def time_passed(self, state: CamerasState, context: Context) -> list[Event]:
        return alarms.time_passed(state, context)

    def rows(self, state: CamerasState, record: Recorded, hall_id: str) -> Iterable[Row]:
        event = record.event
        if isinstance(event, CamerasCounted):
            for camera_id, time in event.cameras.items():
                seconds = (time.known_s, time.online_s, time.session_s, time.good_s)
                yield (tables.camera_days, (hall_id, event.day, camera_id, *seconds))
        elif isinstance(event, CameraAdded | CameraChanged | CameraEdited):
            camera = state.cameras.get(event.camera_id)
            if camera is not None:
                yield (tables.cameras, camera_row(hall_id, camera, record.version))
        elif isinstance(event, CameraRemoved):
            at, version = millis(record.at), record.version
            values = (hall_id, event.camera_id, "", "removed", "", "[]", at, version)
            yield (tables.cameras, values)

    def touched(self, state: CamerasState, record: Recorded) -> Iterable[Part]:
        event = record.event
        if isinstance(event, CameraEvent) and not isinstance(event, EvidenceKept):
            return (("cameras", event.camera_id),)
        return (("cameras", None),) if isinstance(event, SetupChanged) and state.cameras else ()

    def parts(self) -> Sequence[str]:
        return ("cameras",)

    def render(self, state: CamerasState, part: Part, audience: Audience) -> Any:
        if audience.kind != "manager":
            return None
        key = part[1]
        if key is None:
            return [camera_view(camera) for camera in state.cameras.values()]
        camera = state.cameras.get(key)
        if camera is None:
            return {"camera_id": key, "removed": True}
        return camera_view(camera)

    def routes(self) -> Sequence[Route]:
        from hall_cameras.cascade.routes import routes as cascade_routes
        from hall_cameras.figure_routes import routes as figure_routes
        from hall_cameras.patrol import routes as patrol_routes
        from hall_cameras.routes import routes

        return [
            *routes(lambda: self.service),
            *figure_routes(),
            *patrol_routes(),
            *cascade_routes(lambda: self.service.cascade),
        ]

    def jobs(self, kernel: Kernel) -> Sequence[Job]:
        from hall_cameras.retention import Retention

        retention = Retention(
            kernel,
            self.service.pictures,
            keep=timedelta(days=self._limits.evidence_days),
            disk_max=self._limits.evidence_mb * 1024**2,
        )
        return (Job(run=retention.expire, trigger="interval", when={"minutes": 10}),)


def camera_row(hall_id: str, camera: Camera, version: int) -> tuple[Any, ...]:
    return (
        hall_id,
        camera.camera_id,
        camera.name,
        camera.state,
        camera.why,
        msgspec.json.encode(camera.faults).decode(),
        millis(camera.since),
        version,
    )
