"""A clerk with a caller beside the keyboard: what has a key there is pressed there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from hall_app.demo.floor import Floor
from hall_app.demo.wire import Device, Wire
from hall_queue.callers.simulator import CallerSimulator

PATIENCE_S = 1.0  # real; then the clerk takes the mouse

KEYS = {"01": "call_next", "02": "recall", "03": "start", "04": "finish", "05": "no_show"}


class CallerDevice(Device):
    """The counter of a window that has a caller.

    Args:
        listens: whether the caller's agent is there.
    """

    def __init__(
        self,
        wire: Wire,
        hall: str,
        token: str,
        window: int,
        floor: Floor,
        caller: CallerSimulator,
        listens: Callable[[], bool],
    ) -> None:
        super().__init__(wire, hall, token, window)
        self._place = window
        self._floor = floor
        self._caller = caller
        self._listens = listens

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        if not (path.endswith(f"/windows/{self._place}/commands") and self._has_key(body)):
            return await super().post(path, body)
        changed = self._floor.next_change(self._place)
        self._caller.press(body["command"])
        done, _ = await asyncio.wait([changed], timeout=PATIENCE_S)
        if not done:  # nobody waits, or the press was refused: the page says which
            return await super().post(path, body)
        view = self._floor.windows[self._place]
        return {"window": view, "version": 0, "ticket": view["ticket"]}

    def _has_key(self, body: dict[str, Any]) -> bool:
        return len(body) == 1 and body["command"] in KEYS.values() and self._listens()
