"""Members leave, return, move, die: with everyone else still mounted."""

from __future__ import annotations

import json

import pytest

from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.kernel import services
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.unit import Unit
from tests.clock import drive
from tests.runs import (
    MOUNTED,
    Controller,
    apply,
    happened,
    kinds,
    members,
    mounted,
    of,
    volume,
    witnessed,
)

THREE = ("node01", "node02", "node03")
CONF = "/etc/ocfs2/cluster.conf"
AGENT = "agent.service"
ATTESTED = {"by": "ops", "at": "2026-11-22T10:00:00Z", "lun_access": "mapped"}
AWAY = {"state": "offline", "attested": {"by": "ops", "at": "2026-11-22T10:00Z", "reason": "x"}}
EVICTION = 100  # seconds: more than the default threshold takes, and recovery


def cluster(world, names, changed=None, **more):
    """A file with these members, some of them with other fields."""
    items = members(world, *names)
    for item in items:
        item.update((changed or {}).get(item["name"], {}))
    return of({"name": "ocfs2", "members": items, "volumes": [volume(world)], **more})


def running(hosts, names=THREE, **more):
    """A world in which these members run, and their controller."""
    world = witnessed(hosts)
    controller = Controller(world)
    ended = drive(world, controller.apply(cluster(world, names, **more)))
    assert ended.word == "converged"
    return world, controller


def lists(world):
    """The live list of every host that has one: number and name."""
    return {
        name: [(n.number, n.name) for n in sorted(live.nodes.values(), key=lambda n: n.number)]
        for name, machine in world.machines.items()
        if (live := machine.running.live)
    }


@pytest.mark.parametrize("changed", [None, {"node02": {"state": "absent"}}])
def test_a_member_leaves_and_the_others_stay_mounted(changed):
    world, controller = running(3)
    names = THREE if changed else ("node01", "node03")
    ended = apply(world, controller, cluster(world, names, changed))
    assert kinds(ended, "node02") == [
        "clear-fstab",
        "unmount",
        "stop-cluster",
        "disable-o2cb",
        "write-o2cb-settings",
        "archive-cluster-conf",
    ]
    for host in ("node01", "node03"):
        assert kinds(ended, host) == ["write-cluster-conf", "register-nodes"]
    nodes = [(0, "node01"), (2, "node03")]
    assert lists(world) == {"node01": nodes, "node03": nodes}
    assert ended.plan.risk == "outage"
    assert [o.hosts for o in ended.plan.clusters[0].outages] == [("node02",)]
    connect(world, "node02").reboot()
    assert mounted(world) == {"node01": MOUNTED, "node02": (), "node03": MOUNTED}
    assert lists(world).keys() == {"node01", "node03"}


def test_a_member_that_left_comes_back_under_its_number():
    world, controller = running(4)
    apply(world, controller, cluster(world, ("node01", "node03")))
    apply(world, controller, cluster(world, ("node01", "node03", "node04", "node02")))
    nodes = [(0, "node01"), (1, "node02"), (2, "node03"), (3, "node04")]
    assert lists(world) == dict.fromkeys(world.machines, nodes)


def test_two_leave_at_once():
    world, controller = running(5, ("node01", "node02", "node03", "node04", "node05"))
    apply(world, controller, cluster(world, ("node01", "node03", "node05")))
    nodes = [(0, "node01"), (2, "node03"), (4, "node05")]
    assert lists(world) == dict.fromkeys(("node01", "node03", "node05"), nodes)


def test_compact_renumbering_takes_one_member_at_a_time():
    world, controller = running(3)
    ended = apply(world, controller, cluster(world, THREE[1:], numbering="compact"))
    nodes = [(0, "node02"), (1, "node03")]
    assert lists(world) == {"node02": nodes, "node03": nodes}
    steps = [(h, k) for h, k in happened(world, "mounted", "unmounted") if h != "node01"][2:]
    assert steps == [
        ("node02", "unmounted"),
        ("node02", "mounted"),
        ("node03", "unmounted"),
        ("node03", "mounted"),
    ]
    assert [o.hosts for o in ended.plan.clusters[0].outages] == [
        ("node01",),
        ("node02",),
        ("node03",),
    ]


def test_a_window_is_one_for_all_with_the_cluster_stopped_and_ends_for_who_stays():
    world, controller = running(3)
    wanted = cluster(world, THREE[1:], numbering="compact", rollout="window")
    ended = apply(world, controller, wanted)
    assert lists(world)["node03"] == [(0, "node02"), (1, "node03")]
    for host in THREE[1:]:
        assert kinds(ended, host)[:3] == ["clear-fstab", "unmount", "stop-cluster"]
    outages = ended.plan.clusters[0].outages
    ends = [(o.hosts, o.volumes, o.seconds is not None) for o in outages]
    assert ends == [(THREE[1:], ("images",), True), (THREE[:1], ("images",), False)]


