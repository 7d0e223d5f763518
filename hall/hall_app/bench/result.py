"""What a benchmark reports (contract: `hall bench --json`)."""

from __future__ import annotations

import msgspec


class Result(msgspec.Struct, frozen=True):
    """`ratio` is value / floor; both None where there is nothing to compare with."""

    name: str
    value: float
    unit: str
    floor: float | None
    ratio: float | None
    target: str
    ok: bool


def quantile(samples: list[float], q: float) -> float:
    """The `q` quantile (0..1) of unsorted samples."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]
