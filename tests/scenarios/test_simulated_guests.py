"""Guests: moved or shut down by name, given back only where nobody else has them."""

from __future__ import annotations

import json

import pytest

from reconciler.cli.prompts import confirmation
from reconciler.hosts.simulator import ImpossibleWorld, connect
from reconciler.hosts.simulator.kernel import hypervisor, mounting
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.guests import Guest
from reconciler.hosts.simulator.state.machine import Process
from reconciler.hosts.simulator.state.unit import Unit
from tests.clock import drive
from tests.runs import Controller, apply, happened, members, of, volume, witnessed

THREE = ("node01", "node02", "node03")
COMMAND = {
    "kind": "command",
    "list": ["guests", "list", "/srv/images"],
    "stop": ["guests", "stop"],
    "start": ["guests", "start", "{guest}"],
}
MIGRATE = {**COMMAND, "migrate": ["guests", "migrate", "{guest}", "{target}"]}
LIBVIRT = {"kind": "libvirt"}
RETIMED = {"network": {"idle_timeout_ms": 25000}}
STOPPED = "/var/lib/reconcile/ocfs2/stopped.json"


def wanted(world, kind=COMMAND, states=None, names=THREE, **more):
    """The cluster with guests of that kind; ``more`` of the cluster and of its volume."""
    items = members(world, *names)
    for item in items:
        item.update({"state": (states or {}).get(item["name"], "present")})
    mount = {"mount": {"path": "/srv/images", **more.pop("mount", {})}}
    services = more.pop("services", [])
    workloads = {"guests": dict(kind), "services": services}
    label = more.pop("label", "images")
    one = volume(world, label=label, workloads=workloads, **mount)
    return of({"name": "ocfs2", "members": items, "volumes": [one], **more})


def running(hosts=3, kind=COMMAND, **places):
    """A world in which these members run, with guests on some of them, by host."""
    world = witnessed(hosts)
    for machine in world.machines.values():
        machine.programs = {"guests": hypervisor.guests_program, "virsh": hypervisor.virsh}
    controller = Controller(world)
    names = THREE[:hosts]
    assert drive(world, controller.apply(wanted(world, kind, names=names))).word == "converged"
    for host, found in places.items():
        for guest in found:
            one = guest if isinstance(guest, Guest) else Guest(guest, f"/srv/images/{guest}")
            hypervisor.add(world.machines[host], one)
    return world, controller


def where(world):
    """The guests of each host."""
    return {name: hypervisor.running(machine) for name, machine in world.machines.items()}


def steps(ended, host):
    """Kind and what it is about, of what was started on a host."""
    found = [action.split("/") for action in ended.started]
    return ["/".join((kind, *rest)) for _c, h, kind, *rest in found if h == host]


def stopped_record(world, host):
    return json.loads(world.machines[host].files.text(STOPPED) or "{}").get("guests", [])


@pytest.mark.parametrize("kind", [COMMAND, MIGRATE, LIBVIRT])
def test_a_window_stops_and_starts_exactly_those_that_ran(kind):
    world, controller = running(3, kind, node01=["vm1", "vm2"], node03=["vm3"])
    world.guests["vm9"] = Guest("vm9", "/srv/images/vm9")  # shut down before, and stays so
    ended = apply(world, controller, wanted(world, kind, **RETIMED))
    assert where(world) == {"node01": ["vm1", "vm2"], "node02": [], "node03": ["vm3"]}
    assert steps(ended, "node01")[:5] == [
        "note-stopped",
        "stop-guest/images/vm1",
        "stop-guest/images/vm2",
        "clear-fstab/images",
        "unmount/images",
    ]
    back = ["start-guest/images/vm1", "start-guest/images/vm2", "strike-stopped"]
    assert steps(ended, "node01")[-3:] == back
    assert not [step for step in steps(ended, "node02") if "guest" in step]
    (outage,) = ended.plan.clusters[0].outages
    assert set(outage.workloads) == {"guest/vm1", "guest/vm2", "guest/vm3"}
    assert confirmation(ended.plan.clusters[0]) == "ocfs2 3"
    assert not happened(world, "guest-moved")


def test_guests_stop_before_the_services_and_start_after_them():
    world, controller = running(2, node01=["vm1"])
    unit = Unit("active", "running", enabled=True)
    world.machines["node01"].units["agent.service"] = unit
    more = {"names": THREE[:2], "services": ["agent"], **RETIMED}
    done = steps(apply(world, controller, wanted(world, **more)), "node01")
    assert done.index("stop-guest/images/vm1") < done.index("stop-service/agent.service")
    assert done.index("start-service/agent.service") < done.index("start-guest/images/vm1")


