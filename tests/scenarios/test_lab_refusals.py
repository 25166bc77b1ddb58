"""Each refusal provoked on real hosts, and nothing written by any of them."""

import json

import pytest

from tests.lab.fixtures import lab_module
from tests.scenarios.operator import LUN, cluster, member, volume

# node03 has no ocfs2 module; lun2 is another disk on every host under the same name.
lab = lab_module("refuse", hosts=3, luns=2, split_lun="lun2", no_module="node03")

SPLIT = "/dev/disk/by-id/lab-lun2"
WRITTEN = "ls /etc/ocfs2/cluster.conf /var/lib/reconcile /srv 2>&1 | sha256sum"


@pytest.fixture
def untouched(lab):
    """What a refused plan and apply must leave as it was on the two good hosts."""
    before = [lab.run(host, WRITTEN).stdout for host in ("node01", "node02")]
    yield
    assert [lab.run(host, WRITTEN).stdout for host in ("node01", "node02")] == before


def refused(operator, file, code, subject):
    """Plan and apply are refused for exactly this reason; its remedy is not empty."""
    assert operator.refusals(file) == {(code, subject)}
    done = operator.run("apply", file, "--format", "json", "--auto-approve")
    last = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, last["event"], last["result"]) == (3, "run-finished", "refused")


def test_a_host_without_the_module_is_refused(operator, untouched):
    refused(operator, operator.write(cluster("node03")), "module-missing", "member/node03")


def test_an_interconnect_address_that_is_not_on_the_host_is_refused(operator, untouched):
    file = operator.write(cluster(members=[member("node01", interconnect="10.88.1.99")]))
    refused(operator, file, "interconnect-not-on-host", "member/node01")


def test_a_name_that_is_not_the_hosts_own_is_refused(operator, untouched):
    renamed = member("node02", ssh={"host": "node01"}, interconnect="10.88.1.11")
    file = operator.write(cluster(members=[renamed]))
    refused(operator, file, "hostname-differs", "member/node02")


def test_sudo_that_asks_for_a_password_is_refused(operator, untouched):
    asking = member("node01", ssh={"user": "nopw", "sudo": True})
    file = operator.write(cluster(members=[asking]))
    refused(operator, file, "sudo-refused", "member/node01")


def test_a_user_without_rights_is_refused(operator, untouched):
    powerless = member("node01", ssh={"user": "ops"})
    file = operator.write(cluster(members=[powerless]))
    assert ("not-root", "member/node01") in operator.refusals(file)


def test_a_changed_host_key_is_refused(lab, operator, untouched):
    known = (lab.directory / "known_hosts").read_text().splitlines()
    keys = {line.split()[0].split(",")[0]: line.split(" ", 1)[1] for line in known}
    forged = operator.home / "forged"
    names = next(line.split()[0] for line in known if line.startswith("node01"))
    forged.write_text(f"{names} {keys['node02']}\n")
    file = operator.write(cluster(members=[member("node01", ssh={"known_hosts": str(forged)})]))
    refused(operator, file, "host-key-changed", "member/node01")


def test_an_unreachable_host_blocks_the_cluster_and_hides_no_other(lab, operator, untouched):
    lab.kill("node02")
    try:
        file = operator.write(cluster("node01", "node02"))
        refused(operator, file, "host-unreachable", "member/node02")
        plan = operator.plan(file)["clusters"][0]
        assert {a["host"] for a in plan["actions"] if a["kind"] == "load-module"} == {"node01"}
        seen = operator.run("observe", file)
        assert seen.returncode == 4
        assert json.loads(seen.stdout)["hosts"]["node01"]["identity"]["hostname"] == "node01"
    finally:
        lab.start("node02")


def test_a_full_etc_is_refused(lab, operator, untouched):
    lab.run("node01", "mkdir -p /root/etc; cp -a /etc/. /root/etc/")
    fill = (
        "mount -t tmpfs -o size=8m tmpfs /mnt && cp -a /root/etc/. /mnt/ && "
        "mount --bind /mnt /etc && dd if=/dev/zero of=/etc/filler bs=64k; true"
    )
    lab.run("node01", fill)
    try:
        refused(operator, operator.write(cluster("node01")), "no-space", "member/node01")
    finally:
        lab.run("node01", "umount /etc; umount /mnt")


