"""Rating pads: they ask when a service ends, and who was served presses, or does not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from random import Random
from typing import Any

from hall_app.demo.citizens import Spawn
from hall_app.demo.opinions import Opinion, opinion
from hall_app.demo.pace import Pace
from hall_app.demo.wire import Declined, Device, Wire
from hall_evaluation.boxes.simulator import BoxSimulator


class Pad:
    """The pad of one window, and who stands before it.

    Args:
        taken: whether a real pad page of this window is open: then nobody presses here.
        box: its five keys, where it is a button box, whose agent follows the stream itself.
    """

    def __init__(
        self,
        device: Device,
        pace: Pace,
        wire: Wire,
        taken: Callable[[], bool],
        spawn: Spawn,
        seed: str,
        box: BoxSimulator | None = None,
    ) -> None:
        self._device = device
        self._pace = pace
        self._wire = wire
        self._taken = taken
        self._spawn = spawn
        self._seed = seed
        self._box = box
        self._asked = ""

    async def follow(self) -> None:
        """For ever."""
        await self._wire.follow(self._device.hall, self._device.token, self.take)

    def take(self, message: dict[str, Any]) -> None:
        """A message of the window's stream."""
        part = {"snapshot": "state", "event": "changed"}.get(message["type"])
        if part is None:
            return
        for question in message[part].get("questions", ()):
            if question.get("removed") or question["token"] == self._asked or self._taken():
                continue
            self._asked = question["token"]
            found = opinion(Random(f"{self._seed}:{question['asked_at']}"))
            if found is not None:
                self._spawn(self._say(found, question["token"]))

    async def _say(self, found: Opinion, token: str) -> None:
        await self._pace.sleep(found.after_s)
        with contextlib.suppress(Declined):  # the service was taken back, the question is over
            if found.where == "phone":
                await self._on_phone(found, token)
            elif self._box is not None:
                self._box.press(found.level)
            elif token == self._asked:
                await self._device.post("/evaluations", {**found.body(token), "channel": "pad"})

    async def _on_phone(self, found: Opinion, token: str) -> None:
        page = await self._wire.get(f"/public/evaluations/{token}", None)
        if page["state"] == "open":
            await self._wire.post("/evaluations", None, {**found.body(token), "channel": "phone"})
