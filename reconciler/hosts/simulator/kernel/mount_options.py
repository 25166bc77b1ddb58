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
        "nosuid",
        "nodev",
        "noexec",
        "sync",
    ]
)
ATIME = frozenset(["noatime", "nodiratime", "relatime"])
QUIET_OPTIONS = re.compile(
    r"defaults|auto|noauto|_netdev|(no)?intr|journal_async_commit|(no)?acl|(no)?user_xattr|async"
    r"|no(iversion|lazytime|mand|strictatime)|norelatime|suid|dev|exec|(dir)?atime"
    r"|(localalloc|atime_quantum|data|errors|coherency|commit|preferred_slot|barrier|resv_level"
    r"|dir_resv_level|context|comment)=.+|heartbeat=local|(X|x)-.+|usrquota|grpquota|inode64"
    r"|localflocks"
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
