"""The packages that a member needs, by what it lacks and what its package manager calls them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import partition_of, ref, view_of, whole_disk
from reconciler.model.observed import HostFacts, ModuleBuild, Packages, Unknown, require

# What tells that the tools are there; they bring more.
TOOLS = ("mkfs.ocfs2", "debugfs.ocfs2", "o2cb")
BROUGHT = ("mkfs.ocfs2", "tunefs.ocfs2", "fsck.ocfs2", "debugfs.ocfs2", "mounted.ocfs2", "o2cb")
_RED_HAT = {
    "parted": "parted",
    "partprobe": "parted",
    "sgdisk": "gdisk",
    "multipathd": "device-mapper-multipath",
    "sg_readcap": "sg3_utils",
}
# By package manager that a plan uses, the package that brings a command.
NAMES: Mapping[str, Mapping[str, str]] = {
    "dpkg": {
        "parted": "parted",
        "partprobe": "parted",
        "sgdisk": "gdisk",
        "multipathd": "multipath-tools",
        "sg_readcap": "sg3-utils",
    },
    "rpm": _RED_HAT,
    "yum": _RED_HAT,
}
# What a person types there, by what the probe tells: apt, dnf, yum 3, and what no plan uses.
INSTALL = {
    "dpkg": "apt-get install",
    "rpm": "dnf install",
    "yum": "yum install",
    "zypper": "zypper install",
    "rpm-ostree": "rpm-ostree install",
    "microdnf": "microdnf install",
    "tdnf": "tdnf install",
}
# What the probe tells of unasked.
USUAL = frozenset(
    {"ocfs2-tools", *(name for table in NAMES.values() for name in table.values())}
)
# Nothing fails without it: a grown LUN is then seen after a rescan only.
OPTIONAL = "sg_readcap"
UNITS = ("o2cb.service", "ocfs2.service")


def is_installer(manager: str | None) -> bool:
    """Whether plans install packages by it."""
    return manager in NAMES


def has_tools(packages: Packages) -> bool:
    """Whether ocfs2-tools are there, by the commands that plans use."""
    return set(TOOLS) <= set(packages.commands)


def missing_packages(cluster: Cluster, facts: HostFacts) -> tuple[str, ...]:
    """The packages without which nothing can be done on the host, and which it has not."""
    packages = require(facts.packages)
    names = NAMES.get(packages.manager or "", {})
    found = [] if has_tools(packages) else [_tools(cluster)]
    found += [
        names[command]
        for command in _commands(cluster, facts)
        if command != OPTIONAL and command in names and command not in packages.commands
    ]
    return tuple(dict.fromkeys(found))


def outdated_tools(cluster: Cluster, facts: HostFacts) -> str:
    """NAME=VERSION of the tools where another version is installed; empty otherwise."""
    packages = cluster.packages
    if isinstance(facts.packages, Unknown) or not (packages.manage and packages.tools_version):
        return ""
    have = facts.packages.versions.get(packages.tools)
    return "" if have in (None, packages.tools_version) else _tools(cluster)


def outdated_module(cluster: Cluster, facts: HostFacts) -> str:
    """NAME=VERSION of the module's package where another is installed; empty otherwise.

    A module that no package brought is left alone, like one of any version.
    """
    wanted = cluster.packages.kernel_module_version
    if not wanted or isinstance(facts.kernel, Unknown) or isinstance(facts.packages, Unknown):
        return ""
    word = f"{module_package(cluster, facts)}={wanted}"
    there = installed_module(cluster, facts)
    return word if there and not has_module_version(facts, word) else ""


def installed_module(cluster: Cluster, facts: HostFacts) -> str:
    """The version of the module's package, or several; empty if it is not installed."""
    name = module_package(cluster, facts)
    return _versions(facts, name) if name else ""


def unpackaged_module(cluster: Cluster, facts: HostFacts) -> str:
    """The package of which the file wants a version, where the module there is of none; or empty.

    Such a module is left alone: the kernel's own, or one that somebody built.
    """
    packages = cluster.packages
    if isinstance(facts.kernel, Unknown) or isinstance(facts.packages, Unknown):
        return ""
    if not (
        packages.kernel_module and packages.kernel_module_version and facts.kernel.module_file
    ):
        return ""
    name = expand_kernel(packages.kernel_module, facts)
    return "" if _versions(facts, name) else name


def unwanted_versions(cluster: Cluster, facts: HostFacts) -> Iterator[tuple[str, str, str]]:
    """Package, its version, and the one that the file wants, whoever is to install it."""
    packages = cluster.packages
    have = require(facts.packages).versions.get(packages.tools)
    if have and packages.tools_version not in (None, have):
        yield packages.tools, have, str(packages.tools_version)
    if packages.kernel_module and (wanted := packages.kernel_module_version):
        name = expand_kernel(packages.kernel_module, facts)
        there = _versions(facts, name)
        if there and not has_module_version(facts, f"{name}={wanted}"):
            yield name, there, wanted


