"""The kinds of hosts: simulated, the same behind real SSH, and real kernels."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from reconciler.hosts import Host
from reconciler.hosts.doors import connect_hosts
from reconciler.hosts.loopback import Served
from reconciler.hosts.simulator import World, connect, connect_all
from reconciler.hosts.simulator.state.unit import Unit
from reconciler.model.desired import Desired
from tests.contract.normal import LUN
from tests.contract.stage import CLUSTER
from tests.lab.lab import Lab

SERVICE = """\
[Service]
ExecStart=/bin/sh -c 'exec sleep 7200 >>{file}'
[Install]
WantedBy=multi-user.target
"""
MEMBERS = {"node01": 4, "node02": 2}  # numbers that are nothing else: no slot, no place


def desired(ssh: Mapping[str, Any], own: Mapping[str, Mapping[str, Any]]) -> Desired:
    """The cluster of the history; ``ssh`` is the file's part, ``own`` each member's.

    Its timeouts are shorter than the defaults, as the history waits for them in real time.
    """
    members = [
        {
            "name": name,
            "interconnect": f"10.88.1.{10 + place}",
            "number": number,
            "ssh": own.get(name, {}),
        }
        for place, (name, number) in enumerate(MEMBERS.items(), 1)
    ]
    volume = {
        "label": "images",
        "device": {"path": LUN},
        "size": "1GiB",
        "slots": 4,
        "format": "if-blank",
        "mount": {"path": "/srv/images", "options": ["noatime"]},
    }
    cluster = {
        "name": CLUSTER,
        "members": members,
        "heartbeat": {"dead_threshold": 17},
        "network": {"idle_timeout_ms": 20000},
        "volumes": [volume],
    }
    return Desired.model_validate({"version": 1, "ssh": ssh, "clusters": [cluster]})


class Simulated:
    """Simulated hosts in this process; to be played in the world's own time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.desired = desired({}, {})

    def connected(self) -> AbstractAsyncContextManager[Mapping[str, Host]]:
        """The hosts themselves."""
        return nullcontext(connect_all(self.world))

    async def cut_power(self, host: str) -> None:
        """Pulls the plug."""
        connect(self.world, host).power_off()

    async def power_on(self, host: str) -> None:
        """A simulated boot is over at once."""
        connect(self.world, host).power_on()

    async def install(self, host: str, unit: str, file: str) -> None:
        """A unit whose only process, a sleep, keeps a file open."""
        self.world.machines[host].units[unit] = Unit(uses=(("sleep", file),))

    async def wait(self, seconds: float) -> None:
        """The clock of the event loop is the world's."""
        await asyncio.sleep(seconds)


class Looped(Simulated):
    """Simulated hosts behind a real SSH server on 127.0.0.1."""

    def __init__(self, world: World, doors: Served) -> None:
        super().__init__(world)
        files = {"identity": str(doors.identity), "known_hosts": str(doors.known_hosts)}
        own = {name: {"host": doors.host, "port": port} for name, port in doors.ports.items()}
        self.desired = desired({"user": "root", **files}, own)

    def connected(self) -> AbstractAsyncContextManager[Mapping[str, Host]]:
        """New connections, as the command line makes them."""
        return _over_ssh(self.desired)

    async def wait(self, seconds: float) -> None:
        """Simulated time passes; real time does so by itself."""
        self.world.advance(seconds)


@dataclass(slots=True)
class Real:
    """The lab's hosts, for a process that runs inside of its network."""

    lab: Lab
    desired: Desired

    def connected(self) -> AbstractAsyncContextManager[Mapping[str, Host]]:
        """New connections, as the command line makes them."""
        return _over_ssh(self.desired)

    async def cut_power(self, host: str) -> None:
        """Kills the whole machine."""
        await asyncio.to_thread(self.lab.kill, host)

    async def power_on(self, host: str) -> None:
        """Boots it and waits until systemd has finished."""
        await asyncio.to_thread(self.lab.start, host)

    async def install(self, host: str, unit: str, file: str) -> None:
        """Where an administrator puts unit files."""
        text, path = SERVICE.format(file=file), f"/etc/systemd/system/{unit}"
        command = f"printf %s {quote(text)} >{path} && systemctl daemon-reload"
        done = await asyncio.to_thread(self.lab.run, host, command)
        done.check_returncode()

    async def wait(self, seconds: float) -> None:
        """Real time passes."""
        await asyncio.sleep(seconds)


def real(lab: Lab) -> Real:
    """The hosts of a lab that is up."""
    inventory = lab.inventory
    files = {key: str(Path(inventory[key])) for key in ("identity", "known_hosts")}
    own = {name: {"host": inventory["hosts"][name]["management_ip"]} for name in MEMBERS}
    return Real(lab, desired({"user": "root", **files}, own))


@asynccontextmanager
async def _over_ssh(desired: Desired) -> AsyncIterator[Mapping[str, Host]]:
    async with connect_hosts(desired) as door:
        (cluster,) = desired.clusters
        yield {m.name: door(CLUSTER, m) for m in cluster.members}
