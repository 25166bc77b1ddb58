"""``reconcile fleet resume``: clusters that were paused are looked after again."""

from __future__ import annotations

import click

from reconciler.cli.fleet.selection import Selection, select_clusters
from reconciler.cli.fleet.settings_file import SETTINGS, write_fleet
from reconciler.cli.options import NO_NOTES
from reconciler.cli.terminal import note
from reconciler.model.quantities import with_count


@click.command("resume")
@select_clusters
@SETTINGS
@NO_NOTES
def command(selection: Selection, settings: str) -> int:
    """Look after each CLUSTER again that was paused, beginning as soon as there is room."""
    from reconciler.storage.fleet_schedule import resume  # noqa: PLC0415  # slow to import

    with write_fleet(settings) as connection:
        found = selection.find(connection)
        paused = [one for one in found if one.paused]
        resume(connection, [one.name for one in paused])
    for one in paused:
        note(f"{one.name} is resumed, and was paused by {one.paused}")
    if others := [
        one.name for one in found if not one.paused and one.name in selection.clusters
    ]:
        note(f"not paused in the fleet: {', '.join(others)}")
    note(f"{with_count(len(paused), 'cluster')} resumed")
    return 0
