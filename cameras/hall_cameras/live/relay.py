"""Live views on the server: parts go from a worker to whoever looks, as they came.

A camera's worker is told to send only while somebody looks. Each viewer's connection holds little:
one that is too slow misses parts up to the next key frame, and one that takes nothing is cut off.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Awaitable, Callable

import msgspec

from hall_cameras import wire
from hall_core.hub import text_frame

WAITING_MAX = 1 << 20  # bytes in front of one viewer; then parts are left out
STUCK_S = 10.0  # a viewer whose bytes did not get fewer for so long is gone
GOP_MAX = 4 << 20  # bytes kept for who comes next
VIEWERS_MAX = 256  # of all cameras of a server

_encoder = msgspec.json.Encoder()
Key = tuple[str, bool]  # camera, whether single pictures are looked at


def binary_frame(payload: bytes) -> bytes:
    """One unmasked, unfragmented WebSocket binary frame (RFC 6455, section 5.2)."""
    length = len(payload)
    if length < 126:
        return struct.pack("!BB", 0x82, length) + payload
    if length < 65536:
        return struct.pack("!BBH", 0x82, 126, length) + payload
    return struct.pack("!BBQ", 0x82, 127, length) + payload


class LiveOpening(msgspec.Struct):
    """What the binary messages after it are: `video/mp4; codecs="…"` or `image/jpeg`."""

    mime: str


class Viewer:
    """One who looks. `missed`: parts were left out, the next may only be one to begin with."""

    __slots__ = ("missed", "stuck_at", "transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.missed = True
        self.stuck_at: float | None = None

    def give(self, frame: bytes, key: bool, now: float) -> None:
        if self.transport.is_closing():
            return
        if self.transport.get_write_buffer_size() > WAITING_MAX:
            self.missed = True
            if self.stuck_at is None:
                self.stuck_at = now
            elif now - self.stuck_at > STUCK_S:
                self.transport.abort()
            return
        self.stuck_at = None
        if self.missed and not key:
            return
        self.missed = False
        self.transport.write(frame)


class Channel:
    """One camera's stream, as video or as pictures, while somebody looks at it."""

    __slots__ = ("gop", "gop_bytes", "heard_at", "opening", "viewers")

    def __init__(self, now: float) -> None:
        self.viewers: set[Viewer] = set()
        self.opening = b""  # its type and its beginning; b"": nothing came yet
        self.gop: list[bytes] = []  # since the last key frame
        self.gop_bytes = 0
        self.heard_at = now

    def head(self, message: wire.LiveHead) -> None:
        self.opening = text_frame(_encoder.encode(LiveOpening(message.mime)))
        if message.data:
            self.opening += binary_frame(message.data)
        self.gop, self.gop_bytes = [], 0
        for viewer in self.viewers:
            viewer.missed = True
            viewer.transport.write(self.opening)

    def part(self, message: wire.LivePart, now: float) -> None:
        if not self.opening:
            return
        self.heard_at = now
        frame = binary_frame(message.data)
        if message.key:
            self.gop, self.gop_bytes = [], 0
        if message.key or self.gop:
            self.gop.append(frame)
            self.gop_bytes += len(frame)
            if self.gop_bytes > GOP_MAX:
                self.gop, self.gop_bytes = [], 0
        for viewer in tuple(self.viewers):
            viewer.give(frame, message.key, now)

    def join(self, viewer: Viewer) -> None:
        """Begin with what is there: the picture comes at once, not with the next key frame."""
        self.viewers.add(viewer)
        if self.opening:
            viewer.transport.write(self.opening + b"".join(self.gop))
            viewer.missed = not self.gop


class Relay:
    """All live views of a server. `look` tells a camera's worker who looks."""

    def __init__(self, look: Callable[[wire.Look], Awaitable[None]]) -> None:
        self._look = look
        self._channels: dict[Key, Channel] = {}

    @property
    def viewers(self) -> int:
        return sum(len(channel.viewers) for channel in self._channels.values())

    def looked_at(self, camera_id: str) -> wire.Look:
        """How a camera is looked at now; for a worker that has just taken it."""
        return wire.Look(
            camera_id=camera_id,
            video=(camera_id, False) in self._channels,
            pictures=(camera_id, True) in self._channels,
        )

    def heard_s(self, camera_id: str, pictures: bool) -> float:
        """Seconds since something came."""
        return time.monotonic() - self._channels[camera_id, pictures].heard_at

    async def join(self, camera_id: str, pictures: bool, transport: asyncio.Transport) -> Viewer:
        """Somebody begins to look."""
        viewer = Viewer(transport)
        channel = self._channels.get((camera_id, pictures))
        if channel is not None:
            channel.join(viewer)
            return viewer
        channel = self._channels[camera_id, pictures] = Channel(time.monotonic())
        channel.join(viewer)
        await self._look(self.looked_at(camera_id))
        return viewer

    async def leave(self, camera_id: str, pictures: bool, viewer: Viewer) -> None:
        channel = self._channels[camera_id, pictures]
        channel.viewers.discard(viewer)
        if not channel.viewers:
            del self._channels[camera_id, pictures]
            await self._look(self.looked_at(camera_id))

    def head(self, message: wire.LiveHead) -> None:
        channel = self._channels.get((message.camera_id, message.pictures))
        if channel is not None:
            channel.head(message)

    def part(self, message: wire.LivePart) -> None:
        channel = self._channels.get((message.camera_id, message.pictures))
        if channel is not None:
            channel.part(message, time.monotonic())
