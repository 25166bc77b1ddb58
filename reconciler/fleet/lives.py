"""The life of a worker: a session of the database on which it is heard of, and its own word that it is over.

Others give a worker up when the database has not heard of it for ``SILENT`` seconds. It counts itself
dead earlier, by a clock that goes on while the process is stopped and the machine sleeps, so that
two never believe to have the same cluster.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import psycopg

from reconciler.errors import WorkerLost
from reconciler.fleet.sessions import Session, break_off, hear

Row: TypeAlias = "tuple[Any, ...]"
# Seconds, by the database's clock, after which a worker that is not heard of is given up.
SILENT = 8.0
# Seconds since the start of the last heartbeat that was confirmed, after which it is dead to itself.
OWN_SILENT = 6.0
APART = 2.0
# Seconds for an answer; then the session is taken for gone.
PATIENCE = 4.0
# It is given up by others with FOR UPDATE: once that is done, no row is left to change. The session's
# process is told so that a pooler that gives us another one is seen.
BEAT = """
UPDATE workers SET seen = clock_timestamp() WHERE id = %s AND state = 'alive'
RETURNING pg_backend_pid()
"""


def boot_time() -> float:
    """Seconds of a clock that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(slots=True, eq=False)
class Life:
    """From its begin in the database to its end. ``ended`` is set when ``why`` is known."""

    id: str
    place: str
    session: Session
    clock: Callable[[], float] = boot_time
    why: str = ""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _confirmed: float = field(init=False)
    _process: int = field(init=False)

    def __post_init__(self) -> None:
        self._confirmed, self._process = self.clock(), self.session.info.backend_pid

    @property
    def is_over(self) -> bool:
        """Whether nothing may be done any more in its name."""
        silent = self.clock() - self._confirmed
        if silent > OWN_SILENT:
            self.end(f"the database has not heard of it for {silent:.0f} s")
        return bool(self.why)

    def end(self, why: str) -> None:
        """It is over; who waits on its session waits no longer."""
        if not self.why:
            self.why = why
            self.ended.set()
            break_off(self.session)

    def require(self) -> None:
        """Raises WorkerLost if it is over."""
        if self.is_over:
            raise WorkerLost(self.place, self.id, self.why)

    async def beat(self) -> None:
        """Be heard of, until it is over."""
        while not self.is_over:
            began = self.clock()
            with suppress(WorkerLost):
                row = await self.ask(BEAT, self.id)
                if row is None:
                    self.end("it was given up")
                elif row[0] != self._process:
                    self.end("its session is another one: a pooler stands in between")
                else:
                    self._confirmed = began
            await asyncio.sleep(APART)

    async def ask(self, query: str, *values: object) -> Row | None:
        """The first row that the session answers. Raises WorkerLost: who gets no answer is dead."""
        self.require()
        asked = asyncio.ensure_future(self._fetch(query, values))
        asked.add_done_callback(hear)
        done, _ = await asyncio.wait([asked], timeout=PATIENCE)
        if not done:
            self.end(f"the database has not answered for {PATIENCE:g} s")
        elif isinstance(error := asked.exception(), psycopg.Error):
            self.end(f"its session has ended: {error}")
        else:
            return asked.result()
        raise WorkerLost(self.place, self.id, self.why)

    async def _fetch(self, query: str, values: tuple[object, ...]) -> Row | None:
        return await (await self.session.execute(query, values)).fetchone()
