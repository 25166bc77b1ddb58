"""What the planner holds members and volumes for is no part of the file's words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from reconciler.model.desired import Member, Mount
from reconciler.model.observed import Observed
from reconciler.model.roles import (
    PlanningState,
    confirmed_members,
    is_withdrawn,
    is_withheld,
    listed_members,
    mounting,
    mounts_at_boot,
    online,
    with_member_states,
    withhold,
    without_mount_on,
)
from tests.builders import converged, spec, volume


@pytest.mark.parametrize("state", PlanningState)
def test_no_file_can_say_what_the_planner_can(state):
    with pytest.raises(ValidationError):
        Member.model_validate({"name": "a", "interconnect": "10.0.0.1", "state": str(state)})
    with pytest.raises(ValidationError):
        Mount.model_validate({"path": "/srv/images", "by": str(state)})


def test_a_stopped_member_is_listed_and_nothing_else_and_its_file_s_state_stays():
    cluster = spec()
    name = cluster.members[0].name
    stopped = with_member_states(cluster, {name: PlanningState.STOPPED})
    assert stopped.model_dump() == cluster.model_dump()
    assert stopped != cluster
    assert name in {m.name for m in listed_members(stopped)}
    assert name not in {*online(stopped), *mounting(stopped)}
    assert with_member_states(stopped, {name: "present"}) == cluster


def test_a_withheld_volume_is_as_in_the_file_and_nobody_mounts_it():
    (item,) = spec(volumes=[volume()]).volumes
    held = withhold(item)
    assert held.model_dump() == item.model_dump()
    assert held.mounted_by is None
    assert (is_withheld(held), is_withdrawn(held), mounts_at_boot(held)) == (True, False, False)


def test_a_volume_may_be_kept_from_one_host_and_goes_on_being_so():
    (item,) = spec(volumes=[volume()]).volumes
    away = without_mount_on(without_mount_on(item, "a"), "b")
    assert [is_withheld(away, host) for host in ("a", "b", "c")] == [True, True, False]
    assert withhold(away).unmounted_on == {"a", "b"}


def listing(**lists):
    """node01, node02, …, whose kernels have these nodes; none where a list is empty."""
    cluster = spec(tuple(lists))
    hosts = {}
    for name, facts in converged(cluster).hosts.items():
        (own,) = facts.live.clusters
        kept = tuple(node for node in own.nodes if node.name in lists[name])
        clusters = (replace(own, nodes=kept),) if kept else ()
        hosts[name] = replace(facts, live=replace(facts.live, clusters=clusters))
    return cluster, Observed(hosts)


ONE, TWO, THREE = "node01", "node02", "node03"


@pytest.mark.parametrize(
    ("lists", "confirmed"),
    [
        ({ONE: {ONE, TWO}, TWO: {ONE, TWO}}, {ONE, TWO}),
        ({ONE: {ONE}, TWO: {TWO}}, {ONE, TWO}),
        ({ONE: {ONE}, TWO: set()}, {ONE}),
        ({ONE: set(), TWO: set()}, {ONE, TWO}),
        ({ONE: {ONE, TWO}, TWO: set()}, {ONE, TWO}),  # the other was installed anew
        ({ONE: {ONE, TWO}, TWO: {ONE, TWO}, THREE: {ONE, THREE}}, {ONE, TWO}),  # its own word
        ({ONE: {ONE, TWO}, TWO: set(), THREE: {TWO, THREE}}, {TWO}),  # each says so of itself
        ({ONE: {ONE, TWO}, TWO: {ONE, TWO}, THREE: {THREE}}, {ONE, TWO}),
    ],
)
def test_members_are_those_of_whom_a_kernel_of_another_or_the_last_one_online_tells(
    lists, confirmed
):
    assert set(confirmed_members(*listing(**lists))) == confirmed
