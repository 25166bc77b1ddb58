"""Workloads: stopped before their volume is unmounted, started after it is mounted again.

What a run has stopped is started, by what it wrote down before (``obligations``), and services
that missed their start at boot (``missed``); nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model.desired import Cluster
from reconciler.model.observed import Observed, require
from reconciler.model.outcome import Blocked, refuse_unread
from reconciler.model.plan import Action, Change
from reconciler.model.reading import Reading
from reconciler.model.records import record_digest
from reconciler.resources.workloads import guest_actions, guests, services
from reconciler.resources.workloads.missed import is_missed
from reconciler.resources.workloads.obligations import (
    StoppedWorkloads,
    obligations,
    stopped_record,
    units,
)

DOWN = frozenset({"inactive", "disabled", "masked", "stopped"})


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse services of which nothing was told.

    What cannot be stopped is refused at the step that would stop it.
    """
    for host, facts in observed.answering_hosts().items():
        seen = {unit.name for unit in require(facts.services)}
        for unit in units(cluster):
            if unit not in seen:
                yield refuse_unread(host, f"the state of {unit}", "it was not looked at")


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Workloads that run where nothing is mounted, that we owe a start, or that missed it."""
    yield from services.diff(cluster, observed)
    yield from guests.diff(cluster, observed)


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Write down, stop, keep from starting; or the other way round, and strike off.

    On a host what comes back does so when nothing more is taken away.
    """
    for host in dict.fromkeys(change.host for change in changes):
        mine = [change for change in changes if change.host == host]
        if any(change.after in DOWN for change in mine):
            yield from _taken(cluster, observed, mine)
            yield from services.missed_starts(cluster, mine, observed.answering_hosts()[host])
        else:
            yield from _given_back(cluster, observed, mine)


def _taken(cluster: Cluster, observed: Observed, mine: Sequence[Change]) -> Iterator[Action]:
    facts = observed.answering_hosts()[mine[0].host]
    owed = obligations(cluster, facts)
    downs = [change for change in mine if change.after in DOWN]
    units = [change for change in downs if not guests.is_guest(change)]
    stops = [change for change in downs if guests.is_guest(change)]
    void = [change for change in mine if change.after == guests.VOID]
    keeps = [
        guests.name_guest(change) for change in stops if guests.comes_back(cluster, change)
    ]
    missed = [u for u in services.units_becoming(units, "disabled") if is_missed(facts, u)]
    stopped = (*owed.stopped, *services.units_becoming(units, "inactive"), *missed)
    noted = StoppedWorkloads(
        tuple(dict.fromkeys(stopped)),
        tuple(dict.fromkeys((*owed.disabled, *services.units_becoming(units, "disabled")))),
        tuple(dict.fromkeys((*guests.without(owed.guests, void), *keeps))),
    )
    book = stopped_record(cluster, mine[0], facts)
    if units or noted != owed:
        yield guest_actions.require_running_elsewhere(book.add(noted), cluster, void)
    for change in units:
        yield services.systemctl_action(cluster, change, services.VERBS[str(change.after)])
    yield from services.mask_actions(cluster, units)
    shut = tuple(guest_actions.stop_actions(cluster, observed, stops))
    yield from shut
    gone = [action for action in shut if action.kind == "migrate-guest"]
    rest = StoppedWorkloads(noted.stopped, noted.disabled, guests.without(noted.guests, gone))
    if rest != noted:  # who has moved is owed nothing here
        yield guest_actions.unless_stopped(book.after(noted).clear(rest), gone)


def _given_back(
    cluster: Cluster, observed: Observed, mine: Sequence[Change]
) -> Iterator[Action]:
    facts = observed.answering_hosts()[mine[0].host]
    owed = obligations(cluster, facts)
    units = [change for change in mine if not guests.is_guest(change)]
    back = [change for change in mine if guests.is_guest(change)]
    yield from services.restore_actions(cluster, units, facts)
    yield from guest_actions.start_actions(cluster, observed, back)
    rest = StoppedWorkloads(
        services.less(owed.stopped, units),
        services.less(owed.disabled, units),
        guests.without(owed.guests, back),
    )
    void = [change for change in back if change.after == guests.VOID]
    if rest != owed:
        yield guest_actions.require_running_elsewhere(
            stopped_record(cluster, mine[0], facts).clear(rest), cluster, void
        )


NEEDS = ("services", "records")
READINGS = {
    **services.READINGS,
    **guests.READINGS,
    "record": Reading(("records",), record_digest),
}
