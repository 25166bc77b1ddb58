"""What may befall a simulated host: each happens once, is seen, and ends."""

import pytest

from reconciler.cli.commands import demo
from reconciler.hosts.simulator import ImpossibleWorld
from reconciler.hosts.simulator.kernel.hypervisor import running
from reconciler.hosts.simulator.mishaps import CONF, FSTAB, MISHAPS
from reconciler.hosts.simulator.presets import Shape
from tests.clock import drive
from tests.runs import Controller, desired, witnessed


@pytest.fixture(name="machine")
def _machine():
    """A host of a cluster that a run has made, on two paths."""
    world = witnessed(2, Shape("san"))
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    return world.machines["node01"]


def seen(machine):
    """What of a host a mishap can change."""
    return {
        "umount": [mount.path for mount in machine.running.mounts],
        "fstab": "ocfs2" in machine.files.text(FSTAB),
        "node": "name = node02" in machine.files.text(CONF),
        "power": machine.running.on,
        "path": sorted(machine.down_paths),
        "guest-stuck": running(machine),
    }


HAPPENS = {
    "umount": [],
    "fstab": False,
    "node": False,
    "power": False,
    "path": ["sdb"],
    "guest-stuck": ["stuck-node01"],
}


def test_the_command_names_all_of_them_and_those_that_no_apply_ends():
    assert list(demo.MISHAPS) == list(MISHAPS)
    assert list(demo.LASTING) == [name for name, mishap in MISHAPS.items() if mishap.ends]


@pytest.mark.parametrize("name", MISHAPS)
def test_it_happens_once_and_says_what_it_did(machine, name):
    before = seen(machine)
    assert MISHAPS[name].happens(machine)
    after = seen(machine)
    assert before[name] != after[name] == HAPPENS[name]
    with pytest.raises(ImpossibleWorld):
        MISHAPS[name].happens(machine)
    assert seen(machine) == after


@pytest.mark.parametrize("name", demo.LASTING)
def test_it_ends_and_leaves_no_trace(machine, name):
    before = seen(machine)
    with pytest.raises(ImpossibleWorld):
        MISHAPS[name].ends(machine)
    MISHAPS[name].happens(machine)
    assert MISHAPS[name].ends(machine)
    assert seen(machine) == before


def test_what_is_in_use_is_not_unmounted(machine):
    MISHAPS["guest-stuck"].happens(machine)
    with pytest.raises(ImpossibleWorld, match="in use by qemu-system-x86"):
        MISHAPS["umount"].happens(machine)


def test_a_host_without_paths_to_lose_loses_none():
    machine = witnessed(1).machines["node01"]
    with pytest.raises(ImpossibleWorld, match="no path is to spare"):
        MISHAPS["path"].happens(machine)
