"""The settings of a fleet as its commands find them, and the database that they name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

import click

from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.model.fleet import Fleet
    from reconciler.storage.database import StateConnection
    from reconciler.storage.server_address import ServerAddress

DEFAULT = "fleet.yaml"
SETTINGS = click.option(
    "--fleet",
    "settings",
    metavar="FILE",
    default=DEFAULT,
    show_default=True,
    help="The settings of the fleet.",
)
EXTRA = (
    "a fleet needs more than is installed: pip install 'reconcile-ocfs2[fleet]', "
    "in a clone pip install '.[fleet]'"
)


def fleet_words(settings: str) -> tuple[str, ...]:
    """What a command has to say of where the settings are, so that it can be typed as it stands."""
    return () if settings == DEFAULT else ("--fleet", settings)


def read_settings(path: str) -> Fleet:
    """The settings in a file. Raises SpecInvalid, UsageError."""
    from reconciler.loading.fleet_settings import read_fleet  # noqa: PLC0415  # slow to import

    return read_fleet(path)


@contextmanager
def write_fleet(settings: str) -> Iterator[StateConnection]:
    """One transaction in the database that the settings of a file name.

    Raises SpecInvalid, SecretUnread, StoreFailed, UsageError.
    """
    address = find_database(read_settings(settings))
    from reconciler.storage.fleet_database import open_fleet  # noqa: PLC0415  # slow to import

    database = open_fleet(address)
    try:
        with database.writing() as connection:
            yield connection
    finally:
        database.close()


def find_database(fleet: Fleet) -> ServerAddress:
    """Where the database is; what is weak in that is told on stderr.

    Raises SecretUnread, StoreFailed, UsageError where the fleet's own libraries are missing.
    """
    try:
        from reconciler.fleet.settings import database_url  # noqa: PLC0415  # slow to import
        from reconciler.storage.server_address import server_address  # noqa: PLC0415

        import_module("psycopg")
    except ModuleNotFoundError as error:
        raise UsageError(EXTRA) from error
    address = server_address(database_url(fleet))
    if address.weakness:
        click.echo(f"warning: {address.weakness}", err=True)
    return address
