"""A plan in the parts in which people read it: what is the same on several hosts, once."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import unified_diff
from itertools import groupby
from typing import TypeVar

from reconciler.frozen import frozen
from reconciler.model.addresses import MEMBER, parse_address, without_host
from reconciler.model.outcome import Blocked, Finding
from reconciler.model.plan import Action, Change, ClusterPlan, Outage
from reconciler.planning.review.outages import guests_taken
from reconciler.reports.comparing import in_sizes

# Names that are counted up are folded from so many on: what is shorter is clearer whole.
MANY = 4
_STYLES: Mapping[str, str] = {"+": "diff-add", "-": "diff-bad"}
Said = TypeVar("Said", Blocked, Finding)
Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)
_HIDDEN = "\0"
_OF_A_HOST = re.compile(r"([^\s:]+): (.*)", re.DOTALL)


@frozen
class Row:
    """The same change on some hosts; ``how`` is added, removed or changed."""

    hosts: tuple[str, ...]
    what: str
    truth: str
    because: str
    how: str


@frozen
class Step:
    """The same action on some hosts, as far as they follow each other; numbered from 1."""

    number: int
    actions: tuple[Action, ...]

    @property
    def first(self) -> Action:
        """The action that stands for all of them."""
        return self.actions[0]

    @property
    def hosts(self) -> tuple[str, ...]:
        """Its hosts; none for a barrier."""
        return tuple(dict.fromkeys(a.host for a in self.actions if a.host))

    @property
    def where(self) -> str:
        """Its hosts in a word."""
        return fold_names(self.hosts) or "all"


@frozen
class Difference:
    """What would change in one place, the same on some hosts, as lines of a unified diff."""

    hosts: tuple[str, ...]
    what: str
    lines: tuple[str, ...]

    @property
    def styled(self) -> Iterator[tuple[str, str]]:
        """Its lines, each with its style in a terminal."""
        return ((_STYLES.get(line[0], "diff"), line) for line in self.lines)


@frozen
class Loss:
    """An outage with the services that stop, and by host the guests."""

    outage: Outage
    services: tuple[str, ...]
    guests: Mapping[str, tuple[str, ...]]

    @property
    def length(self) -> str:
        """How long it is, in words."""
        seconds = self.outage.seconds
        return "not ended by this plan" if seconds is None else f"about {round(seconds)} s"


def fold_names(names: Sequence[str]) -> str:
    """Names with commas; four and more that are counted up as ``node[01-04]``."""
    words: list[str] = []
    for run in _runs(names):
        if len(run) >= MANY:
            stem, start, end = *_split(run[0]), _split(run[-1])[1]
            words.append(f"{stem}[{start}-{end}]")
        else:
            words += run
    return ",".join(words)


def _runs(names: Sequence[str]) -> Iterator[list[str]]:
    """Neighbours that are counted up, with as many digits."""
    run: list[str] = []
    for name in names:
        if run and name != _next(run[-1]):
            yield run
            run = []
        run.append(name)
    yield run


def _next(name: str) -> str:
    stem, digits = _split(name)
    return f"{stem}{int(digits) + 1:0{len(digits)}}" if digits else ""


def _split(name: str) -> tuple[str, str]:
    """A name and the number at its end."""
    stem = name.rstrip("0123456789")
    return stem, name[len(stem) :]


def rows(changes: Sequence[Change]) -> tuple[Row, ...]:
    """Changes, once for all hosts that have the same."""
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for change in changes:
        key = (what(change), change.truth, change.because, _how(change))
        groups.setdefault(key, []).append(change.host)
    return tuple(Row(tuple(hosts), *key) for key, hosts in groups.items())


def what(change: Change) -> str:
    """The address without the host, which stands beside it."""
    return without_host(change.address, change.host)


def _how(change: Change) -> str:
    if change.before is None:
        return "added"
    return "removed" if change.after is None else "changed"


def steps(actions: Sequence[Action]) -> tuple[Step, ...]:
    """Actions, once for all hosts that do the same after each other in the plan's order."""
    groups = groupby(actions, key=lambda a: (a.kind, a.summary))
    return tuple(Step(n, tuple(group)) for n, (_key, group) in enumerate(groups, 1))


