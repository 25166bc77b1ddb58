"""What a volume needs while nobody has it mounted: a check, slots, a label, offline growth.

The tools refuse slots and labels while anybody has the volume mounted (manual ocfs2, 3), so a plan
passes through a window in which nobody has (``planning.rollout``). Whatever else needs the
volume unmounted is done in the same one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.frozen import frozen
from reconciler.gate import gate_command
from reconciler.gate.action_builders import Cause, action_for
from reconciler.model.addresses import volume_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import (
    block_doubt,
    disk_target,
    doubt,
    has_mounted,
    ref,
    target,
    use_subject,
    view_of,
)
from reconciler.model.gate_call import ANY
from reconciler.model.heartbeat_lists import unexplained_blocks, wait_seconds
from reconciler.model.heartbeats import alone
from reconciler.model.observed import HostFacts, Observed, Superblock, Unknown
from reconciler.model.plan import Action, ActionKind, Command, Fact
from reconciler.model.reading import Reading, unknown
from reconciler.model.roles import is_withdrawn, listed_members, restrict_to, staying
from reconciler.resources.growth import backups
from reconciler.resources.growth.sizes import (
    Growth,
    as_it_is,
    growth,
    in_progress,
    layers,
    serving_members,
)

# fsck.ocfs2 reads all metadata: hours for many TiB on slow disks.
CHECK_TIMEOUT = 6 * 3600.0
SLOTS_TIMEOUT = 1800.0
LABEL_TIMEOUT = 240.0
NEEDS = ("wanted", "disks", "mounts", "packages")


@frozen
class Work:
    """What a volume needs unmounted: ``slots`` to reach, 0 for none; growth, None for none.

    ``interrupted``: a change of tunefs.ocfs2 was cut short, so that it is checked, no more.
    ``label`` is the one to be given, empty for none; that alone needs no check, which reads all
    metadata, unless somebody ``died`` and left a journal, with which tunefs.ocfs2 does nothing.
    """

    block: Superblock
    worker: str
    slots: int
    growth: Growth | None
    interrupted: bool
    label: str
    died: bool

    @property
    def checked(self) -> bool:
        """Whether it is checked before anything else."""
        return bool(self.slots or self.growth or self.interrupted or self.died)

    @property
    def because(self) -> str:
        """Why it has to be unmounted everywhere."""
        words = [f"{self.slots} slots"] if self.slots else []
        words += ["offline growth"] if self.growth else []
        words += ["an interrupted change of it"] if self.interrupted else []
        words += [f"its label, {self.block.label} until now"] if self.label else []
        return " and ".join(words)


def work(cluster: Cluster, volume: Volume, observed: Observed) -> Work | None:
    """What has to be done to a volume while nobody has it mounted; None for nothing."""
    if is_withdrawn(volume):
        return None
    first = _worker(cluster, volume, observed)
    view = view_of(observed.answering_hosts()[first], ref(volume)) if first else None
    if first is None or view is None or view.superblock is None:
        return None
    need = max(len(listed_members(cluster)), volume.slots or 0)
    lacks = growth(cluster, volume, observed)
    unmounted = volume.growth == "offline" or not serving_members(cluster, volume, observed)
    grows = lacks if lacks and lacks.grows and unmounted else None
    cut = in_progress(view.superblock)
    slots = need if view.superblock.slots < need and not cut else 0
    ours = view.superblock.label in volume.last_applied.labels and not cut
    wish = volume.label if volume.labelled is None else ""
    label = wish if ours and view.superblock.label != wish else ""
    if not slots and grows is None and not cut and not label:
        return None
    died = alone(cluster, volume, observed) != ANY
    return Work(view.superblock, first, slots, grows, cut, label, died)


def _worker(cluster: Cluster, volume: Volume, observed: Observed) -> str | None:
    """Who does the work: the first to see the file system, and to have a lasting name of its device.

    Who has none is refused by name where it shall mount, and has nothing to do while it is drained.
    """
    found = layers(volume, restrict_to(observed, staying(cluster)))
    hosts = observed.answering_hosts()
    named = (host for host in found if target(hosts[host], volume) is not None)
    return next(named, next(iter(found), None))


def is_mounted(volume: Volume, observed: Observed) -> bool:
    """Whether any host that answered has it mounted."""
    return any(has_mounted(facts, ref(volume)) for facts in observed.answering_hosts().values())


def volumes_needing_outage(cluster: Cluster, observed: Observed) -> dict[str, str]:
    """The volumes that have to be unmounted everywhere, and why.

    Also one that nobody has mounted now: a host that boots meanwhile would mount it. A host of which
    something could not be read is left out: it blocks the plan by itself.
    """
    observed = _readable(observed)
    found = {}
    for volume in cluster.volumes:
        if due := work(cluster, volume, observed):
            found[volume.label] = f"{volume.label}: {due.because}"
    return found


def behind(cluster: Cluster, observed: Observed) -> dict[str, bool]:
    """The volumes whose device some kernels see smaller than others do.

    With each whether work is due on it that needs it unmounted everywhere: that begins with a
    check, which finds damage where there is none on a device cut short.
    """
    observed = _readable(observed)
    return {
        volume.label: work(cluster, volume, observed) is not None
        for volume in cluster.volumes
        if growth(cluster, as_it_is(volume), observed)
    }


def _readable(observed: Observed) -> Observed:
    found = {
        name: facts
        for name, facts in observed.answering_hosts().items()
        if not any(isinstance(getattr(facts, key), Unknown) for key in NEEDS)
    }
    return Observed(found, everybody=observed.whole)


class OfflineWindow:
    """The actions of one volume's window."""

    def __init__(self, cluster: Cluster, volume: Volume, observed: Observed, due: Work) -> None:
        self.cluster, self.volume, self.observed, self.due = cluster, volume, observed, due
        self.hosts = staying(cluster)
        self.ref = ref(volume)

    @property
    def beats(self) -> str:
        """The leftovers of those that died: nobody else may have a heartbeat there."""
        return alone(self.cluster, self.volume, self.observed)

    def command(self, *words: str, timeout: float) -> Command:
        """A verb of the gate for the device on the host that does it."""
        facts, uuid = self.observed.answering_hosts()[self.due.worker], self.due.block.uuid
        device = target(facts, self.volume, uuid, self.beats)
        patience = timeout + wait_seconds(self.cluster, self.volume, self.observed, self.beats)
        bound = device or disk_target(facts, self.volume)
        return gate_command(*words, target=bound, timeout=patience)

    def nobody_mounts(self) -> tuple[Fact, ...]:
        """Nobody has it: each member by every sign, and no heartbeat of anybody else."""
        used = use_subject(self.volume.mount.path, self.ref, self.due.block.uuid)
        subject = f"{self.ref} {self.beats}"
        return (
            # Who crashed meanwhile has left a heartbeat: its journal is replayed by the check.
            Fact(self.hosts, "released", used, "released"),
            Fact((self.due.worker,), "heartbeats", subject, "explained"),
            # On a device cut short fsck finds damage where there is none.
            Fact((self.due.worker,), "device-covers", self.ref, "whole"),
        )

    def action(self, kind: ActionKind, summary: str, command: Command) -> Action:
        """One of them."""
        host = self.due.worker
        return action_for(
            self.cluster.name,
            Cause(volume_address(self.volume.label), host, self.due.because),
            kind,
            self.volume.label,
            summary=summary,
            command=command,
            requires=self.nobody_mounts(),
            expects=(),  # no fact shows what a check found: the gate's verdict decides
            seconds=20,
        )

    def backup(self) -> Iterator[Action]:
        """The operator's own backup, while everybody still has the volume."""
        if self.due.growth is None or not is_mounted(self.volume, self.observed):
            return
        block = self.due.block
        if how := backups.due(self.cluster, self.volume, block, self.observed):
            yield from backups.actions(self.cluster, self.volume, how, block)

    def backup_proof(self) -> tuple[Fact, ...]:
        """What proves the backup before an offline growth."""
        if self.due.growth is None:
            return ()
        given = (self.cluster, self.volume, self.due.block, self.observed)
        return backups.proof(*given, (self.due.worker,))

    def check(self, kind: ActionKind) -> Action:
        """fsck.ocfs2, judged by what it says."""
        words = ("check-fs", "o2cb", self.cluster.name)
        action = self.action(
            kind,
            f"check the file system {self.volume.label}",
            self.command(*words, timeout=CHECK_TIMEOUT),
        )
        return replace(
            action, requires=(*action.requires, *self.backup_proof()), irreversible=True
        )

    def slots(self) -> Iterator[Action]:
        """More slots."""
        if not self.due.slots:
            return
        count = str(self.due.slots)
        words = ("add-slots", count)
        action = self.action(
            "add-slots",
            f"give {self.volume.label} {count} slots, of {self.due.block.slots}",
            self.command(*words, timeout=SLOTS_TIMEOUT),
        )
        expects = (Fact(self.hosts, "slots", f"{self.ref} {count}", "enough"),)
        yield replace(action, expects=expects, irreversible=True)

    def label(self) -> Iterator[Action]:
        """The label that the file has."""
        if not self.due.label:
            return
        words = ("set-label", self.due.label)
        action = self.action(
            "set-label",
            f"label {self.due.label} what was {self.due.block.label}",
            self.command(*words, timeout=LABEL_TIMEOUT),
        )
        seen = Fact(self.hosts, "label", self.ref, self.due.label)
        same = Fact(self.hosts, "file-system-uuid", self.ref, self.due.block.uuid)
        yield replace(action, requires=(*action.requires, same), expects=(seen, same))


