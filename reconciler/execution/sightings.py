"""Looks of a run at its hosts: what is asked in one moment is one probe a host."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from reconciler.execution.locks import FRESH
from reconciler.model.observed import HostFacts, Observed, Unreachable
from reconciler.model.plan import ActionKind, Fact

# Observes one host, as closely as the facts ask for.
Look = Callable[[str, Sequence[Fact]], Awaitable[HostFacts | Unreachable]]
Told = HostFacts | Unreachable

# The reading of the list of members in a host's kernel.
LISTS = "live-nodes"
# Seconds: the command must begin within ``FRESH`` of that look, too (I5), and is on its way for some.
KEPT = FRESH / 2
# What leaves the lists of all kernels as they are.
LEAVES_LISTS: frozenset[ActionKind] = frozenset(
    {"format", "mount", "write-fstab", "reload-units", "grow-file-system"}
)


@dataclass(slots=True)
class _Round:
    """What is asked of a host in one moment, and the look that will tell it."""

    facts: list[Fact]
    task: asyncio.Task[Told]


@dataclass(slots=True)
class Looks:
    """How a run looks at its hosts.

    One look at all kernels' lists serves several mounts: a mount looks at its own host just before,
    whose gate compares kernel and file once more. The list of another host counts for ``KEPT``
    seconds, unless a command that may change a list was sent since.
    """

    look: Look
    _rounds: dict[str, _Round] = field(default_factory=dict)
    _lists: dict[str, tuple[float, HostFacts]] = field(default_factory=dict)
    _changes: int = 0

    async def see(self, facts: Sequence[Fact]) -> Observed:
        """The hosts that the facts are about, looked at from now on."""
        asked: dict[str, list[Fact]] = {}
        for fact in facts:
            for host in fact.hosts:
                asked.setdefault(host, []).append(fact)
        began, changes = asyncio.get_running_loop().time(), self._changes
        found = await asyncio.gather(*(self._join(host, asked[host]) for host in asked))
        seen = dict(zip(asked, found, strict=True))
        if changes == self._changes:
            for host, told in seen.items():
                if isinstance(told, HostFacts) and any(f.reading == LISTS for f in asked[host]):
                    self._lists[host] = began, told
        return Observed(seen)

    async def see_before_mount(
        self, host: str, facts: Sequence[Fact]
    ) -> tuple[Observed, float]:
        """As ``see``; the lists of hosts other than ``host`` may have been seen before.

        With the seconds by which the oldest of them was.
        """
        now = asyncio.get_running_loop().time()
        more = {host, *(name for f in facts if f.reading != LISTS for name in f.hosts)}
        lists = {name for f in facts if f.reading == LISTS for name in f.hosts} - more
        kept = {
            name: (now - began, told)
            for name, (began, told) in self._lists.items()
            if name in lists and now - began <= KEPT
        }
        rest = [replace(f, hosts=tuple(h for h in f.hosts if h not in kept)) for f in facts]
        seen = await self.see(rest)
        age = max((age for age, _ in kept.values()), default=0.0)
        return Observed({**{name: told for name, (_, told) in kept.items()}, **seen.hosts}), age

    def note_command(self, kind: ActionKind) -> None:
        """A command is sent, or has ended: lists that were seen before may be others now."""
        if kind not in LEAVES_LISTS:
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
        return await self.look(host, tuple(dict.fromkeys(facts)))
