"""A cluster as it is to be written: what was found out, and what remains to be said of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from reconciler.frozen import frozen
from reconciler.model.devices import view_of
from reconciler.model.heartbeats import is_left
from reconciler.model.host_names import is_same_host, short_name
from reconciler.model.observed import HostFacts, Unknown, Unreachable
from reconciler.model.ocfs2_options import refused_options
from reconciler.model.quantities import format_size
from reconciler.reports.imported.devices import devices, ref
from reconciler.reports.imported.roster import Hosts, Node, former, is_online, nodes
from reconciler.reports.imported.volumes import Seen, at_boot, belongs, volumes

T = TypeVar("T")


@frozen
class Style:
    """What of a cluster's files and packages is left to its hosts."""

    files: str = "own"
    manage: bool = True


# The first that changes nothing is taken: what reconcile does by itself first.
STYLES = (Style(), Style("kept"), Style(manage=False), Style("kept", manage=False))


@frozen
class Draft:
    """One cluster; ``doors`` are other names by which members were reached."""

    name: str
    nodes: tuple[Node, ...]
    hosts: Hosts
    lost: Mapping[str, Unreachable]
    doors: Mapping[str, str]
    volumes: tuple[Seen, ...]
    unused: tuple[Seen, ...]

    @property
    def pinned(self) -> bool:
        """Whether the numbers are not simply 0, 1, 2 and on."""
        return [node.number for node in self.nodes] != list(range(len(self.nodes)))


def make_draft(
    name: str,
    hosts: Hosts,
    lost: Mapping[str, Unreachable],
    doors: Mapping[str, str],
) -> Draft:
    """The draft of one cluster from facts in which all of ``devices`` were asked about.

    Members have the short names of their nodes: no file has others, and what must be renamed is
    for the plan to say, once.
    """
    listed = nodes(name, hosts)
    names = {node.name: _file_name(node, listed) for node in listed}
    listed = tuple(replace(node, name=names[node.name]) for node in listed)
    hosts, doors = _renamed(hosts, names), _renamed(doors, names)
    lost = {who: item for who, item in _renamed(lost, names).items() if who not in hosts}
    found = [v for v in volumes(devices(hosts), hosts) if belongs(name, v)]
    used = tuple(sorted((v for v in found if v.path), key=lambda v: v.path))
    unused = tuple(v for v in found if not v.path)
    return Draft(name, listed, hosts, lost, doors, used, unused)


def _file_name(node: Node, listed: Sequence[Node]) -> str:
    short = short_name(node.name)
    alone = [short_name(other.name) for other in listed].count(short) == 1
    return short if alone and short else node.name


def _renamed(found: Mapping[str, T], names: Mapping[str, str]) -> Mapping[str, T]:
    """By the members' names what was known by another spelling of them."""
    return {
        next((name for node, name in names.items() if is_same_host(node, who)), who): item
        for who, item in found.items()
    }


def left_heartbeats(draft: Draft) -> Mapping[int, str]:
    """Numbers that no node of a list has, to the volume on which they left a heartbeat."""
    listed = {node.number for node in draft.nodes}
    found = {}
    for seen in draft.volumes:
        for host in seen.places:
            view = view_of(draft.hosts[host], ref(seen.device))
            for beat in (view.beats if view else None) or ():
                if is_left(beat) and beat.node not in listed:
                    found[beat.node] = seen.block.label or seen.path
    return dict(sorted(found.items()))


def is_drained(draft: Draft, host: str) -> bool:
    """Whether a host is in the cluster and mounts none of its volumes, now or at boot."""
    places = [v.places[host] for v in draft.volumes if host in v.places]
    others = any(v.mounted for v in draft.volumes)
    idle = all(p.mount is None and not p.lines for p in places)
    facts = draft.hosts.get(host)
    return facts is not None and others and idle and is_online(draft.name, facts)


def of_member(draft: Draft, node: Node) -> Iterator[str]:
    """What is to be said of a member."""
    if lost := draft.lost.get(node.name):
        yield f"not read: {lost.code}: {lost.message}"
        if lost.code == "hostname-differs":
            yield "Some host answered: rename it, or say under ssh how this one is reached."
            return
        yield "It stands here as the others' lists have it. If it is down, say so, with attested:"
        yield "state: offline (it comes back) or state: dead (powered off for good)."
    facts = draft.hosts.get(node.name)
    if facts is None:
        return
    if not is_online(draft.name, facts):
        yield "its kernel does not run the cluster now"
    if is_drained(draft, node.name):
        yield "in the cluster, with none of the volumes mounted, now or at boot"


