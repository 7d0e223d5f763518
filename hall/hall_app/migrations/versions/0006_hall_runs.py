"""Appointments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "appointment_phones",
        sa.Column("appointment_id", sa.String(length=20), nullable=False),
        sa.Column("hall_id", sa.String(length=40), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("appointment_id"),
    )
    op.create_table(
        "appointments",
        sa.Column("appointment_id", sa.String(length=20), nullable=False),
        sa.Column("hall_id", sa.String(length=40), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("queue", sa.String(length=4), nullable=False),
        sa.Column("service", sa.String(length=40), nullable=True),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("ticket_id", sa.String(length=40), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('booked','checked_in','cancelled','missed')", name="appointment_state"
        ),
        sa.PrimaryKeyConstraint("appointment_id"),
    )
    op.create_index("appointments_day", "appointments", ["hall_id", "day"], unique=False)
