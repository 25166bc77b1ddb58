"""What a watched cluster is said to be: conditions in Kubernetes' form, drift, samples of volumes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from reconciler.frozen import frozen
from reconciler.model.policy import Severity

ConditionKind = Literal[
    "Converged", "Drifted", "Blocked", "Unreachable", "Degraded", "Paused", "Healing"
]
ConditionStatus = Literal["True", "False", "Unknown"]
# Reasons why healing has stopped by itself: somebody has to look.
HEALING_STOPPED = frozenset({"FailedTwice", "Flapping"})
# Why it is unknown whether a cluster has converged: its round found nothing out.
ROUND_FAILED = "RoundFailed"
# What of a trouble is told: that it began, has another reason or severity, lasts, or ended.
Happening = Literal["began", "changed", "lasts", "ended"]


@frozen
class Reading:
    """What one observation says of a subject: the address of a cluster, a member or a volume.

    ``reason`` is a stable word, ``message`` a sentence for people.
    """

    subject: str
    kind: ConditionKind
    status: ConditionStatus
    reason: str
    message: str


@frozen
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


@frozen
class DriftIdentity:
    """What makes two differences the same one at two looks; of no host ``host`` is empty.

    ``kind`` is the class of drift, ``code`` the refusal's where no plan would make it good.
    """

    host: str
    address: str
    truth: str
    kind: str
    code: str = ""


@frozen
class DriftReading:
    """A difference as one look finds it.

    ``expected`` and ``actual`` are JSON texts. ``severity`` is a stable word of what it would lead
    to. ``origin`` is what the host itself tells of who made it and when, empty if nothing.
    """

    identity: DriftIdentity
    severity: str
    because: str
    expected: str
    actual: str
    origin: str = ""


@frozen
class DriftItem:
    """A difference with its past.

    ``first_seen`` is when it was seen for the first time ever, ``since`` when it came this time,
    ``last_seen`` when it was last found, ``gone`` when a look no longer found it, None while it is
    there. ``times`` is how often it came, ``changed`` when anything else of it last became another.
    """

    reading: DriftReading
    first_seen: datetime
    since: datetime
    changed: datetime
    last_seen: datetime
    gone: datetime | None
    times: int

    @property
    def recurs(self) -> bool:
        """Whether it was gone, and came back."""
        return self.times > 1


@frozen
class Sample:
    """Size and fill of a volume at one moment, in bytes; ``volume`` is its label."""

    volume: str
    size: int
    used: int
    at: datetime


@frozen
class Round:
    """All that one round of observing and planning found of a cluster.

    ``rank`` orders clusters, the worst highest. ``state`` is a stable word, ``digest`` that of the
    facts. ``unread`` are the hosts that could not be read, wholly or in part: nothing of them is
    gone because it was not found. ``sizes`` has size and used bytes by label of a volume.
    ``is_whole`` is False for a round that failed: what nothing was said of stays as it was.
    """

    rank: int
    state: str
    digest: str
    readings: tuple[Reading, ...] = ()
    drift: tuple[DriftReading, ...] = ()
    unread: frozenset[str] = frozenset()
    sizes: tuple[tuple[str, int, int], ...] = ()
    is_whole: bool = True


@frozen
class Opened:
    """A condition begins; ``ended`` is what stood before and now is history, None for the first."""

    current: Condition
    ended: Condition | None


@frozen
class Refreshed:
    """The condition stays, with another message or only with a later ``last_seen``."""

    current: Condition


Transition: TypeAlias = Opened | Refreshed


@frozen
class RoundChanges:
    """What a round changed of what was known: what notifications tell.

    ``ended`` are conditions that no reading is of any more: their subject is no longer watched.
    ``came`` and ``went`` are differences.
    """

    opened: tuple[Opened, ...] = ()
    ended: tuple[Condition, ...] = ()
    came: tuple[DriftItem, ...] = ()
    went: tuple[DriftItem, ...] = ()


# What a trouble is about, and its kind.
TroubleKey: TypeAlias = tuple[str, ConditionKind]


@frozen
class Told:
    """What a receiver was told last of one trouble: its reason, how grave it was, and when."""

    reason: str
    severity: Severity
    at: datetime
