"""A host that runs another cluster is not touched, whatever our members' lists say."""

from dataclasses import replace

import pytest

from reconciler.model.observed import LiveCluster, Observed, Unknown
from reconciler.model.roles import GONE
from reconciler.planning.checks.foreign_hosts import check, drop_foreign_members
from reconciler.planning.resolve.numbering import with_numbers
from tests.builders import converged, file, spec, volume

THREE = spec(volumes=[volume()])
CONF = "/etc/ocfs2/cluster.conf"
OTHER = "cluster:\n\tnode_count = 0\n\tname = other\n"


def leaving():
    items = [{"name": f"node0{n}", "interconnect": f"10.0.0.{10 + n}"} for n in (1, 2, 3)]
    items[2]["state"] = "absent"
    return spec(members=items, volumes=[volume()])


def seen(**more):
    hosts = dict(converged(THREE).hosts)
    hosts["node03"] = replace(hosts["node03"], **more)
    return Observed(hosts)


def found(**more):
    observed = seen(**more)
    cluster = with_numbers(leaving(), observed)
    return [(b.code, b.subject) for b in check(cluster, observed)]


def foreign_live():
    own = converged(THREE).hosts["node03"].live
    (ours,) = own.clusters
    return replace(own, clusters=(replace(ours, name="other"),))


REFUSED = [("foreign-cluster", "member/node03")]


def test_a_member_of_ours_may_leave():
    assert found() == []


def test_the_kernel_of_another_cluster_is_not_ours_to_stop():
    assert found(live=foreign_live()) == REFUSED


def test_a_cluster_that_has_no_node_is_nobodys():
    empty = LiveCluster("other", (), 30000, 2000, 2000, 31, "local", "reset", ())
    own = converged(THREE).hosts["node03"].live
    assert found(live=replace(own, clusters=(*own.clusters, empty))) == []


def test_the_file_of_another_cluster_is_not_ours_to_archive():
    silent = Unknown("cut off")
    assert found(cluster_conf=file(CONF, OTHER)) == REFUSED
    assert found(cluster_conf=file(CONF, OTHER), live=silent) == REFUSED


@pytest.mark.parametrize(
    "conf", [Unknown("cut off"), file(CONF, None), file(CONF, "nonsense"), file(CONF, "")]
)
def test_a_file_that_says_nothing_is_no_other_cluster(conf):
    assert found(cluster_conf=conf) == []


def role(**more):
    """What the third is to a cluster of two that has forgotten it; it is as ``more`` says."""
    two = converged(spec(("node01", "node02"), volumes=[volume()])).hosts
    third = replace(converged(THREE).hosts["node03"], **more)
    observed = Observed({**two, "node03": third})
    cluster = drop_foreign_members(with_numbers(leaving(), observed), observed)
    return next(m.role for m in cluster.members if m.name == "node03")


def test_who_is_on_a_list_of_ours_is_evicted_whatever_it_runs():
    observed = seen(live=foreign_live(), mounts=())
    cluster = drop_foreign_members(with_numbers(leaving(), observed), observed)
    assert [m.role for m in cluster.members][2] == "absent"


def test_who_has_a_volume_of_ours_mounted_is_evicted_whatever_it_runs():
    assert role(live=foreign_live()) == "absent"


def test_who_has_a_member_of_ours_on_its_list_is_evicted():
    assert role(mounts=()) == "absent"


def test_who_runs_another_cluster_is_somebody_elses():
    assert role(mounts=(), live=foreign_live()) == GONE


@pytest.mark.parametrize("unread", ["mounts", "wanted", "identity"])
def test_what_is_unread_makes_nobody_ours(unread):
    more = {"mounts": (), "live": foreign_live(), unread: Unknown("cut off")}
    assert role(**more) == GONE


def test_who_knows_nobody_of_ours_is_somebody_elses():
    own = converged(THREE).hosts["node03"].live
    nothing = replace(own, clusters=())
    assert role(mounts=(), live=nothing, cluster_conf=file(CONF, None)) == GONE
