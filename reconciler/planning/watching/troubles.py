"""What is not well with a cluster now, by the facts of its hosts: the reasons of Degraded.

Each trouble is of a member, of a volume, of both, or of the whole cluster. What could not be read
is no trouble, and no proof that there is none: ``standing`` says Unknown there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace

from reconciler.frozen import frozen
from reconciler.gate.lease_decision import EXPIRY
from reconciler.model.addresses import MEMBER, parse_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import ref, view_of
from reconciler.model.doubled_heartbeats import doubled_heartbeats
from reconciler.model.observed import (
    HostFacts,
    LiveCluster,
    MountPoint,
    Observed,
    Unknown,
    WantedDevice,
)
from reconciler.model.roles import mounting_it, online
from reconciler.planning.checks.foreign_hosts import drop_foreign_members
from reconciler.planning.resolve.numbering import with_numbers
from reconciler.planning.review.forecast import findings
from reconciler.planning.review.notes import quarantined_hosts
from reconciler.resources.growth.sizes import in_progress
from reconciler.resources.health.readings import problems as cluster_problems
from reconciler.resources.health.readings import subject
from reconciler.resources.workloads.obligations import (
    StoppedWorkloads,
    forgotten_workloads,
    obligations,
)

# Of the size of a file system; ocfs2 needs room of its own for what it journals and allocates.
NEARLY_FULL = 0.95
SOON = 7.0


@frozen
class Trouble:
    """``reason`` is a word of ``REASONS``; member and volume are empty where it is of neither."""

    reason: str
    words: str
    member: str = ""
    volume: str = ""


@frozen
class Sight:
    """A cluster as it was seen; ``full_in`` is by label in how many days a volume is full.

    ``slotless`` are the mounts, by host and label, that had no slot at the look before, None where
    that is not known: without a slot is a mount also while it begins and ends.
    """

    cluster: Cluster
    observed: Observed
    full_in: Mapping[str, float] = field(default_factory=dict)
    slotless: frozenset[tuple[str, str]] | None = None

    def mounts(self) -> Iterator[tuple[str, HostFacts, Volume, list[MountPoint]]]:
        """Every volume on every host of which both were read, with its mounts there."""
        for host, facts in self.observed.answering_hosts().items():
            if isinstance(facts.mounts, Unknown) or isinstance(facts.wanted, Unknown):
                continue
            for volume in self.cluster.volumes:
                yield host, facts, volume, list(_mounts(volume, facts))


def _mounts(volume: Volume, facts: HostFacts) -> Iterator[MountPoint]:
    view = _view(volume, facts)
    for mount in () if isinstance(facts.mounts, Unknown) else facts.mounts:
        known = view is not None and view.device is not None
        if mount.device == view.device if known and view else mount.path == volume.mount.path:
            yield mount


def _view(volume: Volume, facts: HostFacts) -> WantedDevice | None:
    return None if isinstance(facts.wanted, Unknown) else view_of(facts, ref(volume))


def _live(cluster: Cluster, facts: HostFacts) -> LiveCluster | None:
    return None if isinstance(facts.live, Unknown) else facts.live.running(cluster.name)


def _number(cluster: Cluster, facts: HostFacts) -> int | None:
    live = _live(cluster, facts)
    return next((node.number for node in live.nodes if node.local), None) if live else None


def _read_only(sight: Sight) -> Iterator[Trouble]:
    for host, _facts, volume, mounts in sight.mounts():
        asked = "ro" in volume.mount.options
        if any("ro" in mount.options for mount in mounts) and not asked:
            yield Trouble("ReadOnly", f"{volume.label} is read-only", host, volume.label)


def _interrupted(sight: Sight) -> Iterator[Trouble]:
    for volume in sight.cluster.volumes:
        views = (_view(volume, f) for f in sight.observed.answering_hosts().values())
        block = next((view.superblock for view in views if view and view.superblock), None)
        if block and in_progress(block):
            words = f"a tunefs.ocfs2 of {volume.label} was cut short"
            yield Trouble("Interrupted", words, "", volume.label)


def _heartbeat(sight: Sight) -> Iterator[Trouble]:
    for host, facts, volume, mounts in sight.mounts():
        view, number = _view(volume, facts), _number(sight.cluster, facts)
        known = view is not None and view.advancing is not None and number is not None
        if mounts and known and view and number not in (view.advancing or ()):
            words = f"the heartbeat on {volume.label} stands still"
            yield Trouble("HeartbeatStale", words, host, volume.label)


def _not_well(sight: Sight) -> Iterator[Trouble]:
    """Connections, recovery, an old heartbeat: as a run asks it between two hosts."""
    of = subject(sight.cluster, "")
    for host, facts in sight.observed.answering_hosts().items():
        needed = (facts.live, facts.mounts, facts.wanted, facts.log, facts.identity)
        if not any(isinstance(section, Unknown) for section in needed):
            # Messages have no end: what an old one tells may be over.
            ill = (*cluster_problems(replace(facts, log=()), of), *_doubled(facts))
            if told := "; ".join(words for words in ill if "read-only" not in words):
                yield Trouble("NotWell", told, host)


def _doubled(facts: HostFacts) -> Iterator[str]:
    for _device, number in doubled_heartbeats(facts):
        yield f"another host writes its heartbeat as node {number}, its own number"


def _offline(sight: Sight) -> Iterator[Trouble]:
    runs = online(sight.cluster)
    for host, facts in sight.observed.answering_hosts().items():
        unread = isinstance(facts.live, Unknown)
        if host in runs and not unread and _live(sight.cluster, facts) is None:
            yield Trouble("ClusterOffline", "its kernel has no cluster", host)


def _not_mounted(sight: Sight) -> Iterator[Trouble]:
    for host, _facts, volume, mounts in sight.mounts():
        if host in mounting_it(sight.cluster, volume) and not mounts:
            yield Trouble("NotMounted", f"{volume.label} is not mounted", host, volume.label)


def _hidden(sight: Sight) -> Iterator[Trouble]:
    for host, _facts, volume, mounts in sight.mounts():
        if mounts and all(mount.pid != 1 for mount in mounts):
            words = f"{volume.label} is mounted in a namespace of its own only"
            yield Trouble("MountHidden", words, host, volume.label)


def find_slotless(cluster: Cluster, observed: Observed) -> frozenset[tuple[str, str]]:
    """Mounts without a slot of their own on the disk, by host and label; none where a run is at work."""
    cluster = with_numbers(drop_foreign_members(cluster, observed), observed)
    return frozenset(_slotless(Sight(cluster, observed)))


def _slotless(sight: Sight) -> Iterator[tuple[str, str]]:
    for host, facts, volume, mounts in sight.mounts():
        view, number = _view(volume, facts), _number(sight.cluster, facts)
        slots = view.slot_map if view else None
        taken = slots is None or number is None or number in {slot.node for slot in slots}
        if mounts and not taken and not _is_at_work(facts):
            yield host, volume.label


def _is_at_work(facts: HostFacts) -> bool:
    """Whether a run holds the host, or something of one still runs there."""
    leases = () if isinstance(facts.leases, Unknown) else facts.leases
    return any(lease.running or (lease.run and lease.age <= EXPIRY) for lease in leases)


def _no_slot(sight: Sight) -> Iterator[Trouble]:
    for host, label in _slotless(sight):
        if sight.slotless is None or (host, label) in sight.slotless:
            words = f"{label} is mounted without a slot of its own"
            yield Trouble("NoSlot", words, host, label)


def _device_unread(sight: Sight) -> Iterator[Trouble]:
    for host, facts, volume, mounts in sight.mounts():
        view = _view(volume, facts)
        if mounts and view and view.unread:
            words = f"the device of {volume.label} cannot be read: {view.unread}"
            yield Trouble("DeviceUnread", words, host, volume.label)


def _lists(sight: Sight) -> Iterator[Trouble]:
    groups: dict[object, list[str]] = {}
    for host, facts in sight.observed.answering_hosts().items():
        if live := _live(sight.cluster, facts):
            nodes = tuple(sorted((node.number, node.name) for node in live.nodes))
            groups.setdefault(nodes, []).append(host)
    if len(groups) > 1:
        told = " | ".join(", ".join(hosts) for hosts in groups.values())
        yield Trouble("ListsDiffer", f"the live node lists differ: {told}")


def _fill(sight: Sight) -> Iterator[Trouble]:
    for volume in sight.cluster.volumes:
        asked = [m for _h, _f, of, ms in sight.mounts() if of is volume for m in ms]
        fills = [1 - (m.free or 0) / m.size for m in asked if m.size and m.free is not None]
        full = max(fills, default=0.0)
        days = sight.full_in.get(volume.label)
        if full >= NEARLY_FULL:
            words = f"{volume.label} is {full:.0%} full"
            yield Trouble("NearlyFull", words, "", volume.label)
        elif days is not None and days <= SOON:
            words = f"{volume.label} is full in {days:.0f} days, if it goes on as it did"
            yield Trouble("FillsSoon", words, "", volume.label)


def _quarantine(sight: Sight) -> Iterator[Trouble]:
    for entry in quarantined_hosts(sight.cluster, sight.observed):
        yield Trouble("HostQuarantined", f"{entry.name} could return with an old list")


def _unfinished(sight: Sight) -> Iterator[Trouble]:
    for host, facts in sight.observed.answering_hosts().items():
        for lease in () if isinstance(facts.leases, Unknown) else facts.leases:
            # A sealed one has ended: the next run takes its place.
            is_cut_off = lease.age > EXPIRY and not lease.sealed
            if is_cut_off or not lease.run or (lease.sealed and lease.running):
                run = lease.run or "a run"
                yield Trouble("RunUnfinished", f"{run} did not end there", host)
        if isinstance(facts.records, Unknown):
            continue
        for owed in (
            obligations(sight.cluster, facts),
            forgotten_workloads(sight.cluster, facts),
        ):
            if owed != StoppedWorkloads():
                yield Trouble("RunUnfinished", f"a run has stopped {owed.words}", host)


def _next_boot(sight: Sight) -> Iterator[Trouble]:
    for found in findings(sight.cluster, sight.observed):
        if found.severity == "warning":
            about = parse_address(found.subject)
            names = (about.name, "") if about.sort == MEMBER else ("", about.name)
            yield Trouble("NextBoot", f"{found.code}: {found.message}", *names)


# Every reason, the worst first: the first that is found is the one that a condition has.
REASONS: Mapping[str, Callable[[Sight], Iterator[Trouble]]] = {
    "ReadOnly": _read_only,
    "Interrupted": _interrupted,
    "ListsDiffer": _lists,
    "HeartbeatStale": _heartbeat,
    "NotWell": _not_well,
    "ClusterOffline": _offline,
    "NotMounted": _not_mounted,
    "NoSlot": _no_slot,
    "MountHidden": _hidden,
    "DeviceUnread": _device_unread,
    "NearlyFull": _fill,
    "FillsSoon": _fill,
    "RunUnfinished": _unfinished,
    "HostQuarantined": _quarantine,
    "NextBoot": _next_boot,
}


def find_troubles(sight: Sight) -> tuple[Trouble, ...]:
    """All that is not well, the worst first; each once."""
    found = dict.fromkeys(t for rule in dict.fromkeys(REASONS.values()) for t in rule(sight))
    places = list(REASONS)
    return tuple(sorted(found, key=lambda trouble: places.index(trouble.reason)))
