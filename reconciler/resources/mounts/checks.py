"""Every reason not to mount a volume on a host, or not to take it away."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reconciler.model.addresses import member_address, volume_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import mount_subject as subject
from reconciler.model.devices import ref, stable_path, view_of
from reconciler.model.observed import HostFacts, MountPoint, Observed, Unknown, require
from reconciler.model.outcome import Blocked, refuse_unread
from reconciler.model.roles import leaving, mounting_it
from reconciler.model.units import full_names, path_unit
from reconciler.resources.mounts.fstab import FSTAB, entries
from reconciler.resources.mounts.moves import former_entries, former_mounts, own_names, places
from reconciler.resources.mounts.readings import automount_at, is_foreign, read_mounted


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse paths in use by something else, and mounts that cannot be made or ended."""
    reached = observed.answering_hosts()
    for volume in cluster.volumes:
        mounts = mounting_it(cluster, volume)
        for host, facts in reached.items():
            yield from _check_path(cluster, volume, host, facts)
            if host in mounts:
                yield from _check_mounted(volume, host, facts)
                yield from _check_stable(volume, host, facts)
    wanted_paths = {volume.mount.path for volume in cluster.volumes}
    for host, facts in reached.items():
        if host not in leaving(cluster):  # there the plan takes it away
            yield from _check_automounts(host, facts)
        ours = {path for volume in cluster.volumes for path in former_mounts(volume, facts)}
        yield from _check_strangers(wanted_paths | ours, host, facts)


def _check_strangers(
    wanted_paths: Collection[str], host: str, facts: HostFacts
) -> Iterator[Blocked]:
    """Mounts that umount cannot end, or that nobody knows."""
    for found in require(facts.mounts):
        if found.pid != 1:
            yield Blocked(
                "mount-hidden",
                member_address(host),
                f"{found.source} is mounted on {found.path} in the private mount namespace "
                f"of process {found.pid}, where umount and fuser do not see it",
                f"end process {found.pid} on {host}, or unmount it inside: "
                f"nsenter -t {found.pid} -m umount {found.path}",
            )
        elif not is_foreign(found) and found.path not in wanted_paths:
            yield Blocked(
                "volume-unfamiliar",
                member_address(host),
                f"{found.source} is mounted on {found.path}, which no volume of the file "
                "names, nor any record of an earlier apply",
                "add the volume to the file, or unmount it by hand",
            )


def _check_path(
    cluster: Cluster, volume: Volume, host: str, facts: HostFacts
) -> Iterator[Blocked]:
    found = [m for m in require(facts.mounts) if m.path == volume.mount.path and m.pid == 1]
    going = {path for other in cluster.volumes for path in former_mounts(other, facts)}
    busy_path = (
        read_mounted(facts, subject(volume)) == "other" and volume.mount.path not in going
    )
    if found and busy_path and found[-1].options == ("!autofs",):
        yield _refuse_trigger(volume, host, f"{volume.mount.path} is not mounted", MOUNT_IT)
    elif found and busy_path:
        yield Blocked(
            "mount-path-busy",
            volume_address(volume.label),
            f"{host}: {volume.mount.path} already has {found[-1].source} mounted",
            f"unmount it on {host}, or choose another mount.path",
        )
    own, former = own_names(volume, facts), former_entries(volume, facts)
    for entry in entries(require(facts.fstab).text or ""):
        here = entry.path == volume.mount.path
        conflicts = not here and entry.source in own and entry not in former
        if (here and entry.kind != "ocfs2") or conflicts:
            yield Blocked(
                "fstab-conflict",
                volume_address(volume.label),
                f"{host}: {FSTAB} mounts something else there, or this volume elsewhere: "
                f"{entry.line}",
                f"remove the line on {host}, or choose another mount.path",
            )


