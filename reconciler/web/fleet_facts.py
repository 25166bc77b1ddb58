"""What the page of a cluster has of its fleet; nothing where one daemon watches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.model.watched import Condition
from reconciler.storage.database import StateConnection
from reconciler.storage.fleet_standing import FleetStanding, fleet_standing, hosts_of
from reconciler.storage.fleet_turns import turn_history
from reconciler.storage.fleet_workers import served_zones

TURNS = 5


def fleet_facts(connection: StateConnection, cluster: str) -> dict[str, Any]:
    """By the names that the page has for them."""
    standing = fleet_standing(connection, cluster)
    turns = turn_history(connection, cluster, TURNS) if standing else ()
    hosts = hosts_of(connection, {turn.worker for turn in turns})
    served = standing is None or standing.zone in served_zones(connection)
    return {"standing": standing, "turns": turns, "hosts": hosts, "is_served": served}


def without_healing(
    standing: FleetStanding | None, conditions: Sequence[Condition]
) -> Sequence[Condition]:
    """The conditions without a healing that was at work when the cluster was paused in its fleet."""
    if standing is None or not _is_left(standing):
        return conditions
    readings = ((one, one.reading) for one in conditions)
    return [one for one, it in readings if (it.kind, it.status) != ("Healing", "True")]


def _is_left(standing: FleetStanding) -> bool:
    return bool(standing.paused) and not standing.is_at_work


def fleet_badges(
    standing: FleetStanding | None, badges: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    """What the list shows of a cluster: its ``badges``, and what its fleet says of it.

    Nothing heals a cluster that is paused there, once its turn has ended.
    """
    if standing is None:
        return list(badges)
    found = [one for one in badges if one[0] != "Healing" or not _is_left(standing)]
    if standing.paused:
        found.append(("Paused", f"in the fleet ({standing.paused})"))
    return [("File", "not taken over"), *found] if standing.problem else found
