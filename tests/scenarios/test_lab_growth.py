"""Volumes grow on a real SAN: LVM, iSCSI, two paths, multipath, partition, file system.

``images`` is a GPT partition, ``music`` an MBR partition, ``films`` a whole LUN.
"""

import re

import pytest

from tests.lab.fixtures import lab_module
from tests.lab.shell import wait_until
from tests.scenarios.operator import (
    Operator,
    cluster,
    commands,
    has_mounted,
    pauses,
    start_writers,
    volume,
)

lab = lab_module("growth", hosts=4, storage="san", lun_size="512M,384M,384M")

HOSTS = ("node01", "node02", "node03")
MIB = 1 << 20
LUNS = {
    "images": ("lun1", "mpatha", 1),
    "music": ("lun2", "mpathb", 1),
    "films": ("lun3", "mpathc", None),
}
SIZES = {"images": "512MiB", "music": "384MiB", "films": "384MiB"}
# What the device-mapper and the mounted file system have, and what the superblock says.
LOOK = (
    "blockdev --getsize64 /dev/mapper/{node}; stat -f -c '%b %S' /srv/{label} | "
    "while read b s; do echo $((b * s)); done; "
    "debugfs.ocfs2 -R stats /dev/mapper/{node} | awk '/Links:/ {{ print $NF }} "
    "/Cluster Size Bits/ {{ print 2 ^ $NF }}'"
)
ALONE = """\
cat >/etc/ocfs2/cluster.conf <<'X'
cluster:
\tnode_count = 1
\tname = ocfs2

node:
\tip_port = 7777
\tip_address = 10.88.1.14
\tnumber = 9
\tname = node04
\tcluster = ocfs2
X
sed -i 's/^O2CB_ENABLED=.*/O2CB_ENABLED=true/; s/^O2CB_BOOTCLUSTER=.*/O2CB_BOOTCLUSTER=ocfs2/' \
    /etc/default/o2cb
systemctl restart o2cb && mkdir -p /mnt/it && mount -t ocfs2 /dev/mapper/mpathc /mnt/it
"""


@pytest.fixture(scope="module")
def operator(lab, tmp_path_factory):
    return Operator(lab, tmp_path_factory.mktemp("operator"))


@pytest.fixture(scope="module")
def wwids(lab):
    return {lun["name"]: lun["wwid"] for lun in lab.inventory["luns"]}


def wish(wwids, sizes, changes=None, **more):
    """The three volumes with these sizes; ``changes`` by label are more keys of a volume."""
    found = []
    for label, (lun, _map, partition) in LUNS.items():
        device = {"wwid": wwids[lun], **({"partition": partition} if partition else {})}
        backing = {"lvm": {"host": "san", "vg": "san", "lv": lun}}
        keys = {"device": device, "size": sizes[label], "slots": 4, "backing": backing}
        found.append(volume(label, **{**keys, **(changes or {}).get(label, {})}))
    return cluster(*HOSTS, volumes=found, **more)


def done(lab, host, command, timeout=120):
    ended = lab.run(host, command, timeout=timeout)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def node_of(label):
    _lun, name, partition = LUNS[label]
    return f"{name}-part{partition}" if partition else name


def seen(lab, label):
    """By host the bytes of device, mounted file system and superblock."""
    found = {}
    for host in HOSTS:
        told = done(lab, host, LOOK.format(node=node_of(label), label=label)).split()
        device, mounted, cluster_size, clusters = map(int, told)
        found[host] = (device, mounted, cluster_size * clusters)
    return found


def never_larger(lab, label):
    """The file system of a volume is on no host larger than the device there."""
    for host, (device, _mounted, block) in seen(lab, label).items():
        assert block <= device, f"{host}: {label} has {block} of {device} bytes"


def grown(lab, label, size):
    """All of them agree: the volume has that many bytes."""
    assert {found[1:] for found in seen(lab, label).values()} == {(size, size)}
    never_larger(lab, label)


def sums(lab, host="node01"):
    return done(lab, host, "sha256sum /srv/*/data")


