"""The camera calls: adding, editing, looking, moving, figures."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from aiohttp import web
from sqlalchemy import select

from hall_cameras import addresses, bodies, figures, sheet, tables, wire
from hall_cameras.domain.commands import (
    AddCameras,
    EditCamera,
    NewCamera,
    RemoveCamera,
    SetZones,
)
from hall_cameras.domain.state import Camera, CamerasState
from hall_cameras.domain.view import camera_view
from hall_cameras.looks import Looks
from hall_cameras.records import Record
from hall_cameras.service import Cameras
from hall_core.answers import Media
from hall_core.clock import from_millis, millis
from hall_core.errors import FieldError, Forbidden, Invalid, NotFound
from hall_core.halls import Hall
from hall_core.http import Call, Route, roles
from hall_core.once import Write, once
from hall_core.replay import Slices

DISCOVER_S = 3.0
PROBE_S = 20.0
JPEG = Media("image/jpeg")
DISMISSED = timedelta(days=30)  # of these the share of false alerts is shown


class CameraCalls:
    """The handlers. They hold who looked at what lately, so that the audit log stays readable."""

    def __init__(self, cameras: Callable[[], Cameras]) -> None:
        self._get = cameras  # there are none before the start
        self._looks = Looks()

    @property
    def _cameras(self) -> Cameras:
        return self._get()

    def _find(self, call: Call) -> tuple[Record, Camera, Hall]:
        """The camera of the path, in the caller's scope."""
        record, camera = self._cameras.find(call.path("camera"))
        if not call.principal.may_enter(record.hall_id):
            raise NotFound("unknown_camera", "没有这台摄像机。")
        return record, camera, call.kernel.halls[record.hall_id]

    # --- lists ---------------------------------------------------------------------------------

    async def list_(self, call: Call) -> Any:
        hall = call.hall
        since = millis(call.kernel.clock.now() - DISMISSED)
        rates = await call.kernel.store.read(lambda c: figures.dismissed(c, hall.info.id, since))
        state: CamerasState = hall.committed["cameras"]
        return [
            {**camera_view(camera), "dismissed_rate": rates.get(camera.camera_id)}
            for camera in state.cameras.values()
        ]

    async def one(self, call: Call) -> Any:
        record, camera, _ = self._find(call)
        measures = None
        if camera.state == "online":
            question = wire.Ask(id=0, what="measures", camera_id=camera.camera_id)
            measures = await self._cameras.asked_measures(camera.camera_id, question)
        view = camera_view(camera)
        view |= {
            "onvif": record.onvif or None,
            "rtsp": record.rtsp or None,
            "username": record.credentials.username,
            "profile": record.profile,
            "identity": record.identity,
            "measures": measures,
        }
        return view

    # --- setting up ----------------------------------------------------------------------------

    async def add(self, call: Call) -> Any:
        body: bodies.NewCameraBody = call.body
        return await self._add(call, (body,), lambda ids: self._added(call, ids)[0])

    async def import_(self, call: Call) -> Any:
        table = await asyncio.to_thread(sheet.read, call.body)
        try:
            return await self._add(
                call, table.rows, lambda ids: {"cameras": self._added(call, ids)}
            )
        except Invalid as error:
            raise table.named(error.errors) from None

    def _added(self, call: Call, ids: Sequence[str]) -> list[dict[str, Any]]:
        live: CamerasState = call.hall.live["cameras"]
        return [camera_view(live.cameras[camera_id]) for camera_id in ids]

    async def _add(self, call: Call, rows: Sequence[bodies.NewCameraBody], answer: Any) -> Any:
        records, new = [], []
        errors: list[FieldError] = []
        for index, body in enumerate(rows):
            where = "" if len(rows) == 1 else f"rows[{index}]."
            try:
                address = bodies.address_of(body, where)
            except Invalid as error:
                errors += error.errors
                continue
            camera_id = secrets.token_hex(8)
            group = body.group.strip() or addresses.group_of(address.onvif, address.rtsp)
            records.append(
                Record(
                    camera_id=camera_id,
                    hall_id=call.hall.info.id,
                    onvif=address.onvif,
                    rtsp=address.rtsp,
                    profile=body.profile,
                    credentials=address.credentials,
                )
            )
            new.append(
                NewCamera(
                    camera_id=camera_id,
                    name=body.name.strip(),
                    group=group,
                    settings=body.settings,
                )
            )
        if errors:
            raise Invalid("invalid_field", errors[0].message, tuple(errors))
        reply = await call.hall.execute(
            AddCameras(cameras=tuple(new)),
            call.principal.actor(),
            lambda live, _: answer([camera.camera_id for camera in new]),
            call.key,
            [self._cameras.records.row(record) for record in records],
        )
        if not reply.replayed:
            for record in records:
                self._cameras.records.put(record)
                self._cameras.changed(record.camera_id)
        return reply

    async def edit(self, call: Call) -> Any:
        async with self._cameras.records.changing:
            return await self._edit(call, call.body)

    async def _edit(self, call: Call, body: bodies.EditBody) -> Any:
        record, camera, hall = self._find(call)
        old = bodies.Address(record.onvif, record.rtsp, record.credentials)
        address = bodies.edited_address(old, body)
        changed = msgspec.structs.replace(
            record,
            onvif=address.onvif,
            rtsp=address.rtsp,
            credentials=address.credentials,
            profile=record.profile if body.profile is None else body.profile,
            # Another address may be another camera: what this one said of itself is void.
            identity=record.identity if address.onvif == record.onvif else wire.Identity(),
        )
        moved = changed != record
        group = None if body.group is None else body.group.strip()
        if group is None and camera.group == addresses.group_of(record.onvif, record.rtsp):
            group = addresses.group_of(address.onvif, address.rtsp)
        command = EditCamera(
            camera_id=camera.camera_id,
            name=None if body.name is None else body.name.strip(),
            group=group,
            settings=body.settings,
            retry=moved,
        )
        rows = [self._cameras.records.row(changed)] if moved else []
        return await self._edited(call, hall, command, changed, rows)

    async def _edited(
        self, call: Call, hall: Hall, command: EditCamera, record: Record, rows: Sequence[Any]
    ) -> Any:
        camera_id = command.camera_id

        def answer(live: Slices, _: Any) -> Any:
            return camera_view(live["cameras"].cameras[camera_id])

        actor = call.principal.actor()
        reply = await hall.execute(command, actor, answer, call.key, rows)
        if not reply.replayed:
            self._cameras.records.put(record)
            self._cameras.changed(camera_id)
        return reply

    async def zones(self, call: Call) -> Any:
        _, camera, hall = self._find(call)
        zones: bodies.Zones = call.body
        camera_id = camera.camera_id
        reply = await hall.execute(
            SetZones(camera_id=camera_id, zones=zones),
            call.principal.actor(),
            lambda live, _: camera_view(live["cameras"].cameras[camera_id]),
            call.key,
        )
        if not reply.replayed:
            self._cameras.changed(camera_id)
        return reply

    async def remove(self, call: Call) -> Any:
        earlier = await call.earlier()
        if earlier is not None:
            return earlier
        async with self._cameras.records.changing:
            _, camera, hall = self._find(call)
            camera_id = camera.camera_id
            reply = await hall.execute(
                RemoveCamera(camera_id=camera_id),
                call.principal.actor(),
                lambda live, _: {"camera_id": camera_id, "removed": True},
                call.key,
            )
            forgetting = self._cameras.records.forgetting(camera_id)
            await call.kernel.writer.write(statements=[forgetting])
            await self._cameras.forget(camera_id)
        return reply

    # --- finding -------------------------------------------------------------------------------

    async def discover(self, call: Call) -> Any:
        question = wire.Ask(id=0, what="discover", seconds=DISCOVER_S)
        found = await self._cameras.ask_any(
            call.hall.info.id, question, list[wire.Found], DISCOVER_S + 5.0
        )
        known = self._cameras.addresses(call.hall.info.id)
        return [
            {
                "onvif": device.onvif,
                "name": device.name,
                "hardware": device.hardware,
                "camera_id": known.get(device.onvif),
            }
            for device in found
        ]

    async def probe(self, call: Call) -> Any:
        address = bodies.address_of(call.body)
        access = wire.Access(
            onvif=address.onvif,
            username=address.credentials.username,
            password=address.credentials.password,
        )
        question = wire.Ask(id=0, what="probe", access=access)
        return await self._cameras.ask_any(call.hall.info.id, question, wire.Identity, PROBE_S)

    # --- looking -------------------------------------------------------------------------------

    async def snapshot(self, call: Call) -> web.Response:
        _, camera, hall = self._find(call)
        taken = await self._cameras.newest(camera.camera_id)
        if taken is None:
            raise NotFound("no_picture", "这台摄像机还没有画面。")
        await self._audit_look(call, camera.camera_id, hall.info.id)
        age = max(0, round(time.monotonic() - taken.at))
        headers = {"Cache-Control": "no-store", "Age": str(age)}
        return web.Response(body=taken.jpeg, content_type="image/jpeg", headers=headers)

    async def evidence(self, call: Call) -> web.Response:
        unknown = NotFound("unknown_picture", "没有这张图片，或它已过保存期。")
        evidence_id = call.path("evidence")
        table = tables.camera_evidence
        query = select(table).where(table.c.evidence_id == evidence_id)
        row = await call.kernel.store.read(lambda c: c.execute(query).one_or_none())
        if row is None or not call.principal.may_enter(row.hall_id):
            raise unknown
        jpeg = await self._cameras.evidence(evidence_id)
        if jpeg is None:
            raise unknown
        await self._audit_look(call, row.camera_id, row.hall_id)
        headers = {
            "Cache-Control": "private, max-age=3600",
            "Last-Modified": from_millis(row.taken_ms).strftime("%a, %d %b %Y %H:%M:%S GMT"),
        }
        return web.Response(body=jpeg, content_type="image/jpeg", headers=headers)

    async def _audit_look(self, call: Call, camera_id: str, hall_id: str) -> None:
        if self._looks.anew(call.principal.id, camera_id):
            name = call.principal.actor().name
            await call.kernel.audit(name, "camera_viewed", camera_id, call.address, hall_id)

    # --- commands ------------------------------------------------------------------------------

    async def presets(self, call: Call) -> Any:
        record, camera, _ = self._find(call)
        if not record.identity.ptz:
            return {"ptz": False, "presets": []}
        question = wire.Ask(id=0, what="presets", camera_id=camera.camera_id)
        found = await self._cameras.workers.ask_holder(
            camera.camera_id, question, list[wire.Preset]
        )
        return {"ptz": True, "presets": found}

    async def command(self, call: Call) -> Any:
        _, camera, hall = self._find(call)
        camera_id = camera.camera_id
        if not isinstance(call.body, bodies.Move | bodies.GoTo) and not (
            call.principal.roles & {"manager", "admin"}
        ):
            raise Forbidden("wrong_role", "只有大厅管理员可以更改摄像机。")
        match call.body:
            case bodies.Retry():
                edit = EditCamera(camera_id=camera_id, retry=True)
            case bodies.Enable():
                edit = EditCamera(camera_id=camera_id, enabled=True)
            case bodies.Disable():
                edit = EditCamera(camera_id=camera_id, enabled=False)
            case bodies.Learn():
                return await self._errand(call, camera_id, "learn")
            case bodies.MakeH264():
                return await self._errand(call, camera_id, "h264")
            case bodies.Move() as move:
                return await self._errand(
                    call, camera_id, "move",
                    pan=move.pan, tilt=move.tilt, zoom=move.zoom, seconds=move.seconds,
                )  # fmt: skip
            case bodies.GoTo() as goto:
                return await self._errand(call, camera_id, "preset", token=goto.token)
        async with self._cameras.records.changing:
            return await self._edited(call, hall, edit, self._cameras.find(camera_id)[0], [])

    async def _errand(self, call: Call, camera_id: str, what: Any, **more: Any) -> Any:
        """Something the camera does now: no fact of the hall, and not done twice for one key."""
        record, _ = self._cameras.find(camera_id)
        actor = call.principal.actor().name

        async def act() -> Write:
            question = wire.Ask(id=0, what=what, camera_id=camera_id, **more)
            await self._cameras.workers.ask_holder(camera_id, question, type(None))
            entry = call.kernel.audit_entry(
                actor, f"camera_{what}", camera_id, call.address, record.hall_id
            )
            return Write(camera_view(self._cameras.find(camera_id)[1]), (entry,))

        return await once(call, act)


