"""The disks that a first file offers for volumes: what nothing uses, and nobody else has data on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconciler.frozen import frozen
from reconciler.model.desired import Device
from reconciler.model.devices import view_of
from reconciler.model.heartbeats import is_left
from reconciler.model.observed import Superblock, Unknown, WantedDevice
from reconciler.model.quantities import format_size
from reconciler.reports.imported.devices import disks, name_device, ref
from reconciler.reports.imported.roster import Hosts
from reconciler.reports.imported.volumes import labels, volumes
from reconciler.reports.imported.writing import comment, volume_lines

MOST_DISKS = 20
MARK = "CHANGE"
EXAMPLE = Device(wwid="3600140512345678")


@frozen
class SharedDisk:
    """A disk for a volume, as every host finds it."""

    device: Device
    size: int
    names: tuple[str, ...]

    @property
    def title(self) -> str:
        """Its size, and what the hosts call it."""
        return f"{format_size(self.size)}, {', '.join(dict.fromkeys(self.names))}"


def shared_disks(hosts: Hosts) -> tuple[SharedDisk, ...]:
    """Disks that nothing uses and that all hosts have by the same name."""
    found: dict[str, SharedDisk] = {}
    seen: Counter[str] = Counter()
    for facts in hosts.values():
        mounted = () if isinstance(facts.mounts, Unknown) else {m.device for m in facts.mounts}
        for disk in disks(facts):
            device = name_device(facts, disk, hosts)
            if device is None or disk.device in mounted or disk.read_only:
                continue
            key = ref(device)
            before = found.get(key, SharedDisk(device, disk.size, ()))
            found[key] = SharedDisk(device, before.size, (*before.names, disk.name))
            seen[key] += 1
    alone = len(hosts) == 1  # whose own disks are no more to be told from shared ones
    return tuple(
        disk
        for key, disk in found.items()
        if seen[key] == len(hosts) and not (alone and disk.device.partition)
    )[:MOST_DISKS]


def disk_lines(hosts: Hosts) -> Iterator[str]:
    """The volumes of the file, as comments: those that may be taken, then why not the others."""
    found = shared_disks(hosts) if hosts else ()
    refused = {disk.device: why for disk in found if (why := _why_not(disk, hosts))}
    offered = [disk for disk in found if disk.device not in refused]
    yield ""
    if offered:
        who = ", ".join(hosts)
        yield from comment(f"Disks that nothing has mounted, as seen by {who}.", 4)
    else:
        yield from comment(
            f"{MARK}: the WWID of a shared disk; '/lib/udev/scsi_id -g -u -d /dev/sdX' prints it.",
            4,
        )
    yield from comment(
        "Nothing is done with a disk while its lines are comments. Take the '# ' away from "
        "'volumes:' and from the one that you want. A blank disk is formatted once, and only "
        "after you have approved that very disk.",
        4,
    )
    yield "    # volumes:"
    for number, disk in enumerate(offered, 1):
        for line in _offer(number, disk, hosts):
            yield f"    # {line}".rstrip()
    for line in _blank("volume1", EXAMPLE) if not offered else ():
        yield f"    # {line}"
    for disk in found:
        if disk.device in refused:
            yield from comment(f"Do not take {disk.title}: {refused[disk.device]}", 4)


def _offer(number: int, disk: SharedDisk, hosts: Hosts) -> Iterator[str]:
    """What is on the disk, and the lines of its volume: with its own label, or to be formatted."""
    block = _block(disk, hosts)
    for seen in volumes((disk.device,), hosts) if block is not None else ():
        label = labels((seen,))[seen.block.uuid]
        yield from comment(f"{disk.title}: has an OCFS2 file system, and keeps it", 2)
        yield from (f"  {line}" for line in volume_lines(seen, label, f"/srv/{label}"))
        return
    yield from comment(f"{disk.title}: {_content(disk, hosts)}", 2)
    yield from _blank(f"volume{number}", disk.device)


def _blank(label: str, device: Device) -> Iterator[str]:
    key, value = ("wwid", device.wwid) if device.wwid else ("path", device.path)
    part = f", partition: {device.partition}" if device.partition else ""
    yield f"  - label: {label}"
    yield f'    device: {{{key}: "{value}"{part}}}'
    yield "    size: fill"
    yield "    format: if-blank"
    yield "    mount:"
    yield f"      path: /srv/{label}"


def _why_not(disk: SharedDisk, hosts: Hosts) -> str:
    """Why nobody should take a disk: others are on it, or it has something else; else empty."""
    views = _views(disk, hosts)
    block = _block(disk, hosts)
    if block is not None:
        taken = sorted({number for view in views for number in _nodes_on(view)})
        if not taken:
            known = volumes((disk.device,), hosts)
            return "" if known else "it has an OCFS2 file system, and could not be read further"
        name = f" ({block.label})" if block.label else ""
        return (
            f"it has an OCFS2 file system{name} that node {', '.join(map(str, taken))} of cluster "
            f"{block.cluster or 'o2cb'} uses now, or crashed on. To join that cluster: reconcile "
            "import ONE-OF-ITS-HOSTS, and add a member there."
        )
    kinds = {view.signature.get("TYPE") or view.signature.get("PTTYPE") for view in views}
    words = sorted(kind for kind in kinds if kind)
    return f"NOT blank, has {', '.join(words)}" if words else ""


def _nodes_on(view: WantedDevice) -> Iterator[int]:
    """Numbers that hold a slot of it, or whose heartbeat did not end there."""
    yield from (slot.node for slot in view.slot_map or ())
    yield from (beat.node for beat in view.beats or () if is_left(beat))


def _content(disk: SharedDisk, hosts: Hosts) -> str:
    """What was seen on it, in words; a second look of the plan decides."""
    views = _views(disk, hosts)
    if views and all(view.zeros for view in views):
        return "seems blank"
    return "whether it is blank is not known yet"


def _block(disk: SharedDisk, hosts: Hosts) -> Superblock | None:
    return next((v.superblock for v in _views(disk, hosts) if v.superblock), None)


def _views(disk: SharedDisk, hosts: Hosts) -> list[WantedDevice]:
    looked = [facts for facts in hosts.values() if not isinstance(facts.wanted, Unknown)]
    found = [view_of(facts, ref(disk.device)) for facts in looked]
    return [view for view in found if view is not None]
