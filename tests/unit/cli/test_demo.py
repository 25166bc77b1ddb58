"""``reconcile demo``: the whole story, as somebody without a host of their own sees it."""

import asyncio
import json
import os
import re
import shlex
import signal
import sys
from pathlib import Path

import pytest

from reconciler.cli import run
from reconciler.cli.commands.demo import MISHAPS
from reconciler.cli.demonstration import BENCH, _prepare
from reconciler.hosts.simulator.presets import add_storage, bare_cluster

RECONCILE = "import sys; from reconciler.cli import main; main(sys.argv[1:])"
README = Path(__file__).parents[3] / "README.md"
LAST = "  reconcile plan\n"
FILE = """\
  version: 1
  clusters:
    - name: ocfs2
      members:
        - {name: node01, interconnect: 10.88.1.11}
        - {name: node02, interconnect: 10.88.1.12}
        - {name: node03, interconnect: 10.88.1.13}
      volumes:
        - label: images
"""


def started(*words):
    return asyncio.create_subprocess_exec(
        *(sys.executable, "-c", RECONCILE, *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def typed(directory, line):
    """The exit code of a line in another terminal, and what it prints."""
    read = f". {shlex.quote(str(directory / 'env'))}; {line}"
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec("sh", "-c", read, stdout=pipe, stderr=pipe)
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def played(directory, then):
    """The demo in ``directory``, its text; ``then`` happens while its hosts stay up."""
    log = ("--log-level", "info:json", "--log-file", str(directory / "log"))
    process = await started("demo", "--keep", str(directory), "--stay", *log)
    text = ""
    try:
        while not text.endswith(LAST):
            line = (await process.stdout.readline()).decode()
            assert line, text
            text += line
        await then()
    finally:
        process.send_signal(signal.SIGINT)
    text += (await process.stdout.read()).decode()
    assert await process.wait() == 0, text
    return text


async def looks(directory):
    """Untouched hosts are well, and what they have can be imported as they are reached."""
    _code, out, _err = await typed(directory, "reconcile status --format json")
    assert [cluster["healthy"] for cluster in json.loads(out)["clusters"]] == [True]
    code, out, _err = await typed(directory, "reconcile import node01")
    assert (code, re.findall("name: (node0.)", out)) == (0, ["node01", "node03", "node04"])


async def disturbs(directory):
    """A host that is not there, a mount that drift finds, a power cut that stops a plan."""
    answer = await typed(directory, "reconcile demo break node09 umount")
    known = "error: the demo has no host node09; it has node01, node02, node03, node04\n"
    assert answer == (64, "", known)
    code, out, _err = await typed(directory, "reconcile demo break node03 umount")
    assert (code, out.splitlines()[0]) == (0, "node03: umount /srv/images")
    code, out, _err = await typed(directory, "reconcile drift --format json")
    found = [item["address"] for item in json.loads(out)["items"]]
    assert (code, found) == (2, ["volume/images/mount/node03"])
    assert (await typed(directory, "reconcile demo break node04 power"))[0] == 0
    assert (await typed(directory, "reconcile plan"))[0] == 3
    assert (await typed(directory, "reconcile demo mend node04 power"))[0] == 0


async def test_the_demo_tells_its_story_to_the_end_and_stays_to_be_played_with(tmp_path):
    async def another_terminal():
        await looks(tmp_path)
        await disturbs(tmp_path)
        file = tmp_path / "cluster.yaml"
        file.write_text(file.read_text().replace("# - {name: node02", "- {name: node02"))
        code, out, _err = await typed(tmp_path, "reconcile apply --auto-approve")
        assert (code, out.splitlines()[-1]) == (0, "cluster ocfs2: converged (22 done)")

    text = await played(tmp_path, another_terminal)
    assert re.findall(r"^cluster ocfs2: (.*)$", text, re.MULTILINE) == [
        "converged (30 done)",
        "no-change",
        "converged (18 done)",
        "refused",
        "converged (16 done)",
        "converged (5 done)",
    ]
    assert re.findall(r"BLOCKED (\S+)", text) == ["volume-busy"]
    assert "no interruption for who stays" in text
    assert "grow the file system images to 2GiB, mounted" in text
    assert f"  . {tmp_path}/env\n" in text
    assert text.endswith(
        "node03: umount /srv/images\nnode04: its power is cut\n"
        "node04: it boots, and mounts what its fstab says\n\n"
        "The demo is over; everything was simulated.\n"
    )
    shows_its_file(text)
    approves_what_it_has_shown(text)
    is_as_readme_has_it(text)
    ends = [
        json.loads(record.read_text().splitlines()[-1])["result"]
        # Two runs may begin in one second, which is all of the time that their ids have.
        for record in sorted(
            (tmp_path / "state" / "runs").glob("*.jsonl"),
            key=lambda file: file.stat().st_mtime_ns,
        )
    ]
    assert ends == ["converged", "no-change", "converged", "refused", *["converged"] * 3]
    log = (tmp_path / "log").read_text()
    logged = [event["run"] for line in log.splitlines() if "run" in (event := json.loads(line))]
    assert len(set(logged)) == len(ends) - 1  # all but the last, which was not the demo's


def shows_its_file(text):
    """Whole at first; then each change of it, before the command."""
    bare = re.sub(r", ssh: \{[^}]*\}", "", text)
    assert FILE in re.sub("  ssh: .*\n", "", bare)
    assert re.findall(r"^[+-]       .*", bare, re.MULTILINE) == [
        "+       - {name: node04, interconnect: 10.88.1.14}",
        "-       - {name: node02, interconnect: 10.88.1.12}",
        "+       # - {name: node02, interconnect: 10.88.1.12}",
        "-         size: 1GiB",
        "+         size: 2GiB",
    ]


def approves_what_it_has_shown(text):
    """Each approval is of the plan that the command before it has shown."""
    scenes = text.split("\n== ")[1:]
    approvals = [re.findall(r"--approve (\w+)", scene) for scene in scenes]
    assert [len(ids) for ids in approvals] == [1, 0, 0, 0, 1, 1]
    for scene, ids in zip(scenes, approvals, strict=True):
        before, _, _after = scene.partition("--approve")
        assert set(ids) <= set(re.findall(r"^Plan (\w+)", before, re.MULTILINE))


def is_as_readme_has_it(text):
    """What README shows of a plan and a run is what the demo prints."""
    (block,) = re.findall(r"^```text\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    assert [line for line in block.splitlines() if line not in text.splitlines()] == []


async def test_a_log_that_cannot_be_written_ends_the_demo_before_it_begins(tmp_path):
    process = await started("demo", "--log-file", str(tmp_path / "no" / "log"))
    out, _err = await process.communicate()
    assert (process.returncode, out) == (64, b"")


@pytest.mark.parametrize("mishap", MISHAPS)
def test_no_host_is_asked_for_a_mishap_without_a_demo(monkeypatch, capsys, mishap):
    monkeypatch.delenv("RECONCILE_DEMO", raising=False)
    monkeypatch.setenv("RECONCILE_SSH_CONFIG", os.devnull)
    assert run(["demo", "break", "node01", mishap]) == 64
    assert "start `reconcile demo --stay`" in capsys.readouterr().err


def test_a_demo_that_is_over_is_named(monkeypatch, capsys, tmp_path):
    (tmp_path / "ssh_config").write_text("Host san\nHostName 127.0.0.1\nPort 1\n")
    monkeypatch.setenv("RECONCILE_DEMO", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run(["demo", "mend", "node01", "power"]) == 64
    assert f"no demo answers in {tmp_path}" in capsys.readouterr().err


def test_what_is_kept_is_written_over_nothing(tmp_path, capsys):
    (tmp_path / "id_ed25519").write_text("somebody's own key")
    assert run(["demo", "--keep", str(tmp_path)]) == 64
    assert "has id_ed25519 already" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["id_ed25519"]
    assert (tmp_path / "id_ed25519").read_text() == "somebody's own key"


def test_the_clocks_of_its_hosts_are_right():
    world = bare_cluster(2, "san")
    add_storage(world, BENCH)
    _prepare(world, 1_900_000_000)
    shown = {world.clock(machine) for machine in world.machines.values()}
    assert shown == {1_900_000_000}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_whoever_ends_it_in_the_midst_leaves_nothing_behind(tmp_path, number):
    """As Ctrl-C does: its directory goes, and the command that it shows has ended before."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", RECONCILE, "demo"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    while not (await process.stdout.readline()).startswith(b"$ reconcile apply"):
        assert process.returncode is None
    assert list(tmp_path.iterdir())
    process.send_signal(number)
    out = await process.stdout.read()  # its end is that of whoever writes there
    assert (await process.wait(), out.decode().splitlines()[-1]) == (130, "interrupted")
    assert list(tmp_path.iterdir()) == []