def of_volume(draft: Draft, seen: Seen) -> Iterator[str]:
    """What is to be said of a volume."""
    block = seen.block
    sizes = f"blocks of {format_size(block.block_size)}, clusters of {format_size(block.cluster_size)}"
    yield f"UUID {block.uuid}, {block.slots} slots, {sizes}"
    yield f"mounted on {', '.join(seen.mounted) or 'no host'}"
    if blind := [h for h in draft.hosts if h not in seen.places]:
        yield f"not seen by {', '.join(blind)}"
    if not block.cluster:
        yield "It has no cluster's stamp, so that a cluster of another name could mount it too."
    if seen.room:
        yield f"The device has {seen.room}: raise size to let the volume grow into it."
    yield from _lines(seen)
    yield from _users(draft, seen)


def _lines(seen: Seen) -> Iterator[str]:
    """What its lines in fstab do that the file does not say, or cannot."""
    lines = [line for line in seen.lines if line.path == seen.path]
    if not lines:
        yield "No line in fstab. If an agent mounts it once it runs, say by: workload under mount."
    elif not at_boot(seen):
        yield "Its line in fstab says noauto: it is not mounted at boot."
    if any(line.is_mounted_on_use for line in lines):
        yield "Its line has x-systemd.automount: after a boot it is mounted when it is first used."
    if any(line.is_checked for line in lines):
        yield "Its line has a sixth field other than 0: a boot runs fsck.ocfs2 before the mount."
    if refused := {o for line in lines for o in refused_options(line.options)}:
        words = ", ".join(sorted(refused))
        yield f"Its line has {words}, which OCFS2 refuses: the mount at the next boot would fail."


def _users(draft: Draft, seen: Seen) -> Iterator[str]:
    """Who was seen using it: perhaps what has to be stopped before it is unmounted."""
    found: dict[str, list[str]] = {}
    for host in seen.mounted:
        for word in _user_words(draft.hosts[host], seen.path):
            found.setdefault(word, []).append(host)
    for word, hosts in list(found.items())[:10]:
        yield f"in use by {word} on {', '.join(hosts)}"
    if found:
        yield "What must not run while it is unmounted belongs under workloads:"
        yield "workloads: {services: [UNIT]}; nothing else is ever stopped."


def _user_words(facts: HostFacts, path: str) -> Sequence[str]:
    if isinstance(facts.processes, Unknown):
        return ()
    used = [p for p in facts.processes if p.path == path or p.path.startswith(f"{path}/")]
    return tuple(dict.fromkeys(p.unit or p.command for p in used))


def of_unused(seen: Seen) -> str:
    """A volume that is mounted nowhere."""
    label = f"labelled {seen.block.label}" if seen.block.label else "without a label"
    stamp = "" if seen.block.cluster else ", stamped for no cluster"
    return f"{label}, UUID {seen.block.uuid}, {seen.block.slots} slots{stamp}: mounted nowhere"


def left_out(drafts: Sequence[Draft]) -> Iterator[str]:
    """Mounted volumes that stand in no draft: their disks have no name that lasts."""
    said = {
        (host, place.mount.device)
        for draft in drafts
        for seen in draft.volumes
        for host, place in seen.places.items()
        if place.mount
    }
    for host, facts in {h: f for draft in drafts for h, f in draft.hosts.items()}.items():
        for mount in () if isinstance(facts.mounts, Unknown) else facts.mounts:
            if (host, mount.device) not in said:
                yield (
                    f"{host}: {mount.path} is mounted from {mount.source} and not in the file: "
                    "no lasting name of that disk leads to its file system"
                )


def of_cluster(draft: Draft) -> Iterator[str]:
    """What is to be said of the cluster."""
    if gone := former(draft.name, draft.nodes, draft.hosts):
        words = ", ".join(f"{who} (number {number})" for who, number in sorted(gone.items()))
        yield f"Members once, by the records on its hosts: {words}"
    unread = [
        f"{host}: {section}"
        for host, facts in draft.hosts.items()
        for section in ("disks", "wanted", "mounts", "fstab", "live", "cluster_conf")
        if isinstance(getattr(facts, section), Unknown)
    ]
    if unread:
        yield f"Not read: {', '.join(unread)}"
