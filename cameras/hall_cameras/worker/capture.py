"""One demultiplexer: RTSP over TCP, bounded in every wait, key frames decoded.

Blocking; runs in a thread of its own. Packets of the stream pass `on_packet` undecoded, for
viewers and the uplink; key frames are decoded for `on_picture`. It ends with a `CameraTrouble`
that says why, and never by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import av
import av.error
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from hall_cameras.worker.trouble import CameraTrouble

OPEN_S = 8.0
READ_S = 3.0  # FFmpeg asks twice: a stream without packets has stalled after 6 s
KEY_S = 30.0  # without a key frame that could be decoded
BROKEN_MAX = 60  # packets in a row that can't be decoded
REST_S = 0.2
"""While nobody looks, packets are left to gather so long: to wake a thread for each of them costs
more than reading it."""
UPLINK_REST_S = 0.06
"""While only upper platforms look, so long: they are seconds behind anyway."""
WAITED_S = 0.002  # a read that took longer had to wait: all that had come was read

OPTIONS = {
    "rtsp_transport": "tcp",
    "fpsprobesize": "0",
    "analyzeduration": "500000",
    "probesize": "500000",
    "allowed_media_types": "video",
}

av.logging.set_level(av.logging.PANIC)  # its words hold addresses with passwords


class Stream:
    """An open stream's properties, as they are now."""

    __slots__ = ("codec", "fps", "height", "width")

    def __init__(self, width: int, height: int, fps: float, codec: str) -> None:
        self.width, self.height, self.fps, self.codec = width, height, fps, codec


class Capture:
    """`stop` may be called from any thread; the capture ends with the next packet, or stalls."""

    def __init__(
        self,
        url: str,
        on_picture: Callable[[VideoFrame, Stream], None] | None,
        on_packet: Callable[[Packet[VideoStream], VideoStream], None] | None = None,
        rest_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`rest_s`: how long packets may gather; 0: somebody wants each as soon as it comes."""
        self._url = url
        self._on_picture = on_picture
        self._on_packet = on_packet
        self._rest_s = rest_s
        self._stopped = False
        self.pictures = 0  # decoded so far

    def stop(self) -> None:
        self._stopped = True

    def run(self) -> None:
        """Watch until it ends.

        Raises:
            CameraTrouble: why it ended; also when it was stopped ("off").
        """
        began = time.monotonic()
        try:
            container = av.open(self._url, options=OPTIONS, timeout=(OPEN_S, READ_S))
        except (OSError, ValueError, av.error.FFmpegError) as error:
            # What comes when the time is over is called by many names.
            late = time.monotonic() - began > OPEN_S - 0.5
            raise CameraTrouble("timeout" if late else _why(error, opened=False)) from None
        try:
            self._read(container)
        except (OSError, ValueError, av.error.FFmpegError) as error:
            raise CameraTrouble(_why(error, opened=True)) from None
        finally:
            container.close()

    def _read(self, container: Any) -> None:
        if not container.streams.video:
            raise CameraTrouble("no_video")
        video: VideoStream = container.streams.video[0]
        video.codec_context.skip_frame = "NONKEY"
        video.codec_context.thread_count = 1
        last_key, broken = time.monotonic(), 0
        asked = last_key
        for packet in container.demux(video):
            waited = time.monotonic() - asked > WAITED_S
            if self._stopped:
                raise CameraTrouble("off")
            if packet.size == 0:
                continue  # the flush at the end
            if self._on_packet is not None:
                self._on_packet(packet, video)
            if packet.is_keyframe and self._on_picture is None:
                last_key = time.monotonic()  # nobody wants it decoded
            elif packet.is_keyframe:
                broken = 0 if self._decode(packet, video) else broken + 1
                if broken == 0:
                    last_key = time.monotonic()
            if broken > BROKEN_MAX or time.monotonic() - last_key > KEY_S:
                raise CameraTrouble("no_picture")
            if waited and (rest_s := self._rest_s()):
                time.sleep(rest_s)
            asked = time.monotonic()
        raise CameraTrouble("ended")

    def _decode(self, packet: Packet[VideoStream], video: VideoStream) -> bool:
        """Whether the packet held a picture."""
        try:
            frames = video.decode(packet)
        except av.error.FFmpegError:
            return False
        for frame in frames:
            rate = float(video.average_rate or video.guessed_rate or 0)
            fps = round(rate, 2) if 0 < rate <= 240 else 0.0
            self.pictures += 1
            if self._on_picture is not None:
                self._on_picture(frame, Stream(frame.width, frame.height, fps, video.codec.name))
        return bool(frames)


def _why(error: BaseException, opened: bool) -> str:
    """The code of what FFmpeg said."""
    table: tuple[tuple[type[BaseException], str], ...] = (
        (av.error.HTTPUnauthorizedError, "bad_password"),
        (av.error.HTTPForbiddenError, "bad_password"),
        (av.error.HTTPNotFoundError, "not_found"),
        (av.error.EOFError, "ended"),
        (av.error.ExitError, "no_video" if opened else "timeout"),
        (ConnectionRefusedError, "refused_connection"),
        (TimeoutError, "no_video" if opened else "timeout"),
        (ConnectionError, "ended"),
        (av.error.InvalidDataError, "bad_answer"),
        (av.error.HTTPClientError, "not_found"),
        (av.error.HTTPServerError, "bad_answer"),
    )
    for kind, why in table:
        if isinstance(error, kind):
            return why
    if isinstance(error, OSError):
        return "ended" if opened else "no_route"
    return "bad_answer"
