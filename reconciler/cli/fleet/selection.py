"""Which clusters of a fleet a command is about: by name, by zone, or all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.options import combine_decorators
from reconciler.errors import UsageError
from reconciler.loading.hints import nearest

if TYPE_CHECKING:
    from reconciler.storage.database import StateConnection
    from reconciler.storage.fleet_schedule import FleetCluster

_OPTIONS = combine_decorators(
    click.argument("clusters", nargs=-1, metavar="[CLUSTER]..."),
    click.option(
        "--zone", "zones", multiple=True, metavar="ZONE", help="All of ZONE; repeatable."
    ),
    click.option("--all", "everyone", is_flag=True, help="All clusters."),
)


def select_clusters(command: Callable[..., int]) -> Callable[..., int]:
    """The options by which a command is told its clusters; it gets them as one, ``selection``."""

    @wraps(command)
    def gather(**given: Any) -> int:  # click's signature
        selection = Selection(*(given.pop(name) for name in ("clusters", "zones", "everyone")))
        selection.check()
        return command(selection=selection, **given)

    return _OPTIONS(gather)


@dataclass(frozen=True, slots=True)
class Selection:
    """Clusters by name, all of some zones, or all."""

    clusters: Sequence[str]
    zones: Sequence[str]
    everyone: bool

    def check(self) -> None:
        """Raises UsageError where nothing is named, and where all and some are."""
        named = bool(self.clusters or self.zones)
        if named == self.everyone:
            raise UsageError("name clusters or a --zone, or say --all")

    @property
    def words(self) -> tuple[str, ...]:
        """What says the same once more, to a command."""
        zones = (word for zone in self.zones for word in ("--zone", zone))
        return *self.clusters, *zones, *(("--all",) if self.everyone else ())

    def find(self, connection: StateConnection) -> Sequence[FleetCluster]:
        """Those that are meant. Raises UsageError for a cluster or a zone that there is not."""
        from reconciler.storage.fleet_schedule import fleet_clusters  # noqa: PLC0415  # slow to import

        known = fleet_clusters(connection)
        _check_known("cluster", self.clusters, [one.name for one in known])
        _check_known("zone", self.zones, [one.zone for one in known])
        return [
            one
            for one in known
            if self.everyone or one.name in self.clusters or one.zone in self.zones
        ]


def _check_known(kind: str, asked: Sequence[str], known: Sequence[str]) -> None:
    for name in asked:
        if name not in known:
            near = nearest(name, sorted(set(known)))
            hint = f": did you mean {near}?" if near else ""
            raise UsageError(f"the fleet has no {kind} {name!r}{hint}")