def test_a_numbered_member_moves_while_the_others_stay():
    world, controller = running(3)
    moved = {"node02": {"number": 7, "port": 7778}}
    ended = apply(world, controller, cluster(world, THREE, moved))
    assert lists(world)["node01"] == [(0, "node01"), (2, "node03"), (7, "node02")]
    assert {h for h, _ in happened(world, "unmounted")} == {"node02"}
    assert ended.plan.clusters[0].outages[0].because.startswith("node02 becomes node 7")


def test_two_swap_their_numbers_and_nobody_else_is_unmounted():
    world, controller = running(3)
    swapped = {"node02": {"number": 2}, "node03": {"number": 1}}
    apply(world, controller, cluster(world, THREE, swapped))
    assert lists(world)["node01"] == [(0, "node01"), (1, "node03"), (2, "node02")]
    assert {h for h, _ in happened(world, "unmounted")} == {"node02", "node03"}


def test_timeouts_change_in_one_window_and_reconnect_delay_at_once():
    world, controller = running(2, THREE[:2])
    wanted = cluster(world, THREE[:2], network={"idle_timeout_ms": 25000})
    ended = apply(world, controller, wanted)
    assert {m.running.live.idle_timeout_ms for m in world.machines.values()} == {25000}
    (outage,) = ended.plan.clusters[0].outages
    assert (outage.hosts, outage.volumes) == (THREE[:2], ("images",))
    network = {"idle_timeout_ms": 25000, "reconnect_delay_ms": 3000}
    before = len(happened(world, "unmounted"))
    ended = apply(world, controller, cluster(world, THREE[:2], network=network))
    assert {m.running.live.reconnect_delay_ms for m in world.machines.values()} == {3000}
    assert (ended.plan.risk, len(happened(world, "unmounted"))) == ("safe", before)


def test_a_drained_member_is_listed_and_has_nothing_mounted_also_after_a_boot():
    world, controller = running(2, THREE[:2])
    drained = {"node02": {"state": "drained"}}
    apply(world, controller, cluster(world, THREE[:2], drained))
    connect(world, "node02").reboot()
    assert mounted(world) == {"node01": MOUNTED, "node02": ()}
    assert lists(world)["node02"] == [(0, "node01"), (1, "node02")]
    apply(world, controller, cluster(world, THREE[:2]))
    assert mounted(world) == {"node01": MOUNTED, "node02": MOUNTED}


def test_membership_waits_for_who_is_offline_and_nothing_else_does():
    world, controller = running(4)
    connect(world, "node02").power_off()
    alive = cluster(world, THREE, {"node02": AWAY})
    assert drive(world, controller.apply(alive)).word in {"converged", "no-change"}
    world.advance(EVICTION)
    four = cluster(world, (*THREE, "node04"), {"node02": AWAY})
    assert drive(world, controller.apply(four)).codes == {"member-offline"}
    retimed = cluster(world, THREE, {"node02": AWAY}, heartbeat={"dead_threshold": 61})
    assert drive(world, controller.apply(retimed)).codes == {"member-offline"}
    connect(world, "node02").power_on()
    apply(world, controller, cluster(world, (*THREE, "node04")))


@pytest.mark.parametrize("state", ["dead", "offline"])
def test_who_still_writes_its_heartbeat_is_neither_dead_nor_offline(state):
    world, controller = running(3)
    said = ATTESTED if state == "dead" else AWAY["attested"]
    wanted = cluster(world, THREE, {"node03": {"state": state, "attested": said}})
    ended = drive(world, controller.apply(wanted))
    assert "heartbeat-advances" in ended.codes
    assert ended.started == []


def after_a_death(hosts=4):
    """node03 has died and was dropped without having been cleaned."""
    world, controller = running(hosts)
    connect(world, "node03").power_off()
    dead = cluster(world, THREE, {"node03": {"state": "dead", "attested": ATTESTED}})
    assert drive(world, controller.apply(dead)).codes == {"recovery-unfinished"}
    world.advance(EVICTION)
    ended = apply(world, controller, dead)
    assert ended.plan.risk == "safe"
    nodes = [(0, "node01"), (1, "node02")]
    assert lists(world) == {"node01": nodes, "node02": nodes}
    return world, controller


def quarantined(world, host):
    text = world.machines[host].files.text("/var/lib/reconcile/ocfs2/quarantine.json")
    return [entry["name"] for entry in json.loads(text)["hosts"]]


