"""Odd block devices: one tells of no other, and makes no other unknown."""

from pathlib import Path

import pytest

from reconciler.model.devices import unread
from reconciler.model.observed import require
from tests.unit.gate.calls import SHELLS
from tests.unit.probe.sysfs import USUAL, Sysfs

pytestmark = pytest.mark.parametrize("shell", SHELLS)
WWID = "eui.0025388b710c6f11"


@pytest.fixture
def sysfs(tmp_path: Path) -> Sysfs:
    return Sysfs(tmp_path)


@pytest.mark.parametrize("number", [None, "259:1"])
def test_a_hidden_path_of_nvme_is_no_device_and_lends_nothing(sysfs, shell, number):
    """Native NVMe multipath: hidden is 1, and there is no dev; the WWID is both's."""
    sysfs.add("nvme0c0n1", number, hidden="1", wwid=WWID)
    sysfs.add("nvme0n1", "259:0", hidden="0", wwid=WWID)
    sysfs.add("nvme0n1p1", "259:2", partition="1", start="2048", queue__logical_block_size=None)
    sysfs.add("mmcblk0", "179:0")
    words = ("--want", f"wwid={WWID}")
    facts = sysfs.facts(*words, shell=shell)
    assert [(disk.name, disk.device) for disk in require(facts.disks)][:2] == [
        ("mmcblk0", "179:0"),
        ("nvme0n1", "259:0"),
    ]
    (view,) = require(facts.wanted)
    assert (view.nodes, view.node, view.device) == (("nvme0n1",), "nvme0n1", "259:0")


def test_what_has_no_number_is_left_out_and_the_others_keep_theirs(sysfs, shell):
    sysfs.add("sda", "8:0")
    sysfs.add("sdb", None)
    sysfs.add("sdc", "8:32", size="4096")
    disks = require(sysfs.facts(shell=shell).disks)
    assert [(d.name, d.device, d.size) for d in disks] == [
        ("sda", "8:0", 1 << 20),
        ("sdc", "8:32", 2 << 20),
    ]


@pytest.mark.parametrize("missing", USUAL)
def test_an_unreadable_device_is_unknown_by_itself(sysfs, shell, missing):
    """Whatever it does not tell; first or last, nothing of the others becomes its own."""
    wwid = "naa.500000000000000b"
    sysfs.add("sda", "8:0", ro="1", size="4096", queue__logical_block_size="4096")
    sysfs.add("sdb", "8:16", device__wwid=wwid, **{missing.replace("/", "__"): None})
    sysfs.add("sdc", "8:32", device__wwid="naa.500000000000000c")
    words = ("--want", "wwid=3500000000000000b", "--want", "wwid=3500000000000000c")
    facts = sysfs.facts(*words, shell=shell)
    assert [disk.name for disk in require(facts.disks)] == ["sda", "sdc"]
    odd, other = require(facts.wanted)
    assert (odd.nodes, odd.node) == (("sdb",), None)
    assert unread(facts, odd) == "the kernel does not tell all of sdb"
    assert (other.node, other.device) == ("sdc", "8:32")


def test_of_two_disks_only_one_has_a_name_in_device_mapper(sysfs, shell):
    sysfs.add("sda", "8:0", dm__name="mpatha", dm__uuid="mpath-x", partition="3", start="8")
    sysfs.add("sdb", "8:16")
    first, second = require(sysfs.facts(shell=shell).disks)
    assert (first.dm_name, first.dm_uuid, first.partition) == ("mpatha", "mpath-x", 3)
    assert (second.dm_name, second.dm_uuid, second.partition) == (None, None, None)
    assert (second.start, second.parent, second.wwid) == (None, None, None)
