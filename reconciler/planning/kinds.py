"""Every kind of action, declared: one row a kind, in the order in which a plan reads best.

A row says in which phase of a rollout its actions belong, and what they do to hosts and devices;
whatever rests on that is derived from here. What comes before what is said in ``order``, what an
action makes of the facts in its resource's ``effects``. A kind without a row cannot be planned.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Flag, auto
from functools import cache
from typing import Literal

from reconciler.frozen import frozen
from reconciler.model.plan import ActionKind

# Each step of a rollout has the kinds of some phases (``rollout``).
Phase = Literal[
    "configure",  # of no step of its own: what leads a member to where the file wants it
    "install",  # before anything else
    "fetch",  # of all who get other software, before the first of them has nothing mounted
    "backup",  # of what is worked on in a window, which begins with it
    "drain",  # after which a host has nothing of a volume in use
    "stop",
    "upgrade",
    "format",
    "check",  # and change a file system that nobody has mounted
    "backing",  # a larger device is a safe place to stop, with everybody still mounted
    "rescan",
    "partition",
    "reread",  # what exists already, and a kernel does not know yet
    "grow",
    "mount",
    "return",  # what a member gets back after a turn of its own, and not before
]


class Trait(Flag):
    """What actions of a kind do, or need."""

    NONE = 0
    TAKES = auto()  # something in use, away from a host: an outage
    GIVES = auto()  # back what an earlier action of the plan took
    RESUMES = auto()  # a workload, or lets it run
    ADMITS = auto()  # an agent that may mount
    GUEST = auto()  # of one guest, whom the address names
    DISTURBS = auto()  # a host's I/O, or what all kernels know: only while all are well
    RETIMES = auto()  # a kernel, or may
    LEAVES = auto()  # a step out of the cluster
    ENLARGES = auto()  # a file system
    WHOLE = auto()  # done with all of its plan, or not at all
    LISTS = auto()  # members: part of a new list, which all get or nobody
    DEVICE = auto()  # names a device; what is on it is neither mounted nor written by that
    MOUNTS = auto()  # a device
    WRITES = auto()  # to a device
    UNMOUNTED = auto()  # needs a volume that nobody has mounted
    BLANK = auto()  # needs a device on which nothing is yet
    # What is expected afterwards names this run's own result, as a file's hash does: a command
    # that was refused may have been done before.
    OWN = auto()


TAKES, GIVES, RESUMES, ADMITS = Trait.TAKES, Trait.GIVES, Trait.RESUMES, Trait.ADMITS
GUEST, DISTURBS, RETIMES, LEAVES = Trait.GUEST, Trait.DISTURBS, Trait.RETIMES, Trait.LEAVES
ENLARGES, WHOLE, LISTS, OWN = Trait.ENLARGES, Trait.WHOLE, Trait.LISTS, Trait.OWN
DEVICE, MOUNTS, WRITES = Trait.DEVICE, Trait.MOUNTS, Trait.WRITES
UNMOUNTED, BLANK = Trait.UNMOUNTED, Trait.BLANK
TOUCHES = DEVICE | MOUNTS | WRITES


@frozen
class Kind:
    """What a kind of action is."""

    phase: Phase
    traits: Trait = Trait.NONE

    def has(self, traits: Trait) -> bool:
        """Whether it has one of them."""
        return bool(self.traits & traits)


KINDS: Mapping[ActionKind, Kind] = {
    "approve-programs": Kind("configure", OWN),
    "install-packages": Kind("install"),
    "install-module": Kind("install"),
    "load-module": Kind("configure"),
    "fetch-packages": Kind("fetch"),
    "fetch-module": Kind("fetch"),
    "begin-backup": Kind("backup"),
    "back-up": Kind("backup"),
    "note-backup": Kind("backup"),
    "attest-heartbeat": Kind("drain", OWN),
    "write-quarantine": Kind("drain", OWN | WHOLE),
    "note-stopped": Kind("drain", OWN),
    "migrate-guest": Kind("drain", TAKES | DISTURBS | WHOLE | GUEST),
    "stop-guest": Kind("drain", TAKES | DISTURBS | WHOLE | GUEST),
    "stop-service": Kind("drain", TAKES | DISTURBS | WHOLE),
    "disable-service": Kind("drain"),
    "mask-service": Kind("drain"),
    "clear-fstab": Kind("drain", OWN),
    "disarm": Kind("drain"),
    "unmount": Kind("drain", TAKES | DISTURBS | WHOLE | LEAVES),
    "stop-cluster": Kind("stop", TAKES | DISTURBS | WHOLE | LEAVES | RETIMES),
    "upgrade-packages": Kind("upgrade"),
    "upgrade-module": Kind("upgrade"),
    "reload-module": Kind("upgrade"),
    "disable-o2cb": Kind("configure"),
    "write-o2cb-settings": Kind("configure", OWN),
    "archive-cluster-conf": Kind("configure", OWN | LEAVES),
    "revoke-access": Kind("configure"),
    "write-cluster-conf": Kind("configure", OWN | LISTS),
    "same-cluster-conf": Kind("configure", LISTS),
    "enable-o2cb": Kind("configure"),
    "register-nodes": Kind("configure", DISTURBS | LISTS),
    "start-cluster": Kind("configure", GIVES | LISTS),
    "set-reconnect-delay": Kind("configure", RETIMES),
    "same-live-nodes": Kind("configure", LISTS),
    "same-timeouts": Kind("configure"),
    "peers-connect": Kind("configure"),
    "format": Kind("format", WRITES | BLANK | OWN),
    "same-file-system": Kind("format"),
    "check-file-system": Kind("check", WRITES | UNMOUNTED),
    "add-slots": Kind("check", WRITES | UNMOUNTED),
    "set-label": Kind("check", WRITES | UNMOUNTED),
    "grow-backing": Kind("backing"),
    "rescan": Kind("rescan", DEVICE | DISTURBS),
    "grow-partition": Kind("partition", DEVICE),
    "reread-partition": Kind("reread", DEVICE),
    "same-size": Kind("reread"),
    "grow-unmounted": Kind("grow", WRITES | UNMOUNTED | ENLARGES),
    "check-grown": Kind("grow", WRITES | UNMOUNTED),
    "mount": Kind("mount", MOUNTS | GIVES),
    "remount": Kind("configure", DEVICE),
    "write-fstab": Kind("mount", OWN),
    "archive-order": Kind("return", OWN),
    "write-order": Kind("return", OWN),
    "reload-units": Kind("return"),
    "grow-file-system": Kind("grow", WRITES | DISTURBS | ENLARGES),
    "unmask-service": Kind("return", RESUMES | ADMITS),
    "enable-service": Kind("return", RESUMES),
    "start-service": Kind("return", GIVES | RESUMES | ADMITS),
    "start-guest": Kind("return", GIVES | RESUMES | GUEST),
    "strike-stopped": Kind("return", OWN),
    "lift-quarantine": Kind("configure", OWN),
}
PLACES = {name: place for place, name in enumerate(KINDS)}


def in_phases(*phases: Phase) -> frozenset[ActionKind]:
    """The kinds of these phases."""
    return frozenset(name for name, kind in KINDS.items() if kind.phase in phases)


@cache
def having(traits: Trait) -> tuple[ActionKind, ...]:
    """The kinds that have one of these traits, in the table's order."""
    return tuple(name for name, kind in KINDS.items() if kind.has(traits))


def is_own(kind: ActionKind) -> bool:
    """Whether what was refused may still have been done by this run."""
    return kind in KINDS and KINDS[kind].has(OWN)
