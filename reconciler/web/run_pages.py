"""The pages of runs: what was done to a cluster, and one run, while it goes on or afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from reconciler.reports import explain
from reconciler.reports.run_progress import State
from reconciler.storage.clusters import StoredCluster, named_clusters
from reconciler.storage.database import StateConnection
from reconciler.storage.fleet_standing import hosts_of
from reconciler.storage.runs import StoredRun, latest_runs
from reconciler.web.api import Reader, Stored
from reconciler.web.dashboard import TEMPLATES
from reconciler.web.run_api import After, Found
from reconciler.web.run_documents import FoundRun

ON_A_PAGE = 50
# Actions that are shown, the latest; the API and `reconcile show` have all of them.
MOST_ACTIONS = 300
router = APIRouter(include_in_schema=False)


@router.get("/runs")
def runs_page(request: Request, connection: Reader, after: After = "") -> HTMLResponse:
    """All runs that are known, the latest first."""
    return _list(request, connection, None, after)


@router.get("/clusters/{cluster:int}/runs")
def runs_of_cluster_page(
    request: Request, connection: Reader, stored: Stored, after: After = ""
) -> HTMLResponse:
    """What was done to one cluster, the latest first."""
    return _list(request, connection, stored, after)


def _list(
    request: Request, connection: StateConnection, cluster: StoredCluster | None, after: str
) -> HTMLResponse:
    name = cluster.name if cluster else ""
    found = latest_runs(connection, ON_A_PAGE + 1, after, name)
    shown = found[:ON_A_PAGE]
    return _page(
        request,
        "runs",
        cluster=cluster,
        runs=shown,
        ids=_ids(connection, shown),
        base=f"/clusters/{cluster.id}/runs" if cluster else "/runs",
        is_first=not after,
        next=shown[-1].run if len(found) > ON_A_PAGE else None,
    )


@router.get("/runs/{run}")
def run_page(
    request: Request,
    connection: Reader,
    found: Found,
    reload: Annotated[int | None, Query(ge=2, le=3600)] = None,
) -> HTMLResponse:
    """One run: how far it is, on which hosts, and each action. Who has no scripts may have it reloaded."""
    actions = found.progress.actions[-MOST_ACTIONS:][::-1]
    return _page(
        request,
        "run",
        run=found.stored,
        found=found,
        progress=found.progress,
        actions=actions,
        counts={word: number for word, number in _counts(found).items() if number},
        ids=_ids(connection, [found.stored]),
        host=hosts_of(connection, {found.stored.worker}).get(found.stored.worker, ""),
        reload=reload if found.is_live else None,
        codes=frozenset(explain.codes()),
    )


def _counts(found: FoundRun) -> Mapping[str, int]:
    """How many actions are how; of a run at work nothing is ``not-started``, but still to come."""
    progress = found.progress
    if not found.is_live:
        return found.past.counts
    states: tuple[State, ...] = ("done", "failed", "running")
    counts = {str(state): progress.count(state) for state in states}
    return counts | {"to come": progress.planned - len(progress.actions)}


def _ids(connection: StateConnection, runs: Sequence[StoredRun]) -> dict[str, int]:
    """The clusters that are watched, of those that the runs were about."""
    names = {name for run in runs for name in run.clusters}
    return {one.name: one.id for one in named_clusters(connection, names)}


def _page(request: Request, name: str, **context: Any) -> HTMLResponse:
    state = request.app.state
    shared = {"now": state.clock(), "records": state.records}
    return TEMPLATES.TemplateResponse(request, f"{name}.html", shared | context)
