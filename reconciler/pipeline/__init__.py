"""The whole story: observe, plan, approve, lock, look again, execute, look again, report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.errors import ActionFailed, HostUnreachable, LockHeld
from reconciler.execution.executor import ExecutionContext, Executor
from reconciler.execution.locks import Claim, Held, hold_leases
from reconciler.execution.proofs import tell_proofs
from reconciler.execution.records import (
    Sighted,
    Stale,
    clocks_of,
    leave_records,
    records,
    stale_records,
)
from reconciler.execution.sightings import Looks
from reconciler.execution.telling import Emit
from reconciler.hosts import Host
from reconciler.model.addresses import cluster_address
from reconciler.model.desired import Cluster, Desired
from reconciler.model.heartbeat_owners import MEMBERS
from reconciler.model.observed import Observed
from reconciler.model.outcome import ActionOutcome, Blocked, ClusterOutcome, refuse_unreachable
from reconciler.model.plan import ClusterPlan, Plan
from reconciler.model.quantities import with_count
from reconciler.model.roles import contacted_members
from reconciler.observation import (
    ClusterObservations,
    HostFactory,
    Options,
    Watch,
    installed_probe,
    observe_cluster,
    probe_for,
    recorded_probe_arguments,
)
from reconciler.observation.live_hosts import (
    Live,
    helper,
    look_at,
    member_hosts,
    storage,
)
from reconciler.pipeline.eyes import HostEyes
from reconciler.pipeline.parts import Part, Targeted
from reconciler.planning.planner import make_plan, present_record
from reconciler.planning.resolve.numbering import with_numbers
from reconciler.resources.membership.preflight import joins

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
    "probe_for",
    "recorded_probe_arguments",
]


async def plan(
    desired: Desired, fleet: HostFactory, options: Options, watch: Watch | None = None
) -> tuple[Plan, ClusterObservations]:
    """The plan and what it rests on."""
    pairs = await look_at(desired, fleet, options, watch)
    return make_plan(pairs, options.targets), pairs


@dataclass(frozen=True, slots=True)
class Run:
    """One approved plan being carried out on all its clusters.

    It is a ``part`` of what there is to do; if that is not given, all that the options target.
    """

    fleet: HostFactory
    options: Options
    emit: Emit
    stop: asyncio.Event
    claim: Callable[[str], Claim]
    desired: Desired
    part: Part | None = None

    @property
    def _part(self) -> Part:
        return self.part or Targeted(self.options.targets)

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
                outcome = await self._locked(plan, (cluster, observed), (hosts, held))
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
        if not self._part.is_whole:
            return {}, {}
        texts = records(self.desired, numbered, observed)
        return texts, stale_records(texts, numbered, observed)

    async def _locked(
        self,
        plan: ClusterPlan,
        planned: tuple[Cluster, Observed],
        locked: tuple[Mapping[str, Host], Held],
    ) -> ClusterOutcome:
        """Re-observe from zero; go on only with exactly the approved actions."""
        hosts, held = locked
        began = asyncio.get_running_loop().time()
        cluster, seen = await self._whole(planned[0], joins(*planned))
        fresh = await self._part.choose(cluster, seen)
        if fresh.blocked or fresh.actions != plan.actions:
            return ClusterOutcome(
                plan.name, "refused", blocked=fresh.blocked or (_stale(plan),)
            )
        if doubt := await self._note_who_left(held, (cluster, seen), began):
            return ClusterOutcome(plan.name, "failed", message=doubt)
        hosts = {**storage(self.fleet, cluster), **hosts}
        looks = Looks(
            HostEyes(cluster, hosts, seen, asyncio.Semaphore(self.options.parallelism))
        )
        looks.keep(seen, began)
        bench = ExecutionContext(
            hosts,
            looks,
            self.emit,
            lambda: self.stop.is_set() or bool(held.losses),
            held,
            self.options.parallelism,
            self.options.patience,
        )
        outcomes = await Executor(plan, bench).execute()
        before = (cluster, with_numbers(cluster, seen))
        return await self._concluded(held, plan, before, outcomes)

    async def _note_who_left(
        self, held: Held, now: tuple[Cluster, Observed], began: float
    ) -> str:
        """Leave on record whose heartbeats there are; why that failed, empty if it did not."""
        cluster, observed = now
        text = present_record(cluster, observed)
        texts = {MEMBERS: text} if text else {}
        stale, seen = stale_records(texts, cluster, observed), clocks_of(observed, began)
        try:
            await leave_records(texts, held, member_hosts(self.fleet, cluster), stale, seen)
        except (HostUnreachable, ActionFailed, LockHeld) as error:
            return f"nothing else was changed: who left a heartbeat could not be noted: {error}"
        return ""

    async def _concluded(
        self,
        held: Held,
        plan: ClusterPlan,
        before: tuple[Cluster, Cluster],
        outcomes: tuple[ActionOutcome, ...],
    ) -> ClusterOutcome:
        """Look once more: only an empty plan is convergence."""
        cluster, as_planned = before
        began = asyncio.get_running_loop().time()
        cluster, observed = await self._whole(cluster)
        rest = self._part.rest(plan, cluster, observed)
        if all(o.status == "done" for o in outcomes) and not rest.actions and not rest.blocked:
            seen = clocks_of(observed, began)
            ended = await self._recorded(held, (as_planned, observed), outcomes, seen)
            if ended.result == "converged":
                tell_proofs(self.emit, plan, as_planned, observed)
            return ended
        acted = any(o.status == "done" for o in outcomes)
        left = _left(rest)
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
        seen: Mapping[str, Sighted],
    ) -> ClusterOutcome:
        """Leave the records of what was applied; without them, apply again."""
        cluster, observed = now
        texts, stale = self._stale_records(cluster, observed)
        try:
            hosts = member_hosts(self.fleet, cluster)
            await leave_records(texts, held, hosts, stale, seen)
        except (HostUnreachable, ActionFailed, LockHeld) as error:
            message = f"converged, but the record of it was not left everywhere: {error}"
            return ClusterOutcome(cluster.name, "partial", outcomes, message=message)
        return ClusterOutcome(cluster.name, "converged" if outcomes else "no-change", outcomes)

    async def _whole(
        self,
        cluster: Cluster,
        joined: bool = False,  # noqa: FBT001, FBT002  # a fact about it
    ) -> tuple[Cluster, Observed]:
        live = Live(self.fleet, self.options.parallelism, joined=joined)
        return await observe_cluster(cluster, live, self.options.targets)


def _left(rest: ClusterPlan) -> str:
    """What remains after a run that did not converge, and what an operator does about it."""
    if not rest.actions and rest.blocked:
        return (
            "every action is done, but a plan is refused: mend what is named, then apply again"
        )
    remain = "remains" if len(rest.actions) == 1 else "remain"
    work = f"{with_count(len(rest.actions), 'action')} {remain}"
    return f"{work}: apply again to go on{_missing(rest)}"


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
