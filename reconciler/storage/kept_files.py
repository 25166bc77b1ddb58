"""The last good text of each file that is watched: a daemon that starts goes on from it.

A file may name who may log in where, and what only its owner shall read: so nothing shows what is
kept here, and only the state has it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from reconciler.storage.sql_tables import KEPT_FILES


@dataclass(frozen=True, slots=True)
class KeptFile:
    """The ``text`` of a file when it was good, and when it was kept.

    ``place`` is the directory for whose sake it is watched, or the file itself. Both are absolute.
    """

    place: str
    file: str
    text: str = field(repr=False)
    at: datetime


def keep_file(connection: Connection, kept: KeptFile) -> None:
    """It is the last good text of its file, in place of an older one.

    One that is the same but for its moment is not written again.
    """
    before = load_kept_file(connection, kept.file)
    if before is not None and (before.place, before.text) == (kept.place, kept.text):
        return
    drop_kept_files(connection, (kept.file,))
    words = {"place": kept.place, "file": kept.file, "text": kept.text}
    row = {"identity": _identity(kept.file), "at": kept.at, **words}
    connection.execute(insert(KEPT_FILES).values(row))


def load_kept_file(connection: Connection, file: str) -> KeptFile | None:
    """What is kept of a file; None if nothing is."""
    asked = select(KEPT_FILES).where(KEPT_FILES.c.identity == _identity(file))
    row = connection.execute(asked).one_or_none()
    return None if row is None else KeptFile(row.place, row.file, row.text, row.at)


def kept_places(connection: Connection) -> Mapping[str, str]:
    """By each file of which something is kept the place for whose sake it is watched."""
    rows = connection.execute(select(KEPT_FILES.c.file, KEPT_FILES.c.place))
    return {row.file: row.place for row in rows}


def drop_kept_files(connection: Connection, files: Collection[str]) -> None:
    """Nothing is kept of these files any more."""
    for file in files:  # each by its own: a statement has a limit of values
        one = delete(KEPT_FILES).where(KEPT_FILES.c.identity == _identity(file))
        connection.execute(one)


def _identity(file: str) -> str:
    """Paths may be longer than what PostgreSQL puts into an index."""
    return hashlib.sha256(os.fsencode(file)).hexdigest()
