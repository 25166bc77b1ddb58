"""What workers elsewhere write, told to who looks at pages: the database is asked again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler import telemetry
from reconciler.errors import StoreFailed
from reconciler.model.outcome import AT_WORK
from reconciler.storage.clusters import seen_since
from reconciler.storage.runs import StoredRun, latest_runs
from reconciler.web.events import LOST, EventHub
from reconciler.web.state_reader import Reads

# Seconds between two looks.
APART = 2.0
# Clusters whose rounds are told one by one at a look, and runs that are looked at; of more it is told that they are.
MOST = 50


@dataclass(slots=True, eq=False)
class FleetNews:
    """Tells of rounds and runs, as the daemon does of its own."""

    database: Reads
    events: EventHub
    _seen: datetime | None = None
    _runs: dict[str, tuple[str, int]] | None = None
    _trouble: str = ""

    async def follow(self) -> None:
        """For ever."""
        while True:
            try:
                for kind, about in await asyncio.to_thread(self.look):
                    self.events.publish(kind, about)
                self._trouble = ""
            except StoreFailed as error:
                if str(error) != self._trouble:
                    telemetry.warning("state-not-read", message=str(error))
                self._trouble = str(error)
            await asyncio.sleep(APART)

    def look(self) -> list[tuple[str, Mapping[str, object]]]:
        """What happened since the last look, by kind; nothing at the first one. Raises StoreFailed."""
        with self.database.reading() as connection:
            rounds = seen_since(connection, self._seen, MOST)
            runs = latest_runs(connection, MOST)
        told: list[tuple[str, Mapping[str, object]]] = []
        if self._seen is not None:
            told += [("round", {"cluster": one.name, "result": one.state}) for one in rounds]
            told += [(LOST, {})] if len(rounds) == MOST else []
        if self._runs is not None:
            told += [
                _told(one, self._runs.get(one.run))
                for one in runs
                if self._runs.get(one.run) != (one.result, one.lines)
            ]
        self._seen = max((one.seen for one in rounds if one.seen), default=self._seen)
        self._runs = {one.run: (one.result, one.lines) for one in runs}
        return told


def _told(run: StoredRun, before: tuple[str, int] | None) -> tuple[str, Mapping[str, object]]:
    has_grown = before is not None and before[0] == run.result == AT_WORK
    about = {"run": run.run, "clusters": tuple(run.clusters), "result": run.result}
    return "run-lines" if has_grown else "run", about
