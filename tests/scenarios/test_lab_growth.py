"""Volumes grow on a real SAN: LVM, iSCSI, two paths, multipath, partition, file system."""

import json
import re

import pytest

from tests.lab.fixtures import lab_module
from tests.scenarios.lab_volumes import (
    HOSTS,
    MIB,
    done,
    filled,
    grown,
    node_of,
    partitioned,
    sums,
    wish,
)
from tests.scenarios.operator import commands, failures, has_mounted, pauses, start_writers

lab = lab_module("growth", hosts=3, storage="san", lun_size="512M,32M,384M")

SIZES = {"images": "512MiB", "films": "384MiB"}
NO_INDEX = "[DX_TREE_MISSING] Directory 10 "
GROWN = {"images": "768MiB", "films": "512MiB"}


def test_a_partition_and_a_whole_lun_are_formatted_and_mounted(lab, operator, wwids):
    partitioned(lab, "images")
    code, events = operator.apply(operator.write(wish(wwids, SIZES)))
    assert code == 0, failures(events) or events[-1]
    filled(lab, *SIZES)
    grown(lab, "films", 384 * MIB)


def test_two_lines_grow_both_while_everybody_writes(lab, operator, wwids):
    before = sums(lab)
    table = done(lab, "node01", "sgdisk -i 1 /dev/mapper/mpatha")
    start_writers(lab, *HOSTS)
    pauses(lab, *HOSTS)
    file = operator.write(wish(wwids, GROWN))
    plan = operator.plan(file)
    assert plan["clusters"][0]["outages"] == []
    assert operator.run("apply", file, "--auto-approve").returncode == 3
    code, events = operator.apply(file)
    assert code == 0, failures(events) or events[-1]
    print(f"growing online: {max(pauses(lab, *HOSTS).values())} s without a write at most")
    kinds = [kind for _host, kind in commands(events)]
    assert set(kinds) == {
        *("grow-backing", "rescan", "grow-partition", "reread-partition"),
        *("same-size", "grow-file-system"),
    }
    assert kinds.count("grow-file-system") == 2
    grown(lab, "images", 766 * MIB)
    grown(lab, "films", 512 * MIB)
    assert sums(lab) == before
    after = done(lab, "node01", "sgdisk -i 1 /dev/mapper/mpatha")
    same = ("Partition GUID code", "Partition unique GUID", "First sector", "Partition name")
    for line in table.splitlines():
        if line.startswith(same):
            assert line in after
    assert operator.is_settled(file)


@pytest.mark.nightly
def test_offline_growth_slots_and_timeouts_share_one_outage(lab, operator, wwids):
    sizes = {**GROWN, "films": "640MiB"}
    backup = {"host": "node02", "argv": ["cp", "/srv/films/data", "/root/backup"]}
    changes = {
        "images": {"slots": 6, "workloads": {"services": ["writer"]}},
        "films": {"growth": "offline", "backup": backup},
    }
    before = sums(lab)
    network = {"idle_timeout_ms": 25000}
    file = operator.write(wish(wwids, sizes, changes, network=network))
    plan = operator.plan(file)
    (outage,) = plan["clusters"][0]["outages"]
    assert outage["hosts"] == list(HOSTS)
    assert outage["workloads"] == ["writer.service"]
    for word in ("timeouts", "images: 6 slots", "films: offline growth"):
        assert word in outage["because"]
    events = operator.converge(file)
    kinds = [kind for _host, kind in commands(events)]
    assert kinds.index("rescan") < kinds.index("back-up") < kinds.index("unmount")
    assert kinds.index("unmount") < kinds.index("check-file-system") < kinds.index("mount")
    assert kinds.count("unmount") == 6
    grown(lab, "films", 640 * MIB)
    for host in HOSTS:
        note = json.loads(done(lab, host, "cat /var/lib/reconcile/ocfs2/backup-*.json"))
        assert (note["label"], note["bytes"], note["host"]) == ("films", 512 * MIB, "node02")
        assert note["boot"] in done(lab, host, "cat /proc/sys/kernel/random/boot_id")
        assert note["began"] <= note["ended"]
    slots = "debugfs.ocfs2 -R stats /dev/mapper/mpatha-part1 | grep Slots"
    assert done(lab, "node01", slots).split()[-1] == "6"
    assert sums(lab) == before == sums(lab, "node03")
    for host in HOSTS:
        state = "systemctl is-active writer; systemctl is-enabled writer"
        assert done(lab, host, state).split() == ["active", "enabled"]
    pauses(lab, *HOSTS)
    assert operator.is_settled(file)


@pytest.mark.nightly
def test_withdrawn_volumes_are_unmounted_kept_and_clean(lab, operator, wwids):
    sizes = {**GROWN, "films": "640MiB"}
    changes = {"images": {"slots": 6, "workloads": {"services": ["writer"]}}}
    network = {"idle_timeout_ms": 25000}
    before = sums(lab)
    none = wish(wwids, sizes, changes, network=network)
    operator.converge(operator.write({**none, "volumes": []}))
    for host in HOSTS:
        assert not any(has_mounted(lab, host, f"/srv/{label}") for label in SIZES)
        assert "/srv/" not in done(lab, host, "cat /etc/fstab")
    for label in SIZES:
        said = done(lab, "node01", f"fsck.ocfs2 -fn /dev/mapper/{node_of(label)}", timeout=240)
        assert "All passes succeeded" in said
        found = re.findall(r"^\[[A-Z_0-9]+\].*", said, re.MULTILINE)
        # More slots outgrow the system directory, of which tunefs.ocfs2 makes no index.
        assert [line for line in found if not line.startswith(NO_INDEX)] == [], said
    operator.converge(operator.write(none))
    assert sums(lab) == before
    pauses(lab, *HOSTS)
