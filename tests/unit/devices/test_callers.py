"""What a caller's keys mean, and the bytes of Linux input devices."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hall_core.agent.config import ConfigError
from hall_queue.callers.agent import HOTKEYS, KEYPAD, Caller, CallerConfig
from hall_queue.callers.evdev import EV_KEY, EVENT, NAMES, Chords, EventReader, combination
from hall_queue.callers.keys import KEYS, Keypad, Press, display_text, number_of

CTRL, ALT, F9, A = 29, 56, 67, 30


def event(code: int, value: int = 1, kind: int = EV_KEY) -> bytes:
    return EVENT.pack(1_700_000_000, 123_456, kind, code, value)


# --- presses -----------------------------------------------------------------------------------


def test_a_key_is_its_command() -> None:
    assert Keypad().press("recall", 1.0) == Press("recall", "", 1.0)


def test_digits_before_a_call_name_somebody() -> None:
    pad = Keypad()
    assert [pad.press(digit, 1.0 + n / 10) for n, digit in enumerate("012")] == [None] * 3  # type: ignore[arg-type]
    assert pad.press("call_next", 2.0) == Press("call_next", "012", 2.0)
    assert pad.press("call_next", 3.0) == Press("call_next", "", 3.0)


def test_digits_are_forgotten_by_time_and_by_clear() -> None:
    pad = Keypad()
    pad.press("7", 1.0)
    assert pad.press("call_next", 10.0) == Press("call_next", "", 10.0)
    pad.press("7", 20.0)
    pad.press("clear", 20.5)
    assert pad.press("call_next", 21.0) == Press("call_next", "", 21.0)


def test_digits_never_go_with_another_command() -> None:
    pad = Keypad()
    pad.press("7", 1.0)
    assert pad.press("finish", 1.5) == Press("finish", "", 1.5)


def test_a_chattering_contact_is_one_press() -> None:
    pad = Keypad()
    times = [1.0, 1.02, 1.1, 1.3, 1.5]
    assert [pad.press("call_next", at) is not None for at in times] == [True] + [False] * 4
    assert pad.press("call_next", 2.0) is not None


@given(st.lists(st.tuples(st.sampled_from(sorted(KEYS)), st.floats(0, 2)), max_size=60))
def test_any_presses_keep_few_digits(pressed: list[tuple[str, float]]) -> None:
    pad, now = Keypad(), 0.0
    for key, after in pressed:
        now += after
        press = pad.press(key, now)  # type: ignore[arg-type]
        assert len(pad.digits) <= 5
        assert press is None or press.digits == "" or press.command == "call_next"


def test_nobody_is_called_on_a_guess() -> None:
    assert number_of("12", ["H"]) == "H012"
    assert number_of("1234", ["H"]) == "H1234"
    assert number_of("12", ["H", "S"]) is None
    assert number_of("12", []) is None


def test_what_the_display_shows() -> None:
    assert display_text("H012", 5, 8) == b"H012   5"
    assert display_text(None, 0, 8) == b"-      0"
    assert display_text("H012", 12345, 6) == b"H012  "
    assert display_text(None, None, 4) == b"-   "


@given(st.none() | st.text(max_size=12), st.none() | st.integers(0, 10**6), st.integers(1, 16))
def test_the_display_is_always_full(number: str | None, waiting: int | None, width: int) -> None:
    assert len(display_text(number, waiting, width)) == width


# --- input devices -----------------------------------------------------------------------------


def test_key_events_in_any_pieces() -> None:
    line = event(96) + event(4, 458, kind=4) + event(96, 0)
    reader = EventReader()
    found = [e for at in range(0, len(line), 5) for e in reader.feed(line[at : at + 5])]
    assert found == [(96, 1), (96, 0)]


@given(st.lists(st.binary(max_size=500), max_size=6))
def test_any_bytes_are_events_or_wait(pieces: list[bytes]) -> None:
    reader, chords = EventReader(), Chords(KEYPAD)
    for piece in pieces:
        for code, value in reader.feed(piece):
            chords.key(code, value)
    assert len(reader._buffer) < EVENT.size
    assert len(chords._held) <= 8


def test_a_combination_needs_its_modifiers_and_no_others() -> None:
    chords = Chords(HOTKEYS)
    assert chords.key(F9, 1) is None
    chords.key(CTRL, 1)
    chords.key(ALT, 1)
    assert chords.key(F9, 1) == "call_next"
    assert chords.key(F9, 2) is None  # held down
    chords.key(42, 1)
    assert chords.key(F9, 1) is None
    chords.key(42, 0)
    chords.key(ALT, 0)
    assert chords.key(F9, 1) is None


def test_names_of_keys() -> None:
    assert combination("alt+Ctrl+f9") == "CTRL+ALT+F9"
    assert (NAMES[96], NAMES[A], NAMES[68], NAMES[11]) == ("KPENTER", "A", "F10", "0")
    for text in ("", "ctrl+", "HYPER+A", "F99"):
        with pytest.raises(ValueError, match="is no key"):
            combination(text)


BUS: dict[str, object] = {"address": "COM3", "frame": {}, "keys": {"01": "recall"}}


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({}, "missing required field `address`"),
        ({"address": "COM3"}, "needs frame and keys"),
        ({"address": "COM3", "frame": {}, "keys": {"01": "shout"}}, "'shout' is unknown"),
        ({"address": "COM3", "frame": {}, "keys": {"0102": "recall"}}, "a code has 1 bytes"),
        ({"address": "tcp://nowhere", "frame": {}, "keys": {"01": "recall"}}, "no address"),
        ({**BUS, "windows": {"03": 3, "0104": 4}}, "same number of bytes"),
        ({**BUS, "windows": {"": 3}}, "same number of bytes"),
        ({**BUS, "windows": {"03": 0}}, "windows"),
        ({**BUS, "frame": {"address": "03"}, "windows": {"03": 3}}, "leave address out"),
        ({**BUS, "display": {"code_bytes": 16}, "windows": {"03": 3}}, "code_bytes must be"),
        ({"address": "x", "source": "keypad", "keys": {"F99": "recall"}}, "is no key"),
        ({"address": "x", "source": "foot"}, "Invalid enum value"),
    ],
)
def test_a_wrong_config_is_refused(table: dict[str, object], says: str) -> None:
    with pytest.raises((msgspec.ValidationError, ConfigError), match=says):
        Caller("caller", msgspec.convert(table, CallerConfig))
