"""What a cluster is changed by, as data: the wish before, the wish after. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.scenarios.operator import ATTESTED, cluster, member, volume

BASE = ("node01", "node02", "node03")
SPARE = "node04"
SERVICE = "writer"
# MiB by which a volume grows, and the most it may have on the lab's SAN.
STEP = 32
# Stands for the version of the tools that the members do not have.
OTHER = "other"
PATHS = ("/srv/images", "/srv/moved")
# The lab's own machines wait for one another: a little above what a quiet site could have, and
# well below the default of 60 s, so that a death takes less of the night.
HEARTBEAT = {"dead_threshold": 21}
NETWORK = {"idle_timeout_ms": 20000}


@dataclass(frozen=True)
class State:
    """What the desired-state file says; ``mib`` is the LUN's size."""

    members: tuple[str, ...] = BASE
    dead: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)
    mib: int = 512
    slots: int = 5
    path: str = PATHS[0]
    growth: str = "online"
    tools: str = ""

    def to_wish(self, wwid: str) -> dict[str, Any]:
        """The cluster of a desired-state file; ``wwid`` is that of the LUN."""
        images = volume(
            device={"wwid": wwid, "partition": 1},
            size=f"{self.mib}MiB",
            slots=self.slots,
            growth=self.growth,
            backing={"lvm": {"host": "san", "vg": "san", "lv": "lun1"}},
            mount={"path": self.path, "options": ["noatime"]},
            workloads={"services": [SERVICE]},
        )
        if self.growth == "offline":
            images["backup"] = {"host": "node01", "argv": ["true"]}
        packages = {"packages": {"tools_version": self.tools}} if self.tools else {}
        return cluster(
            members=[*self._members()],
            volumes=[images],
            heartbeat=HEARTBEAT,
            network=NETWORK,
            **packages,
        )

    def _members(self) -> list[dict[str, Any]]:
        mapped = {**ATTESTED, "lun_access": "mapped"}
        numbered = [
            member(name, **({"number": self.numbers[name]} if name in self.numbers else {}))
            for name in self.members
        ]
        gone = [member(name, state="dead", attested=mapped) for name in self.dead]
        return [*numbered, *gone, *(member(name, state="absent") for name in self.absent)]


@dataclass(frozen=True)
class Operation:
    """One change: what must be true ``before`` it, and what it makes of that."""

    before: Callable[[State], State]
    after: Callable[[State], State]
    is_first: bool = False
    dies: str = ""


def _of_three(state: State) -> State:
    members = tuple(name for name in state.members if name in BASE)
    known = {name: number for name, number in state.numbers.items() if name in members}
    return replace(
        state,
        members=tuple(sorted({*members, *BASE})),
        dead=(),
        absent=(SPARE,),
        numbers=known,
        growth="online",
        tools="",
    )


def _of_four(state: State) -> State:
    return replace(_of_three(state), members=(*BASE, SPARE), absent=())


def _renumbered(state: State) -> State:
    low, high = 2, 7
    number = low if state.numbers.get("node03") == high else high
    return replace(state, numbers={**state.numbers, "node03": number})


def _moved(state: State) -> State:
    return replace(state, path=PATHS[state.path == PATHS[0]])


def _upgraded(state: State) -> State:
    return replace(state, tools=OTHER)


OPERATIONS: Mapping[str, Operation] = {
    "create": Operation(_of_three, lambda s: replace(s, absent=()), is_first=True),
    "join": Operation(_of_three, _of_four),
    "leave": Operation(_of_four, _of_three),
    "dead": Operation(
        _of_four, lambda s: replace(_of_three(s), absent=(), dead=(SPARE,)), dies=SPARE
    ),
    "renumber": Operation(_of_three, _renumbered),
    "grow-online": Operation(_of_three, lambda s: replace(s, mib=s.mib + STEP)),
    "grow-offline": Operation(
        _of_three, lambda s: replace(s, mib=s.mib + STEP, growth="offline")
    ),
    "slots": Operation(_of_three, lambda s: replace(s, slots=s.slots + 1)),
    "move-path": Operation(_of_three, _moved),
    "upgrade-tools": Operation(_of_three, _upgraded),
}
