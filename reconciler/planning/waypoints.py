"""The states that a plan passes through, each a desired cluster of its own.

Whoever changes its number, address or port, or its kernel's timeouts, has nothing mounted
meanwhile; everybody else stays mounted where that is possible. Every way-point is planned
like any other wish, from the facts that the one before leaves behind (``planning.predicted``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.model.desired import Cluster, Member
from reconciler.model.observed import Observed, Unknown
from reconciler.model.standing import (
    STOPPED,
    among,
    listed,
    online,
    restated,
    staying,
    with_members,
    with_volumes,
    withheld,
)
from reconciler.planning.numbering import Place, live_nodes, places
from reconciler.planning.order import STAGES
from reconciler.resources.growth.offline import windowed
from reconciler.resources.o2cb.changes import frozen_timeouts, kernel_timeouts

DRAIN = frozenset(
    {
        "write-quarantine",
        "note-stopped",
        "migrate-guest",
        "stop-guest",
        "stop-service",
        "disable-service",
        "mask-service",
        "disarm",
        "clear-fstab",
        "unmount",
    }
)
# Before a window: a larger device is a safe place to stop, with everybody still mounted.
ROOM = frozenset({"grow-backing", "rescan"})
# A window begins with the backup of what is worked on in it.
AWAY = DRAIN | {"back-up"}
STOP = frozenset({"stop-cluster"})
# What is done once, at the end of the way, when everybody is where the file wants it.
LAST = frozenset(
    {
        "back-up",
        "check-file-system",
        "add-slots",
        "grow-unmounted",
        "check-grown",
        "grow-backing",
        "rescan",
        "grow-partition",
        "reread-partition",
        "same-size",
        "grow-file-system",
    }
)
MOVES = frozenset(STAGES) - LAST


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A wish on the way to the whole one; ``kinds`` are all that is done for it, None: all.

    ``because`` says why something has to be taken away for it.
    """

    cluster: Cluster
    kinds: frozenset[str] | None = None
    because: str = ""


def waypoints(cluster: Cluster, observed: Observed) -> tuple[Waypoint, ...]:
    """From what is to ``cluster``, which is numbered and always the last of them."""
    now = places(cluster, observed)
    changed = [m for m in listed(cluster) if now.get(m.name.lower(), _place(m)) != _place(m)]
    moved = [m for m in changed if _mounts(observed, m.name)]
    moved += [m for m in changed if m not in moved and _collides(m, moved, now)]
    retimed = _retimed(cluster, observed)
    end = Waypoint(cluster)
    held = windowed(cluster, observed)
    if retimed or (moved and cluster.rollout == "window"):
        stops = retimed | (_running(cluster, observed) if moved else set())
        what = "timeouts" if retimed else "node numbers or addresses"
        words = [f"{what} change in the kernels of all at once", *held.values()]
        away = _without(cluster, held)
        room = [Waypoint(cluster, ROOM)] if held else []
        return (*room, *_window(away, stops, "; ".join(words)), end)
    window = [Waypoint(cluster, ROOM), _closed(cluster, held)] if held else []
    if not moved:
        return (*window, end)
    settled = _settled(cluster, observed, now, moved)
    turns = [moved] if _swapped(moved, now) else [[m] for m in sorted(moved, key=_place)]
    return (Waypoint(settled, MOVES), *_rolling(cluster, settled, turns), *window, end)


def _place(member: Member) -> Place:
    return (member.number or 0, str(member.interconnect), member.port)


def _mounts(observed: Observed, name: str) -> bool:
    facts = observed.reached().get(name)
    return facts is not None and not isinstance(facts.mounts, Unknown) and bool(facts.mounts)


def _collides(member: Member, moved: Sequence[Member], now: Mapping[str, Place]) -> bool:
    """Whether an idle member wants what a mounted one has, or has what that one wants."""
    mine, here = _place(member), now[member.name.lower()]
    pairs = [
        pair
        for other in moved
        for pair in ((mine, now[other.name.lower()]), (here, _place(other)))
    ]
    return any(a[0] == b[0] or a[1] == b[1] for a, b in pairs)


def _retimed(cluster: Cluster, observed: Observed) -> set[str]:
    """Hosts whose kernels run with timeouts that only a restart of the cluster changes."""
    want = frozen_timeouts(cluster)
    return {
        name
        for name, facts in among(observed, online(cluster)).reached().items()
        if live_nodes(cluster, facts) and kernel_timeouts(facts, cluster.name) != want
    }


def _running(cluster: Cluster, observed: Observed) -> set[str]:
    reached = among(observed, staying(cluster)).reached()
    return {name for name, facts in reached.items() if live_nodes(cluster, facts)}


def _swapped(moved: Sequence[Member], now: Mapping[str, Place]) -> bool:
    """Whether one is to have what another of them has until it has moved itself."""
    order = sorted(moved, key=_place)
    for at, member in enumerate(order):
        number, ip, _port = _place(member)
        later = [now[m.name.lower()] for m in order[at + 1 :]]
        if any(number == place[0] or ip == place[1] for place in later):
            return True
    return False


def _settled(
    cluster: Cluster, observed: Observed, now: Mapping[str, Place], moved: Sequence[Member]
) -> Cluster:
    """Who leaves has left; who is to move is where it is; nobody has joined yet.

    Who is to move, has nothing mounted and is not online is left out, and joins at its turn.
    """
    names = {m.name for m in moved}
    runs = _running(cluster, observed)
    away = {name for name in names if name not in runs}
    kept = [
        _put(m, now[m.name.lower()]) if m.name in names else m
        for m in cluster.members
        if m not in listed(cluster) or (m.name.lower() in now and m.name not in away)
    ]
    idle = {name for name in names if not _mounts(observed, name)}
    return restated(with_members(cluster, kept), dict.fromkeys(idle, "drained"))


def _put(member: Member, place: Place) -> Member:
    number, ip, port = place
    update = {"number": number, "interconnect": type(member.interconnect)(ip), "port": port}
    return member.model_copy(update=update)


def _rolling(
    cluster: Cluster, settled: Cluster, turns: Sequence[Sequence[Member]]
) -> Iterator[Waypoint]:
    """One turn after the other: unmounted, then with their new places and mounted again.

    A turn is one member, or all who want what another of them still has.
    """
    done: set[str] = set()
    for turn in turns:
        new = {m.name: _place(m) for m in turn}
        words = [
            f"{name} becomes node {n} at {ip}:{port}" for name, (n, ip, port) in new.items()
        ]
        yield Waypoint(
            restated(settled, dict.fromkeys(new, "drained")), DRAIN, ", ".join(words)
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
        yield Waypoint(settled, MOVES)


def _closed(cluster: Cluster, held: Mapping[str, str]) -> Waypoint:
    """Some volumes unmounted everywhere, for what nobody may have them mounted."""
    return Waypoint(_without(cluster, held), AWAY, "; ".join(held.values()))


def _without(cluster: Cluster, held: Collection[str]) -> Cluster:
    volumes = [withheld(v) if v.label in held else v for v in cluster.volumes]
    return with_volumes(cluster, volumes)


def _window(cluster: Cluster, stops: Collection[str], because: str) -> list[Waypoint]:
    """All at once: nothing mounted, then the cluster offline; the wish starts it again."""
    return [
        Waypoint(restated(cluster, dict.fromkeys(stops, "drained")), AWAY, because),
        Waypoint(restated(cluster, dict.fromkeys(stops, STOPPED)), STOP, because),
    ]
