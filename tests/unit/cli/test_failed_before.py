"""What the last run failed at: a plan offers it again with when it was tried and what was said."""

import json

from reconciler.hosts.simulator.state.faults import Fault
from tests.cli_harness import desk

APPLY = ("apply", "cluster.yaml", "--auto-approve")


def fail(at):
    at.world.machines["node01"].faults.append(Fault("fails", command="gate write-file"))


async def again(at, *words):
    """What a plan tells of earlier failures."""
    code, out, err = await at.run("plan", at.file, "--format", "json", *words)
    assert code == 0, err
    plan = json.loads(out)
    (cluster,) = plan["clusters"]
    told = [f for f in cluster["findings"] if f["code"] == "failed-before"]
    return plan["id"], plan["risk"], told


async def test_what_failed_is_not_offered_again_without_a_word(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        at.document["clusters"][0].pop("volumes")
        assert at.file
        known, risk, told = await again(at)
        assert (risk, told) == ("safe", [])
        fail(at)
        code, out, err = await at.run(*APPLY, "--format", "json")
        assert code == 4, err
        lines = [json.loads(line) for line in out.splitlines()]
        (failed,) = [line for line in lines if line["event"] == "action-failed"]
        now, risk, (finding,) = await again(at)
        assert (now == known, risk, finding["severity"]) == (False, "safe", "warning")
        day, minute = failed["time"][:10], failed["time"][11:16]
        assert f'"{failed["summary"]}" was tried at {day} {minute} UTC' in finding["message"]
        assert failed["message"].splitlines()[-1] in finding["message"]
        assert failed["run"] in finding["remedy"]
        _code, text, _err = await at.run("plan", at.file)
        assert "WARNING failed-before" in text
        assert ", 1 of them failed in the last run, risk safe;" in text
        assert (await at.run(*APPLY))[0] == 0
        assert (await again(at))[2] == []


async def test_another_state_directory_and_recorded_facts_know_nothing_of_it(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        at.document["clusters"][0].pop("volumes")
        fail(at)
        assert at.file
        assert (await at.run(*APPLY, "--state-dir", "runs"))[0] == 4
        assert (await again(at))[2] == []
        assert len((await again(at, "--state-dir", "runs"))[2]) == 1
        assert (await at.run("observe", at.file, "-o", "facts.json"))[0] == 0
        assert (await again(at, "--state-dir", "runs", "--facts", "facts.json"))[2] == []


async def test_records_that_cannot_be_read_stop_no_plan(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        (tmp_path / "runs").mkdir(mode=0o777)
        (tmp_path / "runs").chmod(0o777)
        code, _out, err = await at.run("plan", at.file, "--state-dir", "runs")
        assert (code, "note: what earlier runs failed at is not known: runs," in err) == (
            0,
            True,
        )
