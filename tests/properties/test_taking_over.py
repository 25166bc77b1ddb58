"""A worker killed at every command of an approved plan: another goes on with what was approved.

It does all that is left, or nothing: what is not a rest of the approved plan needs a new approval.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from functools import cache

import pytest

from reconciler.hosts.simulator.kernel import services
from reconciler.hosts.simulator.state.unit import Unit
from reconciler.pipeline.approved import Approval
from reconciler.planning.review.approved_plan import ApprovedPlan, approve, lasting
from tests.clock import drive
from tests.fault_transport import Kill, Line, beyond_reading
from tests.properties.recovery import recover
from tests.properties.sweeps import BIGGER, CASES, LEAVING, Case, Story
from tests.runs import Controller, desired, volume, witnessed

GOOD = {"converged", "no-change"}
PATIENCE = 180.0  # seconds: longer than a dead run has the lease
PHASES = ("before", "during", "after")


@dataclass(frozen=True, slots=True)
class Serving:
    """Three members with a service on the volume, of whom the first leaves."""

    numbering: str = "stable"

    def world(self):
        world = deepcopy(_serving())
        names = list(world.machines)[1:]
        return world, desired(world, *names, volumes=_served(world), numbering=self.numbering)


@cache
def _serving():
    world = witnessed(3)
    wish = desired(world, volumes=_served(world))
    assert drive(world, Controller(world).apply(wish)).word == "converged"
    for machine in world.machines.values():
        machine.units["agent.service"] = Unit(enabled=True, uses=(("a", "/srv/images/a"),))
        services.start(machine, "agent.service")
    return world


def _served(world):
    return [volume(world, workloads={"services": ["agent"]})]


WHOLE: dict[str, Story | Serving] = {
    "a member leaves": LEAVING["evict one of three"],
    "a member with a service leaves": Serving(),
    "a member joins": BIGGER["join of a third"],
}
# Whoever is renumbered half way has other steps before it than it had at first.
PERHAPS: dict[str, Story | Serving] = {
    "one leaves, and the other gets its number": LEAVING["evict one of two, compact"],
    "all get other numbers in a window": LEAVING["evict one of three in a window"],
    "services of who gets another number": Serving("compact"),
    "a first cluster": CASES["bootstrap of two"],
}


def make_approved(plan, **more):
    (cluster,) = plan.clusters
    actions = tuple(approve(action) for action in cluster.actions)
    devices = frozenset(action.device for action in cluster.actions if action.risk == "data")
    return ApprovedPlan(plan.id, actions, lasting(cluster.outages), devices, **more)


async def commands(world, wanted):
    """How many commands of a whole run may change something."""
    alpha = Controller(world)
    line = Line()
    plan = await alpha.plan(wanted)
    outcome, _ = await alpha.carry_out(wanted, Approval(make_approved(plan), "alice"), line)
    assert outcome.result == "converged"
    return sum(beyond_reading(name) for _, name in line.log)


def taken_over(case, kill):
    """How the heir of a killed worker ended, what it did, and what is wrong then."""
    world, wanted = case.world()
    alpha = Controller(world)
    beta = Controller(world, "beta", patience=PATIENCE)

    async def story():
        plan = make_approved(await alpha.plan(wanted))
        line = Line(kill)
        first, _ = await alpha.carry_out(wanted, Approval(plan, "alice"), line)
        heir = Approval(plan, "alice", is_begun=True)
        outcome, events = await beta.carry_out(wanted, heir)
        await line.settle()
        assert first is None or first.result == "converged"
        codes = {one.code for one in outcome.blocked}
        started = [about["action"] for event, about in events if event == "action-started"]
        known = {action.id for action in plan.actions}
        return outcome, codes, started, known, await recover(world, beta, wanted)

    return drive(world, story())


def places(case, share):
    world, wanted = case.world()
    number = drive(world, commands(world, wanted))
    assert number > 10
    return [
        Kill(at, phase)
        for at in range(1, number + 1)
        for place, phase in enumerate(PHASES)
        if share is None or (at + place) % len(PHASES) == share
    ]


def check_whole(case, share):
    wrong = {}
    for kill in places(case, share):
        outcome, codes, _, _, wrongs = taken_over(case, kill)
        if outcome.result not in GOOD or wrongs:
            wrong[kill.at, kill.phase] = (outcome.result, codes, outcome.message, wrongs)
    assert wrong == {}


def check_perhaps(case, share):
    ends = []
    for kill in places(case, share):
        outcome, codes, started, _, wrongs = taken_over(case, kill)
        assert wrongs == []
        refused = outcome.result == "refused" and codes == {"plan-changed"} and not started
        assert outcome.result in GOOD or refused, (kill, outcome)
        ends.append(outcome.result in GOOD)
    assert any(ends)


@pytest.mark.parametrize("name", ["a member leaves", "a member with a service leaves"])
def test_what_is_left_of_it_is_done_at_every_command_in_turn(name):
    check_whole(WHOLE[name], share=0)


def test_what_is_left_of_it_is_done_or_refused_by_name():
    check_perhaps(PERHAPS["one leaves, and the other gets its number"], share=0)


@pytest.mark.nightly
@pytest.mark.parametrize("name", WHOLE)
def test_what_is_left_of_it_is_done_at_every_command(name):
    check_whole(WHOLE[name], share=None)


@pytest.mark.nightly
@pytest.mark.parametrize("name", PERHAPS)
def test_what_is_left_of_it_is_done_or_refused_at_every_command(name):
    check_perhaps(PERHAPS[name], share=None)


def test_a_plan_with_one_action_more_is_refused_whoever_began_it():
    case: Case = LEAVING["evict one of three"]
    world, wanted = case.world()
    alpha = Controller(world)
    plan = make_approved(drive(world, alpha.plan(wanted)))
    line = Line(Kill(12, "after"))
    first, _ = drive(world, alpha.carry_out(wanted, Approval(plan, "alice"), line))
    assert first is None
    world.advance(130)
    world.machines["node03"].units["o2cb.service"].enabled = False
    heir = Approval(plan, "alice", is_begun=True)
    outcome, events = drive(world, Controller(world, "beta").carry_out(wanted, heir))
    assert (outcome.result, [one.code for one in outcome.blocked]) == (
        "refused",
        ["plan-changed"],
    )
    assert "ocfs2/node03/enable-o2cb is not among the actions" in outcome.blocked[0].message
    assert "fleet apply" in outcome.blocked[0].remedy
    assert "action-started" not in [event for event, _ in events]
