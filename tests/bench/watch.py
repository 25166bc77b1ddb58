"""How long the daemon's loop is held up while working processes observe and plan a large cluster.

Run with ``python -m tests.bench.watch [MEMBERS] [ROUNDS]``. Hosts answer what simulated ones
answered once, so that what is measured is the daemon and its workers alone.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from datetime import UTC, datetime

from reconciler.errors import HostUnreachable
from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.presets import Shape
from reconciler.watch.earlier import Earlier
from reconciler.watch.pulse import Pulse, beat
from reconciler.watch.systemd import Supervisor
from reconciler.watch.workers import Workers
from tests.bench.planning import wish
from tests.runs import witnessed

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


async def main(members: int, rounds: int) -> None:
    """Print the worst and the mean lag of the loop, and what it cost."""
    world = witnessed(members, Shape("scsi"))
    names = sorted(name for name in world.machines if name.startswith("node"))
    desired = wish(world, names)
    answers: dict[tuple[str, tuple[str, ...]], object] = {}

    async def run_on(_cluster, _ssh, member, command):
        key = (member.name, command.argv[4:])
        if key not in answers:
            answers[key] = await connect(world, member.name).run(command)
        answer = answers[key]
        if isinstance(answer, HostUnreachable):
            raise answer
        return answer

    workers = Workers(os.cpu_count() or 1, run_on)
    await workers.observe(desired, Earlier(), MOMENT)
    pulse = Pulse()
    measuring = asyncio.create_task(beat(Supervisor({}), pulse))
    began, cpu = time.monotonic(), time.process_time()
    for _ in range(rounds):
        result = await workers.observe(desired, Earlier(), MOMENT)
    spent = (time.monotonic() - began) / rounds
    own = (time.process_time() - cpu) / rounds
    measuring.cancel()
    await workers.close()
    print(
        f"{members} members, {len(result.steps)} actions, {rounds} rounds: {spent:.2f} s a round, "
        f"{own:.3f} s CPU of the daemon itself, worst lag {pulse.worst * 1000:.0f} ms "
        f"in {pulse.beats} beats"
    )


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]] or [255, 3]
    asyncio.run(main(numbers[0], numbers[1] if len(numbers) > 1 else 3))
