"""Mounts: the volume on its path now, and by one fstab line after every boot."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from reconciler.gate import gate_command
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import disk_of, ref, stable_path, view_of
from reconciler.model.observed import (
    HostFacts,
    MountPoint,
    Observed,
    known,
)
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, Change, Fact
from reconciler.model.reading import Reading
from reconciler.model.refusals import member, not_supported
from reconciler.model.refusals import volume as address
from reconciler.resources.mounts.fstab import entries, with_entry, without_entry

FSTAB = "/etc/fstab"
# o2cb must be online first, and ocfs2.service would mount the same at the same time (one of
# the two then fails with error 16). Orderings only: stopping o2cb unmounts nothing.
BOOT_ORDER = ("x-systemd.after=o2cb.service", "x-systemd.before=ocfs2.service")
# Options that the kernel shows as they were given (mount(8), fs/ocfs2/super.c).
SHOWN = ("noatime", "nodiratime", "nodev", "noexec", "nosuid", "ro", "sync", "localflocks")
# A refused join takes about 70 s (OCFS2.md, rule 6); never less than 180.
MOUNT_TIMEOUT = 240.0


def fstab_line(volume: Volume, source: str) -> str:
    """The line; ``nofail`` is refused by OCFS2, ``_netdev`` orders it after the network."""
    options = [*(volume.mount.options or ("defaults",)), "_netdev"]
    options += BOOT_ORDER
    return f"{source} {volume.mount.path} ocfs2 {','.join(options)} 0 0"


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse paths in use by something else, and mounts that would have to move."""
    for volume in cluster.volumes:
        for host, facts in observed.reached().items():
            yield from _check_mounts(volume, host, facts)
            yield from _check_stable(volume, host, facts)
    wanted_paths = {volume.mount.path for volume in cluster.volumes}
    for host, facts in observed.reached().items():
        for found in known(facts.mounts):
            if found.pid != 1:
                yield Blocked(
                    "mount-hidden",
                    member(host),
                    f"{found.source} is mounted on {found.path} in the private mount namespace "
                    f"of process {found.pid}, where umount and fuser do not see it",
                    f"end process {found.pid} on {host}, or unmount it inside: "
                    f"nsenter -t {found.pid} -m umount {found.path}",
                )
            elif not _foreign(found) and found.path not in wanted_paths:
                yield not_supported(
                    member(host),
                    f"{found.source} is mounted on {found.path}, which no volume of the file "
                    "names: moving or withdrawing a mount is not acted upon yet",
                    "add the volume to the file, or unmount it by hand",
                )


def _foreign(found: MountPoint) -> bool:
    return bool(found.options) and found.options[0].startswith("!")


def _check_mounts(volume: Volume, host: str, facts: HostFacts) -> Iterator[Blocked]:
    view = view_of(facts, ref(volume))
    for found in known(facts.mounts):
        if found.path != volume.mount.path or found.pid != 1:
            continue
        device = view.device if view else None
        if _foreign(found) or device not in {None, found.device}:
            yield Blocked(
                "mount-path-busy",
                address(volume.label),
                f"{host}: {found.path} already has {found.source} mounted",
                f"unmount it on {host}, or choose another mount.path",
            )
        else:
            yield from _check_options(volume, host, found)
    own = _own_names(volume, facts)
    for entry in entries(known(facts.fstab).text or ""):
        here = entry.path == volume.mount.path
        if (here and entry.kind != "ocfs2") or (not here and entry.source in own):
            yield Blocked(
                "fstab-conflict",
                address(volume.label),
                f"{host}: {FSTAB} mounts something else there, or this volume elsewhere: "
                f"{entry.line}",
                f"remove the line on {host}, or choose another mount.path",
            )


def _own_names(volume: Volume, facts: HostFacts) -> frozenset[str]:
    """Every way in which fstab may name the volume."""
    view = view_of(facts, ref(volume))
    disk = disk_of(facts, view) if view else None
    if view is None or disk is None:
        return frozenset()
    names = {f"/dev/{disk.name}", f"LABEL={volume.label}", *disk.links}
    return frozenset(names | ({f"UUID={view.superblock.uuid}"} if view.superblock else set()))


def _check_options(volume: Volume, host: str, found: MountPoint) -> Iterator[Blocked]:
    wanted = volume.mount.options
    missing = [o for o in wanted if o in SHOWN and o not in found.options]
    if "ro" in found.options and "ro" not in wanted:
        yield Blocked(
            "volume-read-only",
            address(volume.label),
            f"{host}: {found.path} is mounted read-only, which the file does not ask for",
            f"see on {host} why (dmesg: an error makes OCFS2 read-only); unmount it, check the "
            "volume with fsck.ocfs2 while nobody has it mounted, and apply again",
        )
    if missing:
        yield not_supported(
            address(volume.label),
            f"{host}: {found.path} is mounted without {', '.join(missing)}: "
            "remounting is not acted upon yet",
            f"unmount it on {host} by hand and apply again, or drop the option",
        )


