"""The disk that was approved, and no other: also when it is swapped between two looks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.gate.calls import SHELLS, Answer, needs_root, on
from tests.unit.gate.machine import MIB, UUID, WWID, Machine
from tests.unit.gate.volumes import MKFS, needs_tools

NODE = "/dev/approved"
SIZE = 100
OTHER = "3601"
FORMAT = ("--", *MKFS.replace(" -F", "").split(), NODE)
# Where the gate looks for mounts in all namespaces.
SEEN = 'case $1 in -l) echo /proc/7/mountinfo ;; *) exec /bin/grep "$@" ;; esac'
needs_udev = pytest.mark.skipif(
    not Path("/usr/lib/udev").is_dir(), reason="needs /usr/lib/udev to put scsi_id there"
)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A blank multipath disk of 100 MiB, by a name that can be led elsewhere."""
    machine = Machine(tmp_path)
    machine.multipath(SIZE, SIZE, SIZE)
    for path in ("sda", "sdb"):
        tell(machine, path, "naa.600")
        machine.file(f"{path}/device/scsi_level").write_text("7\n")
    lead(machine, "dm-0")
    machine.tool("mkfs.ocfs2", 'exec /sbin/mkfs.ocfs2 -F "$@"')
    scsi_id(machine, f"echo {WWID}")
    yield machine
    machine.close()


def tell(machine: Machine, path: str, wwid: str) -> None:
    """What the kernel has read of a path."""
    machine.file(f"{path}/device/wwid").write_text(f"{wwid}\n")


def lead(machine: Machine, name: str) -> None:
    """Where the approved name leads to."""
    with (machine.here / "nodes").open("a") as nodes:
        nodes.write(f"ln -sfn {name} dev/approved\n")


def scsi_id(machine: Machine, script: str) -> None:
    """What the disk itself says, by the tool that asks it."""
    tool = machine.here / "udev/scsi_id"
    tool.parent.mkdir(exist_ok=True)
    called = f'echo "$*" >>{machine.here}/asked'
    tool.write_text(f"#!/bin/sh\ncd {machine.here}\n{called}\nfor path; do :; done\n{script}\n")
    tool.chmod(0o755)


def form(
    machine: Machine, *, wwid: str = WWID, size: int = SIZE, shell: tuple[str, ...] = ()
) -> Answer:
    call = on(NODE, "format", wwid=wwid, size=str(size * MIB))
    fresh = "mount --bind udev /usr/lib/udev" if Path("/usr/lib/udev").is_dir() else "true"
    return machine.gate(*call, *FORMAT, before=fresh, shell=shell)


def ocfs2(machine: Machine) -> bool:
    """Whether the approved disk carries the file system."""
    return b"OCFSV2" in (machine.here / "images/dm-0").read_bytes()[:65536]


@needs_root
@needs_tools
@needs_udev
@pytest.mark.parametrize("shell", SHELLS)
def test_the_approved_disk_is_formatted_with_the_uuid_of_the_run(
    machine: Machine, shell: tuple[str, ...]
) -> None:
    assert form(machine, shell=shell) == (0, f"ok formatted {NODE}\n", "")
    assert ocfs2(machine)
    assert machine.called("mkfs.ocfs2")[0].split()[-1] == "/dev/dm-0"
    asked = (machine.here / "asked").read_text().splitlines()
    assert set(asked) == {f"-g -p 0x83 -d /dev/{path}" for path in ("sda", "sdb")}


@needs_root
@needs_tools
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("uuid", ["3a834138-14c1-48f8-b806-f86334225bad", ""])
def test_a_file_system_that_is_not_the_one_asked_for_is_no_success(
    machine: Machine, shell: tuple[str, ...], uuid: str
) -> None:
    other = f'exec /sbin/mkfs.ocfs2 -F $(echo "$*" | sed s/{UUID}/{uuid}/)' if uuid else "true"
    machine.tool("mkfs.ocfs2", other)
    has = f"ocfs2 {uuid}" if uuid else "no file system without a UUID"
    told = f"{NODE} carries {has} afterwards, not {UUID}"
    assert form(machine, shell=shell) == (70, "", f"gate: format-failed: {told}\n")


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("told", "where"), [("map", ""), ("kernel", " by sdb"), ("disk", " by sdb")]
)
def test_another_disk_is_left_alone(
    machine: Machine, shell: tuple[str, ...], told: str, where: str
) -> None:
    if told == "map":
        machine.file("dm-0/dm/uuid").write_text(f"mpath-{OTHER}\n")
    elif told == "kernel":
        scsi_id(machine, "exit 1")
        tell(machine, "sdb", "naa.601")
    elif not Path("/usr/lib/udev").is_dir():
        pytest.skip("needs /usr/lib/udev to put scsi_id there")
    else:
        scsi_id(machine, f"case $path in */sdb) echo {OTHER} ;; *) echo {WWID} ;; esac")
    words = f"{NODE} is the disk {OTHER}{where}, not {WWID}"
    assert form(machine, shell=shell) == (75, "", f"gate: wrong-device: {words}\n")
    assert machine.called("mkfs.ocfs2") == []


