"""Mounts: on the volume's path now and by fstab after every boot, or nowhere.

Whether a volume may be mounted is in ``checks``, what would change it in ``actions``.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.addresses import (
    extend_address,
    member_address,
    volume_address,
)
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import mount_subject as subject
from reconciler.model.devices import (
    stable_path,
)
from reconciler.model.observed import HostFacts, Observed, Unknown, require
from reconciler.model.plan import Change
from reconciler.model.roles import is_withheld, leaving, mounting_it, mounts_at_boot
from reconciler.resources.mounts.fstab import entries, fstab_line
from reconciler.resources.mounts.fstab_equivalence import keeps_operator_line
from reconciler.resources.mounts.moves import (
    REMOUNTED,
    former_entries,
    former_mounts,
    places,
    remount_reason,
    topmost_mount,
)
from reconciler.resources.mounts.readings import boot_mount, mount_options, read_mounted


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Volumes that are not mounted, or still are; then fstab lines that differ."""
    reached = observed.answering_hosts()
    for host in leaving(cluster):
        yield from _diff_automounts(host, reached[host]) if host in reached else ()
    for volume in cluster.volumes:
        mounts = mounting_it(cluster, volume)
        for diff_one in (_diff_mount, _diff_boot):
            for host, facts in reached.items():
                out = "" if host in mounts else _why_not(cluster, volume, (host, facts))
                if (
                    diff_one is _diff_boot
                    and not out
                    and keeps_operator_line(cluster, volume, facts)
                ):
                    continue
                yield from diff_one(volume, host, facts, out)


def _diff_automounts(host: str, facts: HostFacts) -> Iterator[Change]:
    """What would mount again by itself on a host that leaves."""
    for item in () if isinstance(facts.automounts, Unknown) else facts.automounts:
        where = member_address(host, "automount", item.kind)
        before = " ".join((item.kind, item.name, item.text))
        yield Change(where, host, "boot", before, None, f"{host} leaves")


def _why_not(cluster: Cluster, volume: Volume, where: tuple[str, HostFacts]) -> str:
    host, facts = where
    if host in leaving(cluster):
        return f"{host} leaves"
    if host in volume.unmounted_on and (why := remount_reason(volume, facts)):
        return why
    return (
        "nobody shall have it mounted"
        if is_withheld(volume)
        else f"{host} shall not have it mounted"
    )


def _is_idle(volume: Volume, facts: HostFacts) -> bool:
    lines = entries(require(facts.fstab).text or "")
    return all(entry.is_idle for entry in lines if entry.path == volume.mount.path)


def _diff_mount(
    volume: Volume,
    host: str,
    facts: HostFacts,
    out: str,
) -> Iterator[Change]:
    where, path = volume_address(volume.label, "mount", host), volume.mount.path
    if out:
        for place in places(volume, facts):
            yield Change(where, host, "mount", place, None, out)
    elif volume.mounted_by == "reconcile":
        state, old = read_mounted(facts, subject(volume)), former_mounts(volume, facts)
        if old:
            yield Change(where, host, "mount", old[0], path, "the file wants another path")
        elif state == "absent":
            yield Change(where, host, "mount", None, path, "the volume is not mounted")
        elif state == "mounted":
            yield from _diff_options(volume, host, facts)


def _diff_options(volume: Volume, host: str, facts: HostFacts) -> Iterator[Change]:
    where = volume_address(volume.label, "mount", host)
    have, want = _shown(facts, volume.mount.path), wanted_options(volume)
    if because := remount_reason(volume, facts):
        before = ",".join(topmost_mount(volume, facts).options)
        after = ",".join(volume.mount.options) or "defaults"
        yield Change(where, host, "mount", before, after, because)
    elif have != want:
        because = "the file wants other mount options"
        yield Change(extend_address(where, "options"), host, "mount", have, want, because)


def wanted_options(volume: Volume) -> str:
    """Of the wanted options those that a remount changes, joined by commas; ``-`` for none."""
    return ",".join(o for o in REMOUNTED if o in volume.mount.options) or "-"


def _shown(facts: HostFacts, path: str) -> str:
    return mount_options(facts, f"{path} {','.join(REMOUNTED)}")


def _diff_boot(
    volume: Volume,
    host: str,
    facts: HostFacts,
    out: str,
) -> Iterator[Change]:
    where = volume_address(volume.label, "boot", host)
    have = boot_mount(facts, volume.mount.path)
    if not out and not mounts_at_boot(volume) and _is_idle(volume, facts):
        have = "absent"  # such a line mounts nothing: it is as the file says
    old = [entry.line for entry in former_entries(volume, facts)]
    before = "; ".join([*old, *([] if have == "absent" else [have])]) or None
    source = None if out else stable_path(volume.device, facts)
    if out or not mounts_at_boot(volume):
        if before is not None:
            because = out or "the file wants it not to be mounted at boot"
            yield Change(where, host, "boot", before, None, because)
    elif source is not None and before != fstab_line(volume, source):
        line = fstab_line(volume, source)
        because = "it would not be mounted at boot" if before is None else "its entry differs"
        yield Change(where, host, "boot", before, line, because)
