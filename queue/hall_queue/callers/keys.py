"""What presses on a caller mean: single commands, and digits that end with a call. Pure.

Times are seconds of any clock that only goes forward.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import msgspec

CommandKey: TypeAlias = Literal["call_next", "recall", "start", "finish", "no_show", "undo"]
Key: TypeAlias = Literal[
    "call_next", "recall", "start", "finish", "no_show", "undo", "clear",
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9",
]  # fmt: skip

KEYS: frozenset[str] = frozenset(get_args(Key))
BOUNCE_S = 0.3  # the key of a command again within it, and no other between: the same press
DIGIT_BOUNCE_S = 0.05  # people type 00 quickly
DIGITS_S = 6.0  # digits that nothing follows are forgotten
DIGITS_MAX = 5


class Press(msgspec.Struct, frozen=True):
    """One command that was meant. `digits`: the number typed before a call, or ""."""

    command: CommandKey
    digits: str
    at: float


class Keypad:
    """Turns presses into commands."""

    def __init__(self) -> None:
        self.digits = ""
        self._last = ("", 0.0)
        self._typed_at = 0.0

    def press(self, key: Key, now: float) -> Press | None:
        """The command that is complete with `key`, if one is."""
        least = DIGIT_BOUNCE_S if key.isdecimal() else BOUNCE_S
        last_key, last_at = self._last
        self._last = (key, now)  # a contact that chatters on stays one press
        if key == last_key and now - last_at < least:
            return None
        if now - self._typed_at > DIGITS_S:
            self.digits = ""
        if key.isdecimal():
            self._typed_at = now
            if len(self.digits) < DIGITS_MAX:
                self.digits += key
            return None
        digits, self.digits = self.digits, ""
        if key == "clear":
            return None
        return Press(key, digits if key == "call_next" else "", now)  # type: ignore[arg-type]


def number_of(digits: str, prefixes: list[str]) -> str | None:
    """The ticket that typed digits name at a window that serves these queues; None where that is
    not certain: nobody is called on a guess."""
    if len(prefixes) != 1 or not digits.isdecimal():
        return None
    return f"{prefixes[0]}{digits:0>3}"


def display_text(number: str | None, waiting: int | None, width: int) -> bytes:
    """`H012   5`: who was called and how many wait, for a caller's small display."""
    left = number or "-"
    right = "" if waiting is None else str(min(waiting, 999))
    if len(left) + len(right) + 1 > width:
        right = ""
    return (left[:width] + right.rjust(width - len(left[:width]))).encode("ascii", "replace")