def test_a_dead_member_is_dropped_live_and_stays_in_quarantine():
    world, controller = after_a_death()
    assert [quarantined(world, host) for host in THREE[:2]] == [["node03"], ["node03"]]
    plan = drive(world, controller.plan(cluster(world, THREE[:2])))
    assert any("node03" in note for note in plan.clusters[0].notes)
    apply(world, controller, cluster(world, ("node01", "node02", "node04")))
    assert (3, "node04") in lists(world)["node01"], "its number is not given to another"
    assert quarantined(world, "node04") == ["node03"]


def test_the_last_who_would_keep_out_a_stale_host_may_not_go():
    world, controller = after_a_death()
    apply(world, controller, cluster(world, ("node01", "node02", "node04")))
    apply(world, controller, cluster(world, ("node02", "node04")))
    for left in (("node04",), ("node02", "node04")):
        moved = {"node02": {"number": 9}} if len(left) == 2 else None
        wanted = cluster(world, left, moved)
        ended = drive(world, controller.apply(wanted))
        assert ended.codes == {"stale-host-could-return"}
    connect(world, "node03").power_on()
    assert mounted(world)["node03"] == ()
    assert world.wrongs() == []
    back = {"node03": {"state": "absent"}}
    apply(world, controller, cluster(world, ("node02", "node03", "node04"), back))
    assert quarantined(world, "node02") == []
    apply(world, controller, cluster(world, ("node04",)))


def test_attested_revoked_ends_the_quarantine():
    world, controller = after_a_death()
    said = {**ATTESTED, "lun_access": "revoked"}
    apply(
        world,
        controller,
        cluster(world, THREE, {"node03": {"state": "dead", "attested": said}}),
    )
    assert quarantined(world, "node01") == []


def test_services_stop_before_and_start_after_and_only_those_that_ran():
    world, controller = running(2, THREE[:2])
    for name, active in (("node01", "active"), ("node02", "inactive")):
        unit = Unit(active, "running", enabled=True, uses=(("qemu", "/srv/images/a"),))
        world.machines[name].units[AGENT] = unit
    more = {"workloads": {"services": ["agent"]}}
    wanted = cluster(
        world, THREE[:2], network={"idle_timeout_ms": 25000}, volumes=[volume(world, **more)]
    )
    ended = apply(world, controller, wanted)
    assert kinds(ended, "node01")[:6] == [
        "note-stopped",
        "stop-service",
        "disable-service",
        "mask-service",
        "clear-fstab",
        "unmount",
    ]
    given_back = ["unmask-service", "enable-service", "start-service", "strike-stopped"]
    assert kinds(ended, "node01")[-4:] == given_back
    assert "start-service" not in kinds(ended, "node02")
    states = [world.machines[name].units[AGENT].active for name in THREE[:2]]
    assert states == ["active", "inactive"]


def test_a_service_of_who_left_runs_again_when_the_host_returns():
    world, controller = running(2, THREE[:2])
    unit = Unit("active", "running", enabled=True, uses=(("qemu", "/srv/images/a"),))
    world.machines["node02"].units[AGENT] = unit
    more = {"volumes": [volume(world, workloads={"services": ["agent"]})]}
    apply(world, controller, cluster(world, THREE[:1], **more))
    assert (unit.active, unit.enabled) == ("inactive", False)
    apply(world, controller, cluster(world, THREE[:2], **more))
    assert (unit.active, unit.enabled) == ("active", True)


def test_a_stranger_on_any_host_of_a_window_stops_it_before_it_starts():
    world, controller = running(3)
    unit = Unit(uses=(("qemu", "/srv/images/disk.img"),))
    world.machines["node02"].units["secret.service"] = unit
    services.start(world.machines["node02"], "secret.service")
    for more in ({"network": {"idle_timeout_ms": 25000}}, {"numbering": "compact"}):
        names = THREE if "network" in more else THREE[1:]
        ended = drive(world, controller.apply(cluster(world, names, **more)))
        assert (ended.codes, ended.started) == ({"volume-busy"}, [])


def test_the_lun_is_taken_from_who_has_left_and_told_as_mapped_otherwise():
    world, controller = running(2, THREE[:2])
    ended = apply(world, controller, cluster(world, THREE[:2], {"node02": {"state": "absent"}}))
    assert any("node02" in note and "LUN" in note for note in ended.plan.clusters[0].notes)
    access = {"revoke": {"host": "san01", "argv": ["unmap", "{host}", "lun1"]}}
    gone = cluster(
        world,
        THREE[:2],
        {"node02": {"state": "absent"}},
        volumes=[volume(world, access=access)],
    )
    ended = apply(world, controller, gone)
    assert ended.started == ["ocfs2/san01/revoke-access/images/node02"]
    assert happened(world, "unmapped") == [("node02", "unmapped")]


