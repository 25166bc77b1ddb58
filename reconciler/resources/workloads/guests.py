"""Guests: virtual machines, moved or shut down before their volume is unmounted.

A guest that runs twice destroys its disk: it is started only where no other member has it, and
by one member at a time. None is ever killed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.frozen import frozen
from reconciler.model.addresses import member_address, parse_address, volume_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.observed import Guest, HostFacts, Observed, Unknown, require
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, Change
from reconciler.model.reading import Reading
from reconciler.model.roles import is_withdrawn, leaving, mounting_it
from reconciler.model.volume_integrations import Guests
from reconciler.resources.workloads.obligations import Named, obligations
from reconciler.resources.workloads.programs import is_unapproved

# What is said of a guest to which nothing is owed any more.
VOID = "owed nothing"


def listings(cluster: Cluster) -> tuple[str, ...]:
    """For the probe, each volume's mount path and its list command; by libvirt without one."""
    return tuple("\n".join((v.mount.path, *(of(v).list or ()))) for v in _with_guests(cluster))


def unstoppable(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse to take a volume from guests that are unknown, or that could not come back."""
    for volume in _with_guests(cluster):
        mounts = mounting_it(cluster, volume)
        for host, facts in observed.answering_hosts().items():
            if host not in mounts and not _is_idle(facts):
                yield from _check_taken(volume, host, facts)
                if _listed(facts, volume) and _comes_back(cluster, volume, host):
                    yield from _check_joiners(cluster, volume, observed)
            elif host in mounts and not isinstance(facts.records, Unknown):
                owed = [g for g in obligations(cluster, facts).guests if g[0] == volume.label]
                yield from _check_owed(volume, observed) if owed else ()


def _check_taken(volume: Volume, host: str, facts: HostFacts) -> Iterator[Blocked]:
    if isinstance(facts.guests, Unknown):
        if not (is_unapproved(facts) and _is_unmounted(volume, facts)):
            yield _unread(volume, host, facts)
        return
    if names := [g.name for g in _listed(facts, volume) if not g.persistent]:
        yield Blocked(
            "guest-transient",
            volume_address(volume.label),
            f"{host}: {', '.join(names)} is transient: once shut down, libvirt knows it no more",
            f"make it persistent on {host} (virsh dumpxml NAME >FILE; virsh define FILE), or "
            "move it away by hand",
        )


def _check_joiners(cluster: Cluster, volume: Volume, observed: Observed) -> Iterator[Blocked]:
    """A guest starts again where it runs on nobody else: who gets the volume, too, has to tell."""
    for host, facts in observed.answering_hosts().items():
        if is_unapproved(facts) and _comes_back(cluster, volume, host):
            yield _unread(volume, host, facts)


def _check_owed(volume: Volume, observed: Observed) -> Iterator[Blocked]:
    for host, facts in observed.answering_hosts().items():
        if isinstance(facts.guests, Unknown) and not _is_idle(facts):
            yield _unread(volume, host, facts)


def _unread(volume: Volume, host: str, facts: HostFacts) -> Blocked:
    reason = facts.guests.reason if isinstance(facts.guests, Unknown) else ""
    if is_unapproved(facts):
        return Blocked(
            "program-unapproved",
            volume_address(volume.label),
            f"{host}: the guests of {volume.label} are not known: {reason}",
            "apply the file first without what unmounts the volume or starts guests: that "
            "approves the list command; then plan again",
        )
    return Blocked(
        "guests-unread",
        volume_address(volume.label),
        f"{host}: the guests of {volume.label} could not be listed: {reason}",
        f"run the list command on {host} by hand and see; then plan again",
    )


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Guests that run where their volume is to be unmounted, or that we owe a start."""
    for volume in _with_guests(cluster):
        mounts = mounting_it(cluster, volume)
        for host, facts in observed.answering_hosts().items():
            owed = [
                n for label, n in obligations(cluster, facts).guests if label == volume.label
            ]
            names = [guest.name for guest in _listed(facts, volume)]
            turn = _Turn(volume, host, names)
            if host in mounts:
                yield from (turn.return_change(name) for name in owed)
                continue
            yield from (turn.take_change(name, _why(cluster, volume, host)) for name in names)
            for name in owed:
                other = _elsewhere(observed, volume, host, name)
                if name not in names and (other or not _comes_back(cluster, volume, host)):
                    yield turn.void(name, other)


@frozen
class _Turn:
    """The guests of a volume on a host, ``running`` there."""

    volume: Volume
    host: str
    running: Sequence[str]

    def return_change(self, name: str) -> Change:
        before = "running" if name in self.running else "stopped"
        return self._change(name, before, "running", "an earlier step stopped it")

    def take_change(self, name: str, because: str) -> Change:
        return self._change(name, "running", "stopped", because)

    def void(self, name: str, other: str) -> Change:
        if other:
            return self._change(name, f"on {other}", VOID, f"it runs on {other}")
        return self._change(name, "owed a start", VOID, f"{self.host} leaves: it stays stopped")

    def _change(self, name: str, before: str, after: str, because: str) -> Change:
        where = member_address(self.host, "guest", self.volume.label, name)
        return Change(where, self.host, "service", before, after, because)


def _why(cluster: Cluster, volume: Volume, host: str) -> str:
    if not _comes_back(cluster, volume, host):
        what = f"{host} leaves" if host in leaving(cluster) else "its volume is withdrawn"
        return f"{what}: stopped, it stays so"
    return "it must not run while its volume is unmounted"


def _comes_back(cluster: Cluster, volume: Volume, host: str) -> bool:
    return host not in leaving(cluster) and not is_withdrawn(volume)


def _elsewhere(observed: Observed, volume: Volume, host: str, name: str) -> str:
    """Another host that lists a guest; empty if none is known to."""
    found = (
        other
        for other, facts in observed.answering_hosts().items()
        if other != host and name in {guest.name for guest in _listed(facts, volume)}
    )
    return next(found, "")


def is_guest(change: Change) -> bool:
    """Whether a change is about a guest."""
    return parse_address(change.address).aspect[0] == "guest"


def name_guest(item: Change | Action) -> Named:
    """Label and name of the guest that it is about."""
    _guest, label, name = parse_address(item.address).aspect
    return label, name


def comes_back(cluster: Cluster, change: Change) -> bool:
    """Whether a guest that is stopped is to run on that host again."""
    return _comes_back(cluster, volume_of(cluster, change), change.host)


def without(owed: Sequence[Named], back: Sequence[Change | Action]) -> tuple[Named, ...]:
    """What is owed but for those."""
    return tuple(item for item in owed if item not in {name_guest(b) for b in back})


def _with_guests(cluster: Cluster) -> tuple[Volume, ...]:
    return tuple(v for v in cluster.volumes if v.workloads and v.workloads.guests)


def subject_of(volume: Volume, name: str) -> str:
    """How the readings name a guest of a volume."""
    return f"{volume.mount.path} {name}"


def of(volume: Volume) -> Guests:
    """What the file says of the guests of a volume that has them."""
    assert volume.workloads is not None  # noqa: S101  # only such volumes are asked for
    assert volume.workloads.guests is not None  # noqa: S101  # the same
    return volume.workloads.guests


def volume_of(cluster: Cluster, change: Change) -> Volume:
    """The volume of the guest that it is about."""
    label, _name = name_guest(change)
    return next(v for v in cluster.volumes if v.label == label)


def _listed(facts: HostFacts, volume: Volume) -> tuple[Guest, ...]:
    """The guests of a volume that run on a host; none is known where they are unread."""
    guests = () if isinstance(facts.guests, Unknown) else facts.guests
    return tuple(guest for guest in guests if guest.path == volume.mount.path)


def _is_unmounted(volume: Volume, facts: HostFacts) -> bool:
    """Whether a volume is known not to be mounted on a host, so that no guest of it can run."""
    if isinstance(facts.mounts, Unknown):
        return False
    paths = {volume.mount.path, *volume.last_applied.paths}
    return not any(mount.path in paths for mount in facts.mounts)


def _is_idle(facts: HostFacts) -> bool:
    """Whether nothing of any volume is in use on a host, so that no guest can be."""
    if isinstance(facts.mounts, Unknown) or isinstance(facts.live, Unknown):
        return False
    used = [m for m in facts.mounts if not m.options or not m.options[0].startswith("!")]
    return not used and not any(c.regions for c in facts.live.clusters)


def guests(facts: HostFacts, path: str) -> str:
    """The guests that run from the volume on a path."""
    return ", ".join(g.name for g in require(facts.guests) if g.path == path) or "none"


def guest(facts: HostFacts, subject: str) -> str:
    """Whether NAME of ``PATH NAME`` runs; without any volume in use it cannot."""
    path, name = subject.split(" ")
    if isinstance(facts.guests, Unknown) and _is_idle(facts):
        return "absent"
    return "running" if Guest(path, name) in _persistent(facts) else "absent"


def _persistent(facts: HostFacts) -> list[Guest]:
    return [replace(guest, persistent=True) for guest in require(facts.guests)]


READINGS = {
    "guests": Reading(("guests",), guests),
    "guest": Reading(("guests", "mounts", "live"), guest),
}
