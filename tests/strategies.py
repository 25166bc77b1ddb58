"""Generated clusters, and what can go wrong with them, for the property tests.

What is drawn is plain data that prints well; `build` makes the world of it anew, so that
one example can be played more than once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from reconciler.hosts.simulator import Fault, connect_all
from reconciler.hosts.simulator.kernel import power
from reconciler.hosts.simulator.presets import Shape
from reconciler.hosts.simulator.state.devices import Wiring
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.machine import Machine
from reconciler.model.desired import Desired
from tests.invariant_monitor import Witness
from tests.runs import desired, volume, witnessed

# The same examples on every machine, every time; how many is each test's own budget.
bounded = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
CONF, O2CB, FSTAB = "/etc/ocfs2/cluster.conf", "/etc/default/o2cb", "/etc/fstab"


REORDERED = "disks in another order"


def _reorder(machine: Machine) -> None:
    machine.setup.attachments[1:] = machine.setup.attachments[:0:-1]
    power.shut_down(machine)
    power.switch_on(machine)


# Harmless states in which hosts are found: each is overwritten or kept, never a reason to stop.
FOUND: dict[str, Callable[[Machine], None]] = {
    "empty cluster.conf": lambda m: m.files.write(CONF, File("")),
    "no o2cb settings": lambda m: m.files.remove(O2CB),
    "other o2cb settings": lambda m: m.files.write(O2CB, File("# mine\nO2CB_ENABLED=true\n")),
    "fstab without its last newline": lambda m: m.files.write(FSTAB, File("/dev/x / ext4 ro")),
    "an old fstab line": lambda m: m.files.write(FSTAB, File("/dev/y /srv/images ocfs2 ro\n")),
    "modules loaded": lambda m: m.running.loaded.update(("ocfs2", "ocfs2_nodemanager")),
    "services disabled": lambda m: [setattr(u, "enabled", False) for u in m.units.values()],
    "domain in the host name": lambda m: setattr(m.setup, "hostname", f"{m.name}.example.org"),
    "clock ten years ahead": lambda m: setattr(m.setup, "skew", 315_360_000),
    REORDERED: _reorder,
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A cluster: ``first`` of its ``hosts`` are members from the start, the others join."""

    hosts: int
    first: int
    storage: Wiring
    luns: int
    partition: bool
    at_boot: bool
    options: tuple[str, ...]
    numbers: tuple[int, ...]
    dead_threshold: int
    found: tuple[tuple[int, str], ...]
    seed: int

    def members(self, world: Witness, count: int) -> list[dict[str, Any]]:
        """The first members of the file; pinned numbers are distinct."""
        pins = self.numbers or (None,) * self.hosts
        return [
            {"name": name, "interconnect": machine.setup.addresses[1][1], "number": number}
            for (name, machine), number in zip(
                list(world.machines.items())[:count], pins[:count], strict=True
            )
        ]


def build(drawn: Drawn) -> tuple[Witness, Desired, Desired]:
    """The world, the file with the first members, and the file with all of them."""
    world = witnessed(drawn.hosts, Shape(drawn.storage, drawn.luns), drawn.seed)
    if drawn.partition:
        lun = world.luns["lun1"]
        lun.add_partition(1, 1 << 20, lun.whole.size - (2 << 20))
        for host in connect_all(world).values():
            host.reboot()
    machines = list(world.machines.values())
    # A reboot with the services off that log in to storage is harmless to nobody: the disks are gone.
    for host, what in sorted(drawn.found, key=lambda one: one[1] != REORDERED):
        FOUND[what](machines[host % drawn.hosts])
    return world, _desired(drawn, world, drawn.first), _desired(drawn, world, drawn.hosts)


def _desired(drawn: Drawn, world: Witness, count: int) -> Desired:
    volumes = []
    for number in range(1, drawn.luns + 1):
        item = volume(world, f"lun{number}", "images" if number == 1 else "mail")
        item["mount"] |= {"at_boot": drawn.at_boot, "options": list(drawn.options)}
        if drawn.partition and number == 1:
            item["device"]["partition"] = 1
        volumes.append(item)
    return desired(
        world,
        members=drawn.members(world, count),
        volumes=volumes,
        heartbeat={"dead_threshold": drawn.dead_threshold},
    )


