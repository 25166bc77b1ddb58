"""Who has a cluster in the whole fleet: a lock of the database that ends with the session that has it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from reconciler.fleet.lives import Life


@dataclass(frozen=True, slots=True)
class Holds:
    """The clusters that a life has."""

    life: Life

    async def take(self, cluster: str) -> bool:
        """Whether it is ours now, until ``free`` or the end of the life. Raises WorkerLost."""
        row = await self.life.ask(
            "SELECT pg_try_advisory_lock(%s)", lock_key(f"cluster {cluster}")
        )
        return row is not None and bool(row[0])

    async def free(self, cluster: str) -> None:
        """Others may have it; also where it was not ours. Raises WorkerLost."""
        await self.life.ask("SELECT pg_advisory_unlock(%s)", lock_key(f"cluster {cluster}"))


def lock_key(words: str) -> int:
    """A number of 64 bits for a lock of the database."""
    digest = hashlib.sha256(f"reconcile {words}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
