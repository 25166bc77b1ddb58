"""Past runs from the database of the state, where there is one; the files stay the truth.

Where a file is not the one that was indexed, or the database cannot tell, the file is read: so
who looks sees the same with and without a database.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from reconciler.errors import StoreFailed
from reconciler.execution.journal import Record, file_stamp
from reconciler.storage.private import STATE

# Stamp and outline by run.
Outlines = Mapping[str, tuple[str, bytes]]
NONE: Outlines = {}


def outlines(state: Path, first: str) -> Outlines:
    """What the database has of runs, from the id ``first`` on."""
    if not (state / STATE).exists():
        return NONE
    from reconciler.storage.run_lookup import look_up_outlines  # noqa: PLC0415  # slow to import

    try:
        return look_up_outlines(state, first)
    except StoreFailed as error:
        _tell(error)
        return NONE


def outlined_record(path: Path, known: Outlines) -> Record | None:
    """What a list needs of a record, if the file is the one that was indexed.

    Raises OSError for a file that is not there.
    """
    stamp, outline = known.get(path.stem, ("", b""))
    if file_stamp(path.lstat()) != stamp:
        return None
    from reconciler.execution.run_index import record_of_outline  # noqa: PLC0415  # slow to import

    return record_of_outline(path.stem, outline)


def indexed_record(state: Path, path: Path) -> Record | None:
    """The whole record of a run from the database, if the file is the one that was indexed.

    Raises OSError for a file that is not there.
    """
    if not (state / STATE).exists():
        return None
    from reconciler.execution.run_index import stored_record  # noqa: PLC0415  # slow to import
    from reconciler.storage.run_lookup import look_up_run  # noqa: PLC0415

    try:
        found = look_up_run(state, path.stem)
    except StoreFailed as error:
        _tell(error)
        return None
    if found is None or found[0].stamp != file_stamp(path.lstat()):
        return None
    return stored_record(*found)


def _tell(error: StoreFailed) -> None:
    click.echo(f"note: {error}; the records of runs are read instead", err=True)
