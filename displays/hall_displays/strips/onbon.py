"""Frames of Onbon BX-5K/6K controllers: the dynamic area over TCP (port 5005). Pure.

Source: the maker's public protocol document (onbonlab, "BX-5K/6K 通讯协议用户版本" 1.4) and
domain.md section 3, whose sample frame is a test. A frame is

    A5 × 8 · escaped(header of 14 bytes · data · CRC-16) · 5A

Numbers are low byte first. CRC-16 is reflected, 0xA001, from 0, over header and data as they are
before escaping. Only the dynamic area is ever written: it is RAM, programs are flash and wear out.
"""

from __future__ import annotations

import struct
from typing import Literal, TypeAlias

import msgspec

from hall_core.agent.framing import crc16

PORT = 5005
ANY_SCREEN = 0xFFFE  # broadcast that is answered; what TCP uses, where the address says nothing
ANY_TYPE = 0xFE
OURS = 0x8000
VERSION = 0x02
TEXT_MAX = 512  # bytes; what the smallest controller (5K) takes for one area
BODY_MAX = 2048  # escaped bytes; answers are short

ACK = 0x00
NACK = 0x01
ERRORS = {
    1: "command group", 2: "command", 3: "busy", 4: "memory", 5: "checksum", 6: "no such file",
    12: "no such font", 13: "firmware type",
}  # fmt: skip

_LEAD = b"\xa5" * 8
_ESCAPES = {0xA5: b"\xa6\x02", 0xA6: b"\xa6\x01", 0x5A: b"\x5b\x02", 0x5B: b"\x5b\x01"}
_ESCAPED = {found: bytes([byte]) for byte, found in _ESCAPES.items()}
_HEADER = struct.Struct("<HH3xBBBBBH")
_AREA = struct.Struct("<BHHHHBBBHBBBBBBBBBI")
_PIXELS = 0x8000  # x and width count pixels, not bytes of eight

Colour: TypeAlias = Literal["red", "green", "yellow", "blue", "cyan", "magenta", "white"]
_COLOURS: dict[Colour, str] = {
    "red": "1", "green": "2", "yellow": "3", "blue": "4", "cyan": "5", "magenta": "6", "white": "7",
}  # fmt: skip
FontSize: TypeAlias = Literal[16, 24, 32]
_FONTS: dict[FontSize, str] = {16: "000", 24: "001", 32: "002"}


class Frame(msgspec.Struct, frozen=True):
    """One packet. `to` and `by` are screen and sender addresses."""

    data: bytes
    to: int = ANY_SCREEN
    by: int = OURS


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """A dynamic area and what it shows. Lengths are pixels, `stay` and `timeout` as the
    controller counts them (half seconds; seconds)."""

    text: bytes
    x: int = 0
    y: int = 0
    width: int = 128
    height: int = 16
    number: int = 0
    timeout: int = 10
    speed: int = 2
    stay: int = 4


class Reply(msgspec.Struct, frozen=True):
    """What the controller said to a command. `error` is a key of ERRORS when not `ok`."""

    ok: bool
    error: int


# --- frames ------------------------------------------------------------------------------------


def escape(data: bytes) -> bytes:
    return b"".join(_ESCAPES.get(byte, bytes([byte])) for byte in data)


def unescape(data: bytes) -> bytes | None:
    """None: the bytes can't have been escaped."""
    out = bytearray()
    index = 0
    while index < len(data):
        byte = data[index]
        if byte in (0xA6, 0x5B):
            plain = _ESCAPED.get(data[index : index + 2])
            if plain is None:
                return None
            out += plain
            index += 2
        elif byte in (0xA5, 0x5A):
            return None
        else:
            out.append(byte)
            index += 1
    return bytes(out)


def build(frame: Frame) -> bytes:
    """The bytes on the line."""
    header = _HEADER.pack(frame.to, frame.by, 0, 0, 0, ANY_TYPE, VERSION, len(frame.data))
    packet = header + frame.data
    return _LEAD + escape(packet + crc16(packet, 0).to_bytes(2, "little")) + b"\x5a"