def test_a_host_in_a_foreign_cluster_is_refused(lab, operator):
    conf = (
        "node:\\n\\tip_port = 7777\\n\\tip_address = 10.88.1.12\\n\\tnumber = 0\\n"
        "\\tname = node02\\n\\tcluster = other\\n\\ncluster:\\n\\tnode_count = 1\\n\\tname = other\\n"
    )
    lab.run("node02", f"printf '{conf}' > /etc/ocfs2/cluster.conf")
    try:
        file = operator.write(cluster("node01", "node02"))
        refused(operator, file, "foreign-cluster", "member/node02")
        lab.run(
            "node02",
            "modprobe ocfs2; modprobe ocfs2_stack_o2cb; "
            "mount -t configfs configfs /sys/kernel/config; "
            "o2cb register-cluster other; mv /etc/ocfs2/cluster.conf /root/",
        )
        refused(operator, file, "foreign-cluster", "member/node02")
    finally:
        lab.run(
            "node02",
            "mv /root/cluster.conf /etc/ocfs2/ 2>/dev/null; "
            "o2cb unregister-cluster other; rm -f /etc/ocfs2/cluster.conf",
        )


SIGNATURES = {
    "ext4": "mkfs.ext4 -q -F {dev}",
    "lvm": "pvcreate -qff -y {dev}",
    "partition table": "printf 'label: gpt\\n,100M\\n' | sfdisk -q {dev}",
    "swap": "mkswap -q {dev}",
    "ocfs2": "mkfs.ocfs2 -q -x -L music -N 2 -M local {dev}",
    # In the first 16 MiB, which are read whole; further in, only samples are.
    "data": "dd if=/dev/urandom of={dev} bs=4k count=1 seek=2500 conv=notrunc",
}
# Made on this machine: first bytes of a disk that has them, and they are told by those alone.
HEADS = {
    "xfs": "truncate -s 300M {img} && mkfs.xfs -q -L music {img}",
    "luks": "truncate -s 32M {img} && echo secret | cryptsetup luksFormat -q --type luks2 "
    "--pbkdf pbkdf2 --pbkdf-force-iterations 1000 {img} -",
}
TYPES = {"xfs": "xfs", "luks": "crypto_LUKS"}
SEND = (
    "head -c 1M {img} | ssh -F $LAB_SSH_CONFIG -l root node02 "
    "dd of=/dev/ubdb bs=1M oflag=direct iflag=fullblock status=none"
)
HEADS_GONE = "dd if=/dev/zero of=/dev/ubdb bs=1M count=1 oflag=direct status=none"
CLEAR = (
    "wipefs -aq {dev} 2>/dev/null; "
    "dd if=/dev/zero of={dev} bs=1M count=600 oflag=direct 2>/dev/null; "
    "dd if=/dev/zero of={dev} bs=1M seek=1000 count=24 oflag=direct 2>/dev/null; "
    "partx -d {dev} 2>/dev/null; true"
)


def each_time_or_nightly(content):
    """What blkid knows like what it is tried with each time is left to the nights."""
    marks = [pytest.mark.nightly] if content in {"ext4", "lvm", "swap"} else []
    return pytest.param(content, marks=marks)


@pytest.mark.parametrize("content", [*map(each_time_or_nightly, SIGNATURES)])
def test_a_device_that_is_not_blank_is_never_formatted(lab, operator, untouched, content):
    make = SIGNATURES[content].format(dev="/dev/ubdb")
    assert lab.run("node02", make, timeout=120).returncode == 0
    look = "sync; dd if=/dev/ubdb bs=1M count=400 iflag=direct 2>/dev/null | cksum"
    before = lab.run("node02", look, timeout=120).stdout
    try:
        file = operator.write(cluster("node01", "node02"))
        assert ("device-not-blank", "volume/images") in operator.refusals(file)
        assert operator.run("apply", file, "--auto-approve").returncode == 3
        assert lab.run("node02", look, timeout=120).stdout == before
    finally:
        lab.run("node02", CLEAR.format(dev="/dev/ubdb"), timeout=180)


