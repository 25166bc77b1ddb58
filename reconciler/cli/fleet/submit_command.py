"""``reconcile fleet submit``: clusters are looked at as soon as there is room."""

from __future__ import annotations

import shlex

import click

from reconciler.cli.fleet.selection import SELECTION, Selection
from reconciler.cli.fleet.settings_file import (
    SETTINGS,
    find_database,
    fleet_words,
    read_settings,
)
from reconciler.cli.options import NO_NOTES
from reconciler.cli.terminal import note
from reconciler.model.quantities import with_count


@click.command("submit")
@SELECTION
@SETTINGS
@NO_NOTES
def command(
    clusters: tuple[str, ...], zones: tuple[str, ...], everyone: bool, settings: str
) -> int:
    """Look at each CLUSTER as soon as there is room: now, and once more if it has its turn.

    Those that are paused are looked at when they are resumed.
    """
    selection = Selection(clusters, zones, everyone)
    selection.check()
    address = find_database(read_settings(settings))
    from reconciler.storage.fleet_database import open_fleet  # noqa: PLC0415  # slow to import
    from reconciler.storage.fleet_schedule import request  # noqa: PLC0415

    database = open_fleet(address)
    try:
        with database.writing() as connection:
            found = selection.find(connection)
            request(connection, [one.name for one in found])
    finally:
        database.close()
    words = shlex.join(("reconcile", "fleet", "status", *fleet_words(settings)))
    note(f"{with_count(len(found), 'cluster')} will be looked at: {words}")
    if paused := [one.name for one in found if one.paused]:
        note(f"paused, until they are resumed: {', '.join(paused)}")
    return 0