def _check_automounts(host: str, facts: HostFacts) -> Iterator[Blocked]:
    for item in () if isinstance(facts.automounts, Unknown) else facts.automounts:
        yield Blocked(
            "automount-conflict",
            member_address(host),
            f"{item.kind} {item.name} may mount a volume too: {item.text}",
            f"remove it on {host}: fstab alone shall mount the volumes",
        )


def busy(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse to unmount what somebody uses; asked at every step, before the first action."""
    for volume in cluster.volumes:
        mounts = mounting_it(cluster, volume)
        for host, facts in observed.answering_hosts().items():
            unread = isinstance(facts.mounts, Unknown) or isinstance(facts.wanted, Unknown)
            if host not in mounts and not unread:  # what is unread blocks by itself
                yield from _check_users(volume, host, facts)
                if automount_at(facts, volume.mount.path) and places(volume, facts):
                    yield _refuse_trigger(volume, host, "it is to be unmounted")


MOUNT_IT = "ls {path} mounts it now; or, for good: "


def _refuse_trigger(volume: Volume, host: str, state: str, first: str = "") -> Blocked:
    """Something waits at the volume's path and mounts it when somebody looks into it."""
    path = volume.mount.path
    unit = path_unit(path, "automount")
    return Blocked(
        "automount-conflict",
        volume_address(volume.label),
        f"{host}: {state}, and an automount waits there (x-systemd.automount in its line of "
        f"{FSTAB}, or autofs): whoever looks into {path} mounts it",
        f"on {host}: {first.format(path=path)}take x-systemd.automount out of the line, "
        f"systemctl daemon-reload, umount {path} if it is mounted, systemctl stop '{unit}'",
    )


def _check_mounted(volume: Volume, host: str, facts: HostFacts) -> Iterator[Blocked]:
    if read_mounted(facts, subject(volume)) == "mounted":
        for found in require(facts.mounts):
            if found.path == volume.mount.path and found.pid == 1:
                yield from _check_options(volume, host, found)


def _check_users(volume: Volume, host: str, facts: HostFacts) -> Iterator[Blocked]:
    """A volume that is to be unmounted, and used by what nobody declared: never killed."""
    paths = places(volume, facts)
    if not paths:
        return
    if isinstance(facts.processes, Unknown):
        yield refuse_unread(host, "processes", facts.processes.reason)
        return
    services = volume.workloads.services if volume.workloads else ()
    listed = () if isinstance(facts.guests, Unknown) else facts.guests
    guests = {guest.name for guest in listed if guest.path == volume.mount.path}
    for path in paths:
        found = [p for p in facts.processes if p.path == path or p.path.startswith(f"{path}/")]
        strangers = [
            p for p in found if p.unit not in full_names(services) and p.guest not in guests
        ]
        if not strangers:
            continue
        words = "; ".join(f"pid {p.pid} {p.command} ({p.path})" for p in strangers[:10])
        yield Blocked(
            "volume-busy",
            volume_address(volume.label),
            f"{host}: {path} is in use by {words}",
            f"end them on {host}, or name their service or guests under workloads: nothing is "
            "killed",
        )


def _check_options(volume: Volume, host: str, found: MountPoint) -> Iterator[Blocked]:
    asked = (*volume.mount.options, *volume.last_applied.options)
    if "ro" in found.options and "ro" not in asked:
        yield Blocked(
            "volume-read-only",
            volume_address(volume.label),
            f"{host}: {found.path} is mounted read-only, which the file does not ask for",
            f"see on {host} why (dmesg: an error makes OCFS2 read-only); unmount it, check the "
            "volume with fsck.ocfs2 while nobody has it mounted, and apply again",
        )


def _check_stable(volume: Volume, host: str, facts: HostFacts) -> Iterator[Blocked]:
    view = view_of(facts, ref(volume))
    if view is not None and view.node is not None and stable_path(volume.device, facts) is None:
        yield Blocked(
            "no-stable-path",
            volume_address(volume.label),
            f"{host}: /dev/{view.node} has no name under /dev/disk/by-id",
            "give the device by a path that survives a reboot",
        )
