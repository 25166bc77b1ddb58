"""The software a member needs: what is installed, and the ocfs2 module loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.gate import gate_command
from reconciler.gate.action_builders import action_for
from reconciler.model.addresses import member_address, parse_address
from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, require
from reconciler.model.plan import Action, Change, Fact
from reconciler.model.reading import Reading, unknown
from reconciler.model.roles import STOPPED, restrict_to, staying
from reconciler.model.software import (
    has_module,
    has_module_version,
    installed_module,
    is_installer,
    missing_packages,
    module_package,
    optional_packages,
    outdated_module,
    outdated_tools,
    reload_due,
    stale_modules,
)
from reconciler.resources.packages.fetching import INSTALL_TIMEOUT, fetch_action

# The cluster stack's module is loaded by the o2cb service itself.
MODULE = "ocfs2"


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """What is to be installed, and hosts on which the module is not loaded.

    Where a cluster is online it need not be: the kernel loads it with the first mount, and
    restarting o2cb unloads it.
    """
    for host, facts in restrict_to(observed, staying(cluster)).answering_hosts().items():
        names = missing_packages(cluster, facts)
        if names and cluster.packages.manage and is_installer(require(facts.packages).manager):
            before, after = dict.fromkeys(names, "absent"), dict.fromkeys(names, "installed")
            because = "without them the host can take no part"
            address = member_address(host, "packages")
            yield Change(address, host, "package", before, after, because)
        if wanted := outdated_tools(cluster, facts):
            name, _, version = wanted.partition("=")
            have = require(facts.packages).versions[name]
            address = member_address(host, "tools-version")
            because = f"the file wants version {version} of {name}"
            yield Change(address, host, "package", have, version, because)
        yield from _other_module(cluster, host, facts)
        if not has_module(facts) and (name := module_package(cluster, facts)):
            release = require(facts.kernel).running
            because = f"the running kernel {release} has no ocfs2 module"
            address = member_address(host, "kernel-module")
            yield Change(address, host, "package", None, name, because)
        loads = has_module(facts) or not module_package(cluster, facts)
        if loads and module(facts, MODULE) == "absent" and not require(facts.live).clusters:
            address = member_address(host, "module")
            yield Change(
                address, host, "kernel", None, MODULE, "the ocfs2 module is not loaded"
            )


def _other_module(cluster: Cluster, host: str, facts: HostFacts) -> Iterator[Change]:
    """The module in another version than is wanted, on disk or in the kernel."""
    if wanted := outdated_module(cluster, facts):
        name, _, version = wanted.partition("=")
        have = installed_module(cluster, facts)
        because = f"the file wants version {version} of {name}"
        yield Change(
            member_address(host, "kernel-module-version"),
            host,
            "package",
            have,
            version,
            because,
        )
    elif reload_due(cluster, facts):
        builds = stale_modules(facts)
        yield Change(
            member_address(host, "loaded-module"),
            host,
            "kernel",
            {build.name: build.running for build in builds},
            {build.name: build.file for build in builds},
            "the kernel runs another build of it than is installed",
        )


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Install what is missing; load the module."""
    for change in changes:
        facts = observed.answering_hosts()[change.host]
        yield from MAKE[parse_address(change.address).aspect[0]](cluster, change, facts)


def _load(cluster: Cluster, change: Change, _facts: HostFacts) -> Iterator[Action]:
    yield action_for(
        cluster.name,
        change,
        "load-module",
        summary="load the ocfs2 module",
        command=gate_command("do", "modprobe", MODULE),
        expects=(Fact((change.host,), "module", MODULE, "loaded"),),
        seconds=3,
    )


def _install(cluster: Cluster, change: Change, facts: HostFacts) -> Iterator[Action]:
    manager = require(facts.packages).manager or ""
    names = missing_packages(cluster, facts)
    also = optional_packages(cluster, facts)
    words = ", ".join(names) + (f"; {', '.join(also)} if it is offered" if also else "")
    yield action_for(
        cluster.name,
        change,
        "install-packages",
        summary=f"install {words}",
        command=gate_command(
            "install-packages",
            manager,
            *names,
            *(f"?{name}" for name in also),
            timeout=INSTALL_TIMEOUT,
        ),
        expects=tuple(
            Fact((change.host,), "package", name, version or None)
            for name, _, version in (word.partition("=") for word in names)
        ),
        seconds=60,
    )


def _upgrade(cluster: Cluster, change: Change, facts: HostFacts) -> Iterator[Action]:
    """Only in a turn of the host's own, with its cluster offline.

    What a package's scripts do to the services of a host is the package's affair: a restart
    of o2cb stops ocfs2.service as well, which kills whoever uses a volume.
    """
    name = outdated_tools(cluster, facts)
    upgrade = action_for(
        cluster.name,
        change,
        "upgrade-packages",
        summary=f"install {name} in place of {change.before}",
        command=gate_command(
            "install-packages",
            require(facts.packages).manager or "",
            name,
            timeout=INSTALL_TIMEOUT,
        ),
        requires=_idle(cluster, change.host),
        expects=(Fact((change.host,), "package", cluster.packages.tools, str(change.after)),),
        seconds=60,
    )
    yield upgrade if _stopped(cluster, change.host) else fetch_action(upgrade)