def test_a_plan_names_the_guests_and_its_id_changes_with_them():
    world, controller = running(2, node01=["vm1"])
    desired = wanted(world, names=THREE[:2], **RETIMED)
    first = drive(world, controller.plan(desired))
    assert drive(world, controller.plan(desired)).id == first.id
    hypervisor.add(world.machines["node02"], Guest("vm2", "/srv/images/vm2"))
    second = drive(world, controller.plan(desired))
    assert second.id != first.id
    assert confirmation(second.clusters[0]) == "ocfs2 2"
    hypervisor.add(world.machines["node02"], Guest("other", "/srv/images/other"))
    same = drive(world, controller.plan(wanted(world, names=THREE[:2])))
    assert (same.actions, same.risk) == ((), "none")


def test_a_guest_that_does_not_stop_stops_the_plan_and_nothing_is_destroyed():
    stubborn = Guest("vm2", "/srv/images/vm2", stubborn=True)
    world, controller = running(2, node01=["vm1", stubborn, "vm3"], node02=["vm4"])
    kind = {**COMMAND, "stop_timeout": "30s"}
    desired = wanted(world, kind, names=THREE[:2], **RETIMED)
    ended = apply(world, controller, desired, "partial")
    (why,) = ended.failures.values()
    assert "gate: guest-still-runs: vm2 still runs after 30 s" in why
    assert "vm2" in where(world)["node01"]
    assert not happened(world, "unmounted")
    apply(world, controller, wanted(world, kind, names=THREE[:2]))
    there = where(world)
    assert sorted(there["node01"]) == ["vm1", "vm2", "vm3"]
    assert there["node02"] == ["vm4"]
    assert not stopped_record(world, "node01")


def test_a_host_that_leaves_has_its_guests_moved_to_the_others():
    world, controller = running(3, MIGRATE, node02=["vm1", "vm2"])
    ended = apply(world, controller, wanted(world, MIGRATE, {"node02": "absent"}))
    assert where(world) == {"node01": ["vm1"], "node02": [], "node03": ["vm2"]}
    moves = [a.summary for a in ended.plan.actions if a.kind == "migrate-guest"]
    assert moves == [
        "migrate guest vm1 of images to node01, else shut it down",
        "migrate guest vm2 of images to node03, else shut it down",
    ]
    assert not happened(world, "guest-stayed")
    assert not stopped_record(world, "node02")
    back = apply(world, controller, wanted(world, MIGRATE))
    assert not [step for step in steps(back, "node02") if "guest" in step]


def test_the_guests_of_who_leaves_stay_stopped_and_the_plan_says_so():
    world, controller = running(3, node02=["vm1"])
    ended = apply(world, controller, wanted(world, states={"node02": "absent"}))
    assert where(world)["node02"] == []
    (stop,) = [a for a in ended.plan.actions if a.kind == "stop-guest"]
    assert stop.because == "node02 leaves: stopped, it stays so"
    apply(world, controller, wanted(world))
    assert [name for names in where(world).values() for name in names] == []


def test_a_guest_that_could_not_move_is_stopped_and_started_again_in_the_same_turn():
    pinned = Guest("vm1", "/srv/images/vm1", pinned=True)
    world, controller = running(3, MIGRATE, node02=[pinned], node03=["vm2"])
    desired = wanted(world, MIGRATE, names=THREE[1:], numbering="compact")
    apply(world, controller, desired)
    places = where(world)
    assert places["node02"].count("vm1") == 1
    assert sum(names.count("vm2") for names in places.values()) == 1
    assert happened(world, "guest-stayed") == [("node02", "guest-stayed")]


def test_guests_of_a_rolling_change_move_and_are_owed_nothing():
    world, controller = running(3, MIGRATE, node02=["vm1"], node03=["vm2"])
    apply(world, controller, wanted(world, MIGRATE, names=THREE[1:], numbering="compact"))
    assert sorted(name for names in where(world).values() for name in names) == ["vm1", "vm2"]
    assert {host: stopped_record(world, host) for host in THREE[1:]} == {
        "node02": [],
        "node03": [],
    }
    assert [w for _h, w in happened(world, "guest-stopped", "guest-started", "guest-moved")]


