"""What changes on a host while a run is under way: the action that rests on it is not begun."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.kernel import hypervisor, units
from reconciler.hosts.simulator.presets import Shape, add_storage, bare_hosts, partition
from reconciler.hosts.simulator.state.guests import Guest
from tests.clock import drive
from tests.invariant_monitor import Witness
from tests.runs import Controller, desired, volume

MIB = 1 << 20
# Seconds after what a host has done that somebody changes something.
SOON = 0.001
OLD, NEW = "1.8-1", "1.9-1"
UUID = "11111111-2222-3333-4444-555555555555"
NAMES = ("node01", "node02")
BACKING = {"lvm": {"host": "san", "vg": "vg0", "lv": "lun1"}}
GUESTS = {
    "kind": "command",
    "list": ["guests", "list", "/srv/images"],
    "stop": ["guests", "stop"],
    "start": ["guests", "start", "{guest}"],
}


Change = Callable[["Changing"], None]


@dataclass(slots=True)
class Changing(Witness):
    """A world with a change as soon as ``after``: a host, and what it has done."""

    after: tuple[str, str] = ("", "")
    change: Change | None = None

    def record(self, host: str, what: str, detail: str = "") -> None:
        Witness.record(self, host, what, detail)
        by, deed = self.after
        if self.change and host == by and f"{what} {detail}".startswith(deed):
            change, self.change = self.change, None
            self.later(SOON, lambda: change(self))


def running():
    """Two members with a volume in a partition, and how a file says it."""
    world = Changing()
    bare_hosts(2, Shape("san"), world)
    add_storage(world)
    partition(world)
    for machine in map(world.machines.__getitem__, NAMES):
        machine.programs = {"guests": hypervisor.guests_program}
        machine.setup.module = False
        machine.packaging.builds["kmod-ocfs2"] = (machine.setup.kernel,)
        machine.packaging.offers["kmod-ocfs2"] = OLD

    def wish(*, versions=None, **more):
        device = {"wwid": world.luns["lun1"].wwid, "partition": 1}
        one = volume(world, device=device, workloads={"guests": GUESTS}, **more)
        packages = {"kernel_module": "kmod-ocfs2", **(versions or {})}
        return desired(world, *NAMES, volumes=[one], packages=packages)

    controller = Controller(world)
    assert drive(world, controller.apply(wish())).word == "converged"
    for name in NAMES:
        offers = world.machines[name].packaging.offers
        offers |= {"kmod-ocfs2": NEW, "ocfs2-tools": NEW}
    hypervisor.add(world.machines["node01"], Guest("vm1", "/srv/images/vm1"))
    return world, controller, wish


UPGRADED = {"versions": {"kernel_module_version": NEW, "tools_version": NEW}}
LARGER = {"size": "2GiB", "backing": BACKING}
REBUILT = {"label": "other", "slots": 12, "mount": {"path": "/srv/images"}}


def reformat(world):
    """Somebody has put another file system there."""
    next(iter(world.filesystems())).uuid = UUID


def move_partition(world):
    """Somebody has made the partition anew, elsewhere."""
    world.luns["lun1"].partitions[1].start += MIB


def resize(layer, size):
    """The kernel of node01 has another size of what is mapped there."""

    def change(world):
        running = world.machines["node01"].running
        running.devices = tuple(
            replace(d, size=size) if d.dm_uuid.startswith(layer) else d for d in running.devices
        )

    return change


def read_only(world):
    running = world.machines["node02"].running
    running.mounts[0] = replace(running.mounts[0], options=("ro",))


def cut_off(world):
    world.machines["node01"].filtered["10.88.1.12"] = "timeout"


def start_cluster(world):
    """Somebody brings the cluster online again."""
    units.restart(world.machines["node01"], "o2cb.service")


def mount_by_hand(world):
    """Somebody brings it online and mounts the volume."""
    start_cluster(world)
    host = connect(world, "node01")
    host.mount(f"/dev/disk/by-id/dm-uuid-part1-mpath-{world.luns['lun1'].wwid}", "/srv/images")


def unmount_by_hand(world):
    connect(world, "node01").unmount("/srv/images")


def guest(world):
    hypervisor.add(world.machines["node01"], Guest("vm9", "/srv/images/vm9"))


smaller = resize("part1-", 512 * MIB)
CASES = {
    "grow-partition asks partition-start": (LARGER, ("node02", "rescanned"), move_partition),
    "grow-partition asks disk-room": (
        LARGER,
        ("node02", "rescanned"),
        resize("mpath-", 1024 * MIB),
    ),
    "grow-file-system asks file-system-uuid": (
        LARGER,
        ("node02", "partition-reread"),
        reformat,
    ),
    "grow-file-system asks serving": (LARGER, ("node02", "partition-reread"), read_only),
    "grow-file-system asks healthy": (LARGER, ("node02", "partition-reread"), cut_off),
    "unmount asks guests": (REBUILT, ("node02", "wrote"), guest),
    "check-file-system asks device-covers": (REBUILT, ("node02", "unmounted"), smaller),
    "add-slots asks device-covers": (REBUILT, ("node01", "checked"), smaller),
    "set-label asks device-covers": (REBUILT, ("node01", "slots-added"), smaller),
    "set-label asks file-system-uuid": (REBUILT, ("node01", "slots-added"), reformat),
    "mount asks device-covers": (REBUILT, ("node01", "labelled"), smaller),
    "start-guest asks mounted": (REBUILT, ("node01", "units-read"), unmount_by_hand),
    "upgrade-module asks live-nodes": (
        UPGRADED,
        ("node01", "installed ocfs2-tools"),
        start_cluster,
    ),
    "upgrade-module asks ocfs2-mounts": (
        UPGRADED,
        ("node01", "installed ocfs2-tools"),
        mount_by_hand,
    ),
    "reload-module asks live-nodes": (
        UPGRADED,
        ("node01", "installed kmod-ocfs2"),
        start_cluster,
    ),
    "reload-module asks ocfs2-mounts": (
        UPGRADED,
        ("node01", "installed kmod-ocfs2"),
        mount_by_hand,
    ),
}


@pytest.mark.parametrize("more", [LARGER, REBUILT, UPGRADED], ids=["size", "label", "versions"])
def test_where_nothing_changes_all_is_done(more):
    world, controller, wish = running()
    ended = drive(world, controller.apply(wish(**more)))
    assert (ended.word, ended.failures, world.wrongs()) == ("converged", {}, [])


@pytest.mark.parametrize("what", CASES)
def test_an_action_is_not_begun_on_what_has_changed_since_it_was_planned(what):
    kind, reading = what.split(" asks ")
    more, after, change = CASES[what]
    world, controller, wish = running()
    world.after, world.change = after, change
    ended = drive(world, controller.apply(wish(**more)))
    assert world.change is None
    failed = {name.split("/")[2]: why for name, why in ended.failures.items()}
    assert kind in failed
    assert " not started: " in failed[kind]
    assert f": {reading} " in failed[kind]
