"""What a verb of the gate is called with, and what every verb asks of a device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.disk import Filesystem
from reconciler.hosts.simulator.reply import refused, tool_failed
from reconciler.hosts.simulator.signatures import blkid

if TYPE_CHECKING:
    from reconciler.hosts.simulator.devices import Device
    from reconciler.hosts.simulator.machine import Machine


@dataclass(frozen=True, slots=True)
class Call:
    """A verb's arguments, on a host, by a controller."""

    machine: Machine
    args: tuple[str, ...]
    stdin: str
    controller: str

    def device(self, node: str) -> Device:
        """The block device behind a path; refused if there is none."""
        device = self.machine.device(node)
        if device is None:
            raise refused("device-missing", f"{node} is no block device")
        return device

    def disk(self, node: str) -> Device:
        """As `device`; refused if it is a partition."""
        device = self.device(node)
        if device.partition is not None:
            raise refused("device-missing", f"{node} is a partition, not a disk")
        return device

    def volume(self, node: str, uuid: str) -> tuple[Device, Filesystem]:
        """A device with the OCFS2 that it carries; refused if it is not the one with that UUID."""
        device = self.device(node)
        readable = not self.machine.is_dead(device)
        content = device.extent.content
        if not isinstance(content, Filesystem) or not readable:
            kind = dict(blkid(content)).get("TYPE") if readable else None
            raise refused("wrong-uuid", f"{node} carries {kind or 'no file system'}, not ocfs2")
        if uuid not in ("-", content.uuid):
            raise refused("wrong-uuid", f"{node} carries {content.uuid}, not {uuid}")
        return device, content

    def needs(self, *tools: str) -> None:
        """The programs that a verb runs; told by name if one is not installed."""
        for tool in tools:
            if tool not in self.machine.setup.commands:
                raise tool_failed("no-tool", f"{tool} is not there", 0.1)
