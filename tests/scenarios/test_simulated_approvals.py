"""An approved plan is carried out as it was approved, or not at all."""

from __future__ import annotations

import pytest

from reconciler import pipeline
from reconciler.model.machine_marks import marks_by_host
from reconciler.pipeline.approved import Approval
from reconciler.planning.review.approved_plan import ApprovedPlan, approve, lasting
from tests.clock import drive
from tests.fault_transport import Line
from tests.runs import Controller, desired, witnessed


def approved(world, controller, wanted):
    """The plan for a file as it is now, approved with its devices."""
    fleet = controller._fleet(wanted, Line())
    plan, ((_, observed),) = drive(world, pipeline.plan(wanted, fleet, pipeline.Options()))
    (cluster,) = plan.clusters
    actions = tuple(approve(action) for action in cluster.actions)
    devices = frozenset(a.device for a in cluster.actions if a.risk == "data")
    machines = marks_by_host(observed)
    outages = lasting(cluster.outages)
    return Approval(ApprovedPlan(plan.id, actions, outages, devices, machines), "alice")


def another_file(world):
    return desired(world, network={"idle_timeout_ms": 25000})


def another_machine(world):
    world.machines["node02"].machine_id = "0123456789abcdef" * 2
    return desired(world)


def the_same(world):
    return desired(world)


@pytest.mark.parametrize(
    ("then", "result", "words"),
    [
        (the_same, "converged", ""),
        (another_file, "refused", "write-o2cb-settings"),
        (another_machine, "refused", "node02 is another machine"),
    ],
)
def test_only_what_was_approved_is_done(then, result, words):
    world = witnessed(2)
    controller = Controller(world)
    approval = approved(world, controller, desired(world))
    outcome, events = drive(world, controller.carry_out(then(world), approval))
    assert outcome.result == result
    begun = "action-started" in [event for event, _ in events]
    assert begun is (result == "converged")
    for refusal in outcome.blocked:
        assert (refusal.code, refusal.subject) == ("plan-changed", "cluster/ocfs2")
        assert words in refusal.message
        assert refusal.remedy.startswith("look at what is to be done now")
    assert len(outcome.blocked) == (result == "refused")