def _check_stable(volume: Volume, host: str, facts: HostFacts) -> Iterator[Blocked]:
    view = view_of(facts, ref(volume))
    if view is not None and view.node is not None and stable_path(volume.device, facts) is None:
        yield Blocked(
            "no-stable-path",
            address(volume.label),
            f"{host}: /dev/{view.node} has no name under /dev/disk/by-id",
            "give the device by a path that survives a reboot",
        )


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Volumes that are not mounted, then fstab lines that differ."""
    reached = observed.reached()
    for volume in cluster.volumes:
        for host, facts in reached.items():
            yield from _diff_mount(volume, host, facts)
        for host, facts in reached.items():
            yield from _diff_boot(volume, host, facts)


def _diff_mount(volume: Volume, host: str, facts: HostFacts) -> Iterator[Change]:
    if volume.mount.by == "reconcile" and mounted(facts, _subject(volume)) == "absent":
        where = f"{address(volume.label)}/mount/{host}"
        because = "the volume is not mounted"
        yield Change(where, host, "mount", None, volume.mount.path, because)


def _diff_boot(volume: Volume, host: str, facts: HostFacts) -> Iterator[Change]:
    source = stable_path(volume.device, facts)
    where = f"{address(volume.label)}/boot/{host}"
    have = boot_mount(facts, volume.mount.path)
    before = None if have == "absent" else have
    if not _at_boot(volume):
        if have != "absent":
            because = "the file wants it not to be mounted at boot"
            yield Change(where, host, "boot", before, None, because)
    elif source is not None and have != fstab_line(volume, source):
        line = fstab_line(volume, source)
        because = "it would not be mounted at boot" if before is None else "its entry differs"
        yield Change(where, host, "boot", before, line, because)


def _at_boot(volume: Volume) -> bool:
    return volume.mount.at_boot and volume.mount.by == "reconcile"


def _subject(volume: Volume) -> str:
    return f"{volume.mount.path} {ref(volume)}"


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Mount, then make it permanent."""
    by_label = {volume.label: volume for volume in cluster.volumes}
    written: dict[str, str | None] = {}
    for change in changes:
        volume = by_label[change.address.split("/")[1]]
        facts = observed.reached()[change.host]
        if change.truth == "mount":
            source = stable_path(volume.device, facts)
            view = view_of(facts, ref(volume))
            if source is not None and view is not None:
                block = view.superblock
                yield _mount(cluster, volume, change, (source, block.uuid if block else "-"))
        else:
            text = written.get(change.host, known(facts.fstab).text)
            after = (
                without_entry(text or "", volume.mount.path)
                if change.after is None
                else with_entry(text or "", str(change.after))
            )
            written[change.host] = after
            mode = known(facts.fstab).mode or "644"
            yield _write_fstab(cluster, volume, change, (text, after, mode))


def _mount(cluster: Cluster, volume: Volume, change: Change, device: tuple[str, str]) -> Action:
    host, path = change.host, volume.mount.path
    options = ",".join(volume.mount.options) or "defaults"
    return Action(
        id=f"{cluster.name}/{host}/mount/{volume.label}",
        kind="mount",
        host=host,
        address=address(volume.label),
        summary=f"mount {volume.label} on {path}",
        because=change.because,
        risk="safe",
        command=gate_command("mount", *device, path, options, timeout=MOUNT_TIMEOUT),
        requires=_lists_equal(cluster),
        expects=(Fact((host,), "mounted", _subject(volume), "mounted"),),
        seconds=8,
    )


def _lists_equal(cluster: Cluster) -> tuple[Fact, ...]:
    """No mount starts anywhere while the kernels' node lists differ."""
    hosts = tuple(m.name for m in cluster.members)
    return (Fact(hosts, "live-nodes", cluster.name, None),)


def _write_fstab(
    cluster: Cluster, volume: Volume, change: Change, texts: tuple[str | None, str, str]
) -> Action:
    before, after, mode = texts
    old = hashlib.sha256(before.encode()).hexdigest() if before is not None else "absent"
    new = hashlib.sha256(after.encode()).hexdigest()
    return Action(
        id=f"{cluster.name}/{change.host}/write-fstab/{volume.label}",
        kind="write-fstab",
        host=change.host,
        address=address(volume.label),
        summary=f"write {FSTAB}: mount {volume.label} at boot"
        if change.after
        else f"write {FSTAB}: do not mount {volume.label} at boot",
        because=change.because,
        risk="safe",
        command=gate_command("write-file", FSTAB, mode, old, new, stdin=after),
        requires=(Fact((change.host,), "fstab", "", old),),
        expects=(
            Fact(
                (change.host,), "boot-mount", volume.mount.path, str(change.after or "absent")
            ),
        ),
    )


def mounted(facts: HostFacts, subject: str) -> str:
    """Whether PATH of ``PATH REF`` has that device mounted."""
    path, wanted = subject.split(" ", 1)
    view = view_of(facts, wanted)
    here = [item for item in known(facts.mounts) if item.path == path and item.pid == 1]
    if not here:
        return "absent"
    if view is None or view.device is None or _foreign(here[-1]):
        return "other"
    return "mounted" if here[-1].device == view.device else "other"


def ocfs2_mounts(facts: HostFacts, _subject: str) -> str:
    """All OCFS2 mounts of the host, in any mount namespace."""
    found = [item.path for item in known(facts.mounts) if not _foreign(item)]
    return ", ".join(found) or "none"


def boot_mount(facts: HostFacts, path: str) -> str:
    """The fstab line of a path."""
    text = known(facts.fstab).text or ""
    return "; ".join(entry.line for entry in entries(text) if entry.path == path) or "absent"


def fstab(facts: HostFacts, _subject: str) -> str:
    """The hash of fstab."""
    return known(facts.fstab).sha256 or "absent"


NEEDS = ("mounts", "fstab", "wanted", "disks")
READINGS = {
    "mounted": Reading(
        (
            "mounts",
            "wanted",
        ),
        mounted,
    ),
    "ocfs2-mounts": Reading(("mounts",), ocfs2_mounts),
    "boot-mount": Reading(("fstab",), boot_mount),
    "fstab": Reading(("fstab",), fstab),
}
