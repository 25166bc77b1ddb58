"""What an adversary found: each of these once lost data, or touched who is none of ours."""

from __future__ import annotations

import pytest

from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.unit import Unit
from tests.clock import drive
from tests.runs import Controller, happened, mounted, volume, witnessed
from tests.scenarios.test_simulated_membership import (
    AGENT,
    ATTESTED,
    AWAY,
    CONF,
    EVICTION,
    THREE,
    apply,
    cluster,
    lists,
    quarantined,
    running,
)

DEAD = {"node03": {"state": "dead", "attested": ATTESTED}}
SERVED = {"workloads": {"services": ["agent"]}}
UNITS = ("o2cb.service", "ocfs2.service")
CLUSTER = (
    "cluster:\n\tnode_count = 1\n\tname = {name}\n\n"
    "node:\n\tnumber = 0\n\tcluster = {name}\n\tip_port = 7777\n"
    "\tip_address = {ip}\n\tname = {host}\n"
)


def refused(world, controller, wanted, *targets):
    """The codes of a run that does nothing."""
    ended = drive(world, controller.apply(wanted, *targets))
    assert (ended.word, ended.started) == ("refused", [])
    assert world.wrongs() == []
    return ended.codes


def dark(world):
    """The power fails everywhere; node01 and node02 are back, their clusters offline."""
    for name in THREE:
        connect(world, name).power_off()
    for name in THREE[:2]:
        for unit in UNITS:
            world.machines[name].units[unit].enabled = False
        connect(world, name).power_on()
    world.advance(EVICTION)


def test_a_window_is_no_way_around_the_quarantine():
    world, controller = running(4)
    connect(world, "node03").power_off()
    world.advance(EVICTION)
    retimed = cluster(world, THREE, DEAD, network={"idle_timeout_ms": 25000})
    assert refused(world, controller, retimed) == {"stale-host-could-return"}


def test_a_dead_host_enters_quarantine_also_when_no_kernel_has_the_cluster():
    world, controller = running(4)
    dark(world)
    apply(world, controller, cluster(world, (*THREE, "node04"), DEAD))
    assert quarantined(world, "node01") == ["node03"]
    apply(world, controller, cluster(world, ("node02", "node04")))
    last = cluster(world, ("node04",))
    assert refused(world, controller, last) == {"stale-host-could-return"}
    connect(world, "node03").power_on()
    assert mounted(world)["node03"] == ()
    assert world.wrongs() == []


def test_who_is_offline_is_waited_for_also_when_no_kernel_has_the_cluster():
    world, controller = running(5)
    dark(world)
    changed = {"node01": {"state": "absent"}, "node02": {"state": "absent"}, "node03": AWAY}
    replaced = cluster(world, (*THREE, "node04", "node05"), changed)
    # Of those that leave only files tell the number, and those that stay remember nobody.
    assert refused(world, controller, replaced) == {"member-offline", "foreign-heartbeat"}
    retimed = cluster(world, THREE, {"node03": AWAY}, network={"idle_timeout_ms": 25000})
    assert refused(world, controller, retimed) == {"member-offline"}


@pytest.mark.parametrize(
    ("names", "changed", "more"),
    [
        ((*THREE, "node04"), {**DEAD, "node04": {"number": 2}}, {}),
        (THREE, {"node02": DEAD["node03"]}, {"numbering": "compact"}),
    ],
)
def test_the_number_of_a_dead_host_is_not_given_away_in_the_same_plan(names, changed, more):
    world, controller = running(4)
    gone = next(name for name, said in changed.items() if said.get("state") == "dead")
    connect(world, gone).power_off()
    world.advance(EVICTION)
    wanted = cluster(world, names, changed, **more)
    assert refused(world, controller, wanted) == {"stale-host-could-return"}


def test_clones_of_one_template_do_not_free_each_other():
    world = witnessed(4)
    for machine in world.machines.values():
        machine.machine_id = "a" * 32
    controller = Controller(world)
    drive(world, controller.apply(cluster(world, THREE)))
    connect(world, "node03").power_off()
    world.advance(EVICTION)
    apply(world, controller, cluster(world, THREE, DEAD))
    assert quarantined(world, "node01") == ["node03"]


@pytest.mark.parametrize("target", ["member/node01", "member/node03", "volume/images"])
def test_a_target_never_cuts_a_window_in_half(target):
    world, controller = running(3)
    wanted = cluster(world, THREE, network={"idle_timeout_ms": 25000})
    ended = drive(world, controller.apply(wanted, target))
    assert ended.word == "converged"
    assert all(mounted(world).values())
    assert {m.running.live.idle_timeout_ms for m in world.machines.values()} == {25000}


def test_a_target_never_leaves_two_lists():
    world, controller = running(3)
    connect(world, "node03").power_off()
    world.advance(EVICTION)
    drive(world, controller.apply(cluster(world, THREE, DEAD), "member/node01"))
    assert lists(world)["node01"] == lists(world)["node02"] == [(0, "node01"), (1, "node02")]


