"""What a command is told that it may find on a volume: numbers that go on, and blocks that stand still."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.desired import Cluster, Volume
from reconciler.model.gate_call import ANY
from reconciler.model.heartbeats import heartbeat_view, is_left
from reconciler.model.observed import Beat, Observed

# Its dead time is in each block, in milliseconds; this is o2cb's default.
DEAD_MS = 62_000


def unexplained_blocks(beats: str, found: tuple[Beat, ...]) -> tuple[int, ...]:
    """The numbers of the blocks that a list of a command does not explain."""
    items = [] if beats == ANY else beats.split(",")
    going = {int(item) for item in items if item.isdecimal()}
    exact = {tuple(_parts(item)) for item in items if not item.isdecimal()}
    return tuple(
        beat.node
        for beat in found
        if is_left(beat) and beat.node not in going and (beat.node, beat.block) not in exact
    )


def _parts(item: str) -> tuple[int, str]:
    """The number and the block of ``N=HEX`` and of ``N~HEX``."""
    number, _, block = item.replace("~", "=").partition("=")
    return int(number), block


def numbers_of(beats: str) -> Mapping[int, str]:
    """Of each number in a list what stands behind it: nothing, ``=HEX`` or ``~HEX``."""
    items = [] if beats == ANY else beats.split(",")
    found = {}
    for item in items:
        digits = item[: next((i for i, c in enumerate(item) if c in "=~"), len(item))]
        found[int(digits)] = item[len(digits) :]
    return found


def wait_seconds(cluster: Cluster, volume: Volume, observed: Observed, beats: str) -> float:
    """Seconds that the gate may have to look at what must have stood still."""
    if "~" not in beats:
        return 0.0
    view = heartbeat_view(cluster, volume, observed)
    times = [beat.dead_ms or DEAD_MS for beat in (view.beats if view else None) or ()]
    return 2 * max(times, default=DEAD_MS) / 1000
