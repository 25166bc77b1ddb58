"""What of a kernel's messages means trouble, and which of them are new."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Of ocfs2, o2net and o2hb (fs/ocfs2/cluster/*.c, dlm/*.c, super.c), of SCSI disks
# (drivers/scsi/sd.c, scsi_lib.c) and of multipath (drivers/md/dm-mpath.c). What a mount, an
# unmount or a rescan that goes well makes a kernel say is none of them: that peers connect and
# go, that a capacity has changed. Nor is what our own try at a member's port makes it say before
# the joiner is registered: "Attempt to connect from unknown node" (seen on real kernels).
TROUBLE = re.compile(
    r"\bERROR\b|I/O error|[Ss]ense Key : (Medium|Hardware)|FAILED Result|rejecting I/O"
    r"|[Ff]ailing path|[Cc]ould not failover"
    r"|has been idle for|No connection established|[Cc]ould not connect"
    r"|[Uu]nable to (write|heartbeat)|[Hh]eartbeat write timeout|o2quo|[Ff]enc(e|ing) this"
    r"|now read-only|[Bb]egin recovery|[Bb]egin replay|evict"
)


def trouble(lines: Sequence[str]) -> str:
    """The first line that means trouble; empty without any."""
    return next((line for line in lines if TROUBLE.search(line)), "")


def newer(before: Sequence[str], now: Sequence[str]) -> tuple[str, ...]:
    """The lines that came after ``before``; all of them where that cannot be told any more.

    A line has the seconds of its boot before it. After a boot, or after more lines than are
    kept, the last one of before is not among them.
    """
    if not before:
        return tuple(now)
    last = before[-1]
    places = [place for place, line in enumerate(now) if line == last]
    return tuple(now[places[-1] + 1 :] if places else now)
