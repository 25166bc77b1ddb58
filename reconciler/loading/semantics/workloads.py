"""Rules about what runs on volumes, and about the operator's own commands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.loading.nodes import Path
from reconciler.loading.semantics.finding import Finding, Rule, Use, repetitions, volumes
from reconciler.model.desired import Desired, Volume
from reconciler.model.volume_integrations import Guests, HostCommand

# Stopping these would stop the cluster, the way to its disks, or the way to the host.
# What mounts is the product's own, which looks first who else has the volume.
_MOUNTS = (".mount", ".automount", "remote-fs.target")
_FLOOR = frozenset(
    {"o2cb", "ocfs2", "ssh", "sshd", "multipathd", "iscsid", "iscsi", "open-iscsi"}
)
_COMMANDS = ("list", "stop", "start")
_PLACEHOLDERS = {
    "backing": ("wwid", "size_bytes"),
    "access": ("host", "label", "wwid"),
}
_GUEST_PLACEHOLDERS = {
    "list": frozenset[str](),
    "stop": frozenset({"guest"}),
    "start": frozenset({"guest"}),
    "migrate": frozenset({"guest", "target"}),
}


def backing_is_one_way(desired: Desired) -> Iterator[Finding]:
    """A device grows by a logical volume or by a command."""
    for path, _, volume in volumes(desired):
        backing = volume.backing
        if backing and (backing.lvm is None) == (backing.command is None):
            words = "both 'lvm' and 'command'" if backing.lvm else "neither 'lvm' nor 'command'"
            message = f"the backing of '{volume.label}' has {words}"
            yield Finding((*path, "backing"), "backing-choice", message, "give one of them")


def placeholders_are_known(desired: Desired) -> Iterator[Finding]:
    """The storage would be given the braces themselves."""
    for path, _, volume in volumes(desired):
        for key, verb, command in _commands(volume):
            words = " and ".join(f"{{{name}}}" for name in _PLACEHOLDERS[key])
            for i, argument in enumerate(command.argv):
                place = (*path, key, verb, "argv", i)
                for name in re.findall(r"\{([^{}]*)\}", argument):
                    if name not in _PLACEHOLDERS[key]:
                        message = f"'{{{name}}}' is not filled in"
                        yield Finding(
                            place, "unknown-placeholder", message, f"known here: {words}"
                        )
                    elif name == "wwid" and volume.device.wwid is None:
                        message = (
                            "'{wwid}' cannot be filled in: the device is named by its path"
                        )
                        yield Finding(
                            place, "unknown-placeholder", message, "name it by 'wwid'"
                        )


def _commands(volume: Volume) -> Iterator[tuple[str, str, HostCommand]]:
    """The commands of the storage with the keys under which they stand."""
    if volume.backing and volume.backing.command:
        yield "backing", "command", volume.backing.command
    if volume.access:
        yield "access", "revoke", volume.access.revoke


def guests_have_their_commands(desired: Desired) -> Iterator[Finding]:
    """Guests that can be stopped but not listed or started would stay down."""
    for path, guests in _guests(desired):
        missing = [key for key in _COMMANDS if getattr(guests, key) is None]
        if guests.kind == "command" and missing:
            message = f"guests of the kind 'command' need {' and '.join(map(repr, missing))}"
            hint = "all of list, stop and start are needed; migrate is optional"
            yield Finding((*path, "kind"), "guest-commands", message, hint)


def libvirt_has_its_own_commands(desired: Desired) -> Iterator[Finding]:
    """virsh is asked; a command beside it would never run. Where to migrate it cannot know."""
    for path, guests in _guests(desired):
        for key in _COMMANDS:
            if guests.kind == "libvirt" and getattr(guests, key) is not None:
                message = f"'{key}' has no meaning for guests of the kind 'libvirt'"
                hint = "remove it, or use 'kind: command'"
                yield Finding((*path, key), "guest-commands", message, hint)


def guests_placeholders_are_known(desired: Desired) -> Iterator[Finding]:
    """A guest's command would be given the braces themselves."""
    for path, guests in _guests(desired):
        for key, filled in _GUEST_PLACEHOLDERS.items():
            for i, argument in enumerate(getattr(guests, key) or ()):
                for name in re.findall(r"\{([^{}]*)\}", argument):
                    if name not in filled:
                        message = f"'{{{name}}}' is not filled in"
                        words = " and ".join(f"{{{word}}}" for word in sorted(filled))
                        hint = f"known here: {words or 'none'}"
                        yield Finding((*path, key, i), "unknown-placeholder", message, hint)


def services_are_listed_once(desired: Desired) -> Iterator[Finding]:
    """With or without the suffix, a unit is stopped once."""
    for path, _, volume in volumes(desired):
        services = volume.workloads.services if volume.workloads else ()
        uses = (
            Use(name.removesuffix(".service"), (*path, "workloads", "services", i), name)
            for i, name in enumerate(services)
        )
        for use, _ in repetitions(uses):
            message = f"the service '{use.owner}' is listed twice"
            yield Finding(use.path, "duplicate-service", message, "keep one")


def services_are_not_the_floor(desired: Desired) -> Iterator[Finding]:
    """A workload is what runs on the volume, not what the volume runs on."""
    for path, _, volume in volumes(desired):
        services = volume.workloads.services if volume.workloads else ()
        for i, name in enumerate(services):
            if name.removesuffix(".service") in _FLOOR or name.endswith(_MOUNTS):
                message = (
                    f"'{name}' is no workload: the volume, or the way to the host, needs it"
                )
                place = (*path, "workloads", "services", i)
                yield Finding(place, "service-needed", message, "remove it")


def _guests(desired: Desired) -> Iterator[tuple[Path, Guests]]:
    for path, _, volume in volumes(desired):
        if volume.workloads and volume.workloads.guests:
            yield (*path, "workloads", "guests"), volume.workloads.guests


RULES: tuple[Rule, ...] = (
    backing_is_one_way,
    placeholders_are_known,
    guests_placeholders_are_known,
    guests_have_their_commands,
    libvirt_has_its_own_commands,
    services_are_listed_once,
    services_are_not_the_floor,
)
