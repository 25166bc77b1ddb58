"""Looking runs nothing of the file that no apply has approved on that very host."""

from __future__ import annotations

import hashlib
import json

import pytest

from reconciler.hosts.simulator.kernel import hypervisor
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.guests import Guest
from reconciler.hosts.simulator.state.reply import Reply
from tests.clock import drive
from tests.runs import Controller, members, of, volume, witnessed

TWO = ("node01", "node02")
RECORD = "/var/lib/reconcile/ocfs2/programs"
KIND = {
    "kind": "command",
    "list": ["guests", "list", "/srv/images"],
    "stop": ["guests", "stop"],
    "start": ["guests", "start"],
    "migrate": ["guests", "migrate", "{guest}", "{target}"],
}
HOSTILE = ["evil", "sh", "-c", "rm -rf /srv"]
# Every argv that a file can have.
EVERYWHERE = {
    "backing": {"command": {"host": "san01", "argv": ["evil", "grow"]}},
    "access": {"revoke": {"host": "san01", "argv": ["evil", "revoke"]}},
    "backup": {"host": "node01", "argv": ["evil", "backup"]},
    "growth": "offline",
}
RETIMED = {"network": {"idle_timeout_ms": 25000}}


class Programs:
    """The operator's programs on all hosts, and who has run which words."""

    def __init__(self, world):
        self.run = []
        for machine in world.machines.values():
            machine.programs = {"guests": self.known, "guests2": self.known, "evil": self.evil}

    def known(self, machine, argv):
        self.run.append((machine.name, argv))
        return hypervisor.guests_program(machine, argv)

    def evil(self, machine, argv):
        self.run.append((machine.name, argv))
        return Reply(0, "")

    def taken(self):
        """What was run since last asked."""
        found, self.run = self.run, []
        return found


def wanted(world, kind=KIND, size="fill", **more):
    other = more.pop("volume", {})
    one = volume(world, workloads={"guests": dict(kind)}, size=size, **other)
    states = more.pop("states", {})
    items = [{**m, "state": states.get(m["name"], "present")} for m in members(world, *TWO)]
    return of({"name": "ocfs2", "members": items, "volumes": [one], **more})


@pytest.fixture
def made():
    """A cluster as the file says, with one guest; its list command is approved."""
    world = witnessed(2)
    programs, controller = Programs(world), Controller(world)
    assert drive(world, controller.apply(wanted(world))).word == "converged"
    hypervisor.add(world.machines["node01"], Guest("vm1", "/srv/images/vm1"))
    programs.taken()
    return world, programs, controller


def digests(*commands):
    found = sorted(hashlib.sha256("\n".join(words).encode()).hexdigest() for words in commands)
    return "".join(f"{item}\n" for item in found)


def records(world):
    return [machine.files.text(RECORD) for machine in world.machines.values()]


def listed(kind):
    return {**KIND, "list": kind}


def test_a_plan_of_a_new_file_runs_nothing_of_it():
    world = witnessed(2)
    programs, controller = Programs(world), Controller(world)
    desired = wanted(world, listed(HOSTILE), "1GiB", volume=EVERYWHERE)
    plan = drive(world, controller.plan(desired))
    drive(world, controller.look(desired))
    assert programs.taken() == []
    shown = [
        (c.host, c.before, c.after)
        for c in plan.clusters[0].changes
        if "/programs" in c.address
    ]
    assert shown == [(host, "not approved", "evil sh -c 'rm -rf /srv'") for host in TWO]
    (first, second) = [a for a in plan.actions if a.kind == "approve-programs"]
    assert first.summary == "let looking run evil sh -c 'rm -rf /srv'"
    assert (first.host, second.host, first.address) == (*TWO, "volume/images/programs")


def test_nor_does_a_plan_of_a_changed_file_where_another_was_approved(made):
    world, programs, controller = made
    for kind, size in ((listed(HOSTILE), "fill"), (listed(HOSTILE), "2GiB")):
        desired = wanted(world, kind, size, volume=EVERYWHERE, states={"node02": "absent"})
        drive(world, controller.plan(desired))
        assert programs.taken() == []


def test_what_was_approved_is_run_from_the_next_plan_on(made):
    world, programs, controller = made
    assert records(world) == [digests(KIND["list"])] * 2
    again = drive(world, controller.plan(wanted(world)))
    assert (again.actions, again.blocked) == ((), ())
    assert programs.taken() == [(host, tuple(KIND["list"])) for host in TWO]


def test_a_changed_list_is_a_change_and_replaces_the_old_one(made):
    world, programs, controller = made
    new = listed(["guests2", "list", "/srv/images"])
    ended = drive(world, controller.apply(wanted(world, new)))
    (change, _other) = ended.plan.clusters[0].changes
    assert (change.before, change.after) == (
        "guests list /srv/images",
        "guests2 list /srv/images",
    )
    assert ended.word == "converged"
    assert records(world) == [digests(new["list"])] * 2
    programs.taken()
    drive(world, controller.plan(wanted(world)))  # the old one is approved no more
    assert programs.taken() == []


