"""Upper platforms (GB/T 28181) and the ids that they know us by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cascade_platforms",
        sa.Column("platform_id", sa.String(length=40), nullable=False),
        sa.Column("setup", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("registered_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("platform_id"),
    )
    op.create_table(
        "cascade_ids",
        sa.Column("gb_id", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("shown_ms", sa.BigInteger(), nullable=True),
        sa.Column("gone_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("gb_id"),
    )
    op.create_index("cascade_ids_subject", "cascade_ids", ["kind", "subject"], unique=False)
