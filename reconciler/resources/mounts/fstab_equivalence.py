"""Lines of fstab that somebody else wrote, and that do what the file says (``files: kept``)."""

from __future__ import annotations

from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import kernel_path
from reconciler.model.lasting_names import instability
from reconciler.model.observed import HostFacts, require
from reconciler.model.ocfs2_options import own_options, refused_options
from reconciler.model.roles import mounts_at_boot
from reconciler.resources.mounts.fstab import Entry, entries
from reconciler.resources.mounts.moves import former_entries, own_names


def keeps_operator_line(cluster: Cluster, volume: Volume, facts: HostFacts) -> bool:
    """Whether a host's fstab may stay as it is, though reconcile would write it otherwise."""
    if cluster.files != "kept" or former_entries(volume, facts):
        return False
    text = require(facts.fstab).text or ""
    found = [entry for entry in entries(text) if entry.path == volume.mount.path]
    at_boot = mounts_at_boot(volume)
    if not at_boot and not found:
        return True
    return len(found) == 1 and _mounts(volume, facts, found[0]) == at_boot


def _mounts(volume: Volume, facts: HostFacts, entry: Entry) -> bool | None:
    """Whether a line mounts the volume at boot as the file says; None for another line.

    A kernel's name of a disk is another disk's after the next boot, so it does not count, nor
    a line without ``_netdev``, which would be mounted before o2cb is there, or with an option
    with which no mount succeeds. A sixth field is only told: it makes no mount fail.
    """
    options = entry.options
    lasting = entry.source in own_names(volume, facts) and not _is_kernels(entry.source, facts)
    same = set(own_options(options)) == set(own_options(volume.mount.options))
    if entry.kind != "ocfs2" or not lasting or not same or refused_options(options):
        return None
    if entry.is_idle:
        return False
    return True if "_netdev" in options else None


def _is_kernels(source: str, facts: HostFacts) -> bool:
    """As /dev/sdb; DRBD's are of its own files, and last."""
    return bool(instability(source)) and source in {
        kernel_path(disk) for disk in require(facts.disks)
    }
