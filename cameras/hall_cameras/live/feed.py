"""One camera's live view, as its worker makes it: only while somebody looks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import av.error
import structlog
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from hall_cameras import wire
from hall_cameras.live.mux import Muxer
from hall_cameras.worker import pictures

log = structlog.get_logger()

GOP_BYTES = 4 << 20  # kept since the last key frame, so that a viewer need not wait for the next
GOP_PACKETS = 500
PLAYABLE = "h264"  # what browsers decode; of any other codec the key frames are sent as JPEG
JPEG = "image/jpeg"


class Feed:
    """`packet`, `picture` and `cut` are called in the capture's thread, `want` on the event loop.

    `say` takes messages for the server, on the loop. Without `room` for them parts are left out,
    up to the next key frame.
    """

    def __init__(
        self,
        camera_id: str,
        epoch: int,
        say: Callable[[wire.ToServer], None],
        room: Callable[[], bool],
    ) -> None:
        self._camera_id = camera_id
        self.epoch = epoch  # of its worker's lease
        self._say = say
        self._room = room
        self._loop = asyncio.get_running_loop()
        self._video = self._pictures = False  # what is wanted
        self._anew: set[bool] = set()  # lines (pictures or not) that somebody has begun to look at
        self._gop: list[Packet[VideoStream]] = []
        self._gop_bytes = 0
        self._muxer: Muxer | None = None
        self._key = False  # whether the fragment to come is one of a key frame
        self._full = False  # parts were missed since the last key frame
        self._jpeg_of: set[bool] = set()  # lines whose head was sent as JPEG

    @property
    def wanted(self) -> bool:
        """Whether somebody looks."""
        return self._video or self._pictures

    def want(self, video: bool, still: bool) -> None:
        """Who looks now, and how."""
        # The last one may have left and another come between two packets.
        for line, wanted, before in ((False, video, self._video), (True, still, self._pictures)):
            if wanted and not before:
                self._anew.add(line)
        self._video, self._pictures = video, still

    # --- in the capture's thread ---------------------------------------------------------------

    def cut(self) -> None:
        """The stream ended; the next one begins anew."""
        self._gop, self._gop_bytes = [], 0
        self._end()

    def packet(self, packet: Packet[VideoStream], video: VideoStream) -> None:
        """Take a packet before anything else looks at it."""
        if packet.is_keyframe:
            self._gop, self._gop_bytes = [], 0
        if packet.is_keyframe or self._gop:
            self._gop.append(packet)
            self._gop_bytes += packet.size
            if self._gop_bytes > GOP_BYTES or len(self._gop) > GOP_PACKETS:
                self._gop, self._gop_bytes = [], 0
        if not self._video or video.codec_context.name != PLAYABLE:
            self._end()
        elif False in self._anew:
            self._anew.discard(False)
            self._end()
            self._begin(video)
        elif self._muxer is None:
            self._begin(video)
        elif packet.is_keyframe and not self._muxer.fits(packet):
            self._end()
            self._begin(video)
        elif not self._full or packet.is_keyframe:
            self._full = False
            self._put([packet])

    def picture(self, frame: VideoFrame, codec: str) -> None:
        """Take a key frame that was decoded."""
        lines = {line for line, wanted in ((True, self._pictures), (False, self._video)) if wanted}
        if codec == PLAYABLE:
            lines.discard(False)
        self._jpeg_of &= lines - self._anew
        self._anew -= lines
        if not lines:
            return
        data = pictures.jpeg(pictures.colour_of(frame), quality=75)
        for line in sorted(lines):
            if line not in self._jpeg_of:
                self._jpeg_of.add(line)
                self._send(self._head(JPEG, b"", line))
            self._send(self._part(data, True, line))

    def _begin(self, video: VideoStream) -> None:
        if not self._gop:
            return
        try:
            self._muxer = Muxer(video, self._gop[0])
        except (ValueError, av.error.FFmpegError) as error:
            log.warning("camera_live_failed", camera=self._camera_id, error=str(error))
            self._video = False
            return
        self._send(self._head(self._muxer.mime, self._muxer.head, False))
        self._key = self._full = False
        self._put(self._gop)

    def _put(self, packets: list[Packet[VideoStream]]) -> None:
        assert self._muxer is not None
        parts, starts = bytearray(), self._key
        try:
            for packet in packets:
                done = self._muxer.put(packet)
                if done and not parts:
                    starts = self._key
                parts += done
                self._key = packet.is_keyframe
        except (ValueError, av.error.FFmpegError) as error:
            log.warning("camera_live_failed", camera=self._camera_id, error=str(error))
            self._end()
            return
        if parts:
            self._send(self._part(bytes(parts), starts, False))

    def _end(self) -> None:
        muxer, self._muxer = self._muxer, None
        if muxer is not None:
            with contextlib.suppress(ValueError, av.error.FFmpegError):
                muxer.close()

    def _head(self, mime: str, data: bytes, line: bool) -> wire.LiveHead:
        return wire.LiveHead(
            camera_id=self._camera_id, epoch=self.epoch, pictures=line, mime=mime, data=data
        )

    def _part(self, data: bytes, key: bool, line: bool) -> wire.LivePart:
        return wire.LivePart(
            camera_id=self._camera_id, epoch=self.epoch, pictures=line, key=key, data=data
        )

    def _send(self, message: wire.LiveHead | wire.LivePart) -> None:
        if len(message.data) > wire.LIVE_MAX:
            self._full = True
            return
        self._loop.call_soon_threadsafe(self._sent, message)

    def _sent(self, message: wire.LiveHead | wire.LivePart) -> None:
        if isinstance(message, wire.LivePart) and not self._room():
            self._full = True
        else:
            self._say(message)
