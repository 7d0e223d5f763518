"""What `hall check` says: comparing values and naming what differs. Pure.

A fault is one line that names the hall and the version, ticket, window or row it is about. Of many
alike only the first few are listed, so that one lost table does not print a million lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table

from hall_core.tables import CHANGES_LATER

ALIKE = 20  # lines of one kind about one hall
ANY: Any = object()  # a column whose right value is not known


class Faults:
    """The lines found so far, in order."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._seen: dict[tuple[str, str], int] = {}

    def add(self, kind: str, where: str, text: str, hall: str = "") -> None:
        """One more: at `where` (a version, ticket, window …) of `hall`, `text`."""
        place = (hall, kind)
        count = self._seen[place] = self._seen.get(place, 0) + 1
        if count <= ALIKE:
            parts = [f"hall {hall}"] if hall else []
            parts += [where] if where else []
            # One line, whatever the values hold.
            self._lines.append(" ".join(f"{', '.join(parts)}: {text}".split()))

    def lines(self) -> list[str]:
        more = [
            f"{f'hall {hall}: ' if hall else ''}{count - ALIKE} more of this kind: {kind}"
            for (hall, kind), count in self._seen.items()
            if count > ALIKE
        ]
        return self._lines + more


def shown(value: Any) -> str:
    """A value as a line quotes it."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def differences(expected: Any, found: Any, path: str = "") -> Iterator[str]:
    """Where two JSON-like values differ: `path is X, not Y`, leaf by leaf."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in {**expected, **found}:
            at = f"{path}.{key}" if path else str(key)
            if key not in found:
                yield f"{at} is missing, not {shown(expected[key])}"
            elif key not in expected:
                yield f"{at} is {shown(found[key])}, where nothing is expected"
            else:
                yield from differences(expected[key], found[key], at)
        if list(expected) != list(found) and expected.keys() == found.keys():
            yield f"{path} is in another order"
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from differences(one, other, f"{path}[{index}]")
    elif expected != found or type(expected) is not type(found):
        yield f"{path} is {shown(found)}, not {shown(expected)}"


def row_differences(table: Table, expected: Sequence[Any], found: Sequence[Any]) -> Iterator[str]:
    """The columns in which a row of a read model is not what the journal says."""
    for column, wanted, has in zip(table.columns, expected, found, strict=True):
        if wanted is ANY or column.info.get(CHANGES_LATER):
            continue
        if wanted != has:
            yield f"{table.name}.{column.name} is {shown(has)}, not {shown(wanted)}"


def row_name(table: Table, row: Sequence[Any]) -> str:
    """What a row is about, for people."""
    values = dict(zip((column.name for column in table.columns), row, strict=True))
    if table.name == "tickets":
        return f"ticket {values['number']} of {values['day']} ({values['ticket_id']})"
    if table.name == "windows":
        return f"window {values['number']}"
    if table.name == "absences":
        since = datetime.fromtimestamp(values["since_ms"] / 1000, UTC).isoformat()
        return f"window {values['window']}, absence since {since}"
    if table.name == "alerts":
        return f"alert {values['alert_id']}"
    keys = [str(values[column.name]) for column in table.primary_key]
    return f"{table.name} {' '.join(keys)}"