def test_a_drained_host_owes_only_what_did_not_move():
    pinned = Guest("vm2", "/srv/images/vm2", pinned=True)
    world, controller = running(3, MIGRATE, node02=["vm1", pinned])
    desired = wanted(world, MIGRATE, {"node02": "drained"})
    ended = apply(world, controller, desired, "partial")  # the record is told in another run
    assert "1 action remains" in ended.outcomes[0].message
    apply(world, controller, desired)
    assert stopped_record(world, "node02") == [["images", "vm2"]]
    hypervisor._end(world.machines["node01"], "vm1")  # an operator shuts it down
    apply(world, controller, wanted(world, MIGRATE))
    assert where(world) == {"node01": [], "node02": ["vm2"], "node03": []}


def test_a_guest_that_somebody_started_elsewhere_is_not_started_twice():
    world, controller = running(2, node01=["vm1"])
    apply(world, controller, wanted(world, names=THREE[:2], states={"node01": "drained"}))
    assert stopped_record(world, "node01") == [["images", "vm1"]]
    hypervisor.add(world.machines["node02"], Guest("vm1", "/srv/images/vm1"))
    apply(world, controller, wanted(world, names=THREE[:2]))
    assert where(world) == {"node01": [], "node02": ["vm1"]}
    assert not stopped_record(world, "node01")


def test_of_two_hosts_that_owe_the_same_guest_one_starts_it():
    world, controller = running(3)
    world.guests["vm1"] = Guest("vm1", "/srv/images/vm1")
    text = json.dumps({"services": [], "disabled": [], "guests": [["images", "vm1"]]})
    for host in THREE[:2]:
        world.machines[host].files.write(STOPPED, File(text, "600"))
    apply(world, controller, wanted(world))
    assert where(world) == {"node01": ["vm1"], "node02": [], "node03": []}
    assert [stopped_record(world, host) for host in THREE[:2]] == [[], []]


@pytest.mark.parametrize("back", [False, True])
def test_a_guest_is_owed_whatever_its_volume_is_called_meanwhile(back):
    world, controller = running(2, node01=["vm1"])
    drained = {"names": THREE[:2], "states": {"node01": "drained"}}
    apply(world, controller, wanted(world, **drained))
    assert stopped_record(world, "node01") == [["images", "vm1"]]
    apply(world, controller, wanted(world, label="pictures", **drained))
    label = "images" if back else "pictures"
    apply(world, controller, wanted(world, label=label, names=THREE[:2]))
    assert where(world) == {"node01": ["vm1"], "node02": []}


def test_a_label_that_is_given_up_in_its_window_leaves_no_guest_stopped():
    stubborn = Guest("vm2", "/srv/images/vm2", stubborn=True)
    world, controller = running(2, node01=["vm1", stubborn])
    ended = drive(world, controller.apply(wanted(world, label="pictures", names=THREE[:2])))
    assert (ended.word, where(world)["node01"]) == ("partial", ["vm2"])
    apply(world, controller, wanted(world, names=THREE[:2]))
    assert sorted(where(world)["node01"]) == ["vm1", "vm2"]


@pytest.mark.parametrize("host", THREE[:2])
def test_guests_that_cannot_be_listed_block_what_would_unmount(host):
    world, controller = running(2, node01=["vm1"])
    world.machines[host].broken["guests"] = "no answer from the list command"
    ended = drive(world, controller.apply(wanted(world, names=THREE[:2], **RETIMED)))
    strangers = {"volume-busy"} if host == "node01" else set()  # whose they are is not known
    assert (ended.codes, ended.started) == ({"guests-unread", *strangers}, [])
    untouched = drive(world, controller.apply(wanted(world, names=THREE[:2])))
    assert untouched.word == "no-change"


def test_a_secret_that_cannot_be_read_stops_the_run_before_anything_is_done(monkeypatch):
    secret = {**COMMAND, "stop": ["guests", "stop", "env:STOP_TOKEN", "{guest}"]}
    world, controller = running(2, secret, node01=["vm1"])
    calls = []

    def program(machine, argv):
        words = [word for word in argv if word != "open sesame"]
        calls.append(argv[1:3])
        return hypervisor.guests_program(machine, words)

    for machine in world.machines.values():
        machine.programs["guests"] = program
    desired = wanted(world, secret, names=THREE[:2], **RETIMED)
    monkeypatch.delenv("STOP_TOKEN", raising=False)
    ended = drive(world, controller.apply(desired))
    assert (ended.word, ended.started) == ("failed", [])
    assert (
        "secret-unread: env:STOP_TOKEN" in ended.failures["ocfs2/node01/stop-guest/images/vm1"]
    )
    assert {call[0] for call in calls} == {"list"}
    monkeypatch.setenv("STOP_TOKEN", "open sesame")
    apply(world, controller, desired)
    assert ("stop", "open sesame") in [tuple(call) for call in calls]
    assert where(world)["node01"] == ["vm1"]


