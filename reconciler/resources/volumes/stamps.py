"""What a superblock says of clusters: who may mount the file system, and how they beat.

Each of these makes a mount fail, or succeed unseen by others, so it is refused before anything is
written.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.addresses import volume_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import stable_path
from reconciler.model.observed import HostFacts, Superblock
from reconciler.model.outcome import Blocked
from reconciler.model.unmanaged import STACK, manager_of
from reconciler.resources.volumes.changes import describe_device


def check_stamp(
    cluster: Cluster, volume: Volume, block: Superblock, facts: HostFacts
) -> Iterator[Blocked]:
    """Refuse a file system that members of this cluster cannot mount together.

    ``facts`` are of a host that sees it: the remedies name the device as it is found there.
    """
    subject = volume_address(volume.label)
    device = stable_path(volume.device, facts) or describe_device(volume)
    if block.is_heartbeat_device:
        yield Blocked(
            "foreign-stack",
            subject,
            f"{device} has no file system: it is a heartbeat device (mkfs.ocfs2 -H)",
            "correct the device",
        )
    elif block.is_for_one_host:
        yield Blocked(
            "foreign-stack",
            subject,
            f"the file system of {device} is for one host alone (mkfs.ocfs2 -M local): hosts "
            "that mount it do not see each other, and destroy it",
            f"correct the device; or unmount it, then: tunefs.ocfs2 -M cluster {device}",
        )
    elif (block.stack, block.cluster) not in ((STACK, cluster.name), ("", "")):
        yield _foreign(cluster, volume, block, device)
    elif block.is_global and cluster.heartbeat.mode == "local":
        yield Blocked(
            "heartbeat-mode-differs",
            subject,
            f"the file system of {device} was made for global heartbeat, and heartbeat.mode is "
            "local: no member could mount it",
            _restamp(cluster, device),
        )


def _foreign(cluster: Cluster, volume: Volume, block: Superblock, device: str) -> Blocked:
    if block.stack in ("", STACK):
        return Blocked(
            "foreign-stack",
            volume_address(volume.label),
            f"the volume is stamped for {block.stack or 'no stack'}/{block.cluster or 'none'}, "
            f"not {STACK}/{cluster.name}",
            "correct the cluster's name or the device",
        )
    who = manager_of(block.stack)
    return Blocked(
        "foreign-stack",
        volume_address(volume.label),
        f"the volume is stamped for the cluster stack {block.stack} ({who}), cluster "
        f"{block.cluster or '(no name)'}: {who} mounts and fences it, and this version manages "
        f"{STACK} clusters only",
        f"leave the volume to {who}, and take it out of the file; or stop it there for good, "
        f"then {_restamp(cluster, device)}",
    )


def _restamp(cluster: Cluster, device: str) -> str:
    """What changes the stamp: o2cluster refuses while a journal is dirty, and asks nobody else."""
    stamp = f"{STACK},{cluster.name},local"
    return (
        "unmount it on every host that sees it, whatever cluster it is in, and on one of them: "
        f"o2cluster -y --update={stamp} {device}"
    )
