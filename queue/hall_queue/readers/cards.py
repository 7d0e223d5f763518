"""Cards that were just read: who it was, for a minute, under a reference that says nothing.

The kiosk's page gets the reference and a masked name; the number stays between the reader's agent
and this process, which forgets it at once for its keyed hash.
"""

from __future__ import annotations

import secrets
import time

import msgspec

from hall_core.errors import NotFound
from hall_queue.persons import Person

LIFE_S = 60.0
CARDS_MAX = 2000  # of the whole server: more readings than a minute can bring


class _Kept(msgspec.Struct, frozen=True):
    hall_id: str
    person: Person
    until: float  # monotonic


class Cards:
    """The readings of one server, in memory only."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def keep(self, hall_id: str, person: Person) -> str:
        """The reference to somebody whose card was read now."""
        now = time.monotonic()
        self._kept = {ref: kept for ref, kept in self._kept.items() if kept.until > now}
        while len(self._kept) >= CARDS_MAX:
            del self._kept[next(iter(self._kept))]
        reference = secrets.token_hex(16)
        self._kept[reference] = _Kept(hall_id, person, now + LIFE_S)
        return reference

    def person(self, hall_id: str, reference: str) -> Person:
        """Whose card it was.

        Raises:
            NotFound: no such reading, or it was too long ago.
        """
        kept = self._kept.get(reference)
        if kept is None or kept.hall_id != hall_id or kept.until <= time.monotonic():
            raise NotFound("card_expired", "刷卡信息已过期，请重新刷身份证。")
        return kept.person

    def forget(self, reference: str) -> None:
        """It has served: what comes next needs the card again."""
        self._kept.pop(reference, None)
