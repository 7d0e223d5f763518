"""One session's media: a camera's packets as program stream in RTP, over UDP or TCP, without
transcoding. A thread of its own, so that nobody waits for a peer that is slow.

Over UDP, frames that make no burst are sent by the thread that reads them, while nothing waits in
the queue: to wake another for each costs several times what sending it does.
"""

from __future__ import annotations

import contextlib
import queue
import random
import socket
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

import structlog
from av.packet import Packet
from av.video.stream import VideoStream

from hall_cameras import wire
from hall_cameras.cascade.ps import STREAM_TYPES, Muxer, annex_b
from hall_cameras.cascade.rtp import PAYLOAD_MAX, Packetiser
from hall_cameras.cascade.tap import Tap
from hall_cameras.worker.trouble import CameraTrouble

log = structlog.get_logger()

CLOCK = 90_000  # Hz
JUMP = 10 * CLOCK  # a time stamp that is so far off belongs to another stream
SOURCE_S = 8.0  # without a packet: the camera is gone
DIAL_S = 5.0
DIALS = 3  # tries, a second apart at least (GB/T 28181-2022, TCP media)
DIAL_AGAIN_S = 1.0
ACCEPT_S = 10.0
STUCK_S = 5.0  # a peer that takes nothing
UNWANTED_S = 5.0  # a peer whose port is closed
REFUSALS_S = 1.0  # refusals so far apart are not one
BURST = 16  # packets at once over UDP, then a pause: switches have small buffers
APART_S = 0.005  # frames that come sooner after one another are one burst
PAUSE_S = 0.0015
WAITING_MAX = 250  # packets; more are left out up to the next key frame
SEND_BUFFER = 1 << 20  # bytes


class _Begin:
    """In the queue: a stream begins."""

    def __init__(self, codec: str, extradata: bytes) -> None:
        self.codec, self.extradata = codec, extradata


class _Lost:
    """In the queue: the peer is gone."""


_End = None
_Item: TypeAlias = "_Begin | _Lost | Packet[VideoStream] | None"


