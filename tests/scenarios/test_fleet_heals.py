"""A worker that is stopped while it heals: another goes on, and what wakes does nothing more on any host."""

import shutil
import signal
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from reconciler.hosts.simulator.mishaps import MISHAPS
from tests.fleet_processes import WorkerProcess
from tests.unit.watch.daemons import converged
from tests.unit.watch.test_daemon_heals import POLICY, Hanging, paths

SETTINGS = """
version: 1
database: env:FLEET_DATABASE
source: {{directory: {site}, every: 1s}}
interval: 1h
"""
EXPIRED = 200.0  # seconds: longer than a lease is kept without renewal


@pytest.fixture
async def at(tmp_path, fleets):
    """A cluster as its file has it, which is healed by whoever looks after it."""
    async with converged(tmp_path) as made:
        made.environment["FLEET_DATABASE"] = fleets.empty()
        made.document["clusters"][0]["policy"] = POLICY
        site = tmp_path / "site"
        site.mkdir()
        shutil.copy(made.file, site / "cluster.yaml")
        (tmp_path / "fleet.yaml").write_text(SETTINGS.format(site=site))
        assert (await made.run("fleet", "init"))[0] == 0
        yield made


@asynccontextmanager
async def working(at, name):
    words = ("--state-dir", str(Path(at.home) / name), "--log-format", "json")
    process = await at.start_anew("fleet", "worker", *words, "--log-level", "debug")
    worker = WorkerProcess(process)
    try:
        await worker.until("worker-began")
        yield worker
    finally:
        worker.send(signal.SIGCONT)
        worker.send(signal.SIGKILL)
        await process.wait()
        await worker.hearing


async def test_who_is_stopped_while_it_heals_does_nothing_more_when_it_wakes(at):
    machine = at.world.machines["node02"]
    for mishap in ("umount", "fstab"):
        MISHAPS[mishap].happens(machine)
    hanging = Hanging(at, "gate mount")
    machine.faults.append(hanging)
    async with working(at, "w1") as one:
        await hanging.begun.wait()
        one.send(signal.SIGSTOP)  # it, and the process that heals
        hanging.release()
        at.world.advance(EXPIRED)
        async with working(at, "w2") as other:
            await other.until("worker-lost")
            healed = await other.until("healed")
            assert healed["result"] == "converged"
            await other.until("round-ended", 2)
            seen = len(at.world.trace)
            one.send(signal.SIGCONT)
            await one.until("worker-began", 2)
            assert await one.end() == 0
            assert await other.end() == 0
        # What it still asked for in its old run, hosts have refused.
        asked = [(event.what, event.detail) for event in at.world.trace[seen:]]
        assert set(asked) <= {("failed", "gate: lease-lost: no lease")}
        assert not [told for told in one.events if told["event"] == "healed"]
    assert at.world.violations() == ()
    assert paths(at) == ["/srv/images"]
    assert (await at.run("drift", at.file))[0] == 0
