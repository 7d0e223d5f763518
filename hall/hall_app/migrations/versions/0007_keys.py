"""Answers kept for retries lie in the order of time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.rename_table("idempotency", "idempotency_before")
    op.create_table(
        "idempotency",
        sa.Column("at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("body_digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("at_ms", "digest"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO idempotency (at_ms, digest, body_digest, answer) "
        "SELECT at_ms, digest, body_digest, answer FROM idempotency_before"
    )
    op.drop_table("idempotency_before")