class Sender:
    """`ended` is called once, in its thread, with why: "source", "peer", "codec", "stopped"."""

    def __init__(self, order: wire.Uplink, tap: Tap, ended: Callable[[Sender, str], None]) -> None:
        self.order = order
        self.tap = tap
        self._ended = ended
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._skipping = False
        self._put = self._done = 0  # of the queue: counted by who puts, and by the thread
        self._came_at = 0.0  # the last packet
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._muxer: Muxer | None = None
        self._rtp = Packetiser(order.ssrc, random.randrange(1 << 16))
        self._offset: int | None = None
        self._last = 0
        self._burst = 0
        self._refused_at = self._refused_since = 0.0
        self.frames = 0
        self.local = _towards(order.host)
        self._socket = self._prepared()

    def _prepared(self) -> socket.socket:
        kind = socket.SOCK_STREAM if self.order.tcp else socket.SOCK_DGRAM
        made = socket.socket(socket.AF_INET, kind)
        try:
            if self.order.tcp:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((self.local, 0))
            if self.listens:
                made.listen(1)
            elif not self.order.tcp:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
                made.connect((self.order.host, self.order.port))
        except OSError:
            made.close()
            raise CameraTrouble("bad_address") from None
        self.port: int = made.getsockname()[1]
        return made

    @property
    def listens(self) -> bool:
        """The peer connects to us."""
        return self.order.tcp and self.order.setup == "active"

    # --- from the event loop -------------------------------------------------------------------

    def go(self) -> None:
        """Begin to send; once."""
        if self._thread is None and not self._stopped.is_set():
            self._thread = threading.Thread(target=self._run, daemon=True, name="uplink")
            self._thread.start()

    def stop(self) -> None:
        """End; the thread is not waited for."""
        self._stopped.set()
        self._queue.put(_End)
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        if self._thread is None:
            self._socket.close()

    # --- in the capture's thread ---------------------------------------------------------------

    def begin(self, codec: str, extradata: bytes) -> None:
        self._skipping = False
        self._enqueue(_Begin(codec, extradata))

    def packet(self, packet: Packet[VideoStream]) -> None:
        now = time.monotonic()
        idle = self._put == self._done  # the thread only waits for more
        if idle and now - self._came_at > APART_S:
            self._burst = 0
        self._came_at = now
        if packet.is_keyframe:
            self._skipping = False
        if self._queue.qsize() > WAITING_MAX:
            self._skipping = True
        if self._skipping:
            return
        few = self._burst + packet.size // PAYLOAD_MAX + 2 <= BURST
        if idle and few and not self.order.tcp and self._muxer:
            self._send_now(self._muxer, packet)
        else:
            self._enqueue(packet)

    def _send_now(self, muxer: Muxer, packet: Packet[VideoStream]) -> None:
        try:
            wanted = self._send(muxer, packet, socket.MSG_DONTWAIT)
        except BlockingIOError:  # the line takes nothing now
            self._skipping = wanted = True
        except OSError:
            wanted = False
        except Exception:  # a fault of ours must not end the camera's watch
            log.exception("uplink_failed", session=self.order.session)
            wanted = False
        if not wanted:
            self._enqueue(_Lost())

    def _enqueue(self, item: _Item) -> None:
        self._put += 1
        self._queue.put(item)

    # --- in the thread -------------------------------------------------------------------------

    def _run(self) -> None:
        why = "peer"
        try:
            why = self._serve()
        except (OSError, CameraTrouble):
            why = "stopped" if self._stopped.is_set() else "peer"
        finally:
            self.tap.leave(self)
            with contextlib.suppress(OSError):
                self._socket.close()
            self._ended(self, why)

    def _serve(self) -> str:
        tries = 0
        while True:
            began = time.monotonic()
            try:
                self._connect()
                self.tap.join(self)
                return self._feed()
            except OSError:
                self.tap.leave(self)
                if not self.order.tcp or self.listens or self._stopped.is_set():
                    raise
                tries = 1 if time.monotonic() - began > 2 * DIAL_S else tries + 1
                if tries >= DIALS:
                    raise
                self._stopped.wait(DIAL_AGAIN_S)
                self._socket.close()
                while not self._queue.empty():
                    self._queue.get_nowait()
                self._socket = self._prepared()

    def _connect(self) -> None:
        if not self.order.tcp:
            return
        if self.listens:
            self._accept()
        else:
            self._socket.settimeout(DIAL_S)
            self._socket.connect((self.order.host, self.order.port))
        self._socket.settimeout(STUCK_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _accept(self) -> None:
        """The first who comes from the address that was offered."""
        ends = time.monotonic() + ACCEPT_S
        listening = self._socket
        while True:
            left = ends - time.monotonic()
            if left <= 0:
                raise TimeoutError
            listening.settimeout(left)
            peer, address = listening.accept()
            if address[0] == self.order.host:
                listening.close()
                self._socket = peer
                return
            peer.close()

    def _feed(self) -> str:
        self._came_at = time.monotonic()
        while True:
            left = self._came_at + SOURCE_S - time.monotonic()
            try:
                item = self._queue.get(timeout=max(0.0, left))
            except queue.Empty:
                if time.monotonic() - self._came_at < SOURCE_S:
                    continue
                return "source"
            if self._stopped.is_set() or item is None:
                return "stopped"
            if isinstance(item, _Lost):
                return "peer"
            if isinstance(item, _Begin):
                if item.codec not in STREAM_TYPES:
                    return "codec"
                self._muxer = Muxer(item.codec, annex_b(item.codec, item.extradata))
            elif self._muxer is not None and not self._send(self._muxer, item):
                return "peer"
            self._done += 1

    def _send(self, muxer: Muxer, packet: Packet[VideoStream], flags: int = 0) -> bool:
        """Whether the peer still wants it. With `flags` it never waits."""
        pts, dts = self._times(packet)
        frame = muxer.frame(bytes(packet), packet.is_keyframe, pts, dts)
        self.frames += 1
        if self.order.tcp:
            self._socket.sendall(self._rtp.framed(frame, pts))
            return True
        for datagram in self._rtp.packets(frame, pts):
            try:
                self._socket.send(datagram, flags)
            except ConnectionRefusedError:
                if self._unwanted():
                    return False
                break  # it may be about to listen
            self._burst += 1  # over frames too: a cached group of pictures comes all at once
            if self._burst >= BURST and not flags:
                self._burst = 0
                time.sleep(PAUSE_S)
        return True

    def _unwanted(self) -> bool:
        """The peer's host says that nobody listens: whether it has been so for too long. (Every
        other send at most is refused: the refusal of one comes back with the next.)"""
        now = time.monotonic()
        if now - self._refused_at > REFUSALS_S:
            self._refused_since = now
        self._refused_at = now
        return now - self._refused_since > UNWANTED_S

    def _times(self, packet: Packet[VideoStream]) -> tuple[int, int]:
        """PTS and DTS in 1/90000 s, without jumps: a camera that restarts begins anew."""
        base: Fraction = packet.time_base or Fraction(1, CLOCK)
        dts = packet.dts if packet.dts is not None else packet.pts
        if dts is None:
            dts90 = self._last + CLOCK // 25 - (self._offset or 0)
        else:
            dts90 = dts * base.numerator * CLOCK // base.denominator
        ahead = 0
        if packet.pts is not None and dts is not None and packet.pts > dts:
            ahead = (packet.pts - dts) * base.numerator * CLOCK // base.denominator
        if self._offset is None:
            self._offset = CLOCK - dts90
        elif not 0 <= dts90 + self._offset - self._last < JUMP:
            self._offset = self._last + CLOCK // 25 - dts90
        self._last = dts90 + self._offset
        return self._last + min(ahead, JUMP), self._last


def _towards(host: str) -> str:
    """Our own address, as `host` sees it."""
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        probe.connect((host, 9))
        address: str = probe.getsockname()[0]
        return address
    except OSError:
        raise CameraTrouble("no_route") from None
    finally:
        probe.close()
