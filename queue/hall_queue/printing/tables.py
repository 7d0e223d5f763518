"""What was sent to printers: so that a second copy says that it is one."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, String, Table

from hall_core.tables import metadata

ticket_prints = Table(
    "ticket_prints",
    metadata,
    Column("job_id", String(32), primary_key=True),
    Column("hall_id", String(40), nullable=False),
    Column("ticket_id", String(40), nullable=False),
    Column("number", String(12), nullable=False),  # an exchanged ticket has another
    Column("device_id", String(40), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("outcome", String(12), nullable=False),  # sent printed refused
    Index("ticket_prints_ticket", "ticket_id"),
)
