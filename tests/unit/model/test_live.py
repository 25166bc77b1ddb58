"""Questions to what a kernel has of clusters, and to names of hosts."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.host_names import host_key, is_same_host
from reconciler.model.observed import Live
from tests.builders import converged, spec

CLUSTER = spec()
FACTS = next(iter(converged(CLUSTER).answering_hosts().values()))


def test_a_kernel_s_cluster_is_found_by_its_name():
    live = FACTS.live
    assert isinstance(live, Live)
    (found,) = live.clusters
    assert live.cluster("ocfs2") == live.running("ocfs2") == found
    assert live.nodes("ocfs2") == found.nodes
    assert (live.cluster("other"), live.running("other"), live.nodes("other")) == (
        None,
        None,
        (),
    )


def test_a_cluster_without_nodes_is_there_and_does_not_run():
    assert isinstance(FACTS.live, Live)
    (found,) = FACTS.live.clusters
    empty = replace(found, nodes=())
    live = replace(FACTS.live, clusters=(empty,))
    assert live.cluster("ocfs2") == empty
    assert live.running("ocfs2") is None
    assert live.nodes("ocfs2") == ()


def test_capitals_in_a_host_s_name_mean_nothing():
    assert is_same_host("Node01", "node01")
    assert not is_same_host("node01", "node1")
    assert host_key("Node01") == "node01"
