"""A call writes half as many pages.

Tickets lie in the order of their ids, which grow with time, without a second tree that finds
them. Answers kept for retries are found by one number, so that a whole answer fits on its page.
A window's row says who stands there, not what is called to it: that is in the ticket's row.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

STATES = "('waiting','called','serving','held','finished','no_show','cancelled','expired')"
IN_SERVICE = "state IN ('called','serving')"
TICKETS = (
    "ticket_id, hall_id, day, queue, number, service, state, channel, priority, cases, "
    '"window", clerk, issued_ms, called_ms, started_ms, ended_ms, served_s, call_count, requeues, '
    "version"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _tickets()
    _answers()
    _windows()


def _tickets() -> None:
    """PostgreSQL keeps rows as they come, whatever their key."""
    op.rename_table("tickets", "tickets_before")
    op.create_table(
        "tickets",
        sa.Column("ticket_id", sa.String(length=40), nullable=False),
        sa.Column("hall_id", sa.String(length=40), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("queue", sa.String(length=4), nullable=False),
        sa.Column("number", sa.String(length=12), nullable=False),
        sa.Column("service", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("channel", sa.String(length=12), nullable=False),
        sa.Column("priority", sa.String(length=14), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("window", sa.Integer(), nullable=True),
        sa.Column("clerk", sa.String(length=20), nullable=True),
        sa.Column("issued_ms", sa.BigInteger(), nullable=False),
        sa.Column("called_ms", sa.BigInteger(), nullable=True),
        sa.Column("started_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("served_s", sa.Float(), nullable=False),
        sa.Column("call_count", sa.Integer(), nullable=False),
        sa.Column("requeues", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(f"state IN {STATES}", name="ticket_state"),
        sa.PrimaryKeyConstraint("ticket_id"),
        sqlite_with_rowid=False,
    )
    op.execute(
        f"INSERT INTO tickets ({TICKETS}) SELECT {TICKETS} FROM tickets_before ORDER BY ticket_id"
    )
    op.drop_table("tickets_before")  # with its indexes
    op.create_index("tickets_number", "tickets", ["hall_id", "day", "number"], unique=True)
    op.create_index(
        "tickets_one_in_service",
        "tickets",
        ["hall_id", "window"],
        unique=True,
        sqlite_where=sa.text(IN_SERVICE),
    )


def _answers() -> None:
    op.rename_table("idempotency", "idempotency_before")
    op.create_table(
        "idempotency",
        sa.Column(
            "at_us",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("body_digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("at_us"),
    )
    # Those of one millisecond are told apart by the microseconds that nobody noted.
    op.execute(
        "INSERT INTO idempotency (at_us, digest, body_digest, answer) "
        "SELECT at_ms * 1000 + row_number() OVER (PARTITION BY at_ms ORDER BY digest), "
        "digest, body_digest, answer FROM idempotency_before"
    )
    op.drop_table("idempotency_before")


def _windows() -> None:
    op.rename_table("windows", "windows_before")
    op.create_table(
        "windows",
        sa.Column("hall_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("clerk", sa.String(length=20), nullable=True),
        sa.CheckConstraint("state IN ('closed','open','away')", name="window_state"),
        sa.PrimaryKeyConstraint("hall_id", "number"),
    )
    op.execute(
        "INSERT INTO windows (hall_id, number, state, clerk) SELECT hall_id, number, "
        "CASE WHEN state IN ('calling','serving') THEN 'open' ELSE state END, clerk "
        "FROM windows_before"
    )
    op.drop_table("windows_before")
    clerk = sa.text("clerk IS NOT NULL")
    op.create_index(
        "windows_one_per_clerk", "windows", ["hall_id", "clerk"], unique=True,
        sqlite_where=clerk, postgresql_where=clerk,
    )  # fmt: skip
