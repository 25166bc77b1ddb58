"""Turns of several members: each has one turn, and none empties a volume."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.observed import Observed, Process, Unknown
from reconciler.model.quantities import part_of
from reconciler.planning.planner import plan_cluster
from reconciler.planning.turns import serving, split, take_turns
from tests.builders import bare, converged, spec, volume, with_facts

EIGHT = tuple(f"node0{n}" for n in range(1, 9))
NAMES = st.lists(st.sampled_from([f"node{n}" for n in range(12)]), unique=True)
USES = (Process(7, "qemu", "/srv/images/a"),)
SERVES = st.dictionaries(
    st.sampled_from(("images", "backups", "archive")),
    st.frozensets(st.sampled_from([f"node{n}" for n in range(12)])),
)


@given(names=NAMES, most=st.integers(1, 14), serves=SERVES)
def test_every_member_has_one_turn_and_no_turn_of_several_empties_a_volume(names, most, serves):
    turns = split(names, most, serves)
    assert [name for turn in turns for name in turn] == names
    for turn in turns:
        assert 1 <= len(turn) <= most
        emptied = [v for v, hosts in serves.items() if hosts and hosts <= {*turn}]
        assert not emptied or len(turn) == 1


@given(names=NAMES, serves=SERVES)
def test_one_at_a_time_is_one_member_a_turn(names, serves):
    assert split(names, 1, serves) == tuple((name,) for name in names)


@given(names=NAMES, most=st.integers(1, 14))
def test_turns_are_full_where_no_volume_is_at_stake(names, most):
    turns = split(names, most, {})
    assert all(len(turn) == most for turn in turns[:-1])


@pytest.mark.parametrize(
    ("share", "whole", "found"),
    [
        (1, 8, 1),
        (3, 2, 3),
        ("50%", 7, 3),
        ("25%", 128, 32),
        ("1%", 8, 1),
        ("100%", 8, 8),
        ("99%", 3, 2),
    ],
)
def test_a_percentage_is_rounded_down_and_at_least_one(share, whole, found):
    assert part_of(share, whole) == found


def test_all_at_once_still_leaves_one_that_serves():
    cluster = spec(EIGHT, volumes=[volume()], max_unavailable="100%")
    turns = take_turns(EIGHT, cluster, converged(cluster))
    assert turns == (EIGHT[:7], EIGHT[7:])


def test_who_has_the_volume_counts_and_not_who_could_have_it():
    cluster = spec(EIGHT, volumes=[volume()], max_unavailable=4)
    seen = converged(cluster)
    hosts = {
        name: replace(facts, mounts=()) if name in EIGHT[2:] else facts
        for name, facts in seen.hosts.items()
    }
    assert serving(cluster, Observed(hosts)) == {"images": frozenset(EIGHT[:2])}
    turns = take_turns(EIGHT, cluster, Observed(hosts))
    assert turns == ((EIGHT[0],), EIGHT[1:5], EIGHT[5:])


def test_who_no_longer_sees_the_device_serves_nothing():
    cluster = spec(EIGHT[:3], volumes=[volume()], max_unavailable=2)
    seen = converged(cluster)
    blind = {name: replace(f, wanted=()) for name, f in seen.hosts.items() if name == "node03"}
    hosts = Observed({**seen.hosts, **blind})
    assert serving(cluster, hosts) == {"images": frozenset(EIGHT[:2])}
    assert take_turns(EIGHT[:2], cluster, hosts) == ((EIGHT[0],), (EIGHT[1],))


def test_of_a_volume_that_nobody_has_yet_all_count_that_are_to_have_it():
    cluster = spec(volumes=[volume()], max_unavailable=3)
    found = serving(cluster, bare(cluster))
    assert found == {"images": frozenset(m.name for m in cluster.members)}


def renumbered_cluster(names, **more):
    """Members that ran with the numbers 0 and on, each to have one from 20 on."""
    was = spec(names, volumes=[volume()])
    members = [
        {"name": name, "interconnect": f"10.0.0.{11 + place}", "number": place + 20}
        for place, name in enumerate(names)
    ]
    return spec(members=members, volumes=[volume()], **more), converged(was)


def outages(names, **more):
    cluster, seen = renumbered_cluster(names, **more)
    plan = plan_cluster(cluster, seen)
    assert not plan.blocked
    return [outage.hosts for outage in plan.outages]


def test_a_renumbering_goes_by_as_many_as_the_file_allows():
    assert outages(EIGHT) == [(name,) for name in EIGHT]
    assert outages(EIGHT, max_unavailable="50%") == [EIGHT[:4], EIGHT[4:]]
    assert outages(EIGHT, max_unavailable=3) == [EIGHT[:3], EIGHT[3:6], EIGHT[6:]]
    assert outages(EIGHT, max_unavailable=255) == [EIGHT[:7], EIGHT[7:]]


def test_a_later_turn_waits_for_all_of_the_turn_before():
    cluster, seen = renumbered_cluster(EIGHT, max_unavailable="50%")
    plan = plan_cluster(cluster, seen)
    needs = {action.id: {*action.needs} for action in plan.actions}
    first = {a.id for a in plan.actions if a.kind == "mount" and a.host in EIGHT[:4]}
    second = [a for a in plan.actions if a.kind == "unmount" and a.host in EIGHT[4:]]
    assert (len(first), len(second)) == (4, 4)
    for action in second:
        found, todo = set(), [action.id]
        while todo:
            new = needs[todo.pop()] - found
            found |= new
            todo += new
        assert first <= found


def test_one_at_a_time_is_what_a_file_without_the_key_gets():
    (cluster, seen), (named, _seen) = (
        renumbered_cluster(EIGHT),
        renumbered_cluster(EIGHT, max_unavailable=1),
    )
    assert plan_cluster(cluster, seen) == plan_cluster(named, seen)


def test_software_and_paths_go_by_turns_too():
    packages = {"tools": "ocfs2-tools", "tools_version": "9.9"}
    was = spec(EIGHT, volumes=[volume()])
    wanted = spec(EIGHT, volumes=[volume()], packages=packages, max_unavailable="50%")
    seen = converged(was)
    hosts = {
        name: replace(
            facts, packages=replace(facts.packages, versions={"ocfs2-tools": "1.8.7"})
        )
        for name, facts in seen.hosts.items()
    }
    plan = plan_cluster(wanted, Observed(hosts))
    assert [outage.hosts for outage in plan.outages] == [EIGHT[:4], EIGHT[4:]]
    assert plan.outages[0].because.startswith("node01 gets ocfs2-tools 9.9; node02 gets")


@pytest.mark.parametrize("section", ["mounts", "wanted", "disks"])
def test_of_a_host_that_was_not_read_nobody_knows_that_it_serves(section):
    cluster = spec(EIGHT[:3], volumes=[volume()])
    observed = converged(cluster)
    facts = observed.hosts["node01"]
    unread = replace(facts, **{section: Unknown("cut off")})
    found = serving(cluster, Observed({**observed.hosts, "node01": unread}))
    assert found == {"images": frozenset(EIGHT[1:3])}


def test_of_a_window_the_processes_are_told_of_the_hosts_that_could_list_them():
    names = EIGHT[:2]
    cluster = spec(names, volumes=[volume()], network={"idle_timeout_ms": 25000})
    seen = with_facts(converged(spec(names, volumes=[volume()])), "node01", processes=USES)
    unread = with_facts(seen, "node02", processes=Unknown("cut off"))
    for observed in (seen, unread):
        (outage,) = plan_cluster(cluster, observed).outages
        assert (outage.hosts, outage.processes) == (names, ("node01: 7 qemu (/srv/images/a)",))
