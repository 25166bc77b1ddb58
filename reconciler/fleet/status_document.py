"""What is known of a fleet at a moment, for a program: source, workers, clusters and their turns."""

from __future__ import annotations

from datetime import timedelta

from reconciler.model.documents import FORMAT_VERSION, Json
from reconciler.storage.database import StateConnection
from reconciler.storage.fleet_files import NEVER, fleet_source
from reconciler.storage.fleet_identity import read_identity
from reconciler.storage.fleet_schedule import FleetCluster, fleet_clusters
from reconciler.storage.fleet_standing import file_standings
from reconciler.storage.fleet_turns import Turn, going_turns, lost_turns
from reconciler.storage.fleet_workers import ALIVE, LOST, WorkerRow, database_now, workers
from reconciler.storage.rollout_standing import BAD, bad_conditions
from reconciler.storage.rollouts import open_rollouts

# Of workers that were given up: so long they are told of.
LATELY = timedelta(hours=1)


def fleet_status(connection: StateConnection) -> Json:
    """The document of ``reconcile fleet status --format json``. Times are those of the database."""
    identity, source = read_identity(connection), fleet_source(connection)
    turns = {turn.cluster: turn for turn in going_turns(connection)}
    files, bad = file_standings(connection), bad_conditions(connection)
    lives, now = workers(connection), database_now(connection)
    had = lost_turns(connection)
    return {
        "format_version": FORMAT_VERSION,
        "fleet": identity.fleet if identity else None,
        "at": now.isoformat(),
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
        "workers": [_worker(one) for one in lives if one.state == ALIVE],
        "clusters": [
            _cluster(one, files[one.file].commit, turns.get(one.name))
            | {"conditions": sorted(bad.get(one.name, ()), key=BAD.index)}
            for one in fleet_clusters(connection)
        ],
        "lost": [
            _worker(one) | {"had": had.get(one.id, [])}
            for one in lives
            if one.state == LOST and now - one.seen < LATELY
        ],
        "rollouts": [
            {"rollout": one.id, "state": one.state, "message": one.message}
            for one in open_rollouts(connection)
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
