"""Which facts an action of each kind asks for before it begins: as a text that is reviewed.

UPDATE_GOLDEN=1 rewrites it. It is made from the goldens' plans, and from those below.
"""

import re

from reconciler.hosts.simulator.kernel import hypervisor, services
from reconciler.hosts.simulator.presets import Shape, add_storage, partition, strip
from reconciler.hosts.simulator.state.guests import Guest
from reconciler.hosts.simulator.state.unit import Unit
from tests.golden.scenes import BACKING, SCENES, applied, looked, one
from tests.golden.test_golden import matches, scene
from tests.runs import Controller, volume, witnessed

TWO = ("node01", "node02")
AGENT = "agent.service"
COMMAND = {
    "kind": "command",
    "list": ["guests", "list", "/srv/images"],
    "stop": ["guests", "stop"],
    "start": ["guests", "start", "{guest}"],
}
OLD, NEW = "1.8-1", "1.9-1"


def running(world, volumes=None, **more):
    controller = Controller(world)
    applied(world, controller, one(world, TWO, volumes=volumes, **more))
    return controller


def plan_for_bare_hosts():
    """Hosts without the tools and without the module."""
    world = witnessed(2)
    for machine in world.machines.values():
        strip(machine)
        machine.setup.module = False
        machine.packaging.builds["kmod-ocfs2"] = (machine.setup.kernel,)
        machine.packaging.offers["kmod-ocfs2"] = OLD
    packages = {"kernel_module": "kmod-ocfs2"}
    return looked(world, Controller(world), one(world, TWO, packages=packages))


def plan_for_old_tools():
    """A newer module, and newer tools, come one host after the other."""
    world = witnessed(2)
    for machine in world.machines.values():
        machine.setup.module = False
        machine.packaging.builds["kmod-ocfs2"] = (machine.setup.kernel,)
        machine.packaging.offers["kmod-ocfs2"] = OLD
    packages = {"kernel_module": "kmod-ocfs2"}
    controller = running(world, packages=packages)
    for machine in world.machines.values():
        machine.packaging.offers |= {"kmod-ocfs2": NEW, "ocfs2-tools": NEW}
    packages |= {"kernel_module_version": NEW, "tools_version": NEW}
    return looked(world, controller, one(world, TWO, packages=packages))


def larger(partitioned, **more):
    """A volume that shall be larger, on a LUN that can be made so; whole or in a partition."""

    def plan():
        world = witnessed(2, Shape("san"))
        add_storage(world)
        device = {"wwid": world.luns["lun1"].wwid}
        if partitioned:
            partition(world)
            device["partition"] = 1
        controller = running(world, [volume(world, device=device)])
        wish = volume(world, device=device, size="2GiB", backing=BACKING, **more)
        return looked(world, controller, one(world, TWO, volumes=[wish]))

    return plan


def changed(**more):
    """The volume as it was, but for this."""

    def plan():
        world = witnessed(2)
        controller = running(world)
        return looked(world, controller, one(world, TWO, volumes=[volume(world, **more)]))

    return plan


def guests_in_turns():
    """Guests and an agent of the volume stop and start again around a turn of their host."""
    world = witnessed(2)
    workloads = {"guests": COMMAND, "services": ["agent"]}
    for machine in world.machines.values():
        machine.programs = {"guests": hypervisor.guests_program}
        machine.units[AGENT] = Unit(enabled=True)
    volumes = [volume(world, workloads=workloads)]
    controller = running(world, volumes)
    services.start(world.machines["node01"], AGENT)
    hypervisor.add(world.machines["node01"], Guest("vm1", "/srv/images/vm1"))
    wish = one(world, TWO, volumes=volumes, network={"idle_timeout_ms": 25000})
    return looked(world, controller, wish)


def gone():
    """Who left, whose LUN is to be taken from it."""
    world = witnessed(2)
    controller = running(world)
    states = {"node02": {"state": "absent"}}
    applied(world, controller, one(world, TWO, states))
    access = {"revoke": {"host": "san01", "argv": ["unmap", "{host}", "lun1"]}}
    wish = one(world, TWO, states, [volume(world, access=access)])
    return looked(world, controller, wish)


def plan_for_lost_order():
    """A service that waited for the volume is not of it any more."""
    world = witnessed(2)
    for machine in world.machines.values():
        machine.units[AGENT] = Unit(enabled=True)
    controller = running(world, [volume(world, workloads={"services": ["agent"]})])
    return looked(world, controller, one(world, TWO))


PLANS = {
    **{name: lambda name=name: scene(name) for name in SCENES},
    "stripped": plan_for_bare_hosts,
    "outdated": plan_for_old_tools,
    "larger": larger(partitioned=False),
    "larger partition": larger(partitioned=True),
    "larger, in a window": larger(
        partitioned=True, growth="offline", backup={"host": "san", "argv": ["backup"]}
    ),
    "label": changed(label="other", mount={"path": "/srv/images"}),
    "slots": changed(slots=12),
    "options": changed(mount={"path": "/srv/images", "options": ["noatime"]}),
    "guests in turns": guests_in_turns,
    "gone": gone,
    "unordered": plan_for_lost_order,
}


def whom(action, fact):
    if fact.hosts == (action.host,):
        return "its host"
    return "others" if action.host not in fact.hosts else "all"


def lines(plan):
    for cluster in plan.clusters:
        for action in cluster.actions:
            for fact in action.requires:
                told = (
                    fact.value if re.fullmatch("[a-z -]+", fact.value or "") else "as planned"
                )
                value = "the same" if fact.value is None else told
                yield f"{action.kind} asks {whom(action, fact)}: {fact.reading} is {value}\n"


def test_which_facts_each_kind_of_action_asks_for():
    found = {line for make in PLANS.values() for line in lines(make().plan)}
    matches("requirements.txt", "".join(sorted(found)))
