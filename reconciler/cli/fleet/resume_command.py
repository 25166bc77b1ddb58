"""``reconcile fleet resume``: clusters that were paused are looked after again."""

from __future__ import annotations

import click

from reconciler.cli.fleet.selection import SELECTION, Selection
from reconciler.cli.fleet.settings_file import SETTINGS, find_database, read_settings
from reconciler.cli.options import NO_NOTES
from reconciler.cli.terminal import note
from reconciler.model.quantities import with_count


@click.command("resume")
@SELECTION
@SETTINGS
@NO_NOTES
def command(
    clusters: tuple[str, ...], zones: tuple[str, ...], everyone: bool, settings: str
) -> int:
    """Look after each CLUSTER again that was paused, beginning as soon as there is room."""
    selection = Selection(clusters, zones, everyone)
    selection.check()
    address = find_database(read_settings(settings))
    from reconciler.storage.fleet_database import open_fleet  # noqa: PLC0415  # slow to import
    from reconciler.storage.fleet_schedule import resume  # noqa: PLC0415

    database = open_fleet(address)
    try:
        with database.writing() as connection:
            found = selection.find(connection)
            paused = [one for one in found if one.paused]
            resume(connection, [one.name for one in paused])
    finally:
        database.close()
    for one in paused:
        note(f"{one.name} is resumed, and was paused by {one.paused}")
    if others := [one.name for one in found if not one.paused and one.name in clusters]:
        note(f"not paused in the fleet: {', '.join(others)}")
    note(f"{with_count(len(paused), 'cluster')} resumed")
    return 0
