"""What befalls a host without anybody typing: power, clocks, disks, paths, firewalls."""

from __future__ import annotations

from dataclasses import replace

from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.kernel import mounting, power
from reconciler.hosts.simulator.state.disk import Filesystem
from tests.simulation.scene import Scene, require, require_on
from tests.simulation.site import LUNS

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
