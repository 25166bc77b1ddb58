"""What earlier rounds and runs of a cluster have for the next round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.pipeline.parts import Past
from reconciler.resources.volumes.heartbeat_samples import Beats


@dataclass(frozen=True, slots=True)
class Earlier:
    """All of it; nothing, unless it is known.

    ``full_in`` is by label in how many days a volume is full, if it goes on as it did. ``beats`` is
    an earlier sample of the heartbeats: who has not written since stands still. ``slotless`` are the
    mounts that had no slot at the look before.
    """

    full_in: Mapping[str, float] = field(default_factory=dict)
    past: Past = field(default_factory=Past)
    beats: Beats = field(default_factory=dict)
    slotless: frozenset[tuple[str, str]] = frozenset()
