"""Bridges and taps in the lab's network namespace, and what cuts them."""

from collections.abc import Iterable

from tests.lab.plan import Plan
from tests.lab.shell import ask, run
from tests.lab.world import World, namespace_inode

CUTS = {
    "mgmt": ("mgmt",),
    "ic": ("ic",),
    "all": ("mgmt", "ic"),
    "sa": ("sa",),
    "sb": ("sb",),
    "storage": ("sa", "sb"),
}
OFFLOADS = ("tx", "sg", "tso", "gso", "gro")


def inside(netns: str, *argv: object) -> list[object]:
    """A command, to be run in the namespace."""
    return ["nsenter", f"--net=/run/netns/{netns}", "--", *argv]


def create(world: World) -> None:
    """The namespace with all its devices; its identity is recorded first of all."""
    plan = world.plan
    run("ip", "netns", "add", world.netns)
    world.inode = namespace_inode(world.netns)
    world.save()
    batch(world, devices(plan))
    # UML's vector driver has no use for offloads: packets above the MTU are dropped and iSCSI
    # stalls.
    off = [word for offload in OFFLOADS for word in (offload, "off")]
    for device in (*(f"br-{net}" for net in plan.subnets), *taps(plan)):
        run(*inside(world.netns, "ethtool", "-K", device, *off))


def devices(plan: Plan) -> Iterable[str]:
    """The commands of `ip` that make them."""
    yield "link set lo up"
    for net, subnet in plan.subnets.items():
        yield f"link add br-{net} type bridge"
        yield f"link set br-{net} up"
        yield f"addr add {subnet[1]}/24 dev br-{net}"
    for host in plan.hosts.values():
        for nic in host.nics:
            yield f"tuntap add dev {nic.tap} mode tap"
            yield f"link set {nic.tap} master br-{nic.net} up"


def taps(plan: Plan) -> list[str]:
    """The tap devices of all hosts."""
    return [nic.tap for host in plan.hosts.values() for nic in host.nics]


def cut(world: World, name: str, nets: Iterable[str]) -> None:
    """Packets of a host go nowhere; it keeps its carrier, as with a failed switch."""
    found = [nic for nic in world.plan.host(name).nics if nic.net in nets]
    batch(world, [f"link set {nic.tap} nomaster" for nic in found])
    world.cut[name] = sorted({*world.cut.get(name, []), *(nic.net for nic in found)})


def heal(world: World, name: str) -> None:
    """Undo every cut of a host."""
    nics = world.plan.host(name).nics
    batch(world, [f"link set {nic.tap} master br-{nic.net}" for nic in nics])
    world.cut.pop(name, None)


def batch(world: World, commands: Iterable[str]) -> None:
    """Commands of `ip`, in the namespace."""
    run("ip", "-n", world.netns, "-batch", "-", input="\n".join(commands) + "\n")


def remove(netns: str) -> None:
    """Remove the namespace; its devices go with it."""
    ask("ip", "netns", "del", netns)
