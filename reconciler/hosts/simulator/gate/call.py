"""What a verb of the gate is called with, and what every verb asks of a device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.gate.heartbeats import refuse_strangers
from reconciler.hosts.simulator.state.disk import Filesystem
from reconciler.hosts.simulator.state.reply import refusal, tool_failure
from reconciler.hosts.simulator.state.signatures import blkid

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.devices import Device
    from reconciler.hosts.simulator.state.machine import Machine
    from reconciler.model.gate_call import Target


@dataclass(frozen=True, slots=True)
class Call:
    """A verb's arguments, on a host, by a controller; ``target`` is the device that is meant."""

    machine: Machine
    args: tuple[str, ...]
    stdin: str
    controller: str
    target: Target | None = None

    @property
    def on(self) -> Target:
        """The device that the caller means; the dispatcher lets no verb go without."""
        assert self.target is not None  # noqa: S101  # see `gate.understands`
        return self.target

    def find_device(self) -> Device:
        """The device behind the target, if it is the one that is meant."""
        device, on = self.device(self.on.node), self.on
        told = self.machine.wwids(device) or ("",)
        if on.wwid != "-" and (wrong := [wwid for wwid in told if wwid != on.wwid]):
            had = f"is the disk {wrong[0]}" if wrong[0] else "tells no WWID"
            raise refusal("wrong-device", f"{on.node} {had}, not {on.wwid}")
        if on.size not in ("-", str(device.size)):
            raise refusal("device-size", f"{on.node} has {device.size} bytes, not {on.size}")
        return device

    def device(self, node: str) -> Device:
        """The block device behind a path; refused if there is none."""
        device = self.machine.device(node)
        if device is None:
            raise refusal("device-missing", f"{node} is no block device")
        return device

    def disk(self) -> Device:
        """As `bound`; refused if it is a partition."""
        device = self.find_device()
        if device.partition is not None:
            raise refusal("device-missing", f"{self.on.node} is a partition, not a disk")
        return device

    def volume(self) -> tuple[Device, Filesystem]:
        """The device with the OCFS2 that it carries; refused if it is not the one meant."""
        device, node, uuid = self.find_device(), self.on.node, self.on.uuid
        readable = not self.machine.is_dead(device)
        content = device.extent.content
        if not isinstance(content, Filesystem) or not readable:
            kind = dict(blkid(content)).get("TYPE") if readable else None
            raise refusal("wrong-uuid", f"{node} carries {kind or 'no file system'}, not ocfs2")
        if uuid not in ("-", content.uuid):
            raise refusal("wrong-uuid", f"{node} carries {content.uuid}, not {uuid}")
        return device, content

    def look(self, fs: Filesystem) -> None:
        """Refuses to go on beside a heartbeat that the caller did not explain."""
        refuse_strangers(self.machine, fs, self.on)

    def needs(self, *tools: str) -> None:
        """The programs that a verb runs; told by name if one is not installed."""
        for tool in tools:
            if tool not in self.machine.setup.commands:
                raise tool_failure("no-tool", f"{tool} is not there", 0.1)
