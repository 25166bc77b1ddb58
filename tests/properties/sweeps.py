"""What the sweeps disturb, and how they see what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache

from reconciler.hosts.simulator import Fault
from reconciler.hosts.simulator.kernel import hypervisor, services
from reconciler.hosts.simulator.presets import Shape, add_storage, partition
from reconciler.hosts.simulator.state.guests import Guest
from reconciler.hosts.simulator.state.unit import Unit
from reconciler.model.desired import Desired
from tests.clock import drive
from tests.fault_transport import Kill, Line, beyond_reading, every
from tests.invariant_monitor import Witness
from tests.properties.recovery import disturbed, heal, recover
from tests.runs import Controller, desired, volume, witnessed


@dataclass(frozen=True, slots=True)
class Case:
    """A run to be disturbed: of ``hosts``, some of which ``were`` members before.

    The first so many ``leave``; ``more`` is what else the file says then.
    """

    hosts: int
    were: int = 0
    shape: Shape = field(default_factory=Shape)
    leave: int = 0
    more: tuple[tuple[str, str], ...] = ()

    def world(self) -> tuple[Witness, Desired]:
        """Where the run starts, and what it is to reach."""
        world = deepcopy(_before(self))
        names = list(world.machines)[self.leave :]
        return world, desired(world, *names, volumes=_volumes(world), **dict(self.more))


@cache
def _before(case: Case) -> Witness:
    world = witnessed(case.hosts, case.shape)
    if case.were:
        names = list(world.machines)[: case.were]
        old = desired(world, *names, volumes=_volumes(world))
        assert drive(world, Controller(world).apply(old)).word == "converged"
    return world


def _volumes(world: Witness) -> list[dict]:
    luns = [name for name in world.luns if name.startswith("lun")]
    return [volume(world, name, f"volume{name[3:]}") for name in luns]


@dataclass(frozen=True, slots=True)
class Growing:
    """A run in which a volume of ``hosts`` grows from one GiB to two, with a storage host.

    ``more`` is what else the file says of the volume then, ``also`` of the cluster.
    """

    hosts: int
    partition: str = ""
    more: tuple[tuple[str, object], ...] = ()
    also: tuple[tuple[str, object], ...] = ()

    def __hash__(self) -> int:
        return hash((self.hosts, self.partition, repr(self.more), repr(self.also)))

    def world(self) -> tuple[Witness, Desired]:
        """Where the run starts, and what it is to reach."""
        world = deepcopy(_small(self))
        backing = {"lvm": {"host": "san", "vg": "vg0", "lv": "lun1"}}
        fields = {"size": "2GiB", "backing": backing, **dict(self.more)}
        return world, _sized(world, self, fields, **dict(self.also))


@cache
def _small(case: Growing) -> Witness:
    world = witnessed(case.hosts, Shape("san"))
    add_storage(world)
    if case.partition:
        partition(world, scheme=case.partition)
    wish = _sized(world, case, {"size": "1GiB"})
    assert drive(world, Controller(world).apply(wish)).word == "converged"
    for name in list(world.machines)[: case.hosts]:
        machine = world.machines[name]
        machine.units["agent.service"] = Unit(enabled=True, uses=(("a", "/srv/images/a"),))
        if dict(case.more).get("workloads"):
            services.start(machine, "agent.service")
    return world


def _sized(world: Witness, case: Growing, fields: dict, **also: object) -> Desired:
    one = volume(world, **fields)
    if case.partition:
        one["device"]["partition"] = 1
    return desired(world, *list(world.machines)[: case.hosts], volumes=[one], **also)


@dataclass(frozen=True, slots=True)
class Hosting:
    """Guests on two members of whom the first leaves, and the other gets its number.

    Those of the first move to the second; for its turn there is nowhere to go.
    """

    def world(self) -> tuple[Witness, Desired]:
        """Where the run starts, and what it is to reach."""
        world = deepcopy(_hosting())
        return world, desired(world, "node02", volumes=[_hosted(world)], numbering="compact")


@cache
def _hosting() -> Witness:
    world = witnessed(2)
    for machine in world.machines.values():
        machine.programs = {"guests": hypervisor.guests_program}
    wish = desired(world, volumes=[_hosted(world)])
    assert drive(world, Controller(world).apply(wish)).word == "converged"
    for number, name in ((1, "node01"), (2, "node01"), (3, "node02")):
        hypervisor.add(world.machines[name], Guest(f"vm{number}", f"/srv/images/vm{number}"))
    return world


def _hosted(world: Witness) -> dict:
    verbs = {"stop": (), "start": (), "migrate": ("{guest}", "{target}")}
    commands = {verb: ["guests", verb, *words] for verb, words in verbs.items()}
    listing = ["guests", "list", "/srv/images"]
    return volume(world, workloads={"guests": {"kind": "command", "list": listing, **commands}})


def down(world: Witness) -> list[str]:
    """Guests that run nowhere in the end, while no host lost its power."""
    lost = any(event.what == "power-off" for event in world.trace)
    up = {name for machine in world.machines.values() for name in hypervisor.running(machine)}
    return [] if lost else [f"{name} is down" for name in sorted(world.guests.keys() - up)]


Story = Case | Growing | Hosting
Trouble = tuple[str, str, Callable[[str], bool]]  # kind, phase, and the commands that count
ALL = slice(None)
CASES = {
    "bootstrap of two": Case(2),
    "join of a second": Case(2, were=1),
    "two volumes on one": Case(1, shape=Shape("san", luns=2)),
}
LEAVING = {
    "evict one of three": Case(3, were=3, leave=1),
    "evict one of two, compact": Case(2, were=2, leave=1, more=(("numbering", "compact"),)),
    "evict one of three in a window": Case(
        3, were=3, leave=1, more=(("numbering", "compact"), ("rollout", "window"))
    ),
}
GROWING = {
    "grow a partition online": Growing(2, partition="gpt"),
    "grow a LUN and slots offline": Growing(
        2,
        more=(
            ("growth", "offline"),
            ("slots", 12),
            ("workloads", {"services": ["agent"]}),
            # A command that does nothing, since the LUN is as large as that.
            ("backup", {"host": "san", "argv": ["grow-lun", "lun1", "1"]}),
        ),
    ),
}
SAME = (("size", "1GiB"), ("backing", None), ("workloads", {"services": ["agent"]}))
GROWING |= {
    "move to another path": Growing(2, more=(*SAME, ("mount", {"path": "/srv/new"}))),
    "another label and timeout": Growing(
        2,
        more=(*SAME, ("label", "pictures"), ("mount", {"path": "/srv/images"})),
        also=(("network", {"idle_timeout_ms": 25000}),),
    ),
}
HOSTING = {"guests of who leaves, and of who is renumbered": Hosting()}
SMALL = {
    **CASES,
    "evict one of two, compact": LEAVING["evict one of two, compact"],
    **GROWING,
    **HOSTING,
}
BIGGER = {"join of a third": Case(3, were=2, shape=Shape("san"))}


def commands(case: Story, counts: Callable[[str], bool]) -> list[tuple[str, str]]:
    """Host and name of every command of an undisturbed run, in order."""
    world, wanted = case.world()
    ended = drive(world, Controller(world).apply(wanted))
    assert ended.word == "converged"
    return [(host, name) for host, name in ended.line.log if counts(name)]


def after_kill(case: Story, kill: Kill, heir: str) -> list[str]:
    """What is wrong when a run is killed and its ``heir`` goes on."""
    world, wanted = case.world()
    alpha = Controller(world)

    async def story() -> list[str]:
        ended, wrongs = await disturbed(alpha, wanted, Line(kill))
        # The last renewal of a lease may still be on its way when the run has ended.
        assert ended.word in {"killed", "converged"}
        if heir == "alpha":
            return wrongs + await recover(world, alpha, wanted) + down(world)
        world.advance(121)
        return wrongs + await recover(world, Controller(world, heir), wanted) + down(world)

    return drive(world, story())


def after_fault(case: Story, host: str, fault: Fault) -> list[str]:
    """What is wrong when a host fails in a run, and later is well again."""
    world, wanted = case.world()
    world.machines[host].faults.append(fault)
    alpha = Controller(world)

    async def story() -> list[str]:
        _, wrongs = await disturbed(alpha, wanted)
        heal(world)
        return wrongs + await recover(world, alpha, wanted) + down(world)

    return drive(world, story())


def on_each_host(case: Story, counts: Callable[[str], bool]) -> Iterator[tuple[str, int, str]]:
    """Host, ordinal on that host among those that count, and name of every command."""
    seen: dict[str, int] = {}
    for host, name in commands(case, every):
        seen[host] = seen.get(host, 0) + 1
        if counts(name):
            yield host, seen[host], name


def swept(case: Story, trouble: Trouble, share: slice = ALL) -> dict:
    """The commands at which a fault leaves something wrong, with what it is."""
    kind, phase, counts = trouble
    return {
        step: wrongs
        for step in list(on_each_host(case, counts))[share]
        if (wrongs := after_fault(case, step[0], Fault(kind, phase, at=step[1])))
    }


def killed(case: Story, phase: str, heirs: tuple[str, str], share: slice = ALL) -> dict:
    """The commands at which a kill leaves something wrong, with what it is."""
    steps = list(enumerate(commands(case, beyond_reading), 1))
    assert len(steps) > 10
    return {
        (number, *step): wrongs
        for number, step in steps[share]
        if (wrongs := after_kill(case, Kill(number, phase), heirs[number % 2]))
    }
