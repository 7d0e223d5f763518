"""Time stamps and codec names of a live view."""

from __future__ import annotations

from hall_cameras.live.mux import Clock, codec_of


def test_time_stamps_only_grow() -> None:
    clock = Clock()
    own: list[tuple[int | None, int | None]] = [
        (None, None), (0, 0), (3600, 7200), (3600, 3600), (900_000_000, 900_000_000), (7200, 7200),
        (None, 10_800), (14_400, None),
    ]  # fmt: skip
    stamps = [clock.stamp(dts, pts) for dts, pts in own]
    decoded = [dts for dts, _ in stamps]
    assert decoded == sorted(set(decoded))
    assert decoded[-1] == 3600 * (len(own) - 1)
    assert all(pts >= dts for dts, pts in stamps)


def test_the_codec_is_read_from_the_parameters() -> None:
    assert codec_of(b"\0\0\0\x01\x67\x64\x00\x1f\xac\0\0\x01\x68\xce") == "avc1.64001F"
    assert codec_of(b"\0\0\0\x01\x09\x10\0\0\0\x01\x67\x42\xc0\x1e\xda\0") == "avc1.42C01E"
    assert codec_of(b"") is None
    assert codec_of(None) is None
