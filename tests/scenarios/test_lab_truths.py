"""File, kernel, disk and wish disagree: repaired or refused by name, on real kernels."""

import pytest

from tests.lab.fixtures import lab_module
from tests.scenarios.operator import (
    ATTESTED,
    cluster,
    commands,
    conf,
    conf_file,
    configfs,
    has_mounted,
    member,
)

lab = lab_module("truths", hosts=3)

ALL = ("node01", "node02", "node03")
CONF = conf(*zip(ALL, range(3), strict=True))
NODES = [f"node0{n} {n - 1} 10.88.1.{10 + n}:7777" for n in (1, 2, 3)]
GHOST = "o2cb add-node ocfs2 ghost --ip 10.88.1.99 --number 9"


@pytest.fixture(scope="module")
def file(operator):
    return operator.write(cluster(*ALL))


def put(lab, host, text):
    """Somebody writes a cluster.conf by hand."""
    octets = "".join(f"\\{ord(letter):03o}" for letter in text)
    assert lab.run(host, f"printf '{octets}' >/etc/ocfs2/cluster.conf").returncode == 0


def is_right(lab, operator, file):
    """Whether all truths are one, everything is mounted, and nothing is left to do."""
    for host in ALL:
        assert conf_file(lab, host) == CONF
        assert configfs(lab, host) == NODES
        assert has_mounted(lab, host)
    return operator.is_settled(file)


def kinds(events):
    """What was done on hosts; barriers are on none."""
    return {kind for host, kind in commands(events) if host}


def test_a_host_that_cannot_be_reached_on_the_interconnect_does_not_join(lab, operator):
    operator.converge(operator.write(cluster("node01", "node02")))
    # The lab's kernel has no packet filter: the switch drops what one would.
    lab.cut("node03", "ic")
    file = operator.write(cluster(*ALL))
    refused = operator.refusals(file)
    assert {code for code, _subject in refused} == {"port-blocked"}
    assert ("port-blocked", "member/node03") in refused
    assert conf_file(lab, "node01") == conf(("node01", 0), ("node02", 1))
    lab.heal("node03")
    operator.converge(file)
    assert is_right(lab, operator, file)


HAND = {
    # Odd order, a comment, spaces for tabs, another port: the tools read it.
    "node01": "# by hand\n"
    + "\n".join(reversed(CONF.split("\n\n"))).replace("\t", "   ").replace("7777", "7799", 1),
    # The tools refuse these two.
    "node02": CONF.replace("\n", "\r\n"),
    "node03": CONF.replace("\tnumber = 0\n", "\n\tnumber = 0\n"),
}


def test_files_edited_by_hand_are_written_anew(lab, operator, file):
    for host, text in HAND.items():
        put(lab, host, text)
    assert lab.run("node01", "o2cb list-nodes ocfs2").stdout.count("node0") == 3
    for host in ("node02", "node03"):
        assert "node02" not in lab.run(host, "o2cb list-nodes ocfs2").stdout
    events = operator.converge(file)
    assert kinds(events) == {"write-cluster-conf"}
    assert is_right(lab, operator, file)


def test_numbers_that_differ_and_a_host_that_its_own_file_lacks_are_corrected(
    lab, operator, file
):
    put(lab, "node01", CONF.replace("number = 2", "number = 7"))
    put(lab, "node02", conf(("node01", 0), ("node03", 2)))
    events = operator.converge(file)
    assert kinds(events) == {"write-cluster-conf"}
    assert is_right(lab, operator, file)


def test_a_second_cluster_in_the_file_is_refused(lab, operator, file):
    put(lab, "node02", CONF + "\ncluster:\n\tnode_count = 1\n\tname = other\n")
    try:
        assert operator.refusals(file) == {("foreign-cluster", "member/node02")}
    finally:
        put(lab, "node02", CONF)


def test_kernels_that_nobody_told_are_told(lab, operator, file):
    # node03 left by hand. One forgot to register, the other's own file and kernel lack itself.
    assert lab.run("node03", "umount /srv/images && systemctl stop o2cb").returncode == 0
    assert (
        lab.run("node01", "rmdir /sys/kernel/config/cluster/ocfs2/node/node03").returncode == 0
    )
    put(lab, "node03", conf(("node01", 0), ("node02", 1)))
    lab.run("node03", "systemctl restart o2cb")
    assert configfs(lab, "node01") == NODES[:2]
    assert configfs(lab, "node03") == NODES[:2]
    operator.converge(file)
    assert is_right(lab, operator, file)


def test_a_node_that_only_one_kernel_knows_is_refused_until_it_is_attested(lab, operator):
    file = operator.write(cluster(*ALL))
    added = lab.run("node01", f"{GHOST} && o2cb register-cluster ocfs2")
    assert added.returncode == 0, added.stderr
    put(lab, "node01", CONF)
    assert len(configfs(lab, "node01")) == 4
    assert operator.refusals(file) == {("host-unreachable", "member/ghost")}
    assert "state: dead" in operator.plan(file)["clusters"][0]["blocked"][0]["remedy"]
    ghost = {
        "name": "ghost",
        "interconnect": "10.88.1.99",
        "state": "dead",
        "attested": {**ATTESTED, "lun_access": "revoked"},
    }
    members = [*map(member, ALL), ghost]
    operator.converge(operator.write(cluster(members=members)))
    assert is_right(lab, operator, operator.write(cluster(*ALL)))
