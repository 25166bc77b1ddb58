"""Leaving and returning while everybody else writes: on real kernels, in order."""

import pytest

from tests.lab.fixtures import lab_module
from tests.scenarios.operator import (
    cluster,
    commands,
    conf,
    conf_file,
    configfs,
    has_mounted,
    member,
    pauses,
    start_writers,
    volume,
)

# Somebody mounts the volume by a unit of their own, besides fstab.
MOUNT_UNIT = """\
cat >/etc/systemd/system/srv-images.mount <<'X'
[Mount]
What=/dev/disk/by-id/lab-lun1
Where=/srv/images
Type=ocfs2
[Install]
WantedBy=multi-user.target
X
systemctl daemon-reload && systemctl enable -q srv-images.mount
"""
lab = lab_module("membership", hosts=5)

FOUR = ("node01", "node02", "node03", "node04")
STAYING = ("node01", "node03", "node04")
# The longest write pause of who stays, in seconds. Quiet machines show well under 2 (it is
# printed); with three labs on two cores the guests themselves wait for a CPU.
LEAVE_PAUSE = 5.0
TAKEN = {"stop-service", "disable-service", "unmount", "stop-cluster", "clear-fstab"}


def wanted(*members, services=("writer",)):
    """The cluster with its volume; without services nobody declares who writes."""
    workloads = {"workloads": {"services": list(services)}} if services else {}
    items = [member(item) if isinstance(item, str) else item for item in members]
    return cluster(members=items, volumes=[volume(**workloads)])


def without_node02(**more):
    """Four in the file, of whom node02 shall leave."""
    return wanted("node01", member("node02", state="absent"), "node03", "node04", **more)


def is_out(lab, host):
    """What an evicted host shows for itself, in one go."""
    shown = (
        "systemctl is-enabled o2cb ocfs2 writer; systemctl is-active writer; "
        "ls /etc/ocfs2; grep -c /srv/images /etc/fstab; grep ENABLED= /etc/default/o2cb"
    )
    return lab.run(host, shown).stdout.split()


OUT = ["disabled"] * 3 + ["inactive", "cluster.conf.before", "0", "O2CB_ENABLED=false"]


def test_a_host_whose_volume_is_busy_is_not_evicted(lab, operator):
    operator.converge(operator.write(wanted(*FOUR, services=())))
    start_writers(lab, *FOUR)
    file = operator.write(without_node02(services=()))
    assert operator.refusals(file) == {("volume-busy", "volume/images")}
    pid = lab.run("node02", "systemctl show -P MainPID writer").stdout.strip()
    blocked = operator.plan(file)["clusters"][0]["blocked"][0]
    assert f"node02: /srv/images is in use by pid {pid} perl (" in blocked["message"]
    code, events = operator.apply(file)
    assert (code, commands(events)) == (3, [])
    for host in FOUR:
        assert has_mounted(lab, host)
        assert conf_file(lab, host) == conf(*zip(FOUR, range(4), strict=True))


def test_a_host_leaves_while_the_others_write(lab, operator):
    file = operator.write(without_node02())
    plan = operator.plan(file)
    outages = plan["clusters"][0]["outages"]
    assert plan["risk"] == "outage"
    assert {host for one in outages for host in one["hosts"]} == {"node02"}
    assert "writer.service" in {unit for one in outages for unit in one["workloads"]}
    pauses(lab, *STAYING)
    events = operator.converge(file, plan)
    assert max(pauses(lab, *STAYING).values()) < LEAVE_PAUSE
    done = commands(events)
    assert {kind for host, kind in done if host == "node02"} >= TAKEN
    touched = {kind for host, kind in done if host in STAYING}
    order = {"write-order", "reload-units"}  # of the writers, which are named only now
    assert touched == {"write-cluster-conf", "register-nodes", *order}
    left = [("node01", 0), ("node03", 2), ("node04", 3)]
    for host in STAYING:
        assert has_mounted(lab, host)
        assert conf_file(lab, host) == conf(*left)
        assert [line.split()[0] for line in configfs(lab, host)] == list(STAYING)
    assert not has_mounted(lab, "node02")
    assert configfs(lab, "node02") == []
    assert is_out(lab, "node02") == OUT
    kept = lab.run("node02", "cat /etc/ocfs2/cluster.conf.before").stdout
    assert kept == conf(*zip(FOUR, range(4), strict=True))


def test_an_evicted_host_that_is_rebooted_stays_out(lab, operator):
    file = operator.write(without_node02())
    code, events = operator.apply(file)
    assert (code, events[-1]["result"], commands(events)) == (0, "no-change", [])
    lab.kill("node02")
    lab.start("node02")
    assert not has_mounted(lab, "node02")
    assert configfs(lab, "node02") == []
    assert is_out(lab, "node02") == OUT
    slots = lab.run("node01", "mounted.ocfs2 -f /dev/ubdb | tail -1").stdout.split()[2:]
    assert sorted(name.strip(",") for name in slots if name.startswith("node")) == list(STAYING)
    assert operator.is_settled(file)


@pytest.mark.nightly
def test_a_host_returns_under_its_old_number_beside_a_new_one(lab, operator):
    five = (*FOUR, "node05")
    pauses(lab, *STAYING)
    events = operator.converge(operator.write(wanted(*five)))
    pauses(lab, *STAYING)
    assert not TAKEN & {kind for _host, kind in commands(events)}
    for host in five:
        assert has_mounted(lab, host)
        assert conf_file(lab, host) == conf(*zip(five, range(5), strict=True))
        assert [line.split()[1] for line in configfs(lab, host)] == ["0", "1", "2", "3", "4"]
    start_writers(lab, "node02", "node05")


@pytest.mark.nightly
def test_two_whose_blocks_are_deleted_leave_at_once(lab, operator):
    stay = ("node02", "node04", "node05")
    file = operator.write(wanted(*stay))
    assert lab.run("node03", MOUNT_UNIT).returncode == 0
    pauses(lab, *stay)
    events = operator.converge(file)
    assert ("node03", "disarm") in commands(events)
    assert lab.run("node03", "systemctl cat srv-images.mount").returncode != 0
    assert max(pauses(lab, *stay).values()) < LEAVE_PAUSE
    assert not TAKEN & {kind for host, kind in commands(events) if host in stay}
    for host in stay:
        assert has_mounted(lab, host)
        assert conf_file(lab, host) == conf(("node02", 1), ("node04", 3), ("node05", 4))
        assert [line.split()[0] for line in configfs(lab, host)] == list(stay)
    for host in ("node01", "node03"):
        assert not has_mounted(lab, host)
        assert configfs(lab, host) == []
        assert is_out(lab, host) == OUT
    assert operator.is_settled(file)