@needs_root
@pytest.mark.parametrize(
    ("raw", "said", "wwid"),
    [
        ("naa.600", "1VENDOR  MODEL   9", "3600"),  # the tool chose another kind of name
        ("eui.700", "3600", "3600"),  # the kernel did
        ("t10.VENDOR   MODEL  9", "1VENDOR MODEL  9", "1VENDOR_MODEL_9"),
        ("eui.700", "2700", "2700"),
        ("iqn.2026-01.x:y", "", "8iqn.2026-01.x:y"),
    ],
)
@needs_udev
def test_a_disk_has_its_name_as_multipath_writes_it(
    machine: Machine, raw: str, said: str, wwid: str
) -> None:
    node = machine.disk("sdc", "", SIZE, device__wwid=raw, device__scsi_level="7")
    lead(machine, node.rpartition("/")[2])
    scsi_id(machine, f"echo '{said}'")
    machine.tool("mkfs.ocfs2", "echo oh; exit 1")
    assert form(machine, wwid=wwid) == (70, "", "gate: format-failed: oh\n")
    status, _, err = form(machine, wwid=f"{wwid}9")
    assert (status, err[:20]) == (75, "gate: wrong-device: ")


@needs_root
def test_a_partition_is_of_the_disk_that_was_approved(machine: Machine) -> None:
    machine.tool("mkfs.ocfs2", "echo oh; exit 1")
    mapped = {"dm__uuid": f"part1-mpath-{WWID}", "slaves__dm-0": ""}
    lead(machine, machine.disk("dm-1", "", SIZE, **mapped).rpartition("/")[2])
    assert form(machine)[2] == "gate: format-failed: oh\n"
    status, _, err = form(machine, wwid=OTHER)
    assert (status, err[:20]) == (75, "gate: wrong-device: ")


@needs_root
def test_an_nvme_disk_has_the_kernel_s_name(machine: Machine) -> None:
    machine.tool("mkfs.ocfs2", "echo oh; exit 1")
    lead(machine, machine.disk("nvme0n1", "", SIZE, wwid="eui.7").rpartition("/")[2])
    assert form(machine, wwid="eui.7")[2] == "gate: format-failed: oh\n"
    assert form(machine, wwid="eui.8")[0] == 75


@needs_root
def test_only_a_disk_without_a_name_is_approved_without_one(machine: Machine) -> None:
    machine.tool("mkfs.ocfs2", "echo oh; exit 1")
    told = f"{NODE} is the disk {WWID}, not -"
    assert form(machine, wwid="-") == (75, "", f"gate: wrong-device: {told}\n")
    lead(machine, machine.disk("vda", "", SIZE).rpartition("/")[2])
    assert form(machine, wwid="-")[2] == "gate: format-failed: oh\n"
    told = f"{NODE} tells no WWID, not {WWID}"
    assert form(machine) == (75, "", f"gate: wrong-device: {told}\n")


@needs_root
def test_a_disk_of_another_size_is_another_disk(machine: Machine) -> None:
    told = f"{NODE} has {SIZE * MIB} bytes, not {99 * MIB}"
    assert form(machine, size=99) == (75, "", f"gate: device-size: {told}\n")


@needs_root
@pytest.mark.parametrize(
    ("taken", "told"),
    [
        ("map", "device-in-use: {} is held by dm-9"),
        ("partition", "device-not-blank: {} has partitions"),
        ("mount", "device-in-use: {} is mounted, see /proc/7/mountinfo"),
        ("swap", "device-in-use: {} is swap"),
        ("signatures", "device-not-blank: {} has several signatures"),
        ("odd signature", "device-not-blank: {} has a signature: 0x0 1 zfs_member"),
        ("no disk", "device-missing: {} is not in /sys/dev/block"),
        ("gone", "device-missing: {} has gone"),
    ],
)
def test_a_disk_that_somebody_has_is_not_formatted(
    machine: Machine, taken: str, told: str
) -> None:
    swaps = "Filename Type Size Used Priority\n"
    if taken == "map":
        machine.file("dm-0/holders/dm-9").mkdir(parents=True)
    elif taken == "partition":
        machine.file("dm-0/dm-0p1/partition").mkdir(parents=True)
    elif taken == "mount":
        machine.tool("grep", SEEN)
    elif taken == "swap":
        swaps += "/dev/dm-0 partition 1024 0 -2\n"
    elif taken == "signatures":
        machine.tool("blkid", "exit 8")
    elif taken == "odd signature":  # which blkid does not know
        machine.tool("wipefs", "echo offset type; echo 0x0 1 zfs_member")
    elif taken == "no disk":
        (machine.here / "number" / machine.number("dm-0")).unlink()
    else:
        machine.tool("stat", 'case $* in */fd/7) exit 1 ;; esac; exec /usr/bin/stat "$@"')
    (machine.here / "swaps").write_text(swaps)
    call = on(NODE, "format", wwid=WWID, size=str(SIZE * MIB))
    done = machine.gate(*call, *FORMAT, before="mount --bind swaps /proc/swaps")
    assert done == (75, "", f"gate: {told.format(NODE)}\n")
    assert machine.called("mkfs.ocfs2") == []


