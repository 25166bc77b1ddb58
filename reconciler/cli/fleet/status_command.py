"""``reconcile fleet status``: the workers, and the clusters with their turns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from reconciler.cli.fleet.settings_file import SETTINGS, find_database, read_settings
from reconciler.cli.options import NO_COLOR, NO_NOTES, formats
from reconciler.cli.terminal import show
from reconciler.reports.fleet_status import fleet_status_lines

if TYPE_CHECKING:
    from reconciler.model.documents import Json
    from reconciler.storage.database import StateConnection


@click.command("status")
@SETTINGS
@formats(("text", "json"))
@NO_COLOR
@NO_NOTES
def command(settings: str, form: str, no_color: bool) -> int:
    """The source, the workers, and the clusters: their turns, when the next one is due, who is paused."""
    address = find_database(read_settings(settings))
    from reconciler.storage.fleet_database import read_fleet  # noqa: PLC0415  # slow to import

    database = read_fleet(address)
    try:
        with database.reading() as connection:
            document = _document(connection)
    finally:
        database.close()
    if form == "json":
        click.echo(json.dumps(document, indent=1))
    else:
        show(fleet_status_lines(document), no_color)
    return 0


def _document(connection: StateConnection) -> Json:
    from reconciler.fleet.status_document import fleet_status  # noqa: PLC0415  # as above

    return fleet_status(connection)
