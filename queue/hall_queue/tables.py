"""The queue's tables: read models of the journal, and side tables that hold what may not be in it.

The constraints say again, for the database, what the rules say in memory: a number is unique per
hall, day and queue; one window has at most one ticket in service; a clerk stands at one window.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from hall_core.tables import metadata

STATES = "('waiting','called','serving','held','finished','no_show','cancelled','expired')"

tickets = Table(
    "tickets",
    metadata,
    Column("ticket_id", String(40), primary_key=True),
    Column("hall_id", String(40), nullable=False),
    Column("day", String(10), nullable=False),  # the service day, the hall's
    Column("queue", String(4), nullable=False),
    Column("number", String(12), nullable=False),
    Column("service", String(40)),
    Column("state", String(10), nullable=False),
    Column("channel", String(12), nullable=False),
    Column("priority", String(14), nullable=False),
    Column("cases", Integer, nullable=False),
    Column("window", Integer),
    Column("clerk", String(20)),
    Column("issued_ms", BigInteger, nullable=False),
    Column("called_ms", BigInteger),  # first call of the last round
    Column("started_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("served_s", Float, nullable=False),  # stretches before a hold
    Column("call_count", Integer, nullable=False),
    Column("requeues", Integer, nullable=False),
    Column("version", BigInteger, nullable=False),  # of the last event
    CheckConstraint(f"state IN {STATES}", name="ticket_state"),
    Index("tickets_number", "hall_id", "day", "number", unique=True),
    Index(
        "tickets_one_in_service",
        "hall_id",
        "window",
        unique=True,
        sqlite_where=text("state IN ('called','serving')"),
        postgresql_where=text("state IN ('called','serving')"),
    ),
    sqlite_with_rowid=False,  # ids grow with time: one tree less
)

STAFFING = ("closed", "open", "away")

# Who stands at each window. What is called to it is in the ticket's row: a call writes but that.
windows = Table(
    "windows",
    metadata,
    Column("hall_id", String(40), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", String(8), nullable=False),
    Column("clerk", String(20)),
    CheckConstraint(f"state IN {STAFFING}", name="window_state"),
    Index(
        "windows_one_per_clerk",
        "hall_id",
        "clerk",
        unique=True,
        sqlite_where=text("clerk IS NOT NULL"),
        postgresql_where=text("clerk IS NOT NULL"),
    ),
)

# Every 去向留言 with its planned and its actual times.
absences = Table(
    "absences",
    metadata,
    Column("hall_id", String(40), primary_key=True),
    Column("window", Integer, primary_key=True, autoincrement=False),
    Column("since_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("clerk", String(20)),
    Column("reason", String(40), nullable=False),
    Column("destination", String(60), nullable=False),
    Column("contact", String(60), nullable=False),
    Column("expected_ms", BigInteger, nullable=False),
    Column("backup_clerk", String(20)),
    Column("cleared_ms", BigInteger),
    Column("how", String(10)),  # returned relieved closed manager midnight
)

# 预约. The code that opens one is made from its id and stored nowhere.
appointments = Table(
    "appointments",
    metadata,
    Column("appointment_id", String(20), primary_key=True),
    Column("hall_id", String(40), nullable=False),
    Column("day", String(10), nullable=False),  # the hall's
    Column("queue", String(4), nullable=False),
    Column("service", String(40)),
    Column("start_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("state", String(10), nullable=False),
    Column("ticket_id", String(40)),
    Column("version", BigInteger, nullable=False),
    CheckConstraint(
        "state IN ('booked','checked_in','cancelled','missed')", name="appointment_state"
    ),
    Index("appointments_day", "hall_id", "day"),
)

# Whom to ring about one; deleted after its day.
appointment_phones = Table(
    "appointment_phones",
    metadata,
    Column("appointment_id", String(20), primary_key=True),
    Column("hall_id", String(40), nullable=False),
    Column("phone", String(20), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)

# PINs of clerks: argon2id, never in the journal.
clerk_pins = Table(
    "clerk_pins",
    metadata,
    Column("hall_id", String(40), primary_key=True),
    Column("clerk_no", String(20), primary_key=True),
    Column("pin_hash", Text, nullable=False),
)

# Who took today's tickets, so that one person does not take ten: a keyed HMAC of the ID number
# behind a random reference. Rows are deleted after the day; then the reference means nothing.
persons = Table(
    "persons",
    metadata,
    Column("holder", String(16), primary_key=True),
    Column("hall_id", String(40), nullable=False),
    Column("day", String(10), nullable=False),
    Column("id_hmac", String(64), nullable=False),
)
