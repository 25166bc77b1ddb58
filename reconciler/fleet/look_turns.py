"""Turns that look at a cluster as ``watch`` does, and heal what its policy names."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

from reconciler import telemetry
from reconciler.errors import WorkFailed
from reconciler.fleet.lives import Life
from reconciler.fleet.settings import in_zone
from reconciler.fleet.transactions import Transactions
from reconciler.fleet.wishes import read_problems
from reconciler.model.desired import Desired
from reconciler.model.fleet import Fleet
from reconciler.model.revision import Revision
from reconciler.storage.database import StateConnection
from reconciler.storage.fleet_files import (
    FleetFile,
    FleetSource,
    fleet_file_of,
    fleet_source,
)
from reconciler.storage.fleet_schedule import pause_of
from reconciler.watch.cluster_turns import CHANGED, Turns
from reconciler.watch.commissions import DRAIN, PATIENCE
from reconciler.watch.messages import Loaded
from reconciler.watch.result import RoundResult
from reconciler.watch.wish import Wish

# Seconds between two looks whether what is healed is still wanted so.
APART = 2.0


@dataclass(slots=True, eq=False)
class Looks:
    """Looks of one life. ``submit`` asks for another turn, ``new_run`` names a look."""

    fleet: Fleet
    state: Transactions
    turns: Turns
    life: Life
    new_run: Callable[[], str]
    submit: Callable[[Collection[str]], Awaitable[object]]
    _parsed: dict[str, tuple[str, Desired]] = field(default_factory=dict)
    _healing: dict[str, str] = field(default_factory=dict)

    async def take(self, cluster: str) -> bool:
        """Look, heal, and ask for one look more; whether anything was learnt. Raises StoreFailed."""
        text, wish = await self._wish(cluster)
        if wish is None:
            return not text
        with telemetry.bind_fields(cluster=cluster, run=self.new_run()):
            await self.turns.reload(cluster)
            try:
                result = await self.turns.look(wish, lambda: not self.life.is_over)
                if result.heals and await self._heal(wish, text, result):
                    await self.submit([cluster])
            finally:
                self.turns.leave_room(cluster)
        if waiting := self.turns.next_put_off():
            await self.submit([waiting])
        return not result.is_failed

    async def find_wish(self, cluster: str) -> Wish | None:
        """What a file wants of a cluster; None where nobody wants it, or it cannot be used here."""
        return (await self._wish(cluster))[1]

    async def follow(self) -> None:
        """For ever: nothing more is healed of what is wanted otherwise by now, or is paused."""
        while True:
            await asyncio.sleep(APART)
            for cluster, text in list(self._healing.items()):
                now, paused = await self._standing(cluster)
                if (now == text and not paused) or self._healing.get(cluster) != text:
                    continue
                if self.turns.halt([cluster], f"paused by {paused}" if paused else CHANGED):
                    del self._healing[cluster]  # once is enough

    async def _heal(self, wish: Wish, text: str, result: RoundResult) -> bool:
        """Who is cancelled waits for what has begun on hosts, for a while."""
        name = wish.cluster.name
        if await self._standing(name) != (text, ""):
            return False
        self._healing[name] = text
        healing = asyncio.ensure_future(
            self.turns.heal(wish, result, lambda: not self.life.is_over)
        )
        try:
            return await asyncio.shield(healing)
        except asyncio.CancelledError:
            if name in self._healing:
                self.turns.halt([name], "its turn was cancelled, or its worker ends")
            await asyncio.wait([healing], timeout=DRAIN + PATIENCE)
            healing.cancel()
            raise
        finally:
            self._healing.pop(name, None)

    async def _standing(self, cluster: str) -> tuple[str, str]:
        return await self.state.read(lambda connection: _standing(connection, cluster))

    async def _wish(self, cluster: str) -> tuple[str, Wish | None]:
        """What a file wants of a cluster, and its text, which is empty where nobody wants it."""
        file, source = await self.state.read(lambda connection: _wanted(connection, cluster))
        if file is None:
            self._parsed.pop(cluster, None)
            return "", None
        text, desired = self._parsed.get(cluster, ("", None))
        if text != file.text:
            desired = await self._load(file.file, file.text, cluster)
        if desired is None:
            return file.text, None
        self._parsed[cluster] = (file.text, desired)
        revision = Revision(file.commit, source.ref) if source and file.commit else None
        problems = read_problems(file.file, file.problem)
        wrong = tuple(
            one for one in problems if one.code != "zone-unknown"
        )  # of others of the file
        return file.text, Wish(file.file, desired, wrong, revision)

    async def _load(self, file: str, text: str, name: str) -> Desired | None:
        """What a text was good for is told where it was read; another version may read it otherwise."""
        why = "its zone is not among the settings of this worker"
        try:
            found = await self.turns.workers.load(file, text)
        except WorkFailed as error:
            found, why = (), str(error)
        if isinstance(found, Loaded):
            for cluster in found.desired.clusters:
                if cluster.name == name and (
                    desired := in_zone(self.fleet, found.desired, cluster)
                ):
                    return desired
        elif found:
            why = f"{found[0].code}: {found[0].message}"
        telemetry.warning("cluster-not-read", cluster=name, file=file, message=why)
        return None


def _wanted(
    connection: StateConnection, cluster: str
) -> tuple[FleetFile | None, FleetSource | None]:
    """The file that wants a cluster, and the source that it is of."""
    return fleet_file_of(connection, cluster), fleet_source(connection)


def _standing(connection: StateConnection, cluster: str) -> tuple[str, str]:
    """The text that wants a cluster now, empty if none does; and who paused it and why."""
    file = fleet_file_of(connection, cluster)
    return "" if file is None else file.text, pause_of(connection, cluster)
