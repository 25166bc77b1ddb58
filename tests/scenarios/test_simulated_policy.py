"""A policy is the controller's matter: no plan, no record and no host has anything of it."""

import json

import pytest

from reconciler.pipeline import Options
from reconciler.pipeline.drift import find_drifts
from tests.clock import drive
from tests.fault_transport import Line
from tests.runs import Controller, desired, witnessed
from tests.scenarios.test_simulated_drift import RECORD, drift, rewritten, told

POLICY = {
    "mode": "heal",
    "heal": ["files", "boot"],
    "windows": [{"schedule": "0 22 * * *", "duration": "4h"}],
    "notify": [{"webhook": {"url": "env:WATCH_WEBHOOK"}}],
}


@pytest.fixture
def world():
    made = witnessed(2)
    assert drive(made, Controller(made).apply(desired(made))).word == "converged"
    return made


def records(world):
    return [machine.files.text(RECORD) for machine in world.machines.values()]


def test_a_policy_changes_no_plan_no_record_and_is_no_drift(world):
    before, plain = records(world), drive(world, Controller(world).plan(desired(world)))
    wanted = desired(world, policy=POLICY)
    assert drive(world, Controller(world).plan(wanted)) == plain
    (found,) = drift(world, wanted)
    assert (found.items, found.unread, found.notes) == ((), (), ())
    assert drive(world, Controller(world).apply(wanted)).word == "no-change"
    assert records(world) == before


def test_a_cluster_that_begins_with_a_policy_leaves_none_of_it_on_hosts():
    world = witnessed(2)
    wanted = desired(world, policy=POLICY)
    assert drive(world, Controller(world).apply(wanted)).word == "converged"
    assert len(records(world)) == 2
    for text in records(world):
        assert "policy" not in json.loads(text)["clusters"][0]
        assert "WEBHOOK" not in text


def test_what_was_changed_outside_is_told_as_such_beside_a_new_policy(world, monkeypatch):
    """And from one look: the state that was last applied is the file's, but for the policy."""
    rewritten("/etc/default/o2cb", "MS=30000", "MS=20000")(world)
    asked = []

    def looked(wanted):
        fleet = Controller(world)._fleet(wanted, Line())

        def door(cluster, member):
            asked.append(member.name)
            return fleet(cluster, member)

        return told(drive(world, find_drifts(wanted, door, Options())))

    (item,) = looked(desired(world))
    once, asked[:] = list(asked), []
    assert looked(desired(world, policy=POLICY)) == [item]
    assert asked == once
    assert item == ("member/node02/o2cb-settings", "node02", "file", "changed-outside")
