"""What the daemon and its working processes say to each other: pickled, each with its length.

Both ends are this program, on a socket that nobody else has.
"""

from __future__ import annotations

import asyncio
import pickle
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from reconciler.model.desired import Desired, Member
from reconciler.model.outcome import ClusterOutcome
from reconciler.model.plan import Command, Completed
from reconciler.model.problems import Problem
from reconciler.pipeline.approved import Approval
from reconciler.pipeline.heal import Healed
from reconciler.pipeline.parts import Past
from reconciler.watch.earlier import Earlier
from reconciler.watch.result import RoundResult

LENGTH = struct.Struct("!Q")
Value: TypeAlias = "RoundResult | Loaded | tuple[Problem, ...] | Healed | ClusterOutcome"


@dataclass(frozen=True, slots=True)
class Load:
    """To a worker: read this file, or take ``text`` for what it says."""

    task: int
    path: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a good file says, and its text."""

    desired: Desired
    text: str


@dataclass(frozen=True, slots=True)
class Observe:
    """To a worker: a round of the one cluster of ``desired``."""

    task: int
    desired: Desired
    moment: datetime
    earlier: Earlier


@dataclass(frozen=True, slots=True)
class Commission:
    """To a process of its own: work on the one cluster of ``desired``, as ``run``.

    Its record is left in the directory ``records``; ``about`` is what it tells of where it comes from.
    """

    task: int
    desired: Desired
    file: str
    run: str
    records: Path
    about: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Heal(Commission):
    """Heal what may be healed."""

    past: Past


@dataclass(frozen=True, slots=True)
class Apply(Commission):
    """Carry out an approved plan."""

    approval: Approval


@dataclass(frozen=True, slots=True)
class Halt:
    """To a process of its own: begin nothing more."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Either way: a task, or the command of a worker's call, is not waited for any more."""

    number: int


@dataclass(frozen=True, slots=True)
class Ask:
    """From a worker, of a task: run this on a host, and answer."""

    call: int
    task: int
    cluster: str
    member: Member
    command: Command


@dataclass(frozen=True, slots=True)
class Answer:
    """To a worker: how a command ended, or the code and the message of why there is no answer."""

    call: int
    completed: Completed | None
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """From a worker: what a task came to; without a value ``failure`` says why."""

    task: int
    value: Value | None
    failure: str = ""


Message: TypeAlias = "Load | Observe | Commission | Halt | Drop | Ask | Answer | Done"


def send(writer: asyncio.StreamWriter, message: Message) -> None:
    """Hand it over; what has gone away is seen by who receives."""
    if not writer.is_closing():
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        writer.write(LENGTH.pack(len(data)) + data)


async def receive(reader: asyncio.StreamReader) -> Message | None:
    """The next message; None when the other side has gone."""
    try:
        (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
        message: Message = pickle.loads(await reader.readexactly(length))  # noqa: S301  # of ourselves
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return message
