"""The index of runs with their lines, and approvals."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
)

from reconciler.storage.columns import Id, Moment, Words

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables; records are indexed when the daemon looks next."""
    _make_runs()
    _make_parts()
    _make_approvals()


def downgrade() -> None:
    """Drop the index, which is made again of the records, and the approvals."""
    for name in ("approvals", "run_lines", "run_clusters", "runs"):
        op.drop_table(name)


def _words(*names: str) -> tuple[Column[str], ...]:
    return tuple(Column(name, Words, nullable=False) for name in names)


def _make_runs() -> None:
    op.create_table(
        "runs",
        Column("id", Id, nullable=False),
        Column("run", String(255), nullable=False),
        Column("stamp", String(128), nullable=False),
        Column("settled", Boolean, nullable=False),
        Column("started", Moment),
        Column("ended", Moment),
        *_words("result", "plan", "who", "file", "counts"),
        Column("lines", Integer, nullable=False),
        Column("outline", LargeBinary),
        PrimaryKeyConstraint("id", name="pk_runs"),
        UniqueConstraint("run", name="uq_runs_run"),
    )
    op.create_index("ix_runs_started", "runs", ["started"])


def _of_run(table: str) -> Column[int]:
    owner = ForeignKey("runs.id", name=f"fk_{table}_run_id", ondelete="CASCADE")
    return Column("run_id", Id, owner, nullable=False, autoincrement=False)


def _make_parts() -> None:
    op.create_table(
        "run_clusters",
        _of_run("run_clusters"),
        *_words("name", "result"),
        PrimaryKeyConstraint("run_id", "name", name="pk_run_clusters"),
    )
    op.create_index("ix_run_clusters_name", "run_clusters", ["name"])
    op.create_table(
        "run_lines",
        _of_run("run_lines"),
        Column("number", Integer, nullable=False, autoincrement=False),
        Column("text", LargeBinary, nullable=False),
        PrimaryKeyConstraint("run_id", "number", name="pk_run_lines"),
    )


def _make_approvals() -> None:
    op.create_table(
        "approvals",
        Column("id", Id, nullable=False),
        Column("run", String(255), nullable=False),
        Column("at", Moment, nullable=False),
        *_words("plan", "who", "scope"),
        PrimaryKeyConstraint("id", name="pk_approvals"),
        UniqueConstraint("run", "plan", "at", name="uq_approvals_run_plan_at"),
    )
    op.create_index("ix_approvals_at", "approvals", ["at"])
