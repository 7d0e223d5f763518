"""A virtual camera: RTSP over TCP, H.264 that was encoded once and plays in a loop.

It speaks what any client of a real camera needs (RFC 2326 with interleaved RTP, RFC 6184) and no
more: one stream, no password, no UDP. What it shows can be changed while it plays; pulling its
plug ends every connection. A viewer that does not read is cut off.
"""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
import struct
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import av
from numpy.typing import NDArray

PATH = "live"
CLOCK_HZ = 90_000
PAYLOAD_MAX = 1400  # bytes of one RTP packet, as if there were a network between
REQUEST_MAX = 16 << 10
WAITING_MAX = 1 << 20  # bytes that a viewer may have waiting
PAYLOAD_TYPE = 96
SEQUENCE_PARAMETERS, PICTURE_PARAMETERS = 7, 8  # types of NAL units
FRAGMENT = 28  # FU-A


class Unit(NamedTuple):
    """One picture of the stream: its RTP payloads."""

    key: bool
    payloads: tuple[bytes, ...]


class Clip(NamedTuple):
    """A loop. It begins with a key frame, and there is one every second."""

    fps: int
    units: tuple[Unit, ...]
    parameters: tuple[bytes, bytes]  # of the sequence, of the picture: for the description


def encode(pictures: Iterable[NDArray[Any]], fps: int, bit_rate: int = 0) -> Clip:
    """A clip of pictures of one size (height x width x 3, uint8, blue first), one every 1/fps s.

    `bit_rate` is in bits a second; 0: as many as it takes. Blocks for some milliseconds a picture.
    """
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    units: list[Unit] = []
    found: dict[int, bytes] = {}

    def take(packets: Sequence[av.Packet[Any]]) -> None:
        for packet in packets:
            parts = nal_units(bytes(packet))
            found.update({part[0] & 0x1F: part for part in parts})
            units.append(Unit(packet.is_keyframe, tuple(p for n in parts for p in payloads(n))))

    for index, picture in enumerate(pictures):
        if index == 0:
            encoder.height, encoder.width = picture.shape[:2]
            encoder.pix_fmt = "yuv420p"
            encoder.time_base, encoder.framerate = Fraction(1, fps), Fraction(fps)
            encoder.gop_size = fps
            encoder.thread_count = 1
            encoder.options = {"preset": "veryfast", "tune": "zerolatency", "profile": "baseline"}
            encoder.options |= {"x264-params": "scenecut=0", "crf": "25"}
            if bit_rate:
                encoder.bit_rate = bit_rate
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts = index
        take(encoder.encode(frame))
    take(encoder.encode(None))
    return Clip(fps, tuple(units), (found[SEQUENCE_PARAMETERS], found[PICTURE_PARAMETERS]))


def nal_units(stream: bytes) -> list[bytes]:
    """The NAL units of a byte stream (H.264, annex B)."""
    return [unit for unit in re.split(rb"\x00{2,3}\x01", stream) if unit]


def payloads(unit: bytes) -> list[bytes]:
    """A NAL unit as RTP payloads: whole, or in fragments."""
    if len(unit) <= PAYLOAD_MAX:
        return [unit]
    indicator, kind, rest = unit[0] & 0xE0 | FRAGMENT, unit[0] & 0x1F, unit[1:]
    size = PAYLOAD_MAX - 2
    parts = [rest[at : at + size] for at in range(0, len(rest), size)]
    last = len(parts) - 1
    return [
        bytes((indicator, (index == 0) << 7 | (index == last) << 6 | kind)) + part
        for index, part in enumerate(parts)
    ]


