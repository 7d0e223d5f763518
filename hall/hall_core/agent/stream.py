"""The hall's state as an agent follows it: folded from the stream, as a page does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec

from hall_core.agent.again import open_socket

SILENT_S = 10.0  # the stream's heartbeat comes every 3 s
RESUME_S = 30.0  # after a longer absence everything is asked for: a backup may be in its place
FRAME_MAX = 4 * 1024 * 1024  # bytes: a snapshot of a large hall
KEYS = {
    "windows": "number",
    "queues": "prefix",
    "alerts": "alert_id",
    "questions": "window",
    "device_faults": "where",
    "cameras": "camera_id",
}
"""The parts of the state that change entry by entry, and the entries' keys."""

Shown = Callable[[dict[str, Any], dict[str, Any] | None, int, str], None]


class Follower:
    """Follows one hall's stream.

    Args:
        show: is called with (state, the event or None after a snapshot, version, server's time).
    """

    def __init__(self, show: Shown) -> None:
        self._show = show
        self._state: dict[str, Any] = {}
        self._version: int | None = None
        self._at = ""
        self._heard = 0.0  # monotonic seconds
        self.dropped = 0

    async def follow(self, url: str, token: str) -> None:
        """Follow until the connection breaks (ConnectionError, TimeoutError…)."""
        async with open_socket(url, FRAME_MAX) as socket:
            if time.monotonic() - self._heard > RESUME_S:
                self._version = None
            hello = {"type": "hello", "token": token, "after": self._version}
            await socket.send(msgspec.json.encode(hello), text=True)
            while True:
                async with asyncio.timeout(SILENT_S):  # 3.11's wait_for may swallow a cancellation
                    frame = await socket.recv()
                self._heard = time.monotonic()
                try:
                    self.take(msgspec.json.decode(frame))
                except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
                    self._version = None  # a frame that can't be: ask for everything again
                    self.dropped += 1
                    raise ConnectionError(f"unreadable frame: {error!r}") from None

    def take(self, frame: Any) -> None:
        """Fold one frame. Raises KeyError, TypeError or AttributeError for one that can't be."""
        kind, version = frame["type"], frame["version"]
        event = None
        if kind == "heartbeat":
            self._at = frame.get("at", self._at)
            return
        if kind == "snapshot":
            self._state = dict(frame["state"])
        elif self._version is None or version != self._version + 1:
            raise KeyError("a gap")
        elif kind == "event":
            event = frame["event"]
            self._at = event.get("at", self._at)
            self._state = fold(self._state, frame["changed"])
        self._version = version
        if kind != "version":
            self._show(self._state, event, version, self._at)


def fold(state: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    """The state with what changed, as a new dict that shares the rest (contract: Stream)."""
    folded = dict(state)
    for name, entries in changed.items():
        key = KEYS.get(name)
        if key is None or "setup" in changed:  # the hall was edited: lists come whole
            folded[name] = entries
            continue
        kept = {entry[key]: entry for entry in state.get(name, ())}
        for entry in entries:
            if entry.get("removed"):
                kept.pop(entry[key], None)
            else:
                kept[entry[key]] = entry
        folded[name] = list(kept.values())
    return folded
