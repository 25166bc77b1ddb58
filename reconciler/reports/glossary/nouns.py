"""What the words mean that plans, status and notes print, and that are neither code nor address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Noun(NamedTuple):
    """What a word means, and where there is more of it."""

    meaning: str
    more: str


_SYSCTL = "a file in /etc/sysctl.d, then sysctl --system"
_PLAN, _LOCK, _OCFS2 = (
    "reconcile manual plan",
    "reconcile manual lock",
    "reconcile manual ocfs2",
)
NOUNS: Mapping[str, Noun] = {
    "panic_on_oops": Noun(
        "The kernel's setting kernel.panic_on_oops. With 0 a host goes on after an oops, also with "
        "its heartbeat: the others wait for it. Set it to 1.",
        _SYSCTL,
    ),
    "kernel.panic": Noun(
        "The kernel's setting for what follows a panic: after so many seconds the host boots "
        "again. With 0 a host that fenced itself stays down.",
        _SYSCTL,
    ),
    "fencing": Noun(
        "How a host stops itself when it lost the disk or the others: reset, or panic. No other "
        "host writes to the disk before it has stopped.",
        _OCFS2,
    ),
    "fence_method": Noun(
        "What the kernel does to fence itself: reset, or panic. The latter boots again only with "
        "kernel.panic above 0.",
        _OCFS2,
    ),
    "quorum": Noun(
        "Who may go on when hosts no longer reach each other: the larger half, or the half with "
        "the lowest number. The others fence themselves.",
        _OCFS2,
    ),
    "slot": Noun("A place in a volume for one host that has it mounted.", _OCFS2),
    "slot map": Noun(
        "Where a volume has it on the disk which host has which of its slots. A host that lost its "
        "power stands in it until another one has recovered it.",
        _OCFS2,
    ),
    "region": Noun("The blocks of a volume in which each host writes its heartbeat.", _OCFS2),
    "node number": Noun(
        "A host's own number in cluster.conf. It is the heartbeat block that the host writes, so "
        "no two hosts have the same.",
        "reconcile explain members.number",
    ),
    "lease": Noun(
        "What a run holds on each host while it works there, so that no other run acts. "
        "reconcile status shows who has it.",
        _LOCK,
    ),
    "pause": Noun(
        "A host or cluster on which nobody does anything until reconcile resume.", _LOCK
    ),
    "unfinished": Noun(
        "A run that began something and did not end it. The next apply takes it up; reconcile "
        "history has it.",
        "reconcile manual plan",
    ),
    "attestation": Noun(
        "A person's word for what no host can be asked: that it is down, or off for good.",
        "reconcile explain members.attested",
    ),
    "quarantine": Noun(
        "A dead host whose LUN is still mapped: should it come back, it could write.",
        "reconcile explain members.attested.lun_access",
    ),
    "drift": Noun("What differs from what was last applied.", "reconcile manual drift"),
    "truth": Noun("Where something is so: in a file, in the kernel, or on the disk.", _PLAN),
    "barrier": Noun("A step that looks at all members again before the next one.", _PLAN),
    "outage": Noun("What a host, or all of them, cannot use while an action runs.", _PLAN),
    "approval": Noun(
        "What is accepted of a plan before it runs: an outage, data, its id.", _PLAN
    ),
    "gate": Noun("The program that checks on the host itself, just before it acts.", _LOCK),
    "probe": Noun("The read-only script that looks at a host.", "reconcile scripts"),
    "digest": Noun("A plan's id: the same plan from the same facts has the same.", _PLAN),
}


def find_noun(word: str) -> str:
    """The noun that ``word`` is, in any case, number and with blanks or dashes; else empty."""
    plain = word.casefold().replace("-", " ")
    ends = {plain, plain.removesuffix("s"), plain.removesuffix("es")}
    forms = ends | {plain.replace(" ", "_"), plain.removeprefix("kernel.")}
    return next((noun for noun in NOUNS if noun in forms), "")
