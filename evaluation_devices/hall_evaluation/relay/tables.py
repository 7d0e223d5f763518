"""The relay's tables: what is to be delivered, and the secret that opens the other side's door."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, String, Table, Text

from hall_core.tables import CHANGES_LATER, metadata

STATES = "('waiting','delivered','refused')"

SENDERS = {CHANGES_LATER: True}

# One row per rating, written in the rating's own transaction. What is sent is made from the rating
# when it is sent; this row only says how far that is.
relay_outbox = Table(
    "relay_outbox",
    metadata,
    Column("hall_id", String(40), primary_key=True),
    Column("ticket_id", String(40), primary_key=True),
    Column("made_ms", BigInteger, nullable=False),
    Column("state", String(10), nullable=False, info=SENDERS),
    Column("attempts", Integer, nullable=False, info=SENDERS),  # begun, with or without an answer
    Column("tried_ms", BigInteger, info=SENDERS),  # the last attempt
    Column("status", Integer, info=SENDERS),  # HTTP, of the last answer
    Column("error", Text, nullable=False, info=SENDERS),  # why it was not delivered, for people
    CheckConstraint(f"state IN {STATES}", name="relay_state"),
    Index("relay_outbox_state", "hall_id", "state", "attempts", "made_ms"),
)

# The value of the header that authorises us there, encrypted with the installation's secret.
relay_secrets = Table(
    "relay_secrets",
    metadata,
    Column("hall_id", String(40), primary_key=True),
    Column("sealed", Text, nullable=False),
)
