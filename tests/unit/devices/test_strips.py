"""What a strip shows, and the text strips of other makers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hall_displays.strips.content import (
    BLANK,
    flashing,
    half_columns,
    pages_of,
    pages_of_window,
)
from hall_displays.strips.text_strip import BUFFER_MAX, TextFormat, TextReader

ZONE = "Asia/Shanghai"


def pages(columns: int = 8, texts: dict[str, str] | None = None, **window: Any) -> tuple[str, ...]:
    entry = {"number": 12, "state": "open", "ticket": None, "absence": None, "covered_by": None}
    return pages_of_window({**entry, **window}, texts or {}, ZONE, columns)


def test_a_call_fits_eight_columns_exactly() -> None:
    shown = pages(state="calling", ticket="H012")
    assert shown == ("请H012到12号窗口",)
    assert half_columns(shown[0]) == 16


def test_a_flashing_call_is_there_and_gone_in_turns() -> None:
    shown = pages(columns=4, state="calling", ticket="H012")
    assert len(shown) == 2
    assert flashing(shown)[::2] == shown
    assert set(flashing(shown)[1::2]) == {BLANK}


def test_what_each_state_shows() -> None:
    assert pages() == ("热情为您服务",)
    assert pages(state="serving", ticket="H012") == ("正在办理H012",)
    assert pages(state="closed") == ("暂停服务",)
    assert pages(state="closed", covered_by=4) == ("请到4号窗口",)


def test_a_notice_tells_why_until_when_and_where_to_go() -> None:
    absence = {"reason": "现场勘验", "expected_return": "2026-03-02T02:30:00Z", "overdue_steps": 0}
    assert pages(state="away", absence=absence) == ("暂离：现场勘验", "预计10:30返回")
    covered = pages(state="away", absence=absence, covered_by=4)
    assert covered == ("请到4号窗口", "暂离：现场勘验", "预计10:30返回")
    late = pages(state="away", absence={**absence, "overdue_steps": 1})
    assert late == ("暂离：现场勘验", "原定10:30返回")


def test_a_stand_in_serves_as_usual() -> None:
    assert pages(state="open", absence={"reason": "会议"}) == ("热情为您服务",)


def test_the_halls_own_words() -> None:
    texts = {"screen.welcome": "欢迎", "screen.call": "{number}→{window}"}
    assert pages(texts=texts) == ("欢迎",)
    assert pages(texts=texts, state="calling", ticket="H012") == ("H012→12",)


def test_a_longer_text_comes_in_pages_and_no_number_is_cut() -> None:
    assert pages_of("请H0123到112号窗口办理，谢谢", 6) == ("请H0123到112", "号窗口办理，", "谢谢")
    assert pages_of("", 8) == ("",)


@given(st.text(max_size=200), st.integers(2, 20))
def test_every_page_fits_and_nothing_but_spaces_is_lost(line: str, columns: int) -> None:
    found = pages_of(line, columns)
    assert all(half_columns(page) <= 2 * columns for page in found)
    plain = "".join(sign for sign in line if sign.isprintable())
    assert "".join(found).replace(" ", "").split() == "".join(plain.split()).split()


@given(
    st.fixed_dictionaries(
        {"number": st.integers(1, 999)},
        optional={
            "state": st.sampled_from(["closed", "open", "calling", "serving", "away", "odd"]),
            "ticket": st.none() | st.just("H012"),
            "covered_by": st.none() | st.integers(1, 999),
            "absence": st.none() | st.fixed_dictionaries({"expected_return": st.text(max_size=30)}),
        },
    )
)
def test_any_entry_shows_something(window: dict[str, Any]) -> None:
    assert any(pages_of_window(window, {}, ZONE, 8))
    assert any(pages_of_window(window, {}, "No/Where", 8))


# --- text strips -------------------------------------------------------------------------------

framed = TextFormat(prefix="AA 55", address="07", suffix="0D 0A", check="xor8", check_from=2)


def test_a_text_is_framed() -> None:
    sent = framed.build("请H012到12号窗口")
    assert (sent[:3], sent[-2:]) == (b"\xaa\x55\x07", b"\r\n")
    assert TextReader(framed).feed(sent) == ["请H012到12号窗口"]


@given(
    st.lists(st.text("请到号窗口H0123456789暂离，：", max_size=20), max_size=4), st.integers(1, 9)
)
def test_texts_in_any_pieces(texts: list[str], size: int) -> None:
    reader = TextReader(TextFormat(prefix="02", suffix="03", encoding="gb2312"))
    line = b"".join(TextFormat(prefix="02", suffix="03").build(text) for text in texts)
    found = [t for at in range(0, len(line), size) for t in reader.feed(line[at : at + size])]
    assert found == texts


@given(st.lists(st.binary(max_size=3000), max_size=5))
def test_noise_is_bounded(pieces: list[bytes]) -> None:
    reader = TextReader(framed)
    for piece in pieces:
        reader.feed(piece)
    assert len(reader._buffer) <= BUFFER_MAX
    assert reader.feed(b"\r\n" + framed.build("好"))[-1:] == ["好"]


def test_a_strip_without_an_end_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="suffix"):
        msgspec.convert({"suffix": ""}, TextFormat)
