"""What mounts a volume and keeps it mounted after a boot, or takes it away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.gate import gate_command
from reconciler.gate.action_builders import Cause, action_for, digest, write
from reconciler.model.addresses import (
    member_address,
    parse_address,
    volume_address,
)
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import (
    UNTOLD,
    chosen_uuid,
    ref,
    target,
    told_uuid,
    use_subject,
    view_of,
)
from reconciler.model.devices import mount_subject as subject
from reconciler.model.gate_call import Target
from reconciler.model.heartbeat_lists import wait_seconds
from reconciler.model.heartbeats import beside_mounts
from reconciler.model.observed import HostFacts, Observed, require
from reconciler.model.plan import Action, Change, Fact
from reconciler.model.roles import mounting_it, online
from reconciler.resources.mounts.fstab import FSTAB, with_entry, without_entry
from reconciler.resources.mounts.moves import (
    REMOUNTED,
    former_entries,
    places,
    remount_reason,
)
from reconciler.resources.mounts.readings import region_uuid, serving

# A refused join takes about 70 s (manual ocfs2, 0.6); never less than 180.
MOUNT_TIMEOUT = 240.0
# Leaving the domain migrates locks; minutes on a large, busy volume.
UNMOUNT_TIMEOUT = 600.0


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Mount, then make it permanent; or take it from fstab, then unmount.

    Nothing for whom has a volume that is to be mounted anew: a step of its own takes it away first.
    """
    yield from _disarmed(cluster, observed, changes)
    changes = [change for change in changes if not _is_automount(change)]
    by_label = {volume.label: volume for volume in cluster.volumes}
    fstab: dict[str, HostFacts] = dict(observed.answering_hosts())
    for change in sorted(changes, key=_is_line):  # each file follows from the one before
        volume = by_label[parse_address(change.address).name]
        facts = fstab[change.host]
        if change.host in mounting_it(cluster, volume) and remount_reason(volume, facts):
            continue
        if change.truth == "boot":
            action = _write_fstab(cluster, volume, change, facts)
            text = action.command.stdin if action.command else ""
            file = replace(require(facts.fstab), text=text, sha256=digest(text))
            fstab[change.host] = replace(facts, fstab=file)
            yield action
        elif parse_address(change.address).last == "options":
            yield from _remount(cluster, volume, change, facts)
        elif change.after is None:
            yield _unmount(cluster, volume, change, observed)
        else:
            yield from _mounts(cluster, volume, change, observed)


def _is_automount(change: Change) -> bool:
    return parse_address(change.address).aspect[0] == "automount"


