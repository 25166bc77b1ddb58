"""The refusals that several resources give, so that each is worded once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.model.addresses import member_address, volume_address
from reconciler.model.desired import Volume
from reconciler.model.outcome import Blocked


def member(name: str) -> str:
    """The address of a member."""
    return member_address(name)


def volume(label: str) -> str:
    """The address of a volume."""
    return volume_address(label)


# What to do about a host that cannot be asked; the rest is a matter of reaching it.
REMEDIES: Mapping[str, str] = {
    "command-timeout": "see on the host what hangs (ps, multipath -ll): it may still run",
    "connection-lost": "see whether the host restarted, and what it logged",
    "host-key-changed": "find out why its key changed; if the host was reinstalled, replace the "
    "key in known_hosts",
    "host-key-checking-off": "remove what switches host key checking off in ssh_config",
    "host-key-revoked": "do not use that key: make new host keys on the host's console",
    "host-key-unknown": "get the host's key over a trusted way and add it to known_hosts",
    "lease-failed": "look up the code after 'gate:' with reconcile explain",
    "login-refused": "check ssh.user and ssh.identity; try ssh by hand",
    "not-observed": "record the facts with this file: reconcile observe FILE -o FACTS",
    "output-too-large": "make the user's shell start files silent",
    "paused": "see with reconcile status who paused it, and reconcile resume it when he agrees",
    "probe-garbled": "log in by hand and see what the shell prints",
    "ssh-config-invalid": "correct ssh_config, or ssh.jump in the file",
    "sudo-refused": "give the user the rule that reconcile sudoers prints",
}


def unreachable(host: str, code: str, message: str) -> Blocked:
    """A host that cannot be asked, by the code of the reason."""
    remedy = REMEDIES.get(code, f"make {host} reachable over ssh")
    return Blocked(code, member(host), message, f"{remedy}; then run it again")


def unread(host: str, section: str, reason: str) -> Blocked:
    """A section of a host's facts that something depends on could not be read."""
    return Blocked(
        "section-unread",
        member(host),
        f"{section} could not be read: {reason}",
        f"make it readable on {host}, then plan again; unknown is never taken for absent",
    )


def not_supported(subject: str, what: str, remedy: str) -> Blocked:
    """Something the file may say but this version does not act upon."""
    return Blocked("not-supported-yet", subject, what, remedy)


def not_shared(item: Volume, host: str, what: str) -> Blocked:
    """A logical volume inside the members is neither formatted nor grown."""
    return Blocked(
        "lvm-not-shared",
        volume(item.label),
        f"{host}: {item.device.path or item.device.wwid} is a logical volume of the members "
        f"themselves, and is not {what}: that LVM activates it shared, and that all of them map "
        "it to the same extents, is not looked at; equal size is not equal mapping",
        "give the LUN itself as the device, without LVM inside the members",
    )


def unwanted(name: str, where: str, hosts: Sequence[str]) -> Blocked:
    """A node that the desired state does not have still is in ``where`` of ``hosts``."""
    return not_supported(
        member(name),
        f"{name} is not in the desired state but in {where} of {', '.join(hosts)}: "
        "removing a member is not acted upon yet",
        f"put {name} back into the file, or remove it by hand",
    )


def altered(name: str, where: str, hosts: Sequence[str], values: tuple[str, str]) -> Blocked:
    """A node has other values in ``where`` of ``hosts`` (the first) than wanted (the second)."""
    return not_supported(
        member(name),
        f"{name} is {values[0]} in {where} of {', '.join(hosts)}, the file wants {values[1]}: "
        "changing a member is not acted upon yet",
        "give it the values that it has",
    )


def compared(
    wanted: Mapping[str, str], found: Mapping[str, Mapping[str, str]], where: str
) -> Iterator[Blocked]:
    """Refuse nodes that are unwanted or altered.

    ``wanted`` is node to values; ``found`` is host to node to values, all names lower-case.
    """
    hosts: dict[tuple[str, str], list[str]] = {}
    for host, nodes in found.items():
        for node, values in nodes.items():
            if values != wanted.get(node):
                hosts.setdefault((node, values), []).append(host)
    for (node, values), places in hosts.items():
        if node in wanted:
            yield altered(node, where, places, (values, wanted[node]))
        else:
            yield unwanted(node, where, places)
