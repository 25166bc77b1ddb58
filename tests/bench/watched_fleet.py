"""A daemon of many clusters, round after round: how long a round takes, its CPU, its memory, its lag.

Run with ``python -m tests.bench.watched_fleet [CLUSTERS] [ROUNDS]``: 1,000 clusters of 8 hosts, 12
rounds, which is an hour of intervals. The daemon is the real one, with its files, its working
processes and its database. Hosts answer what simulated ones answered once, under other names: SSH is
measured by ``tests.bench.observe``.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

import yaml

from reconciler.execution.author import new_run, now
from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.presets import Shape
from reconciler.model.plan import Completed
from reconciler.watch.cluster_turns import Turns
from reconciler.watch.connections import Connections
from reconciler.watch.daemon import Daemon, Parts
from reconciler.watch.healers import Healers
from reconciler.watch.keeping import Keeping
from reconciler.watch.other_runs import OtherRuns
from reconciler.watch.queue import LocalQueue
from reconciler.watch.schedule import Pace, Schedule
from reconciler.watch.sources import Sources
from reconciler.watch.sql_disk import SqlDisk
from reconciler.watch.stores import Store
from reconciler.watch.systemd import Supervisor
from reconciler.watch.workers import Workers
from tests.bench.clusters import HOSTS, NAME, renamed
from tests.bench.measured import children, proportional, tree
from tests.clock import drive
from tests.runs import Controller, members, of, volume, witnessed

AT_ONCE = 32


class Answers:
    """What hosts of all clusters answer: what those of one did, under their own names."""

    def __init__(self) -> None:
        self.world = world = witnessed(HOSTS, Shape("scsi"))
        names = sorted(name for name in world.machines if name.startswith("node"))
        wish = {"name": NAME, "members": members(world, *names), "volumes": [volume(world)]}
        assert drive(world, Controller(world).apply(of(wish))).word == "converged"
        self.file = yaml.safe_dump({"version": 1, "clusters": [wish]}, sort_keys=False)
        self.wwid = wish["volumes"][0]["device"]["wwid"]
        self.known: dict[tuple[str, tuple[str, ...]], Completed] = {}

    def text(self, number: int) -> str:
        """The file of one of the clusters."""
        return renamed(self.file, number, self.wwid)

    async def run_on(self, cluster, _ssh, member, command):
        number = cluster.removeprefix("cluster")
        names = ((f"c{number}n", "node"), (cluster, NAME), (self.wwid[:-4] + number, self.wwid))

        def swap(text, pairs):
            for old, new in pairs:
                text = text.replace(old, new)
            return text

        host = swap(member.name, names)
        key = host, tuple(swap(word, names) for word in command.argv[4:])
        if key not in self.known:
            argv = (*command.argv[:4], *key[1])
            answer = await connect(self.world, host).run(type(command)(argv))
            assert isinstance(answer, Completed)
            self.known[key] = answer
        found = self.known[key]
        back = [(new, old) for old, new in names]
        return Completed(found.status, swap(found.stdout, back), found.stderr)


class Rounds:
    """A listener that counts, and knows when all clusters were looked at."""

    def __init__(self, clusters: int) -> None:
        self.clusters, self.count, self.drift = clusters, 0, 0
        self.ended = asyncio.Event()

    def hear(self, _wish, result, _recorded, _known):
        self.count += 1
        self.drift += len(result.drift)
        assert not result.failure, result.failure
        if self.count % self.clusters == 0:
            self.ended.set()

    async def close(self):
        """Nothing is held."""


def spent() -> float:
    """Seconds of CPU of this process and of those that it waits for at its end."""
    own = time.process_time()
    for pid in tree(children()):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        own += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own


def memory() -> float:
    """Megabytes of PSS, of the daemon and its working processes."""
    return proportional(os.getpid()) + sum(map(proportional, tree(children())))


def daemon_of(place: Path, answers: Answers, counted: Rounds) -> Daemon:
    """The real one, but for its way to the hosts; it looks when it is asked to."""
    (place / "site").mkdir()
    (place / "state").mkdir(mode=0o700)
    for number in range(counted.clusters):
        (place / f"site/cluster{number:04}.yaml").write_text(answers.text(number))
    turns = Turns(
        workers=Workers(os.cpu_count() or 1, answers.run_on),
        healers=Healers(place / "state/runs"),
        keeping=Keeping(Store(SqlDisk(place / "state", now)), now),
        others=OtherRuns(place / "state/runs"),
        wall=now,
        new_run=new_run,
        listeners=[counted],
    )
    queue = LocalQueue(Schedule(Pace(1e9, AT_ONCE), random.random), now)
    connections = Connections(1, 1, told=False)
    sources = Sources([str(place / "site")])
    return Daemon(Parts(sources, queue, turns, connections, Supervisor({}), new_run))


async def main(answers: Answers, clusters: int, rounds: int) -> None:
    """Print a line a round."""
    counted = Rounds(clusters)
    with tempfile.TemporaryDirectory(prefix="reconcile-bench-") as folder:
        daemon = daemon_of(Path(folder), answers, counted)
        began = time.monotonic()
        await daemon.load()
        print(f"{clusters} files read in {time.monotonic() - began:.1f} s", flush=True)
        running = asyncio.create_task(daemon.run())
        for number in range(1, rounds + 1):
            before, at = spent(), time.monotonic()
            if number > 1:
                daemon.request_all()
            await counted.ended.wait()
            counted.ended.clear()
            wall, cpu = time.monotonic() - at, spent() - before
            print(
                f"round {number:2}: {wall:6.1f} s, {cpu:6.1f} s CPU, "
                f"{1000 * cpu / clusters / HOSTS:5.1f} ms CPU a host, {memory():5.0f} MB, "
                f"worst lag {1000 * daemon.pulse.worst:4.0f} ms, {counted.drift} differences",
                flush=True,
            )
        daemon._end(15)
        await running
        print(
            f"the daemon's own CPU: {resource.getrusage(resource.RUSAGE_SELF).ru_utime:.0f} s"
        )


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    asyncio.run(main(Answers(), *(numbers + [1000, 12][len(numbers) :])))
