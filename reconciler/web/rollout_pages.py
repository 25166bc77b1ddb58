"""The pages of rollouts: which there were, and one with its waves, its clusters and who approved it."""

from __future__ import annotations

from itertools import groupby

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from reconciler.storage.clusters import named_clusters
from reconciler.storage.fleet_standing import fleet_standings
from reconciler.storage.runs import known_runs
from reconciler.web.api import Reader
from reconciler.web.dashboard import page
from reconciler.web.rollout_api import FoundRollout, RolloutPlace, rollout_by_id, rollouts

router = APIRouter(include_in_schema=False)


@router.get("/rollouts")
def rollouts_page(request: Request, connection: Reader, place: RolloutPlace) -> HTMLResponse:
    """All rollouts, the latest first."""
    found = rollouts(connection, place)
    return page(
        request, "rollouts", rollouts=found.items, next=found.next, is_first=place is None
    )


@router.get("/rollouts/{rollout}")
def rollout_page(request: Request, connection: Reader, found: FoundRollout) -> HTMLResponse:
    """One rollout, wave by wave."""
    whole = rollout_by_id(connection, found)
    names = {one.cluster for one in whole.clusters}
    waves = groupby(whole.clusters, key=lambda one: one.wave)
    return page(
        request,
        "rollout",
        rollout=whole,
        waves=[(number, list(some)) for number, some in waves],
        ids={one.name: one.id for one in named_clusters(connection, names)},
        standings=fleet_standings(connection, names),
        known_runs=known_runs(connection, {one.run for one in whole.clusters if one.run}),
    )
