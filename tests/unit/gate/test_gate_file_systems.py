"""Growing, checking and remounting, with OCFS2's tools of the tests' own."""

# ruff: noqa: PLR0913, PLR0917 - the columns of a table

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.gate.calls import SHELLS, Answer, gate, needs_root, on
from tests.unit.gate.machine import MIB, UUID, WWID, Machine

# As debugfs.ocfs2 1.8.7 prints them.
STATS = """\
	Revision: 0.90
	Feature Incompat: {incompat} sparse inline-data
	Block Size Bits: 12   Cluster Size Bits: 13
	Max Node Slots: {slots}
	Label: a label
	UUID: 3A83413814C148F8B806F86334225BAC
	{stamp}
	Inode: 2   Mode: 00   Generation: 1
	Links: 0   Clusters: {clusters}
"""
DEBUGFS = """\
case "$2" in
'stat //heartbeat') printf '\\tTree Depth: 0   Count: 243   Next Free Rec: 1\\n'
    printf '\\t0  0             256             273             0x0 \\n' ;;
'stat //') printf '\\tDynamic Features: {}\\n' ;;
slotmap) printf '\\tSlot#    Node#\\n{}' ;;
*) cat stats ;;
esac
"""
OURS = "Cluster stack: o2cb\n\tCluster name: ocfs2"
MOUNTED = "36 1 {} / /srv/images rw,noatime - ocfs2 /dev/dm-0 rw,heartbeat=local,acl\n"
# Where the gate looks for mounts in all namespaces.
SEEN = 'case $1 in -l) echo /proc/7/mountinfo ;; *) exec /bin/grep "$@" ;; esac'
ALL = "echo All passes succeeded."


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """An unmounted volume of 64 MiB with 4 slots on a multipath disk of 128 MiB."""
    machine = Machine(tmp_path)
    machine.tool("blkid", f"echo DEVNAME=x; echo UUID={UUID}; echo TYPE=ocfs2")
    machine.tool("debugfs.ocfs2", DEBUGFS.format("(0x1) InlineData", ""))
    stats(machine)
    machine.multipath(128, 128, 128)
    yield machine
    machine.close()


def stats(
    machine: Machine,
    clusters: int = 8192,
    incompat: int = 80,
    slots: int = 4,
    stamp: str = OURS,
) -> None:
    text = STATS.format(clusters=clusters, incompat=incompat, slots=slots, stamp=stamp)
    (machine.here / "stats").write_text(text)


def mount(machine: Machine) -> None:
    """For the gate, which reads mountinfo with `cat`."""
    machine.tool("cat", "exec /bin/cat ${1#/proc/self/}")
    (machine.here / "mountinfo").write_text(MOUNTED.format(machine.number("dm-0")))


def ask(machine: Machine, verb: str, *words: str, shell: tuple[str, ...] = ()) -> Answer:
    return machine.gate(*on(NODE, verb, wwid=WWID, uuid=UUID), *words, shell=shell)


