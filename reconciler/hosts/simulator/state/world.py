"""The simulated world: disks, hosts, one clock, and a memory of every disaster."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from reconciler.hosts.simulator.state.disk import EPOCH, Filesystem, Lun
from reconciler.hosts.simulator.state.errors import ImpossibleWorld
from reconciler.hosts.simulator.state.guests import Guest
from reconciler.hosts.simulator.state.machine import Machine, Mount

if TYPE_CHECKING:
    from reconciler.model.gate_call import Permit


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; ``host`` is empty when it is not a host's doing."""

    time: float
    host: str
    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class Violation:
    """A disaster: what must never happen, whoever caused it."""

    kind: str
    host: str
    message: str


async def _at_once(_seconds: float) -> None:
    """Simulated time passes without any real one."""


@dataclass(slots=True)
class World:
    """Deterministic: one seed and the same commands give the same trace.

    ``now`` counts seconds from the start of the world; it moves by the simulated duration
    of commands and by ``advance``. ``pace`` is awaited with that duration, for a
    demonstration that takes real time.
    """

    seed: int = 0
    pace: Callable[[float], Awaitable[None]] = _at_once
    now: float = 0.0
    luns: dict[str, Lun] = field(default_factory=dict)
    machines: dict[str, Machine] = field(default_factory=dict)
    trace: list[Event] = field(default_factory=list)
    disasters: list[Violation] = field(default_factory=list)
    controllers: dict[str, str] = field(default_factory=dict)
    guests: dict[str, Guest] = field(default_factory=dict)
    due: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)  # noqa: S311  # a reproducible world, no secret

    def violations(self) -> tuple[Violation, ...]:
        """Every disaster so far, in order."""
        return tuple(self.disasters)

    def digest(self) -> str:
        """The same for two worlds in which the same things happened at the same times."""
        return hashlib.sha256(repr(self.trace).encode()).hexdigest()

    def add_lun(self, lun: Lun) -> Lun:
        """A disk that hosts can be attached to."""
        twin = any(lun.wwid and lun.wwid == other.wwid for other in self.luns.values())
        if lun.name in self.luns or twin:
            raise ImpossibleWorld(f"a second disk {lun.name}, WWID {lun.wwid}")
        self.luns[lun.name] = lun
        return lun

    def grow(self, lun: str, size: int) -> None:
        """The storage makes a disk larger; kernels notice at their next boot or rescan."""
        if size < self.luns[lun].whole.size:
            raise ImpossibleWorld(f"{lun} does not shrink")
        self.luns[lun].whole.size = size
        self.record("", "grown", f"{lun} {size}")

    def add_machine(self, machine: Machine) -> Machine:
        """A host; it is off until `power_on`."""
        taken = {ip for other in self.machines.values() for ip in other.addresses}
        if machine.name in self.machines or machine.addresses & taken:
            raise ImpossibleWorld(
                f"a second host with the name or an address of {machine.name}"
            )
        self.machines[machine.name] = machine
        return machine

    def advance(self, seconds: float) -> None:
        """Lets time pass, and with it what the kernels do by themselves."""
        self.reach(self.now + seconds)

    def reach(self, moment: float) -> None:
        """As `advance`, to a point in time; an earlier one changes nothing."""
        moment = round(moment, 3)
        if moment <= self.now:
            return
        while self.due and self.due[0][0] <= moment:
            at, then = self.due.pop(0)
            self.now = max(self.now, at)
            then()
        self.now = moment
        for fs in self.filesystems():
            self._evict(fs)

    def later(self, seconds: float, then: Callable[[], None]) -> None:
        """Somebody does something after so many seconds, whatever goes on by then."""
        self.due.append((round(self.now + seconds, 3), then))
        self.due.sort(key=lambda item: item[0])

    def record(self, host: str, what: str, detail: str = "") -> None:
        """Appends to the trace."""
        self.trace.append(Event(self.now, host, what, detail))

    def begins(self, host: str, permit: Permit) -> None:
        """A run's command has its permit there and begins; for who watches a world."""

    def disaster(self, kind: str, host: str, message: str) -> None:
        """Remembers what must never happen."""
        self.record(host, f"violation {kind}", message)
        self.disasters.append(Violation(kind, host, message))

    def uuid(self) -> str:
        """A random UUID of this world."""
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    def filesystems(self) -> Iterator[Filesystem]:
        """Every OCFS2 file system on any disk."""
        for lun in self.luns.values():
            extents = [lun.whole, *(part.extent for part in lun.partitions.values())]
            yield from (e.content for e in extents if isinstance(e.content, Filesystem))

    def mounters(self, fs: Filesystem) -> list[tuple[Machine, Mount]]:
        """Who has it mounted now, once per host."""
        return [
            (machine, next(mount for mount in machine.running.mounts if mount.fs is fs))
            for machine in self.machines.values()
            if any(mount.fs is fs for mount in machine.running.mounts)
        ]

    def clock(self, machine: Machine) -> int:
        """The epoch seconds that the host's own clock shows."""
        return EPOCH + int(self.now) + machine.setup.skew

    def _evict(self, fs: Filesystem) -> None:
        """Survivors recover the slots of nodes that stopped to beat.

        That is (threshold - 1) * 2 s of silence and the quorum's decision, about 5 s more:
        65 s with the default threshold of 31, as it was seen.
        """
        for survivor, _ in self.mounters(fs):
            live = survivor.running.live
            delay = (live.dead_threshold - 1) * 2 + 5 if live else 0
            for slot, number in tuple(fs.slot_map.items()):
                beat = fs.beats.get(number)
                if beat is None or beat.stopped is None or live is None:
                    continue
                if number in live.address_by_number and self.now >= beat.stopped + delay:
                    del fs.slot_map[slot]
                    survivor.log(f"ocfs2: End recovery of node {number} on {fs.uuid}")
                    survivor.record("evicted", f"{beat.host} {number} from {fs.label}")
