"""Every history of the lock, in small: hosts that decide by the product's own table, and runs.

Each answer of a host comes out of ``decide`` in ``reconciler.gate.lease_decision``. The runs follow the
script of ``execution.locks``: acquire all hosts, and all those of whoever was displaced there;
confirm all; act; seal all; free all. A run that gives up before it has all seals what it has, and
frees it where it has displaced nobody.

The adversary is as bad as networks and operators can be:

* *Messages* are never lost, they are late: whatever a run may have asked so far may arrive at
  any time later, and any number of times, also long after the run has given up waiting. That
  covers loss (it never arrives), delay and doubling without a queue in the state. An answer is
  heard at once, or never: as only the run looks at it, later is the same. One for a list that has
  grown since counts as far as the run seals by it; it is locked by grants for its whole list.
* *Anybody steals at any moment*: all leases count as expired; an operator unlocks any of them.
* *Runs* freeze (nothing obliges them to go on), give up at any point and start over. They ask
  in any order.
* *Hosts* reboot: what runs there dies, the lease stays.

Three things keep the state small, and grants, messages, commands and reboots without bound:

* A token counts only by being equal to the host's own, and that one only rises: for each run a
  host's token is none, an old one, or the present one.
* A step counts only by being higher than the last one begun under that token. So there are two
  commands: a new one, and the doubled message of one that was begun.
* With facts that hold for ever, one boot for ever and no pauses the table refuses least.

What is checked at each start of a command (I1 and I16; manual lock, 4):

* S1  Nothing of another run with a common host in its list is running anywhere.
* S2  Nothing of such a run has started since this run's own lock, nor was running then: what
      this run has seen still holds.
* S3  The same step has not started before.
* S4  The run has not sealed this host, nor ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from itertools import combinations
from typing import NamedTuple

from reconciler.gate.lease_decision import (
    EXPIRY,
    Acquire,
    Act,
    Answer,
    Free,
    Lease,
    Moment,
    Renew,
    Request,
    Seal,
    Unlock,
    decide,
)

NONE, OLD, PRESENT = 0, -1, 1
BOOT = "boot"
FOR_EVER = EXPIRY + 1  # renewed at 0, so every lease has expired


class Phase(StrEnum):
    """How far a run is in its script; before its lock it has sent no command."""

    ASKING = "asking"
    LOCKED = "locked"
    SEALING = "sealing"
    FREEING = "freeing"


ACTIVE = {Phase.LOCKED, Phase.SEALING}


class Host(NamedTuple):
    """``running`` is the run whose command runs; ``begun``: one began under this token."""

    lease: Lease = Lease()
    running: str = ""
    begun: bool = False


class Run(NamedTuple):
    """``tokens`` are one a host; ``passed`` are the hosts that this pass has been to.

    ``took`` are those where it displaced somebody, until it has its lock; ``short`` those whose
    lease was granted for a list that has grown since.
    ``dirty``: since its lock a command of another run, which it knows nothing of, has started.
    """

    hosts: tuple[str, ...]
    tokens: tuple[int, ...]
    phase: Phase = Phase.ASKING
    passed: tuple[str, ...] = ()
    took: tuple[str, ...] = ()
    dirty: bool = False
    short: tuple[str, ...] = ()


class Step(NamedTuple):
    """What may happen between a run and a host next."""

    label: str
    run: Run
    host: Host
    event: str = ""


@dataclass(frozen=True)
class Protocol:
    """What hosts and runs do; each of it is weakened once, to see that it matters."""

    decide: Callable[[Lease, Moment, Request], Answer] = decide
    keeps_leases: bool = True
    confirms: bool = True
    heeds_displaced: bool = True
    asks_all_again: bool = True
    keeps_displaced: bool = True


PRODUCT = Protocol()


class Moves:
    """What may happen next to a host and a run, to a run alone, to a host alone.

    ``lists`` are the hosts of each run, as they stand in its file.
    """

    def __init__(self, names: str, lists: tuple[str, ...], protocol: Protocol) -> None:
        self.names = tuple(names)
        self.runs = tuple(str(n + 1) for n in range(len(lists)))
        self.lists = dict(zip(self.runs, (tuple(hosts) for hosts in lists), strict=True))
        self.protocol = protocol

    # ---- one host and one run -----------------------------------------------------------

    def _answer(self, host: Host, ask: Request) -> tuple[Host, tuple[str, ...]] | None:
        """What ``decide`` makes of the host; None is a refusal."""
        now = Moment(BOOT, FOR_EVER, running=bool(host.running))
        answer = self.protocol.decide(host.lease, now, ask)
        if answer.code:
            return None
        hosts = tuple(sorted(answer.lease.hosts))
        lease = replace(answer.lease, boot=BOOT, renewed=0, holder="", action="", began="")
        begun = host.begun and bool(lease.run)
        return Host(replace(lease, hosts=hosts), host.running, begun), answer.displaced

    def between(self, name: str, run: Run, where: str, host: Host) -> tuple[Step, ...]:
        """What the messages of a run to a host may do there, and what the run makes of it."""
        token = run.tokens[self.names.index(where)]
        steps = [*self._grants(name, run, where, host)]
        for moves in () if token == NONE else SCRIPT[run.phase]:
            steps += moves(self, name, run, where, host)
        return tuple(step for step in steps if (step.run, step.host) != (run, host))

    def _grants(self, name: str, run: Run, where: str, host: Host) -> Iterator[Step]:
        """Asked with any list that the run may have had so far; heard only while it asks."""
        for hosts in self._lists_with(name, where):
            answer = self._answer(host, Acquire(name, "", hosts))
            if answer is None:
                continue
            granted, displaced = answer
            lease = granted.lease
            event = "grant" if lease.token > PRESENT else ""
            granted = granted._replace(lease=replace(lease, token=PRESENT), begun=False)
            said = f"{where} grants {name} for {''.join(hosts)}"
            unheard = self.outdated(run, where) if event else run
            yield Step(f"{said}, unheard", unheard, granted, event)
            if run.phase == Phase.ASKING and set(hosts) <= set(run.hosts):
                told = displaced if self.protocol.heeds_displaced else ()
                yield Step(said, self._heard(run, where, hosts, told), granted, event)

    @cache  # noqa: B019  # as long as the search
    def _lists_with(self, name: str, where: str) -> tuple[tuple[str, ...], ...]:
        """The lists with a host that a run may have: its file's, and what that may grow to."""
        more = [host for host in self.names if host not in self.lists[name]]
        grown = (set(some) for n in range(len(more) + 1) for some in combinations(more, n))
        lists = (tuple(sorted({*self.lists[name], *some})) for some in grown)
        return tuple(hosts for hosts in lists if where in hosts)

    def _heard(
        self, run: Run, where: str, hosts: tuple[str, ...], told: tuple[str, ...]
    ) -> Run:
        """What a run makes of a grant for these hosts; where its list grows, it asks all again."""
        heard = self._with_token(run, where, PRESENT)
        if told:
            took = tuple(sorted({*heard.took, where}))
            heard = heard._replace(hosts=tuple(sorted({*run.hosts, *told})), took=took)
        if not self.protocol.asks_all_again:
            return heard
        short = {*heard.short, *(() if hosts == heard.hosts else (where,))}
        if heard.hosts != run.hosts:
            short = {n for n, t in zip(self.names, heard.tokens, strict=True) if t == PRESENT}
        return heard._replace(short=tuple(sorted(short)))

    def _confirms(self, name: str, run: Run, where: str, host: Host) -> Iterator[Step]:
        """A second pass, once all have granted it."""
        asks = Renew(name, run.tokens[self.names.index(where)])
        if run.short or not self._has_all(run) or self._answer(host, asks) is None:
            return
        passed = tuple(sorted({*run.passed, where}))
        if passed == run.hosts:
            yield Step(f"{where} confirms {name}: LOCKED", self._locked(run), host, "lock")
        else:
            yield Step(f"{where} confirms {name}", run._replace(passed=passed), host)

    def _gives_up(self, name: str, run: Run, where: str, host: Host) -> Iterator[Step]:
        """It has not acted: it seals this host, and frees it if it has displaced nobody there."""
        token = run.tokens[self.names.index(where)]
        sealed = self._answer(host, Seal(name, token))
        if sealed is None:
            return
        after = self._with_token(run, where, NONE)
        yield Step(f"{name} gives up, {where} is sealed", after, sealed[0])
        freed = self._answer(sealed[0], Free(name, token))
        if freed and not (where in run.took and self.protocol.keeps_displaced):
            yield Step(f"{name} gives up, {where} is freed", after, freed[0])

    def _starts(self, name: str, run: Run, where: str, host: Host) -> Iterator[Step]:
        """A new command of the run, or the doubled message of one that has begun."""
        token = run.tokens[self.names.index(where)]
        for again in {False, host.begun}:
            step = 1 if again or not host.begun else 2
            answer = self._answer(host, Act(name, token, step, BOOT, FOR_EVER, ""))
            if answer is None:
                continue
            lease = answer[0].lease
            begun = Host(replace(lease, step=min(lease.step, 1)), name, begun=True)
            event = "start again" if again else "start"
            if run.phase == Phase.FREEING or where in run.passed:
                event = "start sealed"
            yield Step(f"{where} STARTS {name}{' AGAIN' * again}", run, begun, event)

    def _seals(self, name: str, run: Run, where: str, host: Host) -> Iterator[Step]:
        """Sealed, or lost: nothing starts there any more. While something runs, neither."""
        token = run.tokens[self.names.index(where)]
        answer = self._answer(host, Seal(name, token))
        passed = run._replace(passed=tuple(sorted({*run.passed, where})))
        if answer:
            yield Step(f"{where} is sealed by {name}", passed, answer[0])
        elif (host.lease.run, host.lease.token) != (name, token):
            yield Step(f"{where} is lost to {name}", passed, host)

    def _frees(self, name: str, run: Run, where: str, host: Host) -> Iterator[Step]:
        token = run.tokens[self.names.index(where)]
        if answer := self._answer(host, Free(name, token)):
            yield Step(f"{where} is freed by {name}", run, answer[0])

    # ---- a run, a host alone ------------------------------------------------------------

    def by_itself(self, name: str, run: Run) -> tuple[tuple[str, Run], ...]:
        """What a run does without any host."""
        moves = []
        if run.phase == Phase.ASKING:
            moves.append((f"{name} starts over", self.new(name)))
            moves.append((f"{name} asks all again", self.new(name)._replace(hosts=run.hosts)))
            if self._has_all(run) and not self.protocol.confirms:
                moves.append((f"{name} has all: LOCKED", self._locked(run)))
        if run.phase == Phase.LOCKED:
            moves.append((f"{name} ends", run._replace(phase=Phase.SEALING)))
        if run.phase == Phase.SEALING and run.passed == run.hosts:
            freeing = run._replace(phase=Phase.FREEING, passed=(), dirty=False)
            moves.append((f"{name} has sealed all", freeing))
        return tuple((label, after) for label, after in moves if after != run)

    def alone(self, where: str, host: Host) -> tuple[tuple[str, Host], ...]:
        """What happens to a host without any run."""
        moves = []
        if host.running:
            moves.append((f"{where}: {host.running} ends or dies", host._replace(running="")))
        if not self.protocol.keeps_leases and host != Host():
            moves.append((f"{where} boots and has forgotten", Host()))
        if host.lease.run and (answer := self._answer(host, Unlock(host.lease.run))):
            moves.append((f"{where} is unlocked", answer[0]))
        return tuple((label, after) for label, after in moves if after != host)

    def new(self, name: str) -> Run:
        return Run(self.lists[name], (NONE,) * len(self.names))

    def _has_all(self, run: Run) -> bool:
        return all(run.tokens[self.names.index(where)] != NONE for where in run.hosts)

    def _locked(self, run: Run) -> Run:
        return run._replace(phase=Phase.LOCKED, passed=(), took=())

    def _with_token(self, run: Run, where: str, token: int) -> Run:
        """What it has displaced there counts while its token does."""
        at = self.names.index(where)
        tokens = (*run.tokens[:at], token, *run.tokens[at + 1 :])
        took = tuple(host for host in run.took if host != where)
        short = tuple(host for host in run.short if host != where)
        passed = run.passed if token == OLD or run.phase != Phase.ASKING else ()
        return run._replace(tokens=tokens, took=took, passed=passed, short=short)

    def outdated(self, run: Run, where: str) -> Run:
        """After a grant to somebody there."""
        present = run.tokens[self.names.index(where)] == PRESENT
        return self._with_token(run, where, OLD) if present else run

    def soiled(self, run: Run, starter: Run) -> Run:
        common = run.phase in ACTIVE and not set(run.hosts).isdisjoint(starter.hosts)
        return run._replace(dirty=True) if common else run


SCRIPT: Mapping[Phase, tuple[Callable[..., Iterator[Step]], ...]] = {
    Phase.ASKING: (Moves._confirms, Moves._gives_up),
    Phase.LOCKED: (Moves._starts,),
    Phase.SEALING: (Moves._starts, Moves._seals),
    Phase.FREEING: (Moves._starts, Moves._frees),
}
