"""How a call is written and read aloud: numbers as words, and the hall's own sentences. Pure.

A ticket's digits are read singly (A零一二), a window as a number (十二号). The sentences are texts
of the hall; `fill` puts words into them and refuses anything else, so that a template is never
more than a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

DIGITS = "零一二三四五六七八九"
DIGITS_EN = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
PLACES = frozenset({"number", "window", "number_read", "window_read", "number_en", "window_en"})

_READ = str.maketrans("0123456789", DIGITS)
_READ_EN = dict(zip("0123456789", DIGITS_EN, strict=True))
_PLACE = re.compile(r"\{([^{}]*)\}")


class Announcement(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is to be said now, and what is written meanwhile.

    `audio` is relative to the hall's address (`/api/v1/halls/{hall}/`); None: this server has no
    voice, the page speaks itself.
    """

    id: str  # the version of the event
    number: str
    window: int
    text: str
    spoken: str
    times: int
    zone: str
    audio: str | None
    spoken_en: str | None = None
    audio_en: str | None = None


def fill(template: str, words: Mapping[str, str]) -> str:
    """`template`, in which `wrong_place` finds none, with each `{place}` replaced by its word."""
    return template.format_map(words)


def wrong_place(template: str) -> str | None:
    """The first thing in braces that `fill` does not know, or None."""
    for found in _PLACE.finditer(template):
        if found[1] not in PLACES:
            return found[0]
    rest = _PLACE.sub("", template)
    return next((sign for sign in rest if sign in "{}"), None)


def calls_with(template: str, what: str) -> bool:
    """Whether it has the place of the "number" or "window", however that is written or read."""
    return any(found[1].partition("_")[0] == what for found in _PLACE.finditer(template))


def read_number(number: str, one: str = "一") -> str:
    """A ticket number as it is read: digits singly, letters as they are (H012 → H零一二)."""
    return number.replace("1", one).translate(_READ)


def read_window(window: int) -> str:
    """A window as a Chinese number: 12 → 十二, 20 → 二十, 105 → 一百零五."""
    if not 0 < window < 1000:
        raise ValueError(f"no window has the number {window}")
    hundreds, rest = divmod(window, 100)
    tens, ones = divmod(rest, 10)
    words = f"{DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        # 十二, but 一百一十二.
        words += ("" if tens == 1 and not hundreds else DIGITS[tens]) + "十"
    elif hundreds and ones:
        words += DIGITS[0]
    return words + (DIGITS[ones] if ones else "")


def read_number_en(number: str) -> str:
    """A ticket number in English words: H012 → H zero one two."""
    return " ".join([_READ_EN.get(sign, sign) for sign in number])


def announcement(
    texts: Mapping[str, str], version: int, number: str, window: int, zone: str, voice: bool
) -> Announcement:
    """What to say and write for one call. `voice`: this server can say it."""
    words = words_of(texts, number, window)
    audio = f"voice/{number}/{window}.wav"
    english = texts["voice.language"] == "zh+en"
    return Announcement(
        id=str(version),
        number=number,
        window=window,
        text=fill(texts["screen.call"], words),
        spoken=fill(texts["voice.call"], words),
        times=int(texts["voice.times"]),
        zone=zone,
        audio=f"{audio}?lang=zh" if voice else None,
        spoken_en=fill(texts["voice.call_en"], words) if english else None,
        audio_en=f"{audio}?lang=en" if voice and english else None,
    )


def sentence(texts: Mapping[str, str], number: str, window: int, language: str) -> str:
    """What is said for one call in one language."""
    key = "voice.call_en" if language == "en" else "voice.call"
    return fill(texts[key], words_of(texts, number, window))


def words_of(texts: Mapping[str, str], number: str, window: int) -> dict[str, str]:
    """The word for every place that a sentence may have."""
    return {
        "number": number,
        "window": str(window),
        "number_read": read_number(number, texts["voice.one"]),
        "window_read": read_window(window),
        "number_en": read_number_en(number),
        "window_en": str(window),
    }
