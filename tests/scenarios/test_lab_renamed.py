"""A host is brought online under another name: its kernel has no node that is its own."""

from tests.lab.fixtures import lab_module
from tests.scenarios.operator import (
    cluster,
    commands,
    has_mounted,
    member,
    pauses,
    start_writers,
    volume,
)

lab = lab_module("renamed", hosts=2)

BOTH = ("node01", "node02")
NODE = "/sys/kernel/config/cluster/ocfs2/node/node02"
# As a boot under another name: the order of units, a mount that the kernel refuses.
BOOT = """
systemctl stop writer ocfs2 o2cb && ! grep -q ' ocfs2 ' /proc/mounts &&
hostname someone && systemctl start o2cb; systemctl start ocfs2; hostname node02
"""


def test_who_was_brought_online_under_another_name_is_a_node_again(lab, operator):
    one = volume(workloads={"services": ["writer"]})
    file = operator.write(cluster(members=[member(name) for name in BOTH], volumes=[one]))
    operator.converge(file)
    start_writers(lab, *BOTH)
    lab.run("node02", BOOT, timeout=300)
    assert not has_mounted(lab, "node02")
    # Registering makes no node local on real kernels.
    told = lab.run("node02", f"o2cb register-cluster ocfs2 && cat {NODE}/local").stdout
    assert told == "0\n"
    events = operator.converge(file)
    assert ("node02", "start-cluster") in commands(events)
    assert ("node02", "register-nodes") not in commands(events)
    assert lab.run("node02", f"cat {NODE}/local").stdout == "1\n"
    assert has_mounted(lab, "node02")
    assert operator.is_settled(file)
    pauses(lab, "node01")
