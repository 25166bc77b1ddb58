"""The real command line against simulated hosts behind real SSH: codes, streams, records."""

import json
import signal

import pytest

from reconciler.execution.journal import broken_line
from tests.cli_harness import LUN, Desk, desk


async def test_a_cluster_is_planned_approved_applied_and_then_left_alone(tmp_path):
    async with desk(tmp_path) as at:
        code, out, _err = await at.run("plan", at.file, "--format", "html")
        assert (code, out[:15], out.count("<svg")) == (0, "<!DOCTYPE html>", 2)
        code, out, _err = await at.run("plan", "--detailed-exitcode", "--format", "markdown")
        assert (code, out.splitlines()[0]) == (2, "<!-- reconcile-plan -->")
        code, out, err = await at.run("apply", "--auto-approve")
        assert code == 3
        assert "to approve exactly this: reconcile apply cluster.yaml --approve" in err
        _code, _out, err = await at.run("apply", "--target", "volume/images")
        assert " --target volume/images\n" in err
        code, out, err = await at.run("apply", *await at.approved(), "--format", "json")
        lines = [json.loads(line) for line in out.splitlines()]
        assert (code, lines[0]["event"], lines[-1]["event"]) == (
            0,
            "run-started",
            "run-finished",
        )
        assert lines[-1]["clusters"] == {"ocfs2": "converged"}
        assert all({"time", "run", "cluster"} <= line.keys() for line in lines)
        assert {"user", "controller", "file", "file_digest"} <= lines[0].keys()
        (approved,) = [line["message"] for line in lines if line["event"] == "approved"]
        assert f"approved by --approve {lines[1]['plan']} --accept-data {LUN}" in approved
        ended = [line for line in lines if line["event"] == "action-finished"]
        assert all({"status", "command_seconds", "stdout"} <= line.keys() for line in ended)
        commands = [line["command"] for line in lines if line["event"] == "action-started"]
        assert f"mount -t ocfs2 -o defaults {LUN} /srv/images" in commands
        assert (await at.run("plan", "--detailed-exitcode"))[0] == 0
        assert (await at.run("apply"))[0] == 0
        records = sorted((tmp_path / ".local/state/reconcile/runs").glob("*.jsonl"))
        assert len(records) == 4
        assert all(broken_line(path.read_text()) is None for path in records)
        assert at.world.violations() == ()


async def test_a_plan_id_of_another_plan_is_refused_with_the_new_id(tmp_path):
    async with desk(tmp_path) as at:
        approved = await at.approved()
        code, _out, err = await at.run(
            "apply", at.file, "--approve", "000000000000", *approved[2:]
        )
        assert code == 3
        assert f"its id is {approved[1]}" in err


async def test_observe_says_what_some_hosts_have_and_who_did_not_answer(tmp_path):
    async with desk(tmp_path) as at:
        at.world.machines["node02"].refusal = "host-unreachable"
        code, out, err = await at.run("observe", at.file)
        hosts = json.loads(out)["hosts"]
        assert (code, hosts["node01"]["identity"]["hostname"]) == (4, "node01")
        assert hosts["node02"]["unreachable"]["code"] == "host-unreachable"
        assert "node02: host-unreachable" in err
        at.world.machines["node01"].refusal = "host-unreachable"
        assert (await at.run("observe", at.file))[0] == 1


async def test_a_section_that_cannot_be_read_is_unknown_and_blocks(tmp_path):
    async with desk(tmp_path) as at:
        at.world.machines["node01"].broken["cluster_conf"] = "Input/output error"
        _code, out, _err = await at.run("observe", at.file)
        section = json.loads(out)["hosts"]["node01"]["cluster_conf"]
        assert section == {"unknown": "Input/output error"}
        code, out, _err = await at.run("plan", at.file, "--format", "sarif")
        (result,) = json.loads(out)["runs"][0]["results"]
        place = result["locations"][0]["physicalLocation"]
        line = at.line(place["region"]["startLine"])
        assert (code, result["ruleId"], line) == (3, "section-unread", "  - name: node01")
        assert place["artifactLocation"]["uri"] == at.file


async def test_two_runs_at_once_one_is_locked_out(tmp_path):
    async with desk(tmp_path) as at:
        words = ["apply", at.file, *await at.approved(), "--lock-timeout", "0s"]
        first = await at.start(*words, "--format", "json")
        while line := await first.stdout.readline():
            if json.loads(line)["event"] == "action-started":
                break
        first.send_signal(signal.SIGSTOP)
        code, _out, err = await at.run(*words)
        assert code == 5, err
        first.send_signal(signal.SIGCONT)
        await first.communicate()
        assert first.returncode == 0
        assert at.world.violations() == ()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
async def test_ctrl_c_or_a_lost_terminal_starts_nothing_more_and_exits_with_130(
    tmp_path, number
):
    async with desk(tmp_path) as at:
        process = await at.start("apply", at.file, *await at.approved(), "--format", "json")
        while line := await process.stdout.readline():
            if json.loads(line)["event"] == "action-finished":
                process.send_signal(number)
                break
        out, _err = await process.communicate()
        last = json.loads(out.splitlines()[-1])
        assert (process.returncode, last["result"]) == (130, "interrupted")
        assert last["counts"]["not-started"] > 0
        assert (await at.run("apply", at.file, *await at.approved()))[0] == 0
        assert at.world.violations() == ()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["plan", "missing.yaml"], 64),
        (["plan"], 64),
        (["nonsense"], 64),
        (["plan", "--nonsense"], 64),
        (["apply", "--lock-timeout", "soon"], 64),
        (["explain", "no-such-code"], 64),
        (["explain", "device-not-blank"], 0),
        (["schema"], 0),
        (["completion", "bash"], 0),
        (["sudoers", "--user", "ops"], 0),
        (["--version"], 0),
    ],
)
async def test_usage_errors_are_64_and_never_read_as_drift(tmp_path, words, code):
    assert (await Desk(None, tmp_path, {}).run(*words))[0] == code


async def test_an_invalid_file_is_1_with_the_place_on_stdout_for_validate_only(tmp_path):
    at = Desk(None, tmp_path, {"version": 1, "clusters": [], "colour": "red"})
    where = f"{at.file}:3:1: error[unknown-key]"
    code, out, err = await at.run("validate", at.file)
    assert (code, where in out, err) == (1, True, "")
    code, out, err = await at.run("plan", at.file)
    assert (code, out, where in err) == (1, "", True)
    code, out, err = await at.run("validate", at.file, "--format", "json")
    assert json.loads(out)["problems"][0].keys() == {
        "code",
        "file",
        "line",
        "column",
        "message",
        "hint",
    }


async def test_an_unknown_target_is_an_error_not_no_changes(tmp_path):
    async with desk(tmp_path) as at:
        code, _out, err = await at.run("plan", at.file, "--target", "member/node2")
        assert code == 64
        assert "did you mean member/node02?" in err
