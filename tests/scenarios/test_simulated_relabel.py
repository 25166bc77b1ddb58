"""A volume moves to another path, and gets another label: with the least interruption."""

from __future__ import annotations

import json

import pytest

from reconciler.hosts.simulator import Fault, connect
from reconciler.hosts.simulator.kernel import hypervisor, services
from reconciler.hosts.simulator.presets import Shape, add_storage
from reconciler.hosts.simulator.state.guests import Guest
from reconciler.hosts.simulator.state.unit import Unit
from reconciler.planning import graph
from tests.clock import drive
from tests.fault_transport import Kill, Line
from tests.runs import (
    Controller,
    apply,
    desired,
    happened,
    kinds,
    members,
    mounted,
    of,
    volume,
    witnessed,
)

NAMES = ("node01", "node02", "node03")
AGENT = "agent.service"
NEW = {"path": "/srv/new"}
SERVICES = {"workloads": {"services": ["agent"]}}


def wish(world, *volumes, **more):
    names = [name for name in world.machines if name.startswith("node")]
    return desired(world, *names, volumes=list(volumes), **more)


def before(*volumes, luns=1, hosts=3):
    world = witnessed(hosts, Shape("san", luns=luns))
    add_storage(world)
    controller = Controller(world)
    apply(world, controller, wish(world, *(volumes or (volume(world, **SERVICES),))))
    return world, controller


def steps(ended):
    return [(action.split("/")[1], action.split("/")[2]) for action in ended.started]


def start_agents(world, path="/srv/images"):
    for name in NAMES:
        machine = world.machines[name]
        machine.units[AGENT] = Unit(enabled=True, uses=(("agent", f"{path}/a"),))
        services.start(machine, AGENT)


def everywhere(world, *what):
    return all(mounted(world)[name] == what for name in NAMES if name in world.machines)


def lines(world, host="node01"):
    text = world.machines[host].files.text("/etc/fstab") or ""
    return [line.split()[1] for line in text.splitlines() if " ocfs2 " in line]


# ---- another path -------------------------------------------------------------------------


def test_one_host_after_the_other_mounts_it_on_the_new_path():
    world, controller = before()
    for name in NAMES:
        world.machines[name].units[AGENT] = Unit(enabled=True, active="active")
    ended = apply(world, controller, wish(world, volume(world, mount=NEW, **SERVICES)))
    assert everywhere(world, "images /srv/new")
    turn = [
        *("note-stopped", "stop-service", "disable-service", "mask-service", "clear-fstab"),
        *("unmount", "mount", "write-fstab", "write-order", "reload-units"),
        *("unmask-service", "enable-service", "start-service", "strike-stopped"),
    ]
    for name in NAMES:
        assert sorted(kind for host, kind in steps(ended) if host == name) == sorted(turn)
    order = [(h, k) for h, k in steps(ended) if k in {"unmount", "mount", "start-service"}]
    assert order == [(n, k) for n in NAMES for k in ("unmount", "mount", "start-service")]
    assert [o.hosts for o in ended.plan.clusters[0].outages] == [(n,) for n in NAMES]
    assert lines(world) == ["/srv/new"]
    assert {m.units[AGENT].active for n, m in world.machines.items() if n in NAMES} == {
        "active"
    }
    connect(world, "node02").reboot()
    assert everywhere(world, "images /srv/new")


def hosting(path):
    verbs = {verb: ["guests", verb] for verb in ("stop", "start")}
    kind = {"kind": "command", "list": ["guests", "list", "/srv"], **verbs}
    return {
        "mount": {"path": path},
        "workloads": {"guests": kind, "services": ["agent"]},
    }


