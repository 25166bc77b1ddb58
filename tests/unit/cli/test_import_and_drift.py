"""Both commands as they are called, against simulated hosts behind real SSH."""

import asyncio
import json
import os
import sys

from reconciler.hosts.loopback import served
from tests.clock import drive
from tests.runs import Controller, desired, witnessed

RECONCILE = "import sys; from reconciler.cli import main; main(sys.argv[1:])"


async def run(home, *words):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", RECONCILE, *words),
        cwd=home,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "RECONCILE_SSH_CONFIG": str(home / "ssh_config"),
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


def test_import_plan_and_drift_end_as_promised(tmp_path):
    world = witnessed(2)
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    world.pace = asyncio.sleep

    async def story():
        async with served(world, tmp_path) as doors:
            lines = [
                f"Host {n}\n HostName {doors.host}\n Port {p}\n" for n, p in doors.ports.items()
            ]
            (tmp_path / "ssh_config").write_text("".join(lines))
            login = [
                "--user",
                "root",
                "--identity",
                "id_ed25519",
                "--known-hosts",
                "known_hosts",
            ]
            code, out, _err = await run(tmp_path, "import", "nobody", *login)
            assert (code, out) == (1, "")
            code, out, err = await run(
                tmp_path, "import", "node02", "-o", "cluster.yaml", *login
            )
            assert (code, out) == (0, ""), err
            code, _out, err = await run(tmp_path, "import", "node02", "-o", "cluster.yaml")
            assert code == 64
            assert "cluster.yaml is there already" in err
            assert (await run(tmp_path, "plan", "--detailed-exitcode"))[0] == 0
            assert (await run(tmp_path, "drift", "--target", "volume/none"))[0] == 64
            code, out, _err = await run(tmp_path, "drift", "--format", "json")
            assert code == 0
            shape = {
                key: json.loads(out)[key] for key in ("format_version", "drifted", "items")
            }
            assert shape == {"format_version": "1", "drifted": False, "items": []}
            world.hosts["node01"].unmount("/srv/images")
            code, out, _err = await run(tmp_path, "drift", "--format", "json")
            assert code == 2
            (item,) = json.loads(out)["items"]
            keys = ("address", "truth", "class", "expected", "actual")
            assert [item[key] for key in keys] == [
                "volume/images/mount/node01",
                "mount",
                "changed-outside",
                "/srv/images",
                None,
            ]

    asyncio.run(story())
