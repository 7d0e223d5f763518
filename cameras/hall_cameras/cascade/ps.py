"""Program stream (ISO/IEC 13818-1) as GB/T 28181 wants it: one pack for each frame. Pure.

A key frame's pack also holds a system header and a program stream map, so that whoever comes in
the middle can begin with it. FFmpeg's own muxers write no map and packs of 2 KB.
"""

from __future__ import annotations

import struct
from typing import Final

STREAM_TYPES: Final = {"mpeg4": 0x10, "h264": 0x1B, "hevc": 0x24}
VIDEO: Final = 0xE0  # stream id
PES_MAX: Final = 60_000  # bytes of one packet's payload; its length has 16 bits
RATE: Final = 125_000  # units of 50 bytes/s: 50 Mbit/s, more than any camera of a hall
WRAP: Final = 1 << 33  # of a time stamp


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1
        table.append(crc & 0xFFFFFFFF)
    return tuple(table)


_CRC: Final = _crc_table()


def crc32_mpeg2(data: bytes) -> int:
    """CRC-32/MPEG-2: not reflected, no final xor."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = ((crc << 8) & 0xFFFFFFFF) ^ _CRC[(crc >> 24) ^ byte]
    return crc


def pack_header(clock: int) -> bytes:
    """`clock` in units of 1/90000 s."""
    scr = clock % WRAP
    bits = (
        (0b01 << 46)
        | ((scr >> 30 & 0x7) << 43)
        | (1 << 42)
        | ((scr >> 15 & 0x7FFF) << 27)
        | (1 << 26)
        | ((scr & 0x7FFF) << 11)
        | (1 << 10)
        | 1  # extension 0, marker
    )
    return b"\0\0\1\xba" + bits.to_bytes(6, "big") + (RATE << 2 | 3).to_bytes(3, "big") + b"\xf8"


def system_header() -> bytes:
    """One video stream, no audio: a stream that is announced and never comes stalls a player."""
    body = (1 << 23 | RATE << 1 | 1).to_bytes(3, "big") + b"\x00\x21\x7f"
    body += bytes((VIDEO, 0xE0, 0x80))  # its buffer: 128 x 1024 bytes
    return b"\0\0\1\xbb" + struct.pack("!H", len(body)) + body


def stream_map(codec: str) -> bytes:
    """The program stream map with its CRC, which some platforms check."""
    entry = struct.pack("!BBH", STREAM_TYPES[codec], VIDEO, 0)
    body = b"\xe0\xff" + struct.pack("!H", 0) + struct.pack("!H", len(entry)) + entry
    head = b"\0\0\1\xbc" + struct.pack("!H", len(body) + 4) + body
    return head + struct.pack("!I", crc32_mpeg2(head))


def _stamp(prefix: int, stamp: int) -> bytes:
    stamp %= WRAP
    return struct.pack(
        "!BHH",
        prefix << 4 | (stamp >> 30 & 0x7) << 1 | 1,
        (stamp >> 15 & 0x7FFF) << 1 | 1,
        (stamp & 0x7FFF) << 1 | 1,
    )


def pes(data: memoryview, pts: int, dts: int) -> list[bytes | memoryview]:
    """`data` as video packets; the first says when it is shown."""
    parts: list[bytes | memoryview] = []
    for start in range(0, len(data), PES_MAX):
        chunk = data[start : start + PES_MAX]
        if start:
            head = b"\x80\x00\x00"
        elif pts == dts:
            head = b"\x84\x80\x05" + _stamp(2, pts)
        else:
            head = b"\x84\xc0\x0a" + _stamp(3, pts) + _stamp(1, dts)
        length = len(head) + len(chunk)
        parts += (struct.pack("!IH", 0x100 | VIDEO, length) + head, chunk)
    return parts


class Muxer:
    """One video stream of `codec` (a key of STREAM_TYPES). `parameters` are its SPS, PPS (and
    VPS) with start codes, as the camera told them beside the stream."""

    def __init__(self, codec: str, parameters: bytes = b"") -> None:
        self._codec = codec
        self._parameters = parameters
        self._head = system_header() + stream_map(codec)

    def frame(self, data: bytes, key: bool, pts: int, dts: int) -> bytes:
        """One frame (Annex B) as one pack; times in units of 1/90000 s."""
        parts: list[bytes | memoryview] = [pack_header(dts)]
        if key:
            parts.append(self._head)
            if self._parameters and not has_parameters(self._codec, data):
                data = self._parameters + data
        parts += pes(memoryview(data), pts, dts)
        return b"".join(parts)


def has_parameters(codec: str, data: bytes) -> bool:
    """Whether a key frame begins with its own SPS. (What stands before it is short.)"""
    at = data.find(b"\0\0\1", 0, 256)
    while at >= 0 and at + 3 < len(data):
        head = data[at + 3]
        kind = head & 0x1F if codec == "h264" else head >> 1 & 0x3F
        if kind == (7 if codec == "h264" else 33) or codec == "mpeg4":
            return True
        at = data.find(b"\0\0\1", at + 3, at + 259)
    return False


def annex_b(codec: str, extradata: bytes) -> bytes:
    """Parameter sets with start codes, from what a demultiplexer calls extradata: Annex B as it
    is, or the boxes avcC / hvcC of files. b"" when they can't be read."""
    if extradata[:1] != b"\x01":
        return extradata if extradata[:3] in (b"\0\0\1", b"\0\0\0") else b""
    try:
        return _boxed(codec, extradata)
    except (IndexError, struct.error):
        return b""


def _boxed(codec: str, box: bytes) -> bytes:
    units: list[bytes] = []

    def take(at: int, count: int) -> int:
        for _ in range(count):
            (length,) = struct.unpack_from("!H", box, at)
            units.append(box[at + 2 : at + 2 + length])
            at += 2 + length
        return at

    if codec == "h264":
        at = take(6, box[5] & 0x1F)
        take(at + 1, box[at])
    else:
        at = 23
        for _ in range(box[22]):
            at = take(at + 3, struct.unpack_from("!H", box, at + 1)[0])
    return b"".join(b"\0\0\0\1" + unit for unit in units)
