"""What import names a device by is what validate takes and plan understands: one list of names."""

import re
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.loading.semantics import findings
from reconciler.model.desired import Device
from reconciler.model.lasting_names import NO_GROUPS, SORTS, instability, takes_number, whole_of
from reconciler.model.observed import Disk
from reconciler.probe import parts
from reconciler.reports.imported.devices import name_device
from tests.builders import facts
from tests.unit.loading.test_semantics import device, storage

LASTING = (
    "/dev/disk/by-id/dm-uuid-mpath-3600",
    "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4",
    "/dev/disk/by-id/scsi-SLIO_images",
    "/dev/disk/by-id/virtio-images",
    "/dev/disk/by-path/pci-0000:00:10.0-scsi-0:0:1:0",
    "/dev/oracleoci/oraclevdb",
    "/dev/rbd/pool/images",
    "/dev/rbd/pool/space/images",
    "/dev/drbd/by-res/images/0",
    "/dev/drbd/by-res/images",
    "/dev/drbd0",
    "/dev/md/images",
    "/dev/mapper/images",
    "/dev/san/images",
)
OTHERS = (
    *("/dev/sdb", "/dev/rbd0", "/dev/cciss/c0d0", "/dev/mapper/mpath0", "/dev/mapper/mpatha"),
    *("/dev/disk/by-id/dm-name-mpathb", "/dev/disk/by-uuid/0f", "/dev/disk/by-label/x"),
    *("/dev/drbd/by-disk/sdb", "/dev/nvme0n1", "/dev/disk/by-id/a#b", "/dev/input/event0"),
)
PARTS = (
    "/dev/disk/by-id/scsi-SLIO_images-part1",
    "/dev/disk/by-path/pci-0000:00:10.0-scsi-0:0:1:0-part1",
    "/dev/disk/by-partuuid/0f",
    "/dev/oracleoci/oraclevdb1",
    "/dev/rbd/pool/images-part1",
    *("/dev/sdb1", "/dev/cciss/c0d0p1", "/dev/disk/by-partlabel/images"),
)
WHOLE = Disk(
    "xyz", "8:16", 1 << 30, 512, False, None, None, None, None, None, None, (), (), ()
)  # fmt: skip
PART = replace(WHOLE, name="xyz1", device="8:17", partition=1, start=2048, parent="xyz")
names = st.frozensets(st.sampled_from([*LASTING, *OTHERS]))
part_names = st.frozensets(st.sampled_from(PARTS))


def named(links: frozenset[str], parts_of: frozenset[str] | None = None) -> Device | None:
    """The device as import names it: a disk with these links, or a partition of it with those."""
    disk = replace(WHOLE, links=tuple(sorted(links)))
    part = replace(PART, links=tuple(sorted(parts_of or ())))
    disks = (disk,) if parts_of is None else (disk, part)
    seen = facts("node01", 1, disks=disks)
    return name_device(seen, disks[-1], {"node01": seen})


def is_accepted(found: Device) -> bool:
    given_as = {key: value for key, value in found.model_dump().items() if value is not None}
    return list(findings(storage(device(**given_as)))) == []


@given(names)
def test_a_disk_is_named_as_validate_takes_it_or_not_at_all(links):
    found = named(links)
    lasting = links & set(LASTING)
    assert (found is None) == (not lasting)
    if found is not None:
        assert is_accepted(found)
        assert found.path in lasting


@given(names, part_names)
def test_a_partition_is_named_by_itself_or_counted_on_its_disk(links, own):
    found = named(links, own)
    lasting = {link for link in own if not instability(link)}
    whole = {link for link in links & set(LASTING) if takes_number(link)}
    assert (found is None) == (not (lasting or whole))
    if found is not None:
        assert is_accepted(found)
        assert found.path in (whole if found.partition else lasting)


@pytest.mark.parametrize("several", list(combinations(LASTING, 2)))
def test_of_two_lasting_names_one_is_written(several):
    found = named(frozenset(several))
    assert found is not None
    assert found.path in several
    assert is_accepted(found)


@pytest.mark.parametrize("path", OTHERS)
def test_what_does_not_last_is_neither_taken_nor_written(path):
    assert named(frozenset([path])) is None
    if "#" not in path:  # which no file can have
        assert [f.code for f in findings(storage(device(path=path)))] == ["unstable-path"]


@pytest.mark.parametrize("path", ["/dev/disk/by-partuuid/0f", *PARTS[:2], *PARTS[3:5]])
def test_a_partition_has_no_partitions(path):
    assert whole_of(path) is not None
    found = [f.code for f in findings(storage(device(path=path, partition=1)))]
    assert found == ["partition-of-what"]


def test_each_kind_of_name_has_an_example_here():
    for sort in SORTS:
        assert any(re.fullmatch(sort.pattern, path) for path in (*LASTING, *PARTS)), sort.name


def test_the_probe_looks_for_the_same_names():
    """By the directories that it lists, and by those that it takes for no volume group."""
    text = parts()["disks"].text
    listed = re.search(r"for pattern in ((?:.|\n)*?); do", text)
    assert listed is not None
    patterns = [f"/dev/{glob}" for glob in re.findall(r"'([^']+)'", listed[1])]
    for path in (*LASTING, *PARTS[:5]):
        found = any(re.fullmatch(pattern.replace("*", "[^/]+"), path) for pattern in patterns)
        other = path.startswith(("/dev/mapper/", "/dev/drbd0", "/dev/san/"))
        assert found != other, path
    skipped = {
        word
        for line in re.findall(r"^ +([a-z|& ]+)\) continue ;;$", text, re.MULTILINE)
        for word in line.split(" | ")
    }
    assert skipped == set(NO_GROUPS)
