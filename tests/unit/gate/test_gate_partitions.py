"""Growing a partition: what is refused, and that only its end moves."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.gate.calls import SHELLS, gate, needs_root, on, within
from tests.unit.gate.machine import MIB, WWID, Machine

ID = "05fb18bd-0717-8544-8cd9-38b34cdab9bf"
ROW = (
    'NR="{}" START="{}" END="{}" SCHEME="{}" TYPE="0fc63daf" UUID="' + ID + '" '
    'FLAGS="0x0" NAME="a END=\\x227\\x22 b"'
)
LAST = 128 * 2048 - 34  # of a GPT on 128 MiB
DOS_LAST = 128 * 2048 - 1
# The end that is asked for is the last word; the kernel is told by kpartx or partx only.
PARTED = """\
case "$*" in *resizepart*) ;; *) exit ;; esac
read answer; [ "$answer" = Yes ] || exit 1
for end; do :; done
sed -i '/^NR="{number}"/s/END="[0-9]*"/END="'${{end%s}}'"/' table
printf '\\rError: oh\\n'; exit 1
"""
KERNEL = 'echo $(($(sed -n \'/^NR="1"/s/.* END="\\([0-9]*\\)".*/\\1/p\' table) - 2047)) >{}'


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    for name in ("sleep", "blockdev", "udevadm", "sfdisk", "partprobe", "kpartx"):
        machine.tool(name, "exit 1")
    machine.tool("partx", "cat table")
    machine.tool("parted", PARTED.format(number=1))
    yield machine
    machine.close()


def table(machine: Machine, *rows: tuple[int, int, int], scheme: str = "gpt") -> None:
    text = "".join(ROW.format(*row, scheme) + "\n" for row in rows)
    (machine.here / "table").write_text(text)


def mapped(machine: Machine, name: str = "mpatha-part1") -> str:
    """A multipath disk of 128 MiB with a partition of 1 MiB."""
    node = machine.multipath(128, 128, 128)
    machine.disk("dm-1", "253:1", 1, dm__uuid=f"part1-mpath-{WWID}", dm__name=name)
    machine.tool("kpartx", KERNEL.format("devices/dm-1/size"))
    table(machine, (1, 2048, 4095), (12, 200000, 200099))
    return node


def grow(node: str, wwid: str = WWID) -> tuple[str, ...]:
    return on(node, "grow-partition", wwid=wwid)


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_only_the_end_moves_and_only_once(machine: Machine, shell: tuple[str, ...]) -> None:
    node = mapped(machine)
    before = (machine.here / "table").read_text()
    for _ in range(2):
        done = machine.gate(*grow(node), "1", "2048", "199999", shell=shell)
        assert done == (0, f"ok grown {node} 1 199999\n", "")
    assert (machine.here / "table").read_text() == before.replace('END="4095"', 'END="199999"')
    resize = f"---pretend-input-tty {node} unit s resizepart 1 199999s"
    assert machine.called("parted") == [f"---pretend-input-tty {node} print", resize]
    assert machine.called("kpartx") == [f"-u -s -p -part {node}"]
    dump = machine.here / "kept/reconcile/tables" / f"{ID}.dump"
    assert dump.read_text() == before
    assert dump.stat().st_mode & 0o777 == 0o600


@needs_root
def test_a_map_keeps_its_name(machine: Machine) -> None:
    node = mapped(machine, name="mpatha1")
    assert machine.gate(*grow(node), "1", "2048", "199999")[0] == 0
    assert machine.called("kpartx") == [f"-u -s -p  {node}"]


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("words", "scheme", "code"),
    [
        ("2 2048 199999", "gpt", "partition-missing"),
        ("1 2049 199999", "gpt", "partition-moved"),
        ("1 2048 4094", "gpt", "shrink-refused"),
        ("1 2048 199999", "sun", "partition-table"),
        ("1 2048 4294967296", "dos", "partition-limit"),
        ("1 2048 4294967295", "dos", "device-size"),
        ("1 2048 200000", "gpt", "partition-blocked"),
        (f"1 2048 {LAST + 1}", "gpt", "device-size"),
        (f"1 2048 {LAST}", "gpt", "partition-blocked"),
        (f"12 200000 {LAST}", "gpt", ""),
        (f"12 200000 {DOS_LAST}", "dos", ""),
        (f"12 200000 {DOS_LAST + 1}", "dos", "device-size"),
    ],
)
def test_what_does_harm_is_refused(
    machine: Machine, shell: tuple[str, ...], words: str, scheme: str, code: str
) -> None:
    node = mapped(machine)
    machine.disk("dm-2", "253:2", 1, dm__uuid=f"part12-mpath-{WWID}", dm__name="mpatha-part12")
    table(machine, (1, 2048, 4095), (12, 200000, 200099), scheme=scheme)
    machine.tool("parted", PARTED.format(number=12))
    machine.tool("kpartx", f"echo $(({words.split()[2]} - 199999)) >devices/dm-2/size")
    status, _, err = machine.gate(*grow(node), *words.split(), shell=shell)
    assert (status, err.split(": ")[1:2]) == ((75, [code]) if code else (0, []))
    assert bool(machine.called("parted")) == (not code)


@needs_root
def test_a_disk_that_is_swapped_while_it_is_looked_at_keeps_its_table(
    machine: Machine,
) -> None:
    node = mapped(machine)
    machine.tool("sfdisk", "echo mpath-3601 >devices/dm-0/dm/uuid")
    done = machine.gate(*grow(node), "1", "2048", "199999")
    told = f"{node} is the disk 3601, not {WWID}"
    assert done == (75, "", f"gate: wrong-device: {told}\n")
    assert machine.called("parted") == []


@needs_root
def test_a_link_in_the_place_of_the_table_s_copy_is_not_followed(machine: Machine) -> None:
    node = mapped(machine)
    dump = machine.here / "kept/reconcile/tables" / f"{ID}.dump"
    dump.parent.mkdir(parents=True)
    dump.symlink_to(machine.here / "elsewhere")
    status, _, err = machine.gate(*grow(node), "1", "2048", "199999")
    assert (status, err[:14]) == (75, "gate: symlink:")
    assert machine.called("parted") == []


@needs_root
def test_a_logical_partition_ends_within_the_extended_one(machine: Machine) -> None:
    node = mapped(machine)
    table(machine, (2, 2048, 9999), (5, 4096, 8191), scheme="dos")
    done = machine.gate(*grow(node), "5", "4096", "10000")
    told = f"partition 5 of {node} is within one that ends at 9999"
    assert done == (75, "", f"gate: partition-blocked: {told}\n")


@needs_root
def test_a_disk_of_4096_byte_sectors_counts_in_these(machine: Machine) -> None:
    node = machine.disk("sda", "", 128, queue__logical_block_size="4096")
    machine.disk("sda1", "8:1", 1)
    machine.file("sda1/partition").write_text("1\n")
    machine.file("sda/sda1").symlink_to(machine.file("sda1"))
    table(machine, (1, 2048, 4095))
    machine.tool("partx", "case $1 in -u) echo 196608 >devices/sda1/size ;; esac; cat table")
    machine.tool("parted", "case $* in *resizepart*) sed -i s/4095/198655/ table ;; esac")
    done = machine.gate(*grow(node, "-"), "1", "2048", "198654")
    assert done == (75, "", f"gate: device-size: {node} has blocks of 4096 bytes\n")
    done = machine.gate(*grow(node, "-"), "1", "2048", "198655")
    assert done == (0, f"ok grown {node} 1 198655\n", "")
    assert machine.called("parted")[1].split()[-1] == "24831s"


@needs_root
@pytest.mark.parametrize(
    "parted", ["echo Error: no", "sed -i 's/200099/1/;s/4095/9999/' table"]
)
def test_a_table_that_is_not_as_wanted_is_told(machine: Machine, parted: str) -> None:
    node = mapped(machine)
    machine.tool("parted", parted)
    status, _, err = machine.gate(*grow(node), "1", "2048", "9999")
    assert (status, err[:24]) == (70, "gate: partition-failed: ")


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_the_kernel_is_told_until_it_knows(machine: Machine, shell: tuple[str, ...]) -> None:
    node = mapped(machine)
    machine.tool("kpartx", "exit 1")
    machine.tool("partprobe", "echo 4096 >devices/dm-1/size")
    done = machine.gate(
        *on(node, "reread-partition", wwid=WWID), "1", str(2 * MIB), shell=shell
    )
    assert done == (0, f"ok reread {node} 1 {2 * MIB}\n", "")
    done = machine.gate(
        *on(node, "reread-partition", wwid=WWID), "1", str(3 * MIB), shell=shell
    )
    told = f"partition 1 of {node} has {2 * MIB} bytes in the kernel, not {3 * MIB}"
    assert done == (70, "", f"gate: partition-not-reread: {told}\n")
    assert len(machine.called("sleep")) == 19


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A loop device of 64 MiB with a GPT and a file system on its only partition; its file.

    Scanned for partitions (-P), so that the kernel itself drops them with the device: else
    the next user of the device finds them, where somebody still had them open at the end.
    """
    file = tmp_path / "disk"
    with file.open("wb") as image:
        image.truncate(64 * MIB)
    losetup = ["losetup", "-P", "-f", "--show", str(file)]
    node = subprocess.run(losetup, check=True, capture_output=True, text=True).stdout.strip()
    try:
        for words in (
            f"parted -s {node} mklabel gpt mkpart data 2048s 40959s",
            f"mkfs.ext4 -q {node}p1",
        ):
            subprocess.run(words.split(), check=True, capture_output=True)
        yield node, file
    finally:
        subprocess.run(["losetup", "-d", node], check=True)


@needs_root
@pytest.mark.skipif(not shutil.which("parted"), reason="needs parted")
@pytest.mark.parametrize("shell", SHELLS)
def test_a_mounted_partition_grows_on_a_disk_that_has_grown(
    disk: tuple[str, Path], shell: tuple[str, ...]
) -> None:
    node, file = disk
    with file.open("r+b") as image:
        image.truncate(128 * MIB)
    subprocess.run(["losetup", "-c", node], check=True)
    # In a namespace of its own: those of other tests would inherit the mount, and keep it.
    mounted = within(f"mount -t tmpfs t /var/lib && mount {node}p1 /mnt", shell)
    for _ in range(2):
        done = gate(*grow(node, "-"), "1", "2048", str(LAST), prefix=mounted)
        assert done == (0, f"ok grown {node} 1 {LAST}\n", "")
    size = Path(f"/sys/class/block/{Path(node).name}p1/size").read_text()
    assert int(size) == LAST - 2047
    done = gate(*grow(node, "-"), "1", "2048", str(LAST - 1), prefix=shell)
    assert done[0] == 75
