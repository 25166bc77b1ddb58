"""The whole story: observe, plan, approve, lock, look again, execute, look again, report."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.errors import ActionFailed, HostUnreachable, LockHeld
from reconciler.execution.executor import BLANK, Bench, Emit, Executor, Look, hosts_of
from reconciler.execution.locks import Claim, confirm, leased
from reconciler.execution.records import record_applied, stale_records
from reconciler.hosts import Host
from reconciler.hosts.observer import observe
from reconciler.model.desired import Cluster, Desired
from reconciler.model.devices import ref
from reconciler.model.observed import Observed
from reconciler.model.outcome import ActionOutcome, Blocked, ClusterOutcome
from reconciler.model.plan import ClusterPlan, Command, Fact, Plan
from reconciler.model.refusals import unreachable
from reconciler.planning.facts import sections
from reconciler.planning.planner import make_plan, restrict
from reconciler.probe import probe_command
from reconciler.resources import SECTIONS
from reconciler.resources.volumes.heartbeats import BEATS_APART, advanced, doubtful

Fleet = Mapping[str, Mapping[str, Host]]
Watch = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """How a run goes: which part, how wide, how long to wait for a lease."""

    targets: tuple[str, ...] = ()
    parallelism: int = 256
    patience: float = 20.0


def probe_for(cluster: Cluster, blank: Sequence[str], only: Sequence[str] = ()) -> Command:
    """The probe with what this cluster's volumes make it look at, ``blank`` most closely."""
    return probe_command(
        want=[ref(v) for v in cluster.volumes],
        blank=blank,
        paths=[v.mount.path for v in cluster.volumes],
        only=only,
    )


async def _whole(
    hosts: Mapping[str, Host], cluster: Cluster, options: Options, watch: Watch | None = None
) -> Observed:
    """Everything that a plan can rest on, the blank check of devices to be formatted too."""
    probe = probe_for(cluster, [ref(v) for v in cluster.volumes if v.format == "if-blank"])
    limit = options.parallelism
    seen = await observe(hosts, probe, SECTIONS, limit=limit, progress=watch)
    if not doubtful(cluster, seen):
        return seen
    await asyncio.sleep(BEATS_APART)
    again = probe_for(cluster, (), ("wanted",))
    return advanced(seen, await observe(hosts, again, SECTIONS, limit=limit))


async def look_at(
    desired: Desired, fleet: Fleet, options: Options, watch: Watch | None = None
) -> tuple[tuple[Cluster, Observed], ...]:
    """Every cluster with what its hosts have now."""

    async def one(cluster: Cluster) -> tuple[Cluster, Observed]:
        hosts = fleet[cluster.name]
        return cluster, await _whole(hosts, cluster, options, watch)

    return tuple(await asyncio.gather(*(one(cluster) for cluster in desired.clusters)))


async def plan(
    desired: Desired, fleet: Fleet, options: Options, watch: Watch | None = None
) -> tuple[Plan, tuple[tuple[Cluster, Observed], ...]]:
    """The plan and what it rests on."""
    pairs = await look_at(desired, fleet, options, watch)
    return make_plan(pairs, options.targets), pairs


