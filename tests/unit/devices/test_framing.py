"""Frames of callers and button boxes: found in anything a serial line may bring."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hall_core.agent.framing import Checksum, FrameFormat, FrameReader, checksum, crc16, from_hex
from hall_core.agent.ports import Address, address_of

CHECKS: list[Checksum] = ["none", "sum8", "xor8", "crc16"]

formats = st.builds(
    FrameFormat,
    header=st.sampled_from(["", "AA", "AA 55", "02", "AA AA"]),
    address=st.sampled_from(["", "01", "AA"]),
    code_bytes=st.integers(1, 4),
    check=st.sampled_from(CHECKS),
    end=st.sampled_from(["", "0D", "0D 0A", "AA"]),
)
# Certain to be found in garbage: the head tells where to look, the check what to believe.
sure = FrameFormat(header="AA 55", address="01", code_bytes=1, check="crc16", end="0D")


def fed(reader: FrameReader, data: bytes, cuts: list[int]) -> list[bytes]:
    """`data` in pieces, as a serial line brings it."""
    found: list[bytes] = []
    at = 0
    for cut in [*sorted(cut % (len(data) + 1) for cut in cuts), len(data)]:
        found += reader.feed(data[at:cut])
        at = max(at, cut)
    return found


def test_known_checksums() -> None:
    assert crc16(b"123456789") == 0x4B37  # the catalogue's value of CRC-16/MODBUS
    assert crc16(b"123456789", 0) == 0xBB3D  # and of CRC-16/ARC
    assert checksum("sum8", b"\xff\x02") == b"\x01"
    assert checksum("xor8", b"\xff\x0f") == b"\xf0"
    assert checksum("none", b"abc") == b""


def test_a_frame_as_a_maker_would_draw_it() -> None:
    format_ = FrameFormat(header="AA 55", address="03", code_bytes=1, check="sum8", check_from=2)
    assert format_.build(b"\x05") == bytes.fromhex("aa5503 05 08")
    assert FrameReader(format_).feed(bytes.fromhex("aa55030508")) == [b"\x05"]


@given(formats, st.data())
def test_what_is_built_is_found_whatever_the_pieces(
    format_: FrameFormat, data: st.DataObject
) -> None:
    codes = data.draw(
        st.lists(st.binary(min_size=format_.code_bytes, max_size=format_.code_bytes), max_size=5)
    )
    sent = b"".join(format_.build(code) for code in codes)
    reader = FrameReader(format_)
    assert fed(reader, sent, data.draw(st.lists(st.integers(0, 200), max_size=6))) == codes
    assert reader.dropped == 0
    assert reader.waiting == 0


@given(formats, st.binary(max_size=3000), st.lists(st.integers(0, 3000), max_size=8))
def test_garbage_is_counted_and_never_kept(
    format_: FrameFormat, noise: bytes, cuts: list[int]
) -> None:
    reader = FrameReader(format_)
    found = fed(reader, noise, cuts)
    assert reader.waiting < format_.size
    assert reader.dropped + reader.waiting + len(found) * format_.size == len(noise)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_a_frame_between_noise_is_found(before: bytes, after: bytes) -> None:
    reader = FrameReader(sure)
    codes = reader.feed(before + sure.build(b"\x07") + after + bytes(sure.size))
    # Noise may end with the beginning of a frame, but never swallows a whole one.
    assert b"\x07" in codes


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"header": "XY"}, "not hexadecimal"),
        ({"header": "AA" * 40}, "longer than"),
        ({"code_bytes": 0}, "code_bytes"),
        ({"header": "AA", "check_from": 2}, "check_from"),
        ({"start": "AA"}, "unknown field `start`"),
    ],
)
def test_a_wrong_format_is_refused_by_name(table: dict[str, object], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says):
        msgspec.convert(table, FrameFormat)


def test_where_a_device_is() -> None:
    assert address_of("tcp://10.0.0.9:5005") == Address("10.0.0.9", 5005)
    assert address_of("tcp://[fe80::1]:23") == Address("fe80::1", 23)
    assert address_of(" COM3 ") == Address("COM3", 0)
    for text in ("10.0.0.9", "tcp://10.0.0.9", "tcp://10.0.0.9:5005/"):
        assert address_of(text, 5005) == Address("10.0.0.9", 5005)
    for text in ("COM3", "/dev/ttyUSB0"):
        assert address_of(text, 5005) == Address(text, 0)
    for text in ("", "tcp://10.0.0.9", "tcp://10.0.0.9:0", "tcp://:1", "tcp://a:99999"):
        with pytest.raises(ValueError, match="write tcp://HOST:PORT"):
            address_of(text)


def test_hexadecimal_as_people_write_it() -> None:
    assert from_hex("AA 55") == from_hex("aa55") == b"\xaa\x55"
    with pytest.raises(ValueError, match="a code has 1 bytes"):
        sure.build(b"12")
