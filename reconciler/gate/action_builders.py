"""How resources build actions: one for a change, a file written whole, a barrier."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Required, TypedDict, Unpack

from reconciler.gate import gate_command
from reconciler.model.addresses import action_id
from reconciler.model.observed import TextFile
from reconciler.model.plan import Action, ActionKind, Change, Command, Fact, Risk, declared_kind


@dataclass(frozen=True, slots=True)
class Cause:
    """What an action is about and why it is done on a host, where no single change says so."""

    address: str
    host: str
    because: str


class ActionFields(TypedDict, total=False):
    """The fields of an action beside its cause; without ``address`` it is about its cause's."""

    address: str
    summary: Required[str]
    risk: Risk
    command: Required[Command | None]
    expects: Required[tuple[Fact, ...]]
    requires: tuple[Fact, ...]
    unless: tuple[Fact, ...]
    irreversible: bool
    device: str
    seconds: float


def action_for(
    cluster: str,
    cause: Change | Cause,
    kind: ActionKind,
    *of: str,
    **fields: Unpack[ActionFields],
) -> Action:
    """An action on the cause's host, safe unless it is said; ``of`` tells it from its like there."""
    fields.setdefault("address", cause.address)
    fields.setdefault("risk", "safe")
    name = action_id(cluster, cause.host, kind, *of)
    return Action(id=name, kind=kind, host=cause.host, because=cause.because, **fields)


def digest(text: str) -> str:
    """The hash of a text, as the gate and the readings have it."""
    return hashlib.sha256(text.encode()).hexdigest()


def write(
    change: Change, name: tuple[str, ...], reading: str, file: TextFile, text: str
) -> Action:
    """``text`` becomes ``file`` on the change's host, if it still is what was observed.

    ``name`` is cluster and kind, and what tells it from its like; ``reading`` tells the file's
    hash.
    """
    cluster, kind, *of = name
    old, new = file.sha256 or "absent", digest(text)
    return action_for(
        cluster,
        change,
        declared_kind(kind),
        *of,
        summary=f"write {file.path}",
        command=gate_command("write-file", file.path, file.mode or "644", old, new, stdin=text),
        requires=(Fact((change.host,), reading, "", old),),
        expects=(Fact((change.host,), reading, "", new),),
    )


def barrier(
    name: tuple[str, ...], address: str, summary: str, because: str, *facts: Fact
) -> Action:
    """Nothing is done: all ``facts`` must hold before what needs it may start."""
    cluster, kind, *of = name
    return action_for(
        cluster,
        Cause(address, "", because),
        declared_kind(kind),
        *of,
        summary=f"barrier: {summary}",
        command=None,
        expects=facts,
    )
