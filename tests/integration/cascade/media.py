"""Receiving what the uplink sends, and reading it with FFmpeg (PyAV), which we did not write."""

from __future__ import annotations

import io
import socket
import struct
import threading
from pathlib import Path
from typing import Any, Literal, Self

import av


class Receiver(threading.Thread):
    """RTP over UDP, or over TCP: "passive" they connect to us, "active" we `dial` them."""

    def __init__(self, transport: Literal["", "passive", "active"] = "") -> None:
        super().__init__(daemon=True)
        self.packets: list[bytes] = []
        self._transport = transport
        kind = socket.SOCK_STREAM if transport else socket.SOCK_DGRAM
        self._socket = socket.socket(socket.AF_INET, kind)
        self._socket.settimeout(20)
        if not transport:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        if transport == "passive":
            self._socket.listen(1)
        if transport != "active":
            self.start()

    def dial(self, port: int) -> None:
        self._socket.connect(("127.0.0.1", port))
        self.start()

    def run(self) -> None:
        try:
            if self._transport == "passive":
                peer, _ = self._socket.accept()
                peer.settimeout(20)
                read_framed(peer, self.packets)
            elif self._transport:
                read_framed(self._socket, self.packets)
            else:
                while True:
                    self.packets.append(self._socket.recv(65536))
        except OSError:
            return

    def has(self, frames: int) -> bool:
        """Whether so many have come to their end."""
        return sum(packet[1] >> 7 for packet in list(self.packets)) >= frames

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def read_framed(peer: socket.socket, packets: list[bytes]) -> None:
    """RFC 4571, until the peer closes."""
    with peer, peer.makefile("rb") as file:
        while len(head := file.read(2)) == 2:
            packets.append(file.read(struct.unpack("!H", head)[0]))


def program_stream(packets: list[bytes], ssrc: int) -> bytes:
    """The payload of RTP packets in order; none may be missing."""
    parts = []
    expected: int | None = None
    for packet in list(packets):
        first, kind, sequence, _, source = struct.unpack_from("!BBHII", packet)
        assert (first, kind & 0x7F, source) == (0x80, 96, ssrc)
        assert len(packet) <= 1412
        assert expected is None or sequence == expected, "a packet is missing"
        expected = (sequence + 1) & 0xFFFF
        parts.append(packet[12:])
    return b"".join(parts)


def decoded(stream: bytes) -> list[bytes]:
    """Its pictures, as raw bytes. The last one may be cut and is left out."""
    with av.open(io.BytesIO(stream), mode="r", format="mpeg") as container:
        frames = [frame.to_ndarray().tobytes() for frame in container.decode(video=0)]
    return frames[:-1]


def source_frames(clip: Path) -> list[bytes]:
    """The pictures of a clip of `tests.peers.clips`."""
    data = clip.read_bytes()
    decoder: Any = av.CodecContext.create("h264", "r")
    frames: list[bytes] = []
    at = 0
    while at < len(data):
        length, _ = struct.unpack_from("!IB", data, at)
        packet = av.Packet(data[at + 5 : at + 5 + length])
        frames += [frame.to_ndarray().tobytes() for frame in decoder.decode(packet)]
        at += 5 + length
    return frames + [frame.to_ndarray().tobytes() for frame in decoder.decode(None)]


def in_order(received: list[bytes], source: list[bytes]) -> bool:
    """Whether what came is the looped source without a gap, bit for bit."""
    if not received or received[0] not in source:
        return False
    start = source.index(received[0])
    looped = [source[(start + n) % len(source)] for n in range(len(received))]
    return received == looped
