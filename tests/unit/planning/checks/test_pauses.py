"""A paused host holds up its whole cluster, by name; one that does not tell does so, too."""

from dataclasses import replace

from reconciler.model.observed import Observed, Pause, Unknown
from reconciler.planning.planner import make_plan, plan_cluster
from reconciler.planning.review.drift import detect_drift
from tests.builders import bare, converged, spec, volume

CLUSTER = spec(volumes=[volume()])
PAUSE = Pause("ocfs2", "the SAN moves", "alice@desk", 1700000000, 1700003600)


def with_pauses(observed, **pauses):
    hosts = {
        name: replace(facts, pauses=pauses[name]) if name in pauses else facts
        for name, facts in observed.hosts.items()
    }
    return Observed(hosts)


def test_one_paused_host_blocks_its_cluster_with_who_why_since_until_and_the_remedy():
    seen = with_pauses(bare(CLUSTER), node02=(PAUSE,))
    (blocked,) = plan_cluster(CLUSTER, seen).blocked
    assert (blocked.code, blocked.subject) == ("paused", "member/node02")
    assert blocked.message == (
        "paused by alice@desk since 2023-11-14T22:13:20+00:00, until 2023-11-14T23:13:20+00:00 "
        "(the SAN moves): node02"
    )
    assert "reconcile resume node02" in blocked.remedy


def test_a_cluster_that_is_paused_whole_is_told_once():
    apart = {f"node0{n}": (replace(PAUSE, since=1700000000 + n),) for n in (1, 2, 3)}
    (blocked,) = plan_cluster(CLUSTER, with_pauses(bare(CLUSTER), **apart)).blocked
    assert (blocked.code, blocked.subject) == ("paused", "cluster/ocfs2")
    assert "node01, node02, node03" in blocked.message
    assert "reconcile resume ocfs2" in blocked.remedy


def test_hosts_that_are_paused_for_several_reasons_are_told_each():
    other = replace(PAUSE, reason="a new CPU", until=None)
    seen = with_pauses(bare(CLUSTER), node01=(PAUSE,), node03=(other,))
    found = {b.subject: b.message for b in plan_cluster(CLUSTER, seen).blocked}
    assert set(found) == {"member/node01", "member/node03"}
    assert "until it is resumed (a new CPU)" in found["member/node03"]


def test_what_cannot_be_read_is_not_taken_for_no_pause_and_no_lease():
    seen = bare(CLUSTER)
    for section in ("leases", "pauses"):
        why = {section: Unknown("the file is garbled")}
        hosts = {**seen.hosts, "node03": replace(seen.hosts["node03"], **why)}
        (blocked,) = plan_cluster(CLUSTER, Observed(hosts)).blocked
        assert (blocked.code, blocked.subject) == ("lease-garbled", "member/node03")
        assert f"its {section} could not be read: the file is garbled" in blocked.message


def test_a_pause_changes_nothing_of_what_drift_tells():
    seen = converged(CLUSTER)
    plain = detect_drift(plan_cluster(CLUSTER, seen), None, ())
    paused = with_pauses(seen, node01=(PAUSE,), node02=Unknown("garbled"))
    assert detect_drift(plan_cluster(CLUSTER, paused), None, ()) == plain
    assert plain.unread == ()


def test_what_is_planned_beside_a_pause_stays_the_same():
    first = make_plan([(CLUSTER, bare(CLUSTER))])
    paused = make_plan([(CLUSTER, with_pauses(bare(CLUSTER), node01=(PAUSE,)))])
    assert paused.clusters[0].actions == first.clusters[0].actions
    assert paused.facts_digest == first.facts_digest


def test_a_time_that_no_calendar_has_is_said_as_it_is():
    late = replace(PAUSE, until=10**15)
    (blocked,) = plan_cluster(CLUSTER, with_pauses(bare(CLUSTER), node02=(late,))).blocked
    assert f"until second {10**15} (the SAN moves)" in blocked.message
