"""Mount options of ocfs2: those that the kernel knows, and how mountinfo shows them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.disk import Filesystem

# fs/ocfs2/super.c `tokens`, plus what mount(8) and mount.ocfs2 keep for themselves.
VFS_OPTIONS = frozenset(
    [
        "rw",
        "ro",
        "noatime",
        "nodiratime",
        "relatime",
        "strictatime",
        "nosuid",
        "nodev",
        "noexec",
        "sync",
    ]
)
ATIME = frozenset(["noatime", "nodiratime", "relatime", "strictatime"])
QUIET_OPTIONS = re.compile(
    r"defaults|auto|noauto|_netdev|x-systemd\..+|datavolume|(no)?intr|(no)?acl|(no)?user_xattr"
    r"|(localalloc|atime_quantum|data|errors|coherency|commit|preferred_slot|barrier|resv_level"
    r"|dir_resv_level|heartbeat|cluster_stack)=.+|usrquota|grpquota|inode64|localflocks"
)


def unknown_option(options: tuple[str, ...]) -> str | None:
    """The first option that neither mount(8) nor the kernel knows."""
    unknown = (o for o in options if o not in VFS_OPTIONS and not QUIET_OPTIONS.fullmatch(o))
    return next(unknown, None)


def shown_options(options: tuple[str, ...], fs: Filesystem) -> tuple[str, ...]:
    """mountinfo's options: of the mount, then of the file system (ocfs2_show_options)."""
    given = [option for option in options if option in VFS_OPTIONS and option != "rw"]
    access = "ro" if "ro" in given else "rw"
    atime = [o for o in given if o != "ro"] or ["relatime"]
    stack = (f"cluster_stack={fs.stack}",) if fs.cluster else ()
    flocks = ("localflocks",) if "localflocks" in options else ()
    return (
        access,
        *atime,
        access,
        "_netdev",
        "heartbeat=local",
        "nointr",
        "data=ordered",
        "errors=remount-ro",
        "atime_quantum=60",
        *flocks,
        *stack,
        "coherency=full",
        "user_xattr",
        "acl",
    )
