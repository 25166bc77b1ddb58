"""What a boot leaves undone: no node of the kernel is its own, a service missed its start."""

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


# A boot whose mount the kernels refuse (-22): its list has a node that the other's has not.
LONGER = r"""
cp /etc/ocfs2/cluster.conf /root/list
printf 'node:\n\tip_port = 7777\n\tip_address = 10.88.1.19\n\tnumber = 3\n\tname = node09\n\tcluster = ocfs2\n\n' >/tmp/longer
sed 's/node_count = 2/node_count = 3/' /etc/ocfs2/cluster.conf >>/tmp/longer && cp /tmp/longer /etc/ocfs2/cluster.conf && sync
"""
AS_BEFORE = "cp /root/list /etc/ocfs2/cluster.conf && o2cb register-cluster ocfs2"
MISSED = "systemctl show -p InactiveExitTimestampMonotonic --value writer"


def test_a_service_that_missed_its_start_at_boot_is_started_once_its_volume_is_mounted(
    lab, operator
):
    one = volume(workloads={"services": ["writer"]})
    file = operator.write(cluster(members=[member(name) for name in BOTH], volumes=[one]))
    assert lab.run("node02", LONGER).returncode == 0
    lab.stop("node02")
    lab.start("node02")
    assert not has_mounted(lab, "node02")
    assert lab.run("node02", MISSED).stdout == "0\n"
    assert operator.refusals(file) == {("host-unreachable", "member/node09")}
    assert lab.run("node02", AS_BEFORE).returncode == 0
    events = operator.converge(file)
    assert ("node02", "start-service") in commands(events)
    assert lab.run("node02", "systemctl is-active writer").stdout == "active\n"
    assert operator.is_settled(file)
    pauses(lab, *BOTH)
