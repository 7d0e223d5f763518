"""Onbon's frames: the maker's own samples, and whatever else a socket may bring."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hall_displays.strips import onbon
from hall_displays.strips.onbon import Area, Frame, FrameReader, Reply, build

# domain.md section 3: 欢迎光临 on a screen of 128 x 32.
WELCOME = bytes.fromhex(
    "a5a5a5a5a5a5a5a5 feff0080000000000000fe022c00"
    "a30601000000012300000080000080802000000000"
    "0a0000000002010100020a08000000bbb6d3adb9e2c1d9 3c49 5a"
)
AREA = Area(text="欢迎光临".encode("gbk"), width=128, height=32, timeout=10, speed=2, stay=10)
# The maker's protocol document, sections 7 and 8.7.
ACK = bytes.fromhex("a5a5a5a5a5a5a5a5a5 0080feff000000000000fe020500 a000000000 14ac 5a")
NACK = bytes.fromhex("a5a5a5a5a5a5a5a5a5 0080feff000000000000fe020500 a001050000 0551 5a")
PING = bytes.fromhex("a5a5a5a5a5a5a5a5 01000080000000000000fe020500 a200010000 68f8 5a")

frames = st.builds(
    Frame,
    data=st.binary(max_size=300),
    to=st.integers(0, 0xFFFF),
    by=st.integers(0, 0xFFFF),
)


def test_the_makers_sample_is_what_is_built() -> None:
    assert build(Frame(onbon.show_area(AREA))) == WELCOME


def test_the_makers_sample_is_understood() -> None:
    [frame] = FrameReader().feed(WELCOME)
    assert onbon.shown_area(frame.data) == AREA
    assert (frame.to, frame.by) == (0xFFFE, 0x8000)


def test_the_makers_answers_are_understood() -> None:
    reader = FrameReader()
    acked, refused = reader.feed(ACK + NACK)
    assert onbon.reply_of(acked.data) == Reply(True, 0)
    assert onbon.reply_of(refused.data) == Reply(False, 5)
    assert reader.dropped == 0


def test_a_ping_is_the_makers() -> None:
    assert build(Frame(onbon.ping(), to=1)) == PING


def test_every_byte_that_means_something_is_escaped() -> None:
    data = bytes([0xA5, 0xA6, 0x5A, 0x5B, 0x02, 0x01])
    assert onbon.escape(data) == bytes.fromhex("a602 a601 5b02 5b01 02 01")
    assert onbon.unescape(onbon.escape(data)) == data
    assert onbon.unescape(b"\xa6\x03") is None
    assert onbon.unescape(b"\xa6") is None


def test_only_memory_is_written_never_a_program() -> None:
    """Programs are flash, and wear out."""
    assert onbon.show_area(AREA)[:2] == b"\xa3\x06"


@given(st.lists(frames, max_size=4), st.lists(st.integers(0, 1500), max_size=6))
def test_frames_in_any_pieces(sent: list[Frame], cuts: list[int]) -> None:
    line = b"".join(build(frame) for frame in sent)
    reader, found, at = FrameReader(), [], 0
    for cut in [*sorted(cuts), len(line)]:
        found += reader.feed(line[at:cut])
        at = max(at, cut)
    assert found == sent
    assert reader.dropped == 0


@given(st.binary(max_size=4000), frames)
def test_noise_is_dropped_and_the_next_frame_found(noise: bytes, frame: Frame) -> None:
    reader = FrameReader()
    found = reader.feed(noise + build(frame))
    assert found[-1:] == [frame]
    assert reader.waiting <= onbon.BODY_MAX


@given(st.integers(0, 10_000))
def test_an_endless_frame_is_given_up(size: int) -> None:
    reader = FrameReader()
    reader.feed(b"\xa5" + b"\x00" * (onbon.BODY_MAX + size))
    assert reader.waiting <= onbon.BODY_MAX
    assert reader.feed(WELCOME) != []


@given(frames, st.data())
def test_a_damaged_frame_is_no_frame(frame: Frame, data: st.DataObject) -> None:
    line = bytearray(build(frame))
    at = data.draw(st.integers(8, len(line) - 2))
    line[at] ^= data.draw(st.integers(1, 255))
    assert frame not in FrameReader().feed(bytes(line))


@given(st.binary(max_size=200))
def test_any_data_may_be_looked_at(data: bytes) -> None:
    onbon.shown_area(data)
    onbon.shown_area(b"\xa3\x06\x01\x00\x00\x00\x01" + data)
    onbon.reply_of(data)
    onbon.parse(data)


@given(st.lists(st.text(max_size=200), min_size=1, max_size=12))
def test_any_text_fits_the_controller(pages: list[str]) -> None:
    text = onbon.marked_text(tuple(page[:16] for page in pages), 16, "red")
    assert len(text) <= onbon.TEXT_MAX
    assert text.startswith(rb"\FO000\FE000\C1")


def test_a_backslash_begins_no_mark() -> None:
    assert rb"\C2" not in onbon.marked_text((r"\C2绿",), 16, "red")
