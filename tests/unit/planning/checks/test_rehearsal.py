"""A plan is run on its own predictions before it is shown."""

from dataclasses import replace

import pytest

from reconciler.model.observed import Live, Observed, Region
from reconciler.model.plan import Fact
from reconciler.planning.checks.rehearsal import MOMENTARY, rehearse
from reconciler.planning.planner import plan_cluster, restrict
from reconciler.planning.prediction import predict
from reconciler.resources import EFFECTS, READINGS
from tests.builders import UUID, bare, converged, spec, volume

CODE = "invariant-plan-can-go-on"
PLAIN = UUID.replace("-", "").upper()


def codes(plan):
    return [item.code for item in plan.blocked]


def with_region(observed, host):
    """A heartbeat region that no mount explains."""
    facts = observed.hosts[host]
    (live,) = facts.live.clusters
    odd = replace(live, regions=(Region("F" * 32, ""),))
    facts = replace(facts, live=Live("o2cb", (odd,), ()))
    return Observed({**observed.hosts, host: facts})


def test_what_only_the_moment_can_tell_is_a_reading_with_its_reason():
    assert set(MOMENTARY) <= set(READINGS)
    assert all(MOMENTARY.values())


def leaves(cluster):
    members = [
        m.model_copy(update={"state": "absent"}) if m.name == "node02" else m
        for m in cluster.members
    ]
    return cluster.model_copy(update={"members": tuple(members)})


def retimed(_cluster):
    return spec(volumes=[volume()], network={"idle_timeout_ms": 9000})


@pytest.mark.parametrize("change", [leaves, retimed])
def test_nobody_is_unmounted_for_a_stop_that_could_not_begin(change):
    cluster = spec(volumes=[volume()])
    seen = with_region(converged(cluster), "node02")
    wish = change(cluster)
    plan = plan_cluster(wish, seen)
    assert "unmount" in {action.kind for action in plan.actions}
    assert codes(plan) == [CODE]
    (blocked,) = plan.blocked
    assert "ocfs2/node02/stop-cluster could not start" in blocked.message
    assert f"node02: regions ocfs2 is {'F' * 32}, not none" in blocked.message


def test_a_plan_that_lacks_a_step_is_refused_as_a_bug(monkeypatch):
    cluster = spec(volumes=[volume()])
    assert codes(plan_cluster(cluster, bare(cluster))) == []
    monkeypatch.setitem(EFFECTS, "start-cluster", lambda _c, hosts, _a: hosts)
    (blocked,) = plan_cluster(cluster, bare(cluster)).blocked
    assert blocked.code == CODE
    assert "same-live-nodes" in blocked.message


def test_a_part_of_a_plan_is_judged_by_itself():
    cluster = spec(volumes=[volume()])
    seen = with_region(converged(cluster), "node02")
    wish = retimed(cluster)
    assert codes(restrict(wish, seen, ["member/node01"])) == [CODE]  # all of it, or nothing
    text = seen.hosts["node01"].fstab
    seen.hosts["node01"] = replace(
        seen.hosts["node01"], fstab=replace(text, text="", sha256="")
    )
    assert codes(restrict(cluster, seen, ["member/node01"])) == []


def test_what_is_refused_for_another_reason_is_not_said_to_be_a_bug():
    cluster = spec(volumes=[volume(format="never")])
    assert CODE not in codes(plan_cluster(cluster, bare(cluster)))


def test_of_what_is_done_already_nobody_asks_whether_it_could_begin():
    cluster = spec(volumes=[volume()])
    seen = converged(cluster)
    plan = plan_cluster(leaves(cluster), seen)
    (unmount,) = [action for action in plan.actions if action.kind == "unmount"]
    mounted = Fact(("node02",), "ocfs2-mounts", "", "/srv/images")
    due = replace(unmount, requires=(replace(mounted, value="none"),), unless=())
    done = replace(due, unless=(mounted,))
    assert [b.code for b in rehearse(seen, [(cluster, [due])])] == [CODE]
    assert rehearse(seen, [(cluster, [done])]) == ()
    assert predict(cluster, seen, [done]) == seen
    assert predict(cluster, seen, [due]).hosts["node02"].mounts == ()


@pytest.mark.parametrize("change", [leaves, retimed])
@pytest.mark.parametrize(
    ("domain", "found"),
    [
        (PLAIN, []),
        (PLAIN[:11], []),  # as older kernels tell it where there is no debugfs
        (PLAIN[:10], [CODE]),
        ("F" * 11, [CODE]),
    ],
)
def test_the_lock_domain_of_a_volume_goes_with_its_mount(change, domain, found):
    cluster = spec(volumes=[volume()])
    seen = converged(cluster)
    facts = seen.hosts["node02"]
    kernel = replace(facts.live, domains=(domain,))
    seen = Observed({**seen.hosts, "node02": replace(facts, live=kernel)})
    assert codes(plan_cluster(change(cluster), seen)) == found