def slots(facts: HostFacts, subject: str) -> str:
    """Whether the file system of ``REF COUNT`` has so many slots."""
    name, least = subject.rsplit(" ", 1)
    view = view_of(facts, name)
    if view is None or view.superblock is None:
        why = block_doubt(facts, name)
        return unknown(why) if why else "absent"
    have = view.superblock.slots
    return "enough" if have >= int(least) else str(have)


def heartbeats(facts: HostFacts, subject: str) -> str:
    """Whether ``REF BEATS`` explains every heartbeat there, as ``Target.beats`` does."""
    name, beats = subject.rsplit(" ", 1)
    view = view_of(facts, name)
    if view is None or view.beats is None:
        return unknown(doubt(facts, name) or "the heartbeat area was not read")
    alive = unexplained_blocks(beats, view.beats)
    words = ", ".join(map(str, alive))
    return f"nothing explains the heartbeat of node {words}" if alive else "explained"


def label(facts: HostFacts, subject: str) -> str:
    """The label in the superblock behind a device."""
    view = view_of(facts, subject)
    if view and view.superblock:
        return view.superblock.label
    why = block_doubt(facts, subject)
    return unknown(why) if why else "absent"


READINGS = {
    **backups.READINGS,
    "label": Reading(("wanted",), label),
    "slots": Reading(("wanted",), slots),
    "heartbeats": Reading(("wanted",), heartbeats),
}
