"""A machine with disks of the tests' own: a sysfs, and tools that change it."""

# ruff: noqa: S108 - /dev/shm is where the nodes are, in a mount namespace of its own

from dataclasses import dataclass
from pathlib import Path

from tests.unit.gate.calls import Answer, gate, within

UUID = "3a834138-14c1-48f8-b806-f86334225bac"
MIB = 1 << 20


@dataclass(frozen=True)
class Machine:
    """What ``here`` has stands before the host's own for the gate."""

    here: Path

    def disk(self, name: str, number: str, mib: int, **files: str) -> str:
        """A block device; ``device__state="running"`` is its file device/state. Its node."""
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
            nodes.write(f"mknod /dev/shm/{name} b {number.replace(':', ' ')}\n")
        return f"/dev/shm/{name}"

    def multipath(self, mib: int, *paths: int) -> str:
        """dm-0 over sda, sdb, ... of these sizes; its node."""
        slaves = {}
        for n, size in enumerate(paths):
            name = f"sd{'abc'[n]}"
            slaves[f"slaves__{name}"] = ""
            self.disk(name, f"8:{16 * n}", size, device__state="running", device__rescan="")
        status = " ".join(f"8:{16 * n} A 0" for n in range(len(paths)))
        self.tool("dmsetup", f"echo 0 2048 multipath 2 0 0 0 1 1 A 0 2 2 {status}")
        names = {"dm__uuid": "mpath-3600", "dm__name": "mpatha"}
        return self.disk("dm-0", "253:0", mib, **names, **slaves)

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
        (self.here / "kept").mkdir(exist_ok=True)
        (self.here / "nodes").touch()
        script = (
            f"cd {self.here} && mkdir -p block number tools && "
            f"mount --bind {self.here}/kept /var/lib && "
            "mount -t tmpfs tmpfs /dev/shm && sh ./nodes && "
            f"mount --bind {self.here}/block /sys/class/block && "
            f"mount --bind {self.here}/number /sys/dev/block && "
            f"mount --bind {self.here}/tools /usr/local/sbin && {before}"
        )
        return gate(*words, prefix=within(script, shell or ("dash",)))
