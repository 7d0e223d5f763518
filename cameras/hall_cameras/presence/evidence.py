"""Pictures for alerts about windows: before the window emptied, at the alert, and at its end."""

from __future__ import annotations

import asyncio
import secrets

import structlog

from hall_cameras import tables, wire
from hall_cameras.domain.commands import KeepWindowEvidence
from hall_cameras.domain.state import CamerasState, Wanted
from hall_cameras.domain.windows import SUSPECTED, WANTED
from hall_cameras.keeping import ACTOR
from hall_cameras.media import Pictures
from hall_cameras.workers import Workers
from hall_core.clock import millis
from hall_core.errors import HallError
from hall_core.halls import Hall
from hall_core.kernel import Kernel

log = structlog.get_logger()

LOOK_S = 0.5
ASK_S = 3.0


class WindowEvidence:
    """Asks the workers for what the halls' alerts want, and stores it."""

    def __init__(self, kernel: Kernel, pictures: Pictures, workers: Workers) -> None:
        self._kernel = kernel
        self._pictures = pictures
        self._workers = workers

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            for hall in self._kernel.halls.values():
                state: CamerasState = hall.committed["cameras"]
                for wanted in tuple(state.wanted):
                    try:
                        await self._gather(hall, state, wanted)
                    except Exception:
                        log.exception("window_evidence_failed", alert=wanted.alert_id)

    async def _gather(self, hall: Hall, state: CamerasState, wanted: Wanted) -> None:
        now = self._kernel.clock.now()
        if now - wanted.at > WANTED:
            return
        for camera in state.cameras.values():
            if camera.state != "online" or all(z.window != wanted.window for z in camera.zones):
                continue
            question = wire.Ask(
                id=0, what="window", camera_id=camera.camera_id, window=wanted.window
            )
            try:
                pictures = await self._workers.ask_holder(
                    camera.camera_id, question, list[wire.Picture], ASK_S
                )
                if pictures:
                    shown = pictures[-1:] if wanted.ended else pictures
                    await self._keep(hall, camera.camera_id, wanted, shown)
                    return
            except HallError as error:  # perhaps another camera, or this one later
                log.debug("window_evidence", alert=wanted.alert_id, error=error.detail)

    async def _keep(
        self, hall: Hall, camera_id: str, wanted: Wanted, pictures: list[wire.Picture]
    ) -> None:
        ids, rows = [], []
        now = millis(self._kernel.clock.now())
        for picture in pictures:
            if len(picture.jpeg) > wire.PICTURE_MAX:
                continue
            evidence_id = secrets.token_hex(12)
            await asyncio.to_thread(self._pictures.keep, evidence_id, picture.jpeg)
            taken = now - round(picture.age_s * 1000)
            values = (
                evidence_id, hall.info.id, camera_id, SUSPECTED, taken, len(picture.jpeg), "null",
            )  # fmt: skip
            rows.append((tables.camera_evidence, values))
            ids.append(evidence_id)
        command = KeepWindowEvidence(
            camera_id=camera_id, alert_id=wanted.alert_id, evidence=tuple(ids)
        )
        await hall.execute(command, ACTOR, lambda live, records: None, rows=rows)
