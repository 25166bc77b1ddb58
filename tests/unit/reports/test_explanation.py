"""`explain ADDRESS`: what a plan says about a thing, by whatever name the plan shows it."""

from dataclasses import replace

import pytest

from reconciler.model.observed import Observed, Process
from reconciler.planning.planner import make_plan
from reconciler.reports.explanation import (
    explanation_document,
    explanation_lines,
    known_addresses,
    matter,
    near,
)
from reconciler.reports.grouping import what
from reconciler.reports.plan_views import plan_views
from reconciler.reports.text import plan_lines
from tests.builders import bare, converged, spec, volume

CLUSTER = spec(volumes=[volume()])
SEEN = [(CLUSTER, bare(CLUSTER))]
CREATE = make_plan([(CLUSTER, bare(CLUSTER))])


def told(address, plan=CREATE):
    return "\n".join(line for _style, line in explanation_lines(matter(plan, address), plan))


@pytest.mark.parametrize(
    ("address", "kinds"),
    [
        ("cluster.conf", {"write-cluster-conf", "same-cluster-conf"}),
        ("member/node02/cluster.conf", {"write-cluster-conf", "same-cluster-conf"}),
        ("volume/images/mount", {"mount"}),
        ("volume/images/mount/node02", {"mount"}),
        ("volume/images/file-system", {"format", "same-file-system"}),
        ("format", {"format"}),
        ("ocfs2/node01/format/images", {"format"}),
        ("cluster/ocfs2", {action.kind for action in CREATE.actions}),
    ],
)
def test_an_address_means_what_the_plan_shows_under_it(address, kinds):
    assert {action.kind for action in matter(CREATE, address).actions} == kinds


def test_every_change_and_action_of_a_plan_can_be_asked_about():
    (cluster,) = CREATE.clusters
    for change in cluster.changes:
        for address in (change.address, what(change)):
            about = matter(CREATE, address)
            assert change in about.changes, address
            assert about.actions or change.truth == "kernel", address
    for action in cluster.actions:
        assert action in matter(CREATE, action.id).actions
        assert action in matter(CREATE, action.kind).actions


def test_it_says_why_after_what_only_if_and_what_proves_it():
    text = told("mount")
    assert "mount on node01, node02, node03: mount images on /srv/images" in text
    assert "  why       the volume is not mounted\n" in text
    assert "  after     all: barrier: the same new file system images on 3 members\n" in text
    assert "  only if   node01,node02,node03: live-nodes ocfs2 = the same\n" in text
    assert "  proof     node01: mounted /srv/images" in text
    assert "  before    node01, node02, node03: write /etc/fstab: mount images at boot" in text
    assert "  risk      data, cannot be undone\n" in told("format")


def test_what_is_as_wanted_is_said_to_be():
    plan = make_plan([(CLUSTER, converged(CLUSTER))])
    about = matter(plan, "volume/images/mount")
    assert about.is_empty
    assert "nothing is planned for it; it is as wanted" in told("volume/images/mount", plan)
    known = known_addresses([(CLUSTER, converged(CLUSTER))], plan)
    assert {"volume/images/mount/node02", "cluster.conf", "member/node03/timeouts"} <= set(
        known
    )
    assert near("volume/image/mount", known)[0] == "volume/images/mount"
    assert near("nonsense", known) == ()


def test_a_refusal_is_told_where_it_is_about_the_address():
    leave = spec(
        members=[
            {"name": f"node0{n}", "interconnect": f"10.0.0.1{n}"}
            | ({"state": "absent"} if n == 2 else {})
            for n in (1, 2, 3)
        ],
        volumes=[volume()],
    )
    hosts = dict(converged(CLUSTER).hosts)
    user = Process(4711, "qemu", "/srv/images/a.img")
    hosts["node02"] = replace(hosts["node02"], processes=(user,))
    plan = make_plan([(leave, Observed(hosts))])
    assert "BLOCKED volume-busy  volume/images" in told("volume/images/mount", plan)
    assert "BLOCKED" not in told("cluster.conf", plan)
    document = explanation_document(matter(plan, "unmount"), plan)
    (action,) = document["actions"]
    assert action["after"] == ["ocfs2/node02/clear-fstab/images"]
    assert action["before"] == ["ocfs2/node02/stop-cluster"]


def test_what_would_change_is_told_in_the_words_of_the_plan():
    (cluster,) = CREATE.clusters
    change = next(c for c in cluster.changes if c.truth == "mount")
    partly = replace(change, before={"path": "/old", "owner": None}, after={"path": "/new"})
    plan = replace(CREATE, clusters=(replace(cluster, changes=(partly,)),))
    told = plan_lines(plan, plan_views(plan, SEEN), 1)
    lines = [line for style, line in told if style.startswith("diff")]
    assert lines == ["    @@ -1 +1 @@", "    -path = /old", "    +path = /new"]
    about = matter(plan, change.address)
    explained = [(s, line) for s, line in explanation_lines(about, plan) if "diff" in s]
    assert [line for _style, line in explained] == lines
    assert [style for style, _line in explained] == ["diff", "diff-bad", "diff-add"]
