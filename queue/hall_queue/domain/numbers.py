"""Numbers as they are printed and called: H001."""

from __future__ import annotations

import unicodedata
from typing import Final

HIGHEST: Final = 9999


def number_of(prefix: str, count: int) -> str:
    """H001; more digits past 999."""
    return f"{prefix}{count:03d}"


def typed(text: str) -> str:
    """What was typed, in plain signs without blanks: Chinese keyboards type Ｓ００３, too."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def count_of(prefix: str, number: str) -> int | None:
    """12 of H012, None when it is no number of that queue."""
    digits = number.removeprefix(prefix)
    if not (digits.isascii() and digits.isdigit() and 3 <= len(digits) <= 4):
        return None
    count = int(digits)
    return count if 1 <= count <= HIGHEST and number_of(prefix, count) == number else None