def test_three_volumes_on_partitions_and_a_whole_lun(lab, operator, wwids):
    for table, name in (("gpt", "mpatha"), ("msdos", "mpathb")):
        kind = "images" if table == "gpt" else "primary"
        done(
            lab,
            "node01",
            f"parted -s /dev/mapper/{name} mklabel {table} mkpart {kind} 1MiB 100%",
        )
    for host in HOSTS:
        done(lab, host, "partprobe /dev/mapper/mpatha /dev/mapper/mpathb; udevadm settle")
    code, events = operator.apply(operator.write(wish(wwids, SIZES)))
    assert code == 0, events[-1]
    for label in LUNS:
        done(
            lab, "node01", f"dd if=/dev/urandom of=/srv/{label}/data bs=1M count=16 status=none"
        )
    done(lab, "node01", "sync")
    grown(lab, "films", 384 * MIB)


def test_one_line_grows_a_gpt_partition_while_everybody_writes(lab, operator, wwids):
    before = sums(lab)
    table = done(lab, "node01", "sgdisk -i 1 /dev/mapper/mpatha")
    start_writers(lab, *HOSTS)
    pauses(lab, *HOSTS)
    file = operator.write(wish(wwids, {**SIZES, "images": "768MiB"}))
    plan = operator.plan(file)
    assert plan["clusters"][0]["outages"] == []
    assert operator.run("apply", file, "--auto-approve").returncode == 3
    code, events = operator.apply(file)
    assert code == 0, events[-1]
    print(f"growing online: {max(pauses(lab, *HOSTS).values())} s without a write at most")
    kinds = [kind for _host, kind in commands(events)]
    assert list(dict.fromkeys(kinds)) == [
        *("grow-backing", "rescan", "grow-partition", "reread-partition"),
        *("same-size", "grow-file-system"),
    ]
    grown(lab, "images", 766 * MIB)
    assert sums(lab) == before
    after = done(lab, "node01", "sgdisk -i 1 /dev/mapper/mpatha")
    same = ("Partition GUID code", "Partition unique GUID", "First sector", "Partition name")
    for line in table.splitlines():
        if line.startswith(same):
            assert line in after
    assert operator.is_settled(file)


def test_an_mbr_partition_and_a_whole_lun_grow_in_one_plan(lab, operator, wwids):
    sizes = {"images": "768MiB", "music": "512MiB", "films": "512MiB"}
    code, events = operator.apply(operator.write(wish(wwids, sizes)))
    assert code == 0, events[-1]
    grown(lab, "music", 510 * MIB)
    grown(lab, "films", 512 * MIB)


def test_a_path_or_a_host_that_is_missing_stops_growth_before_it_begins(lab, operator, wwids):
    sizes = {"images": "768MiB", "music": "512MiB", "films": "640MiB"}
    file = operator.write(wish(wwids, sizes))
    lab.cut("node02", "sb")
    try:
        waits = {("path-down", "volume/films")}
        assert wait_until(lambda: operator.refusals(file) == waits, 120, 2)
    finally:
        lab.heal("node02")
    assert wait_until(lambda: operator.run("plan", file).returncode == 0, 120, 2)
    lab.cut("node03", "mgmt")
    try:
        assert operator.refusals(file) == {("host-unreachable", "member/node03")}
    finally:
        lab.heal("node03")
    grown(lab, "films", 512 * MIB)


def test_a_map_that_does_not_follow_stops_growth_and_a_second_run_finishes(
    lab, operator, wwids
):
    sizes = {"images": "768MiB", "music": "512MiB", "films": "640MiB"}
    file = operator.write(wish(wwids, sizes))
    done(lab, "node03", "mount --bind /bin/true /usr/sbin/multipathd")
    try:
        code, events = operator.apply(file)
        assert (code, events[-1]["result"]) == (4, "partial")
        (failed,) = [event for event in events if event["event"] == "action-failed"]
        assert (failed["host"], failed["kind"]) == ("node03", "rescan")
        assert "map-not-grown" in failed["message"]
        never_larger(lab, "films")
    finally:
        done(lab, "node03", "umount /usr/sbin/multipathd")
    code, events = operator.apply(file)
    assert code == 0, events[-1]
    grown(lab, "films", 640 * MIB)


