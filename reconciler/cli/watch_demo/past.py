"""A month that the clusters of ``watch --demo`` have behind them: how they stood, and how they filled."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from reconciler.cli.watch_demo.sites import Site
from reconciler.model.addresses import cluster_address
from reconciler.model.watched import ConditionKind, Reading, Round
from reconciler.storage.clusters import add_cluster
from reconciler.storage.database import open_state
from reconciler.storage.rounds import record_round

DAYS = 30
# The last of the past: what the daemon finds follows.
BEFORE = timedelta(minutes=2)
# Hours between two rounds that are told of, and those that a trouble lasts.
APART, LASTS = 12, (1, 2, 3, 5, 9)
MOST_TROUBLES = 6
# A volume fills a little more on one day than on another.
UNEVEN = 0.4


@dataclass(frozen=True, slots=True)
class State:
    """A state of a cluster, how bad it is, and the condition that it comes from."""

    name: str
    rank: int
    kind: ConditionKind
    reason: str
    message: str


TROUBLES: tuple[State, ...] = (
    State("drifted", 3, "Drifted", "ChangedOutside", "a file was changed outside"),
    State("degraded", 4, "Degraded", "NotMounted", "a volume was not mounted"),
    State("blocked", 5, "Blocked", "VolumeBusy", "the plan was refused: a volume was in use"),
    State("unreachable", 6, "Unreachable", "HostUnreachable", "a host did not answer"),
)


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in which a trouble lasted."""

    begins: datetime
    ends: datetime
    state: State


Past = tuple[tuple[datetime, Round], ...]


def past(site: Site, seed: int, now: datetime) -> Past:
    """A month of a cluster until shortly before ``now``; the same for the same seed."""
    chance = random.Random(f"{seed}/{site.name}")  # noqa: S311  # a past that can be told again
    end = now - BEFORE
    spells = _spells(chance, end)
    moments = {end - timedelta(hours=APART * place) for place in range(DAYS * 24 // APART)}
    # The last round of a state, just before the first of another.
    changes = {at for spell in spells for at in (spell.begins, spell.ends)}
    moments |= changes | {at - timedelta(minutes=1) for at in changes}
    return tuple(
        (at, _round(site, _state(spells, at), _used(site, chance, end - at)))
        for at in sorted(moments)
    )


def _spells(chance: random.Random, end: datetime) -> list[Spell]:
    """None of the last hours: it would be taken for one of now."""
    found = []
    for _ in range(chance.randrange(MOST_TROUBLES)):
        begins = end - timedelta(hours=chance.uniform(LASTS[-1] + 1, DAYS * 24 - 1))
        lasts = timedelta(hours=chance.choice(LASTS))
        found.append(Spell(begins, begins + lasts, chance.choice(TROUBLES)))
    return found


def _state(spells: Sequence[Spell], at: datetime) -> State | None:
    standing = (one.state for one in spells if one.begins <= at < one.ends)
    return max(standing, key=lambda state: state.rank, default=None)


def _used(site: Site, chance: random.Random, before: timedelta) -> int:
    gone = before / timedelta(days=1) * (1 + chance.uniform(-UNEVEN, UNEVEN) / (DAYS / 7))
    return max(0, int(site.size * site.used - gone * site.daily))


def _round(site: Site, state: State | None, used: int) -> Round:
    name, rank = (state.name, state.rank) if state else ("converged", 0)
    readings = tuple(_readings(cluster_address(site.name), state))
    return Round(rank, name, name, readings, sizes=((site.volume, site.size, used),))


def _readings(subject: str, state: State | None) -> Iterator[Reading]:
    for one in TROUBLES:
        if one is state:
            yield Reading(subject, one.kind, "True", one.reason, one.message)
        else:
            yield Reading(subject, one.kind, "False", "AsTheFileSays", "nothing was wrong")


def keep_past(
    directory: Path, sites: Sequence[tuple[Site, Path]], seed: int, now: datetime
) -> None:
    """The past of clusters, each with its file, becomes what a daemon goes on from."""
    database = open_state(directory, now - timedelta(days=DAYS))
    try:
        with database.writing() as connection:
            for site, file in sites:
                story = past(site, seed, now)
                cluster = add_cluster(connection, str(file), site.name, story[0][0])
                for at, found in story:
                    record_round(connection, cluster, found, at)
    finally:
        database.close()
