"""The software a member needs: tools present, the ocfs2 module there and loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.gate import gate_command
from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, known
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, Change, Fact
from reconciler.model.reading import Reading
from reconciler.model.refusals import member, not_supported
from reconciler.model.standing import among, staying

COMMANDS = ("mkfs.ocfs2", "debugfs.ocfs2", "o2cb", "blkid", "wipefs", "systemctl")
# The cluster stack's module is loaded by the o2cb service itself.
MODULE = "ocfs2"
# What one run may write into /etc and /var/lib, with room to spare.
FREE_BYTES = 1 << 20


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse hosts without the tools, the module, the right to use them, or room."""
    if cluster.packages.kernel_module:
        yield not_supported(
            f"cluster/{cluster.name}",
            "packages.kernel_module: installing kernel modules is not acted upon yet",
            "remove it; install the module of the running kernel by hand",
        )
    stays = staying(cluster)
    for host, facts in observed.reached().items():
        yield from _check_rights(host, facts)
        if host in stays:
            yield from _check_software(cluster, host, facts)
        yield from _check_space(host, facts)


def _check_rights(host: str, facts: HostFacts) -> Iterator[Blocked]:
    uid = known(facts.identity).uid
    if uid != 0:
        yield Blocked(
            "not-root",
            member(host),
            f"commands run there as uid {uid}",
            "log in as root, or set ssh.sudo: true with a NOPASSWD rule",
        )


def _check_software(cluster: Cluster, host: str, facts: HostFacts) -> Iterator[Blocked]:
    missing = [name for name in COMMANDS if name not in known(facts.packages).commands]
    if missing:
        yield Blocked(
            "tools-missing",
            member(host),
            f"not installed: {', '.join(missing)}",
            f"packages are only checked yet: install {cluster.packages.tools} (util-linux for "
            f"blkid and wipefs) on {host}, then plan again",
        )
    kernel = known(facts.kernel)
    if "ocfs2" not in kernel.loaded and kernel.module_file is None:
        yield Blocked(
            "module-missing",
            member(host),
            f"no ocfs2 module for the running kernel {kernel.running}",
            f"install the kernel package that carries ocfs2 for {kernel.running}, "
            "or boot a kernel that has it",
        )


def _check_space(host: str, facts: HostFacts) -> Iterator[Blocked]:
    for space in known(facts.space):
        if space.path == "/boot":
            continue
        if space.free < FREE_BYTES or space.inodes == 0:
            yield Blocked(
                "no-space",
                member(host),
                f"{space.path} has {space.free} bytes and "
                f"{'unknown' if space.inodes is None else space.inodes} inodes free",
                f"make room on the file system of {space.path} on {host}",
            )


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Hosts on which the module is not loaded.

    Where a cluster is online it need not be: the kernel loads it with the first mount, and
    restarting o2cb unloads it.
    """
    for host, facts in among(observed, staying(cluster)).reached().items():
        if module(facts, MODULE) == "absent" and not known(facts.live).clusters:
            address = f"{member(host)}/module"
            yield Change(
                address, host, "kernel", None, MODULE, "the ocfs2 module is not loaded"
            )


def actions(
    cluster: Cluster, _observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Load the module."""
    for change in changes:
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


def module(facts: HostFacts, name: str) -> str:
    """Whether a kernel module is loaded."""
    return "loaded" if name in known(facts.kernel).loaded else "absent"


NEEDS = ("identity", "kernel", "live", "packages", "space")
READINGS = {
    "module": Reading(("kernel",), module),
}
