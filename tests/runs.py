"""Runs against a simulated world, wired as the command line does it but for the journal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from typing import Any, TypeVar

from reconciler import pipeline
from reconciler.errors import HostUnreachable, RecordFailed
from reconciler.execution import run_word
from reconciler.execution.locks import Claim, Holder
from reconciler.hosts import Host
from reconciler.hosts.simulator import World, connect
from reconciler.hosts.simulator.presets import Shape, bare_hosts
from reconciler.model.desired import Desired, Member
from reconciler.model.gate_call import gate_call
from reconciler.model.observed import Observed
from reconciler.model.outcome import ClusterOutcome
from reconciler.model.plan import Command, Completed, Plan
from reconciler.pipeline.approved import Approval, carry_out
from reconciler.pipeline.heal import Healed, heal
from reconciler.pipeline.parts import Healable, Past
from reconciler.planning.checks.rehearsal import MOMENTARY
from reconciler.planning.conditions import unmet
from reconciler.planning.planner import draft_plan
from reconciler.planning.prediction import after, is_needless
from reconciler.planning.review.approval import Consent, formats, judge, runnable
from reconciler.reports.devices import aliases
from reconciler.reports.runbook import runbook_document
from reconciler.reports.runbook.fact_checks import CHECKS
from reconciler.reports.runbook.steps import STEPS
from reconciler.resources import EFFECTS
from tests.clock import drive
from tests.fault_transport import Line, Wire
from tests.invariant_monitor import Witness

T = TypeVar("T")
Event = tuple[str, Mapping[str, object]]
# By the clock of people, for policies: a Sunday.
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
PAST = {"acquire": "acquired", "renew": "renewed", "seal": "sealed", "free": "freed"}
IDENTITY = """\
@@reconcile-probe\t1
@@begin\tidentity
hostname\tsan01
boot_id\t1
machine_id\t1
os\tdebian
os_version\t12
kernel\t6.1
arch\tx86_64
uid\t0
uptime\t9.5
clock\t1
@@end\tidentity\t0
@@done
"""


def witnessed(hosts: int, shape: Shape | None = None, seed: int = 0) -> Witness:
    """node01, node02, … of a shape, bare, in a world that watches itself."""
    world = Witness(seed)
    bare_hosts(hosts, shape or Shape(), world)
    return world


WRITTEN: set[str] = set()
# Ids of plans: the same actions on the same facts lead where they led before.
FORESEEN: set[str] = set()


def by_hand(plan: Plan, pairs: Any) -> None:
    """Whatever is planned can be told as a runbook; written whole when it has a new kind."""
    kinds = {action.kind for action in plan.actions}
    assert kinds <= STEPS.keys()
    facts = [f for a in plan.actions for f in (*a.requires, *a.expects, *a.unless)]
    assert {fact.reading for fact in facts} <= CHECKS.keys()
    if kinds - WRITTEN and not plan.blocked:
        json.dumps(runbook_document(plan, pairs))
        WRITTEN.update(kinds)
    if plan.id not in FORESEEN:
        foreseen(plan, pairs)
        FORESEEN.add(plan.id)


def foreseen(plan: Plan, pairs: Any) -> None:
    """Every kind has its prediction, which makes true what shall prove the action."""
    assert {action.kind for action in plan.actions} <= EFFECTS.keys()
    for (cluster, observed), part in zip(pairs, plan.clusters, strict=True):
        if part.blocked:
            continue
        draft = draft_plan(cluster, observed)
        hosts = draft.start.hosts
        for wish, actions in draft.parts:
            for action in actions:
                if is_needless(action, Observed(hosts)):
                    continue
                hosts = after(wish, hosts, action)
                facts = [f for f in action.expects if f.reading not in MOMENTARY]
                assert unmet(facts, Observed(hosts)) == (), action.id


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended; ``word`` is ``killed`` for one that did not get to its end."""

    word: str
    plan: Plan
    outcomes: tuple[ClusterOutcome, ...]
    events: tuple[Event, ...]
    line: Line

    @property
    def codes(self) -> set[str]:
        """The codes of all its refusals."""
        return {b.code for o in self.outcomes for b in o.blocked}

    @property
    def results(self) -> dict[str, str]:
        """Each cluster's result."""
        return {outcome.name: outcome.result for outcome in self.outcomes}

    @property
    def started(self) -> list[str]:
        """The actions that started, in order."""
        return [str(d["action"]) for e, d in self.events if e == "action-started"]

    @property
    def failures(self) -> dict[str, str]:
        """Why actions failed."""
        outcomes = [action for outcome in self.outcomes for action in outcome.actions]
        return {o.action: o.message for o in outcomes if o.status == "failed"}


