"""What the page of a cluster has of its fleet; nothing where one daemon watches."""

from __future__ import annotations

from typing import Any

from reconciler.storage.database import StateConnection
from reconciler.storage.fleet_standing import fleet_standing, hosts_of
from reconciler.storage.fleet_turns import turn_history

TURNS = 5


def fleet_facts(connection: StateConnection, cluster: str) -> dict[str, Any]:
    """By the names that the page has for them."""
    standing = fleet_standing(connection, cluster)
    turns = turn_history(connection, cluster, TURNS) if standing else ()
    hosts = hosts_of(connection, {turn.worker for turn in turns})
    return {"standing": standing, "turns": turns, "hosts": hosts}
