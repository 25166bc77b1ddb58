"""Growth: backing, every path, map, partition, all kernels, then the file system.

A device that is larger than its file system is a safe place to stop; the reverse damages it
(manual ocfs2, 3). So the file system grows last, after every member's kernel has shown the room.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.gate import gate_command
from reconciler.gate.action_builders import Cause, action_for, barrier
from reconciler.model.addresses import extend_address, parse_address, volume_address
from reconciler.model.desired import Cluster, Device, Volume
from reconciler.model.devices import disk_target, mount_subject, partition_of, ref, target
from reconciler.model.gate_call import Target
from reconciler.model.heartbeats import beside_mounts, wait_seconds
from reconciler.model.observed import Observed
from reconciler.model.plan import Action, ActionKind, Change, Command, Fact
from reconciler.model.quantities import format_size
from reconciler.model.roles import staying
from reconciler.model.secrets import references
from reconciler.model.volume_integrations import HostCommand, Lvm
from reconciler.resources.growth.offline import OfflineWindow
from reconciler.resources.growth.offline import work as work_unmounted
from reconciler.resources.growth.sizes import Growth, file_system_bytes, growth, serving_members

# An array's own tools may take minutes.
BACKING_TIMEOUT = 1800.0
# A rescan waits for every path, then for the map; a partition for udev.
RESCAN_TIMEOUT = 120.0
# tunefs.ocfs2 writes one group descriptor for each new group; minutes for many TiB.
GROW_TIMEOUT = 1800.0


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Volumes smaller than the file says, kernels that see a smaller device, slots."""
    for volume in cluster.volumes:
        due = work_unmounted(cluster, volume, observed)
        if due is not None and due.slots:
            where = volume_address(volume.label, "slots")
            because = "the file and its members need more slots"
            yield Change(where, due.worker, "disk", due.block.slots, due.slots, because)
        if due is not None and due.label:
            where, because = (
                volume_address(volume.label, "label"),
                "the file wants another label",
            )
            yield Change(where, due.worker, "disk", due.block.label, due.label, because)
        if due is not None and due.interrupted:
            where = volume_address(volume.label, "check")
            because = "tunefs.ocfs2 was interrupted: before anything else it is checked"
            yield Change(where, due.worker, "disk", "interrupted", "checked", because)
        work = growth(cluster, volume, observed)
        if work is None:
            continue
        where = volume_address(volume.label, "size")
        if work.grows:
            because = f"the file wants {_wish(volume)}"
            yield Change(
                where,
                work.worker,
                "disk",
                file_system_bytes(work.block),
                work.goal.size,
                because,
            )
            continue
        for host in dict.fromkeys((*work.rescans, *work.rereads)):
            size = work.layers[host].node.size
            because = f"{host} sees a smaller device than others"
            yield Change(
                extend_address(where, host), host, "kernel", size, work.goal.device, because
            )


def _wish(volume: Volume) -> str:
    return "the whole disk" if volume.size == "fill" else format_size(volume.size)


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """What each layer lacks, a barrier, then the file system once."""
    labels = {parse_address(change.address).name for change in changes}
    for volume in (v for v in cluster.volumes if v.label in labels):
        due = work_unmounted(cluster, volume, observed)
        if due is not None:
            window = OfflineWindow(cluster, volume, observed, due)
            yield from window.backup()
            if due.checked:
                yield window.check("check-file-system")
            yield from window.slots()
            yield from window.label()
        work = growth(cluster, volume, observed)
        if work is None:
            continue
        how = _Growing(cluster, volume, observed, work)
        yield from how.room()
        if due is not None and due.growth is not None:
            yield how.grow_unmounted(OfflineWindow(cluster, volume, observed, due))
            yield OfflineWindow(cluster, volume, observed, due).check("check-grown")
        elif work.grows:
            yield how.grow_mounted()


