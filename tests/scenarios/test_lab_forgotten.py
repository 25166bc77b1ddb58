"""Members that were installed anew, and two clusters of one name in one file: real kernels."""

import json

from tests.lab.fixtures import lab_module
from tests.scenarios.operator import (
    ATTESTED,
    cluster,
    commands,
    configfs,
    has_mounted,
    member,
    volume,
)

lab = lab_module("forgotten", hosts=3, luns=2)

PAIR = ("node01", "node02")
DEAD = member("node03", state="dead", attested={**ATTESTED, "lun_access": "mapped"})
MAIL = {"device": {"path": "/dev/disk/by-id/lab-lun2"}}


def of_three(*items):
    """Members by name or in full, with timeouts that make a death short."""
    return cluster(
        members=[member(item) if isinstance(item, str) else item for item in items],
        heartbeat={"dead_threshold": 15},
        network={"idle_timeout_ms": 20000},
    )


def names_in_quarantine(lab, host):
    """The names in a member's record."""
    text = lab.run(host, "cat /var/lib/reconcile/ocfs2/quarantine.json").stdout
    return [entry["name"] for entry in json.loads(text)["hosts"]]


def with_numbers(**numbers):
    """Members with their numbers."""
    return [member(name, number=number) for name, number in numbers.items()]


def install_anew(lab, *hosts):
    """Hosts under their old names and addresses that know nothing of any cluster."""
    lab.stop(*hosts)
    lab.install_anew(*hosts)
    lab.start(*hosts)


def test_the_only_member_online_remembers_who_is_in_quarantine(lab, operator):
    operator.converge(operator.write(of_three(*PAIR, "node03")))
    assert lab.run("node01", "echo kept > /srv/images/kept; sync").returncode == 0
    lab.stop("node03")
    operator.converge(operator.write(of_three(*PAIR, DEAD)))
    assert (
        names_in_quarantine(lab, "node01") == names_in_quarantine(lab, "node02") == ["node03"]
    )
    assert lab.run("node01", "umount /srv/images").returncode == 0
    install_anew(lab, "node02")
    file = operator.write(of_three(*PAIR))
    operator.converge(file)
    assert (
        names_in_quarantine(lab, "node01") == names_in_quarantine(lab, "node02") == ["node03"]
    )
    assert lab.run("node02", "cat /srv/images/kept").stdout == "kept\n"
    assert operator.is_settled(file)


def test_a_dead_host_whose_last_list_nobody_remembers_could_return(lab, operator):
    """Both members lost their power, and are new: who would keep it out is told by nobody."""
    lab.kill(*PAIR)
    lab.install_anew(*PAIR)
    lab.start(*PAIR)
    told = operator.refusals(operator.write(of_three(*PAIR, DEAD)))
    assert ("stale-host-could-return", "member/node03") in told
    assert not has_mounted(lab, "node01")
    assert not has_mounted(lab, "node02")


def test_a_block_of_a_members_number_tells_nobody_whose_it_is_where_all_is_forgotten(
    lab, operator
):
    """As on a volume of another cluster: its node 0 may be paused."""
    members = with_numbers(node01=0, node02=1)
    assert lab.run("node01", "o2cb list-clusters").stdout == ""
    file = operator.write(cluster(members=members))
    assert ("foreign-heartbeat", "volume/images") in operator.refusals(file)
    told = operator.run("plan", file).stdout
    assert "no member remembers" in told
    assert not has_mounted(lab, "node01")


def test_two_clusters_of_one_name_are_made_one_only_when_one_of_them_is_idle(lab, operator):
    """node01 serves one volume, node02 and node03 another: both clusters have a number 1."""
    lab.start("node03")
    install_anew(lab, "node01", "node02", "node03")
    for lun in ("lun1", "lun2"):
        assert lab.run("node01", f"wipefs -qa /dev/disk/by-id/lab-{lun}").returncode == 0
        zeros = f"dd if=/dev/zero of=/dev/disk/by-id/lab-{lun} bs=1M status=none oflag=direct"
        lab.run("node01", zeros, timeout=300)  # it ends where the device does
    both = [volume(), volume("mail", **MAIL)]
    alone = cluster(members=with_numbers(node01=1), volumes=both[:1])
    pair = cluster(members=with_numbers(node02=1, node03=2), volumes=both[1:])
    for one in (alone, pair):
        operator.converge(operator.write(one))
    live = {host: configfs(lab, host) for host in (*PAIR, "node03")}
    refused = operator.write(
        cluster(members=with_numbers(node01=5, node02=1, node03=2), volumes=both)
    )
    assert ("foreign-cluster", "member/node02") in operator.refusals(refused)
    assert {host: configfs(lab, host) for host in live} == live
    assert has_mounted(lab, "node01")

    assert lab.run("node01", "umount /srv/images").returncode == 0
    file = operator.write(
        cluster(members=with_numbers(node01=1, node02=5, node03=2), volumes=both)
    )
    events = operator.converge(file)
    assert ("node01", "mount") in commands(events)
    for host in live:
        assert len(configfs(lab, host)) == len(live)
        assert has_mounted(lab, host)
        assert has_mounted(lab, host, "/srv/mail")
    assert operator.is_settled(file)
