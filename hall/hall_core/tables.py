"""The kernel's tables. Features add theirs to the same `metadata`; Alembic owns the schema.

Times are UTC milliseconds (`*_ms`). The journal is the truth; every other table of a hall is a
read model written in the same transaction, or belongs to people and devices, not to the queue.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

# Tables whose rows are only ever added: a second row with the same key is a fault, not an update.
INSERT_ONLY = "insert_only"

# Columns of which the journal only tells the first value: somebody else goes on with the row.
CHANGES_LATER = "changes_later"

regions = Table(
    "regions",
    metadata,
    Column("code", String(12), primary_key=True),
    Column("name", String(60), nullable=False),
    Column("level", String(10), nullable=False),  # city county township village
    Column("parent", String(12)),
)

halls = Table(
    "halls",
    metadata,
    Column("hall_id", String(40), primary_key=True),
    Column("name", String(60), nullable=False),
    Column("name_en", String(80), nullable=False, default=""),
    Column("region", String(12), nullable=False),
    Column("level", String(10), nullable=False),
    Column("timezone", String(40), nullable=False),
)

# One row per event. Versions are contiguous per hall, from 1.
journal = Table(
    "journal",
    metadata,
    Column("hall_id", String(40), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("type", String(40), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("data", Text, nullable=False),
    sqlite_with_rowid=False,
    info={INSERT_ONLY: True},
)

# The hall's whole state right after `version`, written when a day opens: replay starts here.
openings = Table(
    "openings",
    metadata,
    Column("hall_id", String(40), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("day", String(10), nullable=False),
    Column("state", Text, nullable=False),  # JSON object: feature name -> slice
    info={INSERT_ONLY: True},
)

# Answers to writes, kept 7 days, so that a retry gets the same answer. In the order of time: rows
# are added at one end and expire at the other. By digest, which is random, each would be written
# to a page of its own. That a digest is used once is seen to in memory (keys.py).
idempotency = Table(
    "idempotency",
    metadata,
    Column(
        "at_us",  # UTC microseconds, of which each is taken once
        BigInteger().with_variant(Integer(), "sqlite"),  # SQLite's own row number
        primary_key=True,
        autoincrement=False,
    ),
    Column("digest", LargeBinary(16), nullable=False),  # of actor, route and key
    Column("body_digest", LargeBinary(16), nullable=False),
    Column("answer", Text, nullable=False),  # JSON, without secrets
    info={INSERT_ONLY: True},
)

alerts = Table(
    "alerts",
    metadata,
    Column("hall_id", String(40), primary_key=True),
    Column("alert_id", String(60), primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("level", String(12), nullable=False),  # window hall supervision
    Column("state", String(12), nullable=False),
    Column("window", Integer),
    Column("clerk", String(20)),
    Column("device_id", String(40)),
    Column("camera_id", String(40)),
    Column("since_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("note", String(40)),  # -> notes
    Column("evidence", Text),  # JSON list of ids of pictures; NULL: none
    Column("detail_en", Text),  # NULL: none
)

# Free texts of people. They expire; the journal only holds their ids.
notes = Table(
    "notes",
    metadata,
    Column("note_id", String(40), primary_key=True),
    Column("hall_id", String(40), nullable=False),
    Column("text", Text, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)

devices = Table(
    "devices",
    metadata,
    Column("device_id", String(40), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),  # SHA-256 of 256 random bits
    Column("kind", String(12), nullable=False),
    Column("hall_id", String(40)),  # NULL: every hall (supervisor and admin tokens)
    Column("window", Integer),
    Column("name", String(60), nullable=False),
    Column("settings", Text, nullable=False),  # JSON object, the device's own
    Column("paired_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
)

# Holidays and worked weekends (调休) as announced; a day that is not here is as its weekday.
working_days = Table(
    "working_days",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("workday", Integer, nullable=False),  # 0 or 1
    Column("name", String(40), nullable=False),
)

# When a device was last heard, and what an agent said it drives. Written now and then.
contacts = Table(
    "contacts",
    metadata,
    Column("device_id", String(40), primary_key=True),
    Column("seen_ms", BigInteger, nullable=False),
    Column("version", String(200), nullable=False),
    Column("parts", Text, nullable=False),  # JSON list of {"name","kind"}
)

# Short codes, shown once, used once.
pairing_codes = Table(
    "pairing_codes",
    metadata,
    Column("code_hash", String(64), primary_key=True),  # keyed HMAC: codes are short
    Column("kind", String(12), nullable=False),
    Column("hall_id", String(40), nullable=False),
    Column("window", Integer),
    Column("name", String(60), nullable=False),
    Column("replaces", String(40)),  # the dead device whose settings the new one takes over
    Column("expires_ms", BigInteger, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("password_hash", Text, nullable=False),  # argon2id
    Column("roles", Text, nullable=False),  # JSON list
    Column("halls", Text),  # JSON list of hall ids; NULL: every hall
    Column("regions", Text),  # JSON list of region codes, with all below them
    Column("failures", Integer, nullable=False),
    Column("locked_until_ms", BigInteger, nullable=False),
    Column("disabled", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("clerk_no", String(20)),  # the clerk of clerk_hall whom the account belongs to
    Column("clerk_hall", String(40)),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user", String(40), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
)

# Who did what outside the queue: sign-ins, pairings, role changes, views. Unstreamed, for auditors.
audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("hall_id", String(40)),
    Column("address", String(45), nullable=False),
    Column("detail", Text, nullable=False),
    Index("audit_at", "at_ms"),
)
