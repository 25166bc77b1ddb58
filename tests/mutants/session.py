"""Tests run once on the product as it is, then on each mutant until one of them fails."""

from __future__ import annotations

import os
import pickle
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tests.mutants import encounters
from tests.mutants.children import do_each
from tests.mutants.groups import Group
from tests.mutants.mutant import Mutant, caches, forget_everything
from tests.mutants.statements import note_reasons

# Seconds of tests for one mutant; most are killed within one.
LONGEST = 20.0
# Seconds of a test from which on it is not tried, and after which it is taken to hang.
SLOW, HANGS = 8.0, 60
# How many tests are tried before the goldens.
SOON = 12


@dataclass(frozen=True)
class Passed:
    """A test that passes on the product: what it met, in how many seconds."""

    met: frozenset[str]
    seconds: float


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: ``by`` is the test that failed, empty if none did."""

    group: str
    name: str
    by: str
    seconds: float
    tried: int
    fitting: int


@dataclass
class Session:
    """A plugin of pytest that runs the mutants of groups in the place of its loop.

    What tests have met is kept in ``known``, if that is given, and taken from there the next time.
    """

    groups: Sequence[Group]
    tell: Callable[[Verdict], None]
    only: str = ""
    known: Path | None = None
    at_once: int = 1
    verdicts: list[Verdict] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    passed: dict[str, Passed] = field(default_factory=dict)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """All tests, then all mutants."""
        session.config._tmp_path_factory.getbasetemp()  # theirs, which goes at the end
        if self.known and self.known.exists():
            self.passed = pickle.loads(self.known.read_bytes())  # noqa: S301  # our own
        self._meet_all([item for item in session.items if item.nodeid not in self.passed])
        items = {item.nodeid: item for item in session.items if item.nodeid in self.passed}
        caches()
        works = []
        for mutant, tests in self._mutants(items):
            if names := fitting(mutant, tests):
                works.append(partial(judge, mutant, [items[name] for name in names]))
            else:
                self._keep(Verdict(mutant.group, mutant.name, "", 0.0, 0, 0))
        for verdict in do_each(works, self.at_once):
            self._keep(verdict)
        return True

    def count_tests(self, group: Group) -> int:
        """How many tests may kill the mutants of a group."""
        return sum(name.startswith(group.tests) for name in self.passed)

    def _keep(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)
        self.tell(verdict)

    def _mutants(self, names: Collection[str]) -> Iterator[tuple[Mutant, dict[str, Passed]]]:
        for group in self.groups:
            tests = {n: self.passed[n] for n in names if n.startswith(group.tests)}
            for mutant in group.mutants(_all_met(tests)):
                if self.only in mutant.name:
                    yield mutant, tests

    def _meet_all(self, items: Sequence[pytest.Item]) -> None:
        files: dict[str, list[pytest.Item]] = {}
        for item in items:
            files.setdefault(item.nodeid.partition("::")[0], []).append(item)
        works = [partial(meet, found) for found in files.values()]
        for passed, failed in do_each(works, self.at_once):
            self.passed.update(passed)
            self.failed += failed
        if self.known:
            self.known.write_bytes(pickle.dumps(self.passed))


def _all_met(passed: Mapping[str, Passed]) -> frozenset[str]:
    return frozenset().union(*(one.met for one in passed.values()))


def fitting(mutant: Mutant, passed: Mapping[str, Passed]) -> list[str]:
    """Who can fail for it: those that are likely to first, the short before the long.

    Goldens fail for whatever they show, and are tried when ``SOON`` others have not failed.
    """
    found = [(name, one) for name, one in passed.items() if one.met & mutant.meets]

    def place(pair: tuple[str, Passed]) -> tuple[bool, float]:
        return not pair[1].met & mutant.lacks, pair[1].seconds

    names = [name for name, one in sorted(found, key=place) if one.seconds < SLOW]
    goldens = [name for name in names if name.startswith("tests/golden")]
    others = [name for name in names if not name.startswith("tests/golden")]
    return [*others[:SOON], *goldens, *others[SOON:]]


def meet(items: Sequence[pytest.Item]) -> tuple[dict[str, Passed], list[str]]:
    """What each test of a file meets, and which fail."""
    encounters.watch()
    note_reasons()
    passed: dict[str, Passed] = {}
    failed = []
    for item, following in zip(items, [*items[1:], None], strict=True):
        encounters.taken()
        began = _processor_seconds()
        good = passes(item, following)
        if good:
            seconds = _processor_seconds() - began
            passed[item.nodeid] = Passed(encounters.taken(), seconds)
        elif good is False:
            failed.append(item.nodeid)
    return passed, failed


def judge(mutant: Mutant, items: Sequence[pytest.Item]) -> Verdict:
    """Runs tests on the mutant until one fails; for a process of its own."""
    forget_everything()
    mutant.plant()
    began = _processor_seconds()
    by, tried = "", 0
    for item in items:
        if _processor_seconds() - began > LONGEST:
            break
        tried += 1
        if passes(item, None) is False:
            by = item.nodeid
            break
    seconds = round(_processor_seconds() - began, 2)
    return Verdict(mutant.group, mutant.name, by, seconds, tried, len(items))


def passes(item: Any, following: pytest.Item | None) -> bool | None:
    """Whether a test passes, within a while; None for one that is skipped."""
    with _limited():
        reports = runtestprotocol(item, log=False, nextitem=following)
    if any(report.failed for report in reports):
        return False
    return None if any(report.skipped for report in reports) else True


def _processor_seconds() -> float:
    """Those of ours, and of programs that have ended."""
    return time.process_time() + sum(os.times()[2:4])  # user and system, of children


@contextmanager
def _limited() -> Iterator[None]:
    def ring(_signal: int, _frame: object) -> None:
        raise TimeoutError("the test does not end")

    signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, HANGS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