def test_a_list_command_that_is_missing_is_named():
    world, controller = running(2)
    world.machines["node02"].programs = {}
    plan = drive(world, controller.plan(wanted(world, names=THREE[:2], **RETIMED)))
    (blocked,) = plan.blocked
    assert blocked.code == "guests-unread"
    assert (
        "node02: the guests of images could not be listed: /srv/images: guests ended with"
        in (blocked.message)
    )


def test_a_start_waits_until_the_guests_of_all_others_are_known():
    world, controller = running(2, node01=["vm1"])
    apply(world, controller, wanted(world, names=THREE[:2], states={"node01": "drained"}))
    world.machines["node02"].broken["guests"] = "no answer from the list command"
    ended = drive(world, controller.apply(wanted(world, names=THREE[:2])))
    assert (ended.codes, ended.started) == ({"guests-unread"}, [])
    del world.machines["node02"].broken["guests"]
    apply(world, controller, wanted(world, names=THREE[:2]))
    assert where(world)["node01"] == ["vm1"]


def test_a_transient_domain_is_refused_before_anything_is_stopped():
    transient = Guest("vm2", "/srv/images/vm2", transient=True)
    world, controller = running(2, LIBVIRT, node01=["vm1", transient])
    desired = wanted(world, LIBVIRT, names=THREE[:2], **RETIMED)
    ended = drive(world, controller.apply(desired))
    assert (ended.codes, ended.started) == ({"guest-transient"}, [])
    assert where(world)["node01"] == ["vm1", "vm2"]


def test_guests_of_an_agent_that_mounts_the_volume_itself():
    by = {"mount": {"by": "workload", "at_boot": False}}
    world, controller = running(2, node01=["vm1"])
    apply(world, controller, wanted(world, names=THREE[:2], **by))
    ended = apply(
        world, controller, wanted(world, names=THREE[:2], states={"node01": "drained"}, **by)
    )
    assert "stop-guest/images/vm1" in steps(ended, "node01")
    mounting.mount(world.machines["node01"], "/dev/disk/by-id/lab-lun1", "/srv/images", ())
    back = apply(world, controller, wanted(world, names=THREE[:2], **by))
    assert steps(back, "node01")[-2:] == ["start-guest/images/vm1", "strike-stopped"]
    assert where(world)["node01"] == ["vm1"]


def test_a_stranger_beside_the_guests_still_blocks():
    world, controller = running(2, node01=["vm1"])
    stranger = Process(77, "tar", "/srv/images/vm1/backup")
    world.machines["node01"].running.processes.append(stranger)
    plan = drive(world, controller.plan(wanted(world, names=THREE[:2], **RETIMED)))
    (blocked,) = plan.blocked
    assert blocked.code == "volume-busy"
    assert (
        "node01: /srv/images is in use by pid 77 tar (/srv/images/vm1/backup)"
        in blocked.message
    )
    assert "qemu" not in blocked.message


def test_a_withdrawn_volume_leaves_its_guests_stopped():
    world, controller = running(2, node01=["vm1"])
    gone = of({"name": "ocfs2", "members": members(world, *THREE[:2]), "volumes": []})
    apply(world, controller, gone)
    assert where(world) == {"node01": [], "node02": []}


def test_a_guest_that_the_file_names_no_more_is_told():
    world, controller = running(2, node01=["vm1"])
    apply(world, controller, wanted(world, names=THREE[:2], states={"node01": "drained"}))
    plain = of(
        {"name": "ocfs2", "members": members(world, *THREE[:2]), "volumes": [volume(world)]}
    )
    (note,) = [n for n in drive(world, controller.plan(plain)).clusters[0].notes if "vm1" in n]
    assert note.startswith("node01: guest vm1 of images was stopped for a volume")


def test_no_world_has_a_guest_without_its_volume():
    world, _ = running(2)
    with pytest.raises(ImpossibleWorld):
        hypervisor.add(world.machines["node01"], Guest("vm1", "/srv/other/vm1"))
    hypervisor.add(world.machines["node01"], Guest("vm1", "/srv/images/vm1"))
    with pytest.raises(ImpossibleWorld):
        connect(world, "node01").unmount("/srv/images")


def test_a_guest_that_is_started_twice_is_a_disaster():
    world, _ = running(2, node01=["vm1"])
    hypervisor.add(world.machines["node02"], world.guests["vm1"])
    assert [found.kind for found in world.violations()] == ["guest-runs-twice"]