def differences(changes: Sequence[Change]) -> tuple[Difference, ...]:
    """What would change in each place, once for all hosts that have the same."""
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for change in changes:
        before, after = in_sizes(change.address, change.before, change.after)
        lines = unified_diff(_text(before), _text(after), n=1, lineterm="")
        groups.setdefault((what(change), tuple(lines)[2:]), []).append(change.host)
    return tuple(Difference(tuple(h), place, found) for (place, found), h in groups.items())


def _text(value: object) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{key} = {item}" for key, item in value.items() if item is not None]
    return [] if value is None else str(value).replace("; ", "\n").splitlines()


def refusals(items: Sequence[Said]) -> tuple[Said, ...]:
    """What is said of several hosts alike, once for all of them."""
    groups = group_alike(list(dict.fromkeys(items)), _said, _said_of_any)
    return tuple(_of(group) for group in groups)


def group_alike(
    items: Sequence[Item], words: Callable[[Item], Key], general: Callable[[Item], Key]
) -> list[list[Item]]:
    """Items with the same words; those that are alone, with the same once no host is named."""
    same: dict[Key, list[Item]] = {}
    for item in items:
        same.setdefault(words(item), []).append(item)
    alike: dict[object, list[Item]] = {}
    for key, group in same.items():
        place = ("any", general(group[0])) if len(group) == 1 else ("same", key)
        alike.setdefault(place, []).extend(group)
    return list(alike.values())


def _host_of(item: Blocked | Finding) -> str:
    place = parse_address(item.subject)
    match = _OF_A_HOST.fullmatch(item.message)
    return place.name if place.sort == MEMBER else match[1] if match else ""


def _said(item: Said) -> Said:
    """As it is, but for the host of which it is said."""
    host = _host_of(item)
    message = item.message
    if host and message.startswith(f"{host}: "):
        message = _HIDDEN + message.removeprefix(host)
    return replace(item, subject=hide_host(item.subject, host), message=message)


def _said_of_any(item: Said) -> Said:
    host = _host_of(item)
    message, remedy = hide_host(item.message, host), hide_host(item.remedy, host)
    return replace(_said(item), message=message, remedy=remedy)


def _of(group: Sequence[Said]) -> Said:
    """One for all; what is to be typed for each of them has HOST in place of the name."""
    if len(group) == 1:
        return group[0]
    hosts = fold_names(tuple(dict.fromkeys(map(_host_of, group))))
    same = len(set(map(_said, group))) == 1
    general = _said(group[0]) if same else _said_of_any(group[0])
    typed = f" (HOST: {hosts})" if _HIDDEN in general.remedy else ""
    return replace(
        general,
        subject=general.subject.replace(_HIDDEN, hosts),
        message=general.message.replace(_HIDDEN, hosts.replace(",", ", ")),
        remedy=general.remedy.replace(_HIDDEN, "HOST") + typed,
    )


def hide_host(text: str, host: str) -> str:
    """Words about a host as they are about any other."""
    if not host:
        return text
    return re.sub(rf"(?<![\w.-]){re.escape(host)}(?![\w-]|\.\w)", _HIDDEN, text)


def show_hosts(text: str, hosts: Sequence[str]) -> str:
    """Such words about some hosts."""
    return text.replace(_HIDDEN, fold_names(hosts).replace(",", ", "))


def losses(cluster: ClusterPlan) -> Iterator[Loss]:
    """Who loses what, for how long; a host's guests stand at its first outage."""
    guests = dict(guests_taken(cluster.actions))
    for outage in cluster.outages:
        units = tuple(n for n in outage.workloads if not n.startswith("guest/"))
        yield Loss(outage, units, {h: guests.pop(h) for h in outage.hosts if h in guests})


def shared_pairs(
    facts: Mapping[str, Sequence[tuple[str, str]]],
) -> Mapping[tuple[str, ...], Sequence[tuple[str, str]]]:
    """Facts of hosts, once for each set of many hosts that have them alike; then of each host.

    Many are ``MANY`` and more; a host that has nothing of its own does not stand alone.
    """
    having: dict[tuple[str, str], list[str]] = {}
    for host, pairs in facts.items():
        for pair in dict.fromkeys(pairs):
            having.setdefault(pair, []).append(host)
    shared: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for pair, hosts in having.items():
        if len(hosts) >= MANY:
            shared.setdefault(tuple(hosts), []).append(pair)
    own = {
        (host,): [pair for pair in pairs if len(having[pair]) < MANY]
        for host, pairs in facts.items()
    }
    return {
        **shared,
        **{hosts: pairs for hosts, pairs in own.items() if pairs or not facts[hosts[0]]},
    }
