"""What a button box says and is told, and which press counts. Pure.

Times are seconds of any clock that only goes forward.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from hall_core.agent.framing import FrameFormat, FrameReader, from_hex

Level: TypeAlias = Literal[
    "very_satisfied", "satisfied", "mostly_satisfied", "dissatisfied", "very_dissatisfied"
]
ASK_S = 30.0  # how long a question is asked that does not say
ASK_MAX_S = 600.0
LEVELS: tuple[Level, ...] = get_args(Level)


class BoxFormat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one maker's box speaks.

    Args:
        frame: the frame that a key sends; its code says which.
        levels: each level's code, in hexadecimal. Makers count in both directions, so all five
            have to be named.
        prompt_on, prompt_off, thanks: whole frames for the box's lamp and voice, in hexadecimal;
            "" where it has none. The words are the box's own, but a level is never spoken.
    """

    frame: FrameFormat = FrameFormat()
    levels: dict[Level, str]
    prompt_on: str = ""
    prompt_off: str = ""
    thanks: str = ""

    def __post_init__(self) -> None:
        codes = [from_hex(code) for code in self.levels.values()]
        if set(self.levels) != set(LEVELS):
            missing = ", ".join(level for level in LEVELS if level not in self.levels)
            raise ValueError(f"levels: {missing} is missing")
        if len(set(codes)) != len(codes):
            raise ValueError("levels: two levels have one code")
        if any(len(code) != self.frame.code_bytes for code in codes):
            raise ValueError(f"levels: a code has {self.frame.code_bytes} bytes")
        for told in (self.prompt_on, self.prompt_off, self.thanks):
            from_hex(told)


class BoxReader:
    """Finds pressed levels in what a box sends. Everything else is dropped and counted."""

    def __init__(self, format_: BoxFormat) -> None:
        self._frames = FrameReader(format_.frame)
        self._levels = {from_hex(code): level for level, code in format_.levels.items()}
        self._unknown = 0

    @property
    def only_noise(self) -> bool:
        """The wires or the settings must be wrong."""
        return self._frames.only_noise

    @property
    def dropped(self) -> int:
        """Bytes that were no press."""
        return self._frames.dropped + self._unknown

    def feed(self, data: bytes) -> list[Level]:
        """The levels pressed, in order."""
        pressed: list[Level] = []
        for code in self._frames.feed(data):
            level = self._levels.get(code)
            if level is None:
                self._unknown += len(code)
            else:
                pressed.append(level)
        return pressed


class Question(msgspec.Struct, frozen=True):
    """A service that may be rated now."""

    token: str
    ends: float  # when the box stops asking, also when the server is away
    asked: str = ""  # by the server's clock; an undone service that ends again is asked anew


class Asking:
    """Which question is open, and which press answers it: one press per question."""

    def __init__(self) -> None:
        self._question: Question | None = None
        self._answered: tuple[str, str] | None = None  # token and time of the last one

    def set(self, question: Question | None) -> None:
        """What the server asks now. The same question keeps the end it had."""
        known = self._question
        if question is None or known is None or _same(question) != _same(known):
            self._question = question

    def open(self, now: float) -> Question | None:
        """The question that a press would answer."""
        question = self._question
        if question is None or _same(question) == self._answered or now >= question.ends:
            return None
        return question

    def press(self, now: float) -> str | None:
        """The token that a press rates; None: nobody was asked, or it was answered."""
        question = self.open(now)
        if question is None:
            return None
        self._answered = _same(question)
        return question.token


def _same(question: Question) -> tuple[str, str]:
    """What makes two questions one."""
    return question.token, question.asked


def question_in(state: dict[str, Any], window: int, now: float) -> Question | None:
    """The open question of `window` in the stream's state. It ends after as long as the server
    asks, whatever this PC's clock says; while the server is there it closes it by its own."""
    for entry in state.get("questions") or ():
        token = entry.get("token")
        if entry.get("window") == window and isinstance(token, str) and token:
            asked = entry.get("asked_at")
            ends = now + _seconds(asked, entry.get("until"))
            return Question(token, ends, asked if isinstance(asked, str) else "")
    return None


def _seconds(asked_at: object, until: object) -> float:
    try:
        asked, ends = datetime.fromisoformat(str(asked_at)), datetime.fromisoformat(str(until))
        return min(max((ends - asked).total_seconds(), 0.0), ASK_MAX_S)
    except (ValueError, TypeError, OverflowError):
        return ASK_S
