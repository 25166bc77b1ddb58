"""Runs: which worker has the record."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, String

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add it; of the runs that are there nobody says so."""
    op.add_column("runs", Column("worker", String(64), nullable=False, server_default=""))


def downgrade() -> None:
    """Leave it out."""
    with op.batch_alter_table("runs") as batch:
        batch.drop_column("worker")
