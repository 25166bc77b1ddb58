"""Room: what lies beneath a file system grows first, and every member's kernel proves it.

A file system larger than any member's device is damaged there (manual ocfs2, 3). The layers grow
in their order: backing, every path, map, partition, all kernels. `Room.facts` says what a growth
asks for, and its barrier asks it of all members at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.gate import gate_command
from reconciler.gate.action_builders import Cause, action_for, barrier
from reconciler.model.addresses import volume_address
from reconciler.model.desired import Cluster, Device, Volume
from reconciler.model.devices import disk_target, partition_of, ref
from reconciler.model.gate_call import Target
from reconciler.model.observed import Observed
from reconciler.model.plan import Action, ActionKind, Command, Fact
from reconciler.model.quantities import format_size
from reconciler.model.roles import staying
from reconciler.model.secrets import references
from reconciler.model.volume_integrations import HostCommand, Lvm
from reconciler.resources.growth.sizes import Growth

# An array's own tools may take minutes.
BACKING_TIMEOUT = 1800.0
# A rescan waits for every path, then for the map; a partition for udev.
RESCAN_TIMEOUT = 120.0


def describe_size(volume: Volume) -> str:
    """The size that the file wants, in words."""
    return "the whole disk" if volume.size == "fill" else format_size(volume.size)


class Room:
    """What one volume's growth needs beneath the file system; its methods are its steps."""

    def __init__(
        self, cluster: Cluster, volume: Volume, observed: Observed, work: Growth
    ) -> None:
        self.cluster, self.volume, self.observed, self.work = cluster, volume, observed, work
        self.ref, self.hosts = ref(volume), staying(cluster)
        self.because = (
            f"{volume.label} grows to {describe_size(volume)}"
            if work.grows
            else "all kernels must see the same device"
        )

    def actions(self) -> Iterator[Action]:
        """Every layer beneath the file system, in their order."""
        work = self.work
        if work.backing:
            yield self._backing()
        yield from (self._rescan(host) for host in work.rescans)
        if work.partition:
            yield self._partition()
        yield from (
            self._reread(host)
            for host in work.rereads
            if not (work.partition and host == work.worker)
        )
        yield self._barrier()

    def action(self, kind: ActionKind, host: str, summary: str, command: Command) -> Action:
        """One step of the growth, without what proves it."""
        return action_for(
            self.cluster.name,
            Cause(volume_address(self.volume.label), host, self.because),
            kind,
            self.volume.label,
            summary=summary,
            command=command,
            expects=(),
            seconds=5,
        )

    def _backing(self) -> Action:
        backing, least = self.volume.backing, self.work.goal.disk
        assert backing is not None  # noqa: S101  # as `Growth.backing` says
        how: Lvm | HostCommand | None = backing.lvm or backing.command
        assert how is not None  # noqa: S101  # one of the two, by the schema
        if isinstance(how, Lvm):
            command = gate_command(
                "extend-lv", how.vg, how.lv, str(least), timeout=BACKING_TIMEOUT
            )
            what = f"logical volume {how.vg}/{how.lv}"
        else:
            words = argv(self.volume.device, how, least)
            secrets = references(how.argv)
            command = Command(words, timeout=BACKING_TIMEOUT, references=secrets)
            what = f"the disk by {how.argv[0]}"
        told = tuple(h for h, layer in self.work.layers.items() if layer.disk.capacity)
        subject = f"{self.ref} {least}"
        action = self.action(
            "grow-backing", how.host, f"grow {what} to {format_size(least)}", command
        )
        proof = (Fact(told, "capacity", subject, "enough"),) if told else ()
        return replace(action, expects=proof, irreversible=True, seconds=10)

    def _disk(self, host: str) -> Target:
        return disk_target(self.observed.answering_hosts()[host], self.volume)

    def _number(self, host: str) -> str:
        return str(partition_of(self.observed.answering_hosts()[host], self.volume))

    def _rescan(self, host: str) -> Action:
        least = self.work.disk
        paths = len(self.work.layers[host].paths)
        what = f"{paths} paths, resize the map" if paths else "the disk"
        action = self.action(
            "rescan",
            host,
            f"rescan {what}: {format_size(least)}",
            gate_command("rescan", str(least), target=self._disk(host), timeout=RESCAN_TIMEOUT),
        )
        subject = f"{self.ref} {least}"
        return replace(action, expects=(Fact((host,), "disk-room", subject, "enough"),))

    def _partition(self) -> Action:
        work, host = self.work, self.work.worker
        start = work.layers[host].node.start
        words = (
            *("grow-partition", self._number(host)),
            *(str(start), str(work.goal.end)),
        )
        action = self.action(
            "grow-partition",
            host,
            f"grow partition {self._number(host)} to sector {work.goal.end}",
            gate_command(*words, target=self._disk(host), timeout=RESCAN_TIMEOUT),
        )
        least = f"{self.ref} {work.goal.disk}"
        return replace(
            action,
            requires=(
                Fact(self.hosts, "disk-room", least, "enough"),
                Fact((host,), "partition-start", self.ref, str(start)),
            ),
            expects=(
                Fact((host,), "partition-start", self.ref, str(start)),
                Fact((host,), "device-size", self.ref, str(work.goal.device)),
            ),
            irreversible=True,
        )

    def _reread(self, host: str) -> Action:
        size = str(self.work.goal.device)
        number = self._number(host)
        words = ("reread-partition", number, size)
        action = self.action(
            "reread-partition",
            host,
            f"read partition {number} again",
            gate_command(*words, target=self._disk(host), timeout=RESCAN_TIMEOUT),
        )
        return replace(action, expects=(Fact((host,), "device-size", self.ref, size),))

    def _barrier(self) -> Action:
        goal = self.work.goal
        return barrier(
            (self.cluster.name, "same-size", self.volume.label),
            volume_address(self.volume.label),
            f"{self.volume.label} has room for {format_size(goal.size)} on {len(self.hosts)} members",
            "a file system larger than any member's device is damaged there",
            *self.facts(),
        )

    def facts(self) -> tuple[Fact, ...]:
        """What every member's kernel must show before the file system grows."""
        return (
            Fact(self.hosts, "device-size", self.ref, None),
            Fact(self.hosts, "device-room", f"{self.ref} {self.work.goal.size}", "enough"),
        )


def argv(device: Device, how: HostCommand, size: int) -> tuple[str, ...]:
    """The operator's command with {wwid} and {size_bytes} filled in."""
    values = {"wwid": device.wwid or "", "size_bytes": str(size)}
    words = how.argv
    for key, value in values.items():
        words = tuple(word.replace(f"{{{key}}}", value) for word in words)
    return words
