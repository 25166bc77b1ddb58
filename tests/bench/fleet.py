"""A fleet of many clusters: looks a second, how long a round takes, its CPU, memory and rows.

Run with ``python -m tests.bench.fleet [WORKERS] [CLUSTERS] [ROUNDS]``: 2 workers, 1,000 clusters of 8 hosts,
3 rounds. Workers are processes of their own, PostgreSQL is a real one, which syncs to the disk. Hosts answer
what simulated ones answered once, under other names: SSH is measured by ``tests.bench.observe``.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from sqlalchemy import text

from reconciler.storage.database import Database
from reconciler.storage.fleet_database import open_fleet
from reconciler.storage.fleet_schedule import fleet_clusters, request
from reconciler.storage.fleet_turns import going_turns
from reconciler.storage.server_address import server_address
from tests.bench.measured import proportional, tree
from tests.bench.watched_fleet import Answers
from tests.fleet_processes import socket_of, worker_process
from tests.fleets import FleetServer, set_up, want_files
from tests.postgresql import postgresql

AT_ONCE = 64
TABLES = (
    *(
        "clusters",
        "conditions",
        "drift",
        "documents",
        "samples",
        "runs",
        "fleet_turns",
        "workers",
    ),
    "procrastinate.procrastinate_jobs",
    "procrastinate.procrastinate_events",
)
SETTINGS = {
    "version": 1,
    "database": "env:X",
    "source": {"directory": "/nowhere"},
    "interval": "1h",
    "zones": [{"name": "default", "at_once": AT_ONCE}],
}


def spent(pids: Sequence[int]) -> float:
    """Seconds of CPU of these processes, and of all that they have started."""
    total = 0.0
    for pid in tree(pids):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return total


def memory(pids: Sequence[int]) -> float:
    """Megabytes of PSS of these, and of all that they have started."""
    return sum(map(proportional, tree(pids)))


def server_of(url: str) -> int:
    """The process of the server of an address."""
    return int((Path(socket_of(url)).parent / "data/postmaster.pid").read_text().split()[0])


def rows(database: Database) -> str:
    """How many rows tables have that are there."""
    told = []
    with database.reading() as connection:
        for name in TABLES:
            if connection.execute(text(f"SELECT to_regclass('{name}')")).scalar():
                count = connection.execute(text(f"SELECT count(*) FROM {name}")).scalar()  # noqa: S608  # ours
                told.append(f"{name.removeprefix('procrastinate.')} {count}")
        size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar()
    return f"{', '.join(told)}; {size / 1e6:.0f} MB"


async def looked_at(database: Database, clusters: int) -> None:
    """Until none is due and none has its turn."""
    while True:
        await asyncio.sleep(0.25)
        with database.reading() as connection:
            now = connection.execute(text("SELECT now()")).scalar_one()
            waiting = sum(one.due <= now for one in fleet_clusters(connection))
            far = sum(
                (one.due - now).total_seconds() < 600 for one in fleet_clusters(connection)
            )
            if not waiting and not far and not going_turns(connection):
                return


async def main(workers: int, clusters: int, rounds: int) -> None:
    """Print a line a round."""
    answers = await asyncio.to_thread(Answers)  # it has a loop of its own
    async with AsyncExitStack() as stack:
        address = stack.enter_context(
            postgresql(settings=" -c fsync=on -c full_page_writes=on")
        )
        server = FleetServer(address)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="reconcile-bench-"))
        url = server.empty()
        set_up(url)
        database = open_fleet(server_address(url))
        stack.callback(database.close)
        running = [
            await stack.enter_async_context(
                worker_process(
                    url=url,
                    directory=f"{folder}/w{number}",
                    hosts="own",
                    fleet=SETTINGS,
                    slots=AT_ONCE // workers,
                )
            )
            for number in range(workers)
        ]
        pids, server_pid = [one.process.pid for one in running], [server_of(url)]
        names = [f"cluster{number:04}" for number in range(clusters)]
        for number in range(1, rounds + 1):
            before, its, at = spent(pids), spent(server_pid), time.monotonic()
            if number == 1:
                want_files(database, {n: answers.text(i) for i, n in enumerate(names)})
            else:
                with database.writing() as connection:
                    request(connection, names)
            await looked_at(database, clusters)
            wall = time.monotonic() - at
            cpu, other = spent(pids) - before, spent(server_pid) - its
            print(
                f"round {number}: {workers} workers, {clusters} clusters: {wall:.1f} s, "
                f"{clusters / wall:.1f} looks/s, CPU of workers {cpu:.1f} s "
                f"({1000 * cpu / clusters:.0f} ms a look), of PostgreSQL {other:.1f} s, "
                f"memory of workers {memory(pids):.0f} MB, of PostgreSQL {memory(server_pid):.0f} MB",
                flush=True,
            )
            print(f"  rows: {rows(database)}", flush=True)
        late = [
            one["seconds"] for w in running for one in w.events if one["event"] == "loop-late"
        ]
        print(f"worst lag of a loop: {1000 * max(late, default=0):.0f} ms")


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    asyncio.run(main(*(numbers + [2, 1000, 3][len(numbers) :])))
