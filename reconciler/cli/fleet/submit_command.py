"""``reconcile fleet submit``: clusters are looked at as soon as there is room."""

from __future__ import annotations

import shlex

import click

from reconciler.cli.fleet.selection import Selection, select_clusters
from reconciler.cli.fleet.settings_file import (
    SETTINGS,
    fleet_words,
    write_fleet,
)
from reconciler.cli.options import NO_NOTES
from reconciler.cli.terminal import note
from reconciler.model.quantities import with_count


@click.command("submit")
@select_clusters
@SETTINGS
@NO_NOTES
def command(selection: Selection, settings: str) -> int:
    """Look at each CLUSTER as soon as there is room: now, and once more if it has its turn.

    Those that are paused are looked at when they are resumed.
    """
    from reconciler.storage.fleet_schedule import request  # noqa: PLC0415  # slow to import

    with write_fleet(settings) as connection:
        found = selection.find(connection)
        request(connection, [one.name for one in found])
    words = shlex.join(("reconcile", "fleet", "status", *fleet_words(settings)))
    note(f"{with_count(len(found), 'cluster')} will be looked at: {words}")
    if paused := [one.name for one in found if one.paused]:
        note(f"paused, until they are resumed: {', '.join(paused)}")
    return 0
