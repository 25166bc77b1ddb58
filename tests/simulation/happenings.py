"""What befalls a host without anybody typing: power, clocks, disks, paths, firewalls."""

from __future__ import annotations

from dataclasses import replace

from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.kernel import mounting, power
from reconciler.hosts.simulator.state.disk import Beat, Filesystem
from reconciler.hosts.simulator.state.machine import Machine
from tests.simulation.scene import Scene, require, require_on
from tests.simulation.site import LUNS, SAN

YEARS = 315_360_000  # seconds of ten
SLOW = 30.0


def refuse_sudo(scene: Scene) -> str:
    scene.machine.refusal = "sudo-refused"
    return "sudo asks for a password"


def admit_again(scene: Scene) -> None:
    scene.machine.refusal = ""


def stun_host(scene: Scene) -> str:
    require(not require_on(scene).refusal, "nobody can log in")
    power.stun(scene.machine)
    return "it stands still, as a paused virtual machine does"


def stun_a_while(scene: Scene) -> str:
    stun_host(scene)
    scene.world.later(200, lambda: wake_host(scene))
    return "it stands still for 200 s"


def wake_host(scene: Scene) -> None:
    if scene.machine.refusal == "host-unreachable":
        power.wake(scene.machine)


def cut_all_paths(scene: Scene) -> str:
    scene.machine.dead_maps.add(LUNS[0])
    return f"no path to {LUNS[0]} is left"


def revive_maps(scene: Scene) -> None:
    """What the storage took from a host for good stays taken."""
    scene.machine.dead_maps.difference_update(LUNS)


def step_clock(scene: Scene) -> str:
    mounting.set_clock(scene.machine, YEARS if scene.machine.setup.skew <= 0 else -YEARS)
    return "its clock steps by ten years"


def reboot(scene: Scene) -> str:
    power.reboot(require_on(scene))
    return "somebody reboots it"


def reset(scene: Scene) -> str:
    power.cut(require_on(scene))
    power.switch_on(scene.machine)
    return "it loses its power for a moment, and boots"


def drop_traffic(scene: Scene) -> str:
    others = [m for m in scene.world.machines.values() if m is not scene.machine]
    require(others, "it is alone")
    for other in others:
        for network in other.setup.addresses[:2]:
            scene.machine.filtered[f"{network[1]}:7777"] = "timeout"
    return "its firewall drops the cluster's traffic"


def open_firewall(scene: Scene) -> None:
    scene.machine.filtered.clear()


def swap_luns(scene: Scene) -> str:
    require(not scene.site.scheme, "the other disk has no such partition")
    connect(scene.world, require_on(scene).name).swap(*LUNS)
    return f"the storage shows it {LUNS[1]} under the paths of {LUNS[0]}"


def swap_back(scene: Scene) -> None:
    """At a boot the kernel finds what is there."""
    if scene.machine.running.on:
        power.reboot(scene.machine)


def lose_links(scene: Scene) -> str:
    """udev makes the links of the shared disks only after a while."""
    devices = [
        one for one in require_on(scene).running.devices if one.lun.name in LUNS and one.links
    ]
    require(devices, "it has no shared disk")
    before = [(one, one.links) for one in devices]
    for one in devices:
        one.links = ()

    def settle() -> None:
        for one, links in before:
            one.links = links

    scene.world.later(SLOW, settle)
    return f"udev needs {SLOW:g} s for the links of its disks"


def clone_lun(scene: Scene) -> str:
    first, second = (scene.world.luns[name] for name in LUNS)
    content = first.whole.content
    require(isinstance(content, Filesystem), "there is nothing to copy")
    require(not isinstance(second.whole.content, Filesystem), "the other disk is in use")
    assert isinstance(content, Filesystem)
    second.whole.content = replace(content, beats={}, slot_map={})
    return f"somebody copies {LUNS[0]} to {LUNS[1]} with dd"


def damage_volume(scene: Scene) -> str:
    found = [fs for fs in scene.world.filesystems() if not fs.damage]
    require(found, "there is no file system")
    found[0].damage = "repairable"
    return f"{found[0].label} has an error that fsck can repair"


def grow_lun(scene: Scene) -> str:
    lun = scene.world.luns[LUNS[0]]
    scene.world.grow(lun.name, lun.whole.size + (1 << 30))
    return f"the storage grows {LUNS[0]} by a GiB"


def rename_host(scene: Scene) -> str:
    scene.machine.setup.hostname = "someone"
    return "it calls itself someone"


def call_it_again(scene: Scene) -> None:
    scene.machine.setup.hostname = scene.machine.name


def change_kernel(scene: Scene) -> str:
    """The next boot runs a kernel for which there is no module."""
    scene.machine.setup.next_boot, scene.machine.setup.next_boot_module = "6.1.999", False
    return "its next boot has a kernel without ocfs2"


def change_kernel_back(scene: Scene) -> None:
    setup, was = scene.machine.setup, scene.machine.setup.module
    setup.next_boot, setup.next_boot_module = "", True
    setup.kernel, setup.module = "6.1.176", True
    if not was and scene.machine.running.on:
        power.reboot(scene.machine)


def _storage(scene: Scene) -> Machine:
    require(SAN in scene.world.machines, "there is no storage host")
    return scene.world.machines[SAN]


def switch_off_storage(scene: Scene) -> str:
    require(_storage(scene).running.on, "it is off")
    power.cut(_storage(scene))
    return "the storage host's management goes down"


def switch_on_storage(scene: Scene) -> None:
    if not _storage(scene).running.on:
        power.switch_on(_storage(scene))


def fill_storage(scene: Scene) -> str:
    _storage(scene).setup.room["vg0"] = 0
    return "the storage's volume group is full"


def empty_storage(scene: Scene) -> None:
    _storage(scene).setup.room.pop("vg0", None)


def turn_read_only(scene: Scene) -> str:
    """As errors=remount-ro does."""
    mounts = [one for one in require_on(scene).running.mounts if "rw" in one.options]
    require(mounts, "nothing is mounted there to write")
    mounts[0].options = tuple("ro" if word == "rw" else word for word in mounts[0].options)
    return f"{mounts[0].path} goes read-only after an error"


def reboot_read_only(scene: Scene) -> None:
    if any("ro" in mount.options for mount in scene.machine.running.mounts):
        power.reboot(scene.machine)


def leave_block(scene: Scene) -> str:
    """A host that nobody knows crashed long ago with the volume mounted."""
    found = [fs for fs in scene.world.filesystems() if 200 not in fs.beats]
    require(found, "there is no file system")
    found[0].beats[200] = Beat("ghost", 0xBAD, stopped=0.0)
    return f"{found[0].label} has the heartbeat block of a host that nobody knows"


def clear_block(scene: Scene) -> None:
    for fs in scene.world.filesystems():
        fs.beats.pop(200, None)


def make_global(scene: Scene) -> str:
    """As ``tunefs.ocfs2 --update-cluster-stack`` does on a host with global heartbeat."""
    machines = scene.world.machines.values()
    used = {id(mount.fs) for machine in machines for mount in machine.running.mounts}
    found = [fs for fs in scene.world.filesystems() if id(fs) not in used]
    require(found, "no file system is idle")
    found[0].global_heartbeat = True
    return f"{found[0].label} is for clusters with global heartbeat from now on"


def make_local(scene: Scene) -> None:
    for fs in scene.world.filesystems():
        fs.global_heartbeat = False
