"""The host of a deed, and what has to be there for it."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.hosts.simulator.state.errors import ImpossibleWorld
from reconciler.hosts.simulator.state.machine import Machine
from tests.simulation.laws import Lawful
from tests.simulation.site import Site


@dataclass(frozen=True, slots=True)
class Scene:
    """The host of a deed, in its world."""

    world: Lawful
    site: Site
    machine: Machine


def require(fact: object, why: str) -> None:
    """Raises ImpossibleWorld where there is nothing to do a deed to."""
    if not fact:
        raise ImpossibleWorld(why)


def require_on(scene: Scene) -> Machine:
    require(scene.machine.running.on, "it is off")
    return scene.machine
