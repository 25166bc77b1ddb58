"""Heartbeats as the probe reads them, from volumes that the real mkfs.ocfs2 made."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.unit.gate.calls import SHELLS, needs_root, within
from tests.unit.gate.machine import MIB
from tests.unit.gate.volumes import AREA, MKFS, SIZE, block, needs_tools
from tests.unit.probe.calls import run

pytestmark = [needs_root, needs_tools]
SEEN = (0, 5, 31, 32, 40, 200, 254)


@contextmanager
def volume(here: Path, sector: int) -> Iterator[str]:
    """A loop device with a volume; the numbers of SEEN have beaten there."""
    image = here / "image"
    with image.open("wb") as file:
        file.truncate(SIZE * MIB)
    attach = ["losetup", "-f", "--show", "-b", str(sector), str(image)]
    done = subprocess.run(attach, check=True, capture_output=True, text=True)
    node = done.stdout.strip()
    try:
        subprocess.run([*MKFS.split(), node], check=True, capture_output=True)
        with image.open("r+b") as file:
            for number in SEEN:
                file.seek(AREA + number * sector)
                file.write(block(number, sequence=number + 1))
            file.seek(AREA + 255 * sector)  # beyond the last number
            file.write(block(255))
        yield node
    finally:
        subprocess.run(["losetup", "-d", node], check=True)


def rows(node: str, shell: tuple[str, ...], prefix: tuple[str, ...] = ()) -> list[str]:
    text = run(shell, "--only", "wanted", "--want", f"path={node}", prefix=prefix)
    assert f"sb\tpath={node}\tlabel\timages\n" in text
    return [line for line in text.splitlines() if line.startswith(("beat\t", "hb\t"))]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("sector", [512, 4096])
def test_all_numbers_are_seen_whatever_the_sectors_are(
    tmp_path: Path, shell: tuple[str, ...], sector: int
) -> None:
    with volume(tmp_path, sector) as node:
        expected = [
            f"beat\tpath={node}\t{number}\t{block(number, sequence=number + 1).hex()}"
            for number in SEEN
        ]
        assert rows(node, shell) == [f"hb\tpath={node}\tok", *expected]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_heartbeat_mode_of_a_volume_is_read_and_the_remedy_changes_it(
    tmp_path: Path, shell: tuple[str, ...]
) -> None:
    def stamp(mode: str) -> str:
        update = ["o2cluster", "-y", f"--update=o2cb,ocfs2,{mode}", node]
        subprocess.run(update, check=True, capture_output=True)
        text = run(shell, "--only", "wanted", "--want", f"path={node}")
        (row,) = (row for row in text.splitlines() if f"={node}\tflags\t" in row)
        return row.split("\t")[3].strip()

    with volume(tmp_path, 512) as node:
        assert [stamp(mode) for mode in ("global", "local")] == ["1 Globalheartbeat", "0"]


def test_debugfs_says_the_same_where_it_is_right(tmp_path: Path) -> None:
    with volume(tmp_path, 512) as node:
        read = [row.split("\t")[2:] for row in rows(node, ("dash",))[1:]]
        ask = ["debugfs.ocfs2", "-R", "hb", node]
        said = subprocess.run(ask, check=True, capture_output=True, text=True).stdout
    found = {}
    for number, text in read:
        data = bytes.fromhex(text)
        words = (data[8], *(int.from_bytes(data[at : at + 8], "little") for at in (0, 16)))
        found[int(number)] = words
    lines = [line.split() for line in said.splitlines() if ":" in line]
    told = {
        int(at[:-1]): (int(node), int(sequence, 16), int(generation, 16))
        for at, node, sequence, generation, *_ in lines
        if at[:-1].isdigit()
    }
    assert {number: told[number] for number in found} == found
    assert all(not any(words[1:]) for number, words in told.items() if number not in found)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("tool", "script"),
    [
        ("dd", "exit 1"),
        ("dd", 'case $* in *iflag=direct*) exit 1 ;; esac; exec /bin/dd "$@"'),
        ("debugfs.ocfs2", "exec /sbin/debugfs.ocfs2 \"$@\" | sed '/Tree Depth: 0/s/0/1/'"),
        ("debugfs.ocfs2", "exec /sbin/debugfs.ocfs2 \"$@\" | sed 's/ 273 / 10239 /'"),
        ("debugfs.ocfs2", "exec /sbin/debugfs.ocfs2 \"$@\" | sed 's/  0   *256  /  0  200  /'"),
        ("debugfs.ocfs2", "exec /sbin/debugfs.ocfs2 \"$@\" | sed '/^.0  0  .*/p'"),
    ],
    ids=range(6),
)
def test_what_cannot_be_read_is_unknown(
    tmp_path: Path, shell: tuple[str, ...], tool: str, script: str
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / tool).write_text(f"#!/bin/sh\n{script}\n")
    (tools / tool).chmod(0o755)
    mounted = within(f"mount --bind {tools} /usr/local/sbin", ())
    with volume(tmp_path, 512) as node:
        assert rows(node, shell, prefix=mounted) == []
