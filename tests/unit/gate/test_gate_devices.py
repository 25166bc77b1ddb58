"""Formatting and mounting: what is refused. The rest needs real OCFS2 hosts (tests/lab)."""

# ruff: noqa: S604 - the words are these tests' own

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.gate.calls import SHELLS, Answer, gate, on, private_mounts_work, within
from tests.unit.gate.machine import UUID

MIB = 1 << 20
SIZE = 200 * MIB

LUKS = r"import sys; open(sys.argv[1], 'r+b').write(b'LUKS\xba\xbe\0\1')"
DOS = (
    r"import sys; open(sys.argv[1], 'r+b').write("
    r"bytes(446) + b'\0\0\0\0\x83\0\0\0\0\x08\0\0\0\x10\0\0' + bytes(48) + b'\x55\xaa')"
)


def loop(*arguments: str) -> str:
    done = subprocess.run(["losetup", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


needs_loop = pytest.mark.skipif(
    not private_mounts_work() or not loop("-f"), reason="needs root and loop devices"
)


@pytest.fixture
def disk() -> Iterator[tuple[str, Path]]:
    """A loop device of 200 MiB of zeros, and the file behind it."""
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(SIZE)
        node = loop("-Pf", "--show", "--direct-io=on", file.name) or loop(
            "-Pf", "--show", file.name
        )
        try:
            yield node, Path(file.name)
        finally:
            loop("-d", node)


def write(node: str, at: int, data: bytes) -> None:
    with Path(node).open("r+b", buffering=0) as device:
        device.seek(at)
        device.write(data)
    subprocess.run(["blockdev", "--flushbufs", node], check=True)


def formatted(node: str, *options: str, size: int = SIZE, shell: tuple[str, ...]) -> Answer:
    """The gate's answer, with a mkfs.ocfs2 that only says how it was called."""
    with tempfile.TemporaryDirectory() as tools:
        tool = Path(tools) / "mkfs.ocfs2"
        tool.write_text('#!/bin/sh\necho "called with $*"\nexit 1\n')
        tool.chmod(0o755)
        prefix = within(
            f"mount -t tmpfs t /var/lib && mount --bind {tools} /usr/local/sbin", shell
        )
        call = on(node, "format", size=str(size))
        return gate(*call, "--", "mkfs.ocfs2", "-U", UUID, *options, node, prefix=prefix)


@needs_loop
@pytest.mark.parametrize("shell", SHELLS)
def test_a_blank_device_is_given_to_mkfs_as_planned(
    disk: tuple[str, Path], shell: tuple[str, ...]
) -> None:
    node, _ = disk
    done = formatted(node, "-x", "-L", "images", shell=shell)
    assert done == (70, "", f"gate: format-failed: called with -U {UUID} -x -L images {node}\n")


@needs_loop
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("at", "data"),
    [(0, b"\1"), (5000, b"\1"), (16 * MIB - 1, b"\1"), (100 * MIB, b"\1" * 4 * MIB),
     (SIZE - 16 * MIB, b"\1"), (SIZE - 1, b"\1")],
)  # fmt: skip
def test_a_device_with_data_where_it_is_sampled_is_never_formatted(
    disk: tuple[str, Path], shell: tuple[str, ...], at: int, data: bytes
) -> None:
    node, _ = disk
    write(node, at, data)
    done = formatted(node, "-x", shell=shell)
    assert done == (75, "", f"gate: device-not-blank: {node} has data that is not zero\n")


@needs_loop
@pytest.mark.parametrize(
    ("tool", "found"),
    [
        (["mkfs.ext4", "-q", "-F"], "TYPE=ext4"),
        (["mkswap"], "TYPE=swap"),
        (["python3", "-c", LUKS], "TYPE=crypto_LUKS"),
        (["python3", "-c", DOS], "PTTYPE=dos"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_device_with_a_signature_is_never_formatted(
    disk: tuple[str, Path], tool: list[str], found: str
) -> None:
    node, _ = disk
    subprocess.run([*tool, node], check=True, capture_output=True)
    done = formatted(node, "-x", shell=("dash",))
    assert done == (75, "", f"gate: device-not-blank: {node} has a signature: {found}\n")


@needs_loop
def test_a_device_of_another_size_is_never_formatted(disk: tuple[str, Path]) -> None:
    node, _ = disk
    done = formatted(node, "-x", size=SIZE + 512, shell=("dash",))
    expected = f"gate: device-size: {node} has {SIZE} bytes, not {SIZE + 512}\n"
    assert done == (75, "", expected)


@pytest.mark.parametrize(
    "arguments",
    [
        ["-F"],
        ["--force"],
        ["--fo"],
        ["-xF"],
        ["-qFx"],
        ["/dev/sdz"],
        ["-L", "/dev/sdz"],
        ["../dev/sdz"],
        ["/dev/null"],
        ["-L", "a\nb"],
        ["--global-heartbeat"],
        ["-U", UUID],
        [f"-U{UUID}"],
        [f"-xU{UUID}"],
    ],
    ids=repr,
)
def test_mkfs_gets_no_force_no_second_device_and_no_second_uuid(arguments: list[str]) -> None:
    call = (*on("/dev/null", "format", size="1"), "--", "mkfs.ocfs2", "-U", UUID)
    status, out, err = gate(*call, *arguments, "/dev/null")
    assert (status, out, err[:13]) == (64, "", "gate: usage: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--", "mkfs.ext4", "-U", UUID, "/dev/null"],
        ["--", "sh", "-c", f"mkfs.ocfs2 -U {UUID} /dev/null"],
        ["--", "/sbin/mkfs.ocfs2", "-U", UUID, "/dev/null"],
        ["--", "mkfs.ocfs2", "-U", UUID, "-x"],
        ["mkfs.ocfs2", "-U", UUID, "/dev/null", "-x"],
        ["--", "mkfs.ocfs2"],
        ["--", "mkfs.ocfs2", "-x", "/dev/null"],
        ["--", "mkfs.ocfs2", "-U", "clear", "/dev/null"],
        ["--", "mkfs.ocfs2", "-U", UUID.upper(), "/dev/null"],
        ["--", "mkfs.ocfs2", "/dev/null", "-U"],
    ],
    ids=repr,
)
def test_only_mkfs_ocfs2_on_the_named_device_formats_with_a_uuid_of_the_run(
    arguments: list[str],
) -> None:
    status, out, err = gate(*on("/dev/null", "format", size="1"), *arguments)
    assert (status, out, err[:13]) == (64, "", "gate: usage: ")


CALLS = {
    "format": ("--", "mkfs.ocfs2", "-U", UUID, "/dev/null"),
    "mount": ("/srv/m", "noatime"),
}


@pytest.mark.parametrize(
    "words",
    [
        "on /dev/null - - - - format",
        f"on /dev/null - 1 {UUID} - format",
        "on /dev/null - - - - mount",
        "mount",
        "format",
    ],
)
def test_a_device_is_told_by_what_the_verb_needs(words: str) -> None:
    call = words.split()
    status, out, err = gate(*call, *CALLS[call[-1]])
    assert (status, out, err[:13]) == (64, "", "gate: usage: ")


@pytest.mark.parametrize("verb", ["format", "mount"])
def test_what_is_no_block_device_is_refused(verb: str) -> None:
    known = {"size": "1"} if verb == "format" else {"uuid": UUID}
    done = gate(*on("/dev/null", verb, **known), *CALLS[verb])
    assert done == (75, "", "gate: device-missing: /dev/null is no block device\n")


@needs_loop
@pytest.mark.parametrize("shell", SHELLS)
def test_only_an_ocfs2_file_system_is_mounted(
    disk: tuple[str, Path], shell: tuple[str, ...]
) -> None:
    node, _ = disk
    done = gate(*on(node, "mount", uuid=UUID), "/mnt", "noatime", prefix=shell)
    assert done == (75, "", f"gate: wrong-uuid: {node} carries no file system, not ocfs2\n")


@pytest.mark.parametrize("options", ["nocluster", "noatime,heartbeat=none", "cluster_stack=x"])
def test_nobody_mounts_past_the_cluster(options: str) -> None:
    status, _, err = gate(*on("/dev/null", "mount", uuid=UUID), "/mnt", options)
    assert (status, err[:13]) == (64, "gate: usage: ")


def test_a_mount_point_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/srv")
    done = gate(*on("/dev/null", "mount", uuid=UUID), f"{tmp_path}/link", "noatime")
    assert done == (75, "", f"gate: symlink: {tmp_path}/link is a symbolic link\n")
