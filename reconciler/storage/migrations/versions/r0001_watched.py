"""What is watched: clusters, their conditions, drift, rounds, samples of volumes."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
    text,
)

from reconciler.storage.columns import Id, Moment, Words

revision = "0001"
down_revision = None

DROPPED = (
    *("documents", "samples", "observations", "drift_spells", "drift_items"),
    *("conditions", "clusters", "meta"),
)


def upgrade() -> None:
    """Make the tables."""
    _make_clusters()
    _make_conditions()
    _make_drift_items()
    _make_drift_spells()
    _make_rounds()
    _make_documents()


def downgrade() -> None:
    """Drop the tables, and all that is in them."""
    for name in DROPPED:
        op.drop_table(name)


def _id(table: str) -> tuple[Column[int], PrimaryKeyConstraint]:
    return Column("id", Id, nullable=False), PrimaryKeyConstraint("id", name=f"pk_{table}")


def _of(parent: str, table: str, column: str = "cluster_id") -> Column[int]:
    owner = ForeignKey(f"{parent}.id", name=f"fk_{table}_{column}", ondelete="CASCADE")
    return Column(column, Id, owner, nullable=False, autoincrement=False)


def _words(*names: str) -> tuple[Column[str], ...]:
    return tuple(Column(name, Words, nullable=False) for name in names)


def _moments(*names: str) -> tuple[Column[object], ...]:
    return tuple(Column(name, Moment, nullable=False) for name in names)


def _maybe(*names: str) -> tuple[Column[object], ...]:
    return tuple(Column(name, Moment) for name in names)


def _make_clusters() -> None:
    op.create_table(
        "meta",
        Column("name", String(64), nullable=False),
        *_words("value"),
        PrimaryKeyConstraint("name", name="pk_meta"),
    )
    op.create_table(
        "clusters",
        *_id("clusters"),
        *_words("file", "name"),
        Column("rank", Integer, nullable=False),
        Column("state", String(64), nullable=False),
        *_moments("added"),
        *_maybe("seen"),
        UniqueConstraint("file", "name", name="uq_clusters_file_name"),
    )
    op.create_index("ix_clusters_worst", "clusters", [text("rank DESC"), "name", "id"])


def _make_conditions() -> None:
    op.create_table(
        "conditions",
        *_id("conditions"),
        _of("clusters", "conditions"),
        *_words("subject"),
        Column("kind", String(64), nullable=False),
        Column("status", String(16), nullable=False),
        *_words("reason", "message"),
        *_moments("since", "began", "changed"),
        *_maybe("last_seen", "ended"),
    )
    standing = text("ended IS NULL")
    op.create_index(
        "uq_conditions_standing",
        "conditions",
        ["cluster_id", "subject", "kind"],
        unique=True,
        sqlite_where=standing,
        postgresql_where=standing,
    )
    op.create_index("ix_conditions_history", "conditions", ["cluster_id", "ended"])
    op.create_index("ix_conditions_ended", "conditions", ["ended"])


def _make_drift_items() -> None:
    op.create_table(
        "drift_items",
        *_id("drift_items"),
        _of("clusters", "drift_items"),
        Column("identity", String(64), nullable=False),
        *_words("host", "address"),
        Column("truth", String(32), nullable=False),
        Column("kind", String(32), nullable=False),
        Column("code", String(64), nullable=False),
        Column("severity", String(32), nullable=False),
        *_words("because", "expected", "actual", "origin"),
        *_moments("first_seen", "since", "changed"),
        *_maybe("last_seen", "gone"),
        Column("times", Integer, nullable=False),
        UniqueConstraint("cluster_id", "identity", name="uq_drift_items_cluster_id_identity"),
    )
    op.create_index("ix_drift_items_gone", "drift_items", ["gone"])


def _make_drift_spells() -> None:
    op.create_table(
        "drift_spells",
        *_id("drift_spells"),
        _of("drift_items", "drift_spells", "item_id"),
        *_moments("began"),
        *_maybe("ended"),
    )
    op.create_index("ix_drift_spells_item", "drift_spells", ["item_id", "began"])
    op.create_index("ix_drift_spells_ended", "drift_spells", ["ended"])


def _make_rounds() -> None:
    op.create_table(
        "observations",
        *_id("observations"),
        _of("clusters", "observations"),
        *_moments("began", "last"),
        Column("rounds", Integer, nullable=False),
        Column("state", String(64), nullable=False),
        Column("digest", String(128), nullable=False),
    )
    op.create_index("ix_observations_strip", "observations", ["cluster_id", "last"])
    op.create_table(
        "samples",
        *_id("samples"),
        _of("clusters", "samples"),
        *_words("volume"),
        *_moments("at"),
        Column("size", BigInteger, nullable=False),
        Column("used", BigInteger, nullable=False),
    )
    op.create_index("ix_samples_volume", "samples", ["cluster_id", "volume", "at"])
    op.create_index("ix_samples_at", "samples", ["at"])


def _make_documents() -> None:
    op.create_table(
        "documents",
        _of("clusters", "documents"),
        Column("kind", String(32), nullable=False),
        *_moments("at"),
        *_words("text"),
        PrimaryKeyConstraint("cluster_id", "kind", name="pk_documents"),
    )
