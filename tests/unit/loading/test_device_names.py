"""Names of devices that last, and WWIDs as multipath writes them."""

import pytest

from reconciler.loading.semantics import findings
from tests.unit.loading.test_semantics import WWID, device, storage

STABLE = [
    *("/dev/disk/by-id/virtio-images", "/dev/disk/by-path/pci-0000:00:10.0-scsi-0:0:1:0"),
    *("/dev/disk/by-partuuid/0f", "/dev/mapper/images", "/dev/san/images", "/dev/drbd0"),
    *("/dev/drbd/by-res/images", "/dev/mapper/san-images", "/dev/md/images"),
]
WWIDS = [WWID, "3600140512345678", "eui.0025385b71b00001", "1IET_00010001", "nvme.1d1d-4a4b-1"]


@pytest.mark.parametrize("path", STABLE)
def test_lets_a_stable_path_pass(path):
    assert list(findings(storage(device(path=path)))) == []


@pytest.mark.parametrize("wwid", WWIDS)
def test_lets_a_multipath_wwid_pass(wwid):
    assert list(findings(storage(device(wwid=wwid)))) == []


def test_the_missing_type_digit_of_a_wwid_is_supplied():
    (found,) = findings(storage(device(wwid=WWID[1:])))
    assert found.hint == f"the leading type digit is missing: {WWID}"


@pytest.mark.parametrize(
    ("wwid", "meant"),
    [
        ("0x" + WWID[1:], WWID),
        ("wwn-0x" + WWID[1:], WWID),
        ("naa.600140512345678", "3600140512345678"),
        ("0x5000c500a0b1c2d3", "35000c500a0b1c2d3"),
        ("scsi-" + WWID, WWID),
    ],
)
def test_another_spelling_of_a_wwid_is_answered_with_ours(wwid, meant):
    (found,) = findings(storage(device(wwid=wwid)))
    assert found.hint == f"did you mean {meant}?"


@pytest.mark.parametrize("word", ["CHANGE", "changeme", "TODO"])
def test_a_word_that_is_to_be_replaced_is_no_wwid(word):
    (found,) = findings(storage(device(wwid=word)))
    assert (found.code, "scsi_id -g -u -d" in found.hint) == ("wwid-form", True)
