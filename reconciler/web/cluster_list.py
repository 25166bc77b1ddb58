"""The page of all clusters: what stands of each, and how many are so."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from reconciler.model.addresses import cluster_address
from reconciler.model.watched import Condition, ConditionKind, ConditionStatus
from reconciler.storage.cluster_conditions import count_conditions, standing_conditions
from reconciler.storage.clusters import Search, count_clusters, page_of_clusters
from reconciler.storage.fleet_measures import measure_fleet
from reconciler.storage.fleet_standing import fleet_standings
from reconciler.web.api import Reader
from reconciler.web.cursors import format_cursor, parse_cursor
from reconciler.web.dashboard import draw_strip, page
from reconciler.web.fleet_facts import fleet_badges
from reconciler.web.pictures import RangeName

ON_A_PAGE = 50
# Trouble first; what is well says nothing in the list.
BADGES: tuple[ConditionKind, ...] = (
    *("Blocked", "Unreachable", "Degraded", "Drifted"),
    *("Healing", "Paused"),
)
router = APIRouter(include_in_schema=False)


@router.get("/")
def clusters_page(  # noqa: PLR0913, PLR0917  # one parameter each of the query
    request: Request,
    connection: Reader,
    search: Annotated[str, Query(max_length=200)] = "",
    condition: ConditionKind | None = None,
    status: ConditionStatus = "True",
    after: Annotated[str | None, Query(max_length=2000)] = None,
    over: RangeName = "day",
    paused: Literal["fleet"] | None = None,
) -> HTMLResponse:
    """All clusters, the worst first. Raises HTTPException for a damaged cursor."""
    try:
        place = None if after is None else parse_cursor(after)
    except ValueError as error:
        raise HTTPException(400, str(error)) from None
    meant = Search(search, condition, status, is_paused=paused is not None)
    found = page_of_clusters(connection, ON_A_PAGE + 1, place, meant)
    shown = found[:ON_A_PAGE]
    now = request.app.state.clock()
    standings = fleet_standings(connection, {one.name for one in shown})
    rows = [
        {
            "cluster": one,
            "badges": fleet_badges(
                standings.get(one.name),
                _badges(one.name, standing_conditions(connection, one.id)),
            ),
            "strip": draw_strip(connection, one.id, now, over),
            "zone": standings[one.name].zone if one.name in standings else "",
        }
        for one in shown
    ]
    numbers = count_conditions(connection)
    asked = {"search": search, "condition": condition, "over": over, "paused": paused}
    return page(
        request,
        "clusters",
        rows=rows,
        total=count_clusters(connection, meant),
        counts=[(kind, numbers.get((kind, "True"), 0)) for kind in BADGES],
        fleet=measure_fleet(connection),
        **asked,
        link=partial(_link, **asked),
        next=format_cursor(shown[-1].place) if len(found) > ON_A_PAGE else None,
        is_first=after is None,
    )


def _link(**query: str | None) -> str:
    """The page of clusters; what is as it is without being said is left out."""
    said = {k: v for k, v in query.items() if v and (k, v) != ("over", "day")}
    return f"/?{urlencode(said)}" if said else "/"


def _badges(cluster: str, conditions: Sequence[Condition]) -> list[tuple[str, str]]:
    """What stands of the cluster, and of a member or volume what does not stand of the cluster."""
    standing = [one.reading for one in conditions if one.reading.status == "True"]
    own = {one.kind: one.reason for one in standing if one.subject == cluster_address(cluster)}
    found = {one.kind: one.reason for one in reversed(standing)} | own
    return [(kind, found[kind]) for kind in BADGES if kind in found]