@dataclass(frozen=True, slots=True)
class Nobody:
    """The door to a host that is not in the world."""

    name: str

    async def run(self, _command: Command) -> Completed:
        """No answer."""
        raise HostUnreachable(self.name, "host-unreachable", "no such host")

    async def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class Array:
    """A storage host that knows one command: ``unmap HOST LUN`` takes a LUN from a host."""

    name: str
    world: World

    async def run(self, command: Command) -> Completed:
        """Does it; asked what it has, it is a host and tells who it is."""
        if command.argv[3:4] == ("probe",):
            return Completed(0, IDENTITY, "")
        call = gate_call(command.argv)
        assert call is not None
        if call.verb.startswith("lease-"):
            words = {"lease-acquire": "1", "lease-renew": "1 9"}
            verb, run = call.verb.removeprefix("lease-"), call.arguments[1]
            return Completed(0, f"ok {PAST[verb]} {run} {words.get(call.verb, '')}\n", "")
        assert call.permit is not None
        program, host, lun = call.arguments
        assert program == "unmap", command.argv
        self.world.machines[host].dead_maps.add(lun)
        self.world.record(host, "unmapped", lun)
        return Completed(0, "", "")

    async def close(self) -> None:
        """Nothing is held."""


@dataclass(slots=True)
class Controller:
    """Someone at one machine who runs ``reconcile apply``; ``gone`` are pids that ended.

    Its record has room for so many lines, and ``writes`` is what happens while one is written.
    """

    world: World
    name: str = "alpha"
    count: int = 0
    gone: set[int] = field(default_factory=set)
    patience: float = 30.0
    room: float = inf
    writes: Callable[[str, Mapping[str, object]], None] = lambda _event, _details: None

    async def plan(self, desired: Desired, *targets: str) -> Plan:
        """As ``reconcile plan``: reads, changes nothing."""
        options = pipeline.Options(targets)
        return (await pipeline.plan(desired, self._fleet(desired, Line()), options))[0]

    async def look(self, desired: Desired) -> pipeline.ClusterObservations:
        """As ``reconcile observe``."""
        fleet = self._fleet(desired, Line())
        return await pipeline.look_at(desired, fleet, pipeline.Options())

    async def apply(self, desired: Desired, *targets: str, line: Line | None = None) -> Ended:
        """As ``reconcile apply --approve PLAN_ID --accept-data …``."""
        self.count += 1
        pid, line = self.count, line or Line()
        line.run = f"{self.name}-{pid}"
        events: list[Event] = []
        line.main = asyncio.create_task(self._apply(desired, targets, line, events))
        try:
            plan, outcomes = await line.main
        except asyncio.CancelledError:
            if not line.dead:
                raise
            return Ended("killed", Plan("", (), ""), (), tuple(events), line)
        finally:
            self.gone.add(pid)
        word = run_word.result(outcomes, line.stop.is_set())
        return Ended(word, plan, outcomes, tuple(events), line)

    async def _apply(
        self, desired: Desired, targets: tuple[str, ...], line: Line, events: list[Event]
    ) -> tuple[Plan, tuple[ClusterOutcome, ...]]:
        fleet, options = self._fleet(desired, line), pipeline.Options(targets)
        plan, pairs = await pipeline.plan(desired, fleet, options)
        by_hand(plan, pairs)
        if runnable(plan):
            devices = frozenset(action.device for action in formats(plan))
            consent = Consent(plan_id=plan.id, devices=devices)
            verdict = judge(plan, consent, "", aliases(pairs))
            assert verdict.missing == ()
        if isinstance(self.world, Witness):
            self.world.planned(line.run, desired, plan)
        claim = self._claims(line.run)

        def emit(event: str, details: Mapping[str, object]) -> None:
            if len(events) >= self.room:
                raise RecordFailed("run.jsonl", "No space left on device")
            self.writes(event, details)
            events.append((event, details))

        run = pipeline.Run(fleet, options, emit, line.stop, claim, desired)
        return plan, await run.execute(plan, pairs)

    async def heal(
        self, desired: Desired, line: Line | None = None, **known: Any
    ) -> tuple[Healed | None, tuple[Event, ...]]:
        """As the daemon heals; None for one that was killed."""

        def healing(run: pipeline.Run) -> Coroutine[Any, Any, Healed]:
            own = frozenset({f"{self.name}-{self.count}", *known.get("own_runs", ())})
            past = Past(**{**known, "own_runs": own})
            part = Healable(desired.clusters[0], run.fleet, run.options, lambda: NOW, past)
            return heal(run, part)

        return await self._as_process(desired, line, healing)

    async def carry_out(
        self, desired: Desired, approval: Approval, line: Line | None = None
    ) -> tuple[ClusterOutcome | None, tuple[Event, ...]]:
        """As a worker of a fleet carries out an approved plan; None for one that was killed."""
        return await self._as_process(desired, line, lambda run: carry_out(run, approval))

    async def _as_process(
        self,
        desired: Desired,
        line: Line | None,
        work: Callable[[pipeline.Run], Coroutine[Any, Any, T]],
    ) -> tuple[T | None, tuple[Event, ...]]:
        self.count += 1
        pid, line = self.count, line or Line()
        line.run = f"{self.name}-{pid}"
        events: list[Event] = []
        fleet, options = self._fleet(desired, line), pipeline.Options()

        def emit(event: str, details: Mapping[str, object]) -> None:
            events.append((event, details))

        claim = self._claims(line.run)
        run = pipeline.Run(fleet, options, emit, line.stop, claim, desired)
        main = line.main = asyncio.create_task(work(run))
        try:
            return await main, tuple(events)
        except asyncio.CancelledError:
            if not line.dead:
                raise
            return None, tuple(events)
        finally:
            self.gone.add(pid)

    def _fleet(self, _desired: Desired, line: Line) -> pipeline.HostFactory:
        doors: dict[str, Host] = {}

        def door(_cluster: str, member: Member) -> Host:
            if member.name not in doors:
                known = member.name in self.world.machines
                doors[member.name] = (
                    Wire(connect(self.world, member.name, line.run), line)
                    if known
                    else Array("san01", self.world)
                    if member.name == "san01"
                    else Nobody(member.name)
                )
            return doors[member.name]

        return door

    def _claims(self, run: str) -> Any:
        holder = Holder("root", self.name, f"machine-{self.name}", "boot 1", self.count, 1)
        return lambda cluster: Claim(cluster, run, holder, self.patience, self._is_dead)

    def _is_dead(self, holder: str) -> bool:
        who = json.loads(holder)
        return who["controller"] == self.name and who["pid"] in self.gone


