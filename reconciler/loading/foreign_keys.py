"""Keys of other tools: what is written in their place, or why nothing is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.loading.device_hints import SHOW_WWID
from reconciler.model.field_types import quote_value

if TYPE_CHECKING:
    from collections.abc import Container

_PATHS = frozenset({"mount", "identity"})  # they take paths alone
_SHOW_NAMES = "ls -l /dev/disk/by-id on the host lists them"
# Key as others have it -> the key here that takes it, and how it is written with that value.
_WRITTEN = {
    **dict.fromkeys(
        ("ansible_host", "ansible_ssh_host", "ssh_host", "management", "mgmt_ip", "mgmt"),
        ("ssh", "write ssh: {{host: {0}}}"),
    ),
    **dict.fromkeys(
        ("ansible_user", "ansible_ssh_user", "remote_user", "ssh_user", "user"),
        ("ssh", "write ssh: {{user: {0}}}"),
    ),
    **dict.fromkeys(("ansible_port", "ssh_port"), ("ssh", "write ssh: {{port: {0}}}")),
    **dict.fromkeys(
        ("mountpoint", "mount_point", "mount_path", "mountpath", "directory", "dir"),
        ("mount", "write mount: {{path: {0}}}"),
    ),
    **dict.fromkeys(
        ("private_key", "private_key_file", "ansible_ssh_private_key_file", "key_file"),
        ("identity", "write identity: {0}"),
    ),
}
# The same -> a key that stands beside it where this is meant, and what to do.
_ANSWERED = {
    **dict.fromkeys(
        ("stricthostkeychecking", "strict_host_key_checking", "host_key_checking", "insecure"),
        ("known_hosts", "remove it: host keys are always checked"),
    ),
    **dict.fromkeys(
        ("uuid", "fs_uuid", "partuuid"),
        ("wwid", f"no UUID names the disk: write wwid: …; {SHOW_WWID}"),
    ),
    **dict.fromkeys(
        ("iqn", "target", "portal", "nqn"),
        ("wwid", f"a target has many disks: write wwid: …; {SHOW_WWID}"),
    ),
    "serial": ("wwid", f"write path: /dev/disk/by-id/…, which ends with it; {_SHOW_NAMES}"),
    **dict.fromkeys(
        ("force", "overwrite", "wipe", "reformat"),
        ("format", "remove it: only a device that is proven blank is ever formatted"),
    ),
    **dict.fromkeys(
        ("fstype", "filesystem", "file_system", "fs_type"),
        ("format", "remove it: every volume is OCFS2"),
    ),
    **dict.fromkeys(
        ("fencing", "stonith", "quorum", "quorum_device"),
        (
            "heartbeat",
            "remove it: o2cb has none; a member that loses the disk or the others resets",
        ),
    ),
}


def instead(known: Container[str], key: str, value: object) -> str:
    """What to do about ``key`` of another tool where the keys ``known`` are taken; or nothing."""
    plain = key.casefold().replace("-", "_")
    home, words = _WRITTEN.get(plain, ("", ""))
    if home in known and _is_word(value) and (home not in _PATHS or _is_path(value)):
        return words.format(quote_value(value)[1:-1] if isinstance(value, str) else value)
    home, words = _ANSWERED.get(plain, ("", ""))
    return words if home in known else ""


def _is_path(value: object) -> bool:
    """Whether it is a path, and so neither a secret nor a word of something else."""
    return str(value).startswith(("/", "~/", "./", "../"))


def _is_word(value: object) -> bool:
    """Whether it can stand there as it is: no key itself, nothing that needs quotes."""
    if isinstance(value, int) and not isinstance(value, bool):
        return True
    return isinstance(value, str) and re.fullmatch(r"[\w~/.][\w~/.@-]{0,99}", value) is not None
