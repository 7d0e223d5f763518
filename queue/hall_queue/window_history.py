"""Reading a window's day from the journal."""

from __future__ import annotations

from typing import TypedDict

import msgspec
from sqlalchemy import Connection, or_, select

from hall_core import events, tables
from hall_core.alerts import evidence_url
from hall_core.clock import from_millis
from hall_core.errors import NotFound
from hall_core.events import Recorded
from hall_queue.domain.state import QueueState
from hall_queue.domain.window_day import Sight, Stretch, tell

WITHOUT_WINDOW = [
    events.NAMES[event]
    for event in (
        events.AlertChanged,
        events.EvidenceKept,
        events.TicketCancelled,
        events.TicketExpired,
    )
]


class TimelineView(TypedDict):
    """A window's day. `evidence` of a stretch are addresses of pictures, while they are kept."""

    day: str
    window: int
    intervals: list[Stretch]
    presence: list[Sight]


def read_timeline(connection: Connection, hall_id: str, window: int, day: str) -> TimelineView:
    """A window's day from its opening to the next.

    Raises:
        NotFound: the journal knows nothing of that day.
    """
    opening, journal = tables.openings.c, tables.journal.c
    found = connection.execute(
        select(opening.version, opening.state)
        .where(opening.hall_id == hall_id, opening.day == day)
        .order_by(opening.version)
        .limit(1)
    ).one_or_none()
    if found is None:
        raise NotFound("unknown_day", "这一天没有记录。")
    following = connection.execute(
        select(opening.version)
        .where(opening.hall_id == hall_id, opening.version > found.version, opening.day != day)
        .order_by(opening.version)
        .limit(1)
    ).scalar()
    slices = msgspec.json.decode(found.state, type=dict[str, msgspec.Raw])
    queue = msgspec.json.decode(slices["queue"], type=QueueState)
    query = select(journal.version, journal.at_ms, journal.actor, journal.type, journal.data).where(
        journal.hall_id == hall_id,
        journal.version >= found.version,
        or_(
            journal.version == found.version,
            journal.type.in_(WITHOUT_WINDOW),
            journal.data.contains(f'window":{window}'),
        ),
    )
    if following is not None:
        query = query.where(journal.version < following)
    records = [
        Recorded(r.version, from_millis(r.at_ms), r.actor, events.decode(r.type, r.data))
        for r in connection.execute(query.order_by(journal.version))
    ]
    told = tell(window, queue.posts.get(window), records[0].at, records[1:])
    for stretch in told.stretches:
        stretch.evidence = tuple(evidence_url(picture) for picture in stretch.evidence)
    return {
        "day": day,
        "window": window,
        "intervals": told.stretches,
        "presence": told.presence,
    }