# While it is sampled; the last of the samples are counted by wc.
WHILE = 'cat >sampled; {}; exec /usr/bin/wc "$@" <sampled'


@needs_root
@needs_udev
@pytest.mark.parametrize("shell", SHELLS)
def test_a_disk_that_is_swapped_while_it_is_looked_at_is_not_formatted(
    machine: Machine, shell: tuple[str, ...]
) -> None:
    machine.tool("wc", WHILE.format("echo swapped >swapped"))
    scsi_id(machine, f"if [ -e swapped ]; then echo {OTHER}; else echo {WWID}; fi")
    told = f"{NODE} is the disk {OTHER} by sda, not {WWID}"
    assert form(machine, shell=shell) == (75, "", f"gate: wrong-device: {told}\n")
    assert machine.called("mkfs.ocfs2") == []


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("take", "code"),
    [
        ("printf 'LUKS\\272\\276\\000\\001' | dd of=images/dm-0 conv=notrunc 2>/dev/null",
         "device-not-blank"),
        ("mkdir -p devices/dm-0/holders/dm-9", "device-in-use"),
    ],
    ids=["signature", "map"],
)  # fmt: skip
def test_a_disk_that_somebody_else_takes_while_it_is_looked_at_is_not_formatted(
    machine: Machine, shell: tuple[str, ...], take: str, code: str
) -> None:
    machine.tool("wc", WHILE.format(take))
    status, _, err = form(machine, shell=shell)
    assert (status, err.split(": ")[1]) == (75, code)
    assert machine.called("mkfs.ocfs2") == []


@needs_root
@needs_tools
@pytest.mark.parametrize("shell", SHELLS)
def test_a_name_that_is_led_elsewhere_leads_no_tool_there(
    machine: Machine, shell: tuple[str, ...]
) -> None:
    machine.disk("dm-7", "", SIZE, dm__uuid=f"mpath-{OTHER}")
    machine.tool("wc", WHILE.format("ln -sfn dm-7 /dev/approved"))
    assert form(machine, shell=shell) == (0, f"ok formatted {NODE}\n", "")
    assert ocfs2(machine)
    assert not any((machine.here / "images/dm-7").read_bytes())


@needs_root
def test_a_name_of_the_kernel_s_that_leads_elsewhere_is_not_believed(machine: Machine) -> None:
    number = machine.disk("vdz", "", SIZE).rpartition("/")[2]
    lead(machine, number)
    with (machine.here / "nodes").open("a") as nodes:
        nodes.write("rm dev/vdz; ln -s dm-0 dev/vdz\n")
        nodes.write(f"rm dev/approved; mknod dev/approved b {minor(machine, 'vdz')}\n")
    status, _, err = form(machine, wwid="-")
    assert (status, err[:20]) == (75, "gate: wrong-device: ")


def minor(machine: Machine, name: str) -> str:
    return machine.number(name).replace(":", " ")


@needs_root
@pytest.mark.parametrize(
    "words",
    [
        "on",
        "on /dev/null - - - - ",
        "on null - - - - rescan 1",
        "on /srv/x - - - - rescan 1",
        "on /dev/../srv/x - - - - rescan 1",
        "on /dev/null -x - - - rescan 1",
        f"on /dev/null {'3' * 256} - - - rescan 1",
        "on /dev/null - 1g - - rescan 1",
        "on /dev/null - - 3a83 - rescan 1",
        "on /dev/null - - - 255 rescan 1",
        "on /dev/null - - - 01 rescan 1",
        "on /dev/null - - - 1, rescan 1",
        "on /dev/null - - - ,1 rescan 1",
        "on /dev/null - - - 1,,2 rescan 1",
        "on /dev/null - - - 1,1 rescan 1",
        "on /dev/null - - - 1=ab rescan 1",
        f"on /dev/null - - - 1={'A' * 64} rescan 1",
        f"on /dev/null - - - 1~{'a' * 63} rescan 1",
        f"on /dev/null - - - 1,1~{'a' * 64} rescan 1",
        "on /dev/null - - - - on /dev/null - - - - rescan 1",
        "on /dev/null - - - - write-file /a 644 absent absent",
        "on /dev/null - - - - unmount /srv",
    ],
)
def test_a_device_that_makes_no_sense_is_not_opened(machine: Machine, words: str) -> None:
    status, out, err = machine.gate(*words.split(" "))
    assert (status, out, err[:13]) == (64, "", "gate: usage: ")
