import pytest

from reconciler.model.observed import Beat, Disk, Slot, Superblock, WantedDevice
from reconciler.resources.volumes.parsing import multipath_wwid, parse_disks, parse_wanted

Rows = tuple[tuple[str, ...], ...]
SDA = (
    "disk", "sda", "8:0", "2097152", "512", "0", "-", "-", "-", "-", "-",
    "naa.600140512345678", "-", "dm-0,dm-1", "1073741824",
)  # fmt: skip
PART = (
    "disk", "dm-2", "254:2", "2095071", "4096", "1", "1", "2048", "dm-0", "mpatha-part1",
    "part1-mpath-3600140512345678", "-", "dm-0", "-", "-",
)  # fmt: skip
REF = "wwid=3600,part=1"
NODE = ("node", REF, "dm-2", "254:2", "1072676352")
SB: Rows = (
    ("sb", REF, "state", "0"),
    ("sb", REF, "compat", "3 backup-super"),
    ("sb", REF, "incompat", "80"),
    ("sb", REF, "ro_compat", "1"),
    ("sb", REF, "block_size", "4096"),
    ("sb", REF, "cluster_size", "131072"),
    ("sb", REF, "slots", "8"),
    ("sb", REF, "label", "images"),
    ("sb", REF, "uuid", "3A83413814C148F8B806F86334225BAC"),
    ("sb", REF, "stack", "o2cb"),
    ("sb", REF, "cluster", "ocfs2"),
    ("sb", REF, "flags", "1 Globalheartbeat"),
    ("sb", REF, "clusters", "8183"),
)
FOUND: Rows = (("want", REF, "dm-2", "yes"), NODE)
SUPERBLOCK = Superblock(
    uuid="3a834138-14c1-48f8-b806-f86334225bac",
    label="images",
    slots=8,
    block_size=4096,
    cluster_size=131072,
    clusters=8183,
    stack="o2cb",
    cluster="ocfs2",
    compat="3 backup-super",
    incompat="80",
    ro_compat="1",
    state="0",
    flags="1 Globalheartbeat",
)


def test_disks_are_read_each_with_the_links_that_lead_to_it() -> None:
    rows = (SDA, PART, ("link", "/dev/mapper/mpatha-part1", "dm-2"), ("link", "/dev/a", "dm-2"))
    assert parse_disks(rows) == (
        Disk(
            name="sda", device="8:0", size=1073741824, sector=512, read_only=False,
            partition=None, start=None, parent=None, dm_name=None, dm_uuid=None,
            wwid="3600140512345678", slaves=(), holders=("dm-0", "dm-1"), links=(),
            capacity=1073741824,
        ),
        Disk(
            name="dm-2", device="254:2", size=1072676352, sector=4096, read_only=True,
            partition=1, start=2048, parent="dm-0", dm_name="mpatha-part1",
            dm_uuid="part1-mpath-3600140512345678", wwid="3600140512345678",
            slaves=("dm-0",), holders=(), links=("/dev/a", "/dev/mapper/mpatha-part1"),
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "raw", "dm_uuid", "wwid"),
    [
        ("sda", "naa.600140512345678", "-", "3600140512345678"),
        ("sda", "eui.0025385b71b0a1c2", "-", "20025385b71b0a1c2"),
        ("sda", "t10.ATA     QEMU HARDDISK      QM00001  ", "-", "1ATA_QEMU_HARDDISK_QM00001"),
        ("sda", "iqn.2026-11.org.example:lun0", "-", "8iqn.2026-11.org.example:lun0"),
        ("sda", "something else", "-", None),
        ("sda", "odd.kind", "-", None),
        ("ubdb", "-", "-", None),
        ("nvme0n1", "eui.0025385b71b0a1c2", "-", "eui.0025385b71b0a1c2"),
        ("nvme0n1", "nvme.1af4-31", "-", "nvme.1af4-31"),
        ("nvme0n1", "-", "-", None),
        ("dm-0", "-", "mpath-3600140512345678", "3600140512345678"),
        ("dm-1", "-", "part12-mpath-3600140512345678", "3600140512345678"),
        ("dm-2", "-", "LVM-abcdef", None),
    ],
)
def test_the_wwid_is_written_as_multipath_writes_it(
    name: str, raw: str, dm_uuid: str, wwid: str | None
) -> None:
    assert multipath_wwid(name, raw, dm_uuid) == wwid


def changed(row: tuple[str, ...], at: int, value: str) -> tuple[str, ...]:
    return (*row[:at], value, *row[at + 1 :])


