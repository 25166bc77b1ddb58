"""What a watched cluster is said to be, in Kubernetes' form: kind, status, since when, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

ConditionKind = Literal[
    "Converged", "Drifted", "Blocked", "Unreachable", "Degraded", "Paused", "Healing"
]
ConditionStatus = Literal["True", "False", "Unknown"]
# What a trouble leads to: nothing; less than is wished; lost data or a lost host at the next event.
Severity = Literal["cosmetic", "degrades", "loses"]
# What of a trouble is told: that it began, has another reason or severity, lasts, or ended.
Happening = Literal["began", "changed", "lasts", "ended"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one observation says of a subject: the address of a cluster, a member or a volume.

    ``reason`` is a stable word, ``message`` a sentence for people.
    """

    subject: str
    kind: ConditionKind
    status: ConditionStatus
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A reading that stands.

    ``since`` is when its status became what it is, ``began`` when status and reason did,
    ``changed`` the last change of anything of it, ``last_seen`` when it was last found so.
    Never is one of them later than the next in the order since, began, changed, last_seen.
    """

    reading: Reading
    since: datetime
    began: datetime
    changed: datetime
    last_seen: datetime
