"""RTP (RFC 3550) for program streams: payload type 96, a clock of 90 kHz. Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

PAYLOAD_TYPE: Final = 96
PAYLOAD_MAX: Final = 1400  # bytes


class Packetiser:
    """One session's packets. `ssrc` as the upper platform asked."""

    def __init__(self, ssrc: int, sequence: int) -> None:
        self._ssrc = ssrc
        self._sequence = sequence & 0xFFFF

    def packets(self, frame: bytes, stamp: int) -> Iterator[bytes]:
        """A frame's packets: one time stamp (1/90000 s), a marker on the last."""
        view = memoryview(frame)
        last = len(view) - PAYLOAD_MAX
        for start in range(0, len(view), PAYLOAD_MAX):
            marker = 0x80 if start >= last else 0
            head = struct.pack(
                "!BBHII",
                0x80, PAYLOAD_TYPE | marker, self._sequence, stamp & 0xFFFFFFFF, self._ssrc,
            )  # fmt: skip
            self._sequence = (self._sequence + 1) & 0xFFFF
            yield head + view[start : start + PAYLOAD_MAX]

    def framed(self, frame: bytes, stamp: int) -> bytes:
        """The same for TCP: each packet behind its length (RFC 4571)."""
        return b"".join(
            part
            for packet in self.packets(frame, stamp)
            for part in (struct.pack("!H", len(packet)), packet)
        )
