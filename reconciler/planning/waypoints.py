"""The states that a plan passes through, each a desired cluster of its own.

Whoever changes its number, address or port, or its kernel's timeouts, has nothing mounted
meanwhile; everybody else stays mounted where that is possible. Every way-point is planned
like any other wish, from the facts that the one before leaves behind (``planning.predicted``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.model.addresses import volume_address
from reconciler.model.desired import Cluster, Member
from reconciler.model.host_names import host_key
from reconciler.model.observed import Observed, Unknown
from reconciler.model.roles import (
    STOPPED,
    listed,
    online,
    restrict_to,
    staying,
    with_member_states,
    with_members,
    with_volumes,
    withhold,
    without_mount_on,
)
from reconciler.model.software import outdated, outdated_module, reload_due
from reconciler.planning.numbering import Place, live_nodes, places
from reconciler.planning.order import STAGES
from reconciler.planning.turns import crossing, due_anew
from reconciler.resources.growth.offline import behind, windowed
from reconciler.resources.growth.sizes import as_it_is
from reconciler.resources.o2cb.changes import frozen_timeouts, kernel_timeouts

DRAIN = frozenset(
    {
        "attest-heartbeat",
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
# Room that exists already, of which some kernels do not know yet: before anything is taken away.
CATCH_UP = frozenset({"rescan", "reread-partition", "same-size"})
# Before a window: a larger device is a safe place to stop, with everybody still mounted.
ROOM = frozenset({"grow-backing", "rescan"})
# A window begins with the backup of what is worked on in it.
AWAY = DRAIN | {"begin-backup", "back-up", "note-backup"}
STOP = frozenset({"stop-cluster"})
UPGRADE = frozenset({"upgrade-packages", "upgrade-module", "reload-module"})
# What is done once, at the end of the way, when everybody is where the file wants it.
LAST = frozenset(
    {
        "begin-backup",
        "back-up",
        "note-backup",
        "check-file-system",
        "add-slots",
        "set-label",
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
# Of all who get other software, before the first of them has nothing mounted.
FETCH = frozenset({"fetch-packages", "fetch-module"})
MOVES = frozenset(STAGES) - LAST - FETCH
# What a member gets back after a turn of its own, and not before: until then systemd has the old
# path in order, and what starts there would be stopped once more.
AFTER_TURN = frozenset(
    {
        "write-order",
        "archive-order",
        "reload-units",
        "unmask-service",
        "enable-service",
        "start-service",
        "start-guest",
        "strike-stopped",
    }
)
BACK = AFTER_TURN | {"mount", "write-fstab"}


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A wish on the way to the whole one; ``kinds`` are all that is done for it, None: all.

    ``because`` says why something has to be taken away for it. ``last`` are the addresses of
    those of whom what is done once is done here, None: as ``kinds`` says.
    """

    cluster: Cluster
    kinds: frozenset[str] | None = None
    because: str = ""
    last: frozenset[str] | None = None


def waypoints(cluster: Cluster, observed: Observed) -> tuple[Waypoint, ...]:
    """From what is to ``cluster``, which is numbered and always the last of them.

    Who was away while a device grew catches up first of all: a smaller view of it is no ground
    for a check or a mount on the way.
    """
    way = _way(cluster, observed)
    late = behind(cluster, observed)
    if not late or (len(way) == 1 and not any(late.values())):
        return way
    now = with_volumes(cluster, [as_it_is(volume) for volume in cluster.volumes])
    return (Waypoint(now, CATCH_UP), *way)


def _way(cluster: Cluster, observed: Observed) -> tuple[Waypoint, ...]:
    """What is only to be mounted anew somewhere is so when everything else is as it shall be."""
    due = due_anew(cluster, observed)
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
        Waypoint(cluster, None, last=rest),
        *_anew(cluster, turns),
        Waypoint(cluster, LAST, last=later),
        *upgrades,
    )


def _upgraded(cluster: Cluster, observed: Observed) -> Iterator[Waypoint]:
    """One member after the other: unmounted, offline, with its new software, and back."""
    none: frozenset[str] = frozenset()
    for host, facts in restrict_to(observed, staying(cluster)).reached().items():
        parts = [outdated(cluster, facts), outdated_module(cluster, facts)]
        news = [part.replace("=", " ") for part in parts if part]
        if reload_due(cluster, facts):
            news.append("the ocfs2 module that is installed there")
        if news:
            words = f"{host} gets {' and '.join(news)}"
            away = with_member_states(cluster, {host: "drained"})
            out = with_member_states(cluster, {host: STOPPED})
            yield Waypoint(away, DRAIN, words, none)
            yield Waypoint(out, STOP | UPGRADE, words, none)
            yield Waypoint(cluster, MOVES, last=none)