def _disarmed(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    hosts = {change.host for change in changes if _is_automount(change)}
    for host, facts in observed.answering_hosts().items():
        for number, item in enumerate(require(facts.automounts) if host in hosts else ()):
            text = "-" if item.kind == "unit" else item.text
            reading = " ".join((item.kind, item.name, item.text))
            yield action_for(
                cluster.name,
                Cause(member_address(host, "automount", item.kind), host, f"{host} leaves"),
                "disarm",
                str(number),
                summary=f"keep {item.kind} {item.name} from mounting",
                command=gate_command("disarm", item.kind, item.name, text),
                expects=(Fact((host,), "automount", reading, "absent"),),
            )


def _remount(
    cluster: Cluster, volume: Volume, change: Change, facts: HostFacts
) -> Iterator[Action]:
    path, view = volume.mount.path, view_of(facts, ref(volume))
    block = view.superblock if view else None
    device = target(facts, volume, block.uuid) if block else None
    if device is None:
        return  # refused by check: no-stable-path, device-unreadable
    words = list(volume.mount.options) or ["rw"]
    if not any(word.endswith("atime") for word in words):
        words.append("relatime")
    given = ",".join(words)
    command = gate_command("remount", path, given, target=device, timeout=MOUNT_TIMEOUT)
    shown = f"{path} {','.join(REMOUNTED)}"
    yield action_for(
        cluster.name,
        change,
        "remount",
        volume.label,
        address=volume_address(volume.label),
        summary=f"remount {volume.label} with {change.after}, in use",
        command=command,
        requires=(Fact((change.host,), "mounted", subject(volume), "mounted"),),
        expects=(Fact((change.host,), "mount-options", shown, str(change.after)),),
    )


def _is_line(change: Change) -> bool:
    return change.truth == "boot" and change.after is not None


def _others(cluster: Cluster, volume: Volume, observed: Observed) -> tuple[Fact, ...]:
    """Who goes on with the volume: the next host is touched only while all of them serve it."""
    stay = mounting_it(cluster, volume)
    found: dict[str, list[str]] = {}
    for host, facts in observed.answering_hosts().items():
        for place in places(volume, facts) if host in stay else ():
            where = f"{place} {ref(volume)}"
            if serving(facts, where) == "mounted":
                found.setdefault(where, []).append(host)
    return tuple(Fact(tuple(hosts), "serving", w, "mounted") for w, hosts in found.items())


def _unmount(cluster: Cluster, volume: Volume, change: Change, observed: Observed) -> Action:
    host, path = change.host, str(change.before)
    used = use_subject(path, ref(volume), _uuid_in_use(cluster, volume, change, observed))
    others = _others(cluster, volume, observed)
    former = path if path != volume.mount.path else ""
    guests = volume.workloads and volume.workloads.guests
    # Guests are listed by the path that the file has.
    idle = (Fact((host,), "guests", volume.mount.path, "none"),) if guests else ()
    return action_for(
        cluster.name,
        change,
        "unmount",
        f"{volume.label}{former}",
        address=volume_address(volume.label),
        risk="outage",
        summary=f"unmount {volume.label} from {path}",
        command=gate_command("unmount", path, timeout=UNMOUNT_TIMEOUT),
        requires=(*idle, Fact((host,), "users", path, "none"), *others),
        expects=(Fact((host,), "unmounted", used, "unmounted"),),
        seconds=5,
    )


def _uuid_in_use(cluster: Cluster, volume: Volume, change: Change, observed: Observed) -> str:
    """Of a volume that nobody can read the kernel that has it mounted tells it.

    Unless it is another volume's, which lies over the path.
    """
    told = told_uuid(observed, ref(volume))
    if told != UNTOLD:
        return told
    found = region_uuid(observed.answering_hosts()[change.host], str(change.before))
    others = {told_uuid(observed, ref(v)) for v in cluster.volumes if v.label != volume.label}
    return UNTOLD if found in others else found


def _mounts(
    cluster: Cluster, volume: Volume, change: Change, observed: Observed
) -> Iterator[Action]:
    """A mount of the file system that is there, or of the one that this plan makes."""
    facts = observed.answering_hosts()[change.host]
    view = view_of(facts, ref(volume))
    block = view.superblock if view else None
    uuid = block.uuid if block else chosen_uuid(cluster, volume, observed)
    beats = beside_mounts(cluster, volume, observed)
    device = target(facts, volume, uuid, beats)
    if device is not None:
        patience = MOUNT_TIMEOUT + wait_seconds(cluster, volume, observed, beats)
        action = _mount(cluster, volume, change, (device, patience))
        # A mount on a device that is too small succeeds, and damages (manual ocfs2, 3).
        covers = Fact((change.host,), "device-covers", ref(volume), "whole")
        yield replace(action, requires=(*action.requires, covers)) if block else action


def _mount(
    cluster: Cluster, volume: Volume, change: Change, device: tuple[Target, float]
) -> Action:
    host, path = change.host, volume.mount.path
    options = ",".join(volume.mount.options) or "defaults"
    bound, patience = device
    return action_for(
        cluster.name,
        change,
        "mount",
        volume.label,
        address=volume_address(volume.label),
        summary=f"mount {volume.label} on {path}",
        command=gate_command("mount", path, options, target=bound, timeout=patience),
        requires=_lists_equal(cluster),
        expects=(
            Fact((host,), "mounted", subject(volume), "mounted"),
            Fact((host,), "file-system-uuid", ref(volume), bound.uuid),
        ),
        seconds=8,
    )


def _lists_equal(cluster: Cluster) -> tuple[Fact, ...]:
    """No mount starts anywhere while the kernels' node lists differ."""
    return (Fact(online(cluster), "live-nodes", cluster.name, None),)


def _write_fstab(cluster: Cluster, volume: Volume, change: Change, facts: HostFacts) -> Action:
    file = require(facts.fstab)
    former = tuple(dict.fromkeys(entry.path for entry in former_entries(volume, facts)))
    text = file.text or ""
    for path in former:
        text = without_entry(text, path)
    after = (
        without_entry(text, volume.mount.path)
        if change.after is None
        else with_entry(text, str(change.after))
    )
    action = write(change, (cluster.name, "write-fstab", volume.label), "fstab", file, after)
    line = str(change.after or "absent")
    verb = "mount" if change.after else "do not mount"
    return replace(
        action,
        kind="write-fstab" if change.after else "clear-fstab",
        id=action.id if change.after else action.id.replace("write-fstab", "clear-fstab"),
        address=volume_address(volume.label),
        summary=f"write {FSTAB}: {verb} {volume.label} at boot",
        expects=(
            Fact((change.host,), "boot-mount", volume.mount.path, line),
            *(Fact((change.host,), "boot-mount", path, "absent") for path in former),
        ),
    )
