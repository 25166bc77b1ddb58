"""What a rollout would do: the plans that looks found last, in waves, and the id that an approval names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciler.errors import UsageError
from reconciler.fleet.waves import Placed, assign_waves
from reconciler.planning.review.approved_plan import ApprovedPlan, read_found
from reconciler.storage.cluster_documents import documents_of_kind
from reconciler.storage.database import StateConnection
from reconciler.storage.fleet_files import FleetFile, fleet_files, fleet_source
from reconciler.storage.fleet_schedule import FleetCluster, fleet_clusters
from reconciler.storage.fleet_workers import served_zones
from reconciler.storage.rollout_standing import degraded_clusters, failed_looks
from reconciler.storage.rollouts import busy_clusters

# Of a digest, as of a plan's.
LENGTH = 12
UNKNOWN_ZONE = "zone-unknown"
NEXT_LOOK = "it is looked at again by itself; list the rollout again then"


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be rolled out: clusters by name, which come first in that order, ``zones`` of them,
    or ``everyone``; but for those ``without``. ``sizes`` are those of the waves, ``soak`` in seconds."""

    names: tuple[str, ...]
    everyone: bool
    zones: tuple[str, ...]
    without: tuple[str, ...]
    sizes: tuple[str, ...]
    soak: float


@dataclass(frozen=True, slots=True)
class FoundPlan:
    """The plan of a cluster as its last look found it; ``refusal`` is why it is not rolled out, and
    ``degraded`` what is wrong with it now.

    ``commit`` is where its file was changed last. ``document`` is what that look kept of it, empty where there was none.
    """

    cluster: str
    zone: str
    commit: str
    looked: datetime | None
    document: Mapping[str, Any]
    plan: ApprovedPlan | None
    degraded: str = ""
    refusal: str = ""

    @property
    def formats(self) -> tuple[str, ...]:
        """The devices that it formats."""
        actions = self.plan.actions if self.plan else ()
        return tuple(action.device for action in actions if action.risk == "data")


@dataclass(frozen=True, slots=True)
class Draft:
    """A rollout that nobody has approved yet; ``idle`` have nothing to do and are left out."""

    id: str
    commit: str
    request: Request
    waves: tuple[tuple[FoundPlan, ...], ...]
    refused: tuple[FoundPlan, ...]
    idle: tuple[str, ...]


def draft_rollout(connection: StateConnection, request: Request) -> Draft:
    """What ``request`` would do now. Raises UsageError where it names what the fleet does not have."""
    chosen = _choose(fleet_clusters(connection), request)
    found = list(_find(connection, chosen))
    refused = tuple(one for one in found if one.refusal)
    working = {
        one.cluster: one for one in found if not one.refusal and one.plan and one.plan.actions
    }
    placed = [Placed(one.cluster, one.zone) for one in working.values()]
    first = [name for name in request.names if name in working]
    waves = assign_waves(request.sizes, placed, first)
    source = fleet_source(connection)
    return Draft(
        _digest(waves, working, request.soak),
        source.commit if source else "",
        request,
        tuple(tuple(working[name] for name in wave) for wave in waves),
        refused,
        tuple(one.cluster for one in found if not one.refusal and one.cluster not in working),
    )


def _digest(waves: Sequence[Sequence[str]], found: Mapping[str, FoundPlan], soak: float) -> str:
    """Over exactly these: each cluster, its plan, its wave, and how long a wave stands."""
    rows = [
        [name, plan.id, number]
        for number, wave in enumerate(waves, 1)
        for name in wave
        if (plan := found[name].plan)
    ]
    text = json.dumps([rows, soak], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def _choose(clusters: Sequence[FleetCluster], request: Request) -> Sequence[FleetCluster]:
    known = {one.name: one for one in clusters}
    if not (request.names or request.everyone or request.zones):
        raise UsageError("say which clusters: their names, --zone ZONE, or --all")
    for name in (*request.names, *request.without):
        if name not in known:
            raise UsageError(f"no file of the fleet wants a cluster {name!r}")
    for zone in set(request.zones) - {one.zone for one in clusters}:
        raise UsageError(f"no cluster of the fleet is in a zone {zone!r}")
    return [
        one
        for one in clusters
        if one.name not in request.without
        and (request.everyone or one.zone in request.zones or one.name in request.names)
    ]


def _find(connection: StateConnection, chosen: Sequence[FleetCluster]) -> Iterator[FoundPlan]:
    files = {file.file: file for file in fleet_files(connection)}
    documents = documents_of_kind(connection, "plan")
    served = served_zones(connection)
    failed, degraded = failed_looks(connection), degraded_clusters(connection)
    busy = busy_clusters(connection, {one.name for one in chosen})
    for one in chosen:
        text, looked = documents.get(one.name, ("{}", None))
        document = json.loads(text)
        plan = _read(document)
        file = files[one.file]
        wrong = degraded.get(one.name, "")
        about = (one.name, one.zone, file.commit, looked, document, plan, wrong)
        later = _next_look(one, file, served)
        refusal = _unknown((plan, looked), failed.get(one.name), file, document, later)
        if not refusal and plan and (plan.actions or document["blocked"] or file.problem):
            refusal = _forbidden(one, file, busy.get(one.name), document)
        yield FoundPlan(*about, refusal)


def _read(document: Mapping[str, Any]) -> ApprovedPlan | None:
    try:
        return read_found(document)
    except KeyError:  # there is none, or a version kept it that knew no rollout
        return None


def _unknown(
    found: tuple[ApprovedPlan | None, datetime | None],
    failure: str | None,
    file: FleetFile,
    document: Mapping[str, Any],
    later: str,
) -> str:
    """Why it is not known what is to be done there; empty if it is. ``later`` is when it will be."""
    plan, looked = found
    if failure is not None:
        return f"its last look found nothing out: {failure}"
    if plan is None or looked is None:
        return f"it was not looked at yet; {later}"
    if looked < file.at or document.get("commit", file.commit) != file.commit:
        at = f" (commit {file.commit[:LENGTH]})" if file.commit else ""
        return f"its file has changed since it was looked at{at}; {later}"
    return ""


def _next_look(one: FleetCluster, file: FleetFile, served: Collection[str]) -> str:
    """When the cluster is looked at; where nobody will, why, and what is to be done about it."""
    if one.paused:
        return _paused(one)
    if one.zone in served:
        return NEXT_LOOK
    for line in file.problem.splitlines():
        if UNKNOWN_ZONE in line and one.zone in line:
            return f"{file.file}:{line}"
    return f"no worker serves its zone {one.zone}: start one, or see reconcile fleet status"


def _forbidden(
    one: FleetCluster, file: FleetFile, rollout: str | None, document: Mapping[str, Any]
) -> str:
    """Why what is to be done there is not rolled out; empty if it is."""
    if one.paused:
        return _paused(one)
    if file.problem:
        return f"what its file says now is not taken over: {file.problem}"
    if rollout:
        return f"it is in rollout {rollout}, which has not ended"
    return "; ".join(map(_blocked, document["blocked"]))


def _blocked(one: Mapping[str, Any]) -> str:
    remedy = f" ({one['remedy']})" if one.get("remedy") else ""
    return f"{one['code']} {one['subject']}: {one['message']}{remedy}"


def _paused(one: FleetCluster) -> str:
    return f"it is paused: {one.paused}; to go on: reconcile fleet resume {one.name}"
