"""The API of runs: those of a cluster and of all, and one with its actions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query

from reconciler.storage.database import StateConnection
from reconciler.storage.runs import latest_runs
from reconciler.web.api import RESPONSES, Limit, Reader, Stored
from reconciler.web.run_documents import (
    FoundRun,
    RunPage,
    WholeRun,
    load_run,
    run_document,
    whole_run,
)

LONGEST = 255  # of a run's id, and of a cluster's name
router = APIRouter(prefix="/api/v1", responses=RESPONSES)
After = Annotated[str, Query(max_length=LONGEST, description="next of a page")]


def found_run(connection: Reader, run: Annotated[str, Path(max_length=LONGEST)]) -> FoundRun:
    """The run of the address. Raises HTTPException for one that is not known here."""
    found = load_run(connection, run)
    if found is None:
        raise HTTPException(404, f"no run {run} is known here")
    return found


Found = Annotated[FoundRun, Depends(found_run)]


@router.get("/runs")
def runs(
    connection: Reader,
    cluster: Annotated[str, Query(max_length=LONGEST, description="by its name")] = "",
    after: After = "",
    limit: Limit = 50,
) -> RunPage:
    """The runs that are on record on the machine of the daemon, the latest first."""
    return _page(connection, cluster, after, limit)


@router.get("/clusters/{cluster}/runs")
def runs_of_cluster(
    connection: Reader, stored: Stored, after: After = "", limit: Limit = 50
) -> RunPage:
    """Those that were about a cluster, the latest first."""
    return _page(connection, stored.name, after, limit)


def _page(connection: StateConnection, cluster: str, after: str, limit: int) -> RunPage:
    found = latest_runs(connection, limit + 1, after, cluster)
    shown = found[:limit]
    following = shown[-1].run if len(found) > limit else None
    return RunPage(items=tuple(map(run_document, shown)), next=following)


@router.get("/runs/{run}")
def run_by_id(found: Found) -> WholeRun:
    """One run: its actions, its hosts, and what it told. It may be at work."""
    return whole_run(found)