def test_guests_and_services_come_back_on_the_new_path_wherever_the_run_is_killed():
    world, controller = before(hosts=2)
    for name in NAMES[:2]:
        machine = world.machines[name]
        machine.programs = {"guests": hypervisor.guests_program}
        machine.units[AGENT] = Unit(enabled=True, active="active")
    apply(world, controller, wish(world, volume(world, **hosting("/srv/images"))))
    for number, name in enumerate(NAMES[:2], 1):
        hypervisor.add(world.machines[name], Guest(f"vm{number}", f"/srv/images/vm{number}"))
        world.guests[f"vm{number}"].disk = f"/srv/new/vm{number}"  # as by its definition
    file = wish(world, volume(world, **hosting("/srv/new")))
    at = 0
    ended = drive(world, controller.apply(file, line=Line(Kill(3, "after"))))
    while ended.word == "killed":
        at += 1
        ended = drive(world, controller.apply(file, line=Line(Kill(3 + at, "after"))))
        assert not ended.failures
    assert ended.word in {"converged", "no-change"}
    assert drive(world, controller.apply(file)).word == "no-change"
    assert world.wrongs() == []
    assert all(mounted(world)[name] == ("images /srv/new",) for name in NAMES[:2])
    found = {name: hypervisor.running(world.machines[name]) for name in NAMES[:2]}
    assert found == {"node01": ["vm1"], "node02": ["vm2"]}
    assert {world.machines[name].units[AGENT].active for name in NAMES[:2]} == {"active"}


def test_all_at_once_where_the_file_says_so():
    world, controller = before()
    file = wish(world, volume(world, mount=NEW, **SERVICES), rollout="window")
    ended = apply(world, controller, file)
    (outage,) = ended.plan.clusters[0].outages
    assert outage.hosts == NAMES
    assert outage.because == "images moves to /srv/new"
    assert everywhere(world, "images /srv/new")


def test_another_volume_of_the_host_stays_mounted_and_its_services_run():
    world = witnessed(2, Shape("san", luns=2))
    controller, names = Controller(world), ("node01", "node02")
    mail = volume(world, "lun2", "mail", workloads={"services": ["agent"]})
    apply(world, controller, desired(world, *names, volumes=[volume(world), mail]))
    for name in names:
        world.machines[name].units[AGENT] = Unit(enabled=True, uses=(("a", "/srv/mail/a"),))
        services.start(world.machines[name], AGENT)
    file = desired(world, *names, volumes=[volume(world, mount=NEW), mail])
    ended = apply(world, controller, file)
    turn = {"clear-fstab", "unmount", "mount", "write-fstab", "reload-units"}
    assert set(kinds(ended)) == {*turn, "write-order"}  # the agent's, which is new here
    assert kinds(ended).count("unmount") == 2
    assert mounted(world)["node01"] == ("mail /srv/mail", "images /srv/new")


def test_two_volumes_change_places_while_nobody_has_them():
    world = witnessed(2, Shape("san", luns=2))
    controller, names = Controller(world), ("node01", "node02")
    one, two = volume(world), volume(world, "lun2", "mail")
    apply(world, controller, desired(world, *names, volumes=[one, two]))
    one, two = {**one, "mount": two["mount"]}, {**two, "mount": one["mount"]}
    ended = apply(world, controller, desired(world, *names, volumes=[one, two]))
    (outage,) = ended.plan.clusters[0].outages
    assert outage.volumes == ("images", "mail")
    assert set(mounted(world)["node02"]) == {"images /srv/mail", "mail /srv/images"}


def test_who_uses_the_old_path_is_told_before_anything_is_done():
    world, controller = before()
    machine = world.machines["node03"]
    machine.units["other.service"] = Unit(enabled=True, uses=(("guest", "/srv/images/g"),))
    services.start(machine, "other.service")
    ended = apply(world, controller, wish(world, volume(world, mount=NEW)), "refused")
    assert ended.codes == {"volume-busy"}
    assert everywhere(world, "images /srv/images")


