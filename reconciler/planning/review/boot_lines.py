"""What a volume's line in fstab makes of the next boot."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.addresses import volume_address
from reconciler.model.desired import Volume
from reconciler.model.observed import HostFacts, require
from reconciler.model.ocfs2_options import refused_options
from reconciler.model.outcome import Finding
from reconciler.resources.mounts.fstab import FSTAB, Entry, entries


def not_at_boot(volume: Volume, facts: HostFacts) -> str:
    """Why fstab does not mount a volume; empty if it does."""
    line = next(_lines(volume, facts), None)
    if line is None:
        return f"{FSTAB} has no line for it"
    if refused := refused_options(line.options):
        words = ", ".join(refused)
        return f"its line in {FSTAB} has {words}, with which every mount of OCFS2 fails"
    if line.is_idle:
        return f"its line in {FSTAB} says noauto"
    return "" if "_netdev" in line.options else f"its line in {FSTAB} lacks _netdev"


def line_findings(volume: Volume, host: str, facts: HostFacts) -> Iterator[Finding]:
    """What lines do at a boot besides mounting the volume."""
    subject = volume_address(volume.label)
    for line in _lines(volume, facts):
        if line.is_checked:
            yield Finding(
                "next-boot-fsck",
                subject,
                f"{host}: the sixth field of its line in {FSTAB} is not 0: each boot runs "
                "fsck.ocfs2 on the volume, before the cluster is online, while others write to it",
                f"write 0 there on {host}",
            )
        if line.is_mounted_on_use:
            yield Finding(
                "automount-conflict",
                subject,
                f"{host}: its line in {FSTAB} has x-systemd.automount: after a boot the volume "
                "is mounted when somebody looks into its directory, and again after each unmount",
                f"take the option out on {host}",
                "notice",
            )


def _lines(volume: Volume, facts: HostFacts) -> Iterator[Entry]:
    for line in entries(require(facts.fstab).text or ""):
        if (line.path, line.kind) == (volume.mount.path, "ocfs2"):
            yield line
