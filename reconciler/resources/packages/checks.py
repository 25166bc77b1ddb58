"""What a member lacks that no plan can give it, and what keeps a plan from it."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.addresses import member_address
from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, Packages, require
from reconciler.model.outcome import Blocked
from reconciler.model.quantities import format_size
from reconciler.model.roles import staying
from reconciler.model.software import (
    TOOLS,
    expand_kernel,
    has_module,
    install_line,
    is_installer,
    missing_packages,
    module_package,
    outdated_module,
    outdated_tools,
)
from reconciler.resources.packages.carriers import carrier

SYSTEM = ("blkid", "wipefs", "systemctl")
# What one run may write into /etc and /var/lib, with room to spare.
FREE_BYTES = 1 << 20


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse hosts without the tools, the module, the right to use them, or room."""
    stays = staying(cluster)
    for host, facts in observed.answering_hosts().items():
        yield from _check_rights(host, facts)
        if host in stays:
            yield from _check_software(cluster, host, facts)
        yield from _check_space(host, facts)


def _check_rights(host: str, facts: HostFacts) -> Iterator[Blocked]:
    uid = require(facts.identity).uid
    if uid != 0:
        yield Blocked(
            "not-root",
            member_address(host),
            f"commands run there as uid {uid}",
            "log in as root, or set ssh.sudo: true with a NOPASSWD rule",
        )


def _check_software(cluster: Cluster, host: str, facts: HostFacts) -> Iterator[Blocked]:
    packages = require(facts.packages)
    if missing := [name for name in SYSTEM if name not in packages.commands]:
        yield Blocked(
            "tools-missing",
            member_address(host),
            f"not installed: {', '.join(missing)}",
            f"on {host}: {install_line(packages.manager, ('util-linux', 'systemd'))}",
        )
    names = missing_packages(cluster, facts)
    if names and not (cluster.packages.manage and packages.manager):
        yield from _only_checked(cluster, host, facts)
    elif names:
        yield from _check_manager(host, packages, names)
    if wanted := outdated_tools(cluster, facts):
        yield from _check_manager(host, packages, (wanted,))
    if wanted := outdated_module(cluster, facts):
        yield from _check_manager(host, packages, (wanted,))
        yield from _check_proof(host, facts)
    kernel = require(facts.kernel)
    if not has_module(facts) and module_package(cluster, facts):
        yield from _check_manager(host, packages, (module_package(cluster, facts),))
    elif not has_module(facts):
        yield Blocked(
            "module-missing",
            member_address(host),
            f"no ocfs2 module for the running kernel {kernel.running}",
            _carrier(cluster, host, facts),
        )


def _check_proof(host: str, facts: HostFacts) -> Iterator[Blocked]:
    """A kernel that does not tell what it runs could not show that it runs another build."""
    untold = [b.name for b in require(facts.kernel).builds if not (b.running and b.file)]
    if untold:
        yield Blocked(
            "module-unproven",
            member_address(host),
            f"neither srcversion nor build id can be read of {', '.join(untold)} and its file",
            f"on {host}: see modinfo ocfs2; where it is compressed, install what reads it "
            "(xz, zstd)",
        )


def _only_checked(cluster: Cluster, host: str, facts: HostFacts) -> Iterator[Blocked]:
    """Only the tools are needed now and always; what growing needs is asked for then."""
    packages = require(facts.packages)
    if missing := [name for name in TOOLS if name not in packages.commands]:
        why = (
            "packages.manage is false" if packages.manager else "neither dpkg nor rpm is there"
        )
        yield Blocked(
            "tools-missing",
            member_address(host),
            f"not installed: {', '.join(missing)}; {why}",
            f"on {host}: {install_line(packages.manager, missing_packages(cluster, facts))}",
        )


def _check_manager(host: str, packages: Packages, names: tuple[str, ...]) -> Iterator[Blocked]:
    """Refuse what the package manager would, as far as it can be seen beforehand."""
    if not is_installer(packages.manager):
        yield Blocked(
            "package-manager-unsupported",
            member_address(host),
            f"{', '.join(names)} would be installed by {packages.manager}, which no plan uses",
            f"on {host}: {install_line(packages.manager, names)}; "
            "or write packages: {manage: false} in the file, and install by hand",
        )
    if packages.broken:
        yield Blocked(
            "package-database-broken",
            member_address(host),
            f"the package manager has not finished: {packages.broken}",
            f"on {host}: dpkg --configure -a, then apt-get -f install; then plan again",
        )
    for name in (word.partition("=")[0] for word in names):
        if name in packages.held:
            yield Blocked(
                "package-held",
                member_address(host),
                f"{name} is to be installed, and is on hold",
                f"on {host}: apt-mark unhold {name}, if that hold is not meant",
            )


def _carrier(cluster: Cluster, host: str, facts: HostFacts) -> str:
    """What brings the module: the package that the file names, else what the family has."""
    running = require(facts.kernel).running
    if cluster.packages.kernel_module:
        names = (expand_kernel(cluster.packages.kernel_module, facts),)
        line = install_line(require(facts.packages).manager, names)
        return f"on {host}: {line}, in the build for {running}"
    return carrier(host, require(facts.identity).os, running)


def _check_space(host: str, facts: HostFacts) -> Iterator[Blocked]:
    for space in require(facts.space):
        if space.path == "/boot":
            continue
        if space.free < FREE_BYTES or space.inodes == 0:
            yield Blocked(
                "no-space",
                member_address(host),
                f"{space.path} has {format_size(space.free)} and "
                f"{'unknown' if space.inodes is None else space.inodes} inodes free",
                f"make room on the file system of {space.path} on {host}",
            )
