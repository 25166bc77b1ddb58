"""What a look may be asked along: what the actions that come next will rest on; no I/O.

A look that is asked for more costs no round trip more. Whether its answer may serve who comes
next is decided when that one begins (``sightings.py::Looks.recall``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from reconciler.execution.machine import Run
from reconciler.model.plan import Action, Fact

# Readings of what mends itself in a moment: nobody rests on an earlier look at it.
PASSING = frozenset({"healthy"})
# Readings that are asked for only when they are due: the probe may wait for one.
WAITED_FOR = frozenset({"mounted-size"})
# Readings of what nothing but a command on the host itself changes.
OWN = frozenset(
    {
        *("boot", "module", "loaded-module", "ocfs2-mounts", "drop-in", "order"),
        *("cluster-conf", "o2cb-config", "fstab", "boot-mount"),
    }
)
# The reading that says in which boot a host is: whoever sends a command asks for it.
BOOT = "boot"
# More needs than these are counted, not looked through.
FEW = 8


@dataclass(slots=True)
class _Ahead:
    """The walk from an action to what may come next, through actions that do nothing."""

    run: Run
    hosts: Collection[str]
    passed: set[str] = field(default_factory=set)
    facts: dict[Fact, None] = field(default_factory=dict)

    def visit(self, action: Action, own_only: bool) -> None:  # noqa: FBT001  # a fact about the walk
        """Notes what an action asks for, and goes on through one that does nothing.

        It is met once: when all of its needs but the last have been passed.
        """
        self.passed.add(action.id)
        for fact in asked_by(action):
            if fact.reading in PASSING | WAITED_FOR or (own_only and fact.reading not in OWN):
                continue
            if hosts := tuple(host for host in fact.hosts if host in self.hosts):
                self.facts[replace(fact, hosts=hosts)] = None
        if action.command is None:
            self.go_on(action, own_only)

    def go_on(self, action: Action, own_only: bool) -> None:  # noqa: FBT001  # see ``visit``
        """On to what needs this action, if nothing else of what it needs has yet to start."""
        for one in self.run.dependents(action.id):
            if self.run.states[one.id] == "pending" and self._concerns(one):
                rest = self._missing(one)
                if rest != "unbegun":
                    self.visit(one, own_only or rest == "running")

    def _concerns(self, action: Action) -> bool:
        return not action.host or action.host in self.hosts

    def _missing(self, action: Action) -> str:
        """What else it waits for, at worst: nothing, commands that run, or what is unbegun."""
        if self.run.missing[action.id] == 1:
            return ""
        if len(action.needs) > FEW:
            return "unbegun" if self.run.unbegun[action.id] > 0 else "running"
        worst = ""
        for need in action.needs:
            state = self.run.states[need]
            if need in self.passed or state == "done":
                continue
            if state != "running":
                return "unbegun"
            if self.run.actions[self.run.places[need]].command is not None:
                worst = "running"
        return worst


def asked_by(action: Action) -> tuple[Fact, ...]:
    """What an action is begun on: of one that does nothing, all that it is."""
    if action.command is None:
        return action.expects
    return (*action.requires, *action.unless, boot(action))


def boot(action: Action) -> Fact:
    """In which boot the action's host is."""
    return Fact((action.host,), BOOT, "", None)


def facts_ahead(run: Run, action: Action) -> Sequence[Fact]:
    """What may be asked for next of the hosts that are looked at for an action that ends."""
    hosts = {action.host} if action.host else {h for f in action.expects for h in f.hosts}
    walk = _Ahead(run, hosts, {action.id})
    walk.go_on(action, own_only=False)
    for host in hosts if action.host else ():
        for one in run.next_open(host)[:1]:
            walk.visit(one, own_only=False)
    return tuple(walk.facts)


def of_host(facts: Sequence[Fact]) -> Iterator[tuple[str, Fact]]:
    """Each fact with each host that it is about."""
    return ((host, fact) for fact in facts for host in fact.hosts)
