"""What is known of a fleet at a moment, for a program: source, workers, clusters and their turns."""

from __future__ import annotations

from reconciler.model.documents import FORMAT_VERSION, Json
from reconciler.storage.database import StateConnection
from reconciler.storage.fleet_files import NEVER, fleet_source
from reconciler.storage.fleet_identity import read_identity
from reconciler.storage.fleet_schedule import FleetCluster, fleet_clusters
from reconciler.storage.fleet_standing import file_standings
from reconciler.storage.fleet_turns import Turn, going_turns
from reconciler.storage.fleet_workers import ALIVE, WorkerRow, database_now, workers


def fleet_status(connection: StateConnection) -> Json:
    """The document of ``reconcile fleet status --format json``. Times are those of the database."""
    identity, source = read_identity(connection), fleet_source(connection)
    turns = {turn.cluster: turn for turn in going_turns(connection)}
    files = file_standings(connection)
    return {
        "format_version": FORMAT_VERSION,
        "fleet": identity.fleet if identity else None,
        "at": database_now(connection).isoformat(),
        "source": None
        if source is None
        else {
            "address": source.address,
            "commit": source.commit,
            "ref": source.ref,
            "fetched_at": None if source.fetched_at == NEVER else source.fetched_at.isoformat(),
            "problem": source.problem,
        },
        "problems": {name: one.problem for name, one in files.items() if one.problem},
        "workers": [_worker(one) for one in workers(connection) if one.state == ALIVE],
        "clusters": [
            _cluster(one, files[one.file].commit, turns.get(one.name))
            for one in fleet_clusters(connection)
        ],
    }


def _worker(one: WorkerRow) -> Json:
    return {
        "id": one.id,
        "host": one.host,
        "pid": one.pid,
        "version": one.version,
        "zones": list(one.zones),
        "started": one.started.isoformat(),
        "seen": one.seen.isoformat(),
    }


def _cluster(one: FleetCluster, commit: str, turn: Turn | None) -> Json:
    return {
        "cluster": one.name,
        "zone": one.zone,
        "file": one.file,
        "commit": commit,
        "due": None if turn else one.due.isoformat(),
        "failures": one.failures,
        "paused": one.paused,
        "turn": None
        if turn is None
        else {"kind": turn.kind, "worker": turn.worker, "began": turn.began.isoformat()},
    }