def routes(cameras: Callable[[], Cameras]) -> list[Route]:
    calls = CameraCalls(cameras)
    manager, viewer = roles(), roles("supervisor")
    r = Route
    return [
        r(
            method="GET", path="/halls/{hall}/cameras", handler=calls.list_,
            summary="Cameras of the hall", roles=viewer, answer=list[bodies.CameraView],
        ),
        r(
            method="POST", path="/halls/{hall}/cameras", handler=calls.add,
            summary="Add a camera by its ONVIF or RTSP address", roles=manager,
            body=bodies.NewCameraBody, answer=bodies.CameraView, status=201,
        ),
        r(
            method="POST", path="/halls/{hall}/cameras/import", handler=calls.import_,
            summary="Add many cameras, all or none", roles=manager,
            body=bodies.ImportBody, status=201,
            answer=bodies.ImportedView,
        ),
        r(
            method="GET", path="/halls/{hall}/cameras/discovery", handler=calls.discover,
            summary="Devices that answer WS-Discovery on the hall's network", roles=manager,
            answer=list[bodies.FoundView],
        ),
        r(
            method="POST", path="/halls/{hall}/cameras/probe", handler=calls.probe,
            summary="What a camera or recorder says of itself, before it is added", roles=manager,
            body=bodies.ProbeBody, answer=wire.Identity, keyed=False,
        ),
        r(
            method="GET", path="/cameras/{camera}", handler=calls.one,
            summary="One camera with its address, measures and thresholds", roles=manager,
            answer=bodies.CameraDetails,
        ),
        r(
            method="PUT", path="/cameras/{camera}", handler=calls.edit,
            summary="Change a camera", roles=manager, body=bodies.EditBody,
            answer=bodies.CameraView,
        ),
        r(
            method="DELETE", path="/cameras/{camera}", handler=calls.remove,
            summary="Remove a camera", roles=manager,
            answer=bodies.RemovedView,
        ),
        r(
            method="PUT", path="/cameras/{camera}/zones", handler=calls.zones,
            summary="Where on its picture the staff of which window are", roles=manager,
            body=bodies.Zones, answer=bodies.CameraView,
        ),
        r(
            method="POST", path="/cameras/{camera}/commands", handler=calls.command,
            summary="Retry, enable, disable, learn the view, H.264; move, go to a preset",
            roles=roles("supervisor"), body=bodies.CameraCommand,
            answer=bodies.CameraView,
        ),
        r(
            method="GET", path="/cameras/{camera}/presets", handler=calls.presets,
            summary="Whether it turns and zooms, and its presets", roles=viewer,
            answer=bodies.PtzView,
        ),
        r(
            method="GET", path="/cameras/{camera}/snapshot.jpg", handler=calls.snapshot,
            summary="The newest picture; Age tells its seconds", roles=viewer,
            answer=JPEG,
        ),
        r(
            method="GET", path="/evidence/{evidence}.jpg", handler=calls.evidence,
            summary="A picture that shows what an alert is about, while it is kept", roles=viewer,
            answer=JPEG,
        ),
    ]  # fmt: skip