@st.composite
def clusters(draw: st.DrawFn, most: int = 4) -> Drawn:
    """Clusters of one to ``most`` hosts on any storage that can be used."""
    hosts, luns = draw(st.integers(1, most)), draw(st.integers(0, 2))
    pins = st.permutations([0, 7, 254, 31, 8]).map(lambda numbers: tuple(numbers[:hosts]))
    return Drawn(
        hosts=hosts,
        first=draw(st.integers(1, hosts)),
        storage=draw(st.sampled_from(["plain", "scsi", "san"])),
        luns=luns,
        partition=luns > 0 and draw(st.booleans()),
        at_boot=draw(st.booleans()),
        options=draw(st.sampled_from([(), ("noatime",), ("noatime", "commit=30")])),
        numbers=draw(st.just(()) | pins),
        dead_threshold=draw(st.sampled_from([31, 61])),
        found=tuple(
            draw(
                st.lists(
                    st.tuples(st.integers(0, 3), st.sampled_from(sorted(FOUND))), max_size=3
                )
            )
        ),
        seed=draw(st.integers(0, 3)),
    )


COMMANDS = (
    "",
    "probe",
    "modprobe",
    "systemctl",
    "o2cb",
    "gate write-file",
    "gate format",
    "gate mount",
    "gate lease",
)


# What may befall a host at a command without ending it: it lasts until all is healed.
def _full(machine: Machine) -> None:
    machine.files.room["/etc"].free = 100


BEFALLS: dict[str, Callable[[Machine], None]] = {
    "dead map": lambda m: m.dead_maps.add("lun1"),
    "full /etc": _full,
    "unread live": lambda m: m.broken.update(live="no such luck"),
    "unread wanted": lambda m: m.broken.update(wanted="no such luck"),
    "unread mounts": lambda m: m.broken.update(mounts="no such luck"),
    "refusing": lambda m: setattr(m, "refusal", "sudo-refused"),
}


@dataclass(slots=True)
class Befallen(Fault):
    """A fault that does not touch the command itself, only the host on which it runs."""

    machine: Machine | None = None
    what: str = ""

    def due(self, name: str) -> bool:
        if Fault.due(self, name) and self.machine is not None:
            BEFALLS[self.what](self.machine)
        return False


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault of one host, as data."""

    host: int
    kind: str
    phase: str
    command: str
    at: int

    def put(self, world: Witness) -> None:
        """Into the world."""
        machines = list(world.machines.values())
        machine = machines[self.host % len(machines)]
        if self.kind in BEFALLS:
            fault = Befallen(
                "fails", command=self.command, at=self.at, machine=machine, what=self.kind
            )
        else:
            fault = Fault(self.kind, self.phase, self.command, self.at)
        machine.faults.append(fault)


# A lost connection does not end what the host does, so nothing of it is "during".
KINDS = (
    ("lost", "before"),
    ("lost", "after"),
    ("fails", "before"),
    *((what, "before") for what in BEFALLS),
    *((kind, phase) for kind in ("crash", "reboot") for phase in ("before", "during", "after")),
)
troubles = st.builds(
    lambda host, kind, command, at: Trouble(host, *kind, command, at),
    st.integers(0, 3),
    st.sampled_from(KINDS),
    st.sampled_from(COMMANDS),
    st.integers(1, 12),
)


@dataclass(frozen=True, slots=True)
class Ordeal:
    """One run in trouble; ``kill`` is the command and the phase in which it dies, if it does.

    ``pause`` seconds pass before it, and then hosts of ``reboots`` are restarted.
    """

    everyone: bool
    troubles: tuple[Trouble, ...]
    kill: tuple[int, str] | None
    pause: int
    reboots: tuple[int, ...]
    controller: str


ordeals = st.builds(
    Ordeal,
    everyone=st.booleans(),
    troubles=st.lists(troubles, max_size=2).map(tuple),
    kill=st.none()
    | st.tuples(st.integers(1, 60), st.sampled_from(["before", "during", "after"])),
    pause=st.sampled_from([0, 10, 130, 1000]),
    reboots=st.lists(st.integers(0, 3), max_size=1).map(tuple),
    controller=st.sampled_from(["alpha", "beta"]),
)
