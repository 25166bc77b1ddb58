"""Every plan is run on its own predictions before it is shown (I28).

An action whose conditions cannot hold when its turn comes would stop the run there, perhaps
with a volume unmounted, and every run after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.model.desired import Cluster
from reconciler.model.effect import Hosts
from reconciler.model.observed import HostFacts, Observed, Unreachable
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, Fact
from reconciler.planning.conditions import read, unmet
from reconciler.planning.prediction import after, is_needless

Part = tuple[Cluster, Sequence[Action]]
# Readings that no prediction can tell, and why: they are asked for at the moment, no sooner.
MOMENTARY: Mapping[str, str] = {
    "users": "processes come and go; those that nobody declared refuse the plan by themselves",
    "healthy": "connections, heartbeats and messages are of the moment; planning.checks.cluster_health looks",
    "reaches": "a port is open once the cluster behind it is online: a barrier tries it then",
}


@dataclass(slots=True)
class Rehearsal:
    """A plan being run on predictions; ``hosts`` are as its actions so far leave them."""

    hosts: Hosts
    broken: tuple[Blocked, ...] = ()
    _read: dict[tuple[str, str, int], tuple[HostFacts, str]] = field(default_factory=dict)

    def run(self, part: Part) -> None:
        """The actions of one step, in order; the first that cannot start is kept."""
        cluster, actions = part
        for action in actions:
            now = Observed(self.hosts)
            if is_needless(action, now):
                continue
            if not self.broken and (why := self._missing(action, now)):
                self.broken = (_refused(action, why),)
            self.hosts = after(cluster, self.hosts, action)

    def _missing(self, action: Action, now: Observed) -> tuple[str, ...]:
        asked = action.requires if action.command else action.expects
        facts = [fact for fact in asked if fact.reading not in MOMENTARY]
        return unmet(facts, now, self._remembered)

    def _remembered(self, fact: Fact, host: HostFacts | Unreachable | None) -> str:
        """The reading; of facts that no action changed it is what it was."""
        if not isinstance(host, HostFacts):
            return read(fact, host)
        key = (fact.reading, fact.subject, id(host))
        if key not in self._read:  # the facts are kept, lest another get their id
            self._read[key] = (host, read(fact, host))
        return self._read[key][1]


def rehearse(observed: Observed, parts: Sequence[Part]) -> tuple[Blocked, ...]:
    """The refusal of a plan of which an action could not start."""
    run = Rehearsal(observed.hosts)
    for part in parts:
        run.run(part)
    return run.broken


def _refused(action: Action, why: Sequence[str]) -> Blocked:
    return Blocked(
        "invariant-plan-can-go-on",
        action.address,
        f"{action.id} could not start when its turn comes: {'; '.join(why)}",
        "nothing was changed. If a host is in a state that the file does not explain, mend what "
        "is named there and plan again; if not, this is a bug of the product: please report it",
    )
