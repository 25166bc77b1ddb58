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
    return Sysfs(tmp_path / "block")


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


def test_each_lasting_name_is_told_of_the_device_that_it_leads_to(sysfs, shell):
    """Not those of what is no block device; cciss!c0d0 is the kernel's word for cciss/c0d0."""
    leads = {
        "disk/by-id/scsi-3600": "cciss!c0d0",
        "disk/by-path/pci-0": "sda",
        "disk/by-partuuid/0f": "sda1",
        "oracleoci/oraclevdb": "sda",
        "rbd/pool/images": "rbd0",
        "rbd/pool/space/images": "rbd1",
        "drbd/by-res/r0/0": "drbd0",
        "san/images": "xvdq",
        "md/images": "md127",
    }
    for place, name in enumerate(sorted({*leads.values()})):
        sysfs.add(name, f"8:{place}")
    for path, name in leads.items():
        sysfs.link(path, name)
    (sysfs.dev / "snd").mkdir()
    sysfs.link("snd/by-path", "sda")
    (sysfs.dev / "serial").mkdir()
    (sysfs.dev / "serial" / "tty").symlink_to("../ttyS0")
    told = {}
    for disk in require(sysfs.facts(shell=shell).disks):
        for link in disk.links:
            told[link.removeprefix(f"{sysfs.dev}/")] = disk.name
    assert told == {**leads, "drbd0": "drbd0"}


@pytest.mark.parametrize("name", ["cciss!c0d0", "drbd0", "rbd0"])
def test_a_device_is_found_by_its_path_whatever_the_kernel_calls_it(sysfs, shell, name):
    sysfs.add(name, "104:0", size="8")
    (view,) = require(sysfs.facts("--want", f"path={sysfs.node(name)}", shell=shell).wanted)
    assert (view.nodes, view.node, view.device, view.size) == ((name,), name, "104:0", 4096)


def test_a_path_that_multipath_alone_calls_failed_is_told(sysfs, shell):
    """As dmsetup status tells it of a map; the disk itself is still running."""
    said = "0 4 multipath 2 0 0 0 2 1 A 0 1 2 8:0 A 0 0 1 E 0 1 2 8:16 F 1 0 1"
    sysfs.program("dmsetup", f'[ "$1" = table ] || echo "{said}"')
    for number, name in enumerate(("sda", "sdb")):
        sysfs.add(name, f"8:{number * 16}", device__state="running")
        sysfs.add(
            "dm-0", "254:0", dm__name="mpatha", dm__uuid="mpath-3600", **{f"slaves__{name}": ""}
        )
    facts = sysfs.facts("--want", "wwid=3600", shell=shell)
    told = {disk.name: disk.down for disk in require(facts.disks)}
    assert told == {"dm-0": "", "sda": "", "sdb": "failed"}


@pytest.mark.parametrize(
    ("state", "down"),
    [("running", ""), ("live", ""), ("offline", "offline"), ("transport-offline",) * 2],
)
def test_a_disk_that_is_down_is_told_with_the_word_of_the_kernel(sysfs, shell, state, down):
    for number, name in enumerate(("sda", "sdb")):
        wwid = f"naa.500000000000000{number}"
        sysfs.add(name, f"8:{number * 16}", device__wwid=wwid, device__state=state)
    facts = sysfs.facts("--want", "wwid=35000000000000001", shell=shell)
    assert [(disk.name, disk.down) for disk in require(facts.disks)] == [
        ("sda", ""),
        ("sdb", down),
    ]
