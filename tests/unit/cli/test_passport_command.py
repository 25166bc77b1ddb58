"""`passport`: everything that is known, or what is known of a file's hosts, over real SSH."""

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress

import pytest

from tests.unit.cli.test_commands import desk

JSON = ("--format", "json")


def standings(document):
    return {row["operation"]: row["standing"] for row in document["rows"]}


async def test_without_a_file_no_host_is_asked_and_all_is_told(tmp_path):
    async with desk(tmp_path) as at:
        assert at.file  # which is not read, though it is the usual one
        at.world.machines["node01"].refusal = "host-unreachable"
        code, out, err = await at.run("passport")
        assert (code, err) == (0, "")
        assert out.startswith("kernel ")
        code, out, _err = await at.run("passport", *JSON)
        assert json.loads(out)["rows"]


async def test_a_run_that_converged_is_seen_on_the_kernels_of_its_hosts(tmp_path):
    async with desk(tmp_path) as at:
        for machine in at.world.machines.values():
            machine.setup.kernel = "9.9.1-amd64"
        code, out, err = await at.run("passport", at.file, *JSON)
        assert (code, err) == (0, "")
        (cluster,) = json.loads(out)["clusters"]
        assert cluster["hosts"]["node01"] == {"kernel": "9.9", "tools": "1.8.7"}
        assert set(standings(cluster).values()) == {"unknown"}
        _code, out, _err = await at.run("plan", at.file)
        assert "the laboratory has not proven there: create, mount" in " ".join(out.split())
        code, out, err = await at.run("apply", at.file, *await at.approved())
        assert code == 0, err
        code, out, _err = await at.run("passport", at.file, *JSON)
        document = json.loads(out)
        (cluster,) = document["clusters"]
        found = standings(cluster)
        assert (found["create"], found["mount"], found["join"]) == ("seen", "seen", "unknown")
        assert document["runs"] == 1
        _code, out, _err = await at.run("show", "last")
        assert "proven on kernel 9.9, tools 1.8.7: create, mount" in out


async def test_hosts_are_read_or_recorded_and_who_was_not_decides_the_exit_code(tmp_path):
    async with desk(tmp_path) as at:
        facts = str(tmp_path / "facts.json")
        assert (await at.run("observe", at.file, "-o", facts))[0] == 0
        at.world.machines["node02"].refusal = "host-unreachable"
        code, out, _err = await at.run("passport", at.file)
        assert code == 4
        assert "cluster ocfs2  1/2 hosts answered" in out
        at.world.machines["node01"].refusal = "host-unreachable"
        assert (await at.run("passport", at.file))[0] == 1
        code, out, err = await at.run("passport", at.file, "--facts", facts)
        assert code == 0, err
        assert "cluster ocfs2  2/2 hosts answered" in out
        assert "kernel 6.1 with ocfs2-tools 1.8.7  node01,node02" in out


async def test_what_is_asked_wrongly_is_told(tmp_path):
    async with desk(tmp_path) as at:
        code, _out, err = await at.run("passport", "--facts", "facts.json")
        assert (code, "name it, too" in err) == (64, True)
        private = tmp_path / "open"
        (private / "runs").mkdir(parents=True)
        private.chmod(0o777)
        code, out, err = await at.run("passport", "--state-dir", str(private))
        assert (code, "what runs of yours have shown is not known" in err) == (0, True)
        assert "0 records read in no place" in out


@pytest.mark.parametrize(("rows", "mark"), [("10", b">kernel"), ("500", b"kernel")])
def test_on_a_terminal_what_is_longer_goes_through_a_pager(tmp_path, rows, mark):
    more = {"PAGER": "sed s/^/>/", "LINES": rows, "COLUMNS": "80", "TERM": "xterm"}
    ours, theirs = pty.openpty()
    command = (sys.executable, "-m", "reconciler", "passport", "--state-dir", str(tmp_path))
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, env={**os.environ, **more, "NO_COLOR": "1"}
    )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # the end of a terminal is an error
        while found := os.read(ours, 4096):
            shown += found
    os.close(ours)
    assert process.wait() == 0
    assert shown.startswith(mark)
