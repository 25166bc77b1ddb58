"""The plans that are shown in every format: from builders, or from simulated hosts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from reconciler import pipeline
from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.kernel import hypervisor, services
from reconciler.hosts.simulator.presets import Shape, add_storage, strip
from reconciler.hosts.simulator.state.guests import Guest
from reconciler.hosts.simulator.state.unit import Unit as SimulatedUnit
from reconciler.model.desired import Cluster, Desired
from reconciler.model.observed import Observed, Process, Unit, Unreachable
from reconciler.model.plan import Plan
from reconciler.planning.planner import make_plan
from tests.builders import bare, converged, spec, volume
from tests.clock import drive
from tests.fault_transport import Line
from tests.runs import Controller, members, of, witnessed
from tests.runs import volume as volume_of

Pairs = tuple[tuple[Cluster, Observed], ...]
THREE = ("node01", "node02", "node03")
BACKING = {"lvm": {"host": "san", "vg": "vg0", "lv": "lun1"}}
SAID = {"by": "ops", "at": "2026-01-05T10:00:00Z"}


@dataclass(frozen=True)
class Scene:
    """A plan, what it rests on, and the file it is of."""

    plan: Plan
    pairs: Pairs
    desired: Desired


def built(cluster, observed):
    pairs = ((cluster, observed),)
    return Scene(make_plan(pairs), pairs, Desired(version=1, clusters=(cluster,)))


def looked(world, controller, wanted):
    """As ``reconcile plan`` does."""
    fleet = controller._fleet(wanted, Line())
    plan, pairs = drive(world, pipeline.plan(wanted, fleet, pipeline.Options()))
    return Scene(plan, pairs, wanted)


def applied(world, controller, wanted):
    ended = drive(world, controller.apply(wanted))
    assert ended.word == "converged", (ended.codes, ended.failures)


def one(world, names=THREE, states=None, volumes=None, **more):
    """A file with one cluster of these hosts."""
    items = members(world, *names)
    for item in items:
        item.update((states or {}).get(item["name"], {}))
    volumes = [volume_of(world)] if volumes is None else volumes
    return of({"name": "ocfs2", "members": items, "volumes": volumes, **more})


def create():
    cluster = spec(volumes=[volume()])
    return built(cluster, bare(cluster))


def blocked():
    cluster = spec(volumes=[volume(size="2GiB")])
    lost = Unreachable("node03", "host-key-changed", "its key is not the one in known_hosts")
    return built(cluster, Observed({**bare(cluster).hosts, "node03": lost}))


def leave():
    """Who has number 0 leaves, the others close the gap one after the other; one is in use."""
    three = spec(volumes=[volume()])
    agent = Process(4711, "qemu", "/srv/images/a.img", "agent.service")
    hosts = {
        name: replace(
            facts,
            services=(
                *facts.services,
                Unit("agent.service", "loaded", "active", "running", True),
            ),
            processes=(agent,) if name == "node02" else (),
        )
        for name, facts in converged(three).hosts.items()
    }
    served = volume(workloads={"services": ["agent"]})
    items = [{"name": f"node0{n}", "interconnect": f"10.0.0.1{n}"} for n in (1, 2, 3)]
    items[0]["state"] = "absent"
    return built(spec(members=items, volumes=[served], numbering="compact"), Observed(hosts))


def empty():
    cluster = spec(volumes=[volume()])
    return built(cluster, converged(cluster))


def join():
    """A bare host joins two that run: its packages first."""
    world = witnessed(3)
    controller = Controller(world)
    applied(world, controller, one(world, THREE[:2]))
    strip(world.machines["node03"])
    return looked(world, controller, one(world))


def unproven():
    """As ``join``, of a host whose kernel and tools nobody has tried."""
    world = witnessed(3)
    controller = Controller(world)
    applied(world, controller, one(world, THREE[:2]))
    setup = world.machines["node03"].setup
    setup.kernel, setup.versions["ocfs2-tools"] = "9.9.1-amd64", "1.9.0-1"
    return looked(world, controller, one(world))


def _grown(growth, **more):
    world = witnessed(3, Shape("san"))
    add_storage(world)
    controller = Controller(world)
    applied(world, controller, one(world, volumes=[volume_of(world, size="1GiB", **more)]))
    for name in THREE if more else ():
        machine = world.machines[name]
        machine.units["agent.service"] = SimulatedUnit(
            enabled=True, uses=(("agent", "/srv/images/a"),)
        )
        services.start(machine, "agent.service")
    larger = volume_of(world, size="2GiB", growth=growth, backing=BACKING, **more)
    return looked(world, controller, one(world, volumes=[larger]))


def grow_online():
    return _grown("online")


def grow_offline():
    return _grown("offline", workloads={"services": ["agent"]})


def guests_leave():
    """A host with guests is drained: one is moved, or else stopped."""
    world = witnessed(3)
    for machine in world.machines.values():
        machine.programs = {"guests": hypervisor.guests_program}
    kind = {
        "kind": "command",
        "list": ["guests", "list", "/srv/images"],
        "stop": ["guests", "stop"],
        "start": ["guests", "start", "{guest}"],
        "migrate": ["guests", "migrate", "{guest}", "{target}"],
    }
    volumes = [volume_of(world, workloads={"guests": kind})]
    controller = Controller(world)
    applied(world, controller, one(world, volumes=volumes))
    for name in ("vm101", "vm102"):
        hypervisor.add(world.machines["node02"], Guest(name, f"/srv/images/{name}"))
    states = {"node02": {"state": "drained"}}
    return looked(world, controller, one(world, states=states, volumes=volumes))


def renumber():
    """All at once, in one window."""
    world = witnessed(3)
    controller = Controller(world)
    applied(world, controller, one(world))
    states = {"node01": {"state": "absent"}}
    more = {"numbering": "compact", "rollout": "window"}
    return looked(world, controller, one(world, states=states, **more))


def dead():
    """A host that was powered off for good, and whose LUN is still mapped."""
    world = witnessed(3)
    controller = Controller(world)
    applied(world, controller, one(world))
    connect(world, "node03").power_off()
    world.reach(world.now + 300)
    said = {**SAID, "lun_access": "mapped"}
    states = {"node03": {"state": "dead", "attested": said}}
    return looked(world, controller, one(world, states=states))


def two_clusters():
    """One has to be made, of the other a host does not answer."""
    world = witnessed(4, Shape("san", luns=2))
    world.machines["node04"].refusal = "host-unreachable"
    clusters = [
        {"name": name, "members": members(world, *hosts), "volumes": [volume_of(world, lun)]}
        for name, lun, hosts in (
            ("one", "lun1", ("node01", "node02")),
            ("two", "lun2", ("node03", "node04")),
        )
    ]
    return looked(world, Controller(world), of(*clusters))


def forecast():
    """Nothing to do but at the next boot: findings, one of which the plan mends."""
    world = witnessed(2)
    controller = Controller(world)
    applied(world, controller, one(world, THREE[:2]))
    machine = world.machines["node02"]
    machine.setup.next_boot, machine.setup.next_boot_module = "9.9.9", False
    machine.units["o2cb.service"].enabled = False
    return looked(world, controller, one(world, THREE[:2]))


SCENES: dict[str, Callable[[], Scene]] = {
    "create": create,
    "blocked": blocked,
    "leave": leave,
    "empty": empty,
    "join": join,
    "grow-online": grow_online,
    "grow-offline": grow_offline,
    "guests": guests_leave,
    "renumber": renumber,
    "dead": dead,
    "two-clusters": two_clusters,
    "forecast": forecast,
    "unproven": unproven,
}
