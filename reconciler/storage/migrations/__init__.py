"""The tables as they came to be, a file a revision; the only door to alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

NEWEST, NOTHING = "head", "base"
# What ``env`` finds the caller's connection by.
CONNECTION = "connection"


def newest_revision() -> str | None:
    """The last revision that this version knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def knows_revision(revision: str | None) -> bool:
    """Whether there is a way from it; None is that of an empty database."""
    found = ScriptDirectory.from_config(_config()).walk_revisions()
    return revision is None or revision in {one.revision for one in found}


def current_revision(connection: Connection) -> str | None:
    """The revision of the tables that are there, None where there are none."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade_tables(connection: Connection, revision: str = NEWEST) -> None:
    """The tables become those of a revision, within the caller's transaction."""
    command.upgrade(_config(connection), revision)


def downgrade_tables(connection: Connection, revision: str) -> None:
    """The tables become those of an older revision; what only the newer one keeps is lost."""
    command.downgrade(_config(connection), revision)


def _config(connection: Connection | None = None) -> Config:
    found = Config(attributes={CONNECTION: connection})
    place = str(Path(__file__).parent).replace("%", "%%")  # as ConfigParser wants it
    found.set_main_option("script_location", place)
    found.set_main_option("path_separator", "newline")
    return found
