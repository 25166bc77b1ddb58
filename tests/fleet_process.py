"""A worker of a fleet in a process of its own, whose hosts are those of a test (``fleet_hosts``).

Run with ``python -m tests.fleet_process SETTINGS``: JSON, as ``Settings`` has it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from reconciler import telemetry
from reconciler.execution.author import new_run, now
from reconciler.fleet.fleet_worker import Worker, WorkerParts
from reconciler.model.fleet import Fleet
from reconciler.storage.fleet_database import open_fleet
from reconciler.storage.server_address import server_address
from reconciler.watch.connections import Connections
from reconciler.watch.systemd import Supervisor
from tests.fleet_hosts import FarHosts


@dataclass(frozen=True)
class Settings:
    """``hosts`` is the socket of the test's hosts; with "" they are reached by SSH, with "own" this
    process has those of ``tests.bench.watched_fleet``."""

    url: str
    directory: str
    hosts: str
    fleet: dict
    slots: int = 16
    level: str = "info"


async def main(settings: Settings) -> None:
    fleet = Fleet.model_validate(settings.fleet)
    hosts = FarHosts(settings.hosts, lambda: worker.queue.life.id if worker.queue.life else "")
    address = server_address(settings.url)
    connections = Connections(64, 64, told=False)
    run_on = hosts.run_on if settings.hosts else connections.run
    if settings.hosts == "own":
        from tests.bench.watched_fleet import Answers  # noqa: PLC0415  # few want them

        answers = await asyncio.to_thread(Answers)
        run_on = answers.run_on
    parts = WorkerParts(
        fleet=fleet,
        zones=[zone.name for zone in fleet.zones],
        address=address,
        database=open_fleet(address),
        directory=Path(settings.directory),
        run_on=run_on,
        supervisor=Supervisor({}),
        wall=now,
        new_run=new_run,
        slots=settings.slots,
        try_again=connections.try_again,
    )
    worker = Worker(parts)
    await worker.run()
    await connections.close()


if __name__ == "__main__":
    given = Settings(**json.loads(sys.argv[1]))
    write = os.fdopen(2, "w", buffering=1, closefd=False)
    with telemetry.logging(
        telemetry.Detail(given.level, "json"), lambda line: print(line, file=write)
    ):
        asyncio.run(main(given))
