"""A plan says where the laboratory has not proven it; it stays the same plan."""

from dataclasses import replace

from reconciler.model.observed import Observed
from reconciler.passport.passport_rows import lab_rows
from reconciler.planning.planner import make_plan, restrict
from reconciler.planning.review import passport_notes
from reconciler.planning.review.digest import plan_id
from tests.builders import bare, converged, spec, volume

TWO = spec(("node01", "node02"), volumes=[volume()])
SOME = "the laboratory has not proven there: create, mount (reconcile passport)"


def on(facts, kernel, tools):
    versions = {"ocfs2-tools": tools} if tools else {}
    return replace(
        facts,
        identity=replace(facts.identity, kernel=kernel),
        packages=replace(facts.packages, versions=versions),
    )


def notes(*platforms, cluster=TWO, seen=bare):
    hosts = {
        name: on(facts, *platform)
        for (name, facts), platform in zip(seen(cluster).hosts.items(), platforms, strict=True)
    }
    plan = make_plan([(cluster, Observed(hosts))])
    return [note for note in plan.clusters[0].notes if "laboratory" in note]


PROVEN, NEW = ("6.1.0", "1.8.7"), ("9.9.1", "1.8.7-1")


def test_nothing_is_said_of_what_is_proven():
    assert notes(PROVEN, PROVEN) == []


def test_a_pair_that_is_not_proven_is_named_once_with_its_hosts():
    assert notes(NEW, NEW) == [f"kernel 9.9 with ocfs2-tools 1.8.7 on node01, node02: {SOME}"]


def test_one_host_of_another_pair_is_named_alone():
    assert notes(PROVEN, NEW) == [f"kernel 9.9 with ocfs2-tools 1.8.7 on node02: {SOME}"]


def test_each_pair_is_told_with_all_that_is_missing_there():
    other = ("9.8.1", "1.8.7")
    assert notes(other, NEW) == [
        f"kernel 9.8 with ocfs2-tools 1.8.7 on node01: {SOME}",
        f"kernel 9.9 with ocfs2-tools 1.8.7 on node02: {SOME}",
    ]


def test_of_a_host_without_tools_its_kernel_is_told():
    assert notes(("9.9.1", ""), ("9.9.1", "")) == [f"kernel 9.9 on node01, node02: {SOME}"]
    assert notes(("6.1.0", ""), PROVEN) == []
    assert notes(("9.9.1", ""), NEW) == [
        f"kernel 9.9 with ocfs2-tools 1.8.7 on node01, node02: {SOME}"
    ]


def test_a_plan_that_does_nothing_says_nothing():
    assert notes(NEW, NEW, seen=converged) == []


def test_it_blocks_nothing_and_is_no_part_of_the_plans_id():
    hosts = {name: on(facts, *NEW) for name, facts in bare(TWO).hosts.items()}
    plan = make_plan([(TWO, Observed(hosts))])
    (cluster,) = plan.clusters
    assert (cluster.blocked, bool(cluster.notes)) == ((), True)
    assert plan_id((replace(cluster, notes=()),), plan.facts_digest) == plan.id


def test_of_a_part_of_a_plan_only_what_it_does_counts():
    hosts = {name: on(facts, *NEW) for name, facts in converged(TWO).hosts.items()}
    observed = Observed({**hosts, "node02": replace(hosts["node02"], mounts=())})
    told = [
        [note for note in restrict(TWO, observed, targets).notes if "laboratory" in note]
        for targets in ((), ("member/node01",))
    ]
    assert told == [
        [
            "kernel 9.9 with ocfs2-tools 1.8.7 on node01, node02: the laboratory has not "
            "proven there: mount (reconcile passport)"
        ],
        [],
    ]


def test_what_is_proven_on_each_pair_alone_is_told_where_they_stand_beside_each_other(
    monkeypatch,
):
    alone = tuple(row for row in lab_rows() if len(row.platforms) == 1)
    monkeypatch.setattr(passport_notes, "lab_rows", lambda: alone)
    pairs = "kernel 6.1 with ocfs2-tools 1.8.7 beside kernel 6.12 with ocfs2-tools 1.8.8"
    assert notes(PROVEN, ("6.12.1", "1.8.8-1")) == [f"{pairs}: {SOME}"]
