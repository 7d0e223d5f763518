"""Strips that take a text between two marks: what many makers' simple controllers understand. Pure.

prefix · address · text · check · suffix
"""

from __future__ import annotations

from typing import Literal

import msgspec

from hall_core.agent.framing import Checksum, checksum, from_hex

BUFFER_MAX = 4096  # bytes without an end


class TextFormat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a text is framed. Bytes are hexadecimal; the check covers everything before it from
    byte `check_from` on."""

    prefix: str = ""
    address: str = ""
    suffix: str = "0D 0A"
    encoding: Literal["gb18030", "gb2312"] = "gb18030"
    check: Checksum = "none"
    check_from: int = 0

    def __post_init__(self) -> None:
        head = from_hex(self.prefix) + from_hex(self.address)
        if not from_hex(self.suffix):
            raise ValueError("suffix must not be empty: it tells where a text ends")
        if not 0 <= self.check_from <= len(head):
            raise ValueError("check_from must lie within prefix and address")

    @property
    def head(self) -> bytes:
        return from_hex(self.prefix) + from_hex(self.address)

    def build(self, text: str) -> bytes:
        """The frame that shows `text`. Signs the encoding does not have become `?`."""
        body = self.head + text.encode(self.encoding, "replace")
        return body + checksum(self.check, body[self.check_from :]) + from_hex(self.suffix)


class TextReader:
    """The receiving side, for simulators: finds the texts in a stream."""

    def __init__(self, format_: TextFormat) -> None:
        self._format = format_
        self._buffer = bytearray()
        self.dropped = 0  # bytes

    def feed(self, data: bytes) -> list[str]:
        """The texts whose frames are whole now."""
        texts: list[str] = []
        suffix = from_hex(self._format.suffix)
        self._buffer += data
        while (end := self._buffer.find(suffix)) >= 0:
            frame = bytes(self._buffer[: end + len(suffix)])
            del self._buffer[: end + len(suffix)]
            text = self._text(frame)
            if text is None:
                self.dropped += len(frame)
            else:
                texts.append(text)
        if len(self._buffer) > BUFFER_MAX:
            self.dropped += len(self._buffer)
            self._buffer.clear()
        return texts

    def _text(self, frame: bytes) -> str | None:
        checked = frame[: -len(from_hex(self._format.suffix))]
        size = len(checksum(self._format.check, b""))
        start = checked.rfind(self._format.head) if self._format.head else 0
        body = checked[start : len(checked) - size]
        if (
            start < 0
            or checksum(self._format.check, body[self._format.check_from :])
            != (checked[len(checked) - size :])
        ):
            return None
        try:
            return body[len(self._format.head) :].decode(self._format.encoding)
        except UnicodeDecodeError:
            return None
