"""What is forecast of the next boot, and what then comes up; who does not suit the others.

The lab's hosts always boot the same kernel: that the next one has no module is forecast, and
compared with what the host's own modinfo says of it, but not booted.
"""

import json
import time

from tests.lab.fixtures import lab_module
from tests.lab.shell import LabError
from tests.scenarios.lab_volumes import done
from tests.scenarios.operator import cluster, configfs, has_mounted, volume

lab = lab_module("forecast", hosts=2, luns=2)

BOTH = ("node01", "node02")
WRITTEN = "ls /etc/ocfs2/cluster.conf /var/lib/reconcile /srv 2>&1; cat /etc/fstab"
# The kernel's own file, hidden by one of ours: there is no kernel of another protocol.
OTHER_PROTOCOL = """\
modprobe ocfs2 && cat /sys/fs/ocfs2/max_locking_protocol && echo 2.0 >/root/protocol
mount --bind /root/protocol /sys/fs/ocfs2/max_locking_protocol
"""
FILMS = "/dev/disk/by-id/lab-lun2"
# Block 2 of 4 KiB has the superblock; s_feature_ro_compat is at 0xe4 (ocfs2_fs.h). 1 is
# unwritten, 8 is a feature that no kernel has, and that tools that only read let pass.
STRANGE = f"""\
mkfs.ocfs2 -x -b 4K -N 4 -L films --cluster-stack=o2cb --cluster-name=ocfs2 {FILMS} >&2
printf '\\011' | dd of={FILMS} bs=1 seek=8420 conv=notrunc,fsync status=none
"""
SPOILED = """\
systemctl disable -q o2cb
sed -i '/ocfs2/d' /etc/fstab
sed -i 's/^O2CB_IDLE_TIMEOUT_MS=.*/O2CB_IDLE_TIMEOUT_MS=20000/' /etc/default/o2cb
mkdir -p /boot/grub
printf 'menuentry "one" {\nlinux /boot/vmlinuz-9.9.9 ro\n}\n' >/boot/grub/grub.cfg
sync
"""
IDLE = "cat /sys/kernel/config/cluster/ocfs2/idle_timeout_ms"


def findings(operator, file):
    """Code and subject of each, and whether the same plan mends it."""
    (found,) = operator.plan(file)["clusters"]
    return {(f["code"], f["subject"], f["mended_by"] != "") for f in found["findings"]}


def wait_for(is_so, seconds):
    until = time.monotonic() + seconds
    while True:
        try:
            if is_so():
                return
        except (AssertionError, LabError) as error:  # it is down: no answer, or half of one
            print(f"not yet: {str(error)[:80]}")
        assert time.monotonic() < until, f"not within {seconds} s"
        time.sleep(2)


def test_a_kernel_of_another_protocol_does_not_join(lab, operator):
    operator.converge(operator.write(cluster("node01")))
    assert done(lab, "node02", OTHER_PROTOCOL) == "1.0\n"
    before = done(lab, "node02", WRITTEN + "; true")
    file = operator.write(cluster(*BOTH))
    assert operator.refusals(file) == {("protocol-skew", "member/node02")}
    ended = operator.run("apply", file, "--auto-approve")
    assert ended.returncode == 3
    assert done(lab, "node02", WRITTEN + "; true") == before
    done(lab, "node02", "umount /sys/fs/ocfs2/max_locking_protocol")
    facts = json.loads(operator.run("observe", file).stdout)["hosts"]
    assert {host: facts[host]["live"]["locking"] for host in BOTH} == dict.fromkeys(BOTH, "1.0")


def test_a_feature_that_the_kernels_lack_is_refused_and_the_kernel_agrees(lab, operator):
    done(lab, "node01", STRANGE)
    films = volume("films", device={"path": FILMS}, slots=4, format="never")
    file = operator.write(cluster(*BOTH, volumes=[volume(), films]))
    before = done(lab, "node02", WRITTEN + "; true")
    assert operator.refusals(file) == {
        ("feature-skew", "member/node01"),
        ("feature-skew", "member/node02"),
    }
    assert "ro_compat 0x8" in operator.run("plan", file).stdout
    assert done(lab, "node02", WRITTEN + "; true") == before
    failed = lab.run("node01", f"mount -t ocfs2 {FILMS} /mnt")
    assert failed.returncode != 0
    said = done(lab, "node01", "dmesg | tail -5")
    assert "couldn't mount RDWR because of unsupported optional features (8)" in said


def test_what_was_forecast_is_what_comes_up_after_a_power_cut(lab, operator):
    file = operator.write(cluster(*BOTH))
    operator.converge(file)
    assert findings(operator, file) == set()
    done(lab, "node02", SPOILED)
    assert findings(operator, file) == {
        ("next-boot-no-module", "member/node02", False),
        ("next-boot-unit-disabled", "member/node02", True),
        ("next-boot-mount-missing", "volume/images", True),
        ("next-boot-differs", "member/node02", True),
    }
    text = operator.run("plan", file).stdout
    assert "WARNING next-boot-no-module  member/node02" in text
    assert "o2cb.service would not start at boot" in text
    assert "it would not be mounted at boot" in text
    lab.kill("node02")
    lab.start("node02")
    wait_for(lambda: "No jobs" in done(lab, "node02", "systemctl list-jobs"), 400)
    assert configfs(lab, "node02") == []
    assert not has_mounted(lab, "node02")
    assert lab.run("node02", "modinfo -k 9.9.9 ocfs2").returncode != 0
    done(lab, "node02", "systemctl start o2cb")
    assert done(lab, "node02", IDLE) == "20000\n"
    done(lab, "node02", "systemctl stop o2cb; rm -r /boot/grub")


def test_what_was_mended_is_forecast_no_more(lab, operator):
    file = operator.write(cluster(*BOTH))
    wait_for(lambda: operator.plan(file)["clusters"][0]["blocked"] == [], 200)
    operator.converge(file)
    assert has_mounted(lab, "node02")
    assert findings(operator, file) == set()
    assert operator.is_settled(file)
