"""One round of a cluster: observed, planned and compared as the commands do it; nothing is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.hosts import Host
from reconciler.hosts.observer import observe_one
from reconciler.model.desired import Cluster, Desired
from reconciler.model.machine_marks import marks_by_host
from reconciler.model.observed import MountPoint, Observed, Unknown, Unreachable
from reconciler.model.plan import Action, ClusterPlan
from reconciler.pipeline import HostFactory, Options, member_hosts, plan, probe_for
from reconciler.pipeline.drift import plan_last_applied
from reconciler.pipeline.parts import Healable
from reconciler.planning.review.approved_plan import lasting
from reconciler.planning.review.digest import action_digest
from reconciler.planning.review.drift import Item, detect_drift, record_notes
from reconciler.planning.review.origins import with_origins
from reconciler.planning.watching.healable import LOOKS
from reconciler.planning.watching.prospects import find_prospects
from reconciler.planning.watching.standing import Look, read_standing
from reconciler.planning.watching.strikes import difference_of
from reconciler.planning.watching.troubles import Sight, find_slotless
from reconciler.reports.status import status_document
from reconciler.reports.topology import topology
from reconciler.resources import SECTIONS
from reconciler.resources.volumes.heartbeat_samples import (
    sample_beats,
    with_beats_since,
)
from reconciler.watch.earlier import Earlier
from reconciler.watch.result import RoundResult, Step

# All members of a cluster at once: how many hosts are asked at a time is bounded elsewhere.
OPTIONS = Options(parallelism=1024)


async def observe_round(
    desired: Desired,
    earlier: Earlier,
    fleet: HostFactory,
    moment: datetime,
) -> RoundResult:
    """Look at the one cluster of ``desired``, plan it, and compare it; ``seconds`` is left at 0.

    What may be healed is about to be, and is told as such.
    """
    whole, ((cluster, observed),) = await plan(desired, fleet, OPTIONS)
    (wanted,) = whole.clusters
    (asked,) = desired.clusters
    applied = await plan_last_applied(asked, (cluster, observed, wanted), fleet, OPTIONS)
    drift = detect_drift(wanted, applied, tuple(record_notes(cluster, observed)))
    drift = with_origins(drift, cluster, observed)
    at = moment.isoformat(timespec="seconds")
    sample = sample_beats(observed)
    observed = with_beats_since(await _with_sizes(cluster, observed, fleet), earlier.beats)
    part = Healable(asked, fleet, OPTIONS, lambda: moment, earlier.past)
    healing = part.judge((cluster, observed, wanted), applied, traces_of(drift.items, wanted))
    known = earlier.full_in, earlier.slotless
    look = Look(cluster, observed, wanted, drift, healing, *known)
    sights = {cluster.name: Sight(cluster, observed, *known)}
    return RoundResult(
        cluster=asked.name,
        moment=moment,
        seconds=0.0,
        drift=drift.items,
        plan_id=whole.id,
        risk=whole.risk,
        steps=tuple(_step(action) for action in wanted.actions),
        outages=lasting(wanted.outages),
        blocked=wanted.blocked,
        unread=drift.unread,
        unreachable=tuple(observed.unreachable()),
        hosts=tuple(observed.hosts),
        findings=drift.findings,
        notes=drift.notes,
        readings=read_standing(look),
        beats=sample,
        slotless=find_slotless(cluster, observed),
        machines=marks_by_host(observed),
        prospects=find_prospects(healing),
        heals=tuple(a.summary for a in healing.actions if a.kind not in LOOKS),
        status=status_document([(cluster, observed)], at, sights)["clusters"][0],
        topology=topology(cluster, observed, wanted),
    )


def _step(action: Action) -> Step:
    about = (action.kind, action.host, action.address, action.summary, action.risk)
    more = (action.device, action.irreversible, action_digest(action))
    return Step(*about, action.id, *more)


def traces_of(items: Sequence[Item], plan: ClusterPlan) -> Mapping[str, str]:
    """What hosts tell of the differences that actions of a plan make good, by ``difference_of``."""
    told = {(item.host, item.address): item.origin for item in items if item.origin}
    return {
        difference_of(action): told[action.host, action.address]
        for action in plan.actions
        if (action.host, action.address) in told
    }


async def _with_sizes(cluster: Cluster, observed: Observed, fleet: HostFactory) -> Observed:
    """Observed with the fill of each volume, as one host that has it mounted tells.

    It is asked for by itself, as that waits while a host that died is recovered.
    """
    asked: dict[str, list[str]] = {}
    for volume in cluster.volumes:
        path = volume.mount.path
        for host, facts in observed.answering_hosts().items():
            if not isinstance(facts.mounts, Unknown) and any(
                mount.path == path and mount.device for mount in facts.mounts
            ):
                asked.setdefault(host, []).append(path)
                break
    doors = member_hosts(fleet, cluster)
    found = await asyncio.gather(
        *(_mounts(doors[host], cluster, paths) for host, paths in asked.items())
    )
    sized = {host: mounts for host, mounts in zip(asked, found, strict=True) if mounts}
    whole = {
        host: replace(facts, mounts=sized[host])
        for host, facts in observed.answering_hosts().items()
        if host in sized
    }
    return replace(observed, hosts={**observed.hosts, **whole})


async def _mounts(
    host: Host, cluster: Cluster, paths: Sequence[str]
) -> tuple[MountPoint, ...] | None:
    facts = await observe_one(host, probe_for(cluster, (), ("mounts",), paths), SECTIONS)
    if isinstance(facts, Unreachable) or isinstance(facts.mounts, Unknown):
        return None
    return facts.mounts
