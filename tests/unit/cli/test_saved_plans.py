"""A saved plan is applied exactly, or refused as stale with what changed."""

import json

import pytest

from reconciler.cli import run
from reconciler.cli.commands.apply import as_saved
from reconciler.execution import run_word
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.reply import Reply
from reconciler.loading.saved import saved_plan
from reconciler.model.desired import Desired
from reconciler.model.documents import checksum
from reconciler.model.outcome import Blocked, ClusterOutcome
from reconciler.planning.planner import make_plan
from reconciler.reports.documents import plan_document
from tests.builders import bare, spec, volume
from tests.cli_harness import LUN, desk

FSTAB = "/etc/fstab"
LINE = "/dev/x /y ext4 defaults 0 0"


async def saved(at, *words):
    """Save the plan that is due; its document."""
    code, _out, err = await at.run("plan", at.file, "-o", "p.plan.json", *words)
    assert code == 0, err
    return json.loads((at.home / "p.plan.json").read_text())


def approval(plan):
    return ["--approve", plan["id"], "--accept-data", LUN]


async def test_it_is_applied_whatever_the_file_says_by_then(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        plan = await saved(at)
        (at.home / "cluster.yaml").write_text("version: 9\n")
        code, out, err = await at.run("apply", "p.plan.json", *approval(plan))
        assert (code, "cluster ocfs2: converged" in out) == (0, True), err
        code, _out, err = await at.run("apply", "p.plan.json", *approval(plan))
        assert (code, "note: nothing is due any more" in err) == (6, True)
        assert "plan again" not in err
        assert at.world.violations() == ()


async def test_a_stale_one_names_what_changed_and_does_nothing(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        plan = await saved(at)
        machine = at.world.machines["node01"]
        machine.files.write(FSTAB, File(f"{machine.files.text(FSTAB)}{LINE}\n"))
        code, out, err = await at.run("apply", "p.plan.json", *approval(plan))
        assert (code, "nothing is due" in err) == (6, False)
        lines = out.splitlines()
        at_line = lines.index("    node01  /etc/fstab:")
        assert lines[at_line + 1].strip() == f"+ {LINE}"
        assert "stale (exit 6)" in err
        words = ("apply", "p.plan.json", *approval(plan), "--format", "json")
        _code, out, _err = await at.run(*words)
        events = [json.loads(text) for text in out.splitlines()]
        told = next(e for e in events if e["event"] == "stale" and e["subject"] == "node01")
        assert (told["section"], told["field"], told["after"]) == ("fstab", "text", LINE)
        end = {key: events[-1][key] for key in ("event", "exit_code", "result", "clusters")}
        assert end == {
            "event": "run-finished",
            "exit_code": 6,
            "result": "stale",
            "clusters": {"ocfs2": "stale"},
        }
        assert not machine.running.mounts


async def test_one_that_somebody_forged_runs_no_program_of_its_own(tmp_path):
    """Its checksum is right, and still nobody has approved its list command on the hosts."""
    async with desk(tmp_path, hosts=1) as at:
        plan, run = await saved(at), []

        def evil(_machine, argv):
            run.append(argv)
            return Reply(0, "")

        at.world.machines["node01"].programs = {"evil": evil}
        kind = {"kind": "command", "list": ["evil"], "stop": ["evil"], "start": ["evil"]}
        plan["desired"]["clusters"][0]["volumes"][0]["workloads"] = {"guests": kind}
        plan["checksum"] = checksum(plan)
        (at.home / "p.plan.json").write_text(json.dumps(plan))
        code, out, err = await at.run("apply", "p.plan.json", *approval(plan))
        assert (code, "stale (exit 6)" in err, run) == (6, True, []), out
        code, _out, err = await at.run("apply", "p.plan.json", "--auto-approve")
        assert (code, run) == (6, []), err


@pytest.mark.parametrize("words", [["plan"], ["observe"], ["import", "node01"]])
async def test_what_is_written_is_for_its_owner_alone_and_goes_through_no_link(tmp_path, words):
    async with desk(tmp_path, hosts=1) as at:
        code, _out, err = await at.run("apply", at.file, *await at.approved())
        assert code == 0, err
        (at.home / "link").symlink_to("elsewhere")
        (at.home / "older").write_text("")
        (at.home / "older").chmod(0o666)
        if words[0] == "import":
            login = at.document["ssh"]
            door = at.document["clusters"][0]["members"][0]["ssh"]
            told = f"Host node01\n HostName {door['host']}\n Port {door['port']}\n"
            (at.home / "ssh_config").write_text(told)
            at.environment["RECONCILE_SSH_CONFIG"] = str(at.home / "ssh_config")
            words = [*words, "--user", "root", "--identity", login["identity"]]
            words += ["--known-hosts", login["known_hosts"]]
        else:
            words = [*words, at.file]
        for name in ("new", *(["older"] if words[0] != "import" else [])):
            _code, _out, err = await at.run(*words, "-o", name)
            assert ((at.home / name).stat().st_mode & 0o777, err.count(name) > 0) == (
                0o600,
                True,
            )
            assert (at.home / name).read_text()
        code, _out, err = await at.run(*words, "-o", "link")
        assert (code, (at.home / "elsewhere").exists()) == (64, False), err


async def test_its_targets_are_its_own(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        target = ("--target", "volume/images")
        plan = await saved(at, *target)
        code, _out, err = await at.run("apply", "p.plan.json", *target)
        assert (code, "is a saved plan and has its targets" in err) == (64, True)
        code, _out, err = await at.run("apply", "p.plan.json")
        approve = f"reconcile apply p.plan.json --approve {plan['id']} --accept-data {LUN}\n"
        assert (code, approve in err) == (3, True)


def test_what_changes_between_the_last_look_and_the_lease_is_stale_too():
    changed = Blocked("plan-changed", "cluster/a", "", "")
    other = ClusterOutcome("b", "refused", blocked=(Blocked("volume-busy", "", "", ""),))
    outcomes = as_saved((ClusterOutcome("a", "refused", blocked=(changed,)), other))
    assert [one.result for one in outcomes] == ["stale", "refused"]
    assert run_word.exit_code(run_word.result(outcomes, False)) == 6


def edited(plan):
    plan["clusters"][0]["actions"][0]["command"] = "touch /tmp/pwned"


def of_a_later_version(plan):
    plan["format_version"] = "2"


def without_actions(plan):
    del plan["clusters"][0]["actions"]


def of_something_else(plan):
    plan.clear()
    plan.update({"format_version": "1", "drifted": False, "items": []})


BROKEN = {
    edited: "this plan was edited after it was saved",
    of_a_later_version: "format_version '2'; this version reads '1'",
    without_actions: "not a saved plan: clusters.0.actions is missing",
    of_something_else: "not a saved plan: id is missing",
}


def document():
    cluster = spec(volumes=[volume()])
    plan = make_plan([(cluster, bare(cluster))])
    return plan_document(plan, Desired(version=1, clusters=(cluster,)), [], "0" * 64)


def applied(tmp_path, text, capsys):
    """The exit code, what was told of it, and that nothing else was."""
    path = tmp_path / "f.json"
    path.write_text(text)
    code = run(["apply", str(path), "--state-dir", str(tmp_path / "state")])
    told = capsys.readouterr()
    assert (told.out, (tmp_path / "state").exists()) == ("", False)
    return code, told.err


@pytest.mark.parametrize("change", BROKEN)
def test_one_that_is_broken_edited_or_foreign_is_an_error(tmp_path, capsys, change):
    plan = document()
    change(plan)
    code, err = applied(tmp_path, json.dumps(plan), capsys)
    assert (code, BROKEN[change] in err) == (1, True), err
    assert "reconcile plan FILE -o P.plan.json" in err


def test_one_that_is_cut_off_is_an_error_with_its_place(tmp_path, capsys):
    code, err = applied(tmp_path, json.dumps(document(), indent=1)[:5000], capsys)
    assert (code, "f.json:" in err, "cut off" in err) == (1, True, True)


def test_one_that_tells_a_reader_something_else_than_a_program_is_an_error(tmp_path, capsys):
    text = json.dumps(document()).replace('"risk": "data"', '"risk": "safe", "risk": "data"', 1)
    code, err = applied(tmp_path, text, capsys)
    assert (code, "edited: the key 'risk' stands twice" in err) == (1, True), err


def test_its_spacing_does_not_count(tmp_path):
    path = tmp_path / "p.json"
    path.write_text(json.dumps(document(), indent=7, sort_keys=True))
    found = saved_plan(str(path))
    assert (found.id, found.desired.clusters[0].name) == (document()["id"], "ocfs2")


def test_where_a_desired_state_is_meant_it_is_told_apart(tmp_path, capsys):
    path = tmp_path / "p.json"
    path.write_text(json.dumps(document(), indent=1))
    assert run(["plan", str(path)]) == 1
    told = capsys.readouterr().err
    assert ("not-desired-state" in told, told.count("error[")) == (True, 1)


@pytest.mark.parametrize("text", ['{"version": 1, "clusters": []}', "{}"])
def test_a_desired_state_in_json_is_no_saved_plan(tmp_path, capsys, text):
    code, err = applied(tmp_path, text, capsys)
    assert (code, "f.json:1:" in err) == (1, True)
