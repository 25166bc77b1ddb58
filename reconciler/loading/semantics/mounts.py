"""Rules about labels and mounts."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from reconciler.loading.nodes import Path
from reconciler.loading.semantics.finding import (
    Finding,
    Rule,
    Use,
    clusters,
    repetitions,
    volumes,
)
from reconciler.loading.spelling_hints import straight_path
from reconciler.model.desired import Cluster, Desired
from reconciler.model.ocfs2_options import KNOWN_OPTIONS, opposite_options, refused_options

# Where a mount would hide the system itself, the way in, or our own records (hier(7), FHS 3.0;
# /config and /dlm are the tools' own). Below /usr only /usr/local is anybody's.
_SYSTEM = re.compile(
    r"/(usr/local|var|var/lib|var/log|tmp|root|home|dlm)"
    r"|/(boot|dev|proc|sys|run|etc|bin|sbin|lib(32|64|x32)?|config)(/.*)?"
    r"|/usr(/(?!local(/|$)).*)?|/usr/local/s?bin(/.*)?"
    r"|/root/\..*|/home/[^/]+/\..*"
    r"|/var/(run|lock|spool/cron)(/.*)?"
    r"|/var/lib/(apt|dbus|dhcp|dnf|dpkg|iscsi|misc|multipath|NetworkManager|pam|reconcile|rpm|sudo"
    r"|systemd|yum)(/.*)?"
)
# Option -> why it must not be given. The first is OCFS2's, the others are written by us.
_REFUSED = (
    (r"nofail", "OCFS2 does not know it and refuses the mount"),
    (r"_netdev", "it is always set"),
    (r"x-systemd\..*", "the fstab line is ours; its ordering is set by _netdev"),
    (r"heartbeat=.*|cluster_stack=.*", "the cluster's own settings decide it"),
    (r"nocluster", "it mounts without the cluster and destroys data as soon as two hosts do"),
    (r"auto|noauto", "'at_boot' decides it"),
)
# Options of file systems that have no owners.
_OWNERS = frozenset({"uid", "gid", "umask", "dmask", "fmask", "dmode", "fmode", "mode"})


def labels_are_unique(desired: Desired) -> Iterator[Finding]:
    """A label addresses a volume on the command line."""
    for path, cluster in clusters(desired):
        uses = (
            Use(volume.label, (*path, "volumes", i, "label"), volume.label)
            for i, volume in enumerate(cluster.volumes)
        )
        for use, _ in repetitions(uses):
            message = f"the volume '{use.owner}' is there already"
            hint = "give each volume of a cluster its own label"
            yield Finding(use.path, "duplicate-volume", message, hint)


def mount_paths_are_not_the_systems(desired: Desired) -> Iterator[Finding]:
    """A mount there would hide what the host runs on."""
    for path, _, volume in volumes(desired):
        where = volume.mount.path
        if _SYSTEM.fullmatch(where):
            message = f"'{where}' belongs to the system"
            hint = "mount it on a directory of its own, like /srv/images"
            yield Finding((*path, "mount", "path"), "mount-path", message, hint)


def mount_paths_are_straight(desired: Desired) -> Iterator[Finding]:
    """Each directory has one spelling, so that paths can be compared."""
    for path, _, volume in volumes(desired):
        if {".", ".."} & set(volume.mount.path.split("/")):
            message = f"'{volume.mount.path}' leads through '.' or '..'"
            hint = f"write where it leads: {straight_path(volume.mount.path)}"
            yield Finding((*path, "mount", "path"), "mount-path", message, hint)


def mount_paths_are_unique(desired: Desired) -> Iterator[Finding]:
    """A host is in one cluster, so what a cluster mounts is what a host mounts."""
    for path, cluster in clusters(desired):
        for use, first in repetitions(_mount_uses(path, cluster)):
            message = f"the volume '{first.owner}' is mounted on '{use.key}' already"
            hint = "each volume needs its own directory"
            yield Finding(use.path, "duplicate-mount-path", message, hint)


def mount_paths_are_not_nested(desired: Desired) -> Iterator[Finding]:
    """An inner mount keeps the outer one busy, and would be hidden by mounting that later."""
    for path, cluster in clusters(desired):
        outer = {use.key: use.owner for use in _mount_uses(path, cluster)}
        for use in _mount_uses(path, cluster):
            parts = str(use.key).split("/")
            above = ("/".join(parts[:i]) for i in range(2, len(parts)))
            inside = next((outer[key] for key in above if key in outer), None)
            if inside is not None:
                message = f"'{use.key}' is inside the mount of '{inside}'"
                hint = "mount volumes beside each other"
                yield Finding(use.path, "mount-path-nested", message, hint)


def mount_options_are_the_operators(desired: Desired) -> Iterator[Finding]:
    """Some options are ours to set, and one makes OCFS2 refuse the mount."""
    for path, _, volume in volumes(desired):
        for i, option in enumerate(volume.mount.options):
            why = next(
                (why for pattern, why in _REFUSED if re.fullmatch(pattern, option)), None
            )
            if why:
                place = (*path, "mount", "options", i)
                message = f"the mount option '{option}' cannot be used: {why}"
                yield Finding(place, "mount-option", message, "remove it")


def mount_options_are_known(desired: Desired) -> Iterator[Finding]:
    """One that the kernel does not know fails the mount, and every later boot's."""
    for path, _, volume in volumes(desired):
        for i, option in enumerate(volume.mount.options):
            name = option.partition("=")[0]
            if any(re.fullmatch(pattern, option) for pattern, _why in _REFUSED):
                continue
            if name not in KNOWN_OPTIONS:
                hint = _unknown_option(name)
                message = f"'{option}' is no mount option of OCFS2"
                yield Finding((*path, "mount", "options", i), "mount-option", message, hint)
            elif refused_options((option,)):
                message = f"OCFS2 refuses the mount option '{option}'"
                hint = "see mount.ocfs2(8) for the values that it takes"
                yield Finding((*path, "mount", "options", i), "mount-option", message, hint)


