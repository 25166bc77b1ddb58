"""The loop's own pulse: how late it is, measured by itself, and the sign of life for systemd."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from reconciler import telemetry
from reconciler.watch.systemd import ALIVE, Supervisor

APART = 0.25  # seconds between two beats
LATE = 0.1  # seconds; what the loop must never be held up
FORGET = 0.995  # of the worst lag, with each beat: it is halved in about half a minute


@dataclass(slots=True)
class Pulse:
    """Seconds by which the loop was late: at the last beat, the worst of late, the worst ever."""

    lag: float = 0.0
    recent: float = 0.0
    worst: float = 0.0
    beats: int = 0

    def beat(self, lag: float) -> bool:
        """Note a lag; whether it is to be told, being late and worse than what was told."""
        self.lag, self.beats = lag, self.beats + 1
        told = lag > LATE and lag > self.recent
        self.recent = max(lag, self.recent * FORGET)
        self.worst = max(self.worst, lag)
        return told


async def beat(supervisor: Supervisor, pulse: Pulse) -> None:
    """Beats for ever: whoever hangs in the loop holds this up, and systemd misses its sign."""
    clock = asyncio.get_running_loop().time
    sign = clock()
    while True:
        now = clock()
        if supervisor.pause is not None and now >= sign:
            supervisor.tell(ALIVE)
            sign = now + supervisor.pause
        await asyncio.sleep(APART)
        if pulse.beat(max(0.0, clock() - now - APART)):
            telemetry.warning("loop-late", seconds=pulse.lag)
