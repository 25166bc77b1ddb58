"""Records that lie, machines under other names, agents: none of them explains a heartbeat."""

from __future__ import annotations

import json

import pytest

from reconciler.hosts.simulator import Fault, connect
from reconciler.hosts.simulator.kernel import services
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.unit import Unit
from tests.clock import drive
from tests.runs import MOUNTED, mounted, volume
from tests.scenarios.test_simulated_membership import THREE, cluster, running
from tests.scenarios.test_simulated_strangers import LUN, PATH, stranger, unmounted

BASE = "/var/lib/reconcile/ocfs2/"
AGENT = "agent.service"
GHOST = {"name": "ghost", "number": 7, "machine_id": "", "nodes": [[7, "ghost"]]}
LIES = [
    ("members.json", {"members": {"node01": {"number": 7, "machine_id": "x"}}}),
    ("members.json", {"members": {"node04": {"number": 7, "machine_id": "x"}}}),
    ("quarantine.json", {"hosts": [GHOST]}),
]
JOINED = ("node01", "node02", "node04")


def hanging():
    """Two members; a stranger, number 7, hangs with the volume mounted; node04 is to join."""
    world, controller = running(4, THREE[:2])
    other = stranger(world)
    unmounted(world)
    other.mount(LUN, PATH)
    other.stun()
    world.advance(3600)
    return world, controller, other


def believes_nobody(world, controller, other, file):
    ended = drive(world, controller.apply(file))
    assert (ended.codes, ended.started) == ({"foreign-heartbeat"}, [])
    other.wake()
    world.advance(10)
    assert world.wrongs() == []


@pytest.mark.parametrize(("record", "told"), LIES)
def test_the_old_records_of_a_joiner_explain_nobody_s_heartbeat(record, told):
    world, controller, other = hanging()
    world.machines["node04"].files.write(BASE + record, File(json.dumps(told), "600"))
    file = cluster(world, JOINED, volumes=[volume(world, slots=12)])
    believes_nobody(world, controller, other, file)


def test_nor_do_those_of_a_joiner_that_runs_a_cluster_of_its_own():
    world, controller, other = hanging()
    stranger(world, "node04", 9)
    world.machines["node04"].files.write(BASE + LIES[1][0], File(json.dumps(LIES[1][1]), "600"))
    believes_nobody(world, controller, other, cluster(world, JOINED))


def rename_host(world, name="node03", spare="node04"):
    """Another machine answers under a member's name and address; the old one hangs."""
    old, new = world.machines[name], world.machines[spare]
    connect(world, name).stun()
    world.advance(600)
    for other in ("node01", "node02"):
        connect(world, other).unmount(PATH)
    a, b = old.setup, new.setup
    a.addresses, b.addresses = b.addresses, a.addresses
    a.aliases, b.aliases = b.aliases, a.aliases
    a.hostname, b.hostname = "old", name
    old.name, new.name = "old", name
    world.machines |= {name: new, "old": old}
    del world.machines[spare]
    connect(world, name).reboot()


def test_a_machine_under_a_member_s_name_is_not_that_member():
    world, controller = running(4, THREE)
    rename_host(world)
    ended = drive(world, controller.apply(cluster(world, THREE)))
    assert (ended.codes, ended.started) == ({"foreign-heartbeat"}, [])
    connect(world, "old").power_off()
    gone = {"attested": [{"number": 2, "by": "ops", "at": "2026-11-22T10:00Z"}]}
    drive(world, controller.apply(cluster(world, THREE, heartbeat=gone)))
    assert mounted(world)["node03"] == MOUNTED
    assert world.wrongs() == []
    assert drive(world, controller.apply(cluster(world, THREE))).codes == set()


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"node03": {"number": 9}},
        {"node03": {"state": "absent"}},
    ],
)
def test_nor_is_a_clone_of_its_template_under_its_name(changed):
    """The machine id of all of them is one: it does not tell the one that hangs from the other."""
    world, controller = running(4, THREE)
    for machine in world.machines.values():
        machine.machine_id = "a" * 32
    assert drive(world, controller.apply(cluster(world, THREE))).codes == set()
    rename_host(world)
    ended = drive(world, controller.apply(cluster(world, THREE, changed)))
    assert (ended.codes, ended.started) == ({"foreign-heartbeat"}, [])
    connect(world, "old").wake()
    world.advance(10)
    assert world.wrongs() == []


