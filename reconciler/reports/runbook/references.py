"""What things are called on each host: the plan's references in an operator's words."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence

from reconciler.frozen import frozen
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import (
    disk_of,
    lasting_link,
    ref,
    stable_link,
    stable_path,
    view_of,
    whole_disk,
)
from reconciler.model.observed import (
    Disk,
    HostFacts,
    MountPoint,
    Observed,
    Superblock,
    Unknown,
)
from reconciler.reports.visible import visible
from reconciler.resources.workloads.guests import listings

CONFIGFS = "/sys/kernel/config/cluster"


# A host, and a path on which it has an OCFS2 volume.
Mounted = tuple[str, str]


@frozen
class Places:
    """One cluster and what its hosts were seen to have; ``mounted`` is as of a step."""

    cluster: Cluster
    observed: Observed
    mounted: frozenset[Mounted] = frozenset()

    def facts(self, host: str) -> HostFacts | None:
        """What a host has, if it was read."""
        found = {**self.observed.hosts, **self.observed.storage}.get(host)
        return found if isinstance(found, HostFacts) else None

    def _volume(self, reference: str) -> Volume | None:
        return next((v for v in self.cluster.volumes if ref(v) == reference), None)

    def device(self, host: str, reference: str) -> str:
        """The stable path of a device on a host; by its reference where that was not seen."""
        facts, volume = self.facts(host), self._volume(reference)
        if facts is None or volume is None or isinstance(facts.wanted, Unknown):
            return _by_reference(reference)
        if isinstance(facts.disks, Unknown):
            return _by_reference(reference)
        return stable_path(volume.device, facts) or _by_reference(reference)

    def disk(self, host: str, reference: str) -> Disk | None:
        """The whole disk beneath a device, as the host's kernel has it."""
        facts = self.facts(host)
        if (
            facts is None
            or isinstance(facts.wanted, Unknown)
            or isinstance(facts.disks, Unknown)
        ):
            return None
        view = view_of(facts, reference)
        return whole_disk(facts, view) if view else None

    def partition(self, host: str, reference: str) -> Disk | None:
        """The device itself, which is a partition where the file has one."""
        facts = self.facts(host)
        if (
            facts is None
            or isinstance(facts.wanted, Unknown)
            or isinstance(facts.disks, Unknown)
        ):
            return None
        view = view_of(facts, reference)
        return disk_of(facts, view) if view else None

    def disk_path(self, host: str, reference: str) -> str:
        """The stable path of the whole disk."""
        disk = self.disk(host, reference)
        link = (stable_link(disk) or lasting_link(disk)) if disk else None
        return link or self.device(host, reference)

    def paths(self, host: str, reference: str) -> tuple[str, ...]:
        """Kernel names of a multipath map's paths, or of the disk itself."""
        disk = self.disk(host, reference)
        if disk is None:
            return ()
        return disk.slaves if is_map(disk) else (disk.name,)

    def superblock(self, reference: str) -> Superblock | None:
        """The file system on a device, as any host saw it."""
        for host in self.observed.hosts:
            facts = self.facts(host)
            if facts is None or isinstance(facts.wanted, Unknown):
                continue
            view = view_of(facts, reference)
            if view and view.superblock:
                return view.superblock
        return None

    def mount(self, host: str, path: str) -> MountPoint | None:
        """What a host had mounted on a path."""
        facts = self.facts(host)
        mounts = () if facts is None or isinstance(facts.mounts, Unknown) else facts.mounts
        return next((m for m in mounts if m.path == path), None)

    def manager(self, host: str) -> str:
        """As the probe tells it: ``dpkg``, ``rpm``, ``yum`` or another."""
        facts = self.facts(host)
        if facts is None or isinstance(facts.packages, Unknown):
            return "dpkg"
        return facts.packages.manager or "dpkg"

    def o2cb_file(self, host: str) -> str:
        """The settings of o2cb, which distributions keep in different places."""
        facts = self.facts(host)
        if facts is None or isinstance(facts.o2cb_config, Unknown):
            return "/etc/default/o2cb"
        return facts.o2cb_config.path

    def listing(self, path: str) -> str:
        """The command that lists the guests of the volume on a path."""
        for item in listings(self.cluster):
            place, *words = item.split("\n")
            if place == path and words:
                return shlex.join(words)
        return "virsh list --name"


def is_map(disk: Disk) -> bool:
    """Whether a disk is a multipath map."""
    return (disk.dm_uuid or "").startswith("mpath-")


def _by_reference(reference: str) -> str:
    """A path for ``wwid=W`` or ``path=P``, perhaps with ``,part=N``, as udev names it."""
    whole, _, number = reference.partition(",part=")
    kind, _, name = whole.partition("=")
    path = name if kind == "path" else f"/dev/disk/by-id/dm-uuid-mpath-{name}"
    if not number:
        return path
    return (
        path.replace("dm-uuid-", f"dm-uuid-part{number}-")
        if kind == "wwid"
        else f"{path}-part{number}"
    )


def by_cluster(pairs: Sequence[tuple[Cluster, Observed]]) -> Mapping[str, Places]:
    """The places of every cluster of a file."""
    return {
        cluster.name: Places(cluster, observed, frozenset(_mounted(observed)))
        for cluster, observed in pairs
    }


def _mounted(observed: Observed) -> Iterator[Mounted]:
    for name, facts in observed.answering_hosts().items():
        mounts = () if isinstance(facts.mounts, Unknown) else facts.mounts
        yield from ((name, mount.path) for mount in mounts)


def shell(*words: str) -> str:
    """Words as they are typed."""
    return shlex.join(words)


def remark(text: str) -> str:
    """Words that hosts chose, behind a ``#``: on its line, whatever is in them."""
    return visible(" ".join(text.splitlines()))


def lines(text: str) -> Iterator[str]:
    """The lines of a text without a last empty one."""
    yield from text.removesuffix("\n").split("\n")
