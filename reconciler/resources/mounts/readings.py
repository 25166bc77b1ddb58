"""What a host has mounted, uses, and would mount at boot: facts in words."""

from __future__ import annotations

from reconciler.model.devices import UNTOLD, kernel_path, view_of
from reconciler.model.observed import HostFacts, MountPoint, require
from reconciler.model.reading import Reading, unknown
from reconciler.resources.mounts.fstab import entries

# What a name of fifteen letters has room for behind "dlm-".
CUT = 11


def is_foreign(found: MountPoint) -> bool:
    """Whether another type of file system is mounted there."""
    return bool(found.options) and found.options[0].startswith("!")


def automount_at(facts: HostFacts, path: str) -> bool:
    """Whether looking into a path mounts what belongs there: systemd or autofs waits for it."""
    return any(m.path == path and m.options == ("!autofs",) for m in require(facts.mounts))


def read_mounted(facts: HostFacts, subject: str) -> str:
    """Whether PATH of ``PATH REF`` has that device mounted.

    ``unidentified`` is an OCFS2 mount there while the device itself is not seen any more.
    """
    path, wanted = subject.split(" ", 1)
    view = view_of(facts, wanted)
    here = [item for item in require(facts.mounts) if item.path == path and item.pid == 1]
    if not here:
        return "absent"
    if is_foreign(here[-1]):
        return "other"
    if view is None or view.device is None:
        return "unidentified"
    return "mounted" if here[-1].device == view.device else "other"


def ocfs2_mounts(facts: HostFacts, _subject: str) -> str:
    """All OCFS2 mounts of the host, in any mount namespace."""
    found = [item.path for item in require(facts.mounts) if not is_foreign(item)]
    return ", ".join(found) or "none"


def boot_mount(facts: HostFacts, path: str) -> str:
    """The fstab line of a path."""
    text = require(facts.fstab).text or ""
    return "; ".join(entry.line for entry in entries(text) if entry.path == path) or "absent"


def fstab(facts: HostFacts, _subject: str) -> str:
    """The hash of fstab."""
    return require(facts.fstab).sha256 or "absent"


def read_unmounted(facts: HostFacts, subject: str) -> str:
    """Whether nothing of a volume is in use: no mount, no region, no domain, no heartbeat."""
    why = read_released(facts, subject)
    return _left_beating(facts, _parts(subject)[1]) if why == "released" else why


def _parts(subject: str) -> tuple[str, str, str]:
    path, rest = subject.split(" ", 1)
    reference, uuid = rest.rsplit(" ", 1)
    return path, reference, uuid


def read_released(facts: HostFacts, subject: str) -> str:
    """Whether the kernel has nothing of the volume of ``PATH REF UUID``.

    Of /proc/mounts alone nothing is believed: a private mount namespace hides from it
    (manual ocfs2, 0.8), while region and domain stay. They bear the UUID, which the subject
    tells: the host itself may not be able to read it. A crash may have left its heartbeat.
    """
    path, reference, uuid = _parts(subject)
    return (
        _mounted_somewhere(facts, path, reference)
        or _in_the_kernel(facts, uuid)
        or _beyond_telling(facts, reference)
        or "released"
    )


def _mounted_somewhere(facts: HostFacts, path: str, reference: str) -> str:
    view = view_of(facts, reference)
    device = view.device if view else None
    for item in require(facts.mounts):
        if not is_foreign(item) and (item.path == path or item.device == device):
            where = "" if item.pid == 1 else f" in the namespace of process {item.pid}"
            return f"mounted on {item.path}{where}"
    return ""


def _in_the_kernel(facts: HostFacts, uuid: str) -> str:
    regions = {_plain(r.uuid) for live in require(facts.live).clusters for r in live.regions}
    domains = require(facts.live).domains
    if uuid == UNTOLD and (regions or domains):
        return unknown("whose its heartbeat regions and DLM domains are: no UUID was read")
    if _plain(uuid) in regions:
        return "its heartbeat region is active"
    used = any(is_domain_of(item, uuid) for item in domains)
    return "its DLM domain is active" if used else ""


def _beyond_telling(facts: HostFacts, reference: str) -> str:
    """Mounts of devices of which nobody looked what they are, where this one is not seen.

    A heartbeat region tells whose its device is: this volume's would be active.
    """
    view = view_of(facts, reference)
    if view is not None and view.device is not None:
        return ""
    seen = {other.device for other in require(facts.wanted)}
    doubtful = [m for m in require(facts.mounts) if not is_foreign(m) and m.device not in seen]
    odd = [m.path for m in doubtful if _region_beneath(facts, m) == UNTOLD]
    return unknown(f"what is mounted on {', '.join(odd)}") if odd else ""


