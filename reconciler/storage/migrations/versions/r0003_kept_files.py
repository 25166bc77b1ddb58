"""The last good text of each file that is watched."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, PrimaryKeyConstraint, String

from reconciler.storage.columns import Moment, Words

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table; files that are good are kept when they are read next."""
    op.create_table(
        "kept_files",
        Column("identity", String(64), nullable=False),
        *(Column(name, Words, nullable=False) for name in ("place", "file", "text")),
        Column("at", Moment, nullable=False),
        PrimaryKeyConstraint("identity", name="pk_kept_files"),
    )


def downgrade() -> None:
    """Drop it: the older version starts without files that are broken then."""
    op.drop_table("kept_files")