def _unknown_option(name: str) -> str:
    """What to do about an option of another file system, or a misspelt one."""
    if name in _OWNERS:
        return "remove it: files on the volume have their own owner and mode (chown, chmod)"
    near = difflib.get_close_matches(name, KNOWN_OPTIONS, 1)
    return (
        f"did you mean '{near[0]}'?" if near else "remove it; mount.ocfs2(8) lists those known"
    )


def mount_options_are_given_once(desired: Desired) -> Iterator[Finding]:
    """The last one would win, whatever was meant."""
    for path, _, volume in volumes(desired):
        uses = (
            Use(option.partition("=")[0], (*path, "mount", "options", i), option)
            for i, option in enumerate(volume.mount.options)
        )
        for use, _ in repetitions(uses):
            message = f"the mount option '{use.key}' is given twice"
            yield Finding(use.path, "duplicate-option", message, "keep one")


def mount_options_agree(desired: Desired) -> Iterator[Finding]:
    """Of two that contradict each other, the last one would win, whatever was meant."""
    for path, _, volume in volumes(desired):
        seen: set[str] = set()
        for i, option in enumerate(volume.mount.options):
            other = next((word for word in opposite_options(option) if word in seen), None)
            if other is not None:
                message = f"the mount options '{other}' and '{option}' contradict each other"
                place = (*path, "mount", "options", i)
                yield Finding(place, "duplicate-option", message, "keep one of the two")
            seen.add(option)


def agents_mount_at_boot_themselves(desired: Desired) -> Iterator[Finding]:
    """With an fstab line beside the agent, who mounts first would be a matter of luck."""
    for path, _, volume in volumes(desired):
        mount = volume.mount
        if mount.by == "workload" and mount.at_boot and "at_boot" in mount.model_fields_set:
            message = "'at_boot: true' contradicts 'by: workload', where an agent mounts it"
            place = (*path, "mount", "at_boot")
            yield Finding(place, "at-boot-by-workload", message, "remove one of the two")


def _mount_uses(path: Path, cluster: Cluster) -> Iterator[Use]:
    for i, volume in enumerate(cluster.volumes):
        yield Use(volume.mount.path, (*path, "volumes", i, "mount", "path"), volume.label)


RULES: tuple[Rule, ...] = (
    labels_are_unique,
    mount_paths_are_not_the_systems,
    mount_paths_are_straight,
    mount_paths_are_unique,
    mount_paths_are_not_nested,
    mount_options_are_the_operators,
    mount_options_are_known,
    mount_options_are_given_once,
    mount_options_agree,
    agents_mount_at_boot_themselves,
)