NODE = "/dev/dm-0"
BLOCKS = str(100 * MIB // 4096)


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("how", ["mounted", "unmounted"])
def test_a_file_system_grows_to_the_blocks_that_were_asked_for(
    machine: Machine, shell: tuple[str, ...], how: str
) -> None:
    if how == "mounted":
        mount(machine)
    machine.tool("tunefs.ocfs2", "sed -i 's/: 8192/: 12800/' stats; echo oh; exit 9")
    for _ in range(2):
        done = ask(machine, "grow-fs", BLOCKS, how, shell=shell)
        assert done == (0, f"ok grown /dev/dm-0 {100 * MIB}\n", "")
    assert machine.called("tunefs.ocfs2") == [f"-S /dev/dm-0 {BLOCKS}"]


@needs_root
@pytest.mark.parametrize(
    ("changed", "blocks", "how", "code"),
    [
        ("", BLOCKS, "mounted", "not-mounted"),
        ("mounted", BLOCKS, "unmounted", "volume-mounted"),
        ("other uuid", BLOCKS, "unmounted", "wrong-uuid"),
        ("other superblock", BLOCKS, "unmounted", "wrong-uuid"),
        ("resize", BLOCKS, "unmounted", "resize-interrupted"),
        ("tunefs", "1", "unmounted", "resize-interrupted"),
        ("", str(129 * MIB // 4096), "unmounted", "device-too-small"),
        ("path", BLOCKS, "unmounted", "device-too-small"),
        ("no stats", BLOCKS, "unmounted", "unreadable"),
        ("", BLOCKS, "unmounted", "grow-failed"),
    ],
)
@pytest.mark.parametrize("shell", SHELLS)
def test_a_file_system_is_not_grown(
    machine: Machine, shell: tuple[str, ...], changed: str, blocks: str, how: str, code: str
) -> None:
    machine.tool("tunefs.ocfs2", "echo oh")
    if changed == "mounted":
        machine.tool("grep", SEEN)
    if changed == "other uuid":
        machine.tool("blkid", f"echo DEVNAME=x; echo UUID={UUID[:-1]}f; echo TYPE=ocfs2")
    if changed == "other superblock":  # than blkid has seen
        text = (machine.here / "stats").read_text()
        (machine.here / "stats").write_text(text.replace("UUID: 3A83", "UUID: 4A83"))
    if changed in ("resize", "tunefs"):
        stats(machine, incompat=80 + {"resize": 4, "tunefs": 32}[changed])
    if changed == "path":
        machine.file("sdb/size").write_text(f"{99 * 2048}\n")
    if changed == "no stats":
        machine.tool("debugfs.ocfs2", "echo no such device")
    status, _, err = ask(machine, "grow-fs", blocks, how, shell=shell)
    assert err.split(": ")[1] == code
    assert status == (70 if code in ("unreadable", "grow-failed") else 75)
    assert bool(machine.called("tunefs.ocfs2")) == (code == "grow-failed")


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_slots_are_added_and_never_taken(machine: Machine, shell: tuple[str, ...]) -> None:
    machine.tool("tunefs.ocfs2", "sed -i 's/Slots: 4/Slots: 6/' stats")
    for slots in ("6", "6", "5"):
        done = ask(machine, "add-slots", slots, shell=shell)
        assert done == (0, "ok slots /dev/dm-0 6\n", "")
    assert machine.called("tunefs.ocfs2") == ["-N 6 /dev/dm-0"]
    done = ask(machine, "add-slots", "7", shell=shell)
    words = "gate: slots-failed: /dev/dm-0 has 6 slots, not 7: \n"
    assert done == (70, "", words)


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_label_is_set_once_and_read_back(machine: Machine, shell: tuple[str, ...]) -> None:
    machine.tool("tunefs.ocfs2", "sed -i 's/Label: .*/Label: new-1.x/' stats")
    for _ in range(2):
        done = ask(machine, "set-label", "new-1.x", shell=shell)
        assert done == (0, "ok label /dev/dm-0 new-1.x\n", "")
    assert machine.called("tunefs.ocfs2") == ["-L new-1.x /dev/dm-0"]
    machine.tool("tunefs.ocfs2", "echo Trylock failed; exit 25")
    done = ask(machine, "set-label", "other", shell=shell)
    words = "gate: label-failed: /dev/dm-0 has the label new-1.x, not other: Trylock failed\n"
    assert done == (70, "", words)


@needs_root
@pytest.mark.parametrize("words", [f"grow-fs {BLOCKS} unmounted", "add-slots 6"])
def test_a_change_that_leaves_its_flag_is_no_success(machine: Machine, words: str) -> None:
    done = "s/: 8192/: 12800/;s/Slots: 4/Slots: 6/;s/Incompat: 80/Incompat: 112/"
    machine.tool("tunefs.ocfs2", f"sed -i '{done}' stats")
    told = f"a tunefs.ocfs2 of {NODE} was cut short: incompat 112"
    verb, *more = words.split()
    done = ask(machine, verb, *more)
    assert done == (75, "", f"gate: resize-interrupted: {told}\n")


@needs_root
@pytest.mark.parametrize("words", ["set-label new", "add-slots 6"])
def test_no_label_is_set_after_a_change_that_was_cut_short(
    machine: Machine, words: str
) -> None:
    stats(machine, incompat=80 | 0x20)
    verb, *more = words.split()
    status, _, err = ask(machine, verb, *more)
    assert (status, err[:25]) == (75, "gate: resize-interrupted:")
    assert machine.called("tunefs.ocfs2") == []


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("stamp", "first", "then", "answer"),
    [
        (OURS, ALL, ALL, "ok clean"),
        ("Cluster stack: classic o2cb", ALL, ALL, "ok clean"),
        (OURS, f"echo '[A_1] fixed? y'; {ALL}", ALL, "ok repaired"),
        (
            OURS,
            f"echo '[A_1] fixed? y'; {ALL}",
            f"echo '[A_1] fixed? y'; {ALL}",
            "check-failed",
        ),
        (OURS, "echo '[A_1] fixed? y'; exit 8", ALL, "ok repaired"),
        (OURS, "echo 'Trylock failed'; exit 8", ALL, "check-failed"),
        (OURS, "echo 'is clean'", ALL, "check-failed"),
        ("Cluster stack: pcmk\n\tCluster name: ocfs2", ALL, ALL, "foreign-stack"),
        ("Cluster stack: o2cb\n\tCluster name: other", ALL, ALL, "foreign-stack"),
    ],
)
def test_the_verdict_on_a_file_system_is_in_what_fsck_says(
    machine: Machine, shell: tuple[str, ...], stamp: str, first: str, then: str, answer: str
) -> None:
    stats(machine, stamp=stamp)
    machine.tool("fsck.ocfs2", f"if mkdir once; then {first}; else {then}; fi 2>/dev/null")
    status, out, err = ask(machine, "check-fs", "o2cb", "ocfs2", shell=shell)
    assert answer in (out or err)
    assert status == {"ok": 0, "check-failed": 70}.get(answer.split(maxsplit=1)[0], 75)
    assert bool(machine.called("fsck.ocfs2")) == (answer != "foreign-stack")
    assert set(machine.called("fsck.ocfs2")) <= {"-fy /dev/dm-0"}


INDEX = "echo '[DX_TREE_MISSING] Directory 6 is missing index. Rebuild? n'"


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("features", "slots", "incompat", "said", "calls"),
    [
        ("(0x0) ", "", 80, f"{INDEX}; {ALL}", ["-fn"]),
        ("(0x8) IndexedDir", "", 80, ALL, ["-fy"]),
        ("(0x0) ", "\t    0       1\n", 80, ALL, ["-fy"]),
        ("(0x0) ", "", 84, ALL, ["-fy"]),
        ("(0x0) ", "", 80, f"{INDEX}; echo '[A] x'; {ALL}", ["-fn", "-fy", "-fy"]),
    ],
)
def test_the_system_directory_gets_no_index_that_it_can_do_without(
    machine: Machine, shell: tuple[str, ...], features: str, slots: str, incompat: int,
    said: str, calls: list[str],
) -> None:  # fmt: skip
    stats(machine, incompat=incompat)
    machine.tool("debugfs.ocfs2", DEBUGFS.format(features, slots))
    machine.tool("fsck.ocfs2", said)
    status, _, _ = ask(machine, "check-fs", "o2cb", "ocfs2", shell=shell)
    assert machine.called("fsck.ocfs2") == [f"{how} /dev/dm-0" for how in calls]
    assert status == (70 if len(calls) > 1 else 0)


@needs_root
@pytest.mark.parametrize("verb", ["check-fs o2cb ocfs2", "add-slots 6", "set-label x"])
def test_what_is_mounted_is_left_alone(machine: Machine, verb: str) -> None:
    machine.tool("grep", SEEN)
    name, *words = verb.split()
    done = ask(machine, name, *words)
    told = "/dev/dm-0 is mounted, see /proc/7/mountinfo"
    assert done == (75, "", f"gate: volume-mounted: {told}\n")


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_only_what_is_mounted_there_is_remounted(
    machine: Machine, shell: tuple[str, ...]
) -> None:
    words = (*on(NODE, "remount", wwid=WWID, uuid=UUID), "/srv/images", "noatime,rw")
    machine.tool("mount", "exit 0")
    done = machine.gate(*words, shell=shell)
    told = "/dev/dm-0 is not mounted on /srv/images but nothing"
    assert done == (75, "", f"gate: not-mounted: {told}\n")
    assert machine.called("mount") == []
    mount(machine)
    assert machine.gate(*words, shell=shell) == (0, "ok remounted /srv/images\n", "")
    options = "noatime,rw,heartbeat=local"
    assert machine.called("mount") == [f"-o remount,{options} /dev/dm-0 /srv/images"]
    machine.tool("dmesg", "echo ocfs2_remount: no; echo else")
    machine.tool("mount", "echo no; exit 32")
    told = "gate: mount-failed: no\nocfs2_remount: no\n"
    assert machine.gate(*words, shell=shell) == (70, "", told)
    machine.tool("mount", "sed -i s/rw,/ro,/g mountinfo")
    told = "gate: mount-failed: /srv/images is read-only\n"
    assert machine.gate(*words, shell=shell) == (70, "", told)


@pytest.mark.parametrize(
    "words",
    [
        "grow-fs 1",
        "grow-fs 1 clear",
        "grow-fs 9999999999999999 mounted",
        "add-slots 256",
        "add-slots -1",
        "set-label -",
        "set-label a/b",
        f"set-label {'a' * 64}",
        "check-fs o2cb -",
        "remount /srv/x -f",
        "remount srv noatime",
    ],
)
def test_words_that_make_no_sense_change_nothing(words: str) -> None:
    verb, *more = words.split()
    status, out, err = gate(*on("/dev/null", verb, uuid=UUID), *more)
    assert (status, out, err[:13]) == (64, "", "gate: usage: ")


@pytest.mark.parametrize(
    "words",
    ["grow-fs 1 mounted", "add-slots 6", "set-label x", "check-fs o2cb c", "remount /srv/x ro"],
)
def test_a_file_system_is_told_by_its_device_and_its_uuid(words: str) -> None:
    verb, *more = words.split()
    for call in ((verb,), on("/dev/null", verb)):
        status, out, err = gate(*call, *more)
        assert (status, out, err[:13]) == (64, "", "gate: usage: ")
