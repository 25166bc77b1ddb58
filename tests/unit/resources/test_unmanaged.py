"""Refusals of what this version does not manage: what it is, that it is not managed, what can be
done."""

from dataclasses import replace

import pytest

from reconciler.errors import SpecInvalid
from reconciler.loading import load
from reconciler.model.observed import Live
from reconciler.planning.planner import plan_cluster
from tests.builders import bare, file, live, spec, superblock, volume


def refused(cluster, observed, code):
    """What is refused under that code, once."""
    found = {
        (b.message, b.remedy) for b in plan_cluster(cluster, observed).blocked if b.code == code
    }
    assert len(found) == 1, found
    return next(iter(found))


def everywhere(observed, **more):
    return replace(observed, hosts={h: replace(f, **more) for h, f in observed.hosts.items()})


def running(**more):
    """The kernel of a host whose cluster is otherwise than ours."""
    kernel = live(spec(("node01",)), "node01")
    return replace(kernel, clusters=(replace(kernel.clusters[0], **more),))


def with_volume(block):
    cluster = spec(("node01",), volumes=[volume()])
    observed = bare(cluster)
    (facts,) = observed.hosts.values()
    view = replace(facts.wanted[0], superblock=block, zeros=None, signature={"TYPE": "ocfs2"})
    return cluster, everywhere(observed, wanted=(view,))


def test_a_volume_of_pacemaker():
    message, remedy = refused(
        *with_volume(replace(superblock(), stack="pcmk", cluster="my-cluster")), "foreign-stack"
    )
    assert "cluster stack pcmk (Pacemaker), cluster my-cluster" in message
    assert "this version manages o2cb clusters only" in message
    assert remedy.startswith("leave the volume to Pacemaker")
    assert "o2cluster -y --update=o2cb,ocfs2,local /dev/disk/by-id/lab-lun1" in remedy


def test_a_volume_made_for_global_heartbeat():
    block = replace(superblock(), flags="1 Globalheartbeat")
    message, remedy = refused(*with_volume(block), "heartbeat-mode-differs")
    assert "/dev/disk/by-id/lab-lun1 was made for global heartbeat" in message
    assert remedy.endswith("o2cluster -y --update=o2cb,ocfs2,local /dev/disk/by-id/lab-lun1")


def test_a_kernel_that_runs_pacemaker_s_stack():
    cluster = spec(("node01",))
    observed = everywhere(bare(cluster), live=Live("pcmk", (), ()))
    message, remedy = refused(cluster, observed, "foreign-stack")
    assert "runs the cluster stack pcmk, which is Pacemaker's" in message
    assert remedy.startswith("leave node01 to Pacemaker, and take it out of the file; or, ")


def test_settings_that_say_pacemaker():
    cluster = spec(("node01",))
    text = "O2CB_ENABLED=true\nO2CB_STACK=pcmk\n"
    observed = everywhere(bare(cluster), o2cb_config=file("/etc/default/o2cb", text))
    message, remedy = refused(cluster, observed, "foreign-stack")
    assert "after its start the host would be Pacemaker's" in message
    assert "set O2CB_STACK=o2cb in /etc/default/o2cb" in remedy


def test_a_running_global_heartbeat():
    cluster = spec(("node01",))
    observed = everywhere(bare(cluster), live=running(heartbeat_mode="global"))
    message, remedy = refused(cluster, observed, "not-supported-yet")
    assert "its running cluster has global heartbeat" in message
    assert "this version manages local heartbeat only" in message
    assert "o2cb heartbeat-mode ocfs2 local" in remedy


@pytest.mark.parametrize("where", ["kernel", "file"])
def test_a_cluster_name_with_a_dash(where):
    cluster = spec(("node01",))
    text = "cluster:\n\tnode_count = 0\n\tname = my-cluster\n"
    more = (
        {"live": running(name="my-cluster")}
        if where == "kernel"
        else {"cluster_conf": file("/etc/ocfs2/cluster.conf", text)}
    )
    message, remedy = refused(cluster, everywhere(bare(cluster), **more), "foreign-cluster")
    assert "my-cluster" in message
    assert "is no name of an o2cb cluster" in remedy
    assert "rename it in an outage: reconcile explain foreign-cluster" in remedy


def test_a_file_that_names_one_is_told_the_same():
    text = "version: 1\nclusters:\n  - name: my-cluster\n    members: []\n"
    with pytest.raises(SpecInvalid) as caught:
        load("f.yaml", text)
    (problem,) = [p for p in caught.value.problems if "my-cluster" in p.message]
    assert "this version does not manage it. Leave it to the tools that made it" in problem.hint
