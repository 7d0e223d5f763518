"""The lists of cameras that people go round (轮巡)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "camera_patrols",
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("stops", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("owner"),
    )
