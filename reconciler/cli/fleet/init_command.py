"""``reconcile fleet init``: the tables of a fleet in its database, made or upgraded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.fleet.settings_file import SETTINGS, find_database, read_settings
from reconciler.cli.options import NO_NOTES
from reconciler.errors import StoreFailed
from reconciler.execution.author import now

if TYPE_CHECKING:
    from reconciler.storage.fleet_database import Prepared

# Of what only the owner of tables may do.
OF_ROLES = ("database-rights", "database-read-only")
NO_OWNER = (
    "cannot be changed by this role: run it with the address of the role that owns the tables, "
    "reconcile_migrator (`reconcile manual fleet-setup`); where the server is a standby, name the primary"
)


@click.command("init")
@SETTINGS
@click.option(
    "--step-back",
    metavar="REVISION",
    help="Go back to the tables of an older version; what only the newer one keeps is lost.",
)
@NO_NOTES
def command(settings: str, step_back: str | None) -> int:
    """Make the tables of a fleet in its database, or upgrade them; what is there stays.

    The database itself must be there, and the role must be the one that owns the tables. Workers that
    run need not be stopped, unless they are told to.
    """
    address = find_database(read_settings(settings))
    from reconciler.fleet.queue_tables import prepare_queue  # noqa: PLC0415  # slow to import
    from reconciler.storage import fleet_database  # noqa: PLC0415

    try:
        if step_back is not None:
            made = fleet_database.step_back(address, step_back)
        else:
            made = fleet_database.init_fleet(address, now())
            prepare_queue(address)
    except StoreFailed as error:
        if error.code not in OF_ROLES:
            raise
        raise StoreFailed(address.place, NO_OWNER, error.code) from error
    _tell(made, address.place)
    return 0


def _tell(made: Prepared, place: str) -> None:
    if made.before is None:
        done = f"made, revision {made.revision}"
    elif made.before == made.revision:
        done = f"as they should be, revision {made.revision}"
    else:
        done = f"of revision {made.revision} now, and were of {made.before}"
    click.echo(f"{place}: the tables are {done}; fleet {made.identity.fleet}")
