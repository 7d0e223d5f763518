"""Tables of the cascade. Neither is read from the journal: they are the installation's."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from hall_core.tables import metadata

# Upper platforms, as a person set them up.
cascade_platforms = Table(
    "cascade_platforms",
    metadata,
    Column("platform_id", String(40), primary_key=True),
    Column("setup", Text, nullable=False),  # JSON, without the password
    Column("sealed", Text, nullable=False),  # the password, encrypted
    Column("registered_ms", BigInteger, nullable=True),  # the first time it let us in
)

# Every 20-digit id that was ever allotted. None is given twice, so none is ever deleted once an
# upper platform has seen it.
cascade_ids = Table(
    "cascade_ids",
    metadata,
    Column("gb_id", String(20), primary_key=True),
    Column("kind", String(8), nullable=False),  # camera, hall, group
    Column("subject", String(80), nullable=False),  # what it stands for
    Column("made_ms", BigInteger, nullable=False),
    Column("shown_ms", BigInteger, nullable=True),  # since when it may not change
    Column("gone_ms", BigInteger, nullable=True),  # what it stood for is gone
    Index("cascade_ids_subject", "kind", "subject"),
)
