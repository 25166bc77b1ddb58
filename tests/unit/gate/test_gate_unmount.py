"""Unmounting and the running cluster, with a mount table and tools of the tests' own."""

import mmap
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.gate.calls import SHELLS, Answer, gate, needs_root, within

VOLUME = "36 1 98:16 / {path} rw - ocfs2 /dev/ubdb rw\n"
TMPFS = "37 36 0:50 / {path} rw - tmpfs tmpfs rw\n"
UMOUNT = """\
#!/bin/sh
echo "$*" >>{here}/called
if [ -e {here}/busy ]; then echo "umount: $1: target is busy." >&2; exit 32; fi
if [ ! -e {here}/deaf ]; then : >{here}/mounts; fi
"""
HOLD = {
    "an open file": "file = open(sys.argv[1] + '/held')",
    "a mapping": "file = open(sys.argv[1] + '/held'); m = mmap.mmap(file.fileno(), 0, "
    "prot=mmap.PROT_READ); file.close(); import os; os.closerange(3, 20)",
    "a directory": "import os; os.chdir(sys.argv[1])",
}


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """What comes before the host's own tools; `cat` is how the gate reads mountinfo."""
    for name, text in (
        ("cat", f"#!/bin/sh\nexec /bin/cat {tmp_path}/mounts\n"),
        ("umount", UMOUNT.format(here=tmp_path)),
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return tmp_path


@pytest.fixture
def path(tools: Path) -> str:
    """Where the volume is mounted."""
    place = tools / "srv"
    place.mkdir()
    (place / "held").write_bytes(b"x" * mmap.PAGESIZE)
    (tools / "mounts").write_text(VOLUME.format(path=place))
    return str(place)


@pytest.fixture
def user(request: pytest.FixtureRequest, path: str) -> Iterator[int]:
    """A process that holds the volume in one of several ways."""
    code = f"import sys, mmap; {HOLD[request.param]}; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        yield process.pid


def unmount(tools: Path, path: str, shell: tuple[str, ...] = ("dash",)) -> Answer:
    script = f"mount -t tmpfs tmpfs /var/lib && mount --bind {tools} /usr/local/sbin"
    return gate("unmount", path, prefix=within(script, shell))


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_volume_is_unmounted_plainly_and_only_once(
    tools: Path, path: str, shell: tuple[str, ...]
) -> None:
    for _ in range(2):
        assert unmount(tools, path, shell) == (0, f"ok unmounted {path}\n", "")
    assert (tools / "called").read_text() == f"{path}\n"


@needs_root
def test_what_is_no_volume_is_left_alone(tools: Path, path: str) -> None:
    (tools / "mounts").write_text(TMPFS.format(path=path))
    assert unmount(tools, path) == (0, f"ok unmounted {path}\n", "")
    assert not (tools / "called").exists()


@needs_root
def test_a_file_system_over_the_volume_is_refused(tools: Path, path: str) -> None:
    (tools / "mounts").write_text((VOLUME + TMPFS).format(path=path))
    message = f"{path} has another file system over the volume: 0:50 tmpfs"
    assert unmount(tools, path) == (75, "", f"gate: mount-path-busy: {message}\n")
    assert not (tools / "called").exists()


@needs_root
def test_two_volumes_on_one_path_are_not_said_to_be_gone(tools: Path, path: str) -> None:
    (tools / "mounts").write_text((VOLUME * 2).format(path=path))
    (tools / "umount").write_text(f"#!/bin/sh\nsed -i 1d {tools}/mounts\n")
    words = "gate: unmount-failed: another OCFS2 is mounted below\n"
    assert unmount(tools, path) == (70, "", words)


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("user", HOLD, indirect=True)
def test_who_holds_a_busy_volume_is_told(
    tools: Path, path: str, user: int, shell: tuple[str, ...]
) -> None:
    (tools / "busy").touch()
    status, out, err = unmount(tools, path, shell)
    first, *held = err.splitlines()
    assert (status, out) == (70, "")
    assert first == f"gate: unmount-failed: umount: {path}: target is busy."
    command = Path(f"/proc/{user}/comm").read_text().strip()
    place = str(Path(f"/proc/{user}/cwd").readlink())
    file = path if place == path else f"{path}/held"
    assert held == [f"held by {user} {command} {file}"]


@needs_root
def test_an_umount_that_does_nothing_is_not_believed(tools: Path, path: str) -> None:
    (tools / "deaf").touch()
    words = f"gate: unmount-failed: umount said nothing, yet {path} is mounted\n"
    assert unmount(tools, path) == (70, "", words)


def set_live(value: str, attribute: str, shell: tuple[str, ...] = ("dash",)) -> Answer:
    """``attribute`` makes the file that stands for the kernel's."""
    place = "/sys/kernel/config/cluster/ocfs2"
    script = (
        "mount -t tmpfs tmpfs /var/lib && mount -t tmpfs tmpfs /sys/kernel && "
        f"mkdir -p {place} && cd {place} && {attribute}"
    )
    words = ("set-live", "ocfs2", "reconnect_delay_ms", value)
    return gate(*words, prefix=within(script, shell))


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_what_the_kernel_reads_back_decides(shell: tuple[str, ...]) -> None:
    taken = set_live("3000", "echo 2000 >reconnect_delay_ms", shell)
    assert taken == (0, "ok set reconnect_delay_ms\n", "")
    kept = set_live("3000", "ln -s /proc/sys/kernel/ostype reconnect_delay_ms", shell)
    words = "gate: live-refused: reconnect_delay_ms is Linux, not 3000: "
    assert (kept[0], kept[1], kept[2][: len(words)]) == (70, "", words)


@needs_root
def test_a_cluster_that_is_offline_takes_nothing() -> None:
    words = "gate: live-refused: ocfs2 is not online\n"
    assert set_live("3000", "true") == (70, "", words)
