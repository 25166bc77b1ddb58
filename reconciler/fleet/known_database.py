"""Which database a worker has worked with, and how far that had come: remembered on its own disk.

After a failover the address may lead to an empty server, or to one that lacks the last minutes. There
all clusters would seem free, and those that others have at work, too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import StoreFailed
from reconciler.storage.database import StateConnection
from reconciler.storage.fleet_identity import Identity, read_identity
from reconciler.storage.private import private_directory, write_private

OTHER = (
    "is of {found}, and this worker has worked with fleet {known}: name that database again; to "
    "leave it for good, remove {path}"
)
OLDER = (
    "knows of {found} lives of workers, and this worker began number {known} in it: changes are "
    "missing, as after a failover to a standby that was behind. Name the database that has them. "
    "If it is lost, wait for the leases on all hosts to end, and remove {path} on each worker"
)


@dataclass(frozen=True, slots=True)
class KnownDatabase:
    """What is remembered in the file ``path``, of the database ``place``."""

    path: Path
    place: str

    def check(self, connection: StateConnection) -> None:
        """Raises StoreFailed for another database, and for one that lacks what was in it.

        Raises OSError where what is remembered cannot be read.
        """
        known = self._read()
        if known is None:
            return
        found = read_identity(connection)
        if found is None or found.fleet != known.fleet:
            what = "no fleet" if found is None else f"fleet {found.fleet}"
            words = OTHER.format(found=what, known=known.fleet, path=self.path)
            raise StoreFailed(self.place, words, "fleet-database-other")
        if found.life < known.life:
            words = OLDER.format(found=found.life, known=known.life, path=self.path)
            raise StoreFailed(self.place, words, "fleet-database-older")

    def remember(self, found: Identity) -> None:
        """This is what the database has come to, if it is the one that is known, and further on.

        Raises OSError, UsageError.
        """
        known = self._read()
        if known is not None and (known.fleet != found.fleet or found.life <= known.life):
            return
        private_directory(self.path.parent)
        text = json.dumps({"fleet": found.fleet, "life": found.life})
        write_private(str(self.path), f"{text}\n")

    def _read(self) -> Identity | None:
        try:
            found = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        return Identity(str(found["fleet"]), int(found["life"]))
