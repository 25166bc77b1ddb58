"""What a step runs and what proves it: what is the same on several hosts, once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from reconciler.frozen import frozen
from reconciler.model.plan import Action, Fact
from reconciler.reports.documents import preview
from reconciler.reports.grouping import MANY, Step, fold_names


@frozen
class Doing:
    """A command, empty for a barrier, that is the same on some hosts, and what proves it."""

    hosts: tuple[str, ...]
    command: str
    proofs: tuple[str, ...]


def doings(step: Step) -> tuple[Doing, ...]:
    """What a step runs, once for all hosts where command and proofs are the same."""
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for action in step.actions:
        groups.setdefault((preview(action), tuple(_proofs(action))), []).append(action.host)
    return tuple(
        Doing(
            tuple(filter(None, hosts)),
            command,
            tuple(f"{fold_names(hosts)}{p}" if p.startswith(":") else p for p in proofs),
        )
        for (command, proofs), hosts in groups.items()
    )


def _proofs(action: Action) -> Iterator[str]:
    """The facts in words, without the host where they are about that one only."""
    for _key, group in groupby(action.expects, key=lambda f: (f.reading, f.value)):
        facts = tuple(group)
        if others := _others(facts):
            hosts = [host for fact in facts for host in fact.hosts]
            what = f"{facts[0].reading} all but its own of {' '.join(others)}"
            yield f"each of {fold_names(hosts)}: {what} = {_value(facts[0])}"
        else:
            yield from (_said(fact, action.host) for fact in facts)


def _others(facts: Sequence[Fact]) -> tuple[str, ...]:
    """All of many things, in the order of who lacks which, where each host lacks another one."""
    if len(facts) < MANY or any(len(fact.hosts) != 1 for fact in facts):
        return ()
    subjects = [frozenset(fact.subject.split(" ")) for fact in facts]
    every = frozenset().union(*subjects)
    lacking = [tuple(every - subject) for subject in subjects]
    own = tuple(dict.fromkeys(words[0] for words in lacking if len(words) == 1))
    return own if len(own) == len(facts) == len(every) else ()


def _said(fact: Fact, host: str) -> str:
    what = f": {f'{fact.reading} {fact.subject}'.strip()} = {_value(fact)}"
    return what if fact.hosts == (host,) else f"{fold_names(fact.hosts)}{what}"


def _value(fact: Fact) -> str:
    return "the same" if fact.value is None else fact.value
