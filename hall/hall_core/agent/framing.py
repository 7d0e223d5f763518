"""Frames of simple serial devices, described by their format: header, address, code, checksum, end.

Callers and button boxes of many makers send short frames of one fixed length. What differs is in
`FrameFormat`; finding frames in a stream of bytes that may hold anything is done once, here. Pure.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Checksum: TypeAlias = Literal["none", "sum8", "xor8", "crc16"]

CODE_MAX = 16  # bytes
NOISE = 256  # bytes without a frame between them
PART_MAX = 32  # bytes of header, address or end
_SIZES: dict[Checksum, int] = {"none": 0, "sum8": 1, "xor8": 1, "crc16": 2}


def from_hex(text: str) -> bytes:
    """Bytes as people write them: `AA 55`, `aa55`, or nothing.

    Raises:
        ValueError: not hexadecimal, or more than any format needs.
    """
    try:
        data = bytes.fromhex(text)
    except ValueError:
        raise ValueError(f"{text!r} is not hexadecimal; write bytes like 'AA 55'") from None
    if len(data) > PART_MAX:
        raise ValueError(f"{text!r} is longer than {PART_MAX} bytes")
    return data


def crc16(data: bytes, value: int = 0xFFFF) -> int:
    """CRC-16 reflected, polynomial 0xA001. Modbus begins with 0xFFFF, Onbon with 0."""
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value


def checksum(kind: Checksum, data: bytes) -> bytes:
    """The check bytes of `data`; a CRC-16 is Modbus's, low byte first."""
    if kind == "sum8":
        return bytes([sum(data) & 0xFF])
    if kind == "xor8":
        value = 0
        for byte in data:
            value ^= byte
        return bytes([value])
    if kind == "crc16":
        return crc16(data).to_bytes(2, "little")
    return b""


class FrameFormat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """header + address + code + check + end. Bytes are written in hexadecimal.

    `check_from`: the first byte that the check covers (0: the header too).
    """

    header: str = ""
    address: str = ""
    code_bytes: int = 1
    check: Checksum = "none"
    check_from: int = 0
    end: str = ""

    def __post_init__(self) -> None:
        head = from_hex(self.header) + from_hex(self.address)
        from_hex(self.end)
        if not 1 <= self.code_bytes <= CODE_MAX:
            raise ValueError(f"code_bytes must be 1 to {CODE_MAX}")
        if not 0 <= self.check_from <= len(head):
            raise ValueError("check_from must lie within header and address")

    @property
    def head(self) -> bytes:
        return from_hex(self.header) + from_hex(self.address)

    @property
    def size(self) -> int:
        """The length of a whole frame, in bytes."""
        return len(self.head) + self.code_bytes + _SIZES[self.check] + len(from_hex(self.end))

    def build(self, code: bytes) -> bytes:
        """The frame that carries `code`.

        Raises:
            ValueError: the code has another length than the format's.
        """
        if len(code) != self.code_bytes:
            raise ValueError(f"a code has {self.code_bytes} bytes, not {len(code)}")
        body = self.head + code
        return body + checksum(self.check, body[self.check_from :]) + from_hex(self.end)


class FrameReader:
    """Finds frames in what a device sends. What is no frame is dropped and counted."""

    def __init__(self, format_: FrameFormat) -> None:
        self._format = format_
        self._head = format_.head
        self._size = format_.size
        self._buffer = bytearray()
        self.dropped = 0  # bytes that belonged to no frame
        self._dropped_before = 0  # by the time of the last frame

    @property
    def only_noise(self) -> bool:
        """So much came since the last frame that the wires or the settings must be wrong."""
        return self.dropped - self._dropped_before >= NOISE

    @property
    def waiting(self) -> int:
        """Bytes of a frame that is not whole yet: always fewer than a frame has."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """The codes of the frames that are whole now, in order."""
        codes: list[bytes] = []
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= self._size:
            code = self._code(bytes(buffer[start : start + self._size]))
            if code is None:
                after = self._next_start(buffer, start + 1)
                self.dropped += after - start
                start = after
            else:
                codes.append(code)
                self._dropped_before = self.dropped
                start += self._size
        del buffer[:start]
        return codes

    def _next_start(self, buffer: bytearray, start: int) -> int:
        """Where a frame could begin: at the first byte of the head, if there is a head."""
        if not self._head:
            return start
        found = buffer.find(self._head[:1], start)
        return len(buffer) if found < 0 else found

    def _code(self, frame: bytes) -> bytes | None:
        head = len(self._head)
        code = frame[head : head + self._format.code_bytes]
        return code if frame == self._format.build(code) else None
