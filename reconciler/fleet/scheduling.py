"""Which clusters get a job now: those that are due, of each zone up to its bound.

Every worker does it for its zones, each second. Nobody else does it for the same zone meanwhile, so
that a bound holds over the whole fleet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.fleet.dispatch import ASKED, Dispatch, queue_of
from reconciler.fleet.holds import lock_key
from reconciler.fleet.sessions import store_errors
from reconciler.fleet.transactions import Transactions
from reconciler.storage.database import StateConnection
from reconciler.storage.fleet_schedule import asked_for, due_clusters, put_forward

APART = 1.0
# Jobs that are given at once: the transaction around them is idle meanwhile, and may be so for 5 s
# (``storage.server_address.BOUNDS``).
MOST = 100
# Seconds after which a cluster that has not got its turn is due again, whatever became of its job.
AGAIN = 60.0
ROOM = """
SELECT %(bound)s - count(*) FROM procrastinate_jobs
WHERE queue_name = %(zone)s AND status IN ('todo', 'doing')
"""


@dataclass(slots=True, eq=False)
class Ticks:
    """``bounds`` has the zones of a worker, and how many of their clusters are at work at once."""

    bounds: Mapping[str, int]
    state: Transactions
    dispatch: Dispatch
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """For ever. Raises StoreFailed."""
        while True:
            self.wake.clear()
            for zone in self.bounds:
                await self.fill(zone)
            try:
                async with asyncio.timeout(APART):
                    await self.wake.wait()
            except TimeoutError:
                pass

    async def fill(self, zone: str) -> int:
        """Give jobs to clusters of a zone that are due: to how many. Raises StoreFailed."""
        with store_errors(self.dispatch.info):
            async with self.dispatch.pool.connection() as connection, connection.transaction():
                asked = "SELECT pg_try_advisory_xact_lock(%s)"
                cursor = await connection.execute(asked, [lock_key(f"tick {zone}")])
                row = await cursor.fetchone()
                if row is None or not row[0]:
                    return 0
                words = {"bound": self.bounds[zone], "zone": queue_of(zone)}
                row = await (await connection.execute(ROOM, words)).fetchone()
                room = min(row[0], MOST) if row else 0
                # What is chosen is put forward before it has a job: who dies between loses nothing.
                chosen = await self._choose(zone, room) if room > 0 else {}
                for name, is_asked in chosen.items():
                    # One after the other: of several at once all are refused if one waits already.
                    await self.dispatch.defer(name, zone, ASKED if is_asked else 0)
                return len(chosen)

    async def _choose(self, zone: str, room: int) -> Mapping[str, bool]:
        """Who has a turn, and whether somebody asked for it."""

        def choose(connection: StateConnection) -> Mapping[str, bool]:
            names = due_clusters(connection, zone, room)
            asked = asked_for(connection, names)
            put_forward(connection, names, AGAIN)
            return {name: name in asked for name in names}

        return await self.state.write(choose)
