"""Fragmented MP4 out of a camera's packets, as MediaSource plays it. In the worker."""

from __future__ import annotations

from fractions import Fraction

from av import open as av_open
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

CLOCK_HZ = 90_000  # of our time stamps
_UNIT = Fraction(1, CLOCK_HZ)
FRAME = CLOCK_HZ // 25  # between two packets whose own stamps say nothing
GAP = 2 * CLOCK_HZ  # a greater step is a jump of the camera's clock, not a pause
MOVFLAGS = "frag_every_frame+empty_moov+default_base_moof"
FLUSH_PACKETS = 0x200  # AVFMT_FLAG_FLUSH_PACKETS: what was written comes out at once


class _Out:
    """Where the muxer writes."""

    def __init__(self) -> None:
        self._data = bytearray()

    def write(self, data: bytes) -> int:
        self._data += data
        return len(data)

    def take(self) -> bytes:
        data = bytes(self._data)
        self._data.clear()
        return data


class Clock:
    """Time stamps that only grow, whatever the camera's own do.

    Cameras start without any, jump with their clock, and begin anew after a reboot; a player stops
    at each of these. A step that can't be is one frame long here.
    """

    def __init__(self) -> None:
        self._last: int | None = None  # the camera's
        self._now = -FRAME

    def stamp(self, dts: int | None, pts: int | None) -> tuple[int, int]:
        """(dts, pts) of the next packet, in 90 kHz, from the camera's own in the same unit."""
        own = dts if dts is not None else pts
        step = FRAME
        if own is not None and self._last is not None and 0 < own - self._last <= GAP:
            step = own - self._last
        self._last = own
        self._now += step
        ahead = pts - dts if pts is not None and dts is not None else 0
        return self._now, self._now + (ahead if 0 <= ahead <= GAP else 0)


def codec_of(extradata: bytes | None) -> str | None:
    """The codec as MediaSource wants to hear it, `avc1.42C01E`; None: no parameters are there.

    H.264 in Annex B carries it in the first three bytes of its sequence parameter set.
    """
    data = extradata or b""
    at = data.find(b"\x00\x00\x01")
    while 0 <= at < len(data) - 6:
        if data[at + 3] & 0x1F == 7:
            return f"avc1.{data[at + 4 : at + 7].hex().upper()}"
        at = data.find(b"\x00\x00\x01", at + 3)
    return None


class Muxer:
    """One run of a camera's stream. Fragments come out one packet late."""

    def __init__(self, source: VideoStream, first: Packet[VideoStream]) -> None:
        """Begin with a key frame.

        Raises:
            ValueError: the stream's parameters are nowhere to be found.
        """
        # Those in the stream are as it is now; those of its description may be of an hour ago.
        self._inline = _parameters(bytes(first))
        parameters = self._inline or source.codec_context.extradata
        codec = codec_of(parameters)
        if codec is None:
            raise ValueError("no sequence parameter set")
        self.mime = f'video/mp4; codecs="{codec}"'
        self._out = _Out()
        self._clock = Clock()
        container = av_open(self._out, "w", format="mp4", options={"movflags": MOVFLAGS})
        assert isinstance(container, OutputContainer)
        self._container = container
        container.flags |= FLUSH_PACKETS
        self._stream = container.add_stream_from_template(source)
        if self._inline:
            self._stream.codec_context.extradata = self._inline
        container.start_encoding()
        self.head = self._out.take()

    def fits(self, key_frame: Packet[VideoStream]) -> bool:
        """Whether this key frame is of the same kind as the first: a camera may change its size
        in the middle of a stream."""
        now = _sequence(_parameters(bytes(key_frame)))
        return not now or not self._inline or now == _sequence(self._inline)

    def put(self, packet: Packet[VideoStream]) -> bytes:
        """Take a packet; the fragments that are complete by now."""
        copy = Packet(bytes(packet))  # muxing changes a packet, and others look at this one
        unit = packet.time_base
        scale = float(unit * CLOCK_HZ) if unit else 1.0
        own = [None if t is None else round(t * scale) for t in (packet.dts, packet.pts)]
        copy.dts, copy.pts = self._clock.stamp(own[0], own[1])
        copy.time_base = _UNIT
        copy.is_keyframe = packet.is_keyframe
        copy.stream = self._stream
        self._container.mux(copy)
        return self._out.take()

    def close(self) -> None:
        self._container.close()


def _sequence(parameters: bytes) -> bytes:
    """The sequence parameter set among parameter sets; b"" when there is none."""
    for unit in parameters.split(b"\x00\x00\x01"):
        if unit and unit[0] & 0x1F == 7:
            return unit.rstrip(b"\x00")
    return b""


def _parameters(key_frame: bytes) -> bytes:
    """What stands before the picture in a key frame: its parameter sets."""
    at = key_frame.find(b"\x00\x00\x01")
    while 0 <= at < len(key_frame) - 4:
        if key_frame[at + 3] & 0x1F in (1, 5, 6):
            return key_frame[:at].rstrip(b"\x00")
        at = key_frame.find(b"\x00\x00\x01", at + 3)
    return b""