@pytest.mark.parametrize("recorded", [True, False])
def test_who_left_does_not_explain_the_heartbeat_of_who_got_its_number(recorded):
    """node03 left and answers; node04 has its number since, hangs, and is another machine now."""
    world, controller = running(5, THREE)
    left = {"node03": {"state": "absent"}}
    drive(world, controller.apply(cluster(world, THREE, left)))
    four = (*THREE, "node04")
    before = world.machines["node01"].files.text(BASE + "members.json")
    moved = cluster(world, four, {**left, "node04": {"number": 2}})
    assert drive(world, controller.apply(moved)).codes == set()
    if not recorded:  # the run was killed before the end
        for name in THREE[:2]:
            world.machines[name].files.write(BASE + "members.json", File(before, "600"))
    rename_host(world, "node04", "node05")
    again = cluster(world, four, {**left, "node04": {"number": 9}})
    ended = drive(world, controller.apply(again))
    assert (ended.codes, ended.started) == ({"foreign-heartbeat"}, [])
    connect(world, "old").wake()
    world.advance(10)
    assert world.wrongs() == []


def agents(**unit):
    """Two members whose agents mount the volume themselves, and a third host that is none of them."""
    world, controller = running(3, THREE[:2])
    other = stranger(world)
    for name in THREE[:2]:
        world.machines[name].units[AGENT] = Unit(**unit)
        services.start(world.machines[name], AGENT)
    own = {
        "mount": {"path": PATH, "by": "workload"},
        "workloads": {"services": ["agent"]},
    }
    file = cluster(world, THREE[:2], volumes=[volume(world, slots=12, **own)])
    return world, controller, other, file


def test_an_agent_that_mounts_is_not_started_beside_a_stranger():
    world, controller, other, file = agents(enabled=True)
    comes = Fault("meets", command="systemctl unmask", then=lambda: other.mount(LUN, PATH))
    world.machines["node01"].faults.append(comes)
    ended = drive(world, controller.apply(file))
    assert "ocfs2/node01/start-service/agent.service" not in world_starts(world)
    assert any("nothing explains" in why for why in ended.failures.values())


@pytest.mark.parametrize("enabled", [True, False])
def test_nor_may_anybody_else_start_it_there(enabled):
    """Who comes before the unit is unmasked finds it masked afterwards."""
    world, controller, other, file = agents(enabled=enabled)
    came = []

    def comes(event, details):
        if event == "action-started" and "/unmask-service/" in str(details["action"]):
            came.append(details["action"])
            if len(came) == 1:
                other.mount(LUN, PATH)

    controller.writes = comes
    ended = drive(world, controller.apply(file))
    assert {action.split("/")[2] for action in ended.failures} == {"unmask-service"}
    assert all("nothing explains" in why for why in ended.failures.values())
    assert [world.machines[name].is_masked(AGENT) for name in THREE[:2]] == [True, True]


def test_an_agent_that_mounts_is_not_started_beside_a_mount_that_has_lost_its_slot():
    world, controller, _other, file = agents(enabled=True)
    (fs,) = world.filesystems()
    fs.slot_map.clear()
    said = [b for b in drive(world, controller.plan(file)).blocked if "no slot" in b.message]
    assert {b.code for b in said} == {"cluster-not-well"}
    assert {b.subject for b in said} == {f"member/{name}" for name in THREE[:2]}


def world_starts(world):
    """The units that were started, by host, after the stranger came."""
    came = next(e.time for e in world.trace if e.host == "node03" and e.what == "mounted")
    return {
        f"ocfs2/{e.host}/start-service/{AGENT}"
        for e in world.trace
        if e.what == "service-started" and e.time > came
    }
