"""The program stream, read back by FFmpeg (PyAV) frame by frame."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest

from hall_cameras.cascade import ps
from hall_cameras.cascade.ps import Muxer, annex_b, crc32_mpeg2
from hall_cameras.cascade.rtp import PAYLOAD_MAX, Packetiser


def encoded(codec: str, count: int = 30, noise: bool = False) -> tuple[list[Any], bytes]:
    """Packets of `libx264` or `libx265`, and the encoder's parameter sets."""
    encoder = av.CodecContext.create(codec, "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height = (640, 480) if noise else (160, 120)
    encoder.pix_fmt = "yuv420p"
    encoder.time_base, encoder.framerate, encoder.gop_size = Fraction(1, 25), Fraction(25), 10
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency"}
    if codec == "libx265":
        encoder.options = {"preset": "ultrafast", "x265-params": "log-level=none"}
    if noise:
        encoder.bit_rate = 40_000_000
    generator = np.random.default_rng(1)
    packets = []
    for index in range(count):
        picture = np.full((encoder.height * 3 // 2, encoder.width), index * 3, np.uint8)
        if noise:
            picture = generator.integers(0, 255, picture.shape, dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = index
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return packets, bytes(encoder.extradata or b"")


def decoded(codec: str, packets: list[Any]) -> list[bytes]:
    decoder: Any = av.CodecContext.create(codec, "r")
    frames = [f for packet in packets for f in decoder.decode(av.Packet(bytes(packet)))]
    return [frame.to_ndarray().tobytes() for frame in frames + decoder.decode(None)]


@pytest.mark.parametrize(
    ("encoder", "codec", "noise"),
    [("libx264", "h264", False), ("libx265", "hevc", False), ("libx264", "h264", True)],
)
def test_every_frame_comes_back(encoder: str, codec: str, noise: bool) -> None:
    packets, _ = encoded(encoder, noise=noise, count=12 if noise else 30)
    muxer = Muxer(codec)
    stream = b"".join(
        muxer.frame(bytes(p), p.is_keyframe, (p.pts + 5) * 3600, (p.dts + 5) * 3600)
        for p in packets
    )
    if noise:
        assert max(p.size for p in packets) > 2 * ps.PES_MAX  # frames of several PES packets
    with av.open(io.BytesIO(stream), mode="r", format="mpeg") as container:
        assert container.streams.video[0].codec.name == codec
        frames = list(container.decode(video=0))
    assert [frame.to_ndarray().tobytes() for frame in frames] == decoded(codec, packets)
    assert [frame.pts for frame in frames] == [(n + 5) * 3600 for n in range(len(frames))]


def test_a_key_frame_has_a_map_with_its_checksum() -> None:
    assert crc32_mpeg2(b"123456789") == 0x0376E6E7  # the check value of CRC-32/MPEG-2
    frame = Muxer("h264").frame(b"\0\0\0\1\x65abc", True, 9000, 9000)
    at = frame.index(b"\0\0\1\xbc")
    (length,) = struct.unpack_from("!H", frame, at + 4)
    assert crc32_mpeg2(frame[at : at + 6 + length]) == 0
    assert frame[:4] == b"\0\0\1\xba"
    assert frame[14:18] == b"\0\0\1\xbb"
    later = Muxer("h264").frame(b"\0\0\0\1\x41abc", False, 9000, 9000)
    assert later[14:18] == b"\0\0\1\xe0"


def test_parameter_sets_come_before_a_key_frame_that_has_none() -> None:
    sets = b"\0\0\0\1\x67sps\0\0\0\1\x68pps"
    without, with_ = b"\0\0\0\1\x65idr", b"\0\0\0\1\x09\x10\0\0\0\1\x67own\0\0\0\1\x65idr"
    muxer = Muxer("h264", sets)
    assert sets + without in muxer.frame(without, True, 0, 0)
    assert sets not in muxer.frame(with_, True, 0, 0)
    assert sets not in muxer.frame(b"\0\0\0\1\x41p", False, 0, 0)


def test_parameter_sets_of_files_get_start_codes() -> None:
    box = b"\x01\x42\0\x1e\xff\xe1\0\x04\x67abc\x01\0\x03\x68de"
    assert annex_b("h264", box) == b"\0\0\0\1\x67abc\0\0\0\1\x68de"
    hevc = b"\x01" + bytes(21) + b"\x02\x20\0\x01\0\x02vp\x21\0\x01\0\x02sp"
    assert annex_b("hevc", hevc) == b"\0\0\0\1vp\0\0\0\1sp"
    assert annex_b("h264", b"\x01\x42") == annex_b("h264", b"") == b""
    assert annex_b("h264", b"\0\0\1\x67") == b"\0\0\1\x67"


def test_rtp_marks_the_last_packet_and_wraps() -> None:
    packetiser = Packetiser(200000017, 0xFFFF)
    packets = list(packetiser.packets(bytes(PAYLOAD_MAX * 2 + 1), 1 << 33))
    heads = [struct.unpack_from("!BBHII", packet) for packet in packets]
    assert heads == [
        (0x80, 96, 0xFFFF, 0, 200000017),
        (0x80, 96, 0, 0, 200000017),
        (0x80, 96 | 0x80, 1, 0, 200000017),
    ]
    framed = Packetiser(1, 0).framed(bytes(10), 0)
    assert framed[:2] == struct.pack("!H", 22)
    assert len(framed) == 24
