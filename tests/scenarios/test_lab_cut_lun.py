"""A LUN or a partition that is shorter than its file system: refused, and mended by who cut it."""

from tests.lab.fixtures import lab_module
from tests.scenarios.lab_volumes import (
    HOSTS,
    MIB,
    done,
    filled,
    grown,
    node_of,
    partitioned,
    seen,
    sums,
    wish,
)
from tests.scenarios.operator import commands

lab = lab_module("cut", hosts=3, storage="san", lun_size="384M,64M,384M")

SIZES = {"images": "384MiB", "films": "384MiB"}
RESCAN = "iscsiadm -m session -R >/dev/null && multipathd resize map mpathc >/dev/null"
READ = "partprobe /dev/mapper/mpatha; udevadm settle"
# To the middle of it, and to its end: fdisk's units are sectors of 512 bytes.
CUT = "echo ', 196MiB' | sfdisk -q -N 1 --no-reread --no-tell-kernel --force /dev/mapper/mpatha"
GIVEN_BACK = (
    "echo ', +' | sfdisk -q -N 1 --no-reread --no-tell-kernel --force /dev/mapper/mpatha"
)


def sizes(lab, label):
    """By host what its kernel says of the device, in MiB."""
    look = f"blockdev --getsize64 /dev/mapper/{node_of(label)}"
    return [int(done(lab, host, look)) // MIB for host in HOSTS]


def nothing_lost(lab, before):
    """What was written is there, on the disk as well as in memory."""
    done(lab, "node01", "echo 3 >/proc/sys/vm/drop_caches")
    assert sums(lab) == before


def test_a_lun_that_was_cut_is_refused_and_read_anew_once_it_is_whole(lab, operator, wwids):
    partitioned(lab, "images")
    file = operator.write(wish(wwids, SIZES))
    operator.converge(file)
    filled(lab, *SIZES)
    before = sums(lab)
    done(lab, "san", "lvreduce -qq -f -y -L 256m san/lun3")
    for host in HOSTS:
        done(lab, host, RESCAN)
    assert sizes(lab, "films") == [256, 256, 256]
    assert operator.refusals(file) == {("device-too-small", "volume/films")}
    assert operator.run("apply", file, "--auto-approve").returncode == 3
    assert sizes(lab, "films") == [256, 256, 256]
    done(lab, "san", "lvextend -qq -L 384m san/lun3")
    events = operator.converge(file)
    assert {kind for _host, kind in commands(events)} == {"rescan", "same-size"}
    assert sizes(lab, "films") == [384, 384, 384]
    nothing_lost(lab, before)
    grown(lab, "films", 384 * MIB)


def test_a_partition_that_was_cut_is_refused_until_its_end_is_back(lab, operator, wwids):
    file = operator.write(wish(wwids, SIZES))
    before, whole = sums(lab), sizes(lab, "images")
    done(lab, "node01", CUT)
    for host in HOSTS:
        lab.run(host, READ)
    assert sizes(lab, "images") == [196, 196, 196]
    ((code, subject),) = operator.refusals(file)
    assert (code, subject) == ("device-too-small", "volume/images")
    assert operator.run("apply", file, "--auto-approve").returncode == 3
    done(lab, "node01", GIVEN_BACK)
    for host in HOSTS:
        lab.run(host, READ)
    assert sizes(lab, "images") == whole
    nothing_lost(lab, before)
    assert {device // MIB for device, *_ in seen(lab, "images").values()} == set(whole)
    assert operator.is_settled(file)
