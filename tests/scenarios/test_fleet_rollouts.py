"""Rollouts by real workers on a real PostgreSQL, to simulated hosts behind real SSH."""

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from reconciler.hosts.simulator.mishaps import MISHAPS
from reconciler.hosts.simulator.state.faults import Fault
from tests.fleet_processes import GUARD
from tests.fleet_sites import sites
from tests.unit.watch.test_daemon_heals import Hanging


@pytest.fixture
def open_stage(fleets, tmp_path, monkeypatch, capsys):
    """So many clusters and a fleet that wants them."""

    @asynccontextmanager
    async def stage(number):
        url = fleets.new()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("FLEET_DATABASE", url)
        async with asyncio.timeout(GUARD), sites(number, url, tmp_path, capsys) as at:
            # A host that leaves stands in no file any more.
            monkeypatch.setenv("RECONCILE_SSH_CONFIG", str(at.doors.ssh_config))
            yield at

    return stage


def break_all(at):
    """On the first host of each cluster its volume is not mounted any more."""
    for name in at.names:
        MISHAPS["umount"].happens(at.world.machines[at.hosts(name)[0]])


async def test_a_canary_that_works_goes_through_and_one_that_fails_stops_the_rest(open_stage):
    async with open_stage(3) as at:
        break_all(at)
        at.want()
        canary = at.world.machines[at.hosts("site1")[0]]
        canary.faults.append(Fault("fails", command="gate mount"))
        async with at.worker() as worker:
            await at.until_looked_at(*at.names)
            words = ("--all", "--wave", "1,rest", "--soak", "0s")
            code, ended = await at.until_ended(at.approve(*words))
            assert (code, ended["state"]) == (4, "failed"), ended
            states = {one["cluster"]: one["state"] for one in ended["clusters"]}
            assert states == {"site1": "failed", "site2": "not-begun", "site3": "not-begun"}
            assert [at.mounted(name) for name in at.names] == [[False, True]] * 3
            canary.faults.clear()
            await at.until_looked_at("site1", count=2)
            rollout = at.approve(*words)
            code, ended = await at.until_ended(rollout)
            assert (code, ended["state"]) == (0, "converged"), ended
            assert [at.mounted(name) for name in at.names] == [[True, True]] * 3
            rows = [at.row(rollout, name) for name in at.names]
            assert rows[0].ended < min(rows[1].began, rows[2].began)
            assert len({row.run for row in rows}) == 3
            assert await worker.end() == 0


def appliers_of(worker):
    found = ((pid, Path(f"/proc/{pid}/cmdline").read_bytes()) for pid in worker.children)
    return [pid for pid, words in found if b"applier" in words]


def kill_worker(worker):
    worker.send(signal.SIGKILL)


def end_worker(worker):
    worker.process.send_signal(signal.SIGTERM)


def kill_applier(worker):
    (pid,) = appliers_of(worker)
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("befall", [kill_worker, end_worker, kill_applier])
async def test_what_is_cut_off_in_the_midst_of_a_removal_is_ended_by_the_next(
    open_stage, befall
):
    async with open_stage(1) as at:
        leaver, stays = at.hosts("site1")
        at.want(site1=[stays])
        async with at.worker() as first, at.worker() as second:
            await at.until_looked_at("site1")
            hanging = Hanging(at, "gate unmount")
            at.world.machines[leaver].faults.append(hanging)
            rollout = at.approve("site1")
            await hanging.begun.wait()
            began = at.row(rollout, "site1")
            (going,) = [turn for turn in at.turns("site1") if turn.ended is None]
            hit, other = (first, second) if going.worker in first.lives else (second, first)
            befall(hit)
            hanging.release()
            code, ended = await at.until_ended(rollout)
            assert (code, ended["state"]) == (0, "converged"), ended
            row = at.row(rollout, "site1")
            assert (row.state, row.began) == ("converged", began.began)
            assert row.run != began.run
            assert at.mounted("site1") == [False, True]
            kinds = [turn.kind for turn in reversed(at.turns("site1"))]
            assert kinds == ["look", "apply", "apply", "look"]
            assert await other.end() == 0
