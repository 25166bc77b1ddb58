"""The record of heartbeat blocks that somebody attested, each as it was then."""

from __future__ import annotations

import json
from collections.abc import Mapping

from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Unknown
from reconciler.model.records import record

# The record on the members: by UUID and number the block as it was when it was attested.
HEARTBEATS = "heartbeats.json"
Blocks = Mapping[str, Mapping[int, str]]


def record_text(cluster: Cluster, facts: HostFacts) -> str | None:
    """The record of attested blocks as a host has it."""
    if isinstance(facts.records, Unknown):
        return None
    return record(facts, cluster.name, HEARTBEATS).text


def read_blocks(text: str | None) -> Blocks:
    """A record of blocks; ValueError if it is garbled."""
    try:
        return {
            str(uuid): {int(number): str(block) for number, block in blocks.items()}
            for uuid, blocks in json.loads(text or "{}").items()
        }
    except (ValueError, AttributeError, RecursionError) as error:
        raise ValueError(f"{HEARTBEATS} is garbled: {error}") from error


def blocks_text(blocks: Blocks) -> str:
    """The record of these blocks."""
    return json.dumps(blocks, indent=1, sort_keys=True) + "\n"