class _Growing:
    """One volume's growth; its methods are its steps."""

    def __init__(
        self, cluster: Cluster, volume: Volume, observed: Observed, work: Growth
    ) -> None:
        self.cluster, self.volume, self.observed, self.work = cluster, volume, observed, work
        self.ref, self.hosts = ref(volume), staying(cluster)
        self.because = (
            f"{volume.label} grows to {_wish(volume)}"
            if work.grows
            else "all kernels must see the same device"
        )

    def room(self) -> Iterator[Action]:
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

    def _action(self, kind: ActionKind, host: str, summary: str, command: Command) -> Action:
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
        action = self._action(
            "grow-backing", how.host, f"grow {what} to {format_size(least)}", command
        )
        proof = (Fact(told, "capacity", subject, "enough"),) if told else ()
        return replace(action, expects=proof, irreversible=True, seconds=10)

    def _disk(self, host: str) -> Target:
        return disk_target(self.observed.answering_hosts()[host], self.volume)

    def _number(self, host: str) -> str:
        return str(partition_of(self.observed.answering_hosts()[host], self.volume))

    def _rescan(self, host: str) -> Action:
        least = self.work.goal.disk
        paths = len(self.work.layers[host].paths)
        what = f"{paths} paths, resize the map" if paths else "the disk"
        action = self._action(
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
        words = ("grow-partition", self._number(host), str(start), str(work.goal.end))
        action = self._action(
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
        action = self._action(
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
            f"{self.volume.label} has room for {goal.size} bytes on {len(self.hosts)} members",
            "a file system larger than any member's device is damaged there",
            *self._room(),
        )

    def _room(self) -> tuple[Fact, ...]:
        return (
            Fact(self.hosts, "device-size", self.ref, None),
            Fact(self.hosts, "device-room", f"{self.ref} {self.work.goal.size}", "enough"),
        )

    def grow_unmounted(self, window: OfflineWindow) -> Action:
        """The file system, while nobody has it mounted."""
        work, volume = self.work, self.volume
        words = ("grow-fs", str(work.goal.blocks), "unmounted")
        action = window.action(
            "grow-unmounted",
            f"grow the file system {volume.label} to {work.goal.blocks} blocks",
            window.command(*words, timeout=GROW_TIMEOUT),
        )
        size = str(work.goal.size)
        return replace(
            action,
            requires=(*action.requires, *self._room(), *window.backup_proof()),
            expects=(Fact(self.hosts, "file-system-size", self.ref, size),),
            irreversible=True,
        )

    def grow_mounted(self) -> Action:
        """The file system, while everybody has it mounted."""
        work, host, volume = self.work, self.work.worker, self.volume
        beats = beside_mounts(self.cluster, volume, self.observed)
        facts = self.observed.answering_hosts()[host]
        device = target(facts, volume, work.block.uuid, beats) or disk_target(facts, volume)
        patience = GROW_TIMEOUT + wait_seconds(self.cluster, volume, self.observed, beats)
        stays = serving_members(self.cluster, volume, self.observed)
        mounts = tuple(h for h in self.hosts if h in stays)
        size = str(work.goal.size)
        action = self._action(
            "grow-file-system",
            host,
            f"grow the file system {volume.label} to {work.goal.blocks} blocks, mounted",
            gate_command(
                *("grow-fs", str(work.goal.blocks), "mounted"), target=device, timeout=patience
            ),
        )
        return replace(
            action,
            requires=(
                *self._room(),
                Fact((host,), "heartbeats", f"{self.ref} {beats}", "explained"),
                Fact((host,), "file-system-uuid", self.ref, work.block.uuid),
                Fact(mounts, "serving", mount_subject(volume), "mounted"),
            ),
            expects=(
                Fact(self.hosts, "file-system-size", self.ref, size),
                Fact(mounts, "mounted-size", volume.mount.path, size),
            ),
            irreversible=True,
        )


def argv(device: Device, how: HostCommand, size: int) -> tuple[str, ...]:
    """The operator's command with {wwid} and {size_bytes} filled in."""
    values = {"wwid": device.wwid or "", "size_bytes": str(size)}
    words = how.argv
    for key, value in values.items():
        words = tuple(word.replace(f"{{{key}}}", value) for word in words)
    return words
