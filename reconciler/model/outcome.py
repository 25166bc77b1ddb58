"""How things ended: refusals, what was found out, and the result of a run."""

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


Severity = Literal["warning", "notice"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """What will go wrong, or may, though nothing is refused for it: a word with a page.

    A ``warning`` tells what the next boot takes away, a ``notice`` what only is worth knowing.
    ``mended_by`` is the address of the change that ends it, empty if nothing does.
    """

    code: str
    subject: str
    message: str
    remedy: str
    severity: Severity = "warning"
    mended_by: str = ""


Status = Literal["done", "failed", "not-started"]


@dataclass(frozen=True, slots=True)
class ActionOutcome:
    """How one action ended; ``message`` is empty when it is done."""

    action: str
    status: Status
    message: str = ""
    seconds: float = 0.0


ClusterResult = Literal[
    "no-change", "converged", "refused", "partial", "failed", "locked", "stale", "interrupted"
]


@dataclass(frozen=True, slots=True)
class ClusterOutcome:
    """How one cluster ended."""

    name: str
    result: ClusterResult
    actions: tuple[ActionOutcome, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    message: str = ""
