"""A lab as an object: what tests and the command line do with one."""

import json
import os
import subprocess
from dataclasses import fields
from pathlib import Path

from tests.lab import life, network, power, san
from tests.lab.images import ensure_images
from tests.lab.inventory import write_inventory
from tests.lab.plan import SAN, Wish, make_suites, mebibytes
from tests.lab.processes import grandchild, identify, resident_mib
from tests.lab.shell import LabError, ask, say
from tests.lab.ssh import on_host
from tests.lab.world import World, changing, load, load_up

BOOT_TIMEOUT = 240
STOP_TIMEOUT = 90


class Lab:
    """One lab, known by the name of its network namespace; its state is in its record."""

    def __init__(self, netns: str) -> None:
        self.netns = netns

    @classmethod
    def up(
        cls,
        netns: str,
        *,
        owner: int | None = None,
        directory: Path | None = None,
        timeout: float = BOOT_TIMEOUT,
        **wish: str | int,
    ) -> "Lab":
        """Create and boot a lab, or boot what is off of one that is up.

        The keywords of `wish` are the fields of `plan.Wish`, as on the command line.  The lab
        may be removed by anybody when the process `owner` is gone.
        """
        known = {field.name for field in fields(Wish)}
        if strange := wish.keys() - known:
            raise LabError(f"no such option: {' '.join(sorted(strange))}")
        whose = identify(owner) if owner else None
        life.up(life.Place(netns, directory, whose), Wish(**wish), timeout)
        return cls(netns)

    def __enter__(self) -> "Lab":
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    @property
    def world(self) -> World:
        """The record as it is now."""
        return load_up(self.netns)

    @property
    def directory(self) -> Path:
        """Where its files are."""
        return self.world.directory

    @property
    def hosts(self) -> list[str]:
        """The names of all nodes, without the SAN."""
        return list(self.world.plan.nodes)

    @property
    def inventory(self) -> dict:
        """Addresses, credentials and devices: what `inventory.json` says."""
        return json.loads((self.directory / "inventory.json").read_text())

    def run(
        self, host: str, command: str, user: str = "root", timeout: float = 60
    ) -> subprocess.CompletedProcess:
        """Run a shell command on a host over ssh; LabError if there is no answer in time."""
        return on_host(self.world, host, command, user, timeout)

    def exec(
        self, argv: list[object], timeout: float = 60, **env: str
    ) -> subprocess.CompletedProcess:
        """Run a command of this machine inside the lab's network namespace."""
        command = network.inside(self.netns, *argv)
        return ask(*command, timeout=timeout, env={**os.environ, **self.environment(), **env})

    def environment(self) -> dict[str, str]:
        """Variables that tell a command where the lab is."""
        directory = self.directory
        return {
            "LAB_NETNS": self.netns,
            "LAB_DIR": str(directory),
            "LAB_INVENTORY": str(directory / "inventory.json"),
            "LAB_SSH_CONFIG": str(directory / "ssh_config"),
            "RECONCILE_CONFIG": str(directory / "cluster.yaml"),
        }

    def kill(self, *hosts: str) -> None:
        """Cut the power of hosts, all at once."""
        with changing(self.netns) as world:
            power.cut_power(world, named(world, hosts))

    def stop(self, *hosts: str, timeout: float = STOP_TIMEOUT) -> None:
        """Shut hosts down in order."""
        with changing(self.netns) as world:
            power.power_off(world, named(world, hosts), timeout)

    def start(self, *hosts: str, timeout: float = BOOT_TIMEOUT) -> None:
        """Switch hosts on and wait until they can be used; a timeout of 0 does not wait."""
        with changing(self.netns) as world:
            for name in sorted(named(world, hosts), key=lambda name: name != SAN):
                power.switch_on(world, name)
        if timeout:
            life.wait_for_hosts(world, list(hosts), timeout)

    def install_kernel(self, suite: str, *hosts: str) -> None:
        """Give running hosts the kernel of another suite, as a package does.

        They keep their root file system and boot that kernel from their next boot on.
        """
        make_suites(Wish(hosts=1, suite=suite))
        built = ensure_images(suite)
        with changing(self.netns) as world:
            world.built[suite] = built
            for name in named(world, hosts):
                power.install_kernel(world, name, suite)

    def install_anew(self, *hosts: str) -> None:
        """Give hosts that are off a root file system as it was before their first boot."""
        with changing(self.netns) as world:
            for name in named(world, hosts):
                if world.is_on(name):
                    raise LabError(f"{name} is on")
                (world.of_host(name) / "root.cow").unlink()

    def freeze(self, *hosts: str) -> None:
        """Stop the clock of hosts: they hang."""
        with changing(self.netns) as world:
            for name in hosts:
                power.freeze(world, name)

    def thaw(self, *hosts: str) -> None:
        """Let frozen hosts go on."""
        with changing(self.netns) as world:
            for name in hosts:
                power.thaw(world, name)

    def cut(self, host: str, net: str = "all") -> None:
        """Cut a host off networks, which are named as in `network.CUTS`."""
        with changing(self.netns) as world:
            network.cut(world, host, network.CUTS[net])

    def heal(self, *hosts: str) -> None:
        """Undo every cut of hosts."""
        with changing(self.netns) as world:
            for name in hosts:
                network.heal(world, name)

    def san_grow(self, lun: str, size: str) -> None:
        """Make a LUN larger: 512M or 2G is the new size, +512M what to add.

        A ubd disk has the size it had at boot: its host sees the new one when it is killed and
        started.
        """
        with changing(self.netns) as world:
            now = world.mib(lun)
            mib = now + mebibytes(size[1:]) if size.startswith("+") else mebibytes(size)
            if mib <= now:
                raise LabError(f"{lun} has {now} MiB already")
            if world.plan.storage == "san":
                san.grow(world, lun, mib)
            else:
                for file in (world.directory / "luns").glob(f"{lun}[.-]*"):
                    os.truncate(file, mib << 20)
                say("ubd: hosts see the new size after kill and start")
            world.grown[lun] = mib
            write_inventory(world)

    def status(self) -> dict:
        """What is on, off, frozen or cut."""
        world = load(self.netns)
        if world is None:
            raise LabError(f"no lab {self.netns}")
        return {
            "netns": self.netns,
            "dir": str(world.directory),
            "phase": "up" if world.is_up else "unfinished",
            "owner": world.owner.pid if world.owner else None,
            "storage": world.plan.storage,
            "hosts": {name: host_status(world, name) for name in world.plan.hosts},
        }

    def down(self) -> None:
        """Remove the lab; safe to repeat."""
        life.down(self.netns)


def host_status(world: World, name: str) -> dict:
    """One host."""
    host, process = world.plan.host(name), world.processes.get(name)
    state = "frozen" if name in world.frozen else "on"
    return {
        "state": state if world.is_on(name) else "off",
        "pid": process.pid if process else None,
        "rss_mib": resident_mib(grandchild(process)),
        "cut": world.cut.get(name, []),
        "suite": host.suite,
        "image": host.image,
        "module": host.has_module,
        "ip": {nic.net: nic.addresses[0] for nic in host.nics},
    }


def named(world: World, hosts: tuple[str, ...]) -> tuple[str, ...]:
    """The same names, if there are such hosts."""
    for name in hosts:
        world.plan.host(name)
    return hosts
