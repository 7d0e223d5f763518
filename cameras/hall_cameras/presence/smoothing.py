"""Presence over time: a look is wrong now and then, and people bend down to printers.

Somebody counts as there with the first look that sees them well, or the second of any; as gone
when nobody was seen for `GONE_S`, in at least `GONE_LOOKS` looks. Times are seconds of any clock
that does not jump.
"""

from __future__ import annotations

from typing import NamedTuple

GONE_S = 20.0
GONE_LOOKS = 4
GAP_S = 30.0
"""Between two looks; longer, and nothing is known of the time between."""

CLEAR = 0.25
"""How far above the threshold a look must be to count by itself."""


class Known(NamedTuple):
    """What is known: `present` None when it can't be told, since when it looks so."""

    present: bool | None
    since: float
    confidence: float = 0.0


class Smoothed:
    """One zone's presence."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self.known = Known(None, 0.0)
        self._looks = 0  # in a row that saw the same
        self._sees = False
        self._since = 0.0  # of the first of them
        self._last = 0.0

    def unknown(self, now: float) -> Known:
        """The picture is faulty, or there is none: nobody is said to be gone."""
        if self.known.present is not None:
            self.known = Known(None, now)
        self._looks = 0
        return self.known

    def look(self, now: float, score: float) -> Known:
        """Take one look into account: the best score of a person in the zone, 0 for none."""
        if self._looks and now - self._last > GAP_S:
            self.unknown(now)
        sees = score >= self._threshold
        if not self._looks or sees != self._sees:
            self._sees, self._looks, self._since = sees, 0, now
        self._looks += 1
        self._last = now
        if self.known.present is not sees and self._lasted(now, score):
            self.known = Known(sees, self._since)
        present = self.known.present
        sure = 0.0 if present is None else score if present else 1.0 - score
        self.known = self.known._replace(confidence=sure)
        return self.known

    def _lasted(self, now: float, score: float) -> bool:
        if self._sees:
            return self._looks >= 2 or score >= min(self._threshold + CLEAR, 0.9)
        return self._looks >= GONE_LOOKS and now - self._since >= GONE_S
