"""The seeds of stories: by which history each defect was found, with the generator of that day."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SEEDS: Mapping[str, int] = MappingProxyType(
    {
        "a host is given another name, boots, and is given its own again": 3349,
        "a member and the volume leave while udev has no links for the disks of a host": 3354,
        "the file makes a volume read-only on which a guest runs": 3513,
        "files make two clusters of a name, and another one makes one of both": 3829,
        "a service was stopped for a volume, and not yet kept from starting": 4011,
        "a dead host's last list went with the other members of another file": 4824,
        "a host joins the only member, of which the kernel's list cannot be read": 13358,
        "a host that has left cannot be read whole, and another one is to be renumbered": 13966,
        "slots are added while a drained host has no lasting name of the disk yet": 14601,
        "another file's host comes while a tool works on the volume that nobody has mounted": 15266,
        "the volume leaves while udev has no links for the disks of its only member": 15368,
        "another file has made the volume meanwhile, and its host of the same number is paused": 16078,
        "a stranger takes the number of a member that has the volume mounted": 37214,
        "services were stopped and not yet kept from starting, and timeouts change": 61132,
        "a volume moves while a member is away, which comes back to be dropped": 18251,
        "another file's hosts let a volume grow, which one of them mounts for the first": 21014,
        "a disk has grown before, and its volume grows offline while timeouts change": 22972,
        "a volume takes the path where a host that was away has another, while numbers move": 27181,
    }
)
