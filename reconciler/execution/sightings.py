"""Looks of a run at its hosts: what is asked in one moment is one probe a host."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from reconciler.execution.ahead import BOOT, OWN, PASSING, WAITED_FOR, of_host
from reconciler.execution.locks import FRESH
from reconciler.model.observed import HostFacts, Identity, Observed, Unreachable
from reconciler.model.plan import Action, ActionKind, Command, Completed, Fact

Told = HostFacts | Unreachable


class Eyes(Protocol):
    """How a host is looked at, as closely as facts ask for."""

    def probe(self, facts: Sequence[Fact]) -> Command:
        """The command that looks."""

    async def look(self, host: str, facts: Sequence[Fact]) -> Told:
        """Runs it there."""

    def read(self, host: str, facts: Sequence[Fact], ended: Completed) -> Told:
        """What it has told."""


# The reading of the list of members in a host's kernel.
LISTS = "live-nodes"
# The reading of what a host could reach: only asked for where somebody joins.
REACHES = "reaches"
# Seconds: the command must begin within ``FRESH`` of that look, too (I5), and is on its way for some.
KEPT = FRESH / 2
# Seconds: a look that took longer was held up on its way, and what it found may be as old.
LONGEST_LOOK = 60.0
# What leaves the lists of all kernels as they are.
LEAVES_LISTS: frozenset[ActionKind] = frozenset(
    {"format", "mount", "write-fstab", "reload-units", "grow-file-system"}
)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a host told to a look that ``began`` then and took ``seconds``.

    ``moment`` is its place among the commands of the run. ``asked`` has reading and subject of
    each fact that was asked for; None for a whole look. ``after`` are the actions with whose command
    it travelled: it began when those had ended.
    """

    told: HostFacts
    began: float
    seconds: float
    moment: int
    asked: frozenset[tuple[str, str]] | None
    after: frozenset[str] = frozenset()

    def tells(self, fact: Fact) -> bool:
        """Whether it was asked for this, and who begins later may rest on it."""
        if fact.reading in PASSING:
            return False
        if fact.reading == BOOT and not isinstance(self.told.identity, Identity):
            return False
        if self.asked is None:
            return fact.reading not in {*WAITED_FOR, REACHES}
        return (fact.reading, fact.subject) in self.asked


@dataclass(frozen=True, slots=True)
class Found:
    """What the hosts told; ``kept`` are looks from before that served, by host.

    ``began`` and ``seconds`` are of the others.
    """

    observed: Observed
    kept: Mapping[str, Sight]
    began: float
    seconds: float

    def age(self, host: str) -> float:
        """By how much the oldest was seen before ``host`` was, less what that look took."""
        own = self.kept.get(host)
        began = own.began if own else self.began
        oldest = min((sight.began for sight in self.kept.values()), default=began)
        took = own.seconds if own else self.seconds
        return max(0.0, began - oldest) - min(took, LONGEST_LOOK)


@dataclass(slots=True)
class _Round:
    """What is asked of a host in one moment, and the look that will tell it."""

    facts: list[Fact]
    task: asyncio.Task[Told]


