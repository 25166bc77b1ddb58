"""``reconcile fleet pause``: clusters are left alone until they are resumed."""

from __future__ import annotations

import shlex

import click

from reconciler.cli import operating
from reconciler.cli.fleet.selection import SELECTION, Selection
from reconciler.cli.fleet.settings_file import (
    SETTINGS,
    find_database,
    fleet_words,
    read_settings,
)
from reconciler.cli.options import NO_NOTES
from reconciler.cli.terminal import note
from reconciler.errors import UsageError
from reconciler.model.quantities import with_count

LONGEST = 1024  # bytes of a reason, as everywhere


@click.command("pause")
@SELECTION
@click.option("--reason", required=True, metavar="TEXT", help="Why; everybody will read it.")
@SETTINGS
@NO_NOTES
def command(
    clusters: tuple[str, ...],
    zones: tuple[str, ...],
    everyone: bool,
    reason: str,
    settings: str,
) -> int:
    """Leave each CLUSTER alone: no look, no healing and no rollout, by any worker, until resumed.

    A turn that goes on comes to its end, and heals nothing more. This is of the fleet alone: to keep
    everybody's hands off the hosts, use reconcile pause.
    """
    if not reason.strip() or not reason.isprintable() or len(reason.encode()) > LONGEST:
        raise UsageError(f"--reason is one line of up to {LONGEST} bytes")
    selection = Selection(clusters, zones, everyone)
    selection.check()
    address = find_database(read_settings(settings))
    from reconciler.storage.fleet_database import open_fleet  # noqa: PLC0415  # slow to import
    from reconciler.storage.fleet_schedule import pause  # noqa: PLC0415

    database = open_fleet(address)
    try:
        with database.writing() as connection:
            found = selection.find(connection)
            pause(
                connection,
                [one.name for one in found],
                f"{operating.author()}: {reason.strip()}",
            )
    finally:
        database.close()
    for one in found:
        if one.paused:
            note(f"{one.name} was paused already, and this takes the place of: {one.paused}")
    words = ("reconcile", "fleet", "resume", *selection.words, *fleet_words(settings))
    note(f"{with_count(len(found), 'cluster')} paused; to go on: {shlex.join(words)}")
    return 0
