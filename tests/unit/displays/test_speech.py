"""How numbers are read, and what a hall's sentences may hold."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hall_displays import speech
from hall_displays.domain import DEFAULT_TEXTS

DIGITS = dict(zip(speech.DIGITS, "0123456789", strict=True))
numbers = st.builds(
    lambda prefix, count: f"{prefix}{count:03d}",
    st.text(string.ascii_uppercase, min_size=1, max_size=2),
    st.integers(1, 99_999),
)
windows = st.integers(1, 999)


def heard_window(words: str) -> int:
    """The number that a Chinese listener hears: written another way round than `read_window`."""
    total = digit = 0
    for word in words:
        if word in ("百", "十"):
            total += (digit or 1) * (100 if word == "百" else 10)
            digit = 0
        else:
            digit = int(DIGITS[word])
    return total + digit


@given(numbers)
def test_a_ticket_is_read_sign_by_sign(number: str) -> None:
    words = speech.read_number(number)
    assert "".join(DIGITS.get(word, word) for word in words) == number
    assert not set(words) & set("0123456789十百千")


@given(numbers)
def test_one_may_be_read_yao(number: str) -> None:
    words = speech.read_number(number, "幺")
    assert words.replace("幺", "一") == speech.read_number(number)
    assert words.count("幺") == number.count("1")
    assert "一" not in words


@given(numbers)
def test_english_reads_sign_by_sign_too(number: str) -> None:
    words = speech.read_number_en(number).split()
    assert len(words) == len(number)
    assert not set("".join(words)) & set("0123456789")


@given(windows)
def test_a_window_is_heard_as_its_number(window: int) -> None:
    assert heard_window(speech.read_window(window)) == window


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (1, "一"), (2, "二"), (10, "十"), (12, "十二"), (20, "二十"), (31, "三十一"), (80, "八十"),
        (100, "一百"), (101, "一百零一"), (110, "一百一十"), (112, "一百一十二"),
        (999, "九百九十九"),
    ],
)  # fmt: skip
def test_windows_are_read_as_people_read_them(window: int, words: str) -> None:
    assert speech.read_window(window) == words


@given(st.integers().filter(lambda n: not 0 < n < 1000))
def test_there_is_no_such_window(window: int) -> None:
    with pytest.raises(ValueError, match="no window"):
        speech.read_window(window)


def test_the_standard_sentences() -> None:
    said = speech.announcement(DEFAULT_TEXTS, 7, "A012", 12, "东区", voice=True)
    assert said.spoken == "请A零一二号到十二号窗口办理"
    assert said.text == "请A012到12号窗口"
    assert (said.id, said.number, said.window, said.times, said.zone) == (
        "7",
        "A012",
        12,
        2,
        "东区",
    )
    assert said.audio == "voice/A012/12.wav?lang=zh"
    assert said.spoken_en is None
    assert said.audio_en is None


def test_english_follows_when_the_hall_says_so() -> None:
    texts = {**DEFAULT_TEXTS, "voice.language": "zh+en", "voice.one": "幺", "voice.times": "1"}
    said = speech.announcement(texts, 7, "A011", 12, "", voice=True)
    assert said.spoken == "请A零幺幺号到十二号窗口办理"
    assert said.spoken_en == "Ticket A zero one one, window 12, please."
    assert said.audio_en == "voice/A011/12.wav?lang=en"
    assert said.times == 1


def test_without_a_voice_there_is_nothing_to_fetch() -> None:
    texts = {**DEFAULT_TEXTS, "voice.language": "zh+en"}
    said = speech.announcement(texts, 7, "A012", 12, "", voice=False)
    assert said.audio is None
    assert said.audio_en is None
    assert said.spoken_en


@given(st.text(max_size=60))
def test_a_template_is_filled_or_refused(template: str) -> None:
    """What `wrong_place` lets through, `fill` can fill, and nothing of it stays behind."""
    words = speech.words_of(DEFAULT_TEXTS, "A012", 12)
    if speech.wrong_place(template) is None:
        filled = speech.fill(template, words)
        assert "{" not in filled
        assert "}" not in filled


@pytest.mark.parametrize(
    "template",
    ["{number", "}", "{}", "{name}", "{number.__class__}", "{number:9999999}", "{{number}}", "{0}"],
)
def test_a_template_is_nothing_but_a_sentence(template: str) -> None:
    assert speech.wrong_place(template) is not None


@pytest.mark.parametrize("key", ["voice.call", "voice.call_en", "screen.call"])
def test_the_default_sentences_may_be_used(key: str) -> None:
    assert speech.wrong_place(DEFAULT_TEXTS[key]) is None
