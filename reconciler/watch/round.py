"""One round of a cluster: observed, planned and compared as the commands do it; nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.model.desired import Desired
from reconciler.model.documents import Json
from reconciler.model.observed import Unreachable
from reconciler.model.outcome import Blocked, Finding
from reconciler.model.plan import Risk
from reconciler.pipeline import HostFactory, Options, plan
from reconciler.pipeline.drift import find_drift
from reconciler.planning.review.drift import Item
from reconciler.reports.status import status_document

# All members of a cluster at once: how many hosts are asked at a time is bounded elsewhere.
OPTIONS = Options(parallelism=1024)


@dataclass(frozen=True, slots=True)
class Step:
    """An action that the plan would do."""

    kind: str
    host: str
    address: str
    summary: str
    risk: Risk


@dataclass(frozen=True, slots=True)
class RoundResult:
    """What one round found of a cluster; ``failure`` says in words why it found nothing.

    ``moment`` is when it began, by the clock of the wall, ``seconds`` how long it took. ``unread``
    is what could not be compared, ``status`` is what ``reconcile status`` has of the cluster.
    """

    cluster: str
    moment: datetime
    seconds: float
    drift: tuple[Item, ...] = ()
    plan_id: str = ""
    risk: Risk = "none"
    steps: tuple[Step, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    unread: tuple[Blocked, ...] = ()
    unreachable: tuple[Unreachable, ...] = ()
    hosts: int = 0
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    status: Json | None = None
    failure: str = ""

    @property
    def is_failed(self) -> bool:
        """Whether nothing was learnt: it has failed, or no host has answered."""
        return bool(self.failure) or 0 < self.hosts == len(self.unreachable)


async def observe_round(desired: Desired, fleet: HostFactory, moment: datetime) -> RoundResult:
    """Look at the one cluster of ``desired``, plan it, and compare it; ``seconds`` is left at 0."""
    whole, ((cluster, observed),) = await plan(desired, fleet, OPTIONS)
    (wanted,) = whole.clusters
    (asked,) = desired.clusters
    drift = await find_drift(asked, (cluster, observed, wanted), fleet, OPTIONS)
    at = moment.isoformat(timespec="seconds")
    return RoundResult(
        cluster=asked.name,
        moment=moment,
        seconds=0.0,
        drift=drift.items,
        plan_id=whole.id,
        risk=whole.risk,
        steps=tuple(Step(a.kind, a.host, a.address, a.summary, a.risk) for a in wanted.actions),
        blocked=wanted.blocked,
        unread=drift.unread,
        unreachable=tuple(observed.unreachable()),
        hosts=len(observed.hosts),
        findings=drift.findings,
        notes=drift.notes,
        status=status_document([(cluster, observed)], at)["clusters"][0],
    )
