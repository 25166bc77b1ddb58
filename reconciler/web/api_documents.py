"""The documents of the API, version 1. Keys may be added; none is renamed or changes its meaning."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from reconciler.model.watched import (
    Condition,
    ConditionKind,
    ConditionStatus,
    DriftItem,
    Sample,
)
from reconciler.storage.clusters import StoredCluster
from reconciler.storage.rounds import Span


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class ConditionDocument(_Document):
    """A condition in Kubernetes' form."""

    subject: Annotated[str, Field(description="address of a cluster, a member or a volume")]
    type: ConditionKind
    status: ConditionStatus
    reason: Annotated[str, Field(description="a stable word")]
    message: Annotated[str, Field(description="a sentence for people; may change at any time")]
    since: Annotated[datetime, Field(description="when the status became what it is")]
    changed: Annotated[datetime, Field(description="the last change of anything of it")]
    last_seen: datetime
    ended: Annotated[datetime | None, Field(description="null while it stands")] = None


class ClusterDocument(_Document):
    """A watched cluster; ``rank`` orders clusters, the worst highest."""

    id: int
    name: str
    file: str
    state: Annotated[str, Field(description="a stable word; new before the first round")]
    rank: int
    added: datetime
    seen: Annotated[datetime | None, Field(description="its last round")]


class ClusterPage(_Document):
    """Clusters, the worst first; the next page begins ``after`` the value of ``next``."""

    items: tuple[ClusterDocument, ...]
    total: Annotated[int, Field(description="of all pages")]
    next: str | None


class DriftDocument(_Document):
    """A difference between what is wished and what is there, with its past."""

    host: str
    address: str
    truth: str
    kind: str
    code: str
    severity: str
    because: str
    origin: Annotated[str, Field(description="what the host tells of who made it, and when")]
    expected: Any
    actual: Any
    first_seen: datetime
    since: datetime
    last_seen: datetime
    gone: datetime | None
    times: Annotated[int, Field(description="how often it came")]


class SpanDocument(_Document):
    """A time in which every round found the same."""

    began: datetime
    last: datetime
    rounds: int
    state: str
    digest: Annotated[str, Field(description="of the facts")]


class SampleDocument(_Document):
    """Size and fill of a volume at a moment, in bytes."""

    at: datetime
    size: int
    used: int


class Summary(_Document):
    """What is watched, in numbers."""

    clusters: int
    conditions: Annotated[
        dict[str, dict[str, int]], Field(description="clusters by type and status")
    ]
    drift: Annotated[
        dict[str, dict[str, int]], Field(description="differences by severity and truth")
    ]


class ProblemDetail(_Document):
    """Why there is no answer, in RFC 9457's keys."""

    title: str
    status: int
    detail: str


def condition_document(one: Condition, ended: datetime | None = None) -> ConditionDocument:
    """A stored condition; ``ended`` is None while it stands."""
    return ConditionDocument(
        subject=one.reading.subject,
        type=one.reading.kind,
        status=one.reading.status,
        reason=one.reading.reason,
        message=one.reading.message,
        since=one.since,
        changed=one.changed,
        last_seen=one.last_seen,
        ended=ended,
    )


def cluster_document(one: StoredCluster) -> ClusterDocument:
    """A stored cluster."""
    return ClusterDocument(
        id=one.id,
        name=one.name,
        file=one.file,
        state=one.state,
        rank=one.rank,
        added=one.added,
        seen=one.seen,
    )


def drift_document(one: DriftItem) -> DriftDocument:
    """A stored difference, its two sides as JSON values."""
    reading, identity = one.reading, one.reading.identity
    return DriftDocument(
        host=identity.host,
        address=identity.address,
        truth=identity.truth,
        kind=identity.kind,
        code=identity.code,
        severity=reading.severity,
        because=reading.because,
        origin=reading.origin,
        expected=_value(reading.expected),
        actual=_value(reading.actual),
        first_seen=one.first_seen,
        since=one.since,
        last_seen=one.last_seen,
        gone=one.gone,
        times=one.times,
    )


def _value(text: str) -> object:
    """What a JSON text says; a text that is none stands for itself."""
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return found


def span_document(one: Span) -> SpanDocument:
    """A stored span."""
    return SpanDocument(
        began=one.began, last=one.last, rounds=one.rounds, state=one.state, digest=one.digest
    )


def sample_document(one: Sample) -> SampleDocument:
    """A stored sample."""
    return SampleDocument(at=one.at, size=one.size, used=one.used)
