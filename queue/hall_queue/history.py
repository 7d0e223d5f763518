"""Reading what happened to one ticket from the journal."""

from __future__ import annotations

from sqlalchemy import Connection, func, or_, select

from hall_core import events, tables
from hall_core.clock import from_millis
from hall_core.day import service_day
from hall_core.events import Recorded
from hall_core.setup import HallInfo
from hall_queue.domain.intervals import Interval, intervals
from hall_queue.tables import tickets

HANDED_OVER = events.NAMES[events.WindowHandedOver]


def read_intervals(connection: Connection, hall: HallInfo, ticket_id: str) -> list[Interval]:
    """The intervals of a ticket of any day; reasons of a hold in words, while they are kept.

    The journal is looked through from the opening of the day on which the ticket was issued to
    the last thing that happened to it: milliseconds, on a connection beside the writer.
    """
    of_ticket = select(tickets.c.issued_ms, tickets.c.ended_ms, tickets.c.version)
    row = connection.execute(of_ticket.where(tickets.c.ticket_id == ticket_id)).one()
    day = service_day(hall.timezone, from_millis(row.issued_ms))
    opening = tables.openings.c
    first = connection.execute(
        select(func.max(opening.version)).where(opening.hall_id == hall.id, opening.day <= day)
    ).scalar()
    journal = tables.journal.c
    query = select(journal.version, journal.at_ms, journal.actor, journal.type, journal.data).where(
        journal.hall_id == hall.id,
        journal.version >= (first or 0),
        or_(journal.data.contains(ticket_id), journal.type == HANDED_OVER),
    )
    if row.ended_ms is not None:
        query = query.where(journal.version <= row.version)
    records = [
        Recorded(r.version, from_millis(r.at_ms), r.actor, events.decode(r.type, r.data))
        for r in connection.execute(query.order_by(journal.version))
    ]
    told = intervals(ticket_id, records)
    notes = [stretch.reason for stretch in told if stretch.reason is not None]
    if notes:
        note = tables.notes.c
        of_notes = select(note.note_id, note.text).where(note.note_id.in_(notes))
        texts = {r.note_id: r.text for r in connection.execute(of_notes)}
        for stretch in told:
            stretch.reason = texts.get(stretch.reason or "")
    return told
