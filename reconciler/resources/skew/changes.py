"""Members that differ: in versions, in the locking protocol, in file system features.

What would make a mount fail is refused before anything is written; of members that run
already it is only told. What kernels say to each other besides (o2net's handshake, the DLM's
own protocol) cannot be read from outside: there they refuse each other themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.model.addresses import cluster_address, member_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import has_mounted, ref, view_of
from reconciler.model.observed import HostFacts, Observed, Packages, Superblock, require
from reconciler.model.outcome import Blocked, Finding
from reconciler.model.plan import Action, Change
from reconciler.model.roles import is_withdrawn, mounting_it, online, restrict_to, staying
from reconciler.model.software import has_tools, reload_due, stale_modules, unwanted_versions
from reconciler.resources.skew.features import missing_features
from reconciler.resources.skew.lost_slots import doubtful_slots, lost_slots
from reconciler.resources.skew.skewed_host import Skew

Hosts = Mapping[str, HostFacts]


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse a host that is about to join, or to mount, and could not."""
    for item in _skews(cluster, observed):
        if item.joins:
            yield Blocked(item.code, member_address(item.host), item.message, item.remedy)


def findings(cluster: Cluster, observed: Observed) -> Iterator[Finding]:
    """The same of members that run, and versions that differ between members."""
    hosts = restrict_to(observed, staying(cluster)).answering_hosts()
    yield from _versions(cluster, hosts)
    yield from doubtful_slots(cluster, hosts)
    for host, facts in hosts.items():
        yield from _stale(cluster, host, facts)
        yield from _unmanaged(cluster, host, facts)
    for item in _skews(cluster, observed):
        if not item.joins:
            yield Finding(item.code, member_address(item.host), item.message, item.remedy)


def diff(_cluster: Cluster, _observed: Observed) -> Iterator[Change]:
    """Nothing: what a host runs is for its packages."""
    return iter(())


def actions(
    _cluster: Cluster, _observed: Observed, _changes: Sequence[Change]
) -> Iterator[Action]:
    """Nothing."""
    return iter(())


def _skews(cluster: Cluster, observed: Observed) -> Iterator[Skew]:
    hosts = restrict_to(observed, staying(cluster)).answering_hosts()
    yield from _protocols(cluster, hosts)
    yield from lost_slots(cluster, hosts)
    for volume in cluster.volumes:
        if not is_withdrawn(volume):
            able = {
                require(f.kernel).running for f in hosts.values() if has_mounted(f, ref(volume))
            }
            mounts = frozenset(mounting_it(cluster, volume))
            block = _superblock(volume, hosts)
            for host in hosts:
                yield from _tools(cluster, volume, host, hosts)
                for item in (
                    _features(volume, (host, hosts[host]), block, able) if block else ()
                ):
                    joins = item.joins and host in mounts
                    yield replace(item, joins=joins)


def _versions(cluster: Cluster, hosts: Hosts) -> Iterator[Finding]:
    tools = cluster.packages.tools
    readings: Mapping[str, Callable[[HostFacts], str]] = {
        f"have different {tools}": lambda f: _version_of(tools, require(f.packages)),
        "run different kernels": lambda f: require(f.kernel).running,
        "have different ocfs2 modules": lambda f: require(f.kernel).module_version or "none",
    }
    for what, reading in readings.items():
        found: dict[str, list[str]] = {}
        for host, facts in hosts.items():
            if version := reading(facts):
                found.setdefault(version, []).append(host)
        if len(found) > 1:
            words = "; ".join(f"{version} on {', '.join(h)}" for version, h in found.items())
            yield Finding(
                "version-skew",
                cluster_address(cluster.name),
                f"members {what}: {words}",
                "bring them to one version, one host after the other",
                "notice",
            )


def _version_of(tools: str, packages: Packages) -> str:
    """Empty where there are none: who lacks them is refused, or gets them."""
    return packages.versions.get(tools, "none") if has_tools(packages) else ""


def _stale(cluster: Cluster, host: str, facts: HostFacts) -> Iterator[Finding]:
    """A module that was replaced under a kernel that still runs the old one."""
    builds = stale_modules(facts)
    if builds and not reload_due(cluster, facts):
        words = "; ".join(f"{b.name} runs {b.running}, its file is {b.file}" for b in builds)
        yield Finding(
            "version-skew",
            member_address(host),
            f"its kernel runs another build of ocfs2 than is installed: {words}",
            "boot it, or name the installed version as packages.kernel_module_version: then "
            "a plan reloads it, one host after the other",
            "notice",
        )


