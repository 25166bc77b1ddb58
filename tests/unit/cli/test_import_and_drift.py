"""Both commands as they are called, against simulated hosts behind real SSH."""

import asyncio
import io
import json
from contextlib import redirect_stderr, redirect_stdout

from reconciler.cli import run
from reconciler.hosts.loopback import serve_hosts
from tests.clock import drive
from tests.runs import Controller, desired, witnessed


async def called(*words):
    """In a thread, for the hosts are served by the loop: exit code, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = await asyncio.to_thread(run, list(words))
    return code, out.getvalue(), err.getvalue()


LOGIN = ["--user", "root", "--identity", "id_ed25519", "--known-hosts", "known_hosts"]
KEYS = ("address", "truth", "class", "expected", "actual")


async def story(world, home):
    async with serve_hosts(world, home) as doors:
        lines = [
            f"Host {n}\n HostName {doors.host}\n Port {p}\n" for n, p in doors.ports.items()
        ]
        (home / "ssh_config").write_text("".join(lines))
        code, out, _err = await called("import", "nobody", *LOGIN)
        assert (code, out) == (1, "")
        code, out, err = await called("import", "node02", "-o", "cluster.yaml", *LOGIN)
        assert (code, out) == (0, ""), err
        code, _out, err = await called("import", "node02", "-o", "cluster.yaml")
        assert code == 64
        assert "cluster.yaml is there already" in err
        assert (await called("plan", "--detailed-exitcode"))[0] == 0
        assert (await called("drift", "--target", "volume/none"))[0] == 64
        code, out, _err = await called("drift", "--format", "json")
        shape = {key: json.loads(out)[key] for key in ("format_version", "drifted", "items")}
        assert (code, shape) == (0, {"format_version": "1", "drifted": False, "items": []})
        world.machines["node01"].units["o2cb.service"].enabled = False
        code, out, _err = await called("drift", "--format", "json")
        (item,) = json.loads(out)["items"]
        values = (
            "member/node01/o2cb-at-boot",
            "boot",
            "changed-outside",
            "enabled",
            "disabled",
        )
        assert (code, tuple(item[key] for key in KEYS)) == (2, values)


def test_import_plan_and_drift_end_as_promised(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RECONCILE_SSH_CONFIG", str(tmp_path / "ssh_config"))
    world = witnessed(2)
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    world.pace = lambda _seconds: asyncio.sleep(0)  # nothing is waited for
    asyncio.run(story(world, tmp_path))
