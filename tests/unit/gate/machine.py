"""A machine with disks of the tests' own: a sysfs, and tools that change it."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.unit.gate.calls import Answer, gate, within

UUID = "3a834138-14c1-48f8-b806-f86334225bac"
WWID = "3600"
MIB = 1 << 20
# As the kernel has it for everybody; the disks of `here` stand beside them.
DEV = """\
mount -t tmpfs tmpfs dev && mkdir dev/shm dev/block &&
cp -a /dev/null /dev/zero /dev/full /dev/urandom /dev/fd dev && . ./nodes"""
# What stands in the place of what.
PLACES = {
    "kept": "/var/lib",
    "dev": "/dev",
    "block": "/sys/class/block",
    "number": "/sys/dev/block",
    "tools": "/usr/local/sbin",
}


@dataclass(frozen=True)
class Machine:
    """What ``here`` has stands before the host's own for the gate."""

    here: Path
    held: list[int] = field(default_factory=list)

    def disk(self, name: str, number: str, mib: int, **files: str) -> str:
        """A block device; ``device__state="running"`` is its file device/state. Its node.

        Without a number it is one that can be opened, a loop device of so many zeros.
        """
        number = number or self.attach(name, mib)
        device = self.here / "devices" / name
        for directory in (device, self.here / "block", self.here / "number"):
            directory.mkdir(parents=True, exist_ok=True)
        (self.here / "block" / name).symlink_to(device)
        (self.here / "number" / number).symlink_to(device)
        for key, text in {"size": str(mib * 2048), **files}.items():
            file = device / key.replace("__", "/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{text}\n")
        with (self.here / "nodes").open("a") as nodes:
            nodes.write(f"mknod dev/{name} b {number.replace(':', ' ')}\n")
        return f"/dev/{name}"

    def attach(self, name: str, mib: int, sector: int = 512) -> str:
        """The number of a loop device of the file `images/NAME`, which it makes if need be.

        Detached already, which happens when the last has closed it.
        """
        image = self.here / "images" / name
        image.parent.mkdir(exist_ok=True)
        image.touch()
        os.truncate(image, mib * MIB)
        attach = ["losetup", "-f", "--show", "-b", str(sector), str(image)]
        done = subprocess.run(attach, check=True, capture_output=True, text=True)
        node = done.stdout.strip()
        self.held.append(os.open(node, os.O_RDONLY))
        subprocess.run(["losetup", "-d", node], check=True)
        return f"7:{os.minor(os.fstat(self.held[-1]).st_rdev)}"

    def close(self) -> None:
        """The end of the loop devices."""
        for held in self.held:
            os.close(held)
        self.held.clear()

    def number(self, name: str) -> str:
        """MAJ:MIN of a disk."""
        links = (self.here / "number").iterdir()
        return next(link.name for link in links if link.readlink().name == name)

    def multipath(self, mib: int, *paths: int) -> str:
        """dm-0 over sda, sdb, ... of these sizes; its node."""
        slaves = {}
        for n, size in enumerate(paths):
            name = f"sd{'abc'[n]}"
            slaves[f"slaves__{name}"] = ""
            self.disk(name, f"8:{16 * n}", size, device__state="running", device__rescan="")
        status = " ".join(f"8:{16 * n} A 0" for n in range(len(paths)))
        self.tool("dmsetup", f"echo 0 2048 multipath 2 0 0 0 1 1 A 0 2 2 {status}")
        names = {"dm__uuid": f"mpath-{WWID}", "dm__name": "mpatha"}
        return self.disk("dm-0", "", mib, **names, **slaves)

    def file(self, name: str) -> Path:
        """A file of a device."""
        return self.here / "devices" / name

    def tool(self, name: str, script: str) -> None:
        """A program that tells its words to `called`, then runs the script in `here`."""
        tool = self.here / "tools" / name
        tool.parent.mkdir(exist_ok=True)
        called = f'echo "{name} $*" >>{self.here}/called'
        tool.write_text(f"#!/bin/sh\ncd {self.here}\n{called}\n{script}\n")
        tool.chmod(0o755)

    def called(self, name: str) -> list[str]:
        """The words of every call of a tool."""
        lines = (self.here / "called").read_text() if (self.here / "called").exists() else ""
        return [line[len(name) + 1 :] for line in lines.splitlines() if line.split()[0] == name]

    def gate(self, *words: str, before: str = "true", shell: tuple[str, ...] = ()) -> Answer:
        """One call there; what it keeps in /var/lib is in `kept` afterwards."""
        for name in PLACES:
            (self.here / name).mkdir(exist_ok=True)
        (self.here / "nodes").touch()
        binds = (f"{self.here}/{name} {at} none bind\n" for name, at in PLACES.items())
        (self.here / "places").write_text("".join(binds))
        script = f"cd {self.here} && {DEV} && mount -a -T places && {before}"
        return gate(*words, prefix=within(script, shell or ("dash",)))
