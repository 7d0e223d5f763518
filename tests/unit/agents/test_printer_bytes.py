"""The printer's bytes: status answers, and whatever else a line may carry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hall_queue.printing import status
from hall_queue.printing.simulator import Paper
from hall_queue.printing.transport import parse

WELL = dict.fromkeys(status.QUERIES, 0x12)


@pytest.mark.parametrize(
    ("answers", "fault"),
    [
        ({}, None),
        ({4: 0x12 | 0x0C}, "paper_near_end"),
        ({4: 0x12 | 0x60}, "paper_out"),
        ({4: 0x12 | 0x60 | 0x0C, 1: 0x1A, 2: 0x16}, "paper_out"),
        ({2: 0x12 | 0x20}, "paper_out"),
        ({2: 0x12 | 0x04, 1: 0x1A}, "cover_open"),
        ({3: 0x12 | 0x08}, "device_error"),
        ({1: 0x1A}, "offline"),
        ({1: 0x1A, 4: 0x1E}, "offline"),
    ],
)
def test_what_a_printer_says_of_itself(answers: dict[int, int], fault: str | None) -> None:
    assert status.fault_of(WELL | answers) == fault


@given(st.dictionaries(st.integers(1, 4), st.integers(0, 255)))
def test_every_answer_means_something(answers: dict[int, int]) -> None:
    status.fault_of(answers)


@given(st.integers(0, 255))
def test_a_status_is_never_taken_for_a_confirmation(byte: int) -> None:
    assert not (status.is_status(byte) and status.is_paper_reply(byte))


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_the_simulator_takes_any_bytes(chunks: list[bytes]) -> None:
    split, whole = Paper(), Paper()
    for chunk in chunks:
        split.feed(chunk)
    whole.feed(b"".join(chunks))
    assert (split.cuts, split.strange) == (whole.cuts, whole.strange)


@pytest.mark.parametrize("text", ["", "tcp://", "tcp://h:0", "tcp://h:99999", "lp0", "http://h"])
def test_an_address_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="no printer"):
        parse(text)


def test_addresses() -> None:
    assert (parse("tcp://10.0.0.9").host, parse("tcp://10.0.0.9").port) == ("10.0.0.9", 9100)
    assert parse("tcp://[::1]:9101").host == "::1"
    assert parse("/dev/usb/lp0").path == parse("file:///dev/usb/lp0").path == "/dev/usb/lp0"
