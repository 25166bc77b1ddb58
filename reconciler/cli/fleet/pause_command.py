"""``reconcile fleet pause``: clusters are left alone until they are resumed."""

from __future__ import annotations

import shlex

import click

from reconciler.cli import operating
from reconciler.cli.fleet.selection import Selection, select_clusters
from reconciler.cli.fleet.settings_file import (
    SETTINGS,
    fleet_words,
    write_fleet,
)
from reconciler.cli.options import NO_NOTES
from reconciler.cli.terminal import note
from reconciler.model.quantities import with_count


@click.command("pause")
@select_clusters
@operating.REASON
@SETTINGS
@NO_NOTES
def command(selection: Selection, reason: str, settings: str) -> int:
    """Leave each CLUSTER alone: no look, no healing and no rollout, by any worker, until resumed.

    A turn that goes on comes to its end, and heals nothing more. This is of the fleet alone: to keep
    everybody's hands off the hosts, use reconcile pause.
    """
    reason = operating.check_reason(reason)
    from reconciler.storage.fleet_schedule import pause  # noqa: PLC0415  # slow to import

    with write_fleet(settings) as connection:
        found = selection.find(connection)
        who = f"{operating.author()}: {reason}"
        pause(connection, [one.name for one in found], who)
    for one in found:
        if one.paused:
            note(f"{one.name} was paused already, and this takes the place of: {one.paused}")
    words = ("reconcile", "fleet", "resume", *selection.words, *fleet_words(settings))
    note(f"{with_count(len(found), 'cluster')} paused; to go on: {shlex.join(words)}")
    return 0