class VirtualCamera:
    """Serves one stream at `url` on this machine while it is plugged in."""

    def __init__(self, clip: Clip) -> None:
        self.port = 0  # the same each time it is plugged in again
        self._clip = self._next = clip
        self._server: asyncio.Server | None = None
        self._playing: asyncio.Task[None] | None = None
        self._viewers: set[_Viewer] = set()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/{PATH}"

    @property
    def clip(self) -> Clip:
        """What it shows now, or from the next second on."""
        return self._next

    def show(self, clip: Clip) -> None:
        """Show another clip of the same size and rate from the next key frame on."""
        self._next = clip

    async def plug_in(self) -> None:
        """Serve, if it does not."""
        if self._server is not None:
            return
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Viewer(self, self._viewers), "127.0.0.1", self.port
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._playing = asyncio.create_task(self._play())

    async def unplug(self) -> None:
        """End every connection and take no more."""
        if self._server is None or self._playing is None:
            return
        self._server.close()
        self._playing.cancel()
        for viewer in tuple(self._viewers):
            viewer.cut_off()
        await asyncio.wait([self._playing])
        self._server = self._playing = None

    async def _play(self) -> None:
        """For ever, at the clip's pace; who comes late to a picture does not hurry the next."""
        loop = asyncio.get_running_loop()
        due, at, stamp = loop.time(), 0, secrets.randbits(32)
        while True:
            unit = self._clip.units[at]
            if unit.key and self._clip is not self._next:
                self._clip, at = self._next, 0
                unit = self._clip.units[0]
            for viewer in tuple(self._viewers):
                viewer.send(unit, stamp)
            at = (at + 1) % len(self._clip.units)
            stamp = (stamp + CLOCK_HZ // self._clip.fps) % 2**32
            due = max(due + 1 / self._clip.fps, loop.time() - 1)
            await asyncio.sleep(due - loop.time())


class _Viewer(asyncio.Protocol):
    """One connection: requests in, answers and, once it plays, packets out."""

    def __init__(self, camera: VirtualCamera, viewers: set[_Viewer]) -> None:
        self._camera = camera
        self._viewers = viewers
        self._transport: asyncio.Transport
        self._buffer = bytearray()
        self._session = secrets.token_hex(4)
        self._channel = 0
        self._plays = self._began = False  # it asked to; a key frame came since
        self._sequence = secrets.randbits(16)
        self._source = secrets.randbits(32)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._viewers.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._viewers.discard(self)

    def cut_off(self) -> None:
        self._transport.abort()

    def send(self, unit: Unit, stamp: int) -> None:
        """A picture, if this viewer wants pictures."""
        self._began = self._plays and (self._began or unit.key)
        if not self._began:
            return
        if self._transport.get_write_buffer_size() > WAITING_MAX:
            self.cut_off()
            return
        out = bytearray()
        last = len(unit.payloads) - 1
        for index, payload in enumerate(unit.payloads):
            marked = (index == last) << 7 | PAYLOAD_TYPE
            self._sequence = (self._sequence + 1) % 2**16
            out += struct.pack(
                ">cBHBBHII", b"$", self._channel, 12 + len(payload), 0x80, marked,
                self._sequence, stamp, self._source,
            )  # fmt: skip
            out += payload
        self._transport.write(bytes(out))

    # --- requests ------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._buffer and self._take():
            pass
        if len(self._buffer) > REQUEST_MAX:
            self.cut_off()

    def _take(self) -> bool:
        """One request, or one packet of the viewer's RTCP, which nobody needs."""
        if self._buffer[0] == ord("$"):
            length = 4 + int.from_bytes(self._buffer[2:4], "big")
            if len(self._buffer) < max(length, 4):
                return False
            del self._buffer[:length]
            return True
        head, end, _ = self._buffer.partition(b"\r\n\r\n")
        found = re.search(rb"\r\ncontent-length: *(\d{1,5})\r?", head, re.IGNORECASE)
        length = len(head) + 4 + (int(found[1]) if found else 0)
        if not end or len(self._buffer) < length:
            return False
        del self._buffer[:length]
        self._request(head.decode("latin-1").split("\r\n"))
        return True

    def _request(self, lines: list[str]) -> None:
        method, _, rest = lines[0].partition(" ")
        pairs = (line.partition(":") for line in lines[1:])
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        sequence = headers.get("cseq", "")
        if not sequence.isdecimal():
            self._answer("400 Bad Request", "0")
        elif not re.match(rf"(\*|rtsp://[^/ ]+/{PATH}\b\S*) RTSP/1\.0$", rest):
            self._answer("404 Not Found", sequence)
        elif method == "OPTIONS":
            methods = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
            self._answer("200 OK", sequence, f"Public: {methods}")
        elif method == "DESCRIBE":
            body = _description(self._camera.clip)
            kind = ("Content-Type: application/sdp", f"Content-Base: {self._camera.url}/")
            self._answer("200 OK", sequence, *kind, body=body)
        elif method == "SETUP":
            self._set_up(sequence, headers.get("transport", ""))
        elif method in ("PLAY", "GET_PARAMETER", "TEARDOWN"):
            self._plays = method == "PLAY" or (self._plays and method == "GET_PARAMETER")
            self._answer("200 OK", sequence)
            if method == "TEARDOWN":
                self._transport.close()
        else:
            self._answer("501 Not Implemented", sequence)

    def _set_up(self, sequence: str, transport: str) -> None:
        found = re.search(r"RTP/AVP/TCP.*interleaved=(\d{1,3})-(\d{1,3})", transport)
        if found is None or int(found[1]) > 254:
            self._answer("461 Unsupported Transport", sequence)
            return
        self._channel = int(found[1])
        pair = f"{self._channel}-{self._channel + 1}"
        self._answer("200 OK", sequence, f"Transport: RTP/AVP/TCP;unicast;interleaved={pair}")

    def _answer(self, status: str, sequence: str, *headers: str, body: str = "") -> None:
        lines = [f"RTSP/1.0 {status}", f"CSeq: {sequence}", f"Session: {self._session}", *headers]
        lines += [f"Content-Length: {len(body)}", "", body]
        self._transport.write("\r\n".join(lines).encode())


def _description(clip: Clip) -> str:
    """The stream in SDP."""
    sets = ",".join(base64.b64encode(part).decode() for part in clip.parameters)
    profile = clip.parameters[0][1:4].hex()
    lines = (
        "v=0",
        "o=- 0 0 IN IP4 127.0.0.1",
        "s=camera",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        f"a=rtpmap:{PAYLOAD_TYPE} H264/{CLOCK_HZ}",
        f"a=fmtp:{PAYLOAD_TYPE} packetization-mode=1;profile-level-id={profile}"
        f";sprop-parameter-sets={sets}",
        f"a=framerate:{clip.fps}",
        "a=control:track1",
    )
    return "\r\n".join((*lines, ""))
