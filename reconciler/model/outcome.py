"""How things ended: refusals, and the result of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, order=True)
class Blocked:
    """A refusal by name: ``code`` is a stable word with a page in ``explain``."""

    code: str
    subject: str
    message: str
    remedy: str


Status = Literal["done", "failed", "not-started"]


@dataclass(frozen=True, slots=True)
class ActionOutcome:
    """How one action ended; ``message`` is empty when it is done."""

    action: str
    status: Status
    message: str = ""
    seconds: float = 0.0


ClusterResult = Literal[
    "no-change", "converged", "refused", "partial", "failed", "locked", "interrupted"
]


@dataclass(frozen=True, slots=True)
class ClusterOutcome:
    """How one cluster ended."""

    name: str
    result: ClusterResult
    actions: tuple[ActionOutcome, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    message: str = ""