def test_a_host_whose_udev_sleeps_holds_growth_up_and_is_never_overtaken(lab, operator, wwids):
    sizes = {"images": "896MiB", "music": "512MiB", "films": "640MiB"}
    file = operator.write(wish(wwids, sizes))
    done(lab, "node02", "udevadm control --stop-exec-queue")
    try:
        code, events = operator.apply(file)
        print(f"with udev stopped: {code} {events[-1]['result']}")
        never_larger(lab, "images")
    finally:
        done(lab, "node02", "udevadm control --start-exec-queue; udevadm settle")
    operator.converge(file)
    grown(lab, "images", 894 * MIB)


def test_an_unlisted_host_that_has_the_volume_stops_every_offline_action(lab, operator, wwids):
    sizes = {"images": "896MiB", "music": "512MiB", "films": "768MiB"}
    done(lab, "node04", ALONE, timeout=240)
    try:
        offline = {"films": {"growth": "offline"}}
        file = operator.write(wish(wwids, sizes, offline))
        (blocked,) = operator.plan(file)["clusters"][0]["blocked"]
        assert (blocked["code"], blocked["subject"]) == ("foreign-heartbeat", "volume/films")
        assert "node 9" in blocked["message"]
        assert operator.run("apply", file, "--auto-approve").returncode == 3
        grown(lab, "films", 640 * MIB)
    finally:
        done(lab, "node04", "umount /mnt/it; systemctl stop o2cb; rm /etc/ocfs2/cluster.conf")


def test_offline_growth_slots_and_timeouts_share_one_outage(lab, operator, wwids):
    sizes = {"images": "896MiB", "music": "640MiB", "films": "640MiB"}
    backup = {"host": "node02", "argv": ["cp", "/srv/music/data", "/root/backup"]}
    changes = {
        "images": {"slots": 6, "workloads": {"services": ["writer"]}},
        "music": {"growth": "offline", "backup": backup},
    }
    before = sums(lab)
    network = {"idle_timeout_ms": 25000}
    file = operator.write(wish(wwids, sizes, changes, network=network))
    plan = operator.plan(file)
    (outage,) = plan["clusters"][0]["outages"]
    assert outage["hosts"] == list(HOSTS)
    assert outage["workloads"] == ["writer.service"]
    for word in ("timeouts", "images: 6 slots", "music: offline growth"):
        assert word in outage["because"]
    events = operator.converge(file)
    kinds = [kind for _host, kind in commands(events)]
    assert kinds[0] == "back-up"
    assert kinds.index("unmount") < kinds.index("check-file-system") < kinds.index("mount")
    assert kinds.count("unmount") == 9
    grown(lab, "music", 638 * MIB)
    slots = "debugfs.ocfs2 -R stats /dev/mapper/mpatha-part1 | grep Slots"
    assert done(lab, "node01", slots).split()[-1] == "6"
    assert sums(lab) == before == sums(lab, "node03")
    for host in HOSTS:
        state = "systemctl is-active writer; systemctl is-enabled writer"
        assert done(lab, host, state).split() == ["active", "enabled"]
    pauses(lab, *HOSTS)
    assert operator.is_settled(file)


def test_withdrawn_volumes_are_unmounted_kept_and_clean(lab, operator, wwids):
    sizes = {"images": "896MiB", "music": "640MiB", "films": "640MiB"}
    changes = {"images": {"slots": 6, "workloads": {"services": ["writer"]}}}
    network = {"idle_timeout_ms": 25000}
    before = sums(lab)
    none = wish(wwids, sizes, changes, network=network)
    operator.converge(operator.write({**none, "volumes": []}))
    for host in HOSTS:
        assert not any(has_mounted(lab, host, f"/srv/{label}") for label in LUNS)
        assert "/srv/" not in done(lab, host, "cat /etc/fstab")
    for label in LUNS:
        said = done(lab, "node01", f"fsck.ocfs2 -fn /dev/mapper/{node_of(label)}", timeout=240)
        assert "All passes succeeded" in said
        assert not re.search(r"^\[[A-Z_0-9]+\]", said, re.MULTILINE), said
    operator.converge(operator.write(none))
    assert sums(lab) == before
    pauses(lab, *HOSTS)