def test_what_needs_a_new_list_is_refused_by_name(made):
    world, programs, controller = made
    new = listed(["guests2", "list", "/srv/images"])
    ended = drive(world, controller.apply(wanted(world, new, **RETIMED)))
    assert ended.codes - {"volume-busy"} == {"program-unapproved"}  # whose processes, who knows
    assert ended.started == []
    told = next(b for o in ended.outcomes for b in o.blocked if b.code == "program-unapproved")
    assert told.message == (
        "node01: the guests of images are not known: not run, for no apply has approved it "
        "there: the list command of /srv/images"
    )
    assert programs.taken() == []
    assert drive(world, controller.apply(wanted(world, new))).word == "converged"
    assert drive(world, controller.apply(wanted(world, new, **RETIMED))).word == "converged"
    assert hypervisor.running(world.machines["node01"]) == ["vm1"]


def test_who_joins_while_guests_are_taken_has_to_have_the_list_approved_before():
    """Whether a guest runs on the joiner is not known when it is to start again (seed 73392)."""
    world = witnessed(2)
    Programs(world)
    controller = Controller(world)
    joined, alone = wanted(world, **RETIMED), wanted(world)
    one = alone.model_copy(
        update={
            "clusters": tuple(
                c.model_copy(update={"members": c.members[:1]}) for c in alone.clusters
            )
        }
    )
    assert drive(world, controller.apply(one)).word == "converged"
    hypervisor.add(world.machines["node01"], Guest("vm1", "/srv/images/vm1"))
    ended = drive(world, controller.apply(joined))
    assert (ended.word, ended.codes) == ("refused", {"program-unapproved"})
    assert drive(world, controller.apply(alone)).word == "converged"
    assert drive(world, controller.apply(joined)).word == "converged"
    assert hypervisor.running(world.machines["node01"]) == ["vm1"]


def test_a_target_approves_its_own_volume_only():
    world = witnessed(2)
    Programs(world)
    controller = Controller(world)
    plan = drive(world, controller.plan(wanted(world), "volume/images"))
    assert [a.host for a in plan.actions if a.kind == "approve-programs"] == list(TWO)
    plan = drive(world, controller.plan(wanted(world), "member/node02"))
    assert {a.host for a in plan.actions if a.kind == "approve-programs"} == {"node02"}


def test_a_host_that_has_not_approved_it_does_not_run_it(made):
    world, programs, controller = made
    del world.machines["node02"].files.by_path[RECORD]
    plan = drive(world, controller.plan(wanted(world)))
    assert programs.taken() == [("node01", tuple(KIND["list"]))]
    assert [(a.host, a.kind) for a in plan.actions] == [("node02", "approve-programs")]


def test_a_record_that_others_could_have_written_approves_nothing(made):
    world, programs, controller = made
    file = world.machines["node02"].files.by_path[RECORD]
    world.machines["node02"].files.write(RECORD, File(file.text, "644"))
    drive(world, controller.plan(wanted(world)))
    assert programs.taken() == [("node01", tuple(KIND["list"]))]


def test_a_volume_of_which_only_a_host_tells_approves_nothing(made):
    """What a host claims to remember is run nowhere."""
    world, programs, controller = made
    files = world.machines["node01"].files
    path = "/var/lib/reconcile/ocfs2/applied.json"
    told = json.loads(files.text(path))
    forged = json.loads(json.dumps(told["clusters"][0]["volumes"][0]))
    forged["label"], forged["mount"]["path"] = "forged", "/srv/forged"
    forged["device"] = {"path": "/dev/disk/by-id/forged"}
    forged["workloads"]["guests"]["list"] = HOSTILE
    told["clusters"][0]["volumes"].append(forged)
    files.write(path, File(json.dumps(told), "600"))
    plan = drive(world, controller.plan(wanted(world)))
    assert {argv[0] for _host, argv in programs.taken()} <= {"guests"}
    assert not [a for a in plan.actions if a.kind == "approve-programs"]


def test_a_list_that_the_file_has_no_more_is_approved_no_more(made):
    world, _programs, controller = made
    plain = of({"name": "ocfs2", "members": members(world, *TWO), "volumes": [volume(world)]})
    ended = drive(world, controller.apply(plain))
    assert (ended.word, ended.started) == ("no-change", [])
    assert records(world) == ["", ""]


def test_libvirt_is_asked_without_approval():
    world = witnessed(2)
    controller = Controller(world)
    for machine in world.machines.values():
        machine.programs = {"virsh": hypervisor.virsh}
    plan = drive(world, controller.plan(wanted(world, {"kind": "libvirt"})))
    assert not [a for a in plan.actions if a.kind == "approve-programs"]
