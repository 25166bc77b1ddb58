"""A fleet from its first command on: init, files, a worker, hosts behind SSH, and what it found."""

import json
import signal

import pytest

from tests.cli_harness import desk
from tests.fleet_processes import WorkerProcess

SETTINGS = """
version: 1
database: env:FLEET_DATABASE
source: {{directory: {site}, every: 1s}}
interval: 1h
"""


@pytest.fixture
async def at(tmp_path, fleets):
    async with desk(tmp_path) as made:
        made.environment["FLEET_DATABASE"] = fleets.empty()
        site = tmp_path / "site"
        site.mkdir()
        (site / "cluster.yaml").write_text((tmp_path / made.file).read_text())
        (tmp_path / "fleet.yaml").write_text(SETTINGS.format(site=site))
        yield made


async def status(at):
    code, out, err = await at.run("fleet", "status", "--format", "json")
    assert code == 0, err
    return json.loads(out)


async def test_a_cluster_of_a_file_is_looked_at_by_a_worker_that_ends_when_it_is_told_to(at):
    code, _out, err = await at.run("fleet", "status")
    assert (code, "reconcile fleet init" in err) == (1, True)
    assert (await at.run("fleet", "init"))[0] == 0
    words = ("--log-format", "json", "--log-level", "debug")
    process = await at.start_anew("fleet", "worker", *words)
    worker = WorkerProcess(process)
    try:
        ended = await worker.until("round-ended")
        assert (ended["cluster"], ended["unreachable"]) == ("ocfs2", 0)
        assert ended["actions"] > 0
        (alive,) = (await status(at))["workers"]
        assert alive["pid"] == process.pid
        assert (await at.run("fleet", "submit", "ocfs2"))[0] == 0
        await worker.until("round-ended", 2)
        assert await worker.end(signal.SIGTERM) == 0
    finally:
        worker.send(signal.SIGKILL)
        await process.wait()
    assert (await status(at))["workers"] == []