def test_a_host_that_joins_mounts_it_on_the_new_path_at_once():
    world = witnessed(3, Shape("san"))
    controller = Controller(world)
    apply(world, controller, desired(world, "node01", "node02"))
    file = desired(world, *NAMES, volumes=[volume(world, mount=NEW)])
    ended = apply(world, controller, file)
    assert steps(ended).count(("node03", "mount")) == 1
    assert ("node03", "unmount") not in steps(ended)
    assert everywhere(world, "images /srv/new")


def test_a_move_growth_and_a_number_in_one_run():
    world, controller = before()
    backing = {"lvm": {"host": "san", "vg": "vg0", "lv": "lun1"}}
    one = volume(world, mount=NEW, size="2GiB", backing=backing)
    first, *others = members(world, *NAMES)
    items = [{**first, "number": 7}, *others]
    file = of({"name": "ocfs2", "members": items, "volumes": [one]})
    ended = apply(world, controller, file)
    assert kinds(ended).count("unmount") == 3
    assert kinds(ended)[-1] == "grow-file-system"
    assert everywhere(world, "images /srv/new")
    assert next(world.filesystems()).size == 2 << 30


def test_a_mount_that_no_run_made_stays_where_it_is():
    world, controller = before()
    for name in NAMES:
        files = world.machines[name].files
        for path in [p for p in files.by_path if p.endswith("applied.json")]:
            del files.by_path[path]
        files.replace("/etc/fstab", type(files.by_path["/etc/fstab"])("", "644"))
    ended = apply(world, controller, wish(world, volume(world, mount=NEW)), "refused")
    assert ended.codes == {"volume-unfamiliar"}


def test_without_a_record_our_line_in_fstab_tells():
    world, controller = before()
    for name in NAMES:
        files = world.machines[name].files
        for path in [p for p in files.by_path if p.endswith("applied.json")]:
            del files.by_path[path]
    apply(world, controller, wish(world, volume(world, mount=NEW, **SERVICES)))
    assert everywhere(world, "images /srv/new")


def test_what_is_elsewhere_on_a_host_that_leaves_is_unmounted_there():
    world, controller = before()
    file = desired(world, "node02", "node03", volumes=[volume(world, mount=NEW, **SERVICES)])
    apply(world, controller, file)
    assert mounted(world)["node01"] == ()
    assert lines(world) == []


def test_not_at_boot_any_more_and_again():
    world, controller = before()
    for wanted in (False, True):
        mount = {"path": "/srv/images", "at_boot": wanted}
        ended = apply(world, controller, wish(world, volume(world, mount=mount)))
        line = {"write-fstab", "reload-units"} if wanted else {"clear-fstab"}
        assert set(kinds(ended)) == line
        assert lines(world) == (["/srv/images"] if wanted else [])
        assert everywhere(world, "images /srv/images")


@pytest.mark.parametrize("option", ["localflocks", "sync", "ro"])
def test_an_option_that_no_remount_changes_takes_turns(option):
    world, controller = before()
    for options in ([option], []):
        mount = {"path": "/srv/images", "options": options}
        ended = apply(world, controller, wish(world, volume(world, mount=mount)))
        assert kinds(ended).count("unmount") == 3
        assert "remount" not in kinds(ended)
        shown = [world.machines[name].running.mounts[0].options for name in NAMES]
        assert all((option in found) == bool(options) for found in shown)


def test_a_volume_that_an_error_made_read_only_is_no_earlier_wish():
    world, controller = before()
    world.machines["node02"].running.mounts[0].options = ("ro", "relatime", "ro")
    ended = apply(world, controller, wish(world, volume(world, **SERVICES)), "refused")
    assert ended.codes == {"volume-read-only"}


# ---- another label ------------------------------------------------------------------------


