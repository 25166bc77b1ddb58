"""Which order each unit of a host should have, in systemd's own words (systemd.unit(5)).

systemd stops what it started in the reverse order, and only what it has ordered: a workload
without a word about its mount is stopped at the same time as that is unmounted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import stable_path
from reconciler.model.drbd import drbd_units
from reconciler.model.observed import HostFacts, require
from reconciler.model.roles import is_withdrawn, mounts_at_boot
from reconciler.model.units import full_names, path_unit

O2CB = "o2cb.service"
GUESTS = "libvirt-guests.service"
AFTER_CLUSTER = f"After={O2CB}"
# Stopping ocfs2.service unmounts every volume and kills who uses one (vendor/common/ocfs2.init):
# at shutdown it would do so to a workload that is still stopping.
INSIDE = (AFTER_CLUSTER, "After=ocfs2.service")
# By the unit that tells that a host uses it: what gives the host its disks. Debian logs in by
# open-iscsi.service, Red Hat by iscsi.service.
STORAGE: Mapping[str, tuple[str, ...]] = {
    "iscsid.service": ("iscsid.service", "iscsi.service", "open-iscsi.service"),
    "multipathd.service": ("multipathd.service",),
}
# Network mounts come after this target, also those that systemd knows from the kernel alone,
# as an agent's are; it is there only if somebody wants it (systemd.special(7)).
BEFORE_MOUNTS = ("Before=remote-fs-pre.target", "Wants=remote-fs-pre.target")


def workloads(volume: Volume) -> tuple[str, ...]:
    """The units of what uses a volume; guests are stopped by libvirt's own."""
    if volume.workloads is None or is_withdrawn(volume):
        return ()
    guests = volume.workloads.guests
    libvirt = (GUESTS,) if guests is not None and guests.kind == "libvirt" else ()
    return full_names((*volume.workloads.services, *libvirt))


def ordered_units(cluster: Cluster) -> tuple[str, ...]:
    """The units whose order the probe is to tell."""
    found = [unit for volume in cluster.volumes for unit in workloads(volume)]
    mounts = [mount_unit(volume.mount.path) for volume in cluster.volumes]
    return tuple(dict.fromkeys((*found, *mounts)))


def guest_units(cluster: Cluster) -> tuple[str, ...]:
    """Of the units those that no file names as a service."""
    return (GUESTS,) if GUESTS in ordered_units(cluster) else ()


def wanted_drop_ins(cluster: Cluster, facts: HostFacts) -> Mapping[str, tuple[str, ...]]:
    """By unit the lines of its drop-in; a unit that the host lacks needs none.

    A workload is stopped before the volume is unmounted, by whomever, and is not started at
    boot where fstab's mount failed. It does not *want* o2cb: starting it in a window must not
    start the cluster.
    """
    found: dict[str, list[str]] = {}
    for volume in cluster.volumes:
        for unit in workloads(volume):
            if load(facts, unit) != "not-found":
                path = f"RequiresMountsFor={volume.mount.path}"
                found.setdefault(unit, [*INSIDE]).append(path)
    if lines := _cluster_lines(cluster, facts):
        found[O2CB] = lines
    return {unit: tuple(lines) for unit, lines in found.items()}


def _cluster_lines(cluster: Cluster, facts: HostFacts) -> list[str]:
    """The cluster goes before the disks do, and after everything that is mounted."""
    used = [units for unit, units in STORAGE.items() if _is_used(facts, unit)]
    used += [units for volume in cluster.volumes if (units := drbd_units(volume, facts))]
    lines = [f"After={unit}" for unit in dict.fromkeys(u for units in used for u in units)]
    agents = any(volume.mounted_by == "workload" for volume in cluster.volumes)
    return [*lines, *BEFORE_MOUNTS] if lines or agents else []


def wanted_mounts(volumes: Sequence[Volume], facts: HostFacts) -> Mapping[str, Volume]:
    """By mount unit those of a host's volumes that fstab mounts: that line has their order."""
    return {
        mount_unit(v.mount.path): v
        for v in volumes
        if mounts_at_boot(v) and stable_path(v.device, facts) is not None
    }


def is_in_fstab(facts: HostFacts, path: str) -> bool:
    """Whether a line is about a path, which has nothing that a file would have to escape."""
    lines = (require(facts.fstab).text or "").split("\n")
    return any(line.split()[1:2] == [path] and line[:1] != "#" for line in lines)


def load(facts: HostFacts, unit: str) -> str:
    """systemd's LoadState of a unit."""
    return next((u.load for u in require(facts.services) if u.name == unit), "not-found")


def _is_used(facts: HostFacts, unit: str) -> bool:
    found = next((u for u in require(facts.services) if u.name == unit), None)
    return found is not None and (found.enabled or found.active == "active")


def order(facts: HostFacts, subject: str) -> str:
    """Whether systemd has the word of ``UNIT WORD``."""
    unit, word = subject.split(" ", 1)
    return "kept" if (unit, word) in require(facts.ordering).words else "absent"


def mount_unit(path: str) -> str:
    """The name of a path's mount unit, as ``systemd-escape --path`` gives it."""
    return path_unit(path, "mount")
