"""Pushing what was committed to every screen.

Each hall has one hub. A client gets a snapshot with a version, then every version after it without
a gap. A frame is encoded once per audience and written by one loop that never waits for a client:
a client whose send buffer passes `MAX_BUFFER` is cut off and will resync. Recent frames are kept
per audience, so that a screen that was away for a moment gets just what it missed.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from hall_core.clock import Clock
from hall_core.features import Audience

MAX_BUFFER = 256 * 1024  # bytes waiting in user space for one slow client
RECENT = 256  # versions kept for resync
HEARTBEAT_S = 2.5  # the contract promises at least every 3 s of silence; waits need it always

_encoder = msgspec.json.Encoder()


def text_frame(payload: bytes) -> bytes:
    """One unmasked, unfragmented WebSocket text frame (RFC 6455, section 5.2)."""
    length = len(payload)
    if length < 126:
        return struct.pack("!BB", 0x81, length) + payload
    if length < 65536:
        return struct.pack("!BBH", 0x81, 126, length) + payload
    return struct.pack("!BBQ", 0x81, 127, length) + payload


class Channel:
    """One audience of one hall: its clients and its recent frames."""

    __slots__ = ("audience", "clients", "frames", "snapshot")

    def __init__(self, audience: Audience) -> None:
        self.audience = audience
        self.clients: set[asyncio.Transport] = set()
        self.frames: deque[tuple[int, bytes]] = deque(maxlen=RECENT)
        self.snapshot: tuple[int, bytes] | None = None  # of this version, encoded once

    def send(self, frame: bytes) -> None:
        """Write `frame` to every client; whoever cannot keep up is cut off."""
        for transport in tuple(self.clients):
            if transport.is_closing():
                self.clients.discard(transport)
                continue
            if transport.get_write_buffer_size() > MAX_BUFFER:  # of frames before this one
                self.clients.discard(transport)
                transport.abort()
                continue
            transport.write(frame)


class Hub:
    """The streams of one hall.

    `render_state` gives an audience's whole state, `heartbeat` what its heartbeats carry besides
    the version and the time.
    """

    def __init__(
        self,
        clock: Clock,
        render_state: Callable[[Audience], dict[str, Any]],
        heartbeat: Callable[[Audience], dict[str, Any]],
    ) -> None:
        self._clock = clock
        self._render_state = render_state
        self._heartbeat = heartbeat
        self._channels: dict[Audience, Channel] = {}
        self._last_beat = 0.0
        self.version = 0

    @property
    def clients(self) -> int:
        return sum(len(channel.clients) for channel in self._channels.values())

    def transports(self, audience: Audience) -> Iterable[asyncio.Transport]:
        """The connections of one audience."""
        channel = self._channels.get(audience)
        return () if channel is None else tuple(channel.clients)

    def publish(self, version: int, message_for: Callable[[Audience], dict[str, Any]]) -> None:
        """Send one committed version to every audience."""
        self.version = version
        for channel in self._channels.values():
            frame = text_frame(_encoder.encode(message_for(channel.audience)))
            channel.frames.append((version, frame))
            channel.send(frame)

    def restart(self, version: int) -> None:
        """The hall was reloaded: what was sent stays true, but frames start anew."""
        if version != self.version:
            self.close()  # versions were stored that nobody was sent: let them come again
        self.version = version
        for channel in self._channels.values():
            channel.frames.clear()
            channel.snapshot = None

    def join(self, audience: Audience, transport: asyncio.Transport, after: int | None) -> None:
        """Start sending: what is missing since `after`, or a snapshot, then everything new."""
        channel = self._channels.get(audience)
        if channel is None:
            channel = self._channels[audience] = Channel(audience)
        missing = self._missing(channel, after)
        transport.write(self._snapshot(channel) if missing is None else missing)
        transport.write(self._beat(audience))  # the time and the waits, which are in no snapshot
        channel.clients.add(transport)

    def leave(self, audience: Audience, transport: asyncio.Transport) -> None:
        channel = self._channels.get(audience)
        if channel is not None:
            channel.clients.discard(transport)

    def beat(self) -> None:
        """Heartbeat, when it is time. Called several times a second."""
        now = asyncio.get_running_loop().time()
        if now - self._last_beat < HEARTBEAT_S:
            return
        self._last_beat = now
        for channel in self._channels.values():
            if channel.clients:
                channel.send(self._beat(channel.audience))

    def _beat(self, audience: Audience) -> bytes:
        message = {
            "type": "heartbeat",
            "version": self.version,
            "at": self._clock.now(),
            **self._heartbeat(audience),
        }
        return text_frame(_encoder.encode(message))

    def close(self) -> None:
        for channel in self._channels.values():
            for transport in channel.clients:
                transport.close()
            channel.clients.clear()

    def _missing(self, channel: Channel, after: int | None) -> bytes | None:
        if after is None or after > self.version:
            return None  # also a version that never was: the server knows better
        frames = [frame for version, frame in channel.frames if version > after]
        return b"".join(frames) if len(frames) == self.version - after else None

    def _snapshot(self, channel: Channel) -> bytes:
        if channel.snapshot is None or channel.snapshot[0] != self.version:
            message = {
                "type": "snapshot",
                "version": self.version,
                "state": self._render_state(channel.audience),
            }
            channel.snapshot = (self.version, text_frame(_encoder.encode(message)))
        return channel.snapshot[1]