def _unmanaged(cluster: Cluster, host: str, facts: HostFacts) -> Iterator[Finding]:
    """Other versions than the file names, which somebody else is to install."""
    for name, have, wanted in (
        () if cluster.packages.manage else unwanted_versions(cluster, facts)
    ):
        yield Finding(
            "version-skew",
            member_address(host),
            f"{name} is {have}, the file wants {wanted}; packages.manage is false",
            f"install {wanted} on {host}, or name in the file what is there",
            "notice",
        )


def _protocols(cluster: Cluster, hosts: Hosts) -> Iterator[Skew]:
    runs = {host: _protocol(f) for host, f in hosts.items() if _runs(cluster, f)}
    kinds = frozenset(runs.values())  # few, whatever the number of hosts
    for host, facts in hosts.items():
        mine = _protocol(facts)
        if all(_suits(mine, theirs) for theirs in kinds):
            continue
        others = [h for h, theirs in runs.items() if h != host and not _suits(mine, theirs)]
        if others:
            words = ", ".join(f"{h} {require(hosts[h].live).locking}" for h in others)
            yield Skew(
                "protocol-skew",
                host,
                f"its kernel has the locking protocol {require(facts.live).locking}, "
                f"and {words}: it could not mount what they have mounted",
                f"boot {host} with a kernel whose ocfs2 has the protocol of the others",
                host in online(cluster) and host not in runs,
            )


def _runs(cluster: Cluster, facts: HostFacts) -> bool:
    return require(facts.live).running(cluster.name) is not None


def _protocol(facts: HostFacts) -> tuple[int, ...]:
    """Major and minor; nothing while it is not known."""
    return tuple(int(word) for word in require(facts.live).locking.split(".") if word)


def _suits(mine: tuple[int, ...], theirs: tuple[int, ...]) -> bool:
    """Whether a host can join those who are there: the same major, and no lower minor.

    Who is there goes by the version of the first one (fs/ocfs2/dlm/dlmdomain.c,
    dlm_query_join_proto_check).
    """
    return not mine or not theirs or (mine[0] == theirs[0] and mine[1] >= theirs[1])


def _tools(cluster: Cluster, volume: Volume, host: str, hosts: Hosts) -> Iterator[Skew]:
    """Tools that open no file system whose features they do not know (libocfs2/openfs.c)."""
    view = view_of(hosts[host], ref(volume))
    if view is None or view.unread or view.superblock or view.signature.get("TYPE") != "ocfs2":
        return
    versions = {
        h: require(f.packages).versions.get(cluster.packages.tools) for h, f in hosts.items()
    }
    readers = [h for h in _readers(volume, hosts) if versions[h] != versions[host]]
    if readers:
        yield Skew(
            "feature-skew",
            host,
            f"its {cluster.packages.tools} {versions[host]} cannot read the file system of "
            f"{volume.label}, {versions[readers[0]]} on {', '.join(readers)} can",
            f"install on {host} the version that the others have",
            not _runs(cluster, hosts[host]),
        )


def _readers(volume: Volume, hosts: Hosts) -> Iterator[str]:
    for host, facts in hosts.items():
        view = view_of(facts, ref(volume))
        if view is not None and view.superblock is not None:
            yield host


def _features(
    volume: Volume, of: tuple[str, HostFacts], block: Superblock, able: set[str]
) -> Iterator[Skew]:
    """What a host's kernel lacks; ``able`` are the kernels that have the volume mounted."""
    (host, facts), where = of, ref(volume)
    kernel = require(facts.kernel)
    if kernel.running not in able and (
        lacks := missing_features(block, kernel, kernel.running)
    ):
        yield Skew(
            "feature-skew",
            host,
            f"its kernel {kernel.running} lacks features of the file system of {volume.label}: "
            f"{', '.join(lacks)}",
            f"boot {host} with a kernel that has them; tunefs.ocfs2(8) tells which can be taken "
            "from an unmounted volume",
            not has_mounted(facts, where),
        )
    following = kernel.next_boot if kernel.next_boot_module else None
    if (
        following
        and following not in able
        and (lacks := missing_features(block, kernel, following))
    ):
        yield Skew(
            "feature-skew",
            host,
            f"the kernel that boots next, {following}, lacks features of the file system of "
            f"{volume.label}: {', '.join(lacks)}",
            f"let {host} boot a kernel that has them",
            joins=False,
        )


def _superblock(volume: Volume, hosts: Hosts) -> Superblock | None:
    """As the first member that can read it tells: it is one file system."""
    blocks = (view_of(hosts[host], ref(volume)) for host in _readers(volume, hosts))
    return next((view.superblock for view in blocks if view is not None), None)


NEEDS: tuple[str, ...] = ("kernel", "live", "packages", "mounts", "wanted")
