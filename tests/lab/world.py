"""The record of a lab: what was asked for, and what has been started so far."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.lab.locks import locked
from tests.lab.plan import Plan, Wish, make_plan
from tests.lab.processes import Process, alive
from tests.lab.shell import LabError

RECORDS = Path(os.environ.get("LAB_RECORDS", "/run/ocfs2-lab-reconcile"))
DIRECTORIES = Path("/var/lib/ocfs2-lab-reconcile")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
MARK = ".ocfs2-lab"  # in a lab's directory: it may be removed whole
REPOSITORY = "repository"  # recorded beside the hosts


@dataclass
class World:
    """One lab.  Everything that is not recorded here follows from the wish."""

    netns: str
    directory: Path
    wish: Wish
    built: dict
    owner: Process | None = None
    boot: str = field(default_factory=BOOT_ID.read_text)
    inode: int | None = None
    is_up: bool = False
    processes: dict[str, Process | None] = field(default_factory=dict)
    frozen: list[str] = field(default_factory=list)
    cut: dict[str, list[str]] = field(default_factory=dict)
    grown: dict[str, int] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        """What the lab consists of."""
        return make_plan(self.wish, self.directory)

    @property
    def is_of_this_boot(self) -> bool:
        """Whether what it started may still run at all."""
        return self.boot == BOOT_ID.read_text()

    @property
    def owns_namespace(self) -> bool:
        """Whether the namespace of this name is still the one that this lab made."""
        return self.inode is not None and self.inode == namespace_inode(self.netns)

    @property
    def is_orphan(self) -> bool:
        """Whether the process that wanted it is gone; a lab made by hand is never one."""
        return self.owner is not None and not alive(self.owner)

    def is_on(self, name: str) -> bool:
        """Whether a host has power."""
        return alive(self.processes.get(name))

    def of_host(self, name: str) -> Path:
        """A host's own directory."""
        return self.directory / "hosts" / name

    def mib(self, lun: str) -> int:
        """The size a LUN has now."""
        return self.grown.get(lun) or self.plan.lun(lun).mib

    def save(self) -> None:
        """Write the record, whole or not at all."""
        path = record_path(self.netns)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(self), default=str, indent=1)
        path.with_suffix(".new").write_text(text)
        path.with_suffix(".new").rename(path)

    def forget(self) -> None:
        """Remove the record."""
        record_path(self.netns).unlink(missing_ok=True)


def record_path(netns: str) -> Path:
    """Where the record of a lab is."""
    if not re.fullmatch(r"[\w-]{1,40}", netns):
        raise LabError(f"bad name {netns!r}: letters, digits, - and _")
    return RECORDS / f"{netns}.json"


def load(netns: str) -> World | None:
    """The lab of this name, if there is one.  Nothing of another boot still runs."""
    try:
        record = json.loads(record_path(netns).read_text())
    except FileNotFoundError:
        return None
    world = World(**record)
    world.directory = Path(world.directory)
    world.wish = Wish(**record["wish"])
    world.owner = Process(*world.owner) if world.owner else None
    world.processes = {k: Process(*v) if v else None for k, v in world.processes.items()}
    if not world.is_of_this_boot:
        world.inode, world.processes, world.is_up = None, {}, False
    return world


def load_up(netns: str) -> World:
    """The lab of this name, which has to be up."""
    world = load(netns)
    if world is None or not world.is_up:
        raise LabError(f"no lab {netns} is up")
    if not world.owns_namespace:
        raise LabError(f"the network namespace {netns} is gone or is not this lab's")
    return world


def recorded() -> list[str]:
    """The names of all labs that are up or unfinished."""
    return sorted(path.stem for path in RECORDS.glob("*.json"))


@contextmanager
def reserved(netns: str) -> Iterator[Path]:
    """Nobody else changes this lab meanwhile; gives the lock file."""
    path = record_path(netns).with_suffix(".lock")
    with locked(path):
        yield path


@contextmanager
def changing(netns: str) -> Iterator[World]:
    """A lab that is up, to be changed; its record is saved whatever happens."""
    with reserved(netns):
        world = load_up(netns)
        try:
            yield world
        finally:
            world.save()


def namespace_inode(netns: str) -> int | None:
    """What tells one network namespace from another of the same name."""
    try:
        return Path("/run/netns", netns).stat().st_ino
    except FileNotFoundError:
        return None
