"""Nothing is mounted or written beside a heartbeat that the run does not explain."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.unit.gate.calls import SHELLS, needs_root
from tests.unit.gate.machine import MIB, UUID
from tests.unit.gate.volumes import NODE, SIZE, Volume, block, needs_tools, volume

pytestmark = [needs_root, needs_tools]
SECTORS = pytest.mark.parametrize("sector", [512, 4096])
# Every verb that mounts or writes a volume, with the tool that it is for.
VERBS = [
    ("mount /srv/images noatime", "mount"),
    ("remount /srv/images noatime", "mount"),
    ("grow-fs 10240 mounted", "tunefs.ocfs2"),
    ("grow-fs 10240 unmounted", "tunefs.ocfs2"),
    ("add-slots 4", "tunefs.ocfs2"),
    ("set-label new", "tunefs.ocfs2"),
    ("check-fs o2cb ocfs2", "fsck.ocfs2"),
]
MOUNTED = ("remount", "grow-fs 10240 mounted")
LABEL = ("set-label", "new")
MOUNT = ("mount", "/srv/images", "noatime")
Volumes = Callable[[int], Volume]


@pytest.fixture
def volumes(tmp_path: Path) -> Iterator[Volumes]:
    made: list[Volume] = []

    def make(sector: int) -> Volume:
        made.append(volume(tmp_path, sector))
        return made[-1]

    yield make
    for item in made:
        item.machine.close()


@contextmanager
def beating(disk: Volume, number: int) -> Iterator[None]:
    """Somebody who writes the block of a number again and again."""
    end = threading.Event()

    def write() -> None:
        for sequence in count(1):
            disk.beat(number, block(number, sequence=sequence))
            if end.wait(0.01):
                return

    disk.beat(number)
    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def foreign(number: int) -> tuple[int, str, str]:
    told = f"{NODE} has a heartbeat that nothing explains, of number {number}"
    return 75, "", f"gate: foreign-heartbeat: {told}\n"


def used(disk: Volume) -> list[str]:
    """The tools that mount or write and were called."""
    tools = ("mount", "tunefs.ocfs2", "fsck.ocfs2")
    return [tool for tool in tools if disk.machine.called(tool)]


@SECTORS
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("number", [5, 40, 200, 254])
def test_a_stranger_is_seen_however_still_it_stands(
    volumes: Volumes, shell: tuple[str, ...], sector: int, number: int
) -> None:
    disk = volumes(sector)
    disk.beat(number)
    assert disk.ask(*LABEL, shell=shell) == foreign(number)
    with beating(disk, number):
        assert disk.ask(*LABEL, shell=shell) == foreign(number)
    assert used(disk) == []


@SECTORS
@pytest.mark.parametrize(("words", "tool"), VERBS, ids=[words for words, _ in VERBS])
def test_every_verb_that_mounts_or_writes_asks(
    volumes: Volumes, sector: int, words: str, tool: str
) -> None:
    disk = volumes(sector)
    disk.machine.disk("dm-9", "253:9", 40)
    if words.startswith(MOUNTED):
        disk.mounted()
    listed = "1,2" if "mount" in words.replace("unmounted", "") else f"1={block(1).hex()}"
    if words.startswith("grow"):  # to where it can
        disk.machine.tool("debugfs.ocfs2", SMALLER)
    disk.beat(9)
    assert disk.ask(*words.split(), beats=listed) == foreign(9)
    assert used(disk) == []
    disk.beat(9, block(9, generation=0))
    disk.ask(*words.split(), beats=listed)
    assert used(disk) == [tool]


# As if there were room: half of the clusters that there are.
SMALLER = 'exec /sbin/debugfs.ocfs2 "$@" | sed "s/Clusters: 10240/Clusters: 5120/"'


@SECTORS
@pytest.mark.parametrize("shell", SHELLS)
def test_an_attested_block_is_known_byte_for_byte(
    volumes: Volumes, shell: tuple[str, ...], sector: int
) -> None:
    disk = volumes(sector)
    attested = f"7={disk.beat(7)},9={disk.beat(9)}"
    assert disk.ask(*LABEL, beats=attested, shell=shell)[2].startswith("gate: label-failed: ")
    assert used(disk) == ["tunefs.ocfs2"]
    disk.beat(9, block(9, sequence=8))
    assert disk.ask(*LABEL, beats=attested, shell=shell) == foreign(9)
    disk.beat(9, block(9, generation=0))  # it came back, and left
    disk.ask(*LABEL, beats=attested, shell=shell)
    assert disk.machine.called("tunefs.ocfs2") == [f"-L new {NODE}"] * 2
    assert disk.waited() == 0


@SECTORS
@pytest.mark.parametrize("shell", SHELLS)
def test_a_dead_member_is_watched_for_twice_the_largest_dead_time(
    volumes: Volumes, shell: tuple[str, ...], sector: int
) -> None:
    disk = volumes(sector)
    disk.beat(3, block(3, generation=0, dead_ms=9000))
    dead = f"200~{disk.beat(200, block(200, dead_ms=6000))}"
    assert disk.ask(*LABEL, beats=dead, shell=shell)[2].startswith("gate: label-failed: ")
    assert disk.waited() == 18
    disk.ask(*LABEL, beats=dead, shell=shell)  # it knows since when
    assert disk.waited() == 18
    kept = disk.machine.here / "kept/reconcile/beats" / UUID
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.write_text(kept.read_text().replace("-", "_"))  # of another boot
    disk.ask(*LABEL, beats=dead, shell=shell)
    assert disk.waited() == 36
    assert len(disk.machine.called("tunefs.ocfs2")) == 3


@pytest.mark.parametrize("shell", SHELLS)
def test_who_goes_on_after_all_is_not_dead(volumes: Volumes, shell: tuple[str, ...]) -> None:
    disk = volumes(512)
    dead = f"2~{disk.beat(2)}"
    disk.meanwhile(2, block(2, sequence=8))
    assert disk.ask(*LABEL, beats=dead, shell=shell) == foreign(2)
    assert disk.ask(*LABEL, beats=dead, shell=shell) == foreign(2)
    assert used(disk) == []


def test_a_disk_that_is_swapped_before_the_last_look_is_not_written_to(
    volumes: Volumes,
) -> None:
    disk = volumes(512)
    swap = "echo 2048 >devices/vdb/size"
    disk.machine.tool("debugfs.ocfs2", f'{swap}; exec /sbin/debugfs.ocfs2 "$@"')
    told = f"gate: device-size: {NODE} has {MIB} bytes, not {SIZE * MIB}\n"
    assert disk.ask(*LABEL) == (75, "", told)
    assert used(disk) == []


def test_a_disk_that_is_swapped_while_somebody_is_watched_is_not_written_to(
    volumes: Volumes,
) -> None:
    disk = volumes(512)
    dead = f"2~{disk.beat(2)}"
    disk.meanwhile(2, block(2))
    (disk.machine.here / "then").write_text("echo 2048 >devices/vdb/size\n")
    told = f"gate: device-size: {NODE} has {MIB} bytes, not {SIZE * MIB}\n"
    assert disk.ask(*LABEL, beats=dead) == (75, "", told)
    assert used(disk) == []


def test_who_comes_at_the_end_of_the_watch_is_seen(volumes: Volumes) -> None:
    disk = volumes(512)
    dead = f"2~{disk.beat(2)}"
    disk.meanwhile(9, block(9))
    (disk.machine.here / "meanwhile").rename(disk.machine.here / "chunk")
    kept = "case $* in *beats*) . ./then ;; esac"  # what was seen is kept after that
    disk.machine.tool("chmod", f'{kept}; exec /bin/chmod "$@"')
    assert disk.ask(*LABEL, beats=dead) == foreign(9)
    assert used(disk) == []


def test_a_link_in_the_place_of_what_was_seen_stays(volumes: Volumes) -> None:
    disk = volumes(512)
    kept = disk.machine.here / "kept/reconcile/beats" / UUID
    kept.parent.mkdir(parents=True)
    kept.symlink_to(disk.machine.here / "elsewhere")
    disk.ask(*LABEL, beats=f"2~{disk.beat(2)}")
    assert (used(disk), kept.is_symlink()) == (["tunefs.ocfs2"], True)
    assert not (disk.machine.here / "elsewhere").exists()


def test_without_room_for_what_it_saw_it_waits_again(volumes: Volumes) -> None:
    disk = volumes(512)
    dead = f"2~{disk.beat(2, block(2, dead_ms=9000))}"
    (disk.machine.here / "kept/reconcile").mkdir(parents=True)
    (disk.machine.here / "kept/reconcile/beats").write_text("no directory")
    for waited in (18, 36):
        disk.ask(*LABEL, beats=dead)
        assert disk.waited() == waited


def test_where_no_block_tells_a_dead_time_it_is_the_usual_one(volumes: Volumes) -> None:
    disk = volumes(512)
    disk.ask(*LABEL, beats=f"2~{disk.beat(2, block(2, dead_ms=0))}")
    assert disk.waited() == 120


def test_nobody_waits_for_a_dead_time_that_nobody_sets(volumes: Volumes) -> None:
    disk = volumes(512)
    status, _, err = disk.ask(*LABEL, beats=f"2~{disk.beat(2, block(2, dead_ms=600001))}")
    assert (status, err[:24], used(disk)) == (75, "gate: foreign-heartbeat:", [])


@SECTORS
@pytest.mark.parametrize("shell", SHELLS)
def test_a_member_s_heartbeat_may_go_on_where_this_host_mounts(
    volumes: Volumes, shell: tuple[str, ...], sector: int
) -> None:
    disk = volumes(sector)
    with beating(disk, 2):
        disk.ask(*MOUNT, beats="1,2", shell=shell)
        assert disk.machine.called("mount") == [f"-t ocfs2 -o noatime {NODE} /srv/images"]
        assert disk.ask(*MOUNT, beats="1", shell=shell) == foreign(2)
    assert disk.waited() == 0


@pytest.mark.parametrize("words", ["grow-fs 1 unmounted", *(words for words, _ in VERBS[4:])])
def test_no_heartbeat_may_go_on_while_a_volume_is_written_to(
    volumes: Volumes, words: str
) -> None:
    disk = volumes(512)
    if words.startswith("grow"):
        disk.machine.tool("debugfs.ocfs2", SMALLER)
        words = "grow-fs 10240 unmounted"
    status, _, err = disk.ask(*words.split(), beats="1,200")
    assert (status, err[:13], used(disk)) == (64, "gate: usage: ", [])


def test_who_writes_in_a_member_s_place_is_not_that_member(volumes: Volumes) -> None:
    disk = volumes(512)
    disk.beat(2, block(7))
    assert disk.ask(*MOUNT, beats="1,2") == foreign(2)


@SECTORS
@pytest.mark.parametrize("shell", SHELLS)
def test_our_own_number_stands_still_before_we_mount(
    volumes: Volumes, shell: tuple[str, ...], sector: int
) -> None:
    disk = volumes(sector)
    disk.beat(1)
    disk.ask(*MOUNT, beats="1,2", shell=shell)
    assert (used(disk), disk.waited()) == (["mount"], 5)
    disk.meanwhile(1, block(1, sequence=9))
    told = f"another host writes the heartbeat of number 1, this host's, to {NODE}"
    done = disk.ask(*MOUNT, beats="1,2", shell=shell)
    assert done == (75, "", f"gate: foreign-heartbeat: {told}\n")
    assert len(disk.machine.called("mount")) == 1


def test_a_volume_that_is_mounted_here_already_beats_as_it_should(volumes: Volumes) -> None:
    disk = volumes(512)
    region = UUID.replace("-", "").upper()
    (disk.machine.here / "kernel/config/cluster/ocfs2/heartbeat" / region).mkdir()
    with beating(disk, 1):
        disk.ask(*MOUNT, beats="1,2")
    assert (used(disk), disk.waited()) == (["mount"], 0)


def test_a_check_asks_again_before_it_goes_on(volumes: Volumes) -> None:
    disk = volumes(512)
    disk.meanwhile(9, block(9))
    disk.machine.tool("fsck.ocfs2", "cat meanwhile >chunk; . ./then; echo '[A_1] fixed? y'")
    assert disk.ask("check-fs", "o2cb", "ocfs2") == foreign(9)
    assert len(disk.machine.called("fsck.ocfs2")) == 1


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "tool",
    [
        ("debugfs.ocfs2", "exec /sbin/debugfs.ocfs2 \"$@\" | sed 's/Rec: 1$/Rec: 2/;s/^.0  0 .*/&\\n\\t1  256   9  9  0x0/'"),
        ("debugfs.ocfs2", "exec /sbin/debugfs.ocfs2 \"$@\" | sed '/Tree Depth: 0/s/0/1/'"),
        ("debugfs.ocfs2", "exec /sbin/debugfs.ocfs2 \"$@\" | sed 's/  0   *256  /  0  200  /'"),
        ("debugfs.ocfs2", "exec /sbin/debugfs.ocfs2 \"$@\" | sed 's/ 273 / 10239 /'"),
        ("debugfs.ocfs2", "case $2 in stats) exec /sbin/debugfs.ocfs2 \"$@\" ;; esac; exit 1"),
        ("blockdev", "exit 1"),
        ("dd", 'case $* in *skip=*) exit 1 ;; esac; exec /bin/dd "$@"'),
        ("od", "exit 1"),
    ],
    ids=range(8),
)  # fmt: skip
def test_what_cannot_be_read_is_not_silent(
    volumes: Volumes, shell: tuple[str, ...], tool: tuple[str, str]
) -> None:
    disk = volumes(512)
    disk.machine.tool(*tool)
    status, _, err = disk.ask(*LABEL, shell=shell)
    assert (status, err[:23], used(disk)) == (70, "gate: heartbeat-unread:", [])


@pytest.mark.parametrize("direct", ["yes", "no"])
def test_what_is_read_is_not_this_host_s_cache(volumes: Volumes, direct: str) -> None:
    """Seen by what is called: without direct reading the cache is dropped before each look."""
    disk = volumes(512)
    disk.machine.tool("blockdev", 'exec /sbin/blockdev "$@"')
    refuse = "case $* in *iflag*) exit 1 ;; esac; " if direct == "no" else ""
    disk.machine.tool("dd", refuse + 'exec /bin/dd "$@"')
    disk.beat(2, block(2, dead_ms=500))
    disk.ask(*LABEL, beats=f"2~{block(2, dead_ms=500).hex()}")
    assert used(disk) == ["tunefs.ocfs2"]
    flushed = disk.machine.called("blockdev").count(f"--flushbufs {NODE}")
    read = [call for call in disk.machine.called("dd") if "skip=273" in call]
    assert len(read) == 3  # the first, after a second, and when all is known
    assert all(("iflag=direct" in call) == (direct == "yes") for call in read)
    assert flushed == (6 if direct == "no" else 3)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("Cluster flags: 0 ", "Cluster flags: 1 Globalheartbeat", "heartbeat-mode-differs"),
        ("Feature Incompat: ", "Feature Incompat: 8", "foreign-stack"),
    ],
)
def test_a_volume_whose_mounts_are_not_seen_there_is_refused(
    volumes: Volumes, old: str, new: str, code: str
) -> None:
    disk = volumes(512)
    if code == "foreign-stack":  # 0x8 is of a mount without a cluster
        new = "Feature Incompat: 63320 "
        old = "Feature Incompat: [0-9]*"
    disk.machine.tool("debugfs.ocfs2", f'exec /sbin/debugfs.ocfs2 "$@" | sed "s/{old}/{new}/"')
    status, _, err = disk.ask(*LABEL)
    assert (status, err.split(": ")[1], used(disk)) == (75, code, [])
