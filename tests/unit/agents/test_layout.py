"""What stands on a ticket, and that it fits the paper."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hall_core.texts import TICKET_LAYOUT, TICKET_PLACES, layout_fault
from hall_queue.printing.layout import COLUMNS, Line, clean, lay_out, width, wrap, wrapped
from hall_queue.printing.paper import ticket
from hall_queue.printing.simulator import Paper
from hall_queue.printing.words import runs

WORDS = dict.fromkeys(TICKET_PLACES, "") | {
    "hall": "青禾旗政务服务中心", "title": "排队号票", "service": "居民身份证核发",
    "number": "H012", "ahead": "8人", "wait": "约25至40分钟", "windows": "3-5号窗口",
    "foot": "请在休息区等候叫号", "rule": "过号后到取号机扫码，排到第3位之后，最多2次。",
    "issued": "2026-11-23 09:15",
}  # fmt: skip

text = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf", "Co", "Cn"])).map(clean)


def test_the_default_layout_is_one() -> None:
    assert layout_fault(TICKET_LAYOUT) is None


def test_lines_with_nothing_to_say_are_left_out() -> None:
    lines = lay_out(TICKET_LAYOUT, WORDS)
    assert [line.text for line in lines] == [
        "青禾旗政务服务中心", "排队号票", "居民身份证核发", "H012", "前面还有：8人",
        "预计等候：约25至40分钟", "办理窗口：3-5号窗口", "---", "请在休息区等候叫号",
        "过号后到取号机扫码，排到第3位之后，最多2次。", "取号时间：2026-11-23 09:15",
    ]  # fmt: skip
    assert [line.size for line in lines][:4] == [1, 1, 2, 3]


def test_the_code_comes_only_with_an_address() -> None:
    lines = lay_out(TICKET_LAYOUT, WORDS | {"qr": "http://hall/t/x", "scan": "扫码"})
    assert Line("http://hall/t/x", qr=True) in lines
    assert not any(line.qr for line in lay_out(TICKET_LAYOUT, WORDS))


def test_a_mark_stands_above_whatever_the_layout_says() -> None:
    lines = lay_out("## {number}", WORDS, ["补打 2026-11-23 09:20"])
    assert [line.text for line in lines] == ["补打 2026-11-23 09:20", "H012"]


@pytest.mark.parametrize(
    "layout", ["{name} {number}", "{number", "number}", "{{number}}", "没有号码", "{}{number}"]
)
def test_a_layout_names_only_what_there_is_and_the_number_always(layout: str) -> None:
    assert layout_fault(layout) is not None


@given(text, st.integers(2, 48))
def test_no_line_is_wider_than_the_paper_and_nothing_is_lost(text: str, columns: int) -> None:
    pieces = wrap(text, columns)
    assert all(width(piece) <= columns for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_no_line_begins_with_a_comma() -> None:
    assert wrap("一二三四，五", 8) == ["一二三", "四，五"]


@given(st.lists(st.builds(Line, text, st.integers(1, 3), st.booleans()), max_size=6),
       st.sampled_from([58, 80]))  # fmt: skip
def test_what_is_printed_is_what_was_laid_out(lines: list[Line], paper_mm: int) -> None:
    paper = Paper()
    replies = paper.feed(ticket(lines, paper_mm))
    assert replies == b"\x00"  # confirmed at the end, after the cut
    assert (paper.cuts, paper.strange) == (1, 0)
    printed = paper.tickets[0]
    fitted = wrapped([line for line in lines if not line.qr], paper_mm)
    assert printed.lines[: len(fitted)] == [(line.text, line.size) for line in fitted]
    assert all(width(line) * size <= COLUMNS[paper_mm] for line, size in printed.lines)
    assert printed.codes == [line.text for line in lines if line.qr and line.text]


def test_names_with_control_signs_do_not_command_the_printer() -> None:
    paper = Paper()
    paper.feed(ticket([Line("恶意\x1d(k\x1bm\n名称")], 80))
    assert paper.tickets[0].lines[0] == ("恶意 (k m 名称", 1)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [([3], "3"), ([4, 3], "3、4"), ([3, 4, 5, 9], "3-5、9"), ([1, 2, 3, 7, 8], "1-3、7、8")],
)
def test_many_windows_are_said_shortly(numbers: list[int], said: str) -> None:
    assert runs(numbers) == said
