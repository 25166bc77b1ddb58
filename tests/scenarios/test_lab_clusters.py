"""One member, several addresses, a later join, two clusters in one file; SAN with multipath."""

import json

import pytest

from tests.lab.fixtures import lab_module
from tests.scenarios.operator import cluster, commands, failures, volume

lab = lab_module("clusters", hosts=3, storage="san", luns=2)


@pytest.fixture(scope="module")
def luns(lab):
    return [lun["wwid"] for lun in lab.inventory["luns"]]


def first(luns, *members):
    return cluster(*members, volumes=[volume(device={"wwid": luns[0]}, size="fill")])


def second(luns, **mount):
    """A cluster of one on the second LUN's first partition."""
    disk = {
        "device": {"wwid": luns[1], "partition": 1},
        "mount": {"path": "/srv/music", **mount},
    }
    return cluster("node03", name="music", volumes=[volume("music", **disk)])


def mounts(lab, host):
    """What OCFS2 has mounted on a host."""
    lines = lab.run(host, "cat /proc/mounts").stdout.splitlines()
    return [line.split()[1] for line in lines if line.split()[2] == "ocfs2"]


def test_a_cluster_of_one_member_is_created_and_used(lab, operator, luns):
    code, events = operator.apply(operator.write(first(luns, "node01")))
    assert code == 0, failures(events) or events[-1]
    assert mounts(lab, "node01") == ["/srv/images"]
    assert lab.run("node01", "echo kept > /srv/images/kept; sync").returncode == 0
    line = lab.run("node01", "grep /srv/images /etc/fstab").stdout
    assert line.startswith(f"/dev/disk/by-id/dm-uuid-mpath-{luns[0]} ")


def test_the_address_in_the_file_is_the_one_that_the_kernel_uses(lab):
    shown = "cat /sys/kernel/config/cluster/ocfs2/node/node01/ipv4_address"
    assert len(lab.run("node01", "ip -o -4 addr show scope global").stdout.splitlines()) > 2
    assert lab.run("node01", shown).stdout.strip() == "10.88.1.11"


def test_another_member_joins_later_by_a_user_with_sudo(lab, operator, luns):
    as_operator = {"user": "ops", "sudo": True}
    file = operator.write(first(luns, "node01", "node02"), ssh=as_operator)
    code, events = operator.apply(file)
    assert code == 0, failures(events) or events[-1]
    assert {kind for host, kind in commands(events) if host == "node01"} == {
        "write-cluster-conf",
        "register-nodes",
    }
    assert lab.run("node02", "cat /srv/images/kept").stdout == "kept\n"


def test_a_missing_partition_is_refused_with_the_command_that_would_make_it(
    lab, operator, luns
):
    file = operator.write(second(luns))
    assert operator.refusals(file) == {("partition-missing", "volume/music")}
    shown = operator.run("plan", file).stdout
    assert f"parted -s /dev/disk/by-id/dm-uuid-mpath-{luns[1]} mklabel gpt" in shown
    make = "parted -s /dev/mapper/mpathb mklabel gpt mkpart music 1MiB 100%; udevadm settle"
    assert lab.run("node03", make).returncode == 0


def test_a_broken_cluster_does_not_stop_the_other(lab, operator, luns):
    lab.cut("node02", "mgmt")
    try:
        broken = first(luns, "node01", "node02")
        file = operator.write(broken, second(luns))
        code, events = operator.apply(file)
    finally:
        lab.heal("node02")
    last = events[-1]
    assert (code, last["result"]) == (4, "partial")
    assert last["clusters"] == {"ocfs2": "refused", "music": "converged"}
    assert mounts(lab, "node03") == ["/srv/music"]
    assert mounts(lab, "node01") == ["/srv/images"]
    line = lab.run("node03", "grep /srv/music /etc/fstab").stdout
    assert line.startswith(f"/dev/disk/by-id/dm-uuid-part1-mpath-{luns[1]} ")


