"""Edges order actions of their scope, each with the fewest needs, whatever order they come in."""

import itertools

import pytest

from reconciler.model.plan import Action
from reconciler.planning.kinds import UNMOUNTED, having, is_own
from reconciler.planning.order import follow, link


def act(kind, host="node01", address="volume/images", **more):
    values = {"summary": "", "because": "", "risk": "safe", "command": None, "expects": ()}
    return Action(f"{kind}/{host}/{address}", kind, host, address, **values, **more)


def needs(*actions):
    """By kind and host what each needs, the same for every order in which they come."""
    found = [
        {(a.kind, a.host): {need.split("/")[0] for need in a.needs} for a in link(order)}
        for order in itertools.permutations(actions)
    ]
    assert all(one == found[0] for one in found)
    return found[0]


def test_what_is_needed_anywhere_is_needed_of_every_host():
    found = needs(act("write-cluster-conf", "node02"), act("same-cluster-conf", ""))
    assert found["same-cluster-conf", ""] == {"write-cluster-conf"}


def test_what_is_needed_on_the_same_host_is_not_needed_of_another():
    found = needs(act("unmount"), act("stop-cluster"), act("stop-cluster", "node02"))
    assert found["stop-cluster", "node01"] == {"unmount"}
    assert found["stop-cluster", "node02"] == set()


def test_what_is_needed_of_the_same_volume_is_not_needed_of_another():
    other = act("check-grown", address="volume/other")
    found = needs(act("grow-unmounted"), other)
    assert found["check-grown", "node01"] == set()
    found = needs(act("grow-unmounted"), act("check-grown", "node02"))
    assert found["check-grown", "node02"] == {"grow-unmounted"}


@pytest.mark.parametrize("kind", [k for k in having(UNMOUNTED) if not k.startswith("check-")])
def test_what_writes_an_unmounted_volume_waits_for_its_check(kind):
    """Also where nothing of its disk is left to be done: that was in an earlier step."""
    found = needs(act(kind), act("check-file-system", "node02"))
    assert found[kind, "node01"] == {"check-file-system"}


def test_of_one_guest_one_start_waits_for_the_other_and_of_two_none():
    guests = [
        act("start-guest", host, f"volume/{label}/guest/{name}")
        for host, label, name in (
            ("node01", "images", "vm1"),
            ("node02", "images", "vm1"),
            ("node02", "images", "vm2"),
        )
    ]
    found = {action.id: action.needs for action in link(guests)}
    assert sorted(map(len, found.values())) == [0, 0, 1]
    assert found[guests[1].id] == (guests[0].id,)


def test_what_another_need_implies_is_left_out():
    found = needs(act("clear-fstab"), act("disarm"), act("unmount"), act("stop-cluster"))
    assert found["disarm", "node01"] == {"clear-fstab"}
    assert found["unmount", "node01"] == {"disarm"}
    assert found["stop-cluster", "node01"] == {"unmount"}


def test_a_step_begins_when_the_one_before_is_done():
    before = link([act("unmount"), act("stop-cluster"), act("stop-cluster", "node02")])
    first, second = follow(link([act("mount"), act("write-fstab")]), before)
    assert {need.split("/")[0] for need in first.needs} == {"stop-cluster"}
    assert len(first.needs) == 2
    assert second.needs == (first.id,)


@pytest.mark.parametrize(
    ("kind", "own"), [("write-fstab", True), ("mount", False), ("undeclared", False)]
)
def test_only_what_names_its_own_result_may_be_believed_after_a_refusal(kind, own):
    assert is_own(kind) is own
