"""``reconcile init``: from hosts, from questions, from nothing; the file is always valid."""

import asyncio
import os
import pty

import pytest

from reconciler.cli import run
from reconciler.loading import read
from tests.cli_harness import Desk, desk


def login(at):
    ssh = at.document["ssh"]
    return [
        "--user",
        "root",
        "--identity",
        ssh["identity"],
        "--known-hosts",
        ssh["known_hosts"],
    ]


def named(at):
    """The hosts by their names, as ssh_config has them."""
    members = at.document["clusters"][0]["members"]
    lines = [
        f"Host {m['name']}\n HostName {m['ssh']['host']}\n Port {m['ssh']['port']}\n"
        for m in members
    ]
    (at.home / "ssh_config").write_text("".join(lines))
    at.environment["RECONCILE_SSH_CONFIG"] = str(at.home / "ssh_config")
    return [m["name"] for m in members]


async def test_hosts_that_answer_are_written_down_and_their_plan_is_not_refused(tmp_path):
    async with desk(tmp_path) as at:
        code, out, err = await at.run("init", *named(at), "-o", "first.yaml", *login(at))
        assert (code, out) == (0, "")
        mend = "Mend what is marked CHANGE: node01, node02.\n"  # each has two addresses
        assert err == f"first.yaml is written.\n{mend}Then: reconcile plan first.yaml\n"
        assert (await at.run("validate", "first.yaml"))[0] == 0
        members = read(str(tmp_path / "first.yaml")).clusters[0].members
        assert [(m.name, str(m.interconnect)) for m in members] == [
            ("node01", "10.88.0.11"),
            ("node02", "10.88.0.12"),
        ]
        assert '/dev/disk/by-id/lab-lun1"' in (tmp_path / "first.yaml").read_text()
        code, out, _err = await at.run("plan", "first.yaml", "--detailed-exitcode")
        assert (code, "BLOCKED" in out) == (2, False)


async def test_hosts_that_run_a_cluster_are_written_down_with_it(tmp_path):
    async with desk(tmp_path) as at:
        assert (await at.run("apply", at.file, *await at.approved()))[0] == 0
        code, out, err = await at.run("init", *named(at)[:1], *login(at))
        assert (code, "Planning it changes nothing" in err) == (0, True)
        (tmp_path / "found.yaml").write_text(out)
        assert (await at.run("plan", "found.yaml", "--detailed-exitcode"))[0] == 0


async def test_a_host_that_does_not_answer_is_written_down_as_such(tmp_path):
    async with desk(tmp_path) as at:
        at.world.machines["node02"].refusal = "host-unreachable"
        code, out, err = await at.run("init", *named(at), *login(at))
        assert code == 0
        assert "node02 was not read: host-unreachable: " in err
        assert "Mend what is marked CHANGE: node01, node02." in err
        assert "# not read: host-unreachable (reconcile explain host-unreachable)" in out


async def test_without_hosts_and_without_a_terminal_it_is_an_example(tmp_path):
    at = Desk(None, tmp_path, {})
    code, out, err = await at.run("init", "--name", "images")
    saved = "No file was written: save the text as cluster.yaml (or name one with -o).\n"
    assert err.endswith(f"{saved}Then: reconcile plan cluster.yaml\n")
    assert not (tmp_path / "cluster.yaml").exists()
    (tmp_path / "f.yaml").write_text(out)
    assert (code, read(str(tmp_path / "f.yaml")).clusters[0].name) == (0, "images")


async def test_no_file_is_overwritten(tmp_path):
    at = Desk(None, tmp_path, {})
    (tmp_path / "f.yaml").write_text("mine")
    (tmp_path / "link.yaml").symlink_to("nowhere")
    for name in ("f.yaml", "link.yaml"):
        code, out, err = await at.run("init", "-o", name)
        assert (code, out, "is there already" in err) == (64, "", True)
    assert (tmp_path / "f.yaml").read_text() == "mine"


@pytest.mark.parametrize("words", [["--name", "o-2"], ["a b"], ["-x"], ["a;b"]])
async def test_what_no_file_could_say_is_refused_before_anything_is_asked(tmp_path, words):
    assert (await Desk(None, tmp_path, {}).run("init", *words))[0] == 64


async def test_it_asks_on_a_terminal(tmp_path):
    (tmp_path / "cluster.yaml").write_text("mine")
    ours, theirs = pty.openpty()
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    process = await Desk(None, tmp_path, {}).start("init", **streams)
    os.close(theirs)
    os.write(ours, b"\nimages\nclear; reconcile init\ncluster.yaml\nmine.yaml\n")
    async with asyncio.timeout(60):
        assert await process.wait() == 0
    os.close(ours)
    assert not [path.name for path in tmp_path.iterdir() if " " in path.name]
    assert (tmp_path / "cluster.yaml").read_text() == "mine"
    (cluster,) = read(str(tmp_path / "mine.yaml")).clusters
    assert (cluster.name, len(cluster.members)) == ("images", 3)


@pytest.mark.parametrize("name", ["/dev/null", "none", "NONE"])
def test_the_check_of_host_keys_is_not_switched_off_by_an_option(name, capsys, tmp_path):
    file = tmp_path / "c.yaml"
    assert run(["init", "node01", "--known-hosts", name, "-o", str(file), "--no-input"]) == 64
    err = capsys.readouterr().err
    assert err.startswith(
        f"error: --known-hosts {name} would switch off the check of host keys; "
    )
    assert not file.exists()


def test_an_option_that_no_file_could_say_is_named(capsys):
    assert run(["init", "node01", "--user", "ro ot", "--no-input"]) == 64
    assert capsys.readouterr().err.startswith(
        "error: --user: 'ro ot' is not the name of a user"
    )
    assert run(["init", "node01", "--known-hosts", "a\nb", "--no-input"]) == 64
    assert capsys.readouterr().err.startswith("error: --known-hosts: ")
