"""What the journal tells: a hall's state, from the opening of its day and what happened since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import Connection, select

from hall_core import events
from hall_core.clock import from_millis
from hall_core.events import Recorded
from hall_core.features import Feature
from hall_core.setup import HallInfo
from hall_core.tables import journal, openings

Slices: TypeAlias = dict[str, Any]
"""The state of a hall: feature name -> its slice."""


def new_slices(features: Sequence[Feature]) -> Slices:
    return {feature.name: feature.new_state() for feature in features}


def replay(
    connection: Connection, info: HallInfo, features: Sequence[Feature]
) -> tuple[int, Slices, datetime | None]:
    """The state that the journal tells: (version, slices, time of the last event)."""
    opening = connection.execute(
        select(openings.c.version, openings.c.state)
        .where(openings.c.hall_id == info.id)
        .order_by(openings.c.version.desc())
        .limit(1)
    ).one_or_none()
    version = 0
    slices = new_slices(features)
    if opening is not None:
        version = opening.version
        stored = msgspec.json.decode(opening.state, type=dict[str, msgspec.Raw])
        for feature in features:
            if feature.name in stored:
                slices[feature.name] = msgspec.json.decode(
                    stored[feature.name], type=feature.state_type
                )
    last_at = None
    # The opening's own event is read too, for its time.
    for record in read_journal(connection, info.id, after=version - 1):
        last_at = record.at
        if record.version == version:
            continue
        for feature in features:
            feature.apply(slices[feature.name], record)
        version = record.version
    return version, slices, last_at


def read_journal(
    connection: Connection, hall_id: str, after: int, limit: int | None = None
) -> list[Recorded]:
    """Events of a hall with a version above `after`, in order."""
    query = (
        select(journal.c.version, journal.c.at_ms, journal.c.actor, journal.c.type, journal.c.data)
        .where(journal.c.hall_id == hall_id, journal.c.version > after)
        .order_by(journal.c.version)
    )
    if limit is not None:
        query = query.limit(limit)
    return [
        Recorded(row.version, from_millis(row.at_ms), row.actor, events.decode(row.type, row.data))
        for row in connection.execute(query)
    ]
