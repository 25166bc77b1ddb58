"""A fleet: workers, the files that are wanted, the turns of clusters, and rollouts."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    String,
    text,
)

from reconciler.storage.columns import Id, Moment, Words

revision = "0004"
down_revision = "0003"
# The last first: what hangs on another goes before it.
TABLES = (
    "rollout_clusters",
    "rollouts",
    "fleet_turns",
    "fleet_clusters",
    "fleet_files",
    "workers",
)


def _words(*names: str) -> list[Column[str]]:
    return [Column(name, Words, nullable=False) for name in names]


def upgrade() -> None:
    """Make the tables; they are empty where one daemon has the state for itself."""
    op.create_table(
        "workers",
        Column("id", String(64), nullable=False),
        Column("number", BigInteger, nullable=False),
        *_words("zones", "host"),
        Column("pid", Integer, nullable=False),
        Column("version", String(64), nullable=False),
        Column("session", Integer, nullable=False),
        Column("started", Moment, nullable=False),
        Column("seen", Moment, nullable=False),
        Column("state", String(16), nullable=False),
        PrimaryKeyConstraint("id", name="pk_workers"),
    )
    op.create_index("uq_workers_number", "workers", ["number"], unique=True)
    op.create_index("ix_workers_state", "workers", ["state", "seen"])
    op.create_table(
        "fleet_files",
        Column("identity", String(64), nullable=False),
        *_words("file", "text"),
        Column("commit", String(64), nullable=False),
        *_words("problem"),
        Column("at", Moment, nullable=False),
        PrimaryKeyConstraint("identity", name="pk_fleet_files"),
    )
    op.create_table(
        "fleet_clusters",
        Column("name", String(255), nullable=False),
        Column("file", String(64), nullable=False),
        Column("zone", String(64), nullable=False),
        Column("due", Moment, nullable=False),
        Column("failures", Integer, nullable=False),
        *_words("paused"),
        PrimaryKeyConstraint("name", name="pk_fleet_clusters"),
        ForeignKeyConstraint(
            ["file"],
            ["fleet_files.identity"],
            name="fk_fleet_clusters_file",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_fleet_clusters_due", "fleet_clusters", ["zone", "due"])
    _make_turns()
    _make_rollouts()


def _make_turns() -> None:
    op.create_table(
        "fleet_turns",
        Column("id", Id, nullable=False),
        Column("cluster", String(255), nullable=False),
        Column("kind", String(16), nullable=False),
        Column("worker", String(64), nullable=False),
        Column("run", String(255), nullable=False),
        Column("began", Moment, nullable=False),
        Column("ended", Moment),
        *_words("result"),
        PrimaryKeyConstraint("id", name="pk_fleet_turns"),
    )
    going = text("ended IS NULL")
    op.create_index(
        "uq_fleet_turns_going",
        "fleet_turns",
        ["cluster"],
        unique=True,
        sqlite_where=going,
        postgresql_where=going,
    )
    op.create_index("ix_fleet_turns_history", "fleet_turns", ["cluster", "began"])
    op.create_index("ix_fleet_turns_ended", "fleet_turns", ["ended"])


def _make_rollouts() -> None:
    op.create_table(
        "rollouts",
        Column("id", String(64), nullable=False),
        Column("created", Moment, nullable=False),
        *_words("who"),
        Column("commit", String(64), nullable=False),
        *_words("waves"),
        Column("soak", Float, nullable=False),
        Column("state", String(32), nullable=False),
        *_words("message"),
        Column("ended", Moment),
        PrimaryKeyConstraint("id", name="pk_rollouts"),
    )
    op.create_index("ix_rollouts_created", "rollouts", ["created"])
    op.create_table(
        "rollout_clusters",
        Column("rollout", String(64), nullable=False),
        Column("cluster", String(255), nullable=False),
        Column("wave", Integer, nullable=False),
        Column("plan", String(128), nullable=False),
        *_words("actions", "devices"),
        Column("state", String(32), nullable=False),
        Column("run", String(255), nullable=False),
        *_words("message"),
        Column("began", Moment),
        Column("ended", Moment),
        PrimaryKeyConstraint("rollout", "cluster", name="pk_rollout_clusters"),
        ForeignKeyConstraint(
            ["rollout"],
            ["rollouts.id"],
            name="fk_rollout_clusters_rollout",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_rollout_clusters_cluster", "rollout_clusters", ["cluster"])


def downgrade() -> None:
    """Drop them: the older version knows no fleet."""
    for table in TABLES:
        op.drop_table(table)
