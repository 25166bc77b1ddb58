"""Drives the machine: checks on fresh facts, runs, looks again, records each step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler import telemetry
from reconciler.errors import (
    ActionFailed,
    HostUnreachable,
    ReconcilerError,
    VerificationFailed,
)
from reconciler.execution import leases, machine
from reconciler.execution.ahead import PASSING, boot, facts_ahead
from reconciler.execution.endings import (
    Ended,
    exited_zero,
    explain_failure,
    was_refused,
)
from reconciler.execution.locks import FRESH, Held
from reconciler.execution.secrets import read_secrets
from reconciler.execution.sightings import Found, Looks
from reconciler.execution.telling import Attempt, Emit, Teller
from reconciler.execution.together import companions
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


Tasks = dict[asyncio.Task[list[ActionOutcome]], Sequence[Action]]


@dataclass(slots=True)
class Executor:
    """One cluster's plan being carried out."""

    plan: ClusterPlan
    bench: ExecutionContext
    outcomes: dict[str, ActionOutcome] = field(default_factory=dict)
    failed: bool = False
    run: machine.Run = field(init=False)
    teller: Teller = field(init=False)

    def __post_init__(self) -> None:
        """Nothing has started."""
        self.run = machine.begin(self.plan.actions)
        self.teller = Teller(self.plan.name, self.bench.emit)

    async def execute(self) -> tuple[ActionOutcome, ...]:
        """Carry out the plan; every action's end, also of those that never started."""
        tasks: Tasks = {}
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
                outcome = self.teller.tell_failure(Attempt(action, 0.0), error, 0.0)
                self.outcomes[action.id] = outcome
        return not self.outcomes

    async def _drive(self, tasks: Tasks) -> None:
        while True:
            if self.bench.stopped():
                machine.drain(self.run)
            for action in machine.ready(self.run)[: self.bench.parallelism - len(tasks)]:
                actions = (action, *companions(self.run, action))
                for one in actions:
                    machine.step(self.run, one.id, "start" if one is action else "join")
                with telemetry.bind_fields(action=action.id):
                    tasks[asyncio.create_task(self._perform(actions))] = actions
            if not tasks:
                return
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                for action, outcome in zip(tasks.pop(task), task.result(), strict=True):
                    self.outcomes[action.id] = outcome
                    machine.step(self.run, action.id, _EVENT[outcome.status])

    async def _perform(self, actions: Sequence[Action]) -> list[ActionOutcome]:
        """One after the other, or in one exchange where all that they require is known to hold."""
        if len(actions) == 1 or not all(map(self._may_begin, actions)):
            return [await self._perform_alone(action) for action in actions]
        attempts = [Attempt(action, _now()) for action in actions]
        told, unwritten = self.teller.tell_intents(attempts)
        try:
            if told:
                await self._act(told)
        except ReconcilerError as error:
            return [self._failed(attempt, error) for attempt in attempts]
        ends = [await self._verified(attempt) for attempt in told]
        return [*ends, *(self._failed(one, unwritten) for one in attempts[len(told) :])]

    def _may_begin(self, action: Action) -> bool:
        """Whether all that it requires is known to hold, by looks that may serve it."""
        kept = self.bench.looks.recall((*action.requires, boot(action)), action)
        seen = Observed({host: sight.told for host, sight in kept.items()})
        return action.host in kept and not unmet(action.requires, seen) and not self.failed

    async def _perform_alone(self, action: Action) -> ActionOutcome:
        if self.failed:  # since this one was chosen
            return ActionOutcome(action.id, "not-started")
        attempt = Attempt(action, _now())
        try:
            self.teller.tell_intent(action)
            if proved := await self._already_satisfied(action):
                return self._done(attempt, proved)
            attempt.begun = action.command is None
            if not attempt.begun:
                await self._act([attempt])
        except ReconcilerError as error:
            return self._failed(attempt, error)
        return await self._verified(attempt)

    async def _verified(self, attempt: Attempt) -> ActionOutcome:
        if not attempt.begun:
            return self.teller.tell_no_start(attempt)
        try:
            await self._verify(attempt.action, attempt.ended)
        except ReconcilerError as error:
            return self._failed(attempt, error)
        return self._done(attempt, attempt.action.expects)

    def _failed(self, attempt: Attempt, error: ReconcilerError) -> ActionOutcome:
        self.failed = True
        return self.teller.tell_failure(attempt, error, _now() - attempt.started)

    def _done(self, attempt: Attempt, proved: Sequence[Fact]) -> ActionOutcome:
        return self.teller.tell_success(attempt, proved, _now() - attempt.started)

    async def _already_satisfied(self, action: Action) -> tuple[Fact, ...]:
        """The facts because of which there is nothing to do, as they are now."""
        if not action.unless:
            return ()
        found = await self.bench.looks.find(action.unless, action)
        holds = _holding(action, found.observed)
        if not holds or not found.kept:
            return holds
        return _holding(action, await self.bench.looks.see(action.unless))

    async def _act(self, attempts: Sequence[Attempt]) -> None:
        """Run them in one exchange, and the look; what is lost is decided by observation."""
        looks, actions = self.bench.looks, [attempt.action for attempt in attempts]
        secrets = read_secrets(actions[0])
        first, *others = [await self._permitted(action) for action in actions]
        facts = tuple(fact for action in actions for fact in self._to_look_for(action))
        sent, *_ = [looks.begin_command(action) for action in actions]
        whole = replace(first, look=looks.eyes.probe(facts).argv, then=tuple(others))
        ended: Ended
        try:
            ended = await secrets.run(self.bench.hosts[actions[0].host], whole)
        except HostUnreachable as error:
            ended = error
        finally:
            for action in actions:
                looks.end(action)
        self._note_ends(attempts, ended)
        if isinstance(ended, Completed):
            looks.take(actions, sent, facts, ended)

    def _note_ends(self, attempts: Sequence[Attempt], ended: Ended) -> None:
        """Of what was lost nobody knows how far it came."""
        ends: Sequence[Ended] = [ended] * len(attempts)
        if isinstance(ended, Completed):
            ends = (ended, *ended.then)
        for attempt, one in zip(attempts, ends, strict=False):
            attempt.begun, attempt.ended = True, one
            if isinstance(one, Completed) and leases.gate_refusal(one)[0] == "lease-lost":
                self.bench.held.losses.append(f"{attempt.action.host}: {one.stderr.strip()}")

    async def _permitted(self, action: Action) -> Command:
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
        command = action.command or Command(())
        return replace(command, argv=permit_program(command.argv, permit, gate_text("run")))

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

    async def _verify(self, action: Action, ended: Ended) -> None:
        """Look until the facts hold or patience ends; a failed command gets one look."""
        if was_refused(ended) and not is_own(action.kind):
            # Whoever did it, it was not this.
            raise ActionFailed(action.id, explain_failure(ended))
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
        if found.kept and unmet(action.expects, found.observed):
            return await looks.see(action.expects, ahead)
        return found.observed

    def _to_look_for(self, action: Action) -> tuple[Fact, ...]:
        """What the look is asked that travels with a command: what proves it, and what comes next."""
        own = (action.host,)
        proof = [replace(f, hosts=own) for f in action.expects if action.host in f.hosts]
        return (*proof, *facts_ahead(self.run, action))


_EVENT: Mapping[str, machine.Event] = {
    "done": "succeed",
    "failed": "fail",
    "not-started": "fail",
}


def _now() -> float:
    return asyncio.get_running_loop().time()


def _holding(action: Action, observed: Observed) -> tuple[Fact, ...]:
    return tuple(fact for fact in action.unless if not unmet((fact,), observed))
