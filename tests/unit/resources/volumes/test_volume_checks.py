"""Why a device is not taken for a volume: on facts of the members."""

from dataclasses import replace

import pytest

from reconciler.resources.volumes.checks import check
from tests.builders import GIB, bare, mount, spec, volume, with_facts

CLUSTER = spec(("node01", "node02"), volumes=[volume()])


def tell(seen, cluster=CLUSTER):
    return [(b.code, b.subject, b.message) for b in check(cluster, seen)]


def name_disks(seen, *wwids):
    """The members see their disks by these WWIDs."""
    for host, wwid in zip(seen.hosts, wwids, strict=True):
        disks = tuple(replace(disk, wwid=wwid) for disk in seen.hosts[host].disks)
        seen = with_facts(seen, host, disks=disks)
    return seen


@pytest.mark.parametrize("wwids", [("3600a", "3600b"), ("3600a", None)])
def test_a_path_that_leads_to_two_disks_is_no_volume_though_both_are_alike(wwids):
    assert tell(name_disks(bare(CLUSTER), "3600a", "3600a")) == []
    ((code, subject, message),) = tell(name_disks(bare(CLUSTER), *wwids))
    assert (code, subject) == ("different-device", "volume/images")
    assert message.endswith(f"WWIDs: node01 {wwids[0]}, node02 {wwids[1] or 'none'}")


def test_what_is_mounted_and_shows_nothing_is_not_formatted():
    seen = with_facts(bare(CLUSTER), "node02", mounts=(mount(),))
    ((code, subject, message),) = tell(seen)
    assert (code, subject) == ("device-not-blank", "volume/images")
    assert "mounted, and it shows no file system: another disk" in message


@pytest.mark.parametrize(
    ("whole", "part", "words"),
    [
        (GIB, GIB - (1 << 20), None),
        (GIB // 2, GIB // 4, "node01: the disk has 512MiB, the file wants 1024MiB"),
        (GIB, GIB // 2, "the disk has room, but partition 1 has only 512MiB"),
    ],
)
def test_a_blank_device_has_the_size_that_is_wanted(whole, part, words):
    device = {"path": "/dev/disk/by-id/lab-lun1", "partition": 1}
    cluster = spec(("node01",), volumes=[volume(device=device)])
    facts = bare(cluster).hosts["node01"]
    disk = replace(facts.disks[0], size=whole)
    inside = replace(
        disk, name="ubdb1", device="98:17", size=part, partition=1, start=2048, parent="ubdb"
    )
    view = replace(
        facts.wanted[0],
        ref="path=/dev/disk/by-id/lab-lun1,part=1",
        nodes=("ubdb1",),
        node="ubdb1",
        device="98:17",
        size=part,
    )
    seen = with_facts(bare(cluster), "node01", disks=(disk, inside), wanted=(view,))
    found = tell(seen, cluster)
    assert [(code, subject) for code, subject, _ in found] == (
        [("device-too-small", "volume/images")] if words else []
    )
    assert all(words in message for _, _, message in found)
