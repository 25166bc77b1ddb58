"""Who joins, and who is a member already that a file or a kernel of one host lacks."""

from dataclasses import replace

from reconciler.model.observed import Unknown
from reconciler.planning.planner import plan_cluster
from reconciler.resources.membership.preflight import closed_ports
from tests.builders import bare, converged, file, live, spec, with_facts

CLUSTER = spec()
TWO = spec(("node01", "node02"))
CONF = "/etc/ocfs2/cluster.conf"


def reasons(observed):
    return {(c.address, c.because) for c in plan_cluster(CLUSTER, observed).changes}


def test_a_member_whose_line_is_lost_does_not_join():
    observed = converged(CLUSTER)
    text = converged(TWO).hosts["node01"].cluster_conf.text
    observed = with_facts(observed, "node01", cluster_conf=file(CONF, text))
    said = ("member/node01/cluster.conf", "node03 is missing from it")
    assert reasons(observed) == {said}


def test_a_member_that_one_kernel_does_not_know_does_not_join():
    observed = with_facts(converged(CLUSTER), "node01", live=live(TWO, "node01"))
    said = ("member/node01/live-nodes", "node03 is missing from it")
    assert reasons(observed) == {said}


def test_who_is_on_no_other_list_joins():
    two = converged(TWO)
    alone = live(CLUSTER, "node03")
    kernel = replace(alone.clusters[0], nodes=alone.clusters[0].nodes[2:])
    for found in (bare(CLUSTER).hosts["node03"].live, replace(alone, clusters=(kernel,))):
        third = replace(bare(CLUSTER).hosts["node03"], live=found)
        told = reasons(replace(two, hosts={**two.hosts, "node03": third}))
        for host in ("node01", "node02"):
            assert (f"member/{host}/cluster.conf", "node03 joins") in told
            assert (f"member/{host}/live-nodes", "node03 joins") in told


def test_who_could_not_try_the_interconnect_lets_nobody_join():
    two, three = converged(TWO), bare(CLUSTER)
    joining = replace(two, hosts={**two.hosts, "node03": three.hosts["node03"]})
    unread = with_facts(joining, "node01", interconnect=Unknown("no nc"))
    (refusal,) = closed_ports(CLUSTER, unread)
    assert (refusal.code, refusal.subject) == ("section-unread", "member/node01")
    assert refusal.message == "interconnect could not be read: no nc"
    calm = with_facts(converged(CLUSTER), "node01", interconnect=Unknown("no nc"))
    assert list(closed_ports(CLUSTER, calm)) == []
