"""The actions that several resources build alike: a file written whole, a barrier."""

from __future__ import annotations

import hashlib

from reconciler.gate import gate_command
from reconciler.model.observed import TextFile
from reconciler.model.plan import Action, Change, Fact, declared_kind


def digest(text: str) -> str:
    """The hash of a text, as the gate and the readings have it."""
    return hashlib.sha256(text.encode()).hexdigest()


def write(change: Change, name: str, reading: str, file: TextFile, text: str) -> Action:
    """``text`` becomes ``file`` on the change's host, if it still is what was observed.

    ``name`` is ``CLUSTER/KIND`` or ``CLUSTER/KIND/MORE``; ``reading`` tells the file's hash.
    """
    cluster, kind, *more = name.split("/")
    old, new = file.sha256 or "absent", digest(text)
    return Action(
        id="/".join((cluster, change.host, kind, *more)),
        kind=declared_kind(kind),
        host=change.host,
        address=change.address,
        summary=f"write {file.path}",
        because=change.because,
        risk="safe",
        command=gate_command("write-file", file.path, file.mode or "644", old, new, stdin=text),
        requires=(Fact((change.host,), reading, "", old),),
        expects=(Fact((change.host,), reading, "", new),),
    )


def barrier(name: str, address: str, summary: str, because: str, *facts: Fact) -> Action:
    """Nothing is done: all ``facts`` must hold before what needs it may start."""
    cluster, kind, *more = name.split("/")
    return Action(
        id="/".join((cluster, "all", kind, *more)),
        kind=declared_kind(kind),
        host="",
        address=address,
        summary=f"barrier: {summary}",
        because=because,
        risk="safe",
        command=None,
        expects=facts,
    )