@pytest.mark.parametrize("name", ["other", "ocfs2"])
def test_who_left_and_serves_another_cluster_is_left_alone(name):
    world, controller = running(3)
    more = {"volumes": [volume(world, **SERVED)]}
    wanted = cluster(world, THREE, {"node03": {"state": "absent"}}, **more)
    apply(world, controller, wanted)
    machine = world.machines["node03"]
    ip = machine.setup.addresses[1][1]
    machine.files.write(CONF, File(CLUSTER.format(name=name, ip=ip, host="node03")))
    settings = f"O2CB_ENABLED=true\nO2CB_BOOTCLUSTER={name}\n"
    machine.files.write("/etc/default/o2cb", File(settings))
    for unit in UNITS:
        machine.units[unit].enabled = True
    machine.units[AGENT] = Unit("active", "running", enabled=True)
    connect(world, "node03").reboot()
    before = lists(world)
    assert drive(world, controller.apply(wanted)).word == "no-change"
    assert lists(world) == before
    assert machine.units[AGENT].active == "active"


def test_a_stranger_in_one_file_that_serves_another_cluster_is_not_touched():
    world, controller = running(4)
    machine = world.machines["node04"]
    ip = machine.setup.addresses[1][1]
    machine.files.write(CONF, File(CLUSTER.format(name="other", ip=ip, host="node04")))
    text = world.machines["node01"].files.text(CONF)
    stranger = CLUSTER.format(name="ocfs2", ip=ip, host="node04").split("\n\n")[1]
    stranger = stranger.replace("number = 0", "number = 7")
    world.machines["node01"].files.write(CONF, File(f"{stranger}\n{text}"))
    assert refused(world, controller, cluster(world, THREE)) == {"foreign-cluster"}


def test_a_name_spelled_otherwise_is_refused_before_anything_is_written():
    world, controller = running(2, THREE[:2])
    shouted = cluster(world, THREE[:2], {"node02": {"name": "NODE02"}})
    world.machines["NODE02"] = world.machines["node02"]
    assert refused(world, controller, shouted) == {"hostname-differs"}


BROKEN = ("{}", "[]", "null", '{"hosts": {"a": 1}}', '{"hosts": [{"name": "x"}]}', "{", '"x"')


@pytest.mark.parametrize("text", BROKEN)
def test_a_garbled_quarantine_is_unread_and_not_nobody(text):
    world, controller = running(2, THREE[:2])
    put(world, "quarantine.json", text)
    changed = cluster(world, THREE[:2], {"node02": {"state": "drained"}})
    assert refused(world, controller, changed) == {"section-unread"}


@pytest.mark.parametrize(
    "text",
    [
        *BROKEN,
        '{"members": {"node03": {"number": 999, "machine_id": ""}}}',
        '{"members": {"node03": {"number": -7, "machine_id": ""}}}',
        '{"members": {"node03": {"number": 1e999, "machine_id": ""}}}',
        '{"clusters": [{"name": "ocfs2", "members": ["x", 7, {"name": 7}, {"state": []}]}]}',
    ],
)
@pytest.mark.parametrize("name", ["members.json", "applied.json"])
def test_a_garbled_memory_is_no_memory(name, text):
    world, controller = running(3, THREE[:2])
    put(world, name, text)
    apply(world, controller, cluster(world, THREE))
    assert lists(world)["node01"] == [(0, "node01"), (1, "node02"), (2, "node03")]


def put(world, name, text):
    """A record on every member."""
    for host in THREE[:2]:
        world.machines[host].files.write(f"/var/lib/reconcile/ocfs2/{name}", File(text))


def test_nobody_is_believed_dead_without_a_look_at_a_heartbeat():
    world, controller = running(3)
    blind = cluster(world, THREE, DEAD, volumes=[])
    assert "heartbeat-advances" in refused(world, controller, blind)


def test_a_drained_host_that_restarts_does_not_start_the_service():
    world, controller = running(2, THREE[:2])
    unit = Unit("active", "running", enabled=True, uses=(("qemu", "/srv/images/a"),))
    world.machines["node02"].units[AGENT] = unit
    more = {"volumes": [volume(world, **SERVED)]}
    apply(
        world, controller, cluster(world, THREE[:2], {"node02": {"state": "drained"}}, **more)
    )
    connect(world, "node02").reboot()
    assert unit.active == "inactive"
    apply(world, controller, cluster(world, THREE[:2], **more))
    assert (unit.active, unit.enabled) == ("active", True)


def test_an_agent_that_mounts_by_itself_starts_only_when_all_lists_agree():
    world, controller = running(2, THREE[:2])
    for name in THREE[:2]:
        world.machines[name].units[AGENT] = Unit("active", "running", enabled=True)
    mount = {"path": "/srv/images", "by": "workload"}
    more = {"volumes": [volume(world, mount=mount, **SERVED)]}
    wanted = cluster(world, THREE[:2], network={"idle_timeout_ms": 25000}, **more)
    drive(world, controller.apply(wanted))
    whats = [what for _, what in happened(world, "cluster-online", "unit-started")]
    assert whats[-4:] == ["cluster-online"] * 2 + ["unit-started"] * 2