@dataclass(frozen=True, slots=True)
class Run:
    """One approved plan being carried out on all its clusters."""

    fleet: Fleet
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
        if not plan.actions and not self._stale_records(cluster, observed):
            return ClusterOutcome(plan.name, "no-change")
        hosts = self.fleet[plan.name]
        losses: list[str] = []
        try:
            async with leased(hosts, self.claim(plan.name), losses):
                outcome = await self._locked(plan, cluster, losses)
        except LockHeld as error:
            return ClusterOutcome(plan.name, "locked", message=str(error))
        except HostUnreachable as error:
            blocked = unreachable(error.host, error.code, error.message)
            return ClusterOutcome(plan.name, "refused", blocked=(blocked,))
        if losses:
            message = f"stopped, the lease was lost: {losses[0]}"
            outcome = replace(outcome, message=message)
        return outcome

    def _applied(self, cluster: Cluster) -> Desired:
        return self.desired.model_copy(update={"clusters": (cluster,)})

    def _stale_records(self, cluster: Cluster, observed: Observed) -> Mapping[str, str]:
        """Members whose record of what was applied is old; a part applied is no record."""
        if self.options.targets:
            return {}
        return stale_records(self._applied(cluster), observed)

    async def _locked(
        self, plan: ClusterPlan, cluster: Cluster, losses: list[str]
    ) -> ClusterOutcome:
        """Re-observe from zero; go on only with exactly the approved actions."""
        hosts = self.fleet[plan.name]
        seen = await _whole(hosts, cluster, self.options)
        fresh = restrict(cluster, seen, self.options.targets)
        if fresh.blocked or fresh.actions != plan.actions:
            return ClusterOutcome(
                plan.name, "refused", blocked=fresh.blocked or (_stale(plan),)
            )

        async def hold(name: str) -> None:
            try:
                await confirm(hosts[name], self.claim(plan.name))
            except LockHeld as error:
                losses.append(str(error))
                raise

        bench = Bench(
            hosts,
            self._look(cluster),
            self.emit,
            lambda: self.stop.is_set() or bool(losses),
            hold,
            self.options.parallelism,
            self.options.patience,
        )
        outcomes = await Executor(plan, bench).execute()
        return await self._concluded(replace(plan, actions=fresh.actions), cluster, outcomes)

    async def _concluded(
        self, plan: ClusterPlan, cluster: Cluster, outcomes: tuple[ActionOutcome, ...]
    ) -> ClusterOutcome:
        """Look once more: only an empty plan is convergence."""
        observed = await _whole(self.fleet[plan.name], cluster, self.options)
        rest = restrict(cluster, observed, self.options.targets)
        if all(o.status == "done" for o in outcomes) and not rest.actions and not rest.blocked:
            return await self._recorded(cluster, observed, outcomes)
        acted = any(o.status == "done" for o in outcomes)
        if self.stop.is_set() and not any(o.status == "failed" for o in outcomes):
            message = f"interrupted; {len(rest.actions)} actions remain: apply again to go on"
            return ClusterOutcome(plan.name, "interrupted", outcomes, rest.blocked, message)
        message = f"{len(rest.actions)} actions remain: apply again to go on"
        return ClusterOutcome(
            plan.name, "partial" if acted else "failed", outcomes, rest.blocked, message
        )

    async def _recorded(
        self, cluster: Cluster, observed: Observed, outcomes: tuple[ActionOutcome, ...]
    ) -> ClusterOutcome:
        """Leave the record of what was applied; without it, apply again."""
        applied = self._applied(cluster)
        hosts = self.fleet[cluster.name]
        try:
            await record_applied(applied, hosts, self._stale_records(cluster, observed))
        except (HostUnreachable, ActionFailed) as error:
            message = f"converged, but the record of it was not left everywhere: {error}"
            return ClusterOutcome(cluster.name, "partial", outcomes, message=message)
        return ClusterOutcome(cluster.name, "converged" if outcomes else "no-change", outcomes)

    def _look(self, cluster: Cluster) -> Look:
        hosts = self.fleet[cluster.name]

        def look(facts: Sequence[Fact]) -> Awaitable[Observed]:
            blank = sorted({fact.subject for fact in facts if fact.reading == BLANK})
            return observe(
                {name: hosts[name] for name in hosts_of(facts)},
                probe_for(cluster, blank, sections(facts)),
                SECTIONS,
                limit=self.options.parallelism,
            )

        return look


def _stale(plan: ClusterPlan) -> Blocked:
    return Blocked(
        "plan-changed",
        f"cluster/{plan.name}",
        "the hosts changed between the plan and its execution; nothing was done",
        "plan again, look at what differs, and approve that plan",
    )
