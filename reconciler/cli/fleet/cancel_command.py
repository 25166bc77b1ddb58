"""``reconcile fleet cancel``: what waits or goes on for clusters is given up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from reconciler.cli.fleet.selection import SELECTION, Selection
from reconciler.cli.fleet.settings_file import SETTINGS, find_database, read_settings
from reconciler.cli.options import NO_NOTES
from reconciler.cli.terminal import note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.fleet import Fleet
    from reconciler.storage.server_address import ServerAddress


@click.command("cancel")
@SELECTION
@SETTINGS
@NO_NOTES
def command(
    clusters: tuple[str, ...], zones: tuple[str, ...], everyone: bool, settings: str
) -> int:
    """Give up the turn of each CLUSTER: what waits has its next turn when an interval is over.

    A turn that goes on is told to end. What it has begun on hosts comes to its end, and nothing
    more is begun. To leave a cluster alone for longer: reconcile fleet pause.
    """
    selection = Selection(clusters, zones, everyone)
    selection.check()
    fleet = read_settings(settings)
    given_up = asyncio.run(_cancel(fleet, find_database(fleet), selection))
    for name in given_up:
        click.echo(f"{name}: given up")
    if not given_up:
        note("nothing waits or goes on there")
    return 0


async def _cancel(fleet: Fleet, address: ServerAddress, selection: Selection) -> Sequence[str]:
    from reconciler.fleet.server_queue import ServerQueue  # noqa: PLC0415  # slow to import
    from reconciler.fleet.sessions import conninfo  # noqa: PLC0415
    from reconciler.fleet.transactions import Transactions  # noqa: PLC0415
    from reconciler.storage.fleet_database import open_fleet  # noqa: PLC0415
    from reconciler.storage.server_address import for_writing  # noqa: PLC0415

    state = Transactions(open_fleet(address))
    try:
        found = await state.read(selection.find)
        info, interval = conninfo(for_writing(address).url), fleet.interval.total_seconds()
        queue = ServerQueue(info, state, {}, interval)
        return await queue.cancel([one.name for one in found])
    finally:
        await state.close()
