"""A rollout: a change to many clusters, one wave after the other; and each of its clusters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from reconciler.frozen import frozen

RolloutState = Literal["going", "stopping", "cancelling", "converged", "failed", "cancelled"]
# Of those that are open and begin nothing new: what they are once all has come to its end.
ENDS: Mapping[RolloutState, RolloutState] = {"stopping": "failed", "cancelling": "cancelled"}
OPEN_ROLLOUTS: frozenset[RolloutState] = frozenset({"going", *ENDS})
# Of a cluster before it has ended; then it is a word of ``ClusterResult``, or one of those below.
WAITING, DUE, GOING = "waiting", "due", "going"
OPEN = frozenset({WAITING, DUE, GOING})
# Applied, and not well afterwards; not begun, since the rollout had ended; wanted by no file any more.
UNWELL, NOT_BEGUN, GONE = "unwell", "not-begun", "gone"
GOOD = frozenset({"converged", "no-change"})


@frozen
class Health:
    """How a cluster stands by its last look, which began at ``looked``."""

    word: Literal["well", "unwell", "unknown"]
    looked: datetime | None
    message: str = ""


NOT_LOOKED_AT = Health("unknown", None, "it was not looked at")


@frozen
class ClusterNow:
    """A cluster of a rollout as it is now. ``paused`` says who paused it and why, ``unserved`` is its
    zone where no worker serves that."""

    name: str
    wave: int
    state: str
    ended: datetime | None = None
    message: str = ""
    health: Health = NOT_LOOKED_AT
    paused: str = ""
    unserved: str = ""
    is_wanted: bool = True
    is_at_work: bool = False

    @property
    def is_looked_at(self) -> bool:
        """Whether it was looked at since its plan was carried out."""
        return self.ended is not None and self.is_looked_at_since(self.ended)

    def is_looked_at_since(self, moment: datetime) -> bool:
        """Whether its last look began then or later."""
        return self.health.looked is not None and self.health.looked >= moment


@frozen
class RolloutNow:
    """A rollout as it is now; ``soak`` are the seconds that a wave stands before the next."""

    state: RolloutState
    soak: float
    clusters: tuple[ClusterNow, ...]