def test_a_lun_still_mapped_is_told_also_after_the_block_is_deleted():
    world, controller = running(2, THREE[:2])
    apply(world, controller, cluster(world, THREE[:2], {"node02": {"state": "absent"}}))
    apply(world, controller, cluster(world, THREE[:1]), "no-change")
    note, fencing = drive(world, controller.plan(cluster(world, THREE[:1]))).clusters[0].notes
    assert "kernel.panic_on_oops" in fencing
    assert note.startswith("node02 left, and when last asked it still saw the LUN of images")
    world.machines["node02"].dead_maps.add("lun1")
    absent = cluster(world, THREE[:2], {"node02": {"state": "absent"}})
    apply(world, controller, absent, "no-change")
    assert drive(world, controller.plan(cluster(world, THREE[:1]))).clusters[0].notes == (
        fencing,
    )


def test_what_mounts_by_itself_is_taken_from_who_leaves():
    world, controller = running(3)
    machine = world.machines["node03"]
    machine.automounts += [
        ("unit", "srv-images.mount", "/etc/systemd/system/srv-images.mount"),
        ("autofs", "/etc/auto.misc", "images -fstype=ocfs2 :/dev/sdb"),
    ]
    ended = drive(world, controller.apply(cluster(world, THREE)))
    assert ended.codes == {"automount-conflict"}
    ended = apply(world, controller, cluster(world, THREE[:2]))
    first = kinds(ended, "node03")
    assert first.index("disarm") < first.index("unmount")
    assert machine.automounts == []


def test_who_uses_the_volume_is_told_and_is_not_part_of_the_plans_id():
    world, controller = running(2, THREE[:2])
    more = {"volumes": [volume(world, workloads={"services": ["agent"]})]}
    ids, seen = set(), []
    for image in ("a", "b"):
        unit = Unit(uses=(("qemu", f"/srv/images/{image}"),))
        world.machines["node02"].units[AGENT] = unit
        services.start(world.machines["node02"], AGENT)
        plan = drive(world, controller.plan(cluster(world, THREE[:1], **more)))
        ids.add(plan.id)
        seen += [plan.clusters[0].outages[0].processes]
    assert len(ids) == 1
    assert seen[0] != seen[1]


def test_what_nobody_declared_is_named_and_never_ended():
    world, controller = running(2, THREE[:2])
    unit = Unit(uses=(("qemu", "/srv/images/disk.img"),))
    world.machines["node02"].units["secret.service"] = unit
    services.start(world.machines["node02"], "secret.service")
    ended = drive(world, controller.apply(cluster(world, THREE[:1])))
    (blocked,) = ended.outcomes[0].blocked
    assert blocked.code == "volume-busy"
    assert "qemu (/srv/images/disk.img)" in blocked.message


EDITS = {
    "comment and spaces": lambda t: "# by hand\n" + t.replace("\t", "    "),
    "line ends of another system": lambda t: t.replace("\n", "\r\n"),
    "a blank line in a stanza": lambda t: t.replace("\tname = node02", "\n\tname = node02"),
    "another number": lambda t: t.replace("number = 1", "number = 9"),
    "the host itself is missing": lambda t: t.replace("node02", "node07"),
    "nobody": lambda t: "",
}


@pytest.mark.parametrize("name", EDITS)
def test_a_file_that_was_edited_on_one_host_is_repaired_under_the_mount(name):
    world, controller = running(3)
    text = world.machines["node02"].files.text(CONF)
    world.machines["node02"].files.write(CONF, File(EDITS[name](text)))
    if name == "the host itself is missing":
        ended = drive(world, controller.apply(cluster(world, THREE)))
        assert ended.codes == {"host-unreachable"}, "node07 may be anything"
        return
    apply(world, controller, cluster(world, THREE))
    assert world.machines["node02"].files.text(CONF) == text
    assert happened(world, "unmounted") == []


def test_a_second_cluster_in_the_file_is_refused():
    world, controller = running(2, THREE[:2])
    text = world.machines["node02"].files.text(CONF)
    other = f"{text}\ncluster:\n\tnode_count = 1\n\tname = other\n"
    world.machines["node02"].files.write(CONF, File(other))
    ended = drive(world, controller.apply(cluster(world, THREE[:2])))
    assert ended.codes == {"foreign-cluster"}


def test_a_kernel_that_nobody_told_is_told():
    world, controller = running(3)
    del world.machines["node03"].running.live.nodes["node01"]
    ended = apply(world, controller, cluster(world, THREE))
    barriers = ["ocfs2/all/same-live-nodes", "ocfs2/all/peers-connect"]
    assert ended.started == ["ocfs2/node03/register-nodes", *barriers]
