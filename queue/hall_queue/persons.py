"""Who takes a ticket, as far as the hall may know, and what an ID number says."""

from __future__ import annotations

from datetime import date

import msgspec

from hall_core.features import Row


class Person(msgspec.Struct, frozen=True):
    """The holder reference of an ID read today, its row if it is new, and the age in years."""

    holder: str | None
    age: int | None
    rows: tuple[Row, ...]


NOBODY = Person(None, None, ())

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"


def valid_id_number(text: str) -> bool:
    """Whether `text` is a citizen ID number with its check digit (GB 11643-1999)."""
    if len(text) != 18 or not text[:17].isdecimal() or not text.isascii():
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], _WEIGHTS, strict=True))
    return _CHECK[total % 11] == text[17] and birth_date(text) is not None


def birth_date(id_number: str) -> date | None:
    try:
        return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))
    except ValueError:
        return None


def age_of(id_number: str, today: date) -> int | None:
    """Completed years, from the ID number."""
    born = birth_date(id_number)
    if born is None:
        return None
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
