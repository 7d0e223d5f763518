"""Cases know the hotline's own number (工单编号), by which each is imported once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("order_no", sa.String(length=40), nullable=True))
    op.create_index("cases_order", "cases", ["hall_id", "order_no"])
