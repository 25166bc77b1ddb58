"""Tells the story of ``watch --demo``: each moment in its time, in plain lines."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.cli.terminal import show
from reconciler.cli.watch_demo.acts import CHANGES, ON_HOSTS, Operator, deeds
from reconciler.cli.watch_demo.story import (
    OPERATOR,
    REST,
    SEED,
    Act,
    Moment,
    moments,
)
from reconciler.execution.author import now
from reconciler.hosts.simulator.state.errors import ImpossibleWorld
from reconciler.model.watched import HEALING_STOPPED

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.cli.watch_demo.stage import Place, Stage
    from reconciler.watch.memory import Known
    from reconciler.watch.result import Recorded, RoundResult
    from reconciler.watch.wish import Wish


@dataclass(slots=True)
class Sight:
    """Whether the daemon has ``seen`` a cluster as it is ``since`` something befell it.

    ``healing`` has an end, too: all is ``well``, or the daemon has given it up.
    """

    since: datetime
    seen: asyncio.Event = field(default_factory=asyncio.Event)
    healing: asyncio.Event = field(default_factory=asyncio.Event)
    well: bool = False


@dataclass(slots=True)
class Player:
    """Lets moments happen to the clusters of a stage; those of one cluster one after the other.

    It hears of the daemon's rounds: nothing is mended before it was seen, however slow the machine.
    """

    stage: Stage
    seconds: Callable[[], float]
    began: float = 0.0
    # What was told before anybody can look: it follows where the pages are.
    held: list[str] | None = field(default_factory=list)
    _turns: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    _sights: dict[str, Sight] = field(default_factory=dict)

    def hear(self, wish: Wish, result: RoundResult, recorded: Recorded, known: Known) -> None:
        """A round has ended."""
        del recorded, known
        name, cluster = result.cluster, wish.cluster
        place, sight = self.stage.places[name], self._sights.get(name)
        (volume,) = cluster.volumes
        is_current = (tuple(m.name for m in cluster.members), volume.size) == (
            place.members,
            place.size,
        )
        if sight and is_current and result.moment >= sight.since:
            sight.seen.set()
            sight.well = not (result.drift or result.is_failed)
            if sight.well or any(one.reason in HEALING_STOPPED for one in result.readings):
                sight.healing.set()

    async def close(self) -> None:
        """The story ends with what it is beside."""

    async def open(self) -> None:
        """What has begun when the story begins."""
        self.began = self.seconds()
        for moment in moments(SEED, 0):
            if moment.at == 0.0:
                await self._let_happen(moment)

    async def go_on(self) -> None:
        """The rest of the first cycle, and all others, until it is cancelled."""
        begins = self.began
        for cycle in itertools.count():
            told = [one for one in moments(SEED, cycle) if cycle or one.at > 0.0]
            async with asyncio.TaskGroup() as group:
                for moment in told:
                    await asyncio.sleep(begins + moment.at - self.seconds())
                    group.create_task(self._let_happen(moment))
            # On a slow machine the next one begins later.
            await asyncio.sleep(REST)
            begins = self.seconds()

    async def _let_happen(self, moment: Moment) -> None:
        place, act, told = self.stage.places[moment.site], moment.act, moment.told
        async with self._turns[moment.site]:
            if moment.ends:
                await self._sights[moment.site].seen.wait()
            if act == "heal" and not await self._is_healed(moment.site):
                act, told = "apply", f"it keeps coming back, so it is not healed: {OPERATOR}"
            self._tell(moment.site, told)
            # Somebody else was there before: then there is nothing to do.
            with suppress(ImpossibleWorld):
                if ended := await self._do(place, act, moment.host):
                    self._tell(moment.site, f"reconcile apply: {ended}")
            self._sights[moment.site] = Sight(now())

    async def _is_healed(self, site: str) -> bool:
        """The daemon gives up what keeps coming back."""
        await self._sights[site].healing.wait()
        return self._sights[site].well

    async def _do(self, place: Place, act: Act, host: str) -> str:
        """The word by which a command ended, if it was one."""
        by_operator = deeds(Operator(self.stage.state))
        if act in by_operator:
            return await by_operator[act](place)
        if act in ON_HOSTS:
            ON_HOSTS[act](place.host(host))
        elif act in CHANGES:
            CHANGES[act](place)
        return ""

    def _tell(self, site: str, told: str) -> None:
        minutes, seconds = divmod(int(self.seconds() - self.began), 60)
        line = f"{minutes:02d}:{seconds:02d} {site}: {told}"
        if self.held is None:
            tell([("", line)])
        else:
            self.held.append(line)

    def release(self) -> None:
        """What was held is told, and from now on each line at once."""
        held, self.held = self.held or [], None
        tell([("", line) for line in held])


def tell(lines: list[tuple[str, str]]) -> None:
    """Say it now, also into a pipe."""
    show(lines, no_color=False)
    sys.stdout.flush()


@asynccontextmanager
async def playing(player: Player, address: tuple[str, int] | None) -> AsyncIterator[None]:
    """The story goes on meanwhile; where it can be looked at is told first."""
    host, port = address or ("", 0)  # it always serves
    shown = f"[{host}]" if ":" in host else host
    sites = player.stage.places.values()
    tell(
        [
            ("good", f"http://{shown}:{port}/ shows them. Ctrl-C ends it, and leaves nothing."),
            ("dim", "All hosts are simulated, and so is what is said of the month before."),
            ("dim", "In another terminal: what the commands say of them, as"),
            ("command", f"  reconcile drift {next(iter(sites)).file}"),
            ("", ""),
        ]
    )
    player.release()
    task = asyncio.create_task(player.go_on())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
