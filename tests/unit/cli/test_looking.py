"""``ssh.probe``: who looks, who acts, and that both see the same."""

import json

from reconciler.cli import run
from reconciler.hosts.simulator.probe.fixed_probe import PROGRAM, install
from tests.cli_harness import desk

LOOKS = "reconcile-probe"


def printed(at, capsys, *words):
    assert run(["sudoers", "--read-only", "--program", *words, at.file]) == 0
    return capsys.readouterr().out


def prepare(at, capsys):
    """A user who may look at each host, and that the file says so."""
    at.document["ssh"]["probe"] = {"identity": at.document["ssh"]["identity"]}
    text = printed(at, capsys)
    for machine in at.world.machines.values():
        install(machine, text, LOOKS)


def ran(at):
    """What ran on the hosts since the last time, by name."""
    found = {name for machine in at.world.machines.values() for name in machine.ran}
    for machine in at.world.machines.values():
        machine.ran.clear()
    return found


async def test_looking_runs_the_installed_probe_alone_and_apply_never_does(tmp_path, capsys):
    async with desk(tmp_path) as at:
        code, out, _err = await at.run("plan", at.file, "--format", "json")
        whole = json.loads(out)
        assert (code, ran(at)) == (0, {"probe"})
        prepare(at, capsys)
        code, out, _err = await at.run("plan", at.file, "--format", "json")
        assert (code, json.loads(out)["id"], ran(at)) == (0, whole["id"], {PROGRAM})
        for words in (("observe",), ("drift",), ("status", "--interval", "1s"), ("runbook",)):
            await at.run(*words, at.file)
            assert ran(at) == {PROGRAM}, words
        code, _out, err = await at.run("apply", at.file, *await at.approved())
        assert code == 0, err
        ran_by_apply = ran(at)
        assert "probe" in ran_by_apply
        code, out, err = await at.run("drift", at.file)
        assert (code, ran(at)) == (0, {PROGRAM}), out + err
        assert at.world.violations() == ()


async def test_a_plan_made_by_looking_is_carried_out_as_it_is(tmp_path, capsys):
    async with desk(tmp_path) as at:
        prepare(at, capsys)
        saved = tmp_path / "p.plan.json"
        await at.run("plan", at.file, "-o", str(saved))
        words = ["--approve", json.loads(saved.read_text())["id"], "--accept-data"]
        code, _out, err = await at.run("apply", str(saved), *words, "/dev/disk/by-id/lab-lun1")
        assert code == 0, err


async def test_what_the_installed_probe_does_not_look_at_is_said_by_name(tmp_path, capsys):
    async with desk(tmp_path) as at:
        prepare(at, capsys)
        (cluster,) = at.document["clusters"]
        more = {
            **cluster["volumes"][0],
            "label": "more",
            "device": {"path": "/dev/disk/by-id/x"},
        }
        cluster["volumes"].append({**more, "mount": {"path": "/srv/more"}})
        code, _out, err = await at.run("plan", at.file)
        text = _out + err
        assert code == 3
        assert "section-unread" in text
        assert "does not look at: path=/dev/disk/by-id/x" in " ".join(text.split())
        _code, out, _err = await at.run("drift", at.file)
        assert "NOT COMPARED section-unread" in out


async def test_one_that_others_cannot_be_seen_to_reach_does_not_join(tmp_path, capsys):
    """A probe of a file without the new member never tries to reach it."""
    async with desk(tmp_path, hosts=3) as at:
        (cluster,) = at.document["clusters"]
        third = cluster["members"].pop()
        await at.run("apply", at.file, *await at.approved())
        prepare(at, capsys)
        cluster["members"].append(third)
        code, out, err = await at.run("plan", at.file)
        text = " ".join((out + err).split())
        assert (code, "interconnect could not be read" in text) == (3, True), text
        prepare(at, capsys)
        code, out, err = await at.run("plan", at.file)
        assert (code, "section-unread" in out) == (0, False), out + err


async def test_a_host_without_it_is_not_read_and_told_how_to_mend(tmp_path, capsys):
    async with desk(tmp_path) as at:
        prepare(at, capsys)
        at.world.machines["node02"].programs.clear()
        code, out, err = await at.run("observe", at.file, "--format", "text")
        assert (code, err) == (4, "")
        assert "node01" in out
        assert "/usr/local/sbin/reconcile-probe" in " ".join(
            out.partition("node02: ")[2].split()
        )


async def test_one_of_another_version_is_refused_by_name(tmp_path, capsys):
    async with desk(tmp_path) as at:
        prepare(at, capsys)
        text = printed(at, capsys)
        mark = text.partition("@@reconcile-installed\t")[2][:64]
        install(at.world.machines["node02"], text.replace(mark, "0" * 64), LOOKS)
        code, _out, err = await at.run("plan", at.file)
        assert (code, "probe-differs" in _out + err) == (3, True)


def test_a_file_of_several_clusters_wants_to_know_whose(capsys):
    assert run(["sudoers", "--read-only", "examples/two-clusters.yaml"]) == 64
    assert "--cluster" in capsys.readouterr().err
    for words in (["x.yaml"], ["--program"], ["--cluster", "a"]):
        assert run(["sudoers", *words]) == 64
        capsys.readouterr()
