"""A volume that an agent mounts (by: workload): who asks for heartbeats before it is started?"""
from reconciler.hosts.simulator import Fault, services
from reconciler.hosts.simulator.machine import Unit
from tests.clock import drive
from tests.runs import happened, mounted, volume
from tests.scenarios.test_simulated_membership import THREE, cluster, running
from tests.scenarios.test_simulated_strangers import stranger, meets, LUN, PATH

AGENT = "agent.service"
OWN = {"mount": {"path": PATH, "by": "workload"}, "workloads": {"services": ["agent"]}}


def test_a_stranger_mounts_after_the_last_tool_of_the_window():
    world, controller = running(3, THREE[:2])
    other = stranger(world)
    events = []
    for name in THREE[:2]:
        m = world.machines[name]
        m.units[AGENT] = Unit(enabled=True)
        services.start(m, AGENT)
    world.machines["node01"].faults.append(Fault("meets", command="systemctl unmask", at=1, then=lambda: (other.mount(LUN, PATH), events.append(world.now))))
    file = cluster(world, THREE[:2], volumes=[volume(world, slots=12, **OWN)])
    ended = drive(world, controller.apply(file))
    print(ended.codes, [s for s in ended.started if "service" in s or "slots" in s or "check" in s], ended.failures)
    starts = [a for c in ended.plan.clusters for a in c.actions if a.kind == "start-service"] if hasattr(ended, "plan") else []
    for a in starts:
        print(a.id, [f.reading for f in a.requires])
    print(events, mounted(world), [e for e in happened(world, "service-started", "slots-added", "mounted", "checked")][-8:])
    assert not any("start-service" in s for s in ended.started)
