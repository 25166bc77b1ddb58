"""Drives the machine: checks on fresh facts, runs, looks again, records each step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from reconciler import telemetry
from reconciler.errors import (
    ActionFailed,
    HostUnreachable,
    ReconcilerError,
    RecordFailed,
    VerificationFailed,
)
from reconciler.execution import leases, machine
from reconciler.execution.ahead import PASSING, boot, facts_ahead
from reconciler.execution.endings import (
    exited_zero,
    explain_failure,
    output_of,
    typed_command,
    was_refused,
    words_of,
)
from reconciler.execution.locks import FRESH, Held
from reconciler.execution.secrets import read_secrets
from reconciler.execution.sightings import Found, Looks
from reconciler.gate import gate_text
from reconciler.hosts import Host
from reconciler.model.gate_call import permit_program
from reconciler.model.observed import HostFacts, Identity, Observed
from reconciler.model.outcome import ActionOutcome
from reconciler.model.plan import Action, ClusterPlan, Command, Completed, Fact
from reconciler.planning.conditions import unmet
from reconciler.planning.kinds import is_own

# udev and the kernel settle late; a fact that does not hold is read again this long.
PATIENCE = 20.0
PAUSE = 1.0

Emit = Callable[[str, Mapping[str, object]], None]


@dataclass(frozen=True, slots=True)
class ExecutionContext:
    """What an execution works with; once ``stopped`` holds, nothing more is started.

    ``held`` is the run's lease: the host starts no command without its token.
    """

    hosts: Mapping[str, Host]
    looks: Looks
    emit: Emit
    stopped: Callable[[], bool]
    held: Held
    parallelism: int = 256
    patience: float = PATIENCE


@dataclass(slots=True)
class Executor:
    """One cluster's plan being carried out."""

    plan: ClusterPlan
    bench: ExecutionContext
    outcomes: dict[str, ActionOutcome] = field(default_factory=dict)
    failed: bool = False
    run: machine.Run = field(init=False)

    def __post_init__(self) -> None:
        """Nothing has started."""
        self.run = machine.begin(self.plan.actions)

    async def execute(self) -> tuple[ActionOutcome, ...]:
        """Carry out the plan; every action's end, also of those that never started."""
        tasks: dict[asyncio.Task[ActionOutcome], Action] = {}
        try:
            if self._has_its_secrets():
                await self._drive(tasks)
        except asyncio.CancelledError:  # detached: nothing is sent any more, hosts go on alone
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
        finally:
            if tasks:  # a bug: what runs on hosts still ends first
                await asyncio.gather(*tasks, return_exceptions=True)
        return tuple(
            self.outcomes.get(action.id, ActionOutcome(action.id, "not-started"))
            for action in self.plan.actions
        )

    def _has_its_secrets(self) -> bool:
        """Whether all that commands need can be read here, before the first of them is sent."""
        for action in self.plan.actions:
            try:
                read_secrets(action)
            except ActionFailed as error:
                self.outcomes[action.id] = ActionOutcome(action.id, "failed", str(error))
                with suppress(RecordFailed):
                    self._emit("action-failed", action, {"message": str(error), "seconds": 0.0})
        return not self.outcomes

    async def _drive(self, tasks: dict[asyncio.Task[ActionOutcome], Action]) -> None:
        while True:
            if self.bench.stopped():
                machine.drain(self.run)
            for action in machine.ready(self.run)[: self.bench.parallelism - len(tasks)]:
                machine.step(self.run, action.id, "start")
                with telemetry.bind_fields(action=action.id):
                    tasks[asyncio.create_task(self._perform(action))] = action
            if not tasks:
                return
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                action, outcome = tasks.pop(task), task.result()
                self.outcomes[action.id] = outcome
                machine.step(self.run, action.id, _EVENT[outcome.status])

    async def _perform(self, action: Action) -> ActionOutcome:
        if self.failed:  # since this one was chosen
            return ActionOutcome(action.id, "not-started")
        started = _now()
        intent = {"because": action.because, "command": typed_command(action)}
        completed: Completed | HostUnreachable | None = None
        try:
            self._emit("action-started", action, intent)
            proved = await self._already_satisfied(action)
            if not proved:
                completed, proved = await self._act(action), action.expects
                await self._verify(action, completed)
        except ReconcilerError as error:
            self.failed = True
            seconds = _now() - started
            outcome = ActionOutcome(action.id, "failed", str(error), seconds)
            failure = {"message": str(error), "seconds": seconds, **output_of(completed)}
            with suppress(RecordFailed):
                self._emit("action-failed", action, failure)
        else:
            seconds = _now() - started
            outcome = ActionOutcome(action.id, "done", "", seconds)
            event = "action-finished" if action.command else "barrier"
            details = {"seconds": seconds, **output_of(completed), "proved": words_of(proved)}
            with suppress(RecordFailed):  # done is done; without a record nothing is begun
                self._emit(event, action, details)
        return outcome

    async def _already_satisfied(self, action: Action) -> tuple[Fact, ...]:
        """The facts because of which there is nothing to do, as they are now."""
        if not action.unless:
            return ()
        found = await self.bench.looks.find(action.unless, action)
        seen, holds = found.observed, _holding(action, found.observed)
        if holds and found.kept:
            seen = await self.bench.looks.see(action.unless)
        return _holding(action, seen)

    async def _act(self, action: Action) -> Completed | HostUnreachable | None:
        """Run the command; a lost connection is an outcome that observation decides."""
        if action.command is None:
            return None
        secrets = read_secrets(action)
        command = replace(action.command, argv=await self._permitted(action, action.command))
        looks, facts = self.bench.looks, self._to_look_for(action)
        sent = looks.begin_command(action)
        try:
            travels = replace(command, look=looks.eyes.probe(facts).argv)
            ended = await secrets.run(self.bench.hosts[action.host], travels)
        except HostUnreachable as error:
            return error
        finally:
            looks.end(action)
        looks.take(action, sent, facts, ended)
        if leases.gate_refusal(ended)[0] == "lease-lost":
            self.bench.held.losses.append(f"{action.host}: {ended.stderr.strip()}")
        return ended

    async def _permitted(self, action: Action, command: Command) -> tuple[str, ...]:
        """The command as this run may send it now: on facts that hold, for a moment.

        The moment is by the host's own clock, so that what the network or a pause of this
        machine holds back does not start on old facts (I5).
        """
        found = await self._looked_before(action)
        facts = found.observed.hosts.get(action.host)
        identity = facts.identity if isinstance(facts, HostFacts) else None
        if not isinstance(identity, Identity):
            raise ActionFailed(action.id, f"not started: {action.host} does not say who it is")
        until = int(identity.uptime - found.age(action.host)) + FRESH
        permit = self.bench.held.permit(action.host, action.id, identity.boot_id, until)
        return permit_program(command.argv, permit, gate_text("run"))

    async def _looked_before(self, action: Action) -> Found:
        """What was found by looks that may serve it, the last ones if need be: all required holds.

        A cluster becomes well again by itself, as when a connection is made anew: for that it
        waits a while.
        """
        deadline = _now() + self.bench.patience
        lasting = tuple(f for f in action.requires if f.reading not in PASSING)
        asked = (*action.requires, boot(action))
        found = await self.bench.looks.find(asked, action)
        while why := unmet(action.requires, found.observed):
            if not found.kept:  # of what was seen before nothing is refused
                if _now() >= deadline or unmet(lasting, found.observed):
                    raise ActionFailed(action.id, f"not started: {'; '.join(why)}")
                await asyncio.sleep(PAUSE)
            found = await self.bench.looks.find_anew(asked)
        return found

    async def _verify(self, action: Action, ended: Completed | HostUnreachable | None) -> None:
        """Look until the facts hold or patience ends; a failed command gets one look."""
        if was_refused(ended) and not is_own(action.kind):
            raise ActionFailed(
                action.id, explain_failure(ended)
            )  # whoever did it, it was not this
        deadline = _now() + (self.bench.patience if exited_zero(ended) else 0.0)
        observed = await self._looked_after(action)
        while True:
            why = unmet(action.expects, observed)
            if not why and (action.expects or exited_zero(ended)):
                return
            if _now() >= deadline:
                break
            await asyncio.sleep(PAUSE)
            observed = await self.bench.looks.see(action.expects)
        if not exited_zero(ended):
            raise ActionFailed(action.id, explain_failure(ended))
        raise VerificationFailed(action.id, why)

    async def _looked_after(self, action: Action) -> Observed:
        """The hosts after a command; what does nothing may rest on looks at what it needs."""
        looks, ahead = self.bench.looks, facts_ahead(self.run, action)
        if action.command is not None:
            found = await looks.find_anew(action.expects, looks.proof(action))
            return found.observed
        looks.end(action)
        found = await looks.find(action.expects, action, ahead)
        if not found.kept or not unmet(action.expects, found.observed):
            return found.observed
        return await looks.see(action.expects, ahead)

    def _to_look_for(self, action: Action) -> tuple[Fact, ...]:
        """What the look is asked that travels with a command: what proves it, and what comes next."""
        own = (action.host,)
        proof = [replace(f, hosts=own) for f in action.expects if action.host in f.hosts]
        return (*proof, *facts_ahead(self.run, action))

    def _emit(self, event: str, action: Action, details: Mapping[str, object]) -> None:
        self.bench.emit(
            event,
            {
                "cluster": self.plan.name,
                "action": action.id,
                "host": action.host,
                "kind": action.kind,
                "summary": action.summary,
                **details,
            },
        )


_EVENT: Mapping[str, machine.Event] = {
    "done": "succeed",
    "failed": "fail",
    "not-started": "fail",
}


def _now() -> float:
    return asyncio.get_running_loop().time()


def _holding(action: Action, observed: Observed) -> tuple[Fact, ...]:
    return tuple(fact for fact in action.unless if not unmet((fact,), observed))
