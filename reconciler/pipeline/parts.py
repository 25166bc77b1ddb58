"""Which part of a cluster's plan a run carries out: what was asked for, or what may be healed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from reconciler.model.desired import Cluster
from reconciler.model.observed import Observed
from reconciler.model.plan import ClusterPlan
from reconciler.observation import HostFactory, Options
from reconciler.pipeline.drift import plan_last_applied
from reconciler.planning.planner import restrict
from reconciler.planning.watching.healing import Healing, Scene, choose_heals
from reconciler.planning.watching.strikes import History, difference_of


class Part(Protocol):
    """A part of a plan; of a whole one records are left."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the plan is left out."""
        ...

    async def choose(self, cluster: Cluster, observed: Observed) -> ClusterPlan:
        """What of the plan is to be carried out, as the facts are now."""
        ...

    def rest(self, begun: ClusterPlan, cluster: Cluster, observed: Observed) -> ClusterPlan:
        """What of it, as it was ``begun``, is still to be done."""
        ...


@dataclass(frozen=True, slots=True)
class Targeted:
    """All that leads to the file, or to the ``targets`` in it."""

    targets: Sequence[str] = ()

    @property
    def is_whole(self) -> bool:
        """Whether it has no targets."""
        return not self.targets

    async def choose(self, cluster: Cluster, observed: Observed) -> ClusterPlan:
        """What leads there."""
        return restrict(cluster, observed, self.targets)

    def rest(self, _begun: ClusterPlan, cluster: Cluster, observed: Observed) -> ClusterPlan:
        """What leads there; of what was begun it says nothing."""
        return restrict(cluster, observed, self.targets)


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of a cluster's runs: what was healed, and which are ``unfinished``, in words.

    ``own_runs`` are those that heal and have healed. ``file_trouble`` says why its file is not good
    now, empty if it is.
    """

    history: History = field(default_factory=History)
    unfinished: tuple[str, ...] = ()
    own_runs: frozenset[str] = frozenset()
    file_trouble: str = ""


@dataclass(frozen=True, slots=True)
class Healable:
    """What may be healed, of the cluster that is ``asked`` for, by its policy."""

    asked: Cluster
    fleet: HostFactory
    options: Options
    now: Callable[[], datetime]
    past: Past

    @property
    def is_whole(self) -> bool:
        """Never: what was last applied stays on record as it is."""
        return False

    async def choose(self, cluster: Cluster, observed: Observed) -> ClusterPlan:
        """The actions that may be healed now; with what is refused none may."""
        whole = restrict(cluster, observed, ())
        seen = (cluster, observed, whole)
        applied = await plan_last_applied(self.asked, seen, self.fleet, self.options)
        return replace(whole, actions=self.judge(seen, applied).actions)

    def judge(
        self,
        seen: tuple[Cluster, Observed, ClusterPlan],
        applied: ClusterPlan | None,
        traces: Mapping[str, str] | None = None,
    ) -> Healing:
        """What may be healed of the plan that was made of what was ``seen``, and what not, and why.

        ``traces`` is by difference what its host tells of it.
        """
        past, now = self.past, self.now()
        scene = Scene(
            *(*seen, applied, now, past.history, past.unfinished, traces or {}, past.own_runs),
            past.file_trouble,
        )
        return choose_heals(scene)

    def rest(self, begun: ClusterPlan, cluster: Cluster, observed: Observed) -> ClusterPlan:
        """Of the differences that were begun to be healed those that are still there."""
        whole = restrict(cluster, observed, ())
        healed = {difference_of(action) for action in begun.actions}
        still = tuple(action for action in whole.actions if difference_of(action) in healed)
        return replace(whole, actions=still)
