"""`status` over real SSH: read once or again and again, with the exit codes of `observe`."""

import asyncio
import json
import signal

import pytest

from reconciler.cli.commands.status import exit_code
from tests.unit.cli.test_commands import desk
from tests.unit.hosts.simulator.lab import mounted_cluster


async def test_who_has_what_mounted_is_read_with_the_fill_level_and_the_heartbeats(tmp_path):
    async with desk(tmp_path) as at:
        await mounted_cluster(at.world)
        at.world.machines["node01"].running.mounts[0].fs.used = 1 << 29
        at.world.machines["node02"].setup.versions["ocfs2-tools"] = "1.8.8"
        code, out, err = await at.run("status", at.file, "--interval", "0s")
        assert (code, err) == (0, "")
        assert "0.5 GiB, 50 %" in out
        assert "online  slot 0, " in out
        assert "NEXT BOOT  next-boot-mount-missing" in out
        assert "NOTICE  version-skew  cluster/ocfs2: members have different ocfs2-tools" in out
        at.world.machines["node02"].refusal = "host-unreachable"
        words = ("status", at.file, "--interval", "0s", "--format", "json")
        code, out, _err = await at.run(*words)
        (cluster,) = json.loads(out)["clusters"]
        assert (code, cluster["read"], cluster["healthy"]) == (4, 1, False)
        assert cluster["unreachable"][0]["host"] == "node02"
        assert cluster["volumes"][0]["mounted_by"] == ["node01"]


@pytest.mark.parametrize(("read", "code"), [((2, 3), 0), ((2, 0), 4), ((0, 0), 1)])
def test_the_exit_code_tells_whether_hosts_were_read_not_whether_they_are_well(read, code):
    clusters = [
        {"hosts": hosts, "read": done, "healthy": False}
        for hosts, done in zip((2, 3), read, strict=True)
    ]
    assert exit_code({"clusters": clusters}) == code


async def test_watch_gives_a_line_of_json_a_look_sees_beats_and_ends_with_130(tmp_path):
    async with desk(tmp_path) as at:
        await mounted_cluster(at.world)
        words = ("--watch", "--interval", "0s", "--format", "json")
        process = await at.start("status", at.file, *words)
        for _look in range(2):
            line = json.loads(await process.stdout.readline())
            at.world.advance(4)
        beats = line
        async with asyncio.timeout(60):
            while beats["clusters"][0]["problems"]:
                beats = json.loads(await process.stdout.readline())
                at.world.advance(4)
        process.send_signal(signal.SIGINT)
        _out, err = await process.communicate()
        assert (process.returncode, "interrupted" in err.decode()) == (130, True)
