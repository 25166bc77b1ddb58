"""A plan from recorded facts is the plan from the hosts; what was not looked at blocks by name."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from reconciler import pipeline
from reconciler.hosts.simulator.state.files import File
from reconciler.loading.saved import recorded_facts
from reconciler.model.schema import facts_schema
from reconciler.observation.recorded import look_at_recorded
from reconciler.planning.planner import make_plan
from reconciler.reports.documents import facts_document
from tests.clock import drive
from tests.runs import Controller, desired, members, volume, witnessed
from tests.scenarios.test_simulated_growth import BACKING, before, wish

FACTS = Draft202012Validator(facts_schema())
MOMENT = "2026-11-26T10:00:00+00:00"


@pytest.fixture(scope="module")
def running():
    """Two members run with a volume, a third host is bare."""
    world = witnessed(3)
    controller = Controller(world)
    ended = drive(world, controller.apply(desired(world, "node01", "node02")))
    assert ended.word == "converged"
    return world, controller


@pytest.fixture
def recorded(tmp_path):
    """Observe, write it down, and read it again."""

    def record(world, controller, file):
        pairs = drive(world, controller.look(file))
        asked = {
            cluster.name: pipeline.recorded_probe_arguments(cluster, seen)
            for cluster, seen in pairs
        }
        document = facts_document(pairs, asked, MOMENT)
        assert [error.message for error in FACTS.iter_errors(document)] == []
        path = tmp_path / "facts.json"
        path.write_text(json.dumps(document))
        return recorded_facts(str(path)).clusters

    return record


def offline(facts, file, *targets):
    return make_plan(look_at_recorded(file, facts, targets), targets)


def moved(world):
    other = volume(world, mount={"path": "/srv/other"})
    return desired(world, "node01", "node02", volumes=[other])


FILES = {
    "nothing to do": lambda world: desired(world, "node01", "node02"),
    "a host joins": lambda world: desired(world, "node01", "node02", "node03"),
    "a deleted member leaves": lambda world: desired(world, "node01"),
    "a deleted volume is withdrawn": lambda world: desired(
        world, "node01", "node02", volumes=[]
    ),
    "another path": moved,
    "numbers and timeouts": lambda world: desired(
        world, "node02", "node01", numbering="compact", network={"idle_timeout_ms": 40000}
    ),
}


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_it_is_the_plan_from_the_hosts(running, recorded, file):
    world, controller = running
    wanted = file(world)
    live = drive(world, controller.plan(wanted))
    assert offline(recorded(world, controller, wanted), wanted) == live


def test_hosts_that_did_not_answer_are_told_as_such(recorded):
    world = witnessed(3)
    controller = Controller(world)
    drive(world, controller.apply(desired(world)))
    world.machines["node02"].refusal = "host-unreachable"
    wanted = desired(world, "node01", "node03")
    live = drive(world, controller.plan(wanted))
    assert {blocked.code for blocked in live.blocked} == {"host-unreachable"}
    assert offline(recorded(world, controller, wanted), wanted) == live


def test_connections_that_were_tried_are_in_the_facts(recorded):
    world = witnessed(2)
    world.machines["node01"].filtered["10.88.1.12"] = "timeout"
    wanted = desired(world)
    live = drive(world, Controller(world).plan(wanted))
    assert {blocked.code for blocked in live.blocked} == {"port-blocked"}
    assert offline(recorded(world, Controller(world), wanted), wanted) == live


def test_the_second_sample_of_heartbeats_is_in_the_facts(recorded):
    world = witnessed(2)
    controller = Controller(world)
    drive(world, controller.apply(desired(world)))
    said = {"by": "ops", "at": "2026-11-22T10:00:00Z", "lun_access": "mapped"}
    dead = members(world, "node02", state="dead", attested=said)
    wanted = desired(world, members=[*members(world, "node01"), *dead])
    live = drive(world, controller.plan(wanted))
    assert "heartbeat-advances" in {blocked.code for blocked in live.blocked}
    assert offline(recorded(world, controller, wanted), wanted) == live


def test_the_storage_host_that_has_work_is_in_the_facts_and_a_target_needs_no_more(recorded):
    world, controller = before(backing=BACKING)
    wanted = wish(world, "2GiB", backing=BACKING)
    facts = recorded(world, controller, wanted)
    for targets in ((), ("volume/images",)):
        live = drive(world, controller.plan(wanted, *targets))
        assert (offline(facts, wanted, *targets), bool(live.actions)) == (live, True)
    only = {"ocfs2": replace(facts["ocfs2"], storage={})}
    found = {(b.code, b.subject) for b in offline(only, wanted).blocked}
    assert found == {("not-observed", "storage/san")}


def refusals(plan):
    return {(blocked.code, blocked.subject): blocked.message for blocked in plan.blocked}


def test_a_member_that_is_not_in_the_facts_blocks_whatever_it_is_to_be(running, recorded):
    world, controller = running
    facts = recorded(world, controller, desired(world, "node01", "node02"))
    three = desired(world, "node01", "node02", "node03")
    assert refusals(offline(facts, three)) == {
        (
            "not-observed",
            "member/node03",
        ): "node03 was not looked at when the facts were recorded"
    }
    (cluster,) = three.clusters
    gone = cluster.members[2].model_copy(update={"state": "absent"})
    absent = cluster.model_copy(update={"members": (*cluster.members[:2], gone)})
    plan = offline(facts, three.model_copy(update={"clusters": (absent,)}))
    assert refusals(plan).keys() == {("not-observed", "member/node03")}
    assert {item.code for item in offline({}, three).blocked} == {"not-observed"}


def test_connections_that_were_not_tried_block_who_would_join(running, recorded):
    world, controller = running
    three = desired(world, "node01", "node02", "node03")
    facts = recorded(world, controller, three)["ocfs2"]
    untried = replace(facts, asked={**facts.asked, "connect": frozenset()})
    found = refusals(offline({"ocfs2": untried}, three))
    assert {code for code, _subject in found} == {"not-observed"}
    assert "did not try to reach 10.88.1." in found["not-observed", "member/node03"]


MORE = {
    "a device": {"device": {"path": "/dev/disk/by-id/lab-lun9"}},
    "a service": {"workloads": {"services": ["agent"]}},
    "a path": {"mount": {"path": "/srv/else"}},
}


@pytest.mark.parametrize("more", MORE.values(), ids=MORE)
def test_what_the_file_asks_for_and_nobody_looked_at_is_unknown(running, recorded, more):
    world, controller = running
    two = ("node01", "node02")
    facts = recorded(world, controller, desired(world, *two))
    plan = offline(facts, desired(world, *two, volumes=[volume(world, **more)]))
    assert {code for code, _subject in refusals(plan)} == {"section-unread"}
    assert "not looked at when recorded: " in plan.blocked[0].message


def test_a_device_that_was_not_read_for_blanks_is_not_taken_for_blank(recorded):
    world = witnessed(1)
    controller = Controller(world)
    facts = recorded(world, controller, desired(world, volumes=[volume(world, format="never")]))
    plan = offline(facts, desired(world))
    assert "section-unread" in {blocked.code for blocked in plan.blocked}
    assert not [action for action in plan.actions if action.risk == "data"]


def test_what_another_file_asked_for_changes_no_id(recorded):
    """Facts that tell more, as of a branch that names more, give the plan of the hosts."""
    world = witnessed(2)
    controller = Controller(world)
    world.machines["node01"].files.write("/etc/fstab", File("/dev/ubda / ext4 defaults 0 0\n"))
    other = volume(world, "lun1", workloads={"services": ["agent"]})
    facts = recorded(world, controller, desired(world, volumes=[other]))
    wanted = desired(world, volumes=[volume(world, format="never")])
    assert offline(facts, wanted) == drive(world, controller.plan(wanted))
