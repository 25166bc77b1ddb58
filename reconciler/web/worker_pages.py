"""The page of a fleet's workers: who works, on what, and how its zones and its source are."""

from __future__ import annotations

from collections import Counter, defaultdict

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from reconciler.storage.clusters import named_clusters
from reconciler.storage.fleet_measures import measure_fleet
from reconciler.storage.fleet_standing import file_standings
from reconciler.storage.fleet_turns import Turn, going_turns
from reconciler.storage.fleet_workers import ALIVE, workers
from reconciler.web.api import Reader
from reconciler.web.dashboard import TEMPLATES

# Lives, the last ones: a worker that cannot stay has many. And files that are wrong.
MOST = 100
router = APIRouter(include_in_schema=False)


@router.get("/workers")
def workers_page(request: Request, connection: Reader) -> HTMLResponse:
    """All lives of workers that are known, the last one first, with the turns that they have."""
    turns: dict[str, list[Turn]] = defaultdict(list)
    for turn in going_turns(connection):
        turns[turn.worker].append(turn)
    lives = workers(connection)
    files = file_standings(connection).items()
    names = {turn.cluster for some in turns.values() for turn in some}
    return TEMPLATES.TemplateResponse(
        request,
        "workers.html",
        {
            "now": request.app.state.clock(),
            "fleet": measure_fleet(connection),
            "wrong": [(file, one.problem) for file, one in files if one.problem][:MOST],
            "served": Counter(z for one in lives if one.state == ALIVE for z in one.zones),
            "lives": lives[:MOST],
            "turns": turns,
            "ids": {one.name: one.id for one in named_clusters(connection, names)},
        },
    )
