"""Button boxes: which press counts, and that none is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hall_core.agent.framing import from_hex
from hall_evaluation.boxes.box import (
    LEVELS,
    Asking,
    BoxFormat,
    BoxReader,
    Question,
    question_in,
)
from hall_evaluation.boxes.store import LIFE_S, PRESSES_MAX, Pressed, PressStore

CODES: dict[str, str] = {level: f"{n:02X}" for n, level in enumerate(LEVELS, 1)}
BOX = msgspec.convert(
    {
        "frame": {"header": "AA 55", "check": "sum8", "end": "0D"},
        "levels": CODES,
        "prompt_on": "AA 55 F0",
        "prompt_off": "AA 55 0F",
    },
    BoxFormat,
)


def test_each_key_is_its_level() -> None:
    reader = BoxReader(BOX)
    sent = b"".join(BOX.frame.build(from_hex(code)) for code in CODES.values())
    assert reader.feed(sent) == list(LEVELS)
    assert reader.feed(BOX.frame.build(b"\x09")) == []
    assert reader.dropped == 1


@given(st.binary(max_size=2000))
def test_noise_is_never_a_level(noise: bytes) -> None:
    reader = BoxReader(BOX)
    pressed = reader.feed(noise.replace(b"\xaa\x55", b""))
    assert len(pressed) <= noise.count(b"\xaa")
    assert reader.dropped <= len(noise)


@pytest.mark.parametrize(
    ("levels", "says"),
    [
        ({**CODES, "satisfied": "01"}, "two levels have one code"),
        ({**CODES, "satisfied": "0102"}, "a code has 1 bytes"),
        ({"satisfied": "01"}, "very_satisfied, mostly_satisfied"),
        ({**CODES, "angry": "09"}, "Invalid enum value 'angry'"),
        ({**CODES, "satisfied": "zz"}, "not hexadecimal"),
    ],
)
def test_a_box_with_wrong_levels_is_refused(levels: dict[str, str], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says):
        msgspec.convert({"levels": levels}, BoxFormat)


def test_one_press_counts() -> None:
    asking = Asking()
    assert asking.press(0.0) is None
    asking.set(Question("t1", 30.0))
    assert asking.press(1.0) == "t1"
    assert asking.press(2.0) is None
    asking.set(Question("t1", 60.0))  # told again after a reconnect
    assert asking.press(3.0) is None
    asking.set(Question("t2", 60.0))
    assert asking.press(4.0) == "t2"


def test_what_was_undone_and_ended_again_is_asked_again() -> None:
    """The press came after the undo, so it was refused: the citizen may press once more."""
    asking = Asking()
    asking.set(Question("t1", 30.0, asked="10:00:00"))
    assert asking.press(1.0) == "t1"
    asking.set(None)
    asking.set(Question("t1", 60.0, asked="10:00:20"))
    assert asking.press(31.0) == "t1"
    assert asking.press(32.0) is None


def test_a_question_ends_by_itself_when_the_server_is_away() -> None:
    asking = Asking()
    asking.set(Question("t1", 30.0))
    asking.set(Question("t1", 99.0))
    assert asking.open(29.0) is not None
    assert asking.press(30.0) is None


def test_the_question_of_the_window() -> None:
    at = {"asked_at": "2026-03-02T02:30:00Z", "until": "2026-03-02T02:30:20Z"}
    state = {"questions": [{"window": 3, "token": "t3", **at}, {"window": 4, "token": "t4"}]}
    assert question_in(state, 3, 100.0) == Question("t3", 120.0, at["asked_at"])
    assert question_in(state, 4, 100.0) == Question("t4", 130.0)
    assert question_in(state, 5, 100.0) is None
    assert question_in({}, 3, 100.0) is None
    assert question_in({"questions": [{"window": 3, "removed": True}]}, 3, 100.0) is None


# --- presses on disk ---------------------------------------------------------------------------


def pressed(n: int, at: float = 0.0) -> Pressed:
    return Pressed(f"key-{n}", f"token-{n}", "satisfied", at)


def test_presses_survive_and_leave_when_delivered(tmp_path: Path) -> None:
    path = tmp_path / "pad.presses"
    store = PressStore(path)
    store.add(pressed(1))
    store.add(pressed(2))
    again = PressStore(path)
    assert again.presses == [pressed(1), pressed(2)]
    again.remove(pressed(1))
    assert PressStore(path).presses == [pressed(2)]
    assert path.stat().st_mode & 0o077 == 0


def test_a_damaged_file_is_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "pad.presses"
    path.write_bytes(b'[{"key":')
    store = PressStore(path)
    store.add(pressed(1))
    assert PressStore(path).presses == [pressed(1)]


def test_presses_are_bounded_and_old_ones_given_up(tmp_path: Path) -> None:
    store = PressStore(tmp_path / "pad.presses")
    store.presses = [pressed(n) for n in range(PRESSES_MAX)]
    store.add(pressed(PRESSES_MAX, at=LIFE_S))
    assert len(store.presses) == PRESSES_MAX
    store.forget_old(LIFE_S + 1)
    assert store.presses == [pressed(PRESSES_MAX, at=LIFE_S)]


def test_presses_that_come_and_go_at_once_are_all_kept(tmp_path: Path) -> None:
    """One thread keeps a press while another has done with an earlier one."""
    store = PressStore(tmp_path / "pad.presses")
    old = [Pressed(f"old{n}", "t", "satisfied", 0.0) for n in range(30)]
    for one in old:
        store.add(one)
    new = [Pressed(f"new{n}", "t", "satisfied", 0.0) for n in range(30)]
    with ThreadPoolExecutor(4) as threads:
        todo = [threads.submit(store.remove, one) for one in old]
        todo += [threads.submit(store.add, one) for one in new]
        for done in todo:
            done.result()
    assert {one.key for one in store.presses} == {one.key for one in new}
    assert PressStore(tmp_path / "pad.presses").presses == store.presses
