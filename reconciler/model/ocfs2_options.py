"""Which mount options OCFS2 knows, and which words of fstab never reach it."""

from __future__ import annotations

import re
from collections.abc import Iterable

# mount(8), as far as mount.ocfs2 1.8.7 knows them: it hands on what it does not know, as
# lazytime and strictatime, and the kernel refuses that. Then fs/ocfs2/super.c, the tokens of
# ocfs2_parse_options. Each was tried on 6.1.
KNOWN_OPTIONS = frozenset(
    [
        "async",
        "atime",
        "defaults",
        "dev",
        "diratime",
        "exec",
        "group",
        "noatime",
        "nodev",
        "nodiratime",
        "noexec",
        "nofail",
        "noiversion",
        "nolazytime",
        "nomand",
        "norelatime",
        "nostrictatime",
        "nosuid",
        "owner",
        "relatime",
        "ro",
        "rw",
        "suid",
        "sync",
        "user",
        "users",
        "acl",
        "atime_quantum",
        "barrier",
        "coherency",
        "commit",
        "data",
        "dir_resv_level",
        "errors",
        "grpquota",
        "inode64",
        "intr",
        "journal_async_commit",
        "localalloc",
        "localflocks",
        "noacl",
        "nointr",
        "nouser_xattr",
        "preferred_slot",
        "resv_level",
        "user_xattr",
        "usrquota",
    ]
)

# The values that a kernel takes, where it does not take all (super.c).
_VALUES = {
    "barrier": r"\d+",
    "coherency": "full|buffered",
    "data": "ordered|writeback",
    "errors": "panic|remount-ro|continue",
}
# Words of fstab alone, of which a mounted file system shows nothing (mount(8), fstab(5)).
FSTAB_WORDS = re.compile(
    r"defaults|rw|auto|noauto|_netdev|no(user|owner|group)|(x-|X-|comment=).*"
)
# Those that let others than root mount it, and what each of them means besides (mount(8)).
IMPLIED = {
    **dict.fromkeys(("user", "users"), ("nosuid", "nodev", "noexec")),
    **dict.fromkeys(("owner", "group"), ("nosuid", "nodev")),
}
# What a cluster's settings decide. The kernel shows both; heartbeat=local may be said again,
# but a volume of o2cb that is given a stack is not mounted (super.c,
# ocfs2_verify_userspace_stack).
CLUSTERS_OWN = re.compile(r"heartbeat=local|cluster_stack=o2cb")
# Of each group a mount has one (mount(8), mount.ocfs2(8)).
_EXCLUSIVE = (
    ("ro", "rw"),
    ("exec", "noexec"),
    ("dev", "nodev"),
    ("suid", "nosuid"),
    ("async", "sync"),
    ("acl", "noacl"),
    ("intr", "nointr"),
    ("user_xattr", "nouser_xattr"),
    ("diratime", "nodiratime"),
    ("relatime", "norelatime"),
    ("atime", "noatime"),
)


def opposite_options(option: str) -> tuple[str, ...]:
    """The options that cannot be meant together with ``option``."""
    groups = (group for group in _EXCLUSIVE if option in group)
    return tuple(word for group in groups for word in group if word != option)


def own_options(options: Iterable[str]) -> tuple[str, ...]:
    """Of a line's options those that are about the mount itself, each once."""
    found = (word for option in options for word in IMPLIED.get(option, (option,)))
    return tuple(dict.fromkeys(word for word in found if not _is_silent(word)))


def _is_silent(option: str) -> bool:
    known = FSTAB_WORDS.fullmatch(option) or CLUSTERS_OWN.fullmatch(option)
    return known is not None or option == "nofail"


def refused_options(options: Iterable[str]) -> tuple[str, ...]:
    """Those with which every mount of OCFS2 fails."""
    return tuple(option for option in options if _is_refused(option))


def _is_refused(option: str) -> bool:
    if option == "nofail" or option.startswith("cluster_stack="):
        return True
    name, _, value = option.partition("=")
    known = name in KNOWN_OPTIONS and re.fullmatch(_VALUES.get(name, ".*"), value) is not None
    return not known and not _is_silent(option)
