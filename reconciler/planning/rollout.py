"""The states that a plan passes through, each a desired cluster of its own.

Whoever changes its number, address or port, or its kernel's timeouts, has nothing mounted
meanwhile; everybody else stays mounted where that is possible. Every step is planned
like any other wish, from the facts that the one before leaves behind (``planning.prediction``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from reconciler.frozen import frozen
from reconciler.model.addresses import volume_address
from reconciler.model.desired import Cluster, Member
from reconciler.model.observed import Observed
from reconciler.model.plan import ActionKind
from reconciler.model.roles import (
    STOPPED,
    online,
    restrict_to,
    staying,
    with_member_states,
    with_members,
    with_volumes,
    withhold,
    without_mount_on,
)
from reconciler.model.software import outdated_module, outdated_tools, reload_due
from reconciler.planning.kinds import KINDS, in_phases
from reconciler.planning.remounts import paths_swap, remounts_due, without_takers
from reconciler.planning.renumbering import (
    moving_members,
    place_of,
    running_members,
    turns_of,
    without_moves,
)
from reconciler.planning.resolve.numbering import live_nodes, places
from reconciler.planning.turns import take_turns
from reconciler.resources.growth.offline import behind, volumes_needing_outage
from reconciler.resources.growth.sizes import as_it_is
from reconciler.resources.o2cb.changes import frozen_timeouts
from reconciler.resources.o2cb.readings import kernel_timeouts

DRAIN = in_phases("drain")
# Room that exists already, of which some kernels do not know yet: before anything is taken away.
CATCH_UP = in_phases("rescan", "reread")
# Before a window: a larger device is a safe place to stop, with everybody still mounted.
ROOM = in_phases("backing", "rescan")
# A window begins with the backup of what is worked on in it.
AWAY = in_phases("drain", "backup")
STOP = in_phases("stop")
UPGRADE = in_phases("upgrade")
# What is done once, at the end of the way, when everybody is where the file wants it.
LAST = in_phases("backup", "check", "backing", "rescan", "partition", "reread", "grow")
# Of all who get other software, before the first of them has nothing mounted.
FETCH = in_phases("fetch")
MOVES = frozenset(KINDS) - LAST - FETCH
# What a member gets back after a turn of its own, and not before: until then systemd has the old
# path in order, and what starts there would be stopped once more.
AFTER_TURN = in_phases("return")
BACK = in_phases("return", "mount")


@frozen
class RolloutStep:
    """A wish on the way to the whole one; ``kinds`` are all that is done for it, None: all.

    ``because`` says why something has to be taken away for it. ``last`` are the addresses of
    those of whom what is done once is done here, None: as ``kinds`` says.
    """

    cluster: Cluster
    kinds: frozenset[ActionKind] | None = None
    because: str = ""
    last: frozenset[str] | None = None


def rollout_steps(cluster: Cluster, observed: Observed) -> tuple[RolloutStep, ...]:
    """From what is to ``cluster``, which is numbered and always the last of them.

    Who was away while a device grew catches up first of all: a smaller view of it is no ground
    for a check or a mount on the way.
    """
    way = _way(cluster, observed)
    late = behind(cluster, observed)
    if not late or (len(way) == 1 and not any(late.values())):
        return way
    now = with_volumes(cluster, [as_it_is(volume) for volume in cluster.volumes])
    return (RolloutStep(now, CATCH_UP), *way)


def _way(cluster: Cluster, observed: Observed) -> tuple[RolloutStep, ...]:
    """What is only to be mounted anew somewhere is so when everything else is as it shall be."""
    due = remounts_due(cluster, observed)
    held = _held(cluster, observed, due)
    points, drained = _whole_way(cluster, observed, held)
    turns = {
        host: {label: why for label, why in labels.items() if label not in held}
        for host, labels in due.items()
        if host not in drained
    }
    turns = {host: labels for host, labels in turns.items() if labels}
    later = frozenset(volume_address(label) for labels in turns.values() for label in labels)
    upgrades = tuple(_upgraded(cluster, observed))
    if not turns:
        return (*points, *upgrades)
    rest = frozenset(volume_address(v.label) for v in cluster.volumes) - later
    return (
        *points[:-1],
        RolloutStep(cluster, None, last=rest),
        *_anew(cluster, observed, turns),
        RolloutStep(cluster, LAST, last=later),
        *upgrades,
    )


def _upgraded(cluster: Cluster, observed: Observed) -> Iterator[RolloutStep]:
    """One turn after the other: unmounted, offline, with their new software, and back."""
    none: frozenset[str] = frozenset()
    due = _news(cluster, observed)
    for turn in take_turns(tuple(due), cluster, observed):
        words = "; ".join(f"{host} gets {due[host]}" for host in turn)
        away = with_member_states(cluster, dict.fromkeys(turn, "drained"))
        out = with_member_states(cluster, dict.fromkeys(turn, STOPPED))
        yield RolloutStep(away, DRAIN, words, none)
        yield RolloutStep(out, STOP | UPGRADE, words, none)
        yield RolloutStep(cluster, MOVES, last=none)


def _news(cluster: Cluster, observed: Observed) -> dict[str, str]:
    """By member the software that it gets in a turn."""
    found: dict[str, str] = {}
    for host, facts in restrict_to(observed, staying(cluster)).answering_hosts().items():
        parts = [outdated_tools(cluster, facts), outdated_module(cluster, facts)]
        news = [part.replace("=", " ") for part in parts if part]
        if reload_due(cluster, facts):
            news.append("the ocfs2 module that is installed there")
        if news:
            found[host] = " and ".join(news)
    return found


def _whole_way(
    cluster: Cluster, observed: Observed, held: Mapping[str, str]
) -> tuple[tuple[RolloutStep, ...], Collection[str]]:
    """The way without turns for mounts, and who has nothing mounted for a moment of it."""
    now = places(cluster, observed)
    moved = moving_members(cluster, observed, now)
    retimed = _retimed(cluster, observed)
    end = RolloutStep(cluster)
    if retimed or (moved and cluster.rollout == "window"):
        stops = retimed | (running_members(cluster, observed) if moved else set())
        what = "timeouts" if retimed else "node numbers or addresses"
        words = [f"{what} change in the kernels of all at once", *held.values()]
        away = _without(cluster, held)
        room = [RolloutStep(cluster, ROOM)] if held else []
        return (*room, *_window(away, stops, "; ".join(words)), end), stops
    window = [RolloutStep(cluster, ROOM), _closed(cluster, held)] if held else []
    if not moved:
        return (*window, end), ()
    settled = without_moves(without_takers(cluster, observed), observed, now, moved)
    turns = _rolling(cluster, settled, turns_of(cluster, observed, moved, now))
    points = (RolloutStep(settled, MOVES), *turns, *window, end)
    return points, {m.name for m in moved}


def _held(
    cluster: Cluster, observed: Observed, due: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """The volumes that everybody has to be without at once, and why."""
    found = volumes_needing_outage(cluster, observed)
    if cluster.rollout == "window" or paths_swap(cluster, observed):
        for labels in due.values():
            for label, why in labels.items():
                found.setdefault(label, why)
    return found


def _anew(
    cluster: Cluster, observed: Observed, due: Mapping[str, Mapping[str, str]]
) -> Iterator[RolloutStep]:
    """One turn after the other: without these volumes, then with them again."""
    none: frozenset[str] = frozenset()
    for turn in take_turns(tuple(due), cluster, observed):
        volumes = [
            without_mount_on(v, *(host for host in turn if v.label in due[host]))
            for v in cluster.volumes
        ]
        alike: dict[str, list[str]] = {}
        for host in turn:
            alike.setdefault("; ".join(due[host].values()), []).append(host)
        words = "; ".join(f"{why}, on {', '.join(hosts)}" for why, hosts in alike.items())
        yield RolloutStep(with_volumes(cluster, volumes), DRAIN, words, none)
        yield RolloutStep(cluster, BACK, last=none)


def _retimed(cluster: Cluster, observed: Observed) -> set[str]:
    """Hosts whose kernels run with timeouts that only a restart of the cluster changes."""
    want = frozen_timeouts(cluster)
    return {
        name
        for name, facts in restrict_to(observed, online(cluster)).answering_hosts().items()
        if live_nodes(cluster, facts) and kernel_timeouts(facts, cluster.name) != want
    }


def _closed(cluster: Cluster, held: Mapping[str, str]) -> RolloutStep:
    """Some volumes unmounted everywhere, for what nobody may have them mounted."""
    return RolloutStep(_without(cluster, held), AWAY, "; ".join(held.values()))


def _without(cluster: Cluster, held: Collection[str]) -> Cluster:
    volumes = [withhold(v) if v.label in held else v for v in cluster.volumes]
    return with_volumes(cluster, volumes)


def _window(cluster: Cluster, stops: Collection[str], because: str) -> list[RolloutStep]:
    """All at once: nothing mounted, then the cluster offline; the wish starts it again."""
    return [
        RolloutStep(
            with_member_states(cluster, dict.fromkeys(stops, "drained")), AWAY, because
        ),
        RolloutStep(with_member_states(cluster, dict.fromkeys(stops, STOPPED)), STOP, because),
    ]


def _rolling(
    cluster: Cluster, settled: Cluster, turns: Sequence[Sequence[Member]]
) -> Iterator[RolloutStep]:
    """One turn after the other: unmounted, then with their new places and mounted again.

    A turn is as many as the file allows, or all who want what another of them still has.
    """
    done: set[str] = set()
    for turn in turns:
        new = {m.name: place_of(m) for m in turn}
        words = [
            f"{name} becomes node {n} at {ip}:{port}" for name, (n, ip, port) in new.items()
        ]
        yield RolloutStep(
            with_member_states(settled, dict.fromkeys(new, "drained")), DRAIN, ", ".join(words)
        )
        done |= set(new)
        before = {m.name: m for m in settled.members}
        there = {m.name for m in settled.members} | done
        settled = with_members(
            settled,
            [
                m if m.name in done else before[m.name]
                for m in cluster.members
                if m.name in there
            ],
        )
        yield RolloutStep(settled, MOVES)
