"""What an apply sends: commands, probes, bytes, and how many of them wait for one another.

Run with ``python -m tests.bench.execution [CASE…] [MEMBERS…]``. Everything is counted in the
simulator, whose clock is virtual: what a millisecond of round trip adds to a run, in milliseconds,
is the number of exchanges in sequence. An exchange over an open SSH connection is two round trips.
"""

from __future__ import annotations

import asyncio
import shlex
import sys
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from reconciler.hosts.proof import is_joined, join_steps
from reconciler.hosts.simulator import SimulatedHost
from reconciler.hosts.simulator.commands import name_here
from reconciler.hosts.simulator.presets import Shape
from reconciler.model.desired import Desired
from reconciler.model.plan import Command, Completed
from tests.clock import drive
from tests.fault_transport import Line
from tests.runs import Controller, members, of, volume, witnessed

SIZES = (3, 8, 16, 32)
CASES = ("create", "join", "leave", "grow")
SLOTS = 40
MARK = f"@@reconcile-ended-{0:016x}"
# Round trips of a command over a connection that is open: a channel, then the command.
TRIPS = 2
# Seconds that shift no timer of a run, and are long beside the resolution of its clock.
SHORT = 0.01


@dataclass(slots=True)
class Counted(Line):
    """Counts all that a run says to its hosts; each answer takes ``round_trip`` seconds longer.

    A look that travels with a command is counted as a probe, too, but is no exchange of its own;
    nor are commands that follow another one, whose bytes are counted with that one's.
    """

    round_trip: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)
    exchanges: int = 0
    streams: dict[str, Any] = field(default_factory=dict)
    wire: int = 0

    async def carry(self, host: SimulatedHost, command: Command) -> Completed:
        """Sends a command, and counts it."""
        self.exchanges += 1
        sent = join_steps(command, MARK) if is_joined(command) else command
        text = shlex.join(sent.argv).encode() + sent.stdin.encode()
        self.wire += self._compressed(host.name, text)
        size = len(text)
        if command.look:
            looks = len(shlex.join(command.look).encode())
            self.kinds["probe"] += 1
            self.sizes["probe"] += looks
            size -= looks
        names = [name_here(host.machine, one.argv) for one in (command, *command.then)]
        self.kinds.update(names)
        self.sizes[names[0]] += size
        ended = await Line.carry(self, host, command)
        await asyncio.sleep(self.round_trip)
        return ended

    def _compressed(self, host: str, text: bytes) -> int:
        """As asyncssh does it, one stream a connection."""
        stream = self.streams.setdefault(host, zlib.compressobj())
        return len(stream.compress(text) + stream.flush(zlib.Z_SYNC_FLUSH))


@dataclass(frozen=True, slots=True)
class Counts:
    """One run: ``seconds`` are the hosts' own, ``chain`` the exchanges in sequence.

    Of the bytes that are ``sent`` so many are on the ``wire``, where the host can decompress.
    """

    members: int
    commands: int
    probes: int
    renewals: int
    sent: int
    wire: int
    chain: float
    seconds: float
    kinds: dict[str, int]
    sizes: dict[str, int]


def wish(world, names, *, states=None, **more) -> Desired:
    """A file with one cluster of these hosts and one volume."""
    items = members(world, *names)
    for item in items:
        item.update((states or {}).get(item["name"], {}))
    one = volume(world, slots=SLOTS, **{"size": "512MiB", **more})
    return of({"name": "ocfs2", "members": items, "volumes": [one]})


def wishes(world, case: str, names: list[str]) -> tuple[list[Desired], Desired]:
    """What is applied before, and the file that is measured."""
    whole = wish(world, names)
    match case:
        case "create":
            return [], whole
        case "join":
            return [wish(world, names[:-1])], whole
        case "leave":
            return [whole], wish(world, names, states={names[-1]: {"state": "absent"}})
        case "grow":
            return [whole], wish(world, names, size="1GiB")
    raise ValueError(case)


def play(case: str, count: int, round_trip: float) -> tuple[Counted, float]:
    """All that the run of a case sent, and the seconds that it took in the hosts' time."""
    world = witnessed(count, Shape("scsi"))
    before, after = wishes(world, case, sorted(world.machines))
    controller = Controller(world)
    for desired in before:
        ended = drive(world, controller.apply(desired))
        assert ended.word == "converged", (ended.codes, ended.failures)
    line, began = Counted(round_trip=round_trip), world.now
    ended = drive(world, controller.apply(after, line=line))
    assert ended.word == "converged", (ended.codes, ended.failures)
    assert world.wrongs() == []
    return line, world.now - began


def counts(case: str, count: int) -> Counts:
    """What a run of a case needs with so many members."""
    (line, seconds), (_, longer) = play(case, count, 0.0), play(case, count, SHORT)
    return Counts(
        count,
        line.exchanges,
        line.kinds["probe"],
        line.kinds["gate lease-renew"],
        line.sizes.total(),
        line.wire,
        (longer - seconds) / SHORT,
        seconds,
        dict(line.kinds),
        dict(line.sizes),
    )


def share(found: Counts) -> float:
    """What 50 ms of round trip add to a run, as a part of the hosts' own time."""
    return found.chain * TRIPS * 0.05 / found.seconds


def main() -> None:
    """Print a line a case."""
    words = sys.argv[1:]
    cases = [word for word in words if word in CASES] or CASES
    sizes = [int(word) for word in words if word.isdigit()] or SIZES
    for case in cases:
        for size in sizes:
            found = counts(case, size)
            print(
                f"{case:8} {size:3} members {found.commands:6} commands {found.probes:6} probes "
                f"{found.renewals:5} renewals {found.sent / 1e6:6.2f} MB "
                f"({found.wire / 1e6:.2f} on the wire) {found.chain:7.1f} in sequence "
                f"{found.seconds:7.1f} s, {share(found):3.0%} more at 50 ms",
                flush=True,
            )
            if "-v" in words:
                for name, number in sorted(found.kinds.items()):
                    print(f"    {name:28} {number:6} {found.sizes[name]:10}")


if __name__ == "__main__":
    main()