@pytest.mark.parametrize("content", HEADS)
def test_what_mkfs_knows_nothing_of_is_never_formatted(
    lab, operator, untouched, tmp_path, content
):
    img = tmp_path / "image"
    made = "PATH=$PATH:/usr/sbin:/sbin; " + " && ".join((HEADS[content], SEND))
    done = lab.exec(["sh", "-c", made.format(img=img)], timeout=120)
    assert done.returncode == 0, done.stderr
    look = "dd if=/dev/ubdb bs=1M count=16 iflag=direct status=none | cksum"
    before = lab.run("node02", look).stdout
    try:
        file = operator.write(cluster("node01", "node02"))
        (one, two) = operator.plan(file)["clusters"][0]["blocked"]
        assert {one["code"], two["code"]} == {"device-not-blank"}
        assert f"it has {TYPES[content]}" in one["message"] + two["message"]
        assert lab.run("node02", look).stdout == before
    finally:
        lab.run("node02", HEADS_GONE)


def test_a_device_whose_size_differs_between_hosts_is_refused(lab, operator, untouched):
    hosts = {"node01": 1 << 20, "node02": (1 << 20) + 8}
    for host, sectors in hosts.items():
        made = f"dmsetup create odd --table '0 {sectors} linear /dev/ubdc 0'; udevadm settle"
        assert lab.run(host, made).returncode == 0
    try:
        device = {"path": "/dev/mapper/odd"}
        file = operator.write(
            cluster("node01", "node02", volumes=[volume(device=device, size="fill")])
        )
        assert operator.refusals(file) == {("device-size-differs", "volume/images")}
    finally:
        for host in hosts:
            lab.run(host, "dmsetup remove odd")


def test_a_logical_volume_inside_the_members_is_refused(lab, operator, untouched):
    make = "pvcreate -qqff -y /dev/ubdb && vgcreate -qq vg0 /dev/ubdb && "
    make += "lvcreate -qq -y -W n -Z n -l 100%FREE -n lun1 vg0"
    try:
        done = lab.run("node01", make)
        assert done.returncode == 0, done.stderr
        done = lab.run("node02", "pvscan -qq --cache; vgchange -qq -ay vg0; udevadm settle")
        assert done.returncode == 0, done.stderr
        device = {"path": "/dev/vg0/lun1"}
        file = operator.write(
            cluster("node01", "node02", volumes=[volume(device=device, size="fill")])
        )
        assert operator.refusals(file) == {("lvm-not-shared", "volume/images")}
    finally:
        for host in ("node02", "node01"):
            lab.run(host, "vgchange -qq -an vg0")
        lab.run("node01", "vgremove -qq -y vg0; pvremove -qq -y /dev/ubdb")
        lab.run("node02", HEADS_GONE)


def test_a_file_system_that_only_one_member_sees_refuses_the_format(lab, operator, untouched):
    lab.run("node02", f"mkfs.ext4 -q -F {SPLIT}")
    file = operator.write(cluster("node01", "node02", volumes=[volume(device={"path": SPLIT})]))
    try:
        assert ("device-not-blank", "volume/images") in operator.refusals(file)
    finally:
        lab.run("node02", CLEAR.format(dev=SPLIT), timeout=180)


def test_a_device_of_another_size_is_refused(operator, untouched):
    file = operator.write(cluster("node01", volumes=[volume(size="2GiB")]))
    refused(operator, file, "device-too-small", "volume/images")
    missing = operator.write(cluster("node01", volumes=[volume(device={"path": f"{LUN}-x"})]))
    refused(operator, missing, "device-missing", "volume/images")


def test_what_is_not_built_yet_is_refused_by_name(operator, untouched):
    file = operator.write(cluster("node01", heartbeat={"mode": "global"}))
    refused(operator, file, "not-supported-yet", "cluster/ocfs2")


def test_different_disks_under_one_name_are_found_before_any_mount(lab, operator):
    file = operator.write(cluster("node01", "node02", volumes=[volume(device={"path": SPLIT})]))
    code, events = operator.apply(file)
    assert code == 4
    failed = [e for e in events if e["event"] == "action-failed"]
    assert [e["kind"] for e in failed] == ["same-file-system"]
    assert "mount" not in {e.get("kind") for e in events if e["event"] == "action-started"}
    assert ("different-device", "volume/images") in operator.refusals(file)
    for host in ("node01", "node02"):
        assert " ocfs2 " not in lab.run(host, "grep -v ocfs2_dlmfs /proc/mounts").stdout
