"""mkfs.ocfs2: its options, its few checks, and what it overwrites without a word."""

from __future__ import annotations

import getopt
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.state.disk import Blank, Filesystem, Garbage
from reconciler.hosts.simulator.state.errors import UnknownCommand
from reconciler.hosts.simulator.state.reply import Failed, Reply

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.devices import Device
    from reconciler.hosts.simulator.state.machine import Machine

KIB = 1024
CLUSTER_SIZES = {"": 4 * KIB, "mail": 4 * KIB, "datafiles": 128 * KIB, "vmstore": 128 * KIB}
VMSTORE_JOURNAL = 128 << 20  # per slot, as it was seen
BLOCK_SIZES = (512, 1024, 2048, 4096)
MOST_SLOTS, LONGEST_LABEL = 255, 63


def parse(args: tuple[str, ...]) -> tuple[dict[str, str], str, int | None]:
    """Options, device and block count; UnknownCommand for what the gate never passes."""
    try:
        options, rest = getopt.gnu_getopt(
            list(args), "xL:U:N:b:C:T:", ["cluster-stack=", "cluster-name="]
        )
    except getopt.GetoptError as error:
        raise UnknownCommand(f"mkfs.ocfs2: {error}") from error
    blocks = rest[1] if len(rest) == 2 else None
    if len(rest) not in (1, 2) or not (blocks is None or blocks.isdecimal()):
        raise UnknownCommand(f"mkfs.ocfs2 {args}")
    return dict(options), rest[0], int(blocks) if blocks else None


def make(machine: Machine, args: tuple[str, ...]) -> Reply:
    """Formats; the only content that stops it is an OCFS2 that a listed peer has mounted."""
    options, node, blocks = parse(args)
    device = machine.device(node)
    if device is None:
        raise Failed(1, f"mkfs.ocfs2: Could not open device {node}: No such file or directory")
    _refuse_in_use(machine, device, options)
    fs = _design(machine, device, options, blocks)
    _look_for_disasters(machine, device)
    device.extent.content = fs
    machine.record("formatted", f"{node} {fs.label} {fs.uuid}")
    return Reply(stdout="mkfs.ocfs2 1.8.7\n", seconds=5.0)


def cut_short(machine: Machine, args: tuple[str, ...]) -> None:
    """What is left when the power goes in the middle: no signature, yet no zeros either."""
    device = machine.device(parse(args)[1])
    if device is not None:
        _look_for_disasters(machine, device)
        device.extent.content = Garbage()
        machine.record("format-cut-short", device.node)


def _refuse_in_use(machine: Machine, device: Device, options: dict[str, str]) -> None:
    content = device.extent.content
    mounted = any(mount.device is device for mount in machine.running.mounts)
    if mounted or not device.serves:
        raise Failed(1, f"mkfs.ocfs2: {device.node} is apparently in use by the system")
    if not isinstance(content, Filesystem):
        return
    if "-x" not in options:
        raise Failed(1, "Proceed (y/N): Aborting operation.")
    live = machine.running.live
    numbers = {mount.number for _, mount in machine.world.mounters(content)}
    if live and numbers & live.address_by_number.keys():
        raise Failed(1, "mkfs.ocfs2: Trylock failed while locking the cluster", 10.0)


def _design(
    machine: Machine, device: Device, options: dict[str, str], blocks: int | None
) -> Filesystem:
    kind, label = options.get("-T", ""), options.get("-L", "")
    if kind not in CLUSTER_SIZES:
        raise Failed(1, f"mkfs.ocfs2: Unknown file system type '{kind}'")
    block = int(options.get("-b", 4 * KIB))
    cluster = int(options.get("-C", CLUSTER_SIZES[kind]))
    slots = int(options.get("-N", 8))
    size = device.size if blocks is None else blocks * block
    journals = slots * VMSTORE_JOURNAL if kind == "vmstore" else 0
    complaints = {
        "Specify a label of at most 63 bytes": len(label.encode()) > LONGEST_LABEL,
        f"Invalid block size {block}": block not in BLOCK_SIZES,
        f"Invalid cluster size {cluster}": cluster not in [4 * KIB << n for n in range(9)],
        f"Specify a number of node slots below 256, not {slots}": not 1 <= slots <= MOST_SLOTS,
        "The device is smaller than the file system": size > device.size,
        "The journals do not fit on the device": journals >= size,
    }
    if found := [text for text, wrong in complaints.items() if wrong]:
        raise Failed(1, f"mkfs.ocfs2: {found[0]}")
    name = options.get("--cluster-name", "")
    stack = options.get("--cluster-stack", "")
    return Filesystem(
        options.get("-U") or machine.world.uuid(),
        label,
        slots,
        block,
        cluster,
        size // cluster,
        stack,
        name,
    )


def _look_for_disasters(machine: Machine, device: Device) -> None:
    content, world = device.extent.content, machine.world
    if not isinstance(content, Blank):
        message = f"{device.node} held {type(content).__name__.lower()}"
        world.disaster("format-of-data", machine.name, message)
    if isinstance(content, Filesystem) and (found := world.mounters(content)):
        message = f"{device.node} is mounted on {found[0][0].name}"
        world.disaster("format-of-mounted", machine.name, message)