def _versions(facts: HostFacts, name: str) -> str:
    """Of a package, or of one of that name for the kernel that runs."""
    versions = require(facts.packages).versions
    return versions.get(name) or versions.get(f"{name}-{require(facts.kernel).running}", "")


def has_module_version(facts: HostFacts, word: str) -> bool:
    """Whether a module's package is installed as NAME=VERSION wants it."""
    name, _, wanted = word.partition("=")
    return any(_is_version(one, wanted) for one in _versions(facts, name).split(", "))


def _is_version(have: str, wanted: str) -> bool:
    """Whether it is that version, or a build of it: the kernel may stand in its release."""
    return have == wanted or have.startswith((f"{wanted}-", f"{wanted}+"))


def stale_modules(facts: HostFacts) -> tuple[ModuleBuild, ...]:
    """The modules that run in another build than their file is; what is not told is not."""
    return tuple(
        build
        for build in require(facts.kernel).builds
        if build.running and build.file and build.running != build.file
    )


def reload_due(cluster: Cluster, facts: HostFacts) -> bool:
    """Whether the wanted version is installed, and still runs in another build."""
    if isinstance(facts.kernel, Unknown) or isinstance(facts.packages, Unknown):
        return False
    asked = cluster.packages.kernel_module_version and installed_module(cluster, facts)
    return bool(asked and not outdated_module(cluster, facts) and stale_modules(facts))


def _tools(cluster: Cluster) -> str:
    packages = cluster.packages
    version = f"={packages.tools_version}" if packages.tools_version else ""
    return f"{packages.tools}{version}"


def optional_packages(cluster: Cluster, facts: HostFacts) -> tuple[str, ...]:
    """The packages to take along where something is installed anyway."""
    packages = require(facts.packages)
    names = NAMES.get(packages.manager or "", {})
    wanted = OPTIONAL in _commands(cluster, facts) and OPTIONAL not in packages.commands
    return (names[OPTIONAL],) if wanted and names else ()


def commands(cluster: Cluster, manager: str | None, package: str) -> tuple[str, ...]:
    """The commands of ours that a package brings."""
    if package == cluster.packages.tools:
        return BROUGHT
    return tuple(c for c, name in NAMES.get(manager or "", {}).items() if name == package)


def _commands(cluster: Cluster, facts: HostFacts) -> Iterator[str]:
    """What the volumes' layout makes one need."""
    for volume in cluster.volumes:
        if _is_partition(volume, facts):
            yield from ("parted", "partprobe", "sgdisk")
        if volume.device.wwid is not None:
            yield "sg_readcap"
        if _is_multipath(volume, facts):
            yield "multipathd"


def _is_partition(volume: Volume, facts: HostFacts) -> bool:
    """By what the device is, or until that is known by what the file says."""
    if isinstance(facts.wanted, Unknown) or isinstance(facts.disks, Unknown):
        return volume.device.partition is not None
    return partition_of(facts, volume) is not None


def _is_multipath(volume: Volume, facts: HostFacts) -> bool:
    if isinstance(facts.wanted, Unknown) or isinstance(facts.disks, Unknown):
        return False
    view = view_of(facts, ref(volume))
    disk = whole_disk(facts, view) if view else None
    return disk is not None and (disk.dm_uuid or "").startswith("mpath-")


def extra_packages_to_probe(cluster: Cluster) -> tuple[str, ...]:
    """The packages that the probe is asked for besides those that it tells of anyway."""
    packages = cluster.packages
    found = (packages.tools,) if packages.tools not in USUAL else ()
    if packages.kernel_module is None:
        return found
    module = packages.kernel_module
    return (*found, module, *([] if "{kernel}" in module else [f"{module}-{{kernel}}"]))


def has_module(facts: HostFacts) -> bool:
    """Whether the running kernel has ocfs2: in its tree, by a package, or loaded already."""
    kernel = require(facts.kernel)
    return "ocfs2" in kernel.loaded or kernel.module_file is not None


def expand_kernel(package: str, facts: HostFacts) -> str:
    """The name of a module's package, for the kernel that runs."""
    return package.replace("{kernel}", require(facts.kernel).running)


def module_package(cluster: Cluster, facts: HostFacts) -> str:
    """The module's package on a host; empty where none is to be installed by a plan."""
    packages = cluster.packages
    manager = require(facts.packages).manager
    if not (packages.manage and packages.kernel_module and is_installer(manager)):
        return ""
    return expand_kernel(packages.kernel_module, facts)


def install_line(manager: str | None, names: tuple[str, ...]) -> str:
    """The command that a person would type."""
    return f"{INSTALL.get(manager or '', 'install')} {' '.join(names)}"