def _stopped(cluster: Cluster, host: str) -> bool:
    return next(m.role for m in cluster.members if m.name == host) == STOPPED


def _idle(cluster: Cluster, host: str) -> tuple[Fact, ...]:
    return (
        Fact((host,), "ocfs2-mounts", "", "none"),
        Fact((host,), "live-nodes", cluster.name, "absent"),
    )


def _upgrade_module(cluster: Cluster, change: Change, facts: HostFacts) -> Iterator[Action]:
    """In a turn of the host's own: the package first, then what the kernel runs."""
    manager, release = require(facts.packages).manager or "", require(facts.kernel).running
    word = outdated_module(cluster, facts)
    upgrade = action_for(
        cluster.name,
        change,
        "upgrade-module",
        summary=f"install {word} for the kernel {release} in place of {change.before}",
        command=gate_command("install-module", manager, word, release, timeout=INSTALL_TIMEOUT),
        requires=(
            *_idle(cluster, change.host),
            Fact((change.host,), "running-kernel", "", release),
        ),
        expects=(
            Fact((change.host,), "module-package", word, "installed"),
            Fact((change.host,), "module-file", release, "there"),
        ),
        seconds=60,
    )
    yield upgrade if _stopped(cluster, change.host) else fetch_action(upgrade)
    yield from _reload(cluster, change, facts)


def _reload(cluster: Cluster, change: Change, facts: HostFacts) -> Iterator[Action]:
    if not _stopped(cluster, change.host):
        return
    release = require(facts.kernel).running
    yield action_for(
        cluster.name,
        change,
        "reload-module",
        summary="unload the modules of ocfs2, and load the build that is installed",
        command=gate_command("reload-module", release),
        requires=_idle(cluster, change.host),
        expects=(Fact((change.host,), "loaded-module", MODULE, "as installed"),),
        seconds=10,
    )


def _install_module(cluster: Cluster, change: Change, facts: HostFacts) -> Iterator[Action]:
    manager, release = require(facts.packages).manager or "", require(facts.kernel).running
    name = module_package(cluster, facts)
    if version := cluster.packages.kernel_module_version:
        name = f"{name}={version}"
    yield action_for(
        cluster.name,
        change,
        "install-module",
        summary=f"install the build of {name} for the kernel {release}",
        command=gate_command("install-module", manager, name, release, timeout=INSTALL_TIMEOUT),
        requires=(Fact((change.host,), "running-kernel", "", release),),
        expects=(Fact((change.host,), "module-file", release, "there"),),
        seconds=60,
    )


def running_kernel(facts: HostFacts, _subject: str) -> str:
    """The release of the kernel that runs."""
    return require(facts.kernel).running


def module_file(facts: HostFacts, release: str) -> str:
    """Whether there is an ocfs2 module for a kernel, which must be the running one."""
    kernel = require(facts.kernel)
    return "there" if kernel.running == release and kernel.module_file else "absent"


def module_version(facts: HostFacts, word: str) -> str:
    """Whether NAME=VERSION is installed: that version, or a build of it."""
    return "installed" if has_module_version(facts, word) else "absent"


def loaded_module(facts: HostFacts, name: str) -> str:
    """Whether a module runs as its file is, as far as both can be told."""
    build = next((b for b in require(facts.kernel).builds if b.name == name), None)
    if build is None:
        return "absent"
    if stale_modules(facts):
        return "another build"
    told = build.running and build.file
    return "as installed" if told else unknown("the module does not tell its build")


def package(facts: HostFacts, name: str) -> str:
    """The installed version of a package."""
    return require(facts.packages).versions.get(name, "absent")


def module(facts: HostFacts, name: str) -> str:
    """Whether a kernel module is loaded."""
    return "loaded" if name in require(facts.kernel).loaded else "absent"


MAKE = {
    "packages": _install,
    "tools-version": _upgrade,
    "kernel-module": _install_module,
    "kernel-module-version": _upgrade_module,
    "loaded-module": _reload,
    "module": _load,
}
NEEDS = ("identity", "kernel", "live", "packages", "space")
READINGS = {
    "package": Reading(("packages",), package),
    "running-kernel": Reading(("kernel",), running_kernel),
    "module-file": Reading(("kernel",), module_file),
    "module-package": Reading(("kernel", "packages"), module_version),
    "loaded-module": Reading(("kernel",), loaded_module),
    "module": Reading(("kernel",), module),
}
