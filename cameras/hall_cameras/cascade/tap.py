"""Where a camera's packets can be had while it is watched: whoever joins gets the pictures since
the last key frame first, then everything, undecoded."""

from __future__ import annotations

import threading
from typing import Protocol

from av.packet import Packet
from av.video.stream import VideoStream

GOP_BYTES = 8 << 20
GOP_PACKETS = 600


class Listener(Protocol):
    """Called in the capture's thread: be quick."""

    def begin(self, codec: str, extradata: bytes) -> None:
        """A stream of this codec follows, with a key frame first."""

    def packet(self, packet: Packet[VideoStream]) -> None: ...


class Tap:
    """Of one stream. `packet` and `cut` are for the thread that reads it, the rest for any."""

    def __init__(self) -> None:
        self.codec = ""  # "" while nothing comes
        self.came = threading.Event()  # there was a packet
        self._lock = threading.Lock()
        self._joining: list[Listener] = []
        self._listeners: list[Listener] = []
        self._gop: list[Packet[VideoStream]] = []
        self._bytes = 0

    @property
    def heard(self) -> bool:
        """Whether somebody listens."""
        return bool(self._joining or self._listeners)

    def join(self, listener: Listener) -> None:
        """From the next packet on."""
        with self._lock:
            self._joining.append(listener)

    def leave(self, listener: Listener) -> None:
        with self._lock:
            for kept in (self._joining, self._listeners):
                if listener in kept:
                    kept.remove(listener)

    def packet(self, packet: Packet[VideoStream], video: VideoStream) -> None:
        """A packet was read."""
        if packet.is_keyframe:
            self._gop, self._bytes = [packet], packet.size
        elif self._gop:
            self._gop.append(packet)
            self._bytes += packet.size
            if self._bytes > GOP_BYTES or len(self._gop) > GOP_PACKETS:
                self._gop = []
        if not self.codec:
            self.codec = video.codec_context.name
            self.came.set()
        with self._lock:
            listening = tuple(self._listeners)
            joining: tuple[Listener, ...] = ()
            if self._joining and self._gop:
                joining = tuple(self._joining)
                self._listeners += self._joining
                self._joining = []
        for listener in listening:
            listener.packet(packet)
        for listener in joining:
            listener.begin(self.codec, bytes(video.codec_context.extradata or b""))
            for earlier in self._gop:
                listener.packet(earlier)

    def cut(self) -> None:
        """The stream has ended; the next one may be another. Who listened joins it anew."""
        self._gop, self._bytes = [], 0
        self.codec = ""
        self.came.clear()
        with self._lock:
            self._joining += self._listeners
            self._listeners = []
