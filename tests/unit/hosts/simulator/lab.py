"""What the simulator's tests ask of hosts, and how they read the answers."""

import hashlib
from collections.abc import Iterable
from uuid import NAMESPACE_DNS, uuid5

from reconciler.hosts import Host
from reconciler.hosts.simulator import World, connect
from reconciler.hosts.simulator.presets import O2CB_DEFAULT
from reconciler.model.gate_call import Target
from reconciler.model.plan import Command, Completed

PROBE = "#!/bin/sh\n# reconcile-probe 1\nexit 0\n"
GATE = "#!/bin/sh\n# reconcile-gate 1\nexit 0\n"
CONF = "/etc/ocfs2/cluster.conf"
O2CB = "/etc/default/o2cb"
LUN = "/dev/disk/by-id/lab-lun1"
GIB = 1 << 30
LONG = 300.0
ANYBODY = ",".join(map(str, range(255)))


def gate(*words: object, stdin: str = "") -> Command:
    return Command(("sh", "-c", GATE, "gate", *map(str, words)), stdin, LONG)


def on(
    node: str, *words: object, uuid: str = "-", size: object = "-", beats: str = ANYBODY
) -> Command:
    """A verb of the gate for a device, whoever beats there."""
    return gate(*Target(node, size=str(size), uuid=uuid, beats=beats).words(), *words)


def probe(*words: str) -> Command:
    return Command(("sh", "-c", PROBE, "probe", *words))


def digest(text: str | None) -> str:
    return "absent" if text is None else hashlib.sha256(text.encode()).hexdigest()


def write(path: str, old: str | None, new: str, mode: str = "644") -> Command:
    return gate("write-file", path, mode, digest(old), digest(new), stdin=new)


def mkfs(node: str, *options: str, size: int = GIB, slots: int = 4) -> Command:
    words = ("-x", "--cluster-stack=o2cb", "--cluster-name=ocfs2", "-L", "images")
    words = (*words, *(() if "-U" in options else ("-U", str(uuid5(NAMESPACE_DNS, node)))))
    argv = ("mkfs.ocfs2", *words, "-N", slots, *options, node)
    return on(node, "format", "--", *argv, size=size)


def mount(node: str = LUN, uuid: str = "-", path: str = "/srv/images") -> Command:
    return on(node, "mount", path, "noatime,_netdev", uuid=uuid)


def restart(unit: str = "o2cb.service") -> Command:
    return Command(("systemctl", "restart", unit))


REGISTER = Command(("o2cb", "register-cluster", "ocfs2"))


def entry(number: int, host: int, ip: str = "", name: str = "") -> str:
    return (
        f"node:\n\tip_port = 7777\n\tip_address = {ip or f'10.88.1.{10 + host}'}\n"
        f"\tnumber = {number}\n\tname = {name or f'node{host:02d}'}\n\tcluster = ocfs2\n\n"
    )


def conf(*entries: str) -> str:
    return f"{''.join(entries)}cluster:\n\tnode_count = {len(entries)}\n\tname = ocfs2\n"


def conf_of(hosts: Iterable[int]) -> str:
    """node01 has number 0, and so on."""
    return conf(*(entry(host - 1, host) for host in hosts))


def enabled(**changed: str) -> str:
    text = O2CB_DEFAULT.replace("ENABLED=false", "ENABLED=true")
    for key, value in changed.items():
        text = "".join(
            f"O2CB_{key}={value}\n" if line.startswith(f"O2CB_{key}=") else line
            for line in text.splitlines(keepends=True)
        )
    return text


async def put(host: Host, path: str, text: str, old: str | None = None) -> None:
    done = await host.run(write(path, old, text))
    assert (done.status, done.stderr) == (0, "")


async def start_cluster(world: World, *names: str) -> None:
    """cluster.conf with every host, o2cb enabled and online, on all or on some hosts."""
    everyone = conf_of(range(1, len(world.machines) + 1))
    for name in names or world.machines:
        await put(connect(world, name), CONF, everyone)
        await online(connect(world, name))


async def online(host: Host, config: str | None = None) -> None:
    await put(host, O2CB, config or enabled(), O2CB_DEFAULT)
    done = await host.run(restart())
    assert (done.status, done.stderr) == (0, "")


async def mounted_cluster(world: World, *names: str) -> None:
    """A cluster of all hosts with the first LUN formatted and mounted on some of them."""
    await start_cluster(world)
    first = connect(world, "node01")
    done = await first.run(mkfs(node_of(world)))
    assert (done.status, done.stderr) == (0, "")
    for name in names or world.machines:
        done = await connect(world, name).run(mount(node_of(world)))
        assert (done.status, done.stderr) == (0, "")


def node_of(world: World) -> str:
    return LUN if world.luns["lun1"].wwid is None else "/dev/mapper/mpatha"


async def section(host: Host, name: str, *words: str) -> list[tuple[str, ...]]:
    """The rows of a section as tuples."""
    lines = (await host.run(probe(*words))).stdout.splitlines()
    begin, end = lines.index(f"@@begin\t{name}"), lines.index(f"@@end\t{name}\t0")
    return [tuple(line.split("\t")) for line in lines[begin + 1 : end]]


async def live_nodes(host: Host) -> list[tuple[str, ...]]:
    return [row[2:] for row in await section(host, "live") if row[0] == "node"]


async def log_of(world: World, host: str) -> list[str]:
    return [row[1].split("] ", 1)[1] for row in await section(connect(world, host), "log")]


def refusal(done: Completed) -> tuple[int, str, float]:
    """Status, first line of the message, duration."""
    return done.status, done.stderr.split("\n")[0], done.seconds


def kinds(world: World) -> list[str]:
    return [violation.kind for violation in world.violations()]
