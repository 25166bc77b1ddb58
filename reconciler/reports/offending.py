"""The line of the file that a refusal or finding is about: its key, else its member or volume."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model.addresses import parse_address
from reconciler.model.views import Places, Position

TOP: Position = (1, 1)
_LOGIN = ("ssh.host", "ssh")
_MODULE = ("packages.kernel_module", "packages")
_PATH = ("mount.path",)
_DEVICE = ("device.wwid", "device.path", "device")
# By code: the keys that say what was refused, the most telling first. They are looked for in the
# member or volume that it is about, then in its cluster. Of any other code the name is the place.
KEYS: Mapping[str, tuple[str, ...]] = {
    "automount-conflict": _PATH,
    "backing-missing": ("backing.lvm", "backing.command", "backing"),
    "backup-missing": ("backup", "growth"),
    "cloned-volume": _DEVICE,
    "connection-lost": _LOGIN,
    "device-ambiguous": _DEVICE,
    "device-missing": _DEVICE,
    "device-not-blank": ("format", *_DEVICE),
    "device-size-differs": _DEVICE,
    "device-too-small": ("size",),
    "device-unreadable": _DEVICE,
    "different-device": _DEVICE,
    "feature-skew": ("features",),
    "foreign-heartbeat": _DEVICE,
    "foreign-stack": _DEVICE,
    "fstab-conflict": _PATH,
    "guest-transient": ("workloads.guests",),
    "guests-unread": ("workloads.guests",),
    "heartbeat-advances": ("attested", "state"),
    "heartbeat-unread": _DEVICE,
    "host-key-changed": _LOGIN,
    "host-key-checking-off": _LOGIN,
    "host-key-revoked": _LOGIN,
    "host-key-unknown": _LOGIN,
    "host-unreachable": _LOGIN,
    "interconnect-not-on-host": ("interconnect",),
    "label-differs": ("label",),
    "login-refused": ("ssh.user", *_LOGIN),
    "lvm-not-shared": _DEVICE,
    "member-offline": ("state",),
    "module-missing": _MODULE,
    "module-unproven": _MODULE,
    "mount-path-busy": _PATH,
    "no-stable-path": _DEVICE,
    "not-formatted": ("format", *_DEVICE),
    "not-root": ("ssh.user", "ssh"),
    "package-held": ("packages.tools", "packages"),
    "partition-blocked": ("device.partition", *_DEVICE),
    "partition-missing": ("device.partition", *_DEVICE),
    "path-down": _DEVICE,
    "port-blocked": ("port", "interconnect"),
    "program-unapproved": ("workloads.guests",),
    "shrink-refused": ("size",),
    "ssh-config-invalid": ("ssh.jump", *_LOGIN),
    "stale-host-could-return": ("attested", "state"),
    "sudo-refused": ("ssh.sudo", "ssh.user", "ssh"),
    "thin-pool-full": ("backing.lvm", "backing"),
    "tools-missing": ("packages.tools", "packages"),
    "unit-not-usable": ("workloads.services",),
}


def offending_place(places: Places, cluster: str, code: str, subject: str) -> Position:
    """Where the file says what is refused; without a word of it, where its cluster is named.

    ``subject`` is an address. A host that the file no longer has is its cluster's.
    """
    return next(_candidates(places.get(cluster, {}), code, parse_address(subject).owner), TOP)


def _candidates(
    places: Mapping[str, Mapping[str, Position]], code: str, owner: str
) -> Iterator[Position]:
    own, whole = places.get(owner, {}), places.get("", {})
    for key in KEYS.get(code, ()):
        yield from (found[key] for found in (own, whole) if key in found)
    yield from (found[""] for found in (own, whole) if "" in found)
