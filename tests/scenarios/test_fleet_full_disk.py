"""The disk of the database is full: workers wait and say so, and go on when there is room again."""

import asyncio
import os
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from reconciler.fleet.sessions import conninfo
from tests.bench.watched_fleet import Answers
from tests.fleet_hosts import Hosts, serving
from tests.fleet_processes import GUARD, socket_of
from tests.fleets import FleetServer, set_up
from tests.installed import refuse
from tests.postgresql import control_server, postgresql
from tests.scenarios.test_fleet_faults import NAMES, Stage

# What the tables of a fleet take, with the server's own and its journal, and little more.
SIZE = "120m"
JOURNAL = " -c min_wal_size=2MB -c max_wal_size=8MB"


@contextmanager
def small_disk():
    """A file system of its own, which needs root."""
    with tempfile.TemporaryDirectory(prefix="fleet-disk-", dir="/tmp") as folder:
        place = Path(folder) / "disk"
        place.parent.chmod(0o755)  # the server is another user
        place.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)]
        if os.geteuid() or subprocess.run(words, capture_output=True, check=False).returncode:
            refuse("no file system can be mounted here: it takes root")
        try:
            data = place / "data"
            data.mkdir(mode=0o700)
            yield data
        finally:
            subprocess.run(["umount", "-l", str(place)], check=True)


def fill(data):
    """Nothing more finds room: what fills it."""
    filler = data.parent / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 16))
    return filler


def use_up(url):
    """The server has no room left that it has kept for itself."""
    with suppress(psycopg.Error), psycopg.connect(conninfo(url), autocommit=True) as connection:
        connection.execute("CREATE TABLE junk (words text)")
        while True:
            connection.execute(
                "INSERT INTO junk SELECT repeat('x', 2000) FROM generate_series(1, 500)"
            )


async def test_nothing_is_lost_and_no_cluster_is_doubled(tmp_path):
    answers = await asyncio.to_thread(Answers)
    with small_disk() as data, postgresql(data, JOURNAL) as address:
        server = FleetServer(address)
        url = server.empty()
        set_up(url)
        async with serving(Hosts(answers.run_on), str(tmp_path / "hosts")) as hosts:
            stage = Stage(url, tmp_path, hosts)
            stage.want(answers, {"default": NAMES})
            try:
                await play(stage, data)
                stage.check()
            finally:
                stage.database.close()


async def play(stage, data):
    """Two workers, a disk that is full for a while, and each cluster's next turn after that."""
    async with (
        asyncio.timeout(GUARD),
        stage.worker(interval="1s") as one,
        stage.worker(interval="1s") as other,
    ):
        for name in NAMES:
            await stage.until_turns(name)
        filler = fill(data)
        await asyncio.to_thread(use_up, stage.url)
        dying = [asyncio.ensure_future(w.until("worker-died")) for w in (one, other)]
        await asyncio.wait(dying, return_when=asyncio.FIRST_COMPLETED)
        for task in dying:
            task.cancel()
        filler.unlink()
        # A journal that cannot be written ends the server, as it would any.
        place = str(Path(socket_of(stage.url)).parent)
        await asyncio.to_thread(control_server, place, "start", check=False)
        began = asyncio.get_running_loop().time()
        before = {name: len(await stage.until_read(name)) for name in NAMES}
        for name in NAMES:
            await stage.until_turns(name, before[name] + 1)
        seconds = asyncio.get_running_loop().time() - began
        print(f"\nroom again: each cluster had its next turn within {seconds:.1f} s")
