"""The API, version 1: what the pages show, as JSON. Every route is a GET."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.responses import Response, StreamingResponse

from reconciler.model.watched import ConditionKind, ConditionStatus
from reconciler.storage.cluster_conditions import (
    count_conditions,
    past_conditions,
    standing_conditions,
)
from reconciler.storage.cluster_documents import load_document
from reconciler.storage.clusters import (
    Search,
    StoredCluster,
    count_clusters,
    load_cluster,
    page_of_clusters,
)
from reconciler.storage.database import StateConnection
from reconciler.storage.drift_items import count_drift, past_drift, present_drift
from reconciler.storage.rounds import observed_spans
from reconciler.storage.samples import volume_samples
from reconciler.web.api_documents import (
    ClusterDocument,
    ClusterPage,
    ConditionDocument,
    DriftDocument,
    ProblemDetail,
    SampleDocument,
    SpanDocument,
    Summary,
    cluster_document,
    condition_document,
    drift_document,
    sample_document,
    span_document,
)
from reconciler.web.cursors import format_cursor, parse_cursor
from reconciler.web.events import TooManyListeners
from reconciler.web.metrics import CONTENT_TYPE

MOST = 200
# The state of a cluster of whose last look nothing was kept.
UNKNOWN = "unknown"
_FOR_EVER = datetime(9000, 1, 1, tzinfo=UTC)
_GREATEST_ID = 2**63 - 1
_PROBLEM = {"application/problem+json": {"schema": ProblemDetail.model_json_schema()}}
_REFUSALS = {
    400: "What was asked cannot be understood",
    401: "A token is needed",
    404: "It is not there",
    421: "This name is not served here",
    422: "What was asked is out of bounds",
    429: "Too many wrong tokens",
    503: "The state cannot be read now, or too many listen",
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    code: {"description": words, "content": _PROBLEM} for code, words in _REFUSALS.items()
}

# Prometheus asks by its own path.
metrics_router = APIRouter()
router = APIRouter(prefix="/api/v1", responses=RESPONSES)


def reading(request: Request) -> Iterator[StateConnection]:
    """One moment of the state for one request."""
    with request.app.state.database.reading() as connection:
        yield connection


Reader = Annotated[StateConnection, Depends(reading)]
Limit = Annotated[int, Query(ge=1, le=MOST)]
Since = Annotated[datetime | None, Query(description="ISO 8601 with a zone; default: 24 h ago")]
Before = Annotated[datetime | None, Query(description="ISO 8601 with a zone; default: now")]


def stored_cluster(
    connection: Reader, cluster: Annotated[int, Path(ge=1, le=_GREATEST_ID)]
) -> StoredCluster:
    """The cluster of the address. Raises HTTPException for one that is not watched."""
    found = load_cluster(connection, cluster)
    if found is None:
        raise HTTPException(404, f"no cluster {cluster} is watched")
    return found


Stored = Annotated[StoredCluster, Depends(stored_cluster)]


@router.get("/summary")
def summary(connection: Reader) -> Summary:
    """What is watched, in numbers."""
    conditions: dict[str, dict[str, int]] = {}
    for (kind, status), number in count_conditions(connection).items():
        conditions.setdefault(kind, {})[status] = number
    drift: dict[str, dict[str, int]] = {}
    for (severity, truth), number in count_drift(connection).items():
        drift.setdefault(severity, {})[truth] = number
    return Summary(clusters=count_clusters(connection), conditions=conditions, drift=drift)


@router.get("/clusters")
def clusters(  # noqa: PLR0913, PLR0917  # one parameter each of the query
    connection: Reader,
    search: Annotated[str, Query(max_length=200, description="in name or file")] = "",
    condition: ConditionKind | None = None,
    status: ConditionStatus = "True",
    after: Annotated[str | None, Query(max_length=2000, description="next of a page")] = None,
    limit: Limit = 50,
) -> ClusterPage:
    """The clusters, the worst first."""
    meant = Search(search, condition, status)
    found = page_of_clusters(connection, limit + 1, _place(after), meant)
    shown = found[:limit]
    return ClusterPage(
        items=tuple(map(cluster_document, shown)),
        total=count_clusters(connection, meant),
        next=format_cursor(shown[-1].place) if len(found) > limit else None,
    )


def _place(after: str | None) -> Any:
    try:
        return None if after is None else parse_cursor(after)
    except ValueError as error:
        raise HTTPException(400, str(error)) from None


@router.get("/clusters/{cluster}")
def cluster_by_id(stored: Stored) -> ClusterDocument:
    """One cluster."""
    return cluster_document(stored)


@router.get("/clusters/{cluster}/conditions")
def conditions(connection: Reader, stored: Stored) -> tuple[ConditionDocument, ...]:
    """What stands of a cluster, its members and volumes."""
    return tuple(map(condition_document, standing_conditions(connection, stored.id)))


@router.get("/clusters/{cluster}/conditions/past")
def conditions_before(
    connection: Reader, stored: Stored, before: Before = None, limit: Limit = 50
) -> tuple[ConditionDocument, ...]:
    """What stands no more, the latest first."""
    found = past_conditions(connection, stored.id, _moment(before) or _FOR_EVER, limit)
    return tuple(condition_document(one, ended) for one, ended in found)


@router.get("/clusters/{cluster}/drift")
def drift(connection: Reader, stored: Stored) -> tuple[DriftDocument, ...]:
    """The differences that are there, the one that is there longest first."""
    return tuple(map(drift_document, present_drift(connection, stored.id)))


@router.get("/clusters/{cluster}/drift/past")
def drift_before(
    connection: Reader, stored: Stored, before: Before = None, limit: Limit = 50
) -> tuple[DriftDocument, ...]:
    """The differences that are gone, the latest first."""
    found = past_drift(connection, stored.id, _moment(before) or _FOR_EVER, limit)
    return tuple(map(drift_document, found))


@router.get("/clusters/{cluster}/rounds")
def rounds(
    request: Request, connection: Reader, stored: Stored, since: Since = None
) -> tuple[SpanDocument, ...]:
    """The times in which every round found the same, the earliest first."""
    begin = _moment(since) or request.app.state.clock() - timedelta(days=1)
    return tuple(map(span_document, observed_spans(connection, stored.id, begin)))


@router.get("/clusters/{cluster}/volumes/{volume}/samples")
def samples(
    request: Request, connection: Reader, stored: Stored, volume: str, since: Since = None
) -> tuple[SampleDocument, ...]:
    """Size and fill of a volume, the earliest first."""
    begin = _moment(since) or request.app.state.clock() - timedelta(days=1)
    found = volume_samples(connection, stored.id, volume, begin)
    return tuple(map(sample_document, found))


@router.get("/clusters/{cluster}/plan", response_model=None)
def plan(connection: Reader, stored: Stored) -> Any:
    """What `reconcile apply` would do, as `reconcile plan --save` writes it."""
    return _kept(connection, stored, "plan")[0]


@router.get("/clusters/{cluster}/status", response_model=None)
def status_of_cluster(connection: Reader, stored: Stored) -> Any:
    """Members, volumes, mounts and leases, as `reconcile status --format json` has them.

    `observed_at` is the last look; of a cluster that is not known now, since when it was so.
    """
    found, since = _kept(connection, stored, "status")
    at = since if stored.seen is None or stored.state == UNKNOWN else stored.seen
    return {**found, "observed_at": at.isoformat(timespec="seconds")}


def _kept(
    connection: StateConnection, stored: StoredCluster, kind: str
) -> tuple[Any, datetime]:
    found = load_document(connection, stored.id, kind)
    if found is None:
        raise HTTPException(404, f"cluster {stored.name} has no {kind} yet")
    return json.loads(found[0]), found[1]


def _moment(given: datetime | None) -> datetime | None:
    if given is not None and given.tzinfo is None:
        raise HTTPException(400, "a moment needs its zone, as in 2026-01-31T12:00:00Z")
    return given


@metrics_router.get("/metrics", include_in_schema=False)
def metrics(request: Request) -> Response:
    """What Prometheus is told."""
    return Response(request.app.state.metrics.text(), media_type=CONTENT_TYPE)


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(request: Request) -> StreamingResponse:
    """What happens, as it happens: server-sent events, each with its kind and what it is about.

    Raises HTTPException while too many listen.
    """
    try:
        stream = request.app.state.events.listen()
    except TooManyListeners:
        raise HTTPException(503, "too many listen: try again later") from None
    return StreamingResponse(stream, media_type="text/event-stream")
