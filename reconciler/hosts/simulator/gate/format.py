"""The verb that formats: only a device that is blank, of the planned size, and in no use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.kernel import mkfs
from reconciler.hosts.simulator.state.disk import Garbage
from reconciler.hosts.simulator.state.errors import UnknownCommand
from reconciler.hosts.simulator.state.reply import Failed, Reply, refusal, tool_failure
from reconciler.hosts.simulator.state.signatures import blkid

if TYPE_CHECKING:
    from reconciler.hosts.simulator.gate.call import Call
    from reconciler.hosts.simulator.state.devices import Device
    from reconciler.hosts.simulator.state.machine import Machine


def format_volume(call: Call) -> Reply:
    """Runs mkfs.ocfs2 on a device that still has the planned size and is still blank."""
    _blank_device(call)
    try:
        made = mkfs.make(call.machine, call.args[2:])
    except Failed as failed:
        raise tool_failure("format-failed", str(failed), failed.reply.seconds) from failed
    return Reply(0, f"ok formatted {call.on.node}\n", "", made.seconds)


def format_cut_short(call: Call) -> None:
    """The power goes while mkfs writes."""
    _blank_device(call)
    mkfs.cut_short(call.machine, call.args[2:])


def _blank_device(call: Call) -> Device:
    node = call.on.node
    options, named, _blocks = mkfs.parse(call.args[2:])
    if named != node or "-U" not in options:
        raise UnknownCommand(f"gate format {call.args}")
    device = call.find_device()
    if device.partition is None and device.holders:
        raise refusal("device-in-use", f"{node} is held by {device.holders[0]}")
    if device.partition is None and device.lun.partitions:
        raise refusal("device-not-blank", f"{node} has partitions")
    if any(mount.device is device for mount in call.machine.running.mounts):
        raise refusal("device-in-use", f"{node} is mounted, see /proc/1/mountinfo")
    _blank(call.machine, device, node)
    return device


def _blank(machine: Machine, device: Device, node: str) -> None:
    content = device.extent.content
    if machine.is_dead(device):
        raise tool_failure("unreadable", f"blkid ended with 1 on {node}", 15.0)
    if isinstance(content, Garbage):
        raise refusal("device-not-blank", f"{node} has data that is not zero")
    if found := blkid(content):
        types = [f"{key}={value}" for key, value in found if key.endswith("TYPE")]
        raise refusal("device-not-blank", f"{node} has a signature: {types[0]}")
