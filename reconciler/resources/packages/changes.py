"""The software a member needs: what is installed, and the ocfs2 module loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.gate import gate_command
from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, known
from reconciler.model.plan import Action, Change, Fact
from reconciler.model.reading import Reading
from reconciler.model.refusals import member
from reconciler.model.software import (
    has_module,
    lacking,
    module_package,
    outdated,
    useful,
)
from reconciler.model.standing import STOPPED, among, staying

# Fetching and unpacking over a slow line, after waiting for whoever has the package manager.
INSTALL_TIMEOUT = 1800.0
# The cluster stack's module is loaded by the o2cb service itself.
MODULE = "ocfs2"


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """What is to be installed, and hosts on which the module is not loaded.

    Where a cluster is online it need not be: the kernel loads it with the first mount, and
    restarting o2cb unloads it.
    """
    for host, facts in among(observed, staying(cluster)).reached().items():
        names = lacking(cluster, facts)
        if names and cluster.packages.manage and known(facts.packages).manager:
            before = dict.fromkeys(names)
            because = "without them the host can take no part"
            address = f"{member(host)}/packages"
            yield Change(address, host, "package", before, list(names), because)
        if wanted := outdated(cluster, facts):
            name, _, version = wanted.partition("=")
            have = known(facts.packages).versions[name]
            address = f"{member(host)}/tools-version"
            because = f"the file wants version {version} of {name}"
            yield Change(address, host, "package", have, version, because)
        if not has_module(facts) and (name := module_package(cluster, facts)):
            release = known(facts.kernel).running
            because = f"the running kernel {release} has no ocfs2 module"
            address = f"{member(host)}/kernel-module"
            yield Change(address, host, "package", None, name, because)
        loads = has_module(facts) or not module_package(cluster, facts)
        if loads and module(facts, MODULE) == "absent" and not known(facts.live).clusters:
            address = f"{member(host)}/module"
            yield Change(
                address, host, "kernel", None, MODULE, "the ocfs2 module is not loaded"
            )


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Install what is missing; load the module."""
    for change in changes:
        if change.truth == "package":
            facts = observed.reached()[change.host]
            yield from MAKE[change.address.split("/")[2]](cluster, change, facts)
            continue
        yield Action(
            id=f"{cluster.name}/{change.host}/load-module",
            kind="load-module",
            host=change.host,
            address=change.address,
            summary="load the ocfs2 module",
            because=change.because,
            risk="safe",
            command=gate_command("do", "modprobe", MODULE),
            expects=(Fact((change.host,), "module", MODULE, "loaded"),),
            seconds=3,
        )


def _install(cluster: Cluster, change: Change, facts: HostFacts) -> Iterator[Action]:
    manager = known(facts.packages).manager or ""
    names = lacking(cluster, facts)
    also = useful(cluster, facts)
    words = ", ".join(names) + (f"; {', '.join(also)} if it is offered" if also else "")
    yield Action(
        id=f"{cluster.name}/{change.host}/install-packages",
        kind="install-packages",
        host=change.host,
        address=change.address,
        summary=f"install {words}",
        because=change.because,
        risk="safe",
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
    state = next(m.state for m in cluster.members if m.name == change.host)
    if str(state) != STOPPED:
        return
    name = outdated(cluster, facts)
    yield Action(
        id=f"{cluster.name}/{change.host}/upgrade-packages",
        kind="upgrade-packages",
        host=change.host,
        address=change.address,
        summary=f"install {name} in place of {change.before}",
        because=change.because,
        risk="safe",
        command=gate_command(
            "install-packages",
            known(facts.packages).manager or "",
            name,
            timeout=INSTALL_TIMEOUT,
        ),
        requires=(
            Fact((change.host,), "ocfs2-mounts", "", "none"),
            Fact((change.host,), "live-nodes", cluster.name, "absent"),
        ),
        expects=(Fact((change.host,), "package", cluster.packages.tools, str(change.after)),),
        seconds=60,
    )


def _install_module(cluster: Cluster, change: Change, facts: HostFacts) -> Iterator[Action]:
    manager, release = known(facts.packages).manager or "", known(facts.kernel).running
    name = module_package(cluster, facts)
    yield Action(
        id=f"{cluster.name}/{change.host}/install-module",
        kind="install-module",
        host=change.host,
        address=change.address,
        summary=f"install the build of {name} for the kernel {release}",
        because=change.because,
        risk="safe",
        command=gate_command("install-module", manager, name, release, timeout=INSTALL_TIMEOUT),
        requires=(Fact((change.host,), "running-kernel", "", release),),
        expects=(Fact((change.host,), "module-file", release, "there"),),
        seconds=60,
    )


def running_kernel(facts: HostFacts, _subject: str) -> str:
    """The release of the kernel that runs."""
    return known(facts.kernel).running


def module_file(facts: HostFacts, release: str) -> str:
    """Whether there is an ocfs2 module for a kernel, which must be the running one."""
    kernel = known(facts.kernel)
    return "there" if kernel.running == release and kernel.module_file else "absent"


def package(facts: HostFacts, name: str) -> str:
    """The installed version of a package."""
    return known(facts.packages).versions.get(name, "absent")


def module(facts: HostFacts, name: str) -> str:
    """Whether a kernel module is loaded."""
    return "loaded" if name in known(facts.kernel).loaded else "absent"


MAKE = {"packages": _install, "tools-version": _upgrade, "kernel-module": _install_module}
NEEDS = ("identity", "kernel", "live", "packages", "space")
READINGS = {
    "package": Reading(("packages",), package),
    "running-kernel": Reading(("kernel",), running_kernel),
    "module-file": Reading(("kernel",), module_file),
    "module": Reading(("kernel",), module),
}
