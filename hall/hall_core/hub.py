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
from collections.abc import Callable, Container, Iterable
from itertools import chain
from typing import Any, NamedTuple

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


def _frame(message: dict[str, Any]) -> bytes:
    return text_frame(_encoder.encode(message))


class Frames(NamedTuple):
    """One version of a hall as each audience gets it."""

    audiences: int  # how many there were when this was made
    shown: dict[Audience, bytes]
    quiet: bytes = b""  # for the pads that are not in `shown`: only that the version moved on


NOBODY = Frames(0, {})

NO_WINDOW = Audience("pad", 0)
"""A pad of a window that no hall has: what it would see, all pads see."""


class Channel:
    """One audience of one hall: its clients and its recent frames."""

    __slots__ = ("audience", "clients", "frames", "held", "snapshot")

    def __init__(self, audience: Audience) -> None:
        self.audience = audience
        self.clients: set[asyncio.Transport] = set()
        self.frames: deque[tuple[int, bytes]] = deque(maxlen=RECENT)
        self.held: list[bytes] = []  # frames that show nothing and go out with the next that does
        self.snapshot: tuple[int, bytes] | None = None  # of this version, encoded once

    def send(self, frame: bytes = b"") -> None:
        """Write what was held, then `frame`, to every client; who cannot keep up is cut off."""
        if self.held:
            frame = b"".join(self.held) + frame
            self.held.clear()
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
        self._screens: dict[Audience, Channel] = {}
        self._pads: dict[Audience, Channel] = {}
        self._last_beat = 0.0
        self.version = 0

    def _all(self) -> Iterable[Channel]:
        return chain(self._screens.values(), self._pads.values())

    def _of(self, audience: Audience) -> dict[Audience, Channel]:
        return self._pads if audience.kind == "pad" else self._screens

    @property
    def audiences(self) -> int:
        """How many there have been; none is forgotten."""
        return len(self._screens) + len(self._pads)

    @property
    def clients(self) -> int:
        return sum(len(channel.clients) for channel in self._all())

    def transports(self, audience: Audience) -> Iterable[asyncio.Transport]:
        """The connections of one audience."""
        channel = self._of(audience).get(audience)
        return () if channel is None else tuple(channel.clients)

    def frames(
        self, message_for: Callable[[Audience], dict[str, Any]], windows: Container[int | None]
    ) -> Frames:
        """A message for every audience that was ever here, encoded.

        Args:
            windows: those that the message is about. A hall may have hundreds of pads: those of
                other windows share one frame, unless it shows something to all of them.
        """
        shown = {audience: _frame(message_for(audience)) for audience in self._screens}
        if not self._pads:
            return Frames(self.audiences, shown)
        everyone = message_for(NO_WINDOW)
        for_all = everyone["type"] != "version"
        for audience in self._pads:
            if for_all or audience.window in windows:
                shown[audience] = _frame(message_for(audience))
        return Frames(self.audiences, shown, _frame(everyone))

    def publish(self, version: int, frames: Frames) -> None:
        """Send one committed version: first to the screens, then to the pads it is about."""
        self.version = version
        for audience, channel in self._screens.items():
            channel.frames.append((version, frames.shown[audience]))
            channel.send(frames.shown[audience])
        for audience, channel in self._pads.items():
            frame = frames.shown.get(audience)
            if frame is not None:
                channel.frames.append((version, frame))
                channel.send(frame)
            else:
                channel.frames.append((version, frames.quiet))
                channel.held.append(frames.quiet)

    def restart(self, version: int) -> None:
        """The hall was reloaded: what was sent stays true, but frames start anew."""
        if version != self.version:
            self.close()  # versions were stored that nobody was sent: let them come again
        self.version = version
        for channel in self._all():
            channel.send()
            channel.frames.clear()
            channel.snapshot = None

    def join(self, audience: Audience, transport: asyncio.Transport, after: int | None) -> None:
        """Start sending: what is missing since `after`, or a snapshot, then everything new."""
        channel = self._of(audience).get(audience)
        if channel is None:
            channel = self._of(audience)[audience] = Channel(audience)
        channel.send()  # what the others have not got yet, the newcomer is given below
        missing = self._missing(channel, after)
        transport.write(self._snapshot(channel) if missing is None else missing)
        transport.write(self._beat(audience))  # the time and the waits, which are in no snapshot
        channel.clients.add(transport)

    def leave(self, audience: Audience, transport: asyncio.Transport) -> None:
        channel = self._of(audience).get(audience)
        if channel is not None:
            channel.clients.discard(transport)

    def beat(self) -> None:
        """Heartbeat, when it is time. Called several times a second."""
        now = asyncio.get_running_loop().time()
        if now - self._last_beat < HEARTBEAT_S:
            return
        self._last_beat = now
        for channel in self._all():
            if channel.clients:
                channel.send(self._beat(channel.audience))

    def _beat(self, audience: Audience) -> bytes:
        message = {
            "type": "heartbeat",
            "version": self.version,
            "at": self._clock.now(),
            **self._heartbeat(audience),
        }
        return _frame(message)

    def close(self) -> None:
        for channel in self._all():
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
            channel.snapshot = (self.version, _frame(message))
        return channel.snapshot[1]