def members(world: World, *names: str, **more: Any) -> list[dict[str, Any]]:
    """Hosts of the world as a file has them; all of them if none is named."""
    return [
        {"name": name, "interconnect": world.machines[name].setup.addresses[1][1], **more}
        for name in names or world.machines
    ]


def volume(
    world: World, lun: str = "lun1", label: str = "images", **more: Any
) -> dict[str, Any]:
    """A volume on a LUN of the world, to be formatted if blank."""
    wwid = world.luns[lun].wwid
    device = {"wwid": wwid} if wwid else {"path": f"/dev/disk/by-id/lab-{lun}"}
    return {
        "label": label,
        "device": device,
        "size": "fill",
        "slots": 8,
        "format": "if-blank",
        "mount": {"path": f"/srv/{label}"},
        **more,
    }


def desired(world: World, *names: str, **more: Any) -> Desired:
    """One cluster of some hosts with a volume on lun1, unless ``more`` says otherwise."""
    volumes = more.pop("volumes", None)
    if volumes is None:
        volumes = [volume(world)]
    return of({"name": "ocfs2", "members": members(world, *names), "volumes": volumes, **more})


def of(*clusters: Mapping[str, Any]) -> Desired:
    """A file with these clusters."""
    return Desired.model_validate({"version": 1, "clusters": [dict(c) for c in clusters]})


def mounted(world: World) -> dict[str, tuple[str, ...]]:
    """What each host has mounted, and where."""
    return {
        name: tuple(f"{mount.fs.label} {mount.path}" for mount in machine.running.mounts)
        for name, machine in world.machines.items()
    }


MOUNTED = ("images /srv/images",)


def happened(world: World, *whats: str) -> list[tuple[str, str]]:
    """Host and kind of the events of some kinds, in order."""
    return [(event.host, event.what) for event in world.trace if event.what in whats]


def apply(
    world: Witness, controller: Controller, desired: Desired, word: str = "converged"
) -> Ended:
    """One run that ends as it should; after convergence another finds nothing to do."""
    ended = drive(world, controller.apply(desired))
    assert ended.word == word, (ended.codes, ended.failures)
    if word == "converged":
        assert ended.failures == {}
        again = drive(world, controller.apply(desired))
        assert (again.word, again.codes) == ("no-change", set())
    assert world.wrongs() == []
    return ended


def kinds(ended: Ended, host: str = "") -> list[str]:
    """The kinds of what was started, on one host or on all, in order."""
    parts = [address.split("/") for address in ended.started]
    return [part[2] for part in parts if host in {"", part[1]}]
