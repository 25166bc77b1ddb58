"""The guide's two examples, and the way to them."""

from dataclasses import replace

from reconciler.model.observed import Observed
from reconciler.planning.planner import plan_cluster
from reconciler.planning.resolve.removed import removed_members, with_removed_members
from tests.builders import bare, file, live, spec

GUIDE = """\
node:
\tip_port = 7777
\tip_address = 10.0.0.11
\tnumber = 0
\tname = flexnode02
\tcluster = ocfs2

cluster:
\tnode_count = 1
\tname = ocfs2
"""
BEFORE = """\
node:
\tip_port = 7777
\tip_address = 10.0.0.10
\tnumber = 0
\tname = flexnode01
\tcluster = ocfs2

node:
\tip_port = 7777
\tip_address = 10.0.0.11
\tnumber = 1
\tname = flexnode02
\tcluster = ocfs2

cluster:
\tnode_count = 2
\tname = ocfs2
"""


def flexnodes(*numbers, **more):
    """The guide's hosts as a file has them."""
    members = [{"name": f"flexnode0{n}", "interconnect": f"10.0.0.{9 + n}"} for n in numbers]
    return spec(members=members, **more)


def running():
    """Both of the guide's hosts, online."""
    cluster = flexnodes(1, 2)
    hosts = {
        name: replace(
            facts,
            identity=replace(facts.identity, hostname=name),
            live=live(cluster, name),
            cluster_conf=file("/etc/ocfs2/cluster.conf", BEFORE),
        )
        for name, facts in bare(cluster).hosts.items()
    }
    return Observed(hosts)


def test_the_guides_removal_ends_with_the_guides_file_byte_for_byte():
    for more in ({}, {"rollout": "window"}):
        observed = running()
        wanted = flexnodes(2, numbering="compact", **more)
        seen = Observed({"flexnode02": observed.hosts["flexnode02"]})
        cluster = with_removed_members(wanted, removed_members(wanted, seen))
        plan = plan_cluster(cluster, observed)
        writes = [a.command.stdin for a in plan.actions if a.kind == "write-cluster-conf"]
        assert writes[-1] == GUIDE
        kinds = [(a.host, a.kind) for a in plan.actions]
        stopped = kinds.index(("flexnode01", "stop-cluster"))
        assert stopped < kinds.index(("flexnode02", "write-cluster-conf"))
