"""Where somebody is not well already, nobody else is touched."""

from dataclasses import replace

import pytest

from reconciler.model.observed import Observed, Unknown, Unreachable
from reconciler.model.plan import Action, Command
from reconciler.planning.checks.cluster_health import check, guard_actions, since
from reconciler.planning.planner import plan_cluster
from tests.builders import converged, spec, volume, with_facts

CLUSTER = spec(volumes=[volume()])
LEAVES = CLUSTER.model_copy(
    update={
        "members": (
            *CLUSTER.members[:2],
            CLUSTER.members[2].model_copy(update={"state": "absent"}),
        )
    }
)


def guarded():
    """Of a leave the stop, which wants the others well; who unmounts bears the volume read-only."""
    plan = plan_cluster(LEAVES, converged(CLUSTER))
    return [action for action in plan.actions if action.kind == "stop-cluster"]


def codes(observed):
    return [(b.code, b.subject) for b in check(observed, guarded())]


def test_where_all_are_well_it_begins():
    assert codes(converged(CLUSTER)) == []
    assert list(check(converged(CLUSTER), [])) == []


def test_where_one_is_ill_nobody_else_is_touched():
    seen = converged(CLUSTER)
    (mounted,) = seen.hosts["node01"].mounts
    ill = with_facts(seen, "node01", mounts=(replace(mounted, options=("ro",)),))
    assert codes(ill) == [("cluster-not-well", "member/node01")]
    assert list(check(ill, [])) == []


def test_a_disk_that_is_mounted_and_shows_no_file_system_is_ill():
    seen = converged(CLUSTER)
    (view,) = seen.hosts["node01"].wanted
    blank = with_facts(seen, "node01", wanted=(replace(view, superblock=None),))
    assert codes(blank) == [("cluster-not-well", "member/node01")]


def test_what_a_kernel_logged_before_is_no_reason():
    line = "2026-11-29T12:00:00 ocfs2: I/O error on device"
    assert codes(with_facts(converged(CLUSTER), "node01", log=(line,))) == []


def test_a_host_that_cannot_be_judged_is_named_before_anything_begins():
    """Also one that has left: the first action would not start, at each run anew."""
    seen = converged(CLUSTER)
    blind = with_facts(seen, "node01", live=Unknown("sysfs unreadable"))
    assert codes(blind) == [("section-unread", "member/node01")]
    hosts = {**seen.hosts, "node01": Unreachable("node01", "host-unreachable", "no answer")}
    assert codes(Observed(hosts)) == []


def act(kind, host="node01"):
    values = {"summary": "", "because": "", "risk": "safe", "expects": ()}
    return Action("a", kind, host, "volume/images", command=Command(("true",)), **values)


@pytest.mark.parametrize("kind", ["write-fstab", "same-live-nodes"])
def test_what_disturbs_nobody_asks_for_nobody(kind):
    assert guard_actions(CLUSTER, converged(CLUSTER), [act(kind)]) == (act(kind),)


def test_what_disturbs_a_host_asks_for_all():
    (found,) = guard_actions(CLUSTER, converged(CLUSTER), [act("stop-cluster")])
    assert [(f.reading, f.value, f.hosts) for f in found.requires] == [
        ("healthy", "well", ("node01", "node02", "node03"))
    ]


def test_messages_of_before_a_run_are_not_its_own():
    seen = converged(CLUSTER)
    unread = with_facts(seen, "node01", log=Unknown("cut off"))
    assert since(seen, unread) == unread
    assert since(unread, seen).hosts["node01"].log == seen.hosts["node01"].log
    lost = Observed({"node01": Unreachable("node01", "host-unreachable", "no route")})
    assert since(seen, lost) == lost
