"""What is taken away from whom, for how long: the windows of a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from reconciler.model.addresses import parse_address
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.plan import Action, Outage
from reconciler.planning.kinds import GIVES, GUEST, TAKES, having

GIVING_KINDS = frozenset(having(GIVES))
TAKING_KINDS = frozenset(having(TAKES))
GUESTS = TAKING_KINDS & frozenset(having(GUEST))

Part = tuple[str, tuple[Action, ...]]


def is_outage(action: Action) -> bool:
    """Whether it takes something in use away from its host.

    The ``risk`` of an action is what has to be approved with it: a list without a member has
    that of the eviction, and takes nothing from the hosts that get it. Every form asks here.
    """
    return action.risk == "outage" and action.kind in TAKING_KINDS


def said_risk(action: Action) -> str:
    """The risk of one step in a word: as approved, but ``outage`` only where there is one."""
    return "eviction" if action.risk == "outage" and not is_outage(action) else action.risk


def windows(parts: Sequence[Part], observed: Observed) -> tuple[Outage, ...]:
    """One outage for each reason; ``parts`` are reasons and actions in the plan's order."""
    found: list[Outage] = []
    at = 0
    for because, group in groupby(parts, key=lambda part: part[0]):
        size = len(list(group))
        actions = [a for _because, part in parts[at : at + size] for a in part]
        later = [a for _because, part in parts[at:] for a in part]
        found += _outage(because, actions, later, observed)
        at += size
    return tuple(found)


def _outage(
    because: str, actions: Sequence[Action], later: Sequence[Action], observed: Observed
) -> Iterator[Outage]:
    """One for all hosts that lose the same volumes, and get them back or do not."""
    taken = [a for a in actions if is_outage(a)]
    back = {a.host for a in later if a.kind in GIVING_KINDS}
    alike: dict[tuple[tuple[str, ...], bool], list[str]] = {}
    for host in dict.fromkeys(a.host for a in taken):
        own = _volumes([a for a in taken if a.host == host])
        alike.setdefault((tuple(sorted(own)), host in back), []).append(host)
    for hosts in alike.values():
        yield _of(because, hosts, [a for a in taken if a.host in hosts], (later, observed))


def _of(
    because: str,
    hosts: Sequence[str],
    taken: Sequence[Action],
    rest: tuple[Sequence[Action], Observed],
) -> Outage:
    later, observed = rest
    units = (_workload(a) for a in taken if a.kind == "stop-service" or a.kind in GUESTS)
    return Outage(
        tuple(hosts),
        _volumes(taken),
        tuple(dict.fromkeys(units)),
        tuple(_processes(hosts, observed)),
        because or _because(taken),
        _length(hosts, taken, later),
    )


def _volumes(taken: Sequence[Action]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(parse_address(a.address).name for a in taken if a.kind == "unmount")
    )


def _workload(action: Action) -> str:
    """A service's unit, or ``guest/NAME``."""
    words = parse_address(action.address).aspect
    return f"guest/{words[2]}" if action.kind in GUESTS else words[1]


def guests_taken(actions: Sequence[Action]) -> Mapping[str, tuple[str, ...]]:
    """By host the guests that are stopped, or moved and else stopped: ``NAME of LABEL``."""
    found: dict[str, tuple[str, ...]] = {}
    for action in actions:
        if action.kind in GUESTS:
            _guest, label, name = parse_address(action.address).aspect
            mine = found.get(action.host, ())
            found[action.host] = tuple(dict.fromkeys((*mine, f"{name} of {label}")))
    return found


def _because(taken: Sequence[Action]) -> str:
    """The reasons of those that take a volume, else of all."""
    reasons = [a.because for a in taken if a.kind == "unmount"] or [a.because for a in taken]
    return "; ".join(dict.fromkeys(reasons))


def _processes(hosts: Sequence[str], observed: Observed) -> Iterator[str]:
    for host in hosts:
        facts = observed.hosts.get(host)
        if isinstance(facts, HostFacts) and not isinstance(facts.processes, Unknown):
            yield from (f"{host}: {p.pid} {p.command} ({p.path})" for p in facts.processes)


def _length(
    hosts: Sequence[str], taken: Sequence[Action], later: Sequence[Action]
) -> float | None:
    """Until the last of the hosts has its volumes again; hosts work side by side."""
    ends = [at for at, a in enumerate(later) if a.kind in GIVING_KINDS and a.host in hosts]
    if not ends:
        return None
    between = [*taken, *(a for a in later[: ends[-1] + 1] if a.id not in {t.id for t in taken})]
    longest: dict[str, float] = {}
    guests: dict[tuple[str, str], float] = {}  # of a host, one after the other
    for action in between:
        seconds, place = action.seconds, (action.kind, action.host)
        if action.kind in having(GUEST):
            seconds = guests[place] = guests.get(place, 0.0) + seconds
        longest[action.kind] = max(longest.get(action.kind, 0.0), seconds)
    return sum(longest.values())
