"""The whole story: observe, plan, approve, lock, look again, execute, look again, report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.errors import ActionFailed, HostUnreachable, LockHeld
from reconciler.execution.executor import (
    BLANK,
    MOUNTED_SIZE,
    Emit,
    ExecutionContext,
    Executor,
)
from reconciler.execution.locks import Claim, Held, hold_leases
from reconciler.execution.records import Stale, leave_records, records, stale_records
from reconciler.execution.sightings import Look, Looks
from reconciler.hosts import Host
from reconciler.hosts.observer import observe_one
from reconciler.model.addresses import cluster_address
from reconciler.model.desired import Cluster, Desired
from reconciler.model.documents import Record
from reconciler.model.observed import HostFacts, Observed, Unreachable
from reconciler.model.outcome import ActionOutcome, Blocked, ClusterOutcome, refuse_unreachable
from reconciler.model.plan import ClusterPlan, Fact, Plan
from reconciler.model.roles import contacted_members
from reconciler.pipeline.observation import (
    ClusterObservations,
    HostFactory,
    Live,
    Watch,
    helper,
    installed_probe,
    member_hosts,
    observe_cluster,
    observe_clusters,
    probe_for,
    recorded_probe_arguments,
    storage,
)
from reconciler.pipeline.recorded import Recorded
from reconciler.planning.checks.cluster_health import since
from reconciler.planning.conditions import sections
from reconciler.planning.planner import make_plan, restrict
from reconciler.planning.resolve.numbering import with_numbers
from reconciler.resources import SECTIONS

__all__ = [
    "ClusterObservations",
    "HostFactory",
    "Options",
    "Run",
    "Watch",
    "installed_probe",
    "look_at",
    "member_hosts",
    "plan",
    "plan_recorded",
    "probe_for",
    "recorded_probe_arguments",
]


@dataclass(frozen=True, slots=True)
class Options:
    """How a run goes: which part, how wide, how long to wait for a lease.

    Looks at the hosts of several files share ``free``, which is as wide.
    """

    targets: tuple[str, ...] = ()
    parallelism: int = 256
    patience: float = 20.0
    free: asyncio.Semaphore | None = None


async def plan(
    desired: Desired, fleet: HostFactory, options: Options, watch: Watch | None = None
) -> tuple[Plan, ClusterObservations]:
    """The plan and what it rests on."""
    pairs = await look_at(desired, fleet, options, watch)
    return make_plan(pairs, options.targets), pairs


async def look_at(
    desired: Desired, fleet: HostFactory, options: Options, watch: Watch | None = None
) -> ClusterObservations:
    """Every cluster with what its hosts have now."""
    return await observe_clusters(
        desired, Live(fleet, options.free or options.parallelism, watch), options.targets
    )


async def plan_recorded(
    desired: Desired, records: Mapping[str, Record], targets: Sequence[str]
) -> tuple[Plan, ClusterObservations]:
    """The plan and what it rests on, from facts that were recorded; no host is asked.

    So nothing is waited for: who has no event loop takes the result from the first step.
    """
    source = Recorded(records)
    pairs = tuple([await observe_cluster(c, source, targets) for c in desired.clusters])
    return make_plan(pairs, targets), pairs


@dataclass(frozen=True, slots=True)
class Run:
    """One approved plan being carried out on all its clusters."""

    fleet: HostFactory
    options: Options
    emit: Emit
    stop: asyncio.Event
    claim: Callable[[str], Claim]
    desired: Desired

    async def execute(
        self, plan: Plan, pairs: Sequence[tuple[Cluster, Observed]]
    ) -> tuple[ClusterOutcome, ...]:
        """Every cluster's end; one that fails or is refused does not stop the others."""
        seen = {cluster.name: (cluster, observed) for cluster, observed in pairs}
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._cluster(item, *seen[item.name]))
                for item in plan.clusters
            ]
        return tuple(task.result() for task in tasks)

    async def _cluster(
        self, plan: ClusterPlan, cluster: Cluster, observed: Observed
    ) -> ClusterOutcome:
        if plan.blocked:
            return ClusterOutcome(plan.name, "refused", blocked=plan.blocked)
        before = with_numbers(cluster, observed)
        if not plan.actions and not self._stale_records(before, observed)[1]:
            return ClusterOutcome(plan.name, "no-change")
        hosts = {
            name: door
            for name, door in member_hosts(self.fleet, cluster).items()
            if name in observed.answering_hosts()
        }
        helpers = {action.host for action in plan.actions if action.host} - hosts.keys()
        off = {m.name for m in cluster.members} - {m.name for m in contacted_members(cluster)}
        claim = replace(self.claim(plan.name), excused=frozenset(off))
        door = self._door(cluster)
        try:
            async with hold_leases(hosts, sorted(helpers), claim, door) as held:
                outcome = await self._locked(plan, cluster, (hosts, held))
        except LockHeld as error:
            blocked = refuse_unreachable(error.host, error.code, str(error))
            return ClusterOutcome(plan.name, "locked", blocked=(blocked,))
        except HostUnreachable as error:
            blocked = refuse_unreachable(error.host, error.code, error.message)
            return ClusterOutcome(plan.name, "refused", blocked=(blocked,))
        if held.losses:
            message = f"stopped, the lease was lost: {held.losses[0]}"
            outcome = replace(outcome, message=message)
        return outcome

    def _door(self, cluster: Cluster) -> Callable[[str], Host]:
        """The way to a host by name; of one that only another file names, by its name alone."""
        known = {**storage(self.fleet, cluster), **member_hosts(self.fleet, cluster)}

        def door(name: str) -> Host:
            return known[name] if name in known else helper(self.fleet, cluster, name)

        return door

    def _stale_records(
        self, numbered: Cluster, observed: Observed
    ) -> tuple[Mapping[str, str], Stale]:
        """The records to leave, and where they are old; a part applied is no record."""
        if self.options.targets:
            return {}, {}
        texts = records(self.desired, numbered, observed)
        return texts, stale_records(texts, numbered, observed)

    async def _locked(
        self, plan: ClusterPlan, cluster: Cluster, locked: tuple[Mapping[str, Host], Held]
    ) -> ClusterOutcome:
        """Re-observe from zero; go on only with exactly the approved actions."""
        hosts, held = locked
        cluster, seen = await self._whole(cluster)
        fresh = restrict(cluster, seen, self.options.targets)
        if fresh.blocked or fresh.actions != plan.actions:
            return ClusterOutcome(
                plan.name, "refused", blocked=fresh.blocked or (_stale(plan),)
            )
        hosts = {**storage(self.fleet, cluster), **hosts}
        bench = ExecutionContext(
            hosts,
            Looks(self._look(cluster, hosts, seen)),
            self.emit,
            lambda: self.stop.is_set() or bool(held.losses),
            held,
            self.options.parallelism,
            self.options.patience,
        )
        outcomes = await Executor(plan, bench).execute()
        return await self._concluded(held, (cluster, with_numbers(cluster, seen)), outcomes)

    async def _concluded(
        self,
        held: Held,
        before: tuple[Cluster, Cluster],
        outcomes: tuple[ActionOutcome, ...],
    ) -> ClusterOutcome:
        """Look once more: only an empty plan is convergence."""
        cluster, as_planned = before
        cluster, observed = await self._whole(cluster)
        rest = restrict(cluster, observed, self.options.targets)
        if all(o.status == "done" for o in outcomes) and not rest.actions and not rest.blocked:
            return await self._recorded(held, (as_planned, observed), outcomes)
        acted = any(o.status == "done" for o in outcomes)
        left = f"{len(rest.actions)} actions remain: apply again to go on{_missing(rest)}"
        if self.stop.is_set() and not any(o.status == "failed" for o in outcomes):
            message = f"interrupted; {left}"
            return ClusterOutcome(cluster.name, "interrupted", outcomes, rest.blocked, message)
        return ClusterOutcome(
            cluster.name, "partial" if acted else "failed", outcomes, rest.blocked, left
        )

    async def _recorded(
        self,
        held: Held,
        now: tuple[Cluster, Observed],
        outcomes: tuple[ActionOutcome, ...],
    ) -> ClusterOutcome:
        """Leave the records of what was applied; without them, apply again."""
        cluster, observed = now
        texts, stale = self._stale_records(cluster, observed)
        try:
            await leave_records(texts, held, member_hosts(self.fleet, cluster), stale)
        except (HostUnreachable, ActionFailed, LockHeld) as error:
            message = f"converged, but the record of it was not left everywhere: {error}"
            return ClusterOutcome(cluster.name, "partial", outcomes, message=message)
        return ClusterOutcome(cluster.name, "converged" if outcomes else "no-change", outcomes)

    async def _whole(self, cluster: Cluster) -> tuple[Cluster, Observed]:
        return await observe_cluster(
            cluster, Live(self.fleet, self.options.parallelism), self.options.targets
        )

    def _look(self, cluster: Cluster, hosts: Mapping[str, Host], began: Observed) -> Look:
        """Looks anew; of the kernels' messages those count that came after ``began``."""

        free = asyncio.Semaphore(self.options.parallelism)

        async def look(host: str, facts: Sequence[Fact]) -> HostFacts | Unreachable:
            blank = sorted({fact.subject for fact in facts if fact.reading == BLANK})
            sizes = sorted({fact.subject for fact in facts if fact.reading == MOUNTED_SIZE})
            probe = probe_for(cluster, blank, sections(facts), sizes)
            async with free:
                now = await observe_one(hosts[host], probe, SECTIONS)
            return since(began, Observed({host: now})).hosts[host]

        return look


def _missing(rest: ClusterPlan) -> str:
    """Who is without a volume or a workload until somebody goes on.

    Not who has it still: of those the rest would first take it.
    """
    kinds = {
        "mount": ({"unmount"}, "without a volume"),
        "start-service": ({"stop-service"}, "with a service stopped"),
        "start-guest": ({"stop-guest", "migrate-guest"}, "with a guest stopped"),
    }
    words = []
    for given, (taken, what) in kinds.items():
        has = {(a.host, a.address) for a in rest.actions if a.kind in taken}
        lacks = {
            a.host for a in rest.actions if a.kind == given and (a.host, a.address) not in has
        }
        words += [f"; {what} until then: {', '.join(sorted(lacks))}"] if lacks else []
    return "".join(words)


def _stale(plan: ClusterPlan) -> Blocked:
    return Blocked(
        "plan-changed",
        cluster_address(plan.name),
        "the hosts changed between the plan and its execution; nothing was done",
        "plan again, look at what differs, and approve that plan",
    )
