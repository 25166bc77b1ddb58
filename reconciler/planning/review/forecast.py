"""What the next boot of each member will lead to, and where members differ.

A running host tells little about its next boot: the kernel may be another, a unit disabled, a
line of fstab gone, and files may say what the kernel was never told. Nothing is refused for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.frozen import frozen
from reconciler.model.addresses import extend_address, member_address, volume_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import mount_subject, ref, view_of, whole_disk
from reconciler.model.drbd import drbd_units
from reconciler.model.host_names import host_key
from reconciler.model.identity_cache import once_each
from reconciler.model.observed import (
    HostFacts,
    LiveCluster,
    Observed,
    Unknown,
    require,
)
from reconciler.model.outcome import Finding
from reconciler.model.plan import Change
from reconciler.model.roles import (
    mounted_volumes,
    mounts_at_boot,
    restrict_to,
    staying,
    with_volumes,
)
from reconciler.model.units import full_names
from reconciler.planning.review.boot_lines import line_findings, not_at_boot
from reconciler.planning.review.lost_paths import lost_paths
from reconciler.resources.cluster_conf.grammar import ConfInvalid, Node, parse_conf
from reconciler.resources.mounts.readings import read_mounted
from reconciler.resources.o2cb.changes import UNITS
from reconciler.resources.o2cb.parsing import parse_settings
from reconciler.resources.o2cb.readings import unit_at_boot
from reconciler.resources.ordering.words import load
from reconciler.resources.skew import changes as skew

NEEDS = (
    *("kernel", "live", "packages", "mounts", "wanted"),
    *("services", "fstab", "o2cb_config", "cluster_conf", "disks"),
)
# What o2cb sets at its start: the key of its file, and the kernel's default without it
# (vendor/common/o2cb.init.sh; fs/ocfs2/cluster/heartbeat.h and tcp.h).
TIMEOUTS: Mapping[str, tuple[str, int]] = {
    "O2CB_HEARTBEAT_THRESHOLD": ("dead_threshold", 31),
    "O2CB_IDLE_TIMEOUT_MS": ("idle_timeout_ms", 30000),
    "O2CB_KEEPALIVE_DELAY_MS": ("keepalive_delay_ms", 2000),
    "O2CB_RECONNECT_DELAY_MS": ("reconnect_delay_ms", 2000),
}


@frozen
class Forecast:
    """A finding, and the addresses of the changes of which each would mend it."""

    finding: Finding
    mends: tuple[str, ...] = ()


def findings(
    cluster: Cluster, observed: Observed, changes: Sequence[Change] = ()
) -> tuple[Finding, ...]:
    """Of every member that was read whole; each with the one of ``changes`` that mends it.

    A forecast of a host gets the cluster with the volumes that the host mounts.
    """
    due = {change.address for change in changes}
    readable = Observed(
        {
            host: facts
            for host, facts in restrict_to(observed, staying(cluster)).answering_hosts().items()
            if not any(isinstance(getattr(facts, name), Unknown) for name in NEEDS)
        }
    )
    mounts = mounted_volumes(cluster)
    found = [
        replace(item.finding, mended_by=next((a for a in item.mends if a in due), ""))
        for host, facts in readable.answering_hosts().items()
        for own in (with_volumes(cluster, mounts.get(host, ())),)
        for forecast in FORECASTS
        for item in forecast(own, host, facts)
    ]
    return (*found, *skew.findings(cluster, readable))


def _kernel(cluster: Cluster, host: str, facts: HostFacts) -> Iterator[Forecast]:
    """The kernel that boots next, as far as the host tells which one that is."""
    kernel = require(facts.kernel)
    if kernel.next_boot and kernel.next_boot_module is False:
        labels = [v.label for v in cluster.volumes]
        mounts = f", and {', '.join(labels)} would not be mounted" if labels else ""
        yield Forecast(
            Finding(
                "next-boot-no-module",
                member_address(host),
                f"the kernel that boots next, {kernel.next_boot}, has no ocfs2 module: the "
                f"cluster would not be online{mounts}",
                f"install on {host} what carries ocfs2 for {kernel.next_boot}, or let it boot "
                f"{kernel.running}",
            )
        )


def _start(cluster: Cluster, host: str, facts: HostFacts) -> Iterator[Forecast]:
    """What runs now and would not start: the cluster, and who mounts a volume itself."""
    if require(facts.live).running(cluster.name) is None:
        return
    off = [u for u in UNITS if load(facts, u) == "loaded" and _is_off(facts, u)]
    if off:
        verb = "is" if len(off) == 1 else "are"
        yield Forecast(
            _disabled(host, f"{' and '.join(off)} {verb} disabled", off),
            (member_address(host, "o2cb-at-boot"),),
        )
    file = require(facts.o2cb_config)
    enabled = parse_settings(file.text or "").get("O2CB_ENABLED", "(nothing)")
    if enabled != "true":
        yield Forecast(
            Finding(
                "next-boot-unit-disabled",
                member_address(host),
                f"{file.path} says O2CB_ENABLED={enabled}: o2cb would not bring the cluster "
                "online after a boot",
                f"set O2CB_ENABLED=true there on {host}",
            ),
            (member_address(host, "o2cb-settings"),),
        )
    for volume in cluster.volumes:
        yield from _agents(volume, host, facts)


def _agents(volume: Volume, host: str, facts: HostFacts) -> Iterator[Forecast]:
    if volume.workloads is None:
        return
    mounts = volume.mounted_by == "workload"
    for unit in full_names(volume.workloads.services) if mounts else ():
        if load(facts, unit) == "loaded" and _is_off(facts, unit):
            because = f"{unit}, which mounts {volume.label}, is disabled"
            where = member_address(host, "service", unit)
            yield Forecast(_disabled(host, because, [unit]), (extend_address(where, "boot"),))


def _disabled(host: str, because: str, units: Sequence[str]) -> Finding:
    return Finding(
        "next-boot-unit-disabled",
        member_address(host),
        f"{because}: after a boot it would not start",
        f"on {host}: systemctl enable {' '.join(units)}",
    )


def _is_off(facts: HostFacts, unit: str) -> bool:
    return unit_at_boot(facts, unit) == "disabled"


def _agreement(cluster: Cluster, host: str, facts: HostFacts) -> Iterator[Forecast]:
    """What the files say and the running kernel has not."""
    live = require(facts.live).running(cluster.name)
    if live is None:
        return
    parts: tuple[tuple[Sequence[str], str, tuple[str, ...]], ...] = (
        (_node_words(cluster, facts, live), "cluster.conf", ("cluster.conf", "live-nodes")),
        (
            _setting_words(cluster, facts, live),
            require(facts.o2cb_config).path,
            ("o2cb-settings", "timeouts"),
        ),
    )
    for words, file, mends in parts:
        if words:
            yield Forecast(
                Finding(
                    "next-boot-differs",
                    member_address(host),
                    f"{file} is not what its kernel runs with, and would be after a boot: "
                    f"{'; '.join(words)}",
                    "apply: file and kernel are made the same on all members, or mend the file",
                ),
                tuple(member_address(host, name) for name in mends),
            )


@once_each()
def _told(nodes: tuple[Node, ...], name: str) -> frozenset[tuple[str, int, str, int]]:
    """The nodes of a file, which most hosts have alike."""
    return frozenset(
        (host_key(n.name), n.number, n.ip, n.port) for n in nodes if n.cluster == name
    )


def _node_words(cluster: Cluster, facts: HostFacts, live: LiveCluster) -> list[str]:
    text = require(facts.cluster_conf).text
    if text is None:
        return ["there is no such file"]
    try:
        conf = parse_conf(text)
    except ConfInvalid as error:
        return [f"it cannot be read: {error}"]
    told = _told(conf.nodes, cluster.name)
    runs = {(host_key(n.name), n.number, n.ip, n.port) for n in live.nodes}
    return [
        f"{name} {number} {ip}:{port} only in {where}"
        for where, nodes in (("the file", told - runs), ("the kernel", runs - told))
        for name, number, ip, port in sorted(nodes)
    ]


def _setting_words(cluster: Cluster, facts: HostFacts, live: LiveCluster) -> list[str]:
    have = parse_settings(require(facts.o2cb_config).text or "")
    words = []
    for key, (name, default) in TIMEOUTS.items():
        runs, told = getattr(live, name), have.get(key) or str(default)
        if runs is not None and str(runs) != told:
            words.append(f"{name} {told} in the file, {runs} in the kernel")
    other = have.get("O2CB_BOOTCLUSTER", "")
    if other != cluster.name:
        words.append(f"cluster {other or '(none)'} in the file, {cluster.name} in the kernel")
    return words


def _mounts(cluster: Cluster, host: str, facts: HostFacts) -> Iterator[Forecast]:
    """Volumes that are mounted now and that fstab would not mount."""
    for volume in cluster.volumes:
        if not mounts_at_boot(volume):
            continue
        for finding in line_findings(volume, host, facts):
            yield Forecast(finding, (volume_address(volume.label, "boot", host),))
        why = not_at_boot(volume, facts)
        if why and read_mounted(facts, mount_subject(volume)) == "mounted":
            yield Forecast(
                Finding(
                    "next-boot-mount-missing",
                    volume_address(volume.label),
                    f"{host}: {volume.mount.path} is mounted now and would not be after a boot: "
                    f"{why}",
                    f"apply writes its line into /etc/fstab of {host}",
                ),
                (volume_address(volume.label, "boot", host),),
            )


def _storage(cluster: Cluster, host: str, facts: HostFacts) -> Iterator[Forecast]:
    """What gives the host its disks; who logs in at boot brings iscsid along."""
    used = [
        (volume.label, units) for volume in cluster.volumes for units in _below(volume, facts)
    ]
    for units in dict.fromkeys(units for _label, units in used):
        there = [unit for unit in units if load(facts, unit) == "loaded"]
        if there and all(_is_off(facts, unit) for unit in there):
            labels = ", ".join(label for label, rests in used if rests == units)
            because = f"{' and '.join(there)}, on which the disk of {labels} rests, is disabled"
            yield Forecast(_disabled(host, because, there[:1]))


LOGIN = ("open-iscsi.service", "iscsi.service")


def _below(volume: Volume, facts: HostFacts) -> Iterator[tuple[str, ...]]:
    """Of each kind of storage below a volume the units of which one must start."""
    view = view_of(facts, ref(volume))
    disk = whole_disk(facts, view) if view else None
    if disk is None:
        return
    if units := drbd_units(volume, facts):
        yield units
    if (disk.dm_uuid or "").startswith("mpath-"):
        yield ("multipathd.service",)
    names = {disk.name, *disk.slaves}
    links = [link for d in require(facts.disks) if d.name in names for link in d.links]
    if any("/by-path/ip-" in link and "-iscsi-" in link for link in links):
        logs_in = any(load(facts, unit) == "loaded" for unit in LOGIN)
        yield LOGIN if logs_in else ("iscsid.service",)


def _paths(cluster: Cluster, host: str, facts: HostFacts) -> Iterator[Forecast]:
    return map(Forecast, lost_paths(cluster, host, facts))


FORECASTS: tuple[Callable[[Cluster, str, HostFacts], Iterator[Forecast]], ...] = (
    _kernel,
    _start,
    _agreement,
    _mounts,
    _storage,
    _paths,
)
