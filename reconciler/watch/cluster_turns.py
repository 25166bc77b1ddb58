"""The turn of one cluster: a look, its record, and the healing of what may be healed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler import telemetry
from reconciler.errors import StoreFailed, WorkFailed
from reconciler.model.outcome import ClusterOutcome
from reconciler.pipeline.heal import Healed
from reconciler.pipeline.parts import Past
from reconciler.resources.volumes.heartbeat_samples import BEATS_APART, Beats
from reconciler.watch.earlier import Earlier
from reconciler.watch.heal_book import HealBook
from reconciler.watch.healers import Healers
from reconciler.watch.keeping import Keeping
from reconciler.watch.listeners import Listener
from reconciler.watch.news import News, news_of
from reconciler.watch.other_runs import PastRuns, Who
from reconciler.watch.result import Recorded, RoundResult, waiting_for_room
from reconciler.watch.wish import Wish
from reconciler.watch.workers import Workers

# Seconds; a round that lasts longer is given up.
LONGEST_ROUND = 900.0
# Why nothing more is healed.
CHANGED = "its file says something else by now"


@dataclass(slots=True)
class Samples:
    """Samples of a cluster's heartbeats, the last one last.

    Of the last look also what had no slot, and by which ``marks`` its hosts are known.

    Each has the time when its round had ended, by the loop's clock: no host was asked later, so that
    none seems to stand still for having been asked twice in a row.
    """

    found: list[tuple[float, Beats]] = field(default_factory=list)
    slotless: frozenset[tuple[str, str]] = frozenset()
    marks: frozenset[str] = frozenset()

    def before(self, now: float) -> Beats:
        """The last one that is old enough to tell who stands still; nothing without one."""
        old = [beats for at, beats in self.found if at <= now - BEATS_APART]
        return old[-1] if old else {}

    def add(self, now: float, beats: Beats) -> None:
        """One more; of those that are old enough only the last is needed."""
        recent = [one for one in self.found if one[0] > now - BEATS_APART]
        old = self.found[: len(self.found) - len(recent)]
        self.found = [*old[-1:], *recent, (now, beats)]


@dataclass(frozen=True, slots=True)
class Turns:
    """What a turn takes.

    ``wall`` is the clock of people, ``new_run`` names a healing, whose result is told to
    ``count_healing``.
    """

    workers: Workers
    healers: Healers
    keeping: Keeping
    others: PastRuns
    wall: Callable[[], datetime]
    new_run: Callable[[], str]
    listeners: Sequence[Listener] = ()
    count_healing: Callable[[str], None] = lambda _result: None
    _books: dict[str, HealBook] = field(default_factory=dict)
    _samples: dict[str, Samples] = field(default_factory=dict)
    _put_off: dict[str, None] = field(default_factory=dict)

    async def look(self, wish: Wish, is_wanted: Callable[[], bool]) -> RoundResult:
        """One round of a cluster. One that is not wanted any more leaves nothing behind.

        What it finds to heal has room from then on, until ``leave_room``, or is told to wait for it.
        """
        name = wish.cluster.name
        result = await self._observe(wish)
        if is_wanted():
            if result.heals and not self.healers.take_room(name):
                result = waiting_for_room(result)
            await self._record(wish, result)
        return result

    async def heal(
        self, wish: Wish, result: RoundResult, is_wanted: Callable[[], bool]
    ) -> bool:
        """Heal what a round found; whether anything was tried, so that one looks again.

        Nobody waits for room: what was looked at and what is wanted get old. ``next_put_off`` has
        its turn anew.
        """
        name = wish.cluster.name
        if not self.healers.holds_room(name):
            self._put_off[name] = None
            return False
        return await self._heal(wish, result, is_wanted)

    def leave_room(self, name: str) -> None:
        """The turn of a cluster has ended, whether anything was healed or not: another has its room."""
        self.healers.leave_room(name)

    def next_put_off(self) -> str | None:
        """Who has waited longest to be healed, if there is room now."""
        if not self._put_off or not self.healers.has_room:
            return None
        name = next(iter(self._put_off))
        del self._put_off[name]
        return name

    def halt(self, names: Iterable[str], because: str) -> bool:
        """Of these clusters nothing more is healed as they were wanted; what runs comes to its end.

        Whether there is any.
        """
        halted = [name for name in names if self.healers.halt(name)]
        for name in halted:
            telemetry.info("healing-halted", cluster=name, because=because)
        return bool(halted)

    async def _heal(
        self, wish: Wish, result: RoundResult, is_wanted: Callable[[], bool]
    ) -> bool:
        name, run = wish.cluster.name, self.new_run()
        past = await self._past(wish)
        await self._keep(name, self._books[name].begin(run))
        past = replace(past, own_runs=past.own_runs | {run})
        telemetry.info("healing", healing_run=run, actions="; ".join(result.heals))
        try:
            healed = await self.healers.heal(wish, run, past, is_wanted)
        except WorkFailed as error:
            self.count_healing("failed")
            telemetry.warning("not-healed", healing_run=run, message=str(error))
            return False
        await self._end(name, run, healed)
        return bool(healed.attempts)

    def forget(self, names: Iterable[str]) -> None:
        """These clusters are no longer watched: nothing of them is known any more."""
        for name in names:
            for known in (self._books, self._samples, self._put_off):
                known.pop(name, None)

    async def reload(self, name: str) -> None:
        """What is known of a cluster is read anew: somebody else may have had its last turn.

        Raises StoreFailed: then it is not known.
        """
        self._books.pop(name, None)
        await self.keeping.ask(lambda: self.keeping.store.reload(name))

    async def close(self) -> None:
        """Healing stops; what it came to until then counts."""
        for name, healed in (await self.healers.close()).items():
            run = self._books[name].runs[-1]
            with telemetry.bind_fields(cluster=name, run=run):
                await self._end(name, run, healed)

    async def _end(self, name: str, run: str, healed: Healed) -> None:
        book = self._books[name].end(healed.attempts, is_whole=True)
        await self._keep(name, book)
        outcome = healed.outcome
        result = outcome.result if outcome else "nothing-to-heal"
        self.count_healing(result)
        fields = {"healing_run": run, "result": result}
        if outcome is None or outcome.result == "converged":
            telemetry.info("healed", **fields)
        else:
            telemetry.warning("not-healed", **fields, message=say_why_not(outcome) or None)

    async def _past(self, wish: Wish) -> Past:
        """What is known of earlier runs; nothing, where nothing is to be healed."""
        if wish.cluster.policy.mode != "heal":
            return Past()
        past = await self._past_runs(wish)
        if wish.file_trouble:
            words = (
                f"its file is wrong, and only what it said before is known: {wish.file_trouble}"
            )
            past = replace(past, file_trouble=words)
        return past

    async def _past_runs(self, wish: Wish) -> Past:
        """What is known of earlier runs."""
        name, store, now = wish.cluster.name, self.keeping.store, self.wall()
        if name not in self._books:
            try:
                self._books[name] = await self.keeping.ask(lambda: store.load_heals(name))
            except StoreFailed as error:
                return Past(unfinished=(f"what was healed before is not known: {error}",))
        book = self._books[name]
        if run := book.open_run:
            tried = await self.keeping.ask(lambda: self.others.attempts(run))
            if tried is None:
                return Past(unfinished=(f"run {run}, which heals, has not ended",))
            failed = sum(attempt.result == "failed" for attempt in tried)
            telemetry.info(
                "healing-found-ended", healing_run=run, tried=len(tried), failed=failed
            )
            book = book.end(tried)
        samples = self._samples.get(name) or Samples()
        who = Who(name, wish.path, samples.marks)
        unfinished, good = await self.keeping.ask(lambda: self.others.look(who, now))
        book = book.clear(good, now)
        if book != self._books[name]:
            await self._keep(name, book)
        return Past(book.history, unfinished, frozenset(book.runs))

    async def _keep(self, name: str, book: HealBook) -> None:
        self._books[name] = book
        store = self.keeping.store
        await self.keeping.keep(lambda: store.keep_heals(name, book, self.wall()))

    async def _record(self, wish: Wish, result: RoundResult) -> None:
        store = self.keeping.store
        recorded = await self.keeping.ask(lambda: store.record(wish.file, result))
        for news in news_of(result, recorded):
            _tell_news(news)
        self.keeping.tell_trouble(recorded.trouble)
        if is_resumed(recorded) and wish.cluster.name in self._books:
            book = self._books[wish.cluster.name].clear(result.moment, self.wall())
            await self._keep(wish.cluster.name, book)
        if known := store.memory.clusters.get(result.cluster):
            for listener in self.listeners:
                listener.hear(wish, result, recorded, known)

    async def _observe(self, wish: Wish) -> RoundResult:
        clock = asyncio.get_running_loop().time
        began, moment, store = clock(), self.wall(), self.keeping.store
        full_in = await self.keeping.ask(lambda: store.full_in(wish.cluster, moment))
        past = await self._past(wish)
        try:
            async with asyncio.timeout(LONGEST_ROUND):
                samples = self._samples.setdefault(wish.cluster.name, Samples())
                earlier = Earlier(full_in, past, samples.before(began), samples.slotless)
                result = await self.workers.observe(wish.desired, earlier, moment)
                samples.add(clock(), result.beats)
                samples.slotless = result.slotless
                samples.marks = result.marks or samples.marks
        except TimeoutError:
            words = f"it did not end within {LONGEST_ROUND:g} s"
            result = RoundResult(wish.cluster.name, moment, 0.0, failure=words)
        except WorkFailed as error:
            result = RoundResult(wish.cluster.name, moment, 0.0, failure=str(error))
        result = replace(result, seconds=clock() - began, revision=wish.revision)
        telemetry.debug(
            "round-ended",
            seconds=result.seconds,
            drift=len(result.drift),
            actions=len(result.steps),
            plan=result.plan_id,
            unreachable=len(result.unreachable),
        )
        return result


def say_why_not(outcome: ClusterOutcome) -> str:
    """Why a cluster did not come to its end, in words; empty if it did."""
    refused = (f"{b.code} {b.subject}: {b.message}" for b in outcome.blocked)
    failed = (f"{a.action}: {a.message}" for a in outcome.actions if a.status == "failed")
    return "; ".join(filter(None, (outcome.message, *refused, *failed)))


def is_resumed(recorded: Recorded) -> bool:
    """Whether a round found that somebody has ended a pause: he has looked."""
    return any(
        step.current.reading.kind == "Paused"
        and step.current.reading.status == "False"
        and step.ended is not None
        and step.ended.reading.status == "True"
        for step in recorded.changes.opened
    )


def _tell_news(news: News) -> None:
    tell = telemetry.warning if news.level == "warning" else telemetry.info
    tell(news.event, **news.fields)