@pytest.mark.parametrize(
    "row",
    [
        SDA[:-1],
        (*SDA, "-"),
        changed(SDA, 2, "8"),
        changed(SDA, 3, "-"),
        changed(SDA, 3, "-1"),
        changed(SDA, 5, "2"),
        changed(SDA, 6, "one"),
        changed(SDA, 14, "1G"),
    ],
)
def test_garbled_disks_are_refused(row: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_disks((row,))


# Sequence, number, checksum, generation and dead time of a live node, least byte first.
BLOCK = f"6af1026b00000000{'01000000'}{'0a1b2c3d'}b83218f55331c899{'30f20000'}{'00000000'}"


@pytest.mark.parametrize("block", ["", "0" * 63, "0" * 66, "G" * 64, "A" * 64])
def test_a_garbled_heartbeat_block_is_refused(block: str) -> None:
    with pytest.raises(ValueError, match="not a heartbeat block"):
        parse_wanted((*FOUND, ("hb", REF, "ok"), ("beat", REF, "1", block)))


def test_a_volume_is_read_whole() -> None:
    rows = (
        *FOUND,
        ("sig", REF, "TYPE", "ocfs2"),
        ("sig", REF, "LABEL", r"a\ b\$c"),
        *SB,
        ("slotmap", REF, "ok"),
        ("slot", REF, "0", "1"),
        ("hb", REF, "ok"),
        ("beat", REF, "1", BLOCK),
    )
    assert parse_wanted(rows) == (
        WantedDevice(
            ref=REF, nodes=("dm-2",), node="dm-2", device="254:2", size=1072676352,
            disk_found=True, signature={"TYPE": "ocfs2", "LABEL": "a b$c"},
            superblock=SUPERBLOCK, slot_map=(Slot(0, 1),),
            beats=(Beat(1, "000000006b02f16a", "99c83153f51832b8", BLOCK, 62_000),),
        ),
    )  # fmt: skip


def test_an_unstamped_volume_has_no_stack_and_no_cluster() -> None:
    rows = [row for row in SB if row[2] not in ("stack", "cluster")]
    (found,) = parse_wanted((*FOUND, *rows, ("sb", REF, "stack", "classic o2cb")))
    assert found.superblock is not None
    assert (found.superblock.stack, found.superblock.cluster) == ("", "")


def test_an_empty_slot_map_and_no_heartbeat_differ_from_unread_ones() -> None:
    (empty,) = parse_wanted((*FOUND, ("slotmap", REF, "ok"), ("hb", REF, "ok")))
    (unread,) = parse_wanted((*FOUND, ("beat", REF, "1", BLOCK)))
    assert (empty.slot_map, empty.beats) == ((), ())
    assert (unread.slot_map, unread.beats) == (None, None)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((("want", REF, "-", "no"),), WantedDevice(REF, ())),
        ((("want", REF, "-", "yes"),), WantedDevice(REF, (), disk_found=True)),
        (
            (("want", REF, "sda,sdb", "yes"),),
            WantedDevice(REF, ("sda", "sdb"), disk_found=True),
        ),
        (
            (*FOUND, ("zeros", REF, "yes")),
            WantedDevice(
                REF, ("dm-2",), "dm-2", "254:2", 1072676352, disk_found=True, zeros=True
            ),
        ),
        (
            (*FOUND, ("zeros", REF, "no"), ("wipefs", REF, "gpt")),
            WantedDevice(
                REF, ("dm-2",), "dm-2", "254:2", 1072676352, disk_found=True, zeros=False,
                wiped=("gpt",),
            ),
        ),
        (
            (*FOUND, ("unread", REF, "no path")),
            WantedDevice(
                REF, ("dm-2",), "dm-2", "254:2", 1072676352, disk_found=True, unread="no path"
            ),
        ),
    ],
)  # fmt: skip
def test_what_is_found_or_not_is_told_apart(rows: Rows, expected: WantedDevice) -> None:
    assert parse_wanted(rows) == (expected,)


@pytest.mark.parametrize(
    "rows",
    [
        (NODE,),
        (*FOUND, FOUND[0]),
        (*FOUND, NODE),
        (*FOUND, ("zeros", REF, "maybe")),
        (*FOUND, ("zeros", REF, "yes"), ("zeros", REF, "yes")),
        (*FOUND, ("slot", REF, "a", "1")),
        (*FOUND, ("hb", REF, "ok"), ("beat", REF, "1", "0", "0")),
        (*FOUND, ("hb", REF, "ok"), ("beat", REF, "-1", "0" * 16, "0" * 16)),
        (*FOUND, *SB, ("sb", REF, "uuid", "0" * 32)),
        (*FOUND, *SB, ("sb", REF, "colour", "blue")),
        (*FOUND, *SB[:-1]),
        (*FOUND, *(row for row in SB if row[2] != "uuid"), ("sb", REF, "uuid", "xyz")),
        (*FOUND, ("odd", REF)),
        (("want", REF, "-", "perhaps"),),
    ],
)
def test_a_garbled_device_is_refused(rows: Rows) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_wanted(rows)
