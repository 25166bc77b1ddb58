"""What the kernel's own messages mean when it refuses a mount (manual ocfs2, 1)."""

from __future__ import annotations

import re
from collections.abc import Mapping

# The first that matches explains; in the order of what a message says most precisely.
MEANINGS: Mapping[str, str] = {
    r"uses a network idle timeout of": "a member runs with another idle_timeout_ms",
    r"uses a heartbeat timeout of": "a member runs with another heartbeat dead_threshold",
    r"uses a keepalive delay of": "a member runs with another keepalive_delay_ms",
    r"registered in joining node .* but not in local": "this host's live node list has a node "
    "that a member's list lacks: register-cluster was forgotten there",
    r"registered in local node .* but not in joining|node mismatch": "the live node lists of "
    "this host and of a member differ",
    r"no free slots": "the volume has no free slot: more members than slots",
    r"No connection established with node": "a member could not be reached on the interconnect, "
    "or does not have this host in its live node list (or under another address)",
    r"Heartbeat mode is invalid": "this host is not in its own live node list, or the volume is "
    "formatted for another heartbeat mode",
    r"Cluster name is invalid": "the volume is stamped for another cluster",
}


def explain_kernel_error(words: str) -> str:
    """Why a mount was refused, in an operator's terms; empty if no message is known."""
    found = (text for pattern, text in MEANINGS.items() if re.search(pattern, words))
    return next(found, "")