def test_a_label_and_a_timeout_share_one_window():
    world, controller = before()
    start_agents(world)
    mount = {"path": "/srv/images"}
    one = volume(world, label="pictures", mount=mount, **SERVICES)
    file = wish(world, one, network={"idle_timeout_ms": 25000})
    ended = apply(world, controller, file)
    (outage,) = ended.plan.clusters[0].outages
    assert outage.hosts == NAMES
    assert "pictures: its label, images until now" in outage.because
    assert kinds(ended).count("unmount") == 3
    assert "check-file-system" not in kinds(ended)
    once = list(dict.fromkeys(kinds(ended)))
    assert once.index("unmount") < once.index("start-cluster") < once.index("set-label")
    assert once.index("set-label") < once.index("mount") < once.index("start-service")
    assert everywhere(world, "pictures /srv/images")
    assert {a.address for a in ended.plan.actions if a.kind == "set-label"} == {
        "volume/pictures"
    }
    agents = {world.machines[name].units[AGENT].active for name in NAMES}
    assert agents == {"active"}
    needs = {a.id: frozenset(a.needs) for a in ended.plan.actions}
    (label,) = (a.id for a in ended.plan.actions if a.kind == "set-label")
    mounts = [a.id for a in ended.plan.actions if a.kind in {"mount", "start-service"}]
    assert all(label in graph.closure(needs, frozenset({one})) for one in mounts)


def test_a_label_a_path_and_slots_in_one_window():
    world, controller = before()
    one = volume(world, label="pictures", mount=NEW, slots=12)
    ended = apply(world, controller, wish(world, one))
    assert len(ended.plan.clusters[0].outages) == 1
    assert kinds(ended).count("unmount") == 3
    assert everywhere(world, "pictures /srv/new")
    assert next(world.filesystems()).slots == 12


def test_two_volumes_change_labels():
    world = witnessed(2, Shape("san", luns=2))
    controller, names = Controller(world), ("node01", "node02")
    one, two = volume(world), volume(world, "lun2", "mail")
    apply(world, controller, desired(world, *names, volumes=[one, two]))
    one, two = {**one, "label": "mail"}, {**two, "label": "images"}
    apply(world, controller, desired(world, *names, volumes=[one, two]))
    assert set(mounted(world)["node01"]) == {"mail /srv/images", "images /srv/mail"}


@pytest.mark.parametrize("how", ["if-blank", "never"])
def test_what_no_run_knew_by_that_label_is_not_relabelled(how):
    world, controller = before()
    next(world.filesystems()).label = "foreign"
    ended = apply(world, controller, wish(world, volume(world, format=how)), "refused")
    assert ended.codes == {"device-not-blank" if how == "if-blank" else "label-differs"}


def test_a_service_stopped_under_the_old_label_starts_under_the_new_one():
    world, controller = before()
    start_agents(world)
    one = volume(world, label="pictures", mount={"path": "/srv/images"}, **SERVICES)
    file, at = wish(world, one), 0
    while any(mounted(world).values()):  # killed again and again until everybody is without it
        at += 1
        drive(world, controller.apply(file, line=Line(Kill(at, "after"))))
    world.advance(20)  # a tool that the last one began beats until it ends
    stopped = world.machines["node01"].files.text("/var/lib/reconcile/ocfs2/stopped.json")
    assert AGENT in json.loads(stopped)["services"]
    ended = apply(world, controller, file)
    assert "start-service" in kinds(ended)
    agents = {world.machines[name].units[AGENT].active for name in NAMES}
    assert agents == {"active"}


def test_a_host_that_died_in_the_window_is_recovered_by_a_check_first():
    world, controller = before()
    file = wish(world, volume(world, label="pictures", mount={"path": "/srv/images"}))
    world.machines["node03"].faults.append(Fault("crash", command="gate unmount"))
    ended = drive(world, controller.apply(file))
    assert ended.word == "partial"
    assert happened(world, "labelled") == []
    world.advance(200)
    connect(world, "node03").power_on()
    ended = apply(world, controller, file)
    assert "set-label" in kinds(ended)
    assert everywhere(world, "pictures /srv/images")