@dataclass(slots=True)
class Looks:
    """How a run looks at its hosts, and which of its looks serve who comes next.

    A look serves an action for ``KEPT`` seconds if it was asked for what that one rests on, no
    command went to that host since, and it began when all that the action needs had ended; of what
    only commands on a host itself change, that is so without the last. Nothing is refused because
    of it, and nothing is done already: for both a host is looked at anew.

    One look at all kernels' lists serves several mounts: a mount looks at its own host just before,
    whose gate compares kernel and file once more. The list of another host counts for ``KEPT``
    seconds, unless a command that may change a list was sent since.
    """

    eyes: Eyes
    _rounds: dict[str, _Round] = field(default_factory=dict)
    _lists: dict[str, Sight] = field(default_factory=dict)
    _changes: int = 0
    _kept: dict[str, Sight] = field(default_factory=dict)
    # Counts commands that were sent or have ended; when one last was sent to a host or ended there.
    _moment: int = 0
    _touched: dict[str, int] = field(default_factory=dict)
    _ended: dict[str, int] = field(default_factory=dict)

    async def see(self, facts: Sequence[Fact], also: Sequence[Fact] = ()) -> Observed:
        """The hosts that the facts are about, looked at from now on.

        Those of them that ``also`` is about are asked for that, too.
        """
        asked: dict[str, list[Fact]] = {host: [] for host, _ in of_host(facts)}
        for host, fact in of_host((*facts, *also)):
            if host in asked:
                asked[host].append(fact)
        found = await asyncio.gather(*(self._join(host, asked[host]) for host in asked))
        return Observed(dict(zip(asked, found, strict=True)))

    async def find(
        self, facts: Sequence[Fact], action: Action, also: Sequence[Fact] = ()
    ) -> Found:
        """As ``see``, but not of hosts that were seen before, by a look that may serve ``action``."""
        return await self._find(facts, self.recall(facts, action), also)

    async def find_anew(
        self, facts: Sequence[Fact], kept: Mapping[str, Sight] | None = None
    ) -> Found:
        """As ``find``, where nothing serves that was seen before but what is ``kept``."""
        return await self._find(facts, kept or {}, ())

    async def _find(
        self, facts: Sequence[Fact], kept: Mapping[str, Sight], also: Sequence[Fact]
    ) -> Found:
        began = asyncio.get_running_loop().time()
        rest = [replace(f, hosts=tuple(h for h in f.hosts if h not in kept)) for f in facts]
        seen = await self.see(rest, also)
        took = asyncio.get_running_loop().time() - began
        told = {name: sight.told for name, sight in kept.items()}
        return Found(Observed({**told, **seen.hosts}), kept, began, took)

    def recall(self, facts: Sequence[Fact], action: Action) -> Mapping[str, Sight]:
        """The looks that may serve an action, by host."""
        asked: dict[str, list[Fact]] = {}
        for host, fact in of_host(facts):
            asked.setdefault(host, []).append(fact)
        found = {}
        for host, wanted in asked.items():
            if action.kind == "mount" and host == action.host:
                continue
            sight = self._kept.get(host)
            if sight is None or not all(self._serves(sight, fact, action) for fact in wanted):
                sight = self._lists.get(host) if _mounts(action, host, wanted) else None
            if sight and asyncio.get_running_loop().time() - sight.began <= KEPT:
                found[host] = sight
        return found

    def keep(self, observed: Observed, began: float) -> None:
        """What a whole look at all hosts has told, before any command."""
        for host, told in observed.answering_hosts().items():
            self._kept[host] = Sight(told, began, 0.0, self._moment, None)

    def begin_command(self, action: Action) -> tuple[int, float]:
        """Its command is sent: what was seen before may be otherwise now. The moment and time of it."""
        self._touch(action)
        return self._moment, asyncio.get_running_loop().time()

    def end(self, action: Action) -> None:
        """Its command has ended; or nothing had to be done for it, and what it needs has."""
        if action.command is None:
            needs = (self._ended.get(need, self._moment) for need in action.needs)
            self._ended[action.id] = max(needs, default=0)
        else:
            self._touch(action)
            self._ended[action.id] = self._moment

    def take(
        self,
        actions: Sequence[Action],
        sent: tuple[int, float],
        facts: Sequence[Fact],
        ended: Completed,
    ) -> None:
        """The look that travelled with commands, the first of which was sent in that moment, and then.

        What is not the commands' own time is the look's: an answer may have been held up. Nothing if it told nothing: then somebody has to look.
        """
        host, after = actions[0].host, frozenset(action.id for action in actions)
        told = self.eyes.read(host, facts, replace(ended, status=0, stdout=ended.look))
        if not ended.look or not isinstance(told, HostFacts):
            return
        # No other command was sent, or ended, beside them.
        alone = self._moment == sent[0] + 2 * len(actions) - 1
        moment = self._moment if alone else sent[0]
        asked = frozenset((fact.reading, fact.subject) for fact in facts)
        now, ran = asyncio.get_running_loop().time(), ended.seconds
        ran += sum(one.seconds for one in ended.then)
        took = max(ended.look_seconds, now - sent[1] - ran)
        self._kept[host] = Sight(told, now - took, took, moment, asked, after)

    def proof(self, action: Action) -> Mapping[str, Sight]:
        """The look that travelled with its command, if it told anything."""
        sight = self._kept.get(action.host)
        return {action.host: sight} if sight and action.id in sight.after else {}

    def _touch(self, action: Action) -> None:
        self._moment += 1
        self._touched[action.host] = self._moment
        self._kept.pop(action.host, None)
        if action.kind not in LEAVES_LISTS:
            self._changes += 1
            self._lists.clear()

    def _join(self, host: str, facts: Sequence[Fact]) -> asyncio.Task[Told]:
        """The look that begins when all have asked who ask in this moment."""
        found = self._rounds.get(host)
        if found is None:
            asked: list[Fact] = []
            found = _Round(asked, asyncio.create_task(self._looked(host, asked)))
            self._rounds[host] = found
        found.facts.extend(facts)
        return found.task

    async def _looked(self, host: str, facts: list[Fact]) -> Told:
        await asyncio.sleep(0)
        del self._rounds[host]
        clock = asyncio.get_running_loop().time
        began, moment, changes = clock(), self._moment, self._changes
        told = await self.eyes.look(host, tuple(dict.fromkeys(facts)))
        if isinstance(told, HostFacts):
            asked = frozenset((fact.reading, fact.subject) for fact in facts)
            sight = Sight(told, began, clock() - began, moment, asked)
            if self._touched.get(host, 0) <= moment:
                self._kept[host] = sight
            if changes == self._changes and any(reading == LISTS for reading, _ in asked):
                self._lists[host] = sight
        return told

    def _serves(self, sight: Sight, fact: Fact, action: Action) -> bool:
        """Whether it was asked, and, unless it is the host's own, after all that is needed."""
        late = self._moment + 1
        return sight.tells(fact) and (
            fact.reading in OWN
            or all(
                need in sight.after or self._ended.get(need, late) <= sight.moment
                for need in action.needs
            )
        )


def _mounts(action: Action, host: str, facts: Sequence[Fact]) -> bool:
    """Whether a mount asks another host for its list alone."""
    return (
        action.kind == "mount"
        and host != action.host
        and all(fact.reading == LISTS for fact in facts)
    )