def parse(body: bytes) -> Frame | None:
    """The frame between lead and end; None when it is damaged or of another check mode."""
    packet = unescape(body)
    if packet is None or len(packet) < _HEADER.size + 2:
        return None
    to, by, barcode, check_mode, _, _, _, size = _HEADER.unpack_from(packet)
    if barcode or check_mode or len(packet) != _HEADER.size + size + 2:
        return None
    if int.from_bytes(packet[-2:], "little") != crc16(packet[:-2], 0):
        return None
    return Frame(packet[_HEADER.size : -2], to, by)


class FrameReader:
    """Finds frames in a stream. What is no frame is dropped and counted."""

    def __init__(self) -> None:
        self._body: bytearray | None = None  # None: outside a frame
        self.dropped = 0  # bytes

    @property
    def waiting(self) -> int:
        """Bytes of a frame that is not whole yet; never more than BODY_MAX."""
        return len(self._body or b"")

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are whole now."""
        frames: list[Frame] = []
        for byte in data:
            body = self._body
            if byte == 0xA5:  # never within a frame: one begins anew
                self.dropped += len(body or b"")
                self._body = bytearray()
            elif body is None:
                self.dropped += 1
            elif byte == 0x5A:
                frame = parse(bytes(body))
                self._body = None
                if frame is None:
                    self.dropped += len(body)
                else:
                    frames.append(frame)
            elif len(body) >= BODY_MAX:
                self.dropped += len(body) + 1
                self._body = None
            else:
                body.append(byte)
        return frames


# --- commands ----------------------------------------------------------------------------------


def show_area(area: Area) -> bytes:
    """Data of the command that shows `area` and asks for an answer (A3 06)."""
    fields = _AREA.pack(
        0,  # area type: text
        area.x | _PIXELS,
        area.y,
        area.width | _PIXELS,
        area.height,
        area.number,
        0,  # space between lines
        0,  # run mode: go round for ever
        area.timeout,
        0,  # no voice
        0,  # no extra parameters
        0,  # left, top
        2,  # several lines: what is below the area's height is the next page
        1,  # lines end where the text says so
        1,  # stands still
        0,
        area.speed,
        area.stay,
        len(area.text),
    )
    content = fields + area.text
    return bytes.fromhex("a306010000") + b"\x00\x01" + len(content).to_bytes(2, "little") + content


def shown_area(data: bytes) -> Area | None:
    """What a show_area command says; None for other commands and damaged ones."""
    if len(data) < 9 + _AREA.size or data[:2] != b"\xa3\x06" or data[5:7] != b"\x00\x01":
        return None
    content = data[9:]
    if int.from_bytes(data[7:9], "little") != len(content):
        return None
    (_, x, y, width, height, number, _, _, timeout, *_, speed, stay, length) = _AREA.unpack_from(
        content
    )
    text = content[_AREA.size :]
    if length != len(text):
        return None
    return Area(
        text=text,
        x=x & ~_PIXELS,
        y=y,
        width=width & ~_PIXELS,
        height=height,
        number=number,
        timeout=timeout,
        speed=speed,
        stay=stay,
    )


def ping() -> bytes:
    """Data of the command that only asks for an answer (A2 00)."""
    return bytes.fromhex("a200010000")


def reply(ok: bool, error: int = 0) -> bytes:
    """Data of a controller's answer, for simulators."""
    return bytes([0xA0, ACK if ok else NACK, error, 0, 0])


def reply_of(data: bytes) -> Reply | None:
    """The answer in a frame's data; None when it is no plain answer."""
    if len(data) < 5 or data[0] != 0xA0 or data[1] not in (ACK, NACK):
        return None
    return Reply(data[1] == ACK, data[2])


def marked_text(pages: tuple[str, ...], font: FontSize, colour: Colour) -> bytes:
    """Pages as the controller wants them: fonts, colour, and `\\n` between pages. Whole pages that
    pass TEXT_MAX are left out; signs that no GBK font has become `?`."""
    marks = f"\\FO{_FONTS[font]}\\FE{_FONTS[font]}\\C{_COLOURS[colour]}".encode()
    # A backslash of the text would begin a mark.
    lines = [page.replace("\\", "＼").encode("gbk", "replace") for page in pages]
    while len(lines) > 1 and len(marks) + sum(len(line) + 2 for line in lines) > TEXT_MAX:
        lines.pop()
    return marks + b"\\n".join(lines)