def region_uuid(facts: HostFacts, path: str) -> str:
    """The UUID of what is mounted on a path, as the heartbeat region of its device bears it.

    It tells what nobody can read: on a disk without paths, or one whose links are not there yet.
    """
    here = [m for m in require(facts.mounts) if m.path == path and m.pid == 1]
    return _region_beneath(facts, here[-1]) if here and not is_foreign(here[-1]) else UNTOLD


def _region_beneath(facts: HostFacts, found: MountPoint) -> str:
    """The UUID by the region on the device of a mount; the kernel keeps its name while it is used."""
    nodes = {kernel_path(d) for d in require(facts.disks) if d.device == found.device}
    regions = [region for live in require(facts.live).clusters for region in live.regions]
    told = [region.uuid for region in regions if f"/dev/{region.device}" in nodes]
    return _dashed(told[0]) if told else UNTOLD


def _dashed(name: str) -> str:
    """A region's name as superblocks are told, lest a plan differ by who told it."""
    return "-".join((name[:8], name[8:12], name[12:16], name[16:20], name[20:])).lower()


def is_domain_of(domain: str, uuid: str) -> bool:
    """Whether a volume has that DLM domain.

    Without debugfs it is the name of a thread, of which older kernels tell eleven letters.
    """
    name, whole = _plain(domain), _plain(uuid)
    return name == whole or (len(name) == CUT and whole.startswith(name))


def _plain(uuid: str) -> str:
    return uuid.replace("-", "").upper()


def _left_beating(facts: HostFacts, reference: str) -> str:
    """Whether the host's own heartbeat block is that of a clean leave."""
    clusters, view = require(facts.live).clusters, view_of(facts, reference)
    own = {node.number for live in clusters for node in live.nodes if node.local}
    if own and view is not None and view.device is not None and view.beats is None:
        return unknown("the heartbeat area was not read")
    for beat in (view.beats or ()) if view else ():
        if beat.node in own and int(beat.generation, 16) != 0:
            return f"the heartbeat of node {beat.node} has not ended cleanly"
    return "unmounted"


def serving(facts: HostFacts, subject: str) -> str:
    """Whether a volume is mounted and can be written to."""
    state = read_mounted(facts, subject)
    path = subject.split(" ", 1)[0]
    here = [m for m in require(facts.mounts) if m.path == path and m.pid == 1]
    return "read-only" if state == "mounted" and "ro" in here[-1].options else state


def mount_options(facts: HostFacts, subject: str) -> str:
    """Which options of ``PATH OPTION,...`` the mount there has; ``-`` for none."""
    path, options = subject.rsplit(" ", 1)
    here = [m for m in require(facts.mounts) if m.path == path and m.pid == 1]
    if not here:
        return "absent"
    return ",".join(o for o in options.split(",") if o in here[-1].options) or "-"


def automount(facts: HostFacts, subject: str) -> str:
    """Whether ``KIND NAME TEXT`` would mount something by itself."""
    found = {f"{a.kind} {a.name} {a.text}" for a in require(facts.automounts)}
    return "present" if subject in found else "absent"


def users(facts: HostFacts, path: str) -> str:
    """The processes that use something under a path."""
    found = [
        f"{p.pid} {p.command} ({p.path})"
        for p in require(facts.processes)
        if p.path == path or p.path.startswith(f"{path}/")
    ]
    return ", ".join(found) or "none"


NEEDS = ("mounts", "fstab", "wanted", "disks", "live")
READINGS = {
    "mounted": Reading(("mounts", "wanted"), read_mounted),
    "serving": Reading(("mounts", "wanted"), serving),
    "unmounted": Reading(("mounts", "wanted", "live", "disks"), read_unmounted),
    "released": Reading(("mounts", "wanted", "live", "disks"), read_released),
    "mount-options": Reading(("mounts",), mount_options),
    "automount": Reading(("automounts",), automount),
    "users": Reading(("processes",), users),
    "ocfs2-mounts": Reading(("mounts",), ocfs2_mounts),
    "boot-mount": Reading(("fstab",), boot_mount),
    "fstab": Reading(("fstab",), fstab),
}
