"""Switching hosts on and off."""

import os
import shutil
import signal
import zlib
from collections.abc import Iterable
from pathlib import Path

from tests.lab import uml_calls
from tests.lab.files import symlink
from tests.lab.images import CACHE
from tests.lab.network import inside
from tests.lab.plan import Host
from tests.lab.processes import grandchild, launch, slay
from tests.lab.shell import LabError, wait_until
from tests.lab.ssh import on_host, send_tree
from tests.lab.world import World

SCRIPT = Path(__file__).with_name("power.sh")


def install_script(directory: Path) -> None:
    """The init of the hosts' PID namespaces, under both its names."""
    for name in ("power", "reboot"):
        shutil.copy(SCRIPT, directory / name)
        (directory / name).chmod(0o755)


def kernel_arguments(world: World, host: Host) -> list[str]:
    """The command line of a guest."""
    own = world.of_host(host.name)
    arguments = [
        f"mem={host.mem}M",
        # What a guest sees of this machine.  Guest root gets out of it with `mount -o ../..`:
        # it keeps accidents apart, not attackers.
        f"hostfs={own}/seed",
        f"ubd0={own}/root.cow,{CACHE / world.built[host.suite][host.image]}",
        "root=/dev/ubda",
        "rw",
        "init=/lab/init",
        "selinux=0",
        "audit=0",
        # It benchmarks RAID-6 for a second at every boot.
        "initcall_blacklist=raid6_select_algo",
        "con=null",
        "con0=null,fd:1",
        "ssl=null",
    ]
    for number, disk in enumerate(host.disks, 1):
        shared = "c" if disk.shared else ""
        arguments.append(f"ubd{number}{shared}={disk.file},,{disk.serial}")
    for number, nic in enumerate(host.nics):
        arguments.append(f"vec{number}:transport=tap,ifname={nic.tap},depth=64,mac={nic.mac}")
    return [*arguments, *world.wish.append.split()]


def switch_on(world: World, name: str) -> None:
    """Boot a host that is off, and do not wait for it."""
    host = world.plan.host(name)
    if world.is_on(name):
        return
    own = world.of_host(name)
    if not (own / "kernel").exists():
        choose_kernel(world, name, host.suite)
    # unshare is what we record and kill; --kill-child takes the PID namespace down with it.
    command = inside(
        world.netns,
        "taskset",
        "--cpu-list",
        processor(world, name),
        "unshare",
        "--fork",
        "--pid",
        "--kill-child",
        "env",
        uml_calls.environment(CACHE),
        world.directory / "power",
        own / "kernel/linux",
        name,
        *kernel_arguments(world, host),
    )
    world.processes[name] = launch(command, own / "console.log", own)
    world.save()


def choose_kernel(world: World, name: str, suite: str) -> None:
    """What a host boots from now on, at a reboot too: this link is read at every boot."""
    symlink(world.of_host(name) / "kernel", str(CACHE / world.built[suite]["kernel"]))


def install_kernel(world: World, name: str, suite: str) -> None:
    """Give a running host the modules of another kernel, and boot that from now on."""
    modules = CACHE / world.built[suite]["kernel"] / "modules"
    send_tree(world, name, modules, "/lib/modules")
    for release in modules.iterdir():
        done = on_host(world, name, f"depmod {release.name} && sync")
        if done.returncode:
            raise LabError(f"{name}: {done.stderr}")
    choose_kernel(world, name, suite)


def processor(world: World, name: str) -> int:
    """The one CPU of a host: the next for each host of a lab, the first by the lab's name.

    A guest's kernel and its processes hand over to each other at every system call; across
    CPUs each of these is an interrupt. On one, a guest forks in half the time (measured).
    """
    mine = sorted(os.sched_getaffinity(0))
    place = list(world.plan.hosts).index(name)
    return mine[(place + zlib.crc32(world.netns.encode())) % len(mine)]


def cut_power(world: World, names: Iterable[str]) -> None:
    """Kill hosts as a power cut does, all at once."""
    slay(world.processes.get(name) for name in names)
    for name in names:
        world.processes[name] = None
        if name in world.frozen:
            world.frozen.remove(name)


def power_off(world: World, names: Iterable[str], timeout: float) -> None:
    """Shut hosts down in order."""
    for name in names:
        on_host(world, name, "systemctl poweroff", timeout=20)
    if not wait_until(lambda: not any(map(world.is_on, names)), timeout, 0.2):
        slow = " ".join(filter(world.is_on, names))
        raise LabError(f"still on after {timeout} s: {slow}")
    cut_power(world, names)


def freeze(world: World, name: str) -> None:
    """Stop a host's clock: it hangs."""
    os.kill(running(world, name), signal.SIGSTOP)
    world.frozen = sorted({*world.frozen, name})


def thaw(world: World, name: str) -> None:
    """Let a frozen host go on."""
    os.kill(running(world, name), signal.SIGCONT)
    world.frozen = [frozen for frozen in world.frozen if frozen != name]


def running(world: World, name: str) -> int:
    """The PID of a host's UML."""
    world.plan.host(name)
    pid = grandchild(world.processes.get(name))
    if pid is None:
        raise LabError(f"{name} is not running")
    return pid
