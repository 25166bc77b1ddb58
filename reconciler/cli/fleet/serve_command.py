"""``reconcile fleet serve``: pages, API and metrics of a fleet, by a process that only reads."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import click

from reconciler import telemetry
from reconciler.cli.fleet.settings_file import SETTINGS, find_database, read_settings
from reconciler.cli.logs import LOG_OPTIONS, open_log
from reconciler.cli.long_running import lasting_detail
from reconciler.cli.serving import open_listener
from reconciler.cli.web_options import WebOptions, listening_address, web_access, web_options
from reconciler.errors import UsageError
from reconciler.execution.author import now
from reconciler.interrupts import INTERRUPTED
from reconciler.telemetry import Detail

if TYPE_CHECKING:
    from reconciler.storage.database import Database
    from reconciler.watch.pulse import Pulse
    from reconciler.web.app import Server
    from reconciler.web.guards import Access


@click.command("serve")
@SETTINGS
@web_options
@LOG_OPTIONS
def command(
    settings: str,
    web: WebOptions,
    log_level: Detail | None,
    log_file: str | None,
) -> int:
    """Serve the pages of a fleet, its API and metrics: what all workers have found.

    It only reads, and needs no more than the role of a reader; a standby of the database will do.
    SIGTERM or Ctrl-C ends it.
    """
    address = listening_address(web)
    if address is None:
        raise UsageError("name where to serve: --listen ADDRESS:PORT")
    place = find_database(read_settings(settings))
    from reconciler.storage.fleet_database import read_fleet  # noqa: PLC0415  # slow to import

    with open_log(lasting_detail(log_level), log_file):
        database = read_fleet(place)
        try:
            ended = asyncio.run(_serve(database, web, address))
        finally:
            database.close()
    return INTERRUPTED if ended == signal.SIGINT else 0


async def _serve(database: Database, options: WebOptions, address: tuple[str, int]) -> int:
    """Until a signal ends it: which."""
    from reconciler.watch.pulse import Pulse, beat  # noqa: PLC0415  # slow to import
    from reconciler.watch.systemd import READY, STOPPING, Supervisor  # noqa: PLC0415
    from reconciler.web.fleet_news import FleetNews  # noqa: PLC0415
    from reconciler.web.listening import serving  # noqa: PLC0415

    pulse, supervisor = Pulse(), Supervisor(os.environ)
    server = _server(database, web_access(options, address[0]), pulse)
    stopped: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    _listen(stopped)
    jobs = FleetNews(database, server.events).follow(), beat(supervisor, pulse)
    with open_listener(options, address) as listener:
        beside = [asyncio.create_task(job) for job in jobs]
        try:
            async with serving(server, listener):
                host, port = listener.getsockname()[:2]
                telemetry.info("serving", address=host, port=port)
                supervisor.tell(READY)
                waited: list[asyncio.Future[Any]] = [stopped, *beside]
                await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
                for task in beside:
                    if task.done():
                        task.result()  # none ends but by a bug, which is not to be served on
                ended = stopped.result()
                telemetry.info("stopping", signal=signal.Signals(ended).name)
                supervisor.tell(STOPPING)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
    return ended


def _server(database: Database, access: Access, pulse: Pulse) -> Server:
    from reconciler.web.app import Server  # noqa: PLC0415  # slow to import
    from reconciler.web.events import EventHub  # noqa: PLC0415
    from reconciler.web.fleet_metrics import FleetCollector  # noqa: PLC0415
    from reconciler.web.metrics import Metrics  # noqa: PLC0415

    metrics = Metrics(database)
    metrics.loop_lag.set_function(lambda: pulse.recent)
    metrics.registry.register(FleetCollector(database))
    return Server(database, now, time.monotonic, access, EventHub(), metrics)


def _listen(stopped: asyncio.Future[int]) -> None:
    def end(number: int) -> None:
        if not stopped.done():
            stopped.set_result(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end, number)
