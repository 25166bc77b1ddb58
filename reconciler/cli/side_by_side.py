"""The hosts of several files are asked side by side; each file is told in its turn."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from reconciler.cli.files import FileResult, Given, run_files
from reconciler.cli.terminal import observing
from reconciler.errors import ReconcilerError
from reconciler.frozen import frozen
from reconciler.hosts.doors import look_at_hosts
from reconciler.model.desired import Desired
from reconciler.model.roles import contacted_members
from reconciler.observation import ClusterObservations, Options, Watch
from reconciler.observation.live_hosts import look_at


@frozen
class Look:
    """What one file has asked: so many ``hosts``; ``tell`` makes its result of the answers."""

    hosts: int
    ask: Callable[[Watch], Coroutine[Any, Any, Any]]
    tell: Callable[[Any], FileResult]


def count_hosts(desired: Desired) -> int:
    """How many members a look at a file asks."""
    return sum(len(contacted_members(cluster)) for cluster in desired.clusters)


def whole_look(
    desired: Desired, options: Options, tell: Callable[[ClusterObservations], FileResult]
) -> Look:
    """All that a plan of the file can rest on."""

    async def ask(watch: Watch) -> ClusterObservations:
        async with look_at_hosts(desired) as fleet:
            return await look_at(desired, fleet, options, watch)

    return Look(count_hosts(desired), ask, tell)


def run_looks(
    given: Given, form: str, prepare: Callable[[str], Look], parallelism: int, *, no_color: bool
) -> int:
    """As ``run_files``, where each file's work is a look at its hosts; the exit code.

    Files are prepared in their order. So many are asked at once as have ``parallelism`` hosts
    together, one at least: whose answers wait for their turn are in memory.
    """
    with asyncio.Runner() as runner:
        looks = _Looks(given.names, prepare, parallelism)

        def work(name: str) -> FileResult:
            found: list[tuple[Look, Any]] = []

            async def turn() -> None:  # gives nothing, as in ``work.complete``
                found.append(await looks.turn(name))

            with looks.show_waiting(no_color=no_color):
                runner.run(turn())
            ((look, answers),) = found
            return look.tell(answers)

        return run_files(given, form, work, no_color=no_color)


class _Looks:
    """Looks that have begun and are not told yet, and files that wait."""

    def __init__(
        self, names: tuple[str, ...], prepare: Callable[[str], Look], most: int
    ) -> None:
        self._waiting = deque(names)
        self._prepare, self._most = prepare, most
        self._next: Look | Exception | None = None  # of the first that waits
        self._begun: dict[str, tuple[Look, asyncio.Task[Any]] | Exception] = {}
        self._bar: Watch | None = None
        self._asked: list[str] = []

    async def turn(self, name: str) -> tuple[Look, Any]:
        """A file's answers; others are asked meanwhile. Raises what its look failed with."""
        self._begin(name)
        begun = self._begun[name]
        try:
            if isinstance(begun, Exception):
                raise begun
            look, task = begun
            answers = await task
        finally:
            del self._begun[name]
        if isinstance(answers, Exception):
            raise answers
        return look, answers

    def _begin(self, due: str) -> None:
        """Those that there is room for, and whatever comes up to the one that is due."""
        while self._waiting and (due not in self._begun or self._has_room()):
            look = self._take()
            name = self._waiting.popleft()
            if isinstance(look, Exception):
                self._begun[name] = look
            else:
                self._begun[name] = look, asyncio.create_task(self._answers(look))

    def _has_room(self) -> bool:
        following = self._take(keep=True)
        if isinstance(following, Exception):
            return True
        asked = (look[0].hosts for look in self._begun.values() if isinstance(look, tuple))
        return sum(asked) + following.hosts <= self._most

    def _take(self, *, keep: bool = False) -> Look | Exception:
        """The look of the first file that waits, or what it failed with."""
        found = self._next
        if found is None:
            try:
                found = self._prepare(self._waiting[0])
            except (ReconcilerError, OSError) as error:
                found = error
        self._next = found if keep else None
        return found

    async def _answers(self, look: Look) -> Any:
        try:
            return await look.ask(self._watch)
        except (ReconcilerError, OSError) as error:
            return error  # to be told in its turn

    @contextmanager
    def show_waiting(self, *, no_color: bool) -> Iterator[None]:
        """A bar for as long as somebody is waited for; it would be in the way of results."""
        following = None if self._begun or not self._waiting else self._take(keep=True)
        total = following.hosts if isinstance(following, Look) else len(self._asked)
        with observing(total, no_color=no_color) as self._bar:
            for host in self._asked:
                self._bar(host, "started")
            yield
        self._bar = None

    def _watch(self, host: str, state: str) -> None:
        if state == "started":
            self._asked.append(host)
        else:
            self._asked.remove(host)
        if self._bar:
            self._bar(host, state)
