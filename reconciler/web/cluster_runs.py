"""What the page of a cluster has of its runs: the latest, and who holds its lease."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.reports.lease_notes import lease_notes
from reconciler.storage.clusters import StoredCluster
from reconciler.storage.database import StateConnection
from reconciler.storage.runs import find_run, latest_runs

RUNS = 5


def run_facts(
    connection: StateConnection, stored: StoredCluster, status: Mapping[str, Any]
) -> dict[str, Any]:
    """By the names that the page has for them; ``status`` is empty where none is known."""
    leases = lease_notes(status)
    return {
        "runs": latest_runs(connection, RUNS, cluster=stored.name),
        "leases": leases,
        "known_runs": {note.run for note in leases if find_run(connection, note.run)},
    }