def _whole_way(
    cluster: Cluster, observed: Observed, held: Mapping[str, str]
) -> tuple[tuple[Waypoint, ...], Collection[str]]:
    """The way without turns for mounts, and who has nothing mounted for a moment of it."""
    now = places(cluster, observed)
    changed = [m for m in listed(cluster) if now.get(host_key(m.name), _place(m)) != _place(m)]
    moved = [m for m in changed if _mounts(observed, m.name)]
    moved += [m for m in changed if m not in moved and _collides(m, moved, now)]
    retimed = _retimed(cluster, observed)
    end = Waypoint(cluster)
    if retimed or (moved and cluster.rollout == "window"):
        stops = retimed | (_running(cluster, observed) if moved else set())
        what = "timeouts" if retimed else "node numbers or addresses"
        words = [f"{what} change in the kernels of all at once", *held.values()]
        away = _without(cluster, held)
        room = [Waypoint(cluster, ROOM)] if held else []
        return (*room, *_window(away, stops, "; ".join(words)), end), stops
    window = [Waypoint(cluster, ROOM), _closed(cluster, held)] if held else []
    if not moved:
        return (*window, end), ()
    settled = _settled(cluster, observed, now, moved)
    turns = [moved] if _swapped(moved, now) else [[m] for m in sorted(moved, key=_place)]
    points = (Waypoint(settled, MOVES), *_rolling(cluster, settled, turns), *window, end)
    return points, {m.name for m in moved}


def _held(
    cluster: Cluster, observed: Observed, due: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """The volumes that everybody has to be without at once, and why."""
    found = windowed(cluster, observed)
    if cluster.rollout == "window" or crossing(cluster, observed):
        for labels in due.values():
            for label, why in labels.items():
                found.setdefault(label, why)
    return found


def _anew(cluster: Cluster, turns: Mapping[str, Mapping[str, str]]) -> Iterator[Waypoint]:
    """One member after the other: without these volumes, then with them again."""
    none: frozenset[str] = frozenset()
    for host, labels in turns.items():
        volumes = [
            without_mount_on(v, host) if v.label in labels else v for v in cluster.volumes
        ]
        words = f"{'; '.join(labels.values())}, on {host}"
        yield Waypoint(with_volumes(cluster, volumes), DRAIN, words, none)
        yield Waypoint(cluster, BACK, last=none)


def _place(member: Member) -> Place:
    return (member.number or 0, str(member.interconnect), member.port)


def _mounts(observed: Observed, name: str) -> bool:
    facts = observed.reached().get(name)
    return facts is not None and not isinstance(facts.mounts, Unknown) and bool(facts.mounts)


def _collides(member: Member, moved: Sequence[Member], now: Mapping[str, Place]) -> bool:
    """Whether an idle member wants what a mounted one has, or has what that one wants."""
    mine, here = _place(member), now[host_key(member.name)]
    pairs = [
        pair
        for other in moved
        for pair in ((mine, now[host_key(other.name)]), (here, _place(other)))
    ]
    return any(a[0] == b[0] or a[1] == b[1] for a, b in pairs)


def _retimed(cluster: Cluster, observed: Observed) -> set[str]:
    """Hosts whose kernels run with timeouts that only a restart of the cluster changes."""
    want = frozen_timeouts(cluster)
    return {
        name
        for name, facts in restrict_to(observed, online(cluster)).reached().items()
        if live_nodes(cluster, facts) and kernel_timeouts(facts, cluster.name) != want
    }


def _running(cluster: Cluster, observed: Observed) -> set[str]:
    reached = restrict_to(observed, staying(cluster)).reached()
    return {name for name, facts in reached.items() if live_nodes(cluster, facts)}


def _swapped(moved: Sequence[Member], now: Mapping[str, Place]) -> bool:
    """Whether one is to have what another of them has until it has moved itself."""
    order = sorted(moved, key=_place)
    for at, member in enumerate(order):
        number, ip, _port = _place(member)
        later = [now[host_key(m.name)] for m in order[at + 1 :]]
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
        _put(m, now[host_key(m.name)]) if m.name in names else m
        for m in cluster.members
        if m not in listed(cluster) or (host_key(m.name) in now and m.name not in away)
    ]
    idle = {name for name in names if not _mounts(observed, name)}
    return with_member_states(with_members(cluster, kept), dict.fromkeys(idle, "drained"))


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
        yield Waypoint(settled, MOVES)


def _closed(cluster: Cluster, held: Mapping[str, str]) -> Waypoint:
    """Some volumes unmounted everywhere, for what nobody may have them mounted."""
    return Waypoint(_without(cluster, held), AWAY, "; ".join(held.values()))


def _without(cluster: Cluster, held: Collection[str]) -> Cluster:
    volumes = [withhold(v) if v.label in held else v for v in cluster.volumes]
    return with_volumes(cluster, volumes)


def _window(cluster: Cluster, stops: Collection[str], because: str) -> list[Waypoint]:
    """All at once: nothing mounted, then the cluster offline; the wish starts it again."""
    return [
        Waypoint(with_member_states(cluster, dict.fromkeys(stops, "drained")), AWAY, because),
        Waypoint(with_member_states(cluster, dict.fromkeys(stops, STOPPED)), STOP, because),
    ]
