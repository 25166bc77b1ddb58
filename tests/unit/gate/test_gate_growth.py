"""Growth below the file system, on a machine of the tests' own (see `machine`)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.gate.calls import SHELLS, gate, needs_root, on
from tests.unit.gate.machine import MIB, WWID, Machine

GROW = "for size in devices/{}/size; do echo {} >$size; done"


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    for name in ("sleep", "blockdev", "udevadm", "sfdisk", "partprobe"):
        machine.tool(name, "exit 1")
    yield machine
    machine.close()


# ---- extend-lv ----


def lvm(machine: Machine, segment: str = "linear", extended: int = 100 * MIB) -> None:
    """A volume of 64 MiB; lvextend makes it ``extended`` bytes."""
    (machine.here / "bytes").write_text(str(64 * MIB))
    (machine.here / "used").write_text("12.34 80.00")
    answers = f"*data_percent*) cat used ;; *segtype*) echo ' {segment}' ;;"
    machine.tool("lvs", f'case "$*" in {answers} *) echo "  $(cat bytes)" ;; esac')
    machine.tool("lvextend", f"echo {extended} >bytes; echo oh; exit 5")


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_backing_volume_is_extended_once(machine: Machine, shell: tuple[str, ...]) -> None:
    lvm(machine)
    for _ in range(2):
        done = machine.gate("extend-lv", "san", "lun-1", str(99 * MIB - 1), shell=shell)
        assert done == (0, f"ok extended san/lun-1 {100 * MIB}\n", "")
    assert machine.called("lvextend") == [f"-qq -L {99 * MIB // 512}s san/lun-1"]


@needs_root
def test_a_backing_volume_is_never_made_smaller(machine: Machine) -> None:
    lvm(machine)
    done = machine.gate("extend-lv", "san", "lun1", "1")
    assert done == (0, f"ok extended san/lun1 {64 * MIB}\n", "")
    assert machine.called("lvextend") == []


@needs_root
@pytest.mark.parametrize(
    ("used", "code"),
    [("12.34 80.00", ""), ("80.01 1.00", "thin-pool-full"), ("1.00 100.00", "thin-pool-full"),
     ("9.99 79.99", ""), ("", "unreadable")],
)  # fmt: skip
@pytest.mark.parametrize("shell", SHELLS)
def test_a_thin_volume_needs_room_in_its_pool(
    machine: Machine, shell: tuple[str, ...], used: str, code: str
) -> None:
    lvm(machine, segment="thin pool0")
    (machine.here / "used").write_text(used)
    _, _, err = machine.gate("extend-lv", "san", "lun1", str(99 * MIB), shell=shell)
    assert err.split(": ")[1:2] == ([code] if code else [])
    assert bool(machine.called("lvextend")) == (not code)


@needs_root
def test_what_lvextend_says_is_told(machine: Machine) -> None:
    lvm(machine, extended=64 * MIB)
    done = machine.gate("extend-lv", "san", "lun1", str(99 * MIB))
    told = f"san/lun1 has {64 * MIB} bytes, not {99 * MIB}: "
    assert done == (70, "", f"gate: extend-failed: {told}oh\n")
    machine.tool("lvextend", "echo 'Insufficient free space: 9 extents needed'; exit 5")
    status, _, err = machine.gate("extend-lv", "san", "lun1", str(99 * MIB))
    assert (status, err[:15]) == (75, "gate: no-space:")
    machine.tool("lvs", "echo '  Failed to find logical volume' >&2; exit 5")
    done = machine.gate("extend-lv", "san", "lun1", "1")
    words = "gate: backing-missing: san/lun1: Failed to find logical volume\n"
    assert done == (75, "", words)


# ---- rescan ----


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_paths_and_map_are_made_larger_and_only_once(
    machine: Machine, shell: tuple[str, ...]
) -> None:
    node = machine.multipath(64, 64, 128)
    machine.tool("sleep", GROW.format("sd*", 128 * 2048))
    machine.tool("multipathd", GROW.format("dm-0", 128 * 2048) + "; echo fail; exit 1")
    for _ in range(2):
        done = machine.gate(*on(node, "rescan", wwid=WWID), str(100 * MIB), shell=shell)
        assert done == (0, f"ok rescanned {node} {128 * MIB}\n", "")
    assert machine.file("sda/device/rescan").read_text() == "1\n"
    assert machine.file("sdb/device/rescan").read_text() == "1\n"
    assert machine.called("multipathd") == ["resize map mpatha"]


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_path_that_is_down_is_told_before_anything_is_done(
    machine: Machine, shell: tuple[str, ...]
) -> None:
    node = machine.multipath(64, 64, 64, 64)
    machine.file("sda/device/state").write_text("offline\n")
    machine.tool("dmsetup", "echo 0 9 multipath 2 0 0 0 1 1 A 0 2 2 8:0 A 0 8:16 F 3 8:32 A 0")
    done = machine.gate(*on(node, "rescan", wwid=WWID), str(100 * MIB), shell=shell)
    assert done == (75, "", "gate: path-down: sda is offline, sdb is F in mpatha\n")
    assert machine.file("sdc/device/rescan").read_text() == "\n"


@needs_root
def test_a_map_without_paths_is_not_grown(machine: Machine) -> None:
    node = machine.multipath(64)
    machine.file("dm-0/slaves").mkdir()
    done = machine.gate(*on(node, "rescan", wwid=WWID), str(100 * MIB))
    assert done == (75, "", f"gate: path-down: {node} has no paths\n")


@needs_root
def test_a_disk_without_multipath_is_its_own_path(machine: Machine) -> None:
    node = machine.disk("vda", "", 64)
    done = machine.gate(*on(node, "rescan"), str(64 * MIB))
    assert done == (0, f"ok rescanned {node} {64 * MIB}\n", "")
    done = machine.gate(*on(node, "rescan"), str(65 * MIB))
    assert done == (70, "", f"gate: path-not-grown: vda has {64 * MIB} bytes, not {65 * MIB}\n")


@needs_root
@pytest.mark.parametrize(("map_mib", "calls"), [(64, 5), (256, 0)])
def test_a_map_that_stays_as_it_is_is_told(machine: Machine, map_mib: int, calls: int) -> None:
    node = machine.multipath(map_mib, 128, 128)
    machine.tool("multipathd", "echo ok")
    done = machine.gate(*on(node, "rescan", wwid=WWID), str(100 * MIB))
    told = f"mpatha has {map_mib * MIB} bytes, its paths {128 * MIB}"
    assert done == (70, "", f"gate: map-not-grown: {told}\n")
    assert machine.called("multipathd") == ["resize map mpatha"] * calls


@needs_root
@pytest.mark.parametrize("paths", [(64, 128), (64, 64)])
def test_paths_that_stay_small_are_told(machine: Machine, paths: tuple[int, ...]) -> None:
    node = machine.multipath(64, *paths)
    status, _, err = machine.gate(*on(node, "rescan", wwid=WWID), str(100 * MIB))
    told = ", ".join(f"sd{'ab'[n]} has {size * MIB} bytes" for n, size in enumerate(paths))
    assert (status, err) == (70, f"gate: path-not-grown: {told}, not {100 * MIB}\n")


@needs_root
def test_a_partition_is_no_disk(machine: Machine) -> None:
    plain = machine.disk("sda1", "", 64, partition="1")
    machine.multipath(64, 64)
    mapped = machine.disk(
        "dm-1", "", 64, dm__uuid=f"part1-mpath-{WWID}", **{"slaves__dm-0": ""}
    )
    for node, wwid in ((plain, "-"), (mapped, WWID)):
        done = machine.gate(*on(node, "rescan", wwid=wwid), "1")
        assert done == (75, "", f"gate: device-missing: {node} is a partition, not a disk\n")


@pytest.mark.parametrize(
    "words",
    [
        "extend-lv san lun1",
        "extend-lv -f lun1 5",
        "extend-lv san lun1/x 5",
        "extend-lv san lun1 5g",
        "on /dev/null - - - - rescan",
        "on /dev/null - - - - rescan x",
        "on null - - - - rescan 1",
        "rescan 1",
        "on /dev/null - - - - grow-partition 0 2048 4095",
        "on /dev/null - - - - grow-partition 1 2048 2048",
        "on /dev/null - - - - grow-partition 1 2048 9999999999999999",
        "on /dev/null - - - - grow-partition 1 2048 100%",
        "grow-partition 1 2048 4095",
        "on /dev/null - - - - reread-partition 1000 1",
        "on /dev/null - - - - reread-partition 1 -1",
        "reread-partition 1 1",
    ],
)
def test_words_that_make_no_sense_change_nothing(words: str) -> None:
    status, out, err = gate(*words.split())
    assert (status, out, err[:13]) == (64, "", "gate: usage: ")