def test_two_disjoint_clusters_converge_in_one_run(operator, luns):
    file = operator.write(first(luns, "node01", "node02"), second(luns))
    code, events = operator.apply(file)
    assert code == 0
    assert events[-1]["clusters"] == {"ocfs2": "no-change", "music": "no-change"}
    assert operator.run("plan", file, "--detailed-exitcode").returncode == 0


def test_a_host_that_nobody_knows_is_found_by_its_heartbeat(lab, operator, luns):
    forget = (
        "umount /srv/images && cd /etc/ocfs2 && cp cluster.conf kept && "
        "o2cb remove-node ocfs2 node02 && o2cb register-cluster ocfs2 && "
        "rm -r /var/lib/reconcile/ocfs2"
    )
    done = lab.run("node01", forget)
    assert done.returncode == 0, done.stderr
    file = operator.write(first(luns, "node01"))
    (blocked,) = operator.plan(file)["clusters"][0]["blocked"]
    assert (blocked["code"], blocked["subject"]) == ("foreign-heartbeat", "volume/images")
    assert "node 1" in blocked["message"]
    assert "slot" in blocked["message"]
    assert operator.run("plan", file).returncode == 3
    code, events = operator.apply(operator.write(first(luns, "node01", "node02")))
    assert code == 0, failures(events) or events[-1]
    assert mounts(lab, "node01") == mounts(lab, "node02") == ["/srv/images"]
    assert "unmount" not in {kind for _host, kind in commands(events)}


def test_who_is_left_out_and_does_not_answer_is_not_taken_for_gone(lab, operator, luns):
    lab.cut("node02", "mgmt")
    try:
        file = operator.write(first(luns, "node01"))
        assert operator.refusals(file) == {("host-unreachable", "member/node02")}
    finally:
        lab.heal("node02")


def test_the_storage_takes_the_lun_from_who_has_left(lab, operator, luns):
    routes = "for net in 2 3; do ip route add blackhole 10.88.$net.12/32; done; echo {host}"
    access = {"revoke": {"host": "san", "argv": ["sh", "-c", routes]}}
    left = volume(device={"wwid": luns[0]}, size="fill", access=access)
    code, events = operator.apply(operator.write(cluster("node01", volumes=[left])))
    assert code == 0, failures(events) or events[-1]
    assert commands(events)[-1] != ("node02", "unmount")
    assert ("san", "revoke-access") in commands(events)
    read = "dd if=/dev/mapper/mpatha of=/dev/null count=1"
    assert lab.run("node02", read, timeout=240).returncode != 0
    assert mounts(lab, "node01") == ["/srv/images"]


def test_a_host_that_is_in_another_cluster_is_refused(operator, luns):
    moved = cluster("node03", volumes=[])
    assert operator.refusals(operator.write(moved)) >= {("foreign-cluster", "member/node03")}


def test_a_lease_of_another_run_is_respected(lab, operator, luns):
    changed = second(luns, at_boot=False)
    file = operator.write(changed)
    uptime = "$(cut -d. -f1 /proc/uptime)"
    boot = "$(cat /proc/sys/kernel/random/boot_id)"
    holder = json.dumps(
        {"user": "ann", "controller": "elsewhere", "machine": "m", "pid": 1, "started": 1}
    )
    lease = (
        f"printf 'run\\tthe-other\\nholder\\t%s\\nboot\\t%s\\nrenewed\\t%s\\n' "
        f'\'{holder}\' "{boot}" "{uptime}" > /var/lib/reconcile/lease'
    )
    assert lab.run("node03", lease).returncode == 0
    plan = operator.plan(file)
    done = operator.run("apply", file, "--approve", plan["id"], "--lock-timeout", "1s")
    assert done.returncode == 5, done.stderr
    assert "the-other" in done.stdout
    assert "ann@elsewhere" in done.stdout
    lab.run("node03", "rm /var/lib/reconcile/lease")
    assert operator.apply(file)[0] == 0
