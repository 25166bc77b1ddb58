"""Hosts in memory: shared disks, kernels, faults, and a memory of every disaster.

A simulated host is a host, not a mock: it refuses commands that no host would be asked,
behaves as real ones were seen to behave, and knows nothing of the product's code.

Four rooms, of which each knows only those below it: ``gate`` and ``probe`` are the two programs
that the product sends, ``kernel`` is what a host does by itself, ``state`` is what there is.
``commands`` tells by the argv who is called; ``host`` connects to a host of a world, and
``presets`` makes worlds, ``mishaps`` are what may befall a host of one.
"""

from __future__ import annotations

from reconciler.hosts.simulator.host import SimulatedHost, connect, connect_all
from reconciler.hosts.simulator.state.errors import ImpossibleWorld, UnknownCommand
from reconciler.hosts.simulator.state.faults import Fault
from reconciler.hosts.simulator.state.world import Event, Violation, World

__all__ = [
    "Event",
    "Fault",
    "ImpossibleWorld",
    "SimulatedHost",
    "UnknownCommand",
    "Violation",
    "World",
    "connect",
    "connect_all",
]
