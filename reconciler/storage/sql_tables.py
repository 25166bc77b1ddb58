"""The tables of the state, the same in SQLite and PostgreSQL; ``migrations`` makes them.

A row that stands has no ``last_seen``: it was last seen in the cluster's last round. So a round in
which nothing changed writes two rows, whatever the number of conditions and differences.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from reconciler.storage.columns import Id, Moment, Words

# What the newest migration makes; a test holds them together. Readers do without alembic, which is slow to import.
REVISION = "0005"
# The oldest revision whose programs may go on with these tables while others have a newer version.
COMPATIBLE_FROM = "0004"
# Every constraint has a name, so that another revision can change it on both engines.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA = MetaData(naming_convention=NAMES)


def _cluster() -> Column[int]:
    return Column(
        "cluster_id", Id, ForeignKey("clusters.id", ondelete="CASCADE"), nullable=False
    )


# Words about the state itself, as when it was made.
META = Table(
    "meta",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("value", Words, nullable=False),
)

CLUSTERS = Table(
    "clusters",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("file", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("rank", Integer, nullable=False),  # the worst highest
    Column("state", String(64), nullable=False),
    Column("added", Moment, nullable=False),
    Column("seen", Moment),  # the last round
    UniqueConstraint("file", "name"),
)
Index("ix_clusters_worst", CLUSTERS.c.rank.desc(), CLUSTERS.c.name, CLUSTERS.c.id)

CONDITIONS = Table(
    "conditions",
    METADATA,
    Column("id", Id, primary_key=True),
    _cluster(),
    Column("subject", Words, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Words, nullable=False),
    Column("message", Words, nullable=False),
    Column("since", Moment, nullable=False),
    Column("began", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("last_seen", Moment),
    Column("ended", Moment),  # of what stands none
)
Index(
    "uq_conditions_standing",
    *(CONDITIONS.c.cluster_id, CONDITIONS.c.subject, CONDITIONS.c.kind),
    unique=True,
    sqlite_where=CONDITIONS.c.ended.is_(None),
    postgresql_where=CONDITIONS.c.ended.is_(None),
)
# What stands of a cluster is found without its history, and that in the order in which it ended.
Index("ix_conditions_history", CONDITIONS.c.cluster_id, CONDITIONS.c.ended)
Index("ix_conditions_ended", CONDITIONS.c.ended)

DRIFT_ITEMS = Table(
    "drift_items",
    METADATA,
    Column("id", Id, primary_key=True),
    _cluster(),
    # SHA-256 of the identity: addresses may be longer than what PostgreSQL puts into an index
    Column("identity", String(64), nullable=False),
    Column("host", Words, nullable=False),
    Column("address", Words, nullable=False),
    Column("truth", String(32), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("code", String(64), nullable=False),
    Column("severity", String(32), nullable=False),
    Column("because", Words, nullable=False),
    Column("expected", Words, nullable=False),
    Column("actual", Words, nullable=False),
    Column("origin", Words, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("since", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("last_seen", Moment),
    Column("gone", Moment),
    Column("times", Integer, nullable=False),
    UniqueConstraint("cluster_id", "identity"),
)
Index("ix_drift_items_gone", DRIFT_ITEMS.c.gone)

# A row each time that a difference came: by it one is known that keeps coming back.
DRIFT_SPELLS = Table(
    "drift_spells",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("item_id", Id, ForeignKey("drift_items.id", ondelete="CASCADE"), nullable=False),
    Column("began", Moment, nullable=False),
    Column("ended", Moment),
)
Index("ix_drift_spells_item", DRIFT_SPELLS.c.item_id, DRIFT_SPELLS.c.began)
Index("ix_drift_spells_ended", DRIFT_SPELLS.c.ended)

# A row as long as rounds find the same.
OBSERVATIONS = Table(
    "observations",
    METADATA,
    Column("id", Id, primary_key=True),
    _cluster(),
    Column("began", Moment, nullable=False),
    Column("last", Moment, nullable=False),
    Column("rounds", Integer, nullable=False),
    Column("state", String(64), nullable=False),
    Column("digest", String(128), nullable=False),
)
Index("ix_observations_strip", OBSERVATIONS.c.cluster_id, OBSERVATIONS.c.last)

SAMPLES = Table(
    "samples",
    METADATA,
    Column("id", Id, primary_key=True),
    _cluster(),
    Column("volume", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("size", BigInteger, nullable=False),  # bytes
    Column("used", BigInteger, nullable=False),
)
Index("ix_samples_volume", SAMPLES.c.cluster_id, SAMPLES.c.volume, SAMPLES.c.at)
Index("ix_samples_at", SAMPLES.c.at)

# The last whole text of a kind, as a plan or a status, of a cluster.
DOCUMENTS = Table(
    "documents",
    METADATA,
    Column(
        "cluster_id",
        Id,
        ForeignKey("clusters.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("kind", String(32), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("text", Words, nullable=False),
)

# A run's record as it was read last: the file is the truth, and is read again if it is not the one of ``stamp``.
RUNS = Table(
    "runs",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("run", String(255), nullable=False),
    Column("stamp", String(128), nullable=False),
    Column("settled", Boolean, nullable=False),  # whole, ended, and not to change any more
    Column("started", Moment),
    Column("ended", Moment),
    Column("result", Words, nullable=False),
    Column("plan", Words, nullable=False),
    Column("who", Words, nullable=False),
    Column("file", Words, nullable=False),
    Column("counts", Words, nullable=False),  # JSON: how many actions ended how
    Column("lines", Integer, nullable=False),  # how many the record has
    Column("outline", LargeBinary),  # the lines that a list of runs needs, if they are enough
    # The life of the worker whose file it is; empty where there is one daemon.
    Column("worker", String(64), nullable=False, server_default=""),
    UniqueConstraint("run"),
)
Index("ix_runs_started", RUNS.c.started)

RUN_CLUSTERS = Table(
    "run_clusters",
    METADATA,
    Column(
        "run_id",
        Id,
        ForeignKey("runs.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("name", Words, primary_key=True),
    Column("result", Words, nullable=False),
)
Index("ix_run_clusters_name", RUN_CLUSTERS.c.name)

RUN_LINES = Table(
    "run_lines",
    METADATA,
    Column(
        "run_id",
        Id,
        ForeignKey("runs.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("text", LargeBinary, nullable=False),  # without its line feed, as it is chained
)

APPROVALS = Table(
    "approvals",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("run", String(255), nullable=False),
    Column("plan", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("who", Words, nullable=False),
    Column("scope", Words, nullable=False),
    UniqueConstraint("run", "plan", "at"),
)
Index("ix_approvals_at", APPROVALS.c.at)

# The last good text of each file that is watched.
KEPT_FILES = Table(
    "kept_files",
    METADATA,
    Column("identity", String(64), primary_key=True),  # SHA-256 of the path, as of drift_items
    Column("place", Words, nullable=False),
    Column("file", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("at", Moment, nullable=False),
)
