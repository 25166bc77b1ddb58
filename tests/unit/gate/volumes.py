"""Volumes that the real mkfs.ocfs2 made, with heartbeats, a cluster and a clock of the tests'."""

from __future__ import annotations

import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.gate.calls import Answer, on
from tests.unit.gate.machine import MIB, UUID, Machine

SIZE = 40
AREA = 273 * 4096  # where mkfs.ocfs2 1.8.7 puts the heartbeats of such a volume
NODE = "/dev/vdb"
MKFS = (
    "mkfs.ocfs2 -x -q -F -b 4096 -C 4096 -J size=4M -N 1 -L images --cluster-stack=o2cb "
    f"--cluster-name=ocfs2 -U {UUID}"
)
# Time goes on only when somebody sleeps; then, perhaps, something happens.
SLEEP = """\
read now rest <uptime
echo "$((${now%.*} + $1)).25 0.00" >uptime
if [ -e meanwhile ]; then cat meanwhile >chunk && rm meanwhile; . ./then; fi
"""

CAT = (
    """case $1 in /proc/self/*) exec /bin/cat "${1#/proc/self/}" ;; esac; exec /bin/cat "$@\""""
)
# What stands before the machine's own.
BEFORE = (
    "mount --bind kernel /sys/kernel && "
    "mount -t overlay overlay -o lowerdir=etc:/etc /etc && "
    "mount --bind uptime /proc/uptime"
)

needs_tools = pytest.mark.skipif(
    not shutil.which("mkfs.ocfs2") or not shutil.which("debugfs.ocfs2"),
    reason="needs ocfs2-tools",
)


def block(
    node: int, *, sequence: int = 7, generation: int = 0xABC, dead_ms: int = 60000
) -> bytes:
    """What o2hb writes, and four bytes more."""
    return struct.pack("<QB3xIQI4x", sequence, node, 0, generation, dead_ms)


@dataclass(frozen=True)
class Volume:
    """A volume on a disk without a name of its own; its sectors have ``sector`` bytes."""

    machine: Machine
    sector: int

    @property
    def image(self) -> Path:
        """The file behind the disk."""
        return self.machine.here / "images" / "vdb"

    def at(self, number: int) -> int:
        """Where a number's block begins."""
        return AREA + number * self.sector

    def beat(self, number: int, data: bytes | None = None) -> str:
        """Writes a number's block; as BEATS names it."""
        data = block(number) if data is None else data
        with self.image.open("r+b") as image:
            image.seek(self.at(number))
            image.write(data)
        return data.hex()

    def meanwhile(self, number: int, data: bytes) -> None:
        """Writes a block while the gate sleeps for the first time."""
        (self.machine.here / "meanwhile").write_bytes(data)
        (self.machine.here / "then").write_text(
            f"dd if=chunk of={self.image} bs=1 seek={self.at(number)} conv=notrunc 2>/dev/null\n"
        )

    def waited(self) -> int:
        """Seconds that the gate slept, by the machine's clock."""
        return int((self.machine.here / "uptime").read_text().split(".")[0]) - 1000

    def mounted(self) -> None:
        """For the gate, which reads mountinfo with `cat`."""
        number = self.machine.number("vdb")
        line = f"36 1 {number} / /srv/images rw - ocfs2 {NODE} rw,heartbeat=local\n"
        (self.machine.here / "mountinfo").write_text(line)

    def ask(
        self, verb: str, *words: str, beats: str = "-", shell: tuple[str, ...] = ()
    ) -> Answer:
        """A verb on it, on a machine whose kernel and clock are the test's."""
        call = on(NODE, verb, size=str(SIZE * MIB), uuid=UUID, beats=beats)
        return self.machine.gate(*call, *words, before=BEFORE, shell=shell)


def volume(here: Path, sector: int) -> Volume:
    """A new one, mounted nowhere, on node01 of a cluster of two that is online."""
    machine = Machine(here)
    number = machine.attach("vdb", SIZE, sector)
    device = f"/dev/loop{number.partition(':')[2]}"
    subprocess.run([*MKFS.split(), device], check=True, capture_output=True)
    machine.disk("vdb", number, SIZE)
    (here / "uptime").write_text("1000.25 0.00\n")
    (here / "mountinfo").write_text("")
    machine.tool("sleep", SLEEP)
    machine.tool("cat", CAT)
    machine.tool("dmesg", "true")
    for name in ("mount", "tunefs.ocfs2", "fsck.ocfs2"):
        machine.tool(name, "echo oh")
    cluster(machine, (1, "node01"), (2, "node02"))
    return Volume(machine, sector)


def cluster(machine: Machine, *nodes: tuple[int, str]) -> None:
    """A cluster.conf, and a kernel that has the same list; the first node is this host."""
    (machine.here / "etc/ocfs2").mkdir(parents=True, exist_ok=True)
    live = machine.here / "kernel/config/cluster/ocfs2"
    (live / "heartbeat").mkdir(parents=True, exist_ok=True)
    (live / "heartbeat/mode").write_text("local\n")
    text = f"cluster:\n\tnode_count = {len(nodes)}\n\tname = ocfs2\n\n"
    for number, name in nodes:
        text += f"node:\n\tip_port = 7777\n\tip_address = 10.0.0.{number}\n"
        text += f"\tnumber = {number}\n\tname = {name}\n\tcluster = ocfs2\n\n"
        node = live / "node" / name
        node.mkdir(parents=True)
        local = "1" if number == nodes[0][0] else "0"
        values = {"num": str(number), "local": local, "ipv4_port": "7777"}
        for key, value in {**values, "ipv4_address": f"10.0.0.{number}"}.items():
            (node / key).write_text(f"{value}\n")
    (machine.here / "etc/ocfs2/cluster.conf").write_text(text)
