"""Ids of GB/T 28181, Annex E: centre 8, industry 2, type 3, network 1, serial 6 digits. Pure."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Literal, TypeAlias

TYPES: dict[str, tuple[str, ...]] = {
    "camera": ("131", "132"),
    "hall": ("216",),
    "group": ("215",),
}
"""What a kind of node may be; the first is what we allot."""

Allotted: TypeAlias = Literal["camera", "hall", "group"]


def is_id(text: str) -> bool:
    return re.fullmatch(r"[0-9]{20}", text) is not None


def type_of(id_: str) -> str:
    return id_[10:13]


def next_id(platform: str, kind: Allotted, taken: Container[str], last: int) -> str:
    """The next free id of a kind: centre, industry and network as the platform's own id.

    Args:
        platform: our 20-digit id.
        taken: every id that was ever allotted, also of what is gone.
        last: the highest serial that was allotted for the kind.

    Raises:
        ValueError: all 999,999 are taken.
    """
    code = TYPES[kind][0]
    for serial in range(last + 1, 1_000_000):
        made = f"{platform[:10]}{code}{platform[13]}{serial:06}"
        if made not in taken:
            return made
    raise ValueError(f"no serial is left for a {kind}")
