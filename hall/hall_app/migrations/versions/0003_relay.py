"""Working days, and the outbox of ratings for the regional system."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "working_days",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("workday", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("day"),
    )
    op.create_table(
        "relay_outbox",
        sa.Column("hall_id", sa.String(length=40), nullable=False),
        sa.Column("ticket_id", sa.String(length=40), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tried_ms", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('waiting','delivered','refused')", name="relay_state"),
        sa.PrimaryKeyConstraint("hall_id", "ticket_id"),
    )
    op.create_index(
        "relay_outbox_state",
        "relay_outbox",
        ["hall_id", "state", "attempts", "made_ms"],
        unique=False,
    )
    op.create_table(
        "relay_secrets",
        sa.Column("hall_id", sa.String(length=40), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hall_id"),
    )
