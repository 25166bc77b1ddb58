"""What a resource is: all that the product does about one thing that a host has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field

from reconciler.frozen import frozen
from reconciler.model.desired import Cluster
from reconciler.model.effect import Effects
from reconciler.model.observed import Observed
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, Change
from reconciler.model.reading import Reading
from reconciler.model.roles import involved_members
from reconciler.probe.sections import Section


def _nothing(*_: object) -> tuple[()]:
    return ()


@frozen
class Resource:
    """One resource: how it is parsed, checked, compared, changed and foreseen.

    ``needs`` are the sections of facts that its verbs rest on, ``scope`` gives the members whom
    it concerns. ``sections`` parse what the probe prints, ``readings`` tell single facts by name,
    and ``effects`` foresee what its kinds of actions lead to.
    """

    name: str
    needs: tuple[str, ...] = ()
    check: Callable[[Cluster, Observed], Iterable[Blocked]] = _nothing
    diff: Callable[[Cluster, Observed], Iterable[Change]] = _nothing
    actions: Callable[[Cluster, Observed, Sequence[Change]], Iterable[Action]] = _nothing
    scope: Callable[[Cluster], Sequence[str]] = involved_members
    effects: Effects = field(default_factory=dict)
    readings: Mapping[str, Reading] = field(default_factory=dict)
    sections: Mapping[str, Callable[[Section], object]] = field(default_factory=dict)
