"""What a host has mounted, uses, and would mount at boot: facts in words."""

from __future__ import annotations

from reconciler.model.devices import view_of
from reconciler.model.observed import HostFacts, MountPoint, WantedDevice, known
from reconciler.model.reading import Reading
from reconciler.resources.mounts.fstab import entries


def is_foreign(found: MountPoint) -> bool:
    """Whether another type of file system is mounted there."""
    return bool(found.options) and found.options[0].startswith("!")


def mounted(facts: HostFacts, subject: str) -> str:
    """Whether PATH of ``PATH REF`` has that device mounted.

    ``unidentified`` is an OCFS2 mount there while the device itself is not seen any more.
    """
    path, wanted = subject.split(" ", 1)
    view = view_of(facts, wanted)
    here = [item for item in known(facts.mounts) if item.path == path and item.pid == 1]
    if not here:
        return "absent"
    if is_foreign(here[-1]):
        return "other"
    if view is None or view.device is None:
        return "unidentified"
    return "mounted" if here[-1].device == view.device else "other"


def ocfs2_mounts(facts: HostFacts, _subject: str) -> str:
    """All OCFS2 mounts of the host, in any mount namespace."""
    found = [item.path for item in known(facts.mounts) if not is_foreign(item)]
    return ", ".join(found) or "none"


def boot_mount(facts: HostFacts, path: str) -> str:
    """The fstab line of a path."""
    text = known(facts.fstab).text or ""
    return "; ".join(entry.line for entry in entries(text) if entry.path == path) or "absent"


def fstab(facts: HostFacts, _subject: str) -> str:
    """The hash of fstab."""
    return known(facts.fstab).sha256 or "absent"


def unmounted(facts: HostFacts, subject: str) -> str:
    """Whether nothing of a volume is in use: no mount, no region, no domain, no heartbeat."""
    view = view_of(facts, subject.split(" ", 1)[1])
    why = released(facts, subject)
    return _left_beating(facts, view) if why == "released" else why


def released(facts: HostFacts, subject: str) -> str:
    """Whether the kernel has nothing of a volume; a crash may have left its heartbeat block.

    Of /proc/mounts alone nothing is believed: a private mount namespace hides from it
    (OCFS2.md, rule 8), while region and domain stay.
    """
    path, wanted = subject.split(" ", 1)
    view = view_of(facts, wanted)
    device = view.device if view else None
    for item in known(facts.mounts):
        if not is_foreign(item) and (item.path == path or item.device == device):
            where = "" if item.pid == 1 else f" in the namespace of process {item.pid}"
            return f"mounted on {item.path}{where}"
    if view is None or view.superblock is None:
        return "released"
    region = view.superblock.uuid.replace("-", "").upper()
    regions = {r.uuid for live in known(facts.live).clusters for r in live.regions}
    if region in {uuid.replace("-", "").upper() for uuid in regions}:
        return "its heartbeat region is active"
    domains = {item.upper() for item in known(facts.live).domains}
    return "its DLM domain is active" if region in domains else "released"


def _left_beating(facts: HostFacts, view: WantedDevice | None) -> str:
    """Whether the host's own heartbeat block is that of a clean leave."""
    for live in known(facts.live).clusters:
        own = {node.number for node in live.nodes if node.local}
        for beat in (view.beats or ()) if view else ():
            if beat.node in own and int(beat.generation, 16) != 0:
                return f"the heartbeat of node {beat.node} has not ended cleanly"
    return "unmounted"


def serving(facts: HostFacts, subject: str) -> str:
    """Whether a volume is mounted and can be written to."""
    state = mounted(facts, subject)
    path = subject.split(" ", 1)[0]
    here = [m for m in known(facts.mounts) if m.path == path and m.pid == 1]
    return "read-only" if state == "mounted" and "ro" in here[-1].options else state


def mount_options(facts: HostFacts, subject: str) -> str:
    """Which options of ``PATH OPTION,...`` the mount there has; ``-`` for none."""
    path, options = subject.rsplit(" ", 1)
    here = [m for m in known(facts.mounts) if m.path == path and m.pid == 1]
    if not here:
        return "absent"
    return ",".join(o for o in options.split(",") if o in here[-1].options) or "-"


def automount(facts: HostFacts, subject: str) -> str:
    """Whether ``KIND NAME TEXT`` would mount something by itself."""
    found = {f"{a.kind} {a.name} {a.text}" for a in known(facts.automounts)}
    return "present" if subject in found else "absent"


def users(facts: HostFacts, path: str) -> str:
    """The processes that use something under a path."""
    found = [
        f"{p.pid} {p.command} ({p.path})"
        for p in known(facts.processes)
        if p.path == path or p.path.startswith(f"{path}/")
    ]
    return ", ".join(found) or "none"


NEEDS = ("mounts", "fstab", "wanted", "disks", "live")
READINGS = {
    "mounted": Reading(("mounts", "wanted"), mounted),
    "serving": Reading(("mounts", "wanted"), serving),
    "unmounted": Reading(("mounts", "wanted", "live"), unmounted),
    "released": Reading(("mounts", "wanted", "live"), released),
    "mount-options": Reading(("mounts",), mount_options),
    "automount": Reading(("automounts",), automount),
    "users": Reading(("processes",), users),
    "ocfs2-mounts": Reading(("mounts",), ocfs2_mounts),
    "boot-mount": Reading(("fstab",), boot_mount),
    "fstab": Reading(("fstab",), fstab),
}
