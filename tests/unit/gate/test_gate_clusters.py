"""The kernel's list of members before a mount, and what still needs the cluster."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.gate.calls import SHELLS, Answer, needs_root
from tests.unit.gate.machine import UUID
from tests.unit.gate.volumes import BEFORE, CAT, Volume, needs_tools, volume

pytestmark = [needs_root, needs_tools]
REGION = UUID.replace("-", "").upper()
LIVE = "kernel/config/cluster/ocfs2"
FIRST = "node01 1 10.0.0.1 7777"  # of its nodes
STOPS = ("systemctl stop o2cb.service", "systemctl restart o2cb.service")
# A list as people write it: other spaces, another order, a cluster of another name.
AS_WRITTEN = """\
# ours
node:
    name=node02
    cluster = ocfs2
    number =2
    ip_address = 10.0.0.2   \n    ip_port = 7777

node:
\tcluster = other
\tname = node09
\tnumber = 9
\tip_address = 10.0.0.9
\tip_port = 7777
node:
\tcluster = ocfs2
\tip_port = 7777
\tip_address = 10.0.0.1
\tnumber = 1
\tname = node01
cluster:
\tname = ocfs2
\tnode_count = 2
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Volume]:
    made = volume(tmp_path, 512)
    made.machine.tool("systemctl", "exit 0")
    yield made
    made.machine.close()


def mount(disk: Volume, shell: tuple[str, ...] = ()) -> Answer:
    return disk.ask("mount", "/srv/images", "noatime", beats="1,2", shell=shell)


def do(disk: Volume, words: str, shell: tuple[str, ...] = ()) -> Answer:
    return disk.machine.gate("do", *words.split(), before=BEFORE, shell=shell)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ("number = 2 -> number = 3", "node02 2 10.0.0.2 7777"),
        ("10.0.0.2 -> 10.0.0.3", "node02 2 10.0.0.2 7777"),
        ("port = 7777 -> port = 7778", "node01 1 10.0.0.1 7777"),
        ("node02 -> node2", "node02 2 10.0.0.2 7777"),
        ("node02 -> NODE02", "NODE02 2 10.0.0.2 7777"),
        ("cluster = ocfs2 -> cluster = c", "node01 1 10.0.0.1 7777"),
    ],
)
def test_a_kernel_whose_list_is_not_the_file_s_mounts_nothing(
    disk: Volume, shell: tuple[str, ...], changed: str, told: str
) -> None:
    file = disk.machine.here / "etc/ocfs2/cluster.conf"
    old, _, new = changed.partition(" -> ")
    file.write_text(file.read_text().replace(old, new))
    words = f"the kernel's ocfs2 and cluster.conf differ in: {told}"
    assert mount(disk, shell) == (75, "", f"gate: lists-differ: {words}\n")
    assert disk.machine.called("mount") == []


@pytest.mark.parametrize("shell", SHELLS)
def test_a_list_is_the_same_however_it_is_written(disk: Volume, shell: tuple[str, ...]) -> None:
    (disk.machine.here / "etc/ocfs2/cluster.conf").write_text(AS_WRITTEN)
    mount(disk, shell)
    assert len(disk.machine.called("mount")) == 1


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ("offline", "lists-differ: no cluster is online here"),
        ("two", "lists-differ: several clusters are online here"),
        ("none of it", "lists-differ: this host is none of the nodes of ocfs2"),
        ("no file", f"lists-differ: the kernel's ocfs2 and cluster.conf differ in: {FIRST}"),
        ("global", "not-supported-yet: the heartbeat of ocfs2 is global"),
    ],
)
def test_a_host_outside_of_its_cluster_mounts_nothing(
    disk: Volume, changed: str, told: str
) -> None:
    here = disk.machine.here
    if changed == "offline":
        shutil.rmtree(here / LIVE)
    elif changed == "two":
        (here / "kernel/config/cluster/other").mkdir()
    elif changed == "none of it":
        (here / LIVE / "node/node01/local").write_text("0\n")
    elif changed == "no file":
        (here / "etc/ocfs2/cluster.conf").write_text("")
    else:
        (here / LIVE / "heartbeat/mode").write_text("global\n")
    assert mount(disk) == (75, "", f"gate: {told}\n")
    assert disk.machine.called("mount") == []


def test_nothing_is_mounted_over_another_file_system(disk: Volume) -> None:
    other = "36 1 0:50 / /srv/images rw - tmpfs tmpfs rw\n"
    (disk.machine.here / "mountinfo").write_text(other)
    told = "/srv/images already has a file system mounted: 0:50 tmpfs"
    assert mount(disk) == (75, "", f"gate: mount-path-busy: {told}\n")
    assert disk.machine.called("mount") == []


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("words", STOPS)
def test_a_cluster_that_nothing_needs_is_stopped(
    disk: Volume, shell: tuple[str, ...], words: str
) -> None:
    assert do(disk, words, shell) == (0, "", "")
    assert disk.machine.called("systemctl") == [words.partition(" ")[2]]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("words", STOPS)
@pytest.mark.parametrize("used", ["mount", "region", "domain", "thread"])
def test_a_cluster_in_use_is_not_stopped(
    disk: Volume, shell: tuple[str, ...], words: str, used: str
) -> None:
    told = use(disk, used)
    done = do(disk, words, shell)
    assert done == (75, "", f"gate: cluster-in-use: {told}\n")
    assert disk.machine.called("systemctl") == []


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("words", ["set-label x", "add-slots 4", "check-fs o2cb ocfs2"])
@pytest.mark.parametrize("used", ["region", "domain", "thread"])
def test_a_volume_whose_mount_is_hidden_is_not_written_to(
    disk: Volume, shell: tuple[str, ...], words: str, used: str
) -> None:
    use(disk, used)
    status, _, err = disk.ask(*words.split(), shell=shell)
    what = "heartbeat region" if used == "region" else "lock domain"
    told = f"gate: volume-mounted: /dev/vdb has an active {what} here\n"
    assert (status, err) == (75, told)
    assert disk.machine.called("tunefs.ocfs2") == disk.machine.called("fsck.ocfs2") == []


def test_another_volume_s_mount_is_no_obstacle(disk: Volume) -> None:
    other = REGION.replace("3A83", "4A83")
    (disk.machine.here / LIVE / "heartbeat" / other).mkdir()
    (disk.machine.here / "kernel/debug/o2dlm" / other).mkdir(parents=True)
    disk.ask("set-label", "x")
    assert len(disk.machine.called("tunefs.ocfs2")) == 1


def use(disk: Volume, used: str) -> str:
    """What stands in the way of the end of the cluster, as it is told."""
    if used == "mount":
        seen = 'case $1 in -l) echo /proc/7/mountinfo ;; *) exec /bin/grep "$@" ;; esac'
        disk.machine.tool("grep", seen)
        return "OCFS2 is mounted, see /proc/7/mountinfo"
    if used == "region":
        (disk.machine.here / LIVE / "heartbeat" / REGION).mkdir()
        return f"the heartbeat region /sys/{LIVE}/heartbeat/{REGION} is active"
    if used == "domain":
        (disk.machine.here / "kernel/debug/o2dlm" / REGION).mkdir(parents=True)
        return f"the lock domain {REGION} is active"
    # A real process of that name would be seen by every test that runs beside this one.
    thread = f"case $* in */comm) echo dlm-{REGION[:11]} ;; esac"
    disk.machine.tool("cat", f"{thread}\n{CAT}")
    return f"the lock domain {REGION[:11]} is active"
