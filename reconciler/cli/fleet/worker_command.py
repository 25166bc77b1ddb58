"""``reconcile fleet worker``: a process that works for a fleet, and stays."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler import telemetry
from reconciler.cli.fleet.settings_file import SETTINGS, find_database, read_settings
from reconciler.cli.logs import LOG_OPTIONS, open_log
from reconciler.cli.long_running import (
    CONNECTIONS,
    LOG_FORMAT,
    allow_files,
    lasting_detail,
    leave_threads,
)
from reconciler.cli.options import PARALLELISM
from reconciler.cli.state_place import state_directory
from reconciler.errors import UsageError
from reconciler.execution.author import new_run, now
from reconciler.interrupts import INTERRUPTED
from reconciler.storage.exclusive import hold_state
from reconciler.telemetry import Detail, Form

if TYPE_CHECKING:
    from reconciler.model.fleet import Fleet
    from reconciler.storage.server_address import ServerAddress


@dataclass(frozen=True, slots=True)
class Bounds:
    """Hosts that stay logged in to, hosts that are asked at once, clusters at work at once."""

    connections: int
    parallelism: int
    at_once: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a worker works: for which zones of which fleet, and what it keeps for itself."""

    fleet: Fleet
    zones: Sequence[str]
    address: ServerAddress
    directory: Path


@click.command("worker")
@SETTINGS
@click.option(
    "--zone", "zones", multiple=True, metavar="ZONE", help="Only for ZONE; repeatable."
)
@click.option(
    "--at-once",
    type=click.IntRange(1, 1000),
    default=32,
    show_default=True,
    help="Clusters that this worker has at work at once.",
)
@PARALLELISM
@CONNECTIONS
@LOG_FORMAT
@click.option(
    "--state-dir",
    type=click.Path(file_okay=False),
    help="Where records of runs are kept; one worker for each.",
)
@LOG_OPTIONS
def command(
    settings: str,
    zones: tuple[str, ...],
    at_once: int,
    parallelism: int,
    connections: int,
    log_format: Form | None,
    state_dir: str | None,
    log_level: Detail | None,
    log_file: str | None,
) -> int:
    """Work for the fleet: look at its clusters again and again, heal what policies name, roll out.

    Any number of workers may do so, on as many machines. If one dies, others go on with its clusters
    within 15 s. SIGTERM or Ctrl-C ends it: what has begun on hosts comes to its end.
    """
    fleet = read_settings(settings)
    served = _served(fleet, zones)
    address = find_database(fleet)
    detail = lasting_detail(log_level, log_format)
    allow_files(connections)
    import reconciler.hosts.ssh  # noqa: F401, PLC0415  # slow to import: not while the loop runs

    directory = state_directory(state_dir)
    bounds = Bounds(connections, parallelism, at_once)
    with open_log(detail, log_file), hold_state(directory):
        place = Place(fleet, served, address, directory)
        return asyncio.run(_work(place, bounds, told=detail.level == "debug"))


def _served(fleet: Fleet, asked: Sequence[str]) -> Sequence[str]:
    """The zones that are served. Raises UsageError for one that the settings do not have."""
    known = [zone.name for zone in fleet.zones]
    for name in asked:
        if name not in known:
            raise UsageError(f"the settings have no zone {name!r}: {', '.join(known)}")
    return [name for name in known if name in asked] or known


async def _work(place: Place, bounds: Bounds, *, told: bool) -> int:
    from reconciler.fleet.fleet_worker import Worker, WorkerParts  # noqa: PLC0415  # slow to import
    from reconciler.notify.delivery import Carrier, new_client  # noqa: PLC0415
    from reconciler.notify.teller import Teller  # noqa: PLC0415
    from reconciler.storage.fleet_database import open_fleet  # noqa: PLC0415
    from reconciler.watch.circuits import Circuits, paced_backoff  # noqa: PLC0415
    from reconciler.watch.connections import Connections  # noqa: PLC0415
    from reconciler.watch.notifying import Telling  # noqa: PLC0415
    from reconciler.watch.systemd import Supervisor  # noqa: PLC0415

    circuits = Circuits(paced_backoff(place.fleet.interval.total_seconds()))
    limits = bounds.connections, bounds.parallelism
    connections = Connections(*limits, told=told, circuits=circuits)
    async with new_client() as client:
        carrier = Carrier(client, now)
        parts = WorkerParts(
            fleet=place.fleet,
            zones=place.zones,
            address=place.address,
            database=open_fleet(place.address),
            directory=place.directory,
            run_on=connections.run,
            supervisor=Supervisor(os.environ),
            wall=now,
            new_run=new_run,
            slots=bounds.at_once,
            try_again=connections.try_again,
            listening=lambda keeping: [
                Telling(
                    Teller(carrier, keeping, _tell_message),
                    (place.fleet.pages or "").removesuffix("/"),
                )
            ],
        )
        try:
            ended = await Worker(parts).run()
        finally:
            await connections.close()
    code = INTERRUPTED if ended == signal.SIGINT else 0
    await leave_threads(code)
    return code


def _tell_message(_receiver: str, why: str) -> None:
    if why:
        telemetry.warning("receiver-not-told", message=why)
