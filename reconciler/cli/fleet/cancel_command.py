"""``reconcile fleet cancel``: what waits or goes on for clusters is given up."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from reconciler.cli.fleet.selection import Selection, select_clusters
from reconciler.cli.fleet.settings_file import SETTINGS, find_database, read_settings
from reconciler.cli.options import NO_NOTES
from reconciler.cli.terminal import note
from reconciler.model.quantities import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.fleet import Fleet
    from reconciler.storage.server_address import ServerAddress


@click.command("cancel")
@select_clusters
@SETTINGS
@NO_NOTES
def command(selection: Selection, settings: str) -> int:
    """Give up the turn of each CLUSTER: what waits has its next turn when an interval is over.

    A turn that goes on is told to end. What it has begun on hosts comes to its end, and nothing
    more is begun. To leave a cluster alone for longer: reconcile fleet pause.
    """
    fleet = read_settings(settings)
    found = asyncio.run(_cancel(fleet, find_database(fleet), selection))
    for name, when in found.given_up.items():
        click.echo(f"{name}: given up, {when}")
    if not found.given_up:
        note("nothing waits or goes on there")
    for zone in found.unserved:
        note(f"no worker serves zone {zone}: nothing goes on there")
    return 0


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Whose turn was given up, each with the words for its next; and zones that nobody serves."""

    given_up: Mapping[str, str]
    unserved: Sequence[str]


async def _cancel(fleet: Fleet, address: ServerAddress, selection: Selection) -> Cancelled:
    from reconciler.fleet.server_queue import ServerQueue  # noqa: PLC0415  # slow to import
    from reconciler.fleet.sessions import conninfo  # noqa: PLC0415
    from reconciler.fleet.transactions import Transactions  # noqa: PLC0415
    from reconciler.storage.fleet_database import open_fleet  # noqa: PLC0415
    from reconciler.storage.fleet_workers import served_zones  # noqa: PLC0415
    from reconciler.storage.server_address import for_writing  # noqa: PLC0415

    state = Transactions(open_fleet(address))
    try:
        found = await state.read(selection.find)
        served = await state.read(served_zones)
        info, interval = conninfo(for_writing(address).url), fleet.interval.total_seconds()
        queue = ServerQueue(info, state, {}, interval)
        given_up = await queue.cancel([one.name for one in found if one.zone in served])
        paused = {one.name: one.paused for one in found if one.paused}
        later = f"its next turn is in {format_duration(fleet.interval)}"
        words = {
            name: f"paused by {paused[name]}" if name in paused else later for name in given_up
        }
        return Cancelled(words, sorted({one.zone for one in found} - served))
    finally:
        await state.close()
