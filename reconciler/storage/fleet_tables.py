"""The tables of a fleet: who works, which clusters are whose turn, and what is rolled out.

They are in every database of the state, and empty in that of a single daemon.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
)

from reconciler.storage.columns import Id, Moment, Words
from reconciler.storage.sql_tables import METADATA

# All tables: who wants them imports them from here.
__all__ = [
    "FLEET_CLUSTERS",
    "FLEET_FILES",
    "FLEET_TURNS",
    "METADATA",
    "ROLLOUTS",
    "ROLLOUT_CLUSTERS",
    "WORKERS",
]
LONGEST = 255  # of a cluster's name

# A row for each life of a worker: from a start, or a database that came back, to its end.
WORKERS = Table(
    "workers",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("number", BigInteger, nullable=False),  # of the life: each has a greater one
    Column("zones", Words, nullable=False),  # JSON: a list
    Column("host", Words, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", String(64), nullable=False),
    Column("session", Integer, nullable=False),  # PostgreSQL's process that has its locks
    Column("started", Moment, nullable=False),
    Column("seen", Moment, nullable=False),
    Column("state", String(16), nullable=False),  # alive, lost, ended
)
Index("uq_workers_number", WORKERS.c.number, unique=True)
Index("ix_workers_state", WORKERS.c.state, WORKERS.c.seen)

# The files that say what is wanted, as they were at a commit.
FLEET_FILES = Table(
    "fleet_files",
    METADATA,
    Column("identity", String(64), primary_key=True),  # SHA-256 of the path
    Column("file", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column(
        "commit", String(64), nullable=False
    ),  # where it was changed last; empty without git
    Column("problem", Words, nullable=False),  # why what it says now is not taken over
    Column("at", Moment, nullable=False),
)

# A row for each cluster that is wanted.
FLEET_CLUSTERS = Table(
    "fleet_clusters",
    METADATA,
    Column("name", String(LONGEST), primary_key=True),
    Column(
        "file",
        String(64),
        ForeignKey("fleet_files.identity", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("zone", String(64), nullable=False),
    Column("due", Moment, nullable=False),  # the next look
    Column("failures", Integer, nullable=False),  # looks in a row that learnt nothing
    Column("paused", Words, nullable=False),  # who paused it, and why; empty if it is not
)
Index("ix_fleet_clusters_due", FLEET_CLUSTERS.c.zone, FLEET_CLUSTERS.c.due)

# What workers do with clusters; of a cluster only one is not ended.
FLEET_TURNS = Table(
    "fleet_turns",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("cluster", String(LONGEST), nullable=False),
    Column("kind", String(16), nullable=False),  # look, apply
    Column("worker", String(64), nullable=False),
    Column("run", String(LONGEST), nullable=False),
    Column("began", Moment, nullable=False),
    Column("ended", Moment),
    Column("result", Words, nullable=False),
)
Index(
    "uq_fleet_turns_going",
    FLEET_TURNS.c.cluster,
    unique=True,
    sqlite_where=FLEET_TURNS.c.ended.is_(None),
    postgresql_where=FLEET_TURNS.c.ended.is_(None),
)
Index("ix_fleet_turns_history", FLEET_TURNS.c.cluster, FLEET_TURNS.c.began)
Index("ix_fleet_turns_ended", FLEET_TURNS.c.ended)

# A change to many clusters, one wave after the other.
ROLLOUTS = Table(
    "rollouts",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("created", Moment, nullable=False),
    Column("who", Words, nullable=False),
    Column("commit", String(64), nullable=False),
    Column("waves", Words, nullable=False),  # as they were asked for
    Column("soak", Float, nullable=False),  # seconds that a wave stands before the next begins
    Column("state", String(32), nullable=False),
    Column("message", Words, nullable=False),
    Column("ended", Moment),
)
Index("ix_rollouts_created", ROLLOUTS.c.created)

ROLLOUT_CLUSTERS = Table(
    "rollout_clusters",
    METADATA,
    Column(
        "rollout", String(64), ForeignKey("rollouts.id", ondelete="CASCADE"), nullable=False
    ),
    Column("cluster", String(LONGEST), nullable=False),
    Column("wave", Integer, nullable=False),  # from 1
    Column("plan", String(128), nullable=False),
    Column("actions", Words, nullable=False),  # JSON: what was approved, action by action
    Column("devices", Words, nullable=False),  # JSON: what may be formatted
    Column("state", String(32), nullable=False),
    Column("run", String(LONGEST), nullable=False),
    Column("message", Words, nullable=False),
    Column("began", Moment),
    Column("ended", Moment),
    PrimaryKeyConstraint("rollout", "cluster"),
)
Index("ix_rollout_clusters_cluster", ROLLOUT_CLUSTERS.c.cluster)
