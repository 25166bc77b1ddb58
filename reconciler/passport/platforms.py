"""Platforms: the kernel and the tools on which an operation is done.

Compared are the kernel's first two numbers and the tools' version as their makers count it: a
distribution's own additions to either, and the build of a module from outside of the kernel, are
left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from reconciler.frozen import frozen
from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.roles import involved_members, restrict_to

# What dpkg and rpm call the tools where the file names no other package.
TOOLS = "ocfs2-tools"
# More digits than nine are no version: what a host says may be anything.
KERNEL = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}(?![0-9])")
# Behind the epoch, in front of the distribution's revision (deb-version(7)).
VERSION = re.compile(r"(?:[0-9]+:)?([0-9]{1,9}(?:\.[0-9]{1,9}){0,9})(?!\.?[0-9])")


@frozen
class Platform:
    """A kernel and the tools' version; each is empty where it is not known."""

    kernel: str
    tools: str

    def __str__(self) -> str:
        """``kernel 6.1 with ocfs2-tools 1.8.7``."""
        tools = f" with {TOOLS} {self.tools}" if self.tools else ""
        return f"kernel {self.kernel or 'unknown'}{tools}"


# Of a cluster whose members differ there are several, sorted.
Platforms = tuple[Platform, ...]


def host_platform(cluster: Cluster, facts: HostFacts) -> Platform:
    """The platform of a host, with the version of the tools that the file wants."""
    release = "" if isinstance(facts.identity, Unknown) else facts.identity.kernel
    if not release and not isinstance(facts.kernel, Unknown):
        release = facts.kernel.running
    wanted = cluster.packages
    versions: Mapping[str, str] = (
        {} if isinstance(facts.packages, Unknown) else facts.packages.versions
    )
    tools = versions.get(wanted.tools) or versions.get(TOOLS) or ""
    if wanted.manage and wanted.tools_version:
        tools = wanted.tools_version
    kernel, version = KERNEL.match(release), VERSION.match(tools)
    return Platform(kernel[0] if kernel else "", version[1] if version else "")


def platforms_by_host(cluster: Cluster, observed: Observed) -> Mapping[str, Platform]:
    """The platform of each host that takes part and answered."""
    asked = restrict_to(observed, involved_members(cluster)).answering_hosts()
    return {name: host_platform(cluster, facts) for name, facts in asked.items()}


def together(found: Iterable[Platform]) -> Platforms:
    """The platforms of a cluster, each once.

    A host without tools is as the others with its kernel: it will get theirs.
    """
    every = {platform for platform in found if platform.kernel}
    equipped = {platform.kernel for platform in every if platform.tools}
    kept = [p for p in every if p.tools or p.kernel not in equipped]
    return tuple(sorted(kept, key=order_of))


def is_as(one: Platform, other: Platform) -> bool:
    """Whether a host is of a platform; one without tools is of each with its kernel."""
    return one.kernel == other.kernel and one.tools in {"", other.tools}


def covers(platforms: Platforms, asked: Platforms) -> bool:
    """Whether what was done on ``platforms`` was done on those asked about.

    Where one has no tools yet it is not known which it will get: any do.
    """
    return len(platforms) == len(asked) and all(map(is_as, asked, platforms))


def join_platforms(platforms: Platforms) -> dict[str, str]:
    """``6.1+6.12`` and ``1.8.7+1.8.8``, as a row has those of a cluster whose members differ."""
    return {
        "kernel": "+".join(platform.kernel for platform in platforms),
        "tools": "+".join(platform.tools for platform in platforms),
    }


def split_platforms(kernel: str, tools: str) -> Platforms:
    """What ``join_platforms`` made; raises ValueError where that is not how they stand there."""
    pairs = zip(kernel.split("+"), tools.split("+"), strict=True)
    found = tuple(Platform(*pair) for pair in pairs)
    if not all(KERNEL.fullmatch(p.kernel) and VERSION.fullmatch(p.tools) for p in found):
        raise ValueError(f"{kernel} and {tools} are no kernels and tools")
    return tuple(sorted(found, key=order_of))


def order_of(platform: Platform) -> tuple[list[int], list[int]]:
    """By which platforms are sorted: 6.12 is after 6.1."""
    kernel, tools = platform.kernel, platform.tools
    return [int(n) for n in kernel.split(".")], [int(n) for n in tools.split(".") if n]
