"""Two hosts that heartbeat under one number, as the kernel of a member tells.

Each kernel reads its own block before it writes it, and logs when another one has written there
(o2hb_check_own_slot of fs/ocfs2/cluster/heartbeat.c; seen on 6.1). On the disk both look like one
host that is alive, so nothing else tells of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.model.observed import HostFacts, Unknown

# "Heartbeat sequence mismatch" is none of them: there an own write was lost.
FOUND = re.compile(
    r"ERROR: (?:Another node is heartbeating|Heartbeat generation mismatch) on device "
    r"\((?P<device>\S+)\): expected\((?P<number>\d+):0x[0-9a-f]+, 0x(?P<written>[0-9a-f]+)\)"
)
# Seconds. It is logged about every second time that the block is written, which is each 2 s.
RECENT = 30


def doubled_heartbeats(facts: HostFacts) -> Iterator[tuple[str, int]]:
    """Kernel name of the device and own number, of what another host writes there now, too.

    The line has what the host itself wrote last, which is its clock's time.
    """
    if isinstance(facts.log, Unknown) or isinstance(facts.identity, Unknown):
        return  # what needs them is refused for that
    now = facts.identity.clock
    found = (FOUND.search(line) for line in facts.log)
    recent = (m for m in found if m and abs(now - int(m["written"], 16)) <= RECENT)
    yield from dict.fromkeys((m["device"], int(m["number"])) for m in recent)
