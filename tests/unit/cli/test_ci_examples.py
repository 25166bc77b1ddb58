"""The pipelines of examples/ci: their script against simulated hosts, the forges' own tools faked.

gh and curl here only write down how they were called, and answer as the forge would.
"""

import asyncio
import hashlib
import json
import shutil
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from reconciler.cli import run
from reconciler.hosts.simulator.probe.fixed_probe import PROGRAM, install
from reconciler.model.documents import checksum
from tests.cli_harness import LUN, RECONCILE, desk

CI = Path("examples/ci").absolute()
SCRIPT = CI / "review.sh"
MARKER = "<!-- reconcile-plan -->"
RECONCILING = f'#!/bin/sh\nexec {sys.executable} -c "{RECONCILE}" "$@"\n'
GH = """\
#!/bin/sh
echo "$*" >>calls
case "$*" in
*--paginate*) cat old ;;
*/pulls\\ *) echo abc123 ;;
run\\ list*) echo 7 ;;
run\\ download*) cp saved/p.plan.json reconcile-out/p.plan.json ;;
*body=@*) cp reconcile-out/plan.md body ;;
esac
"""
CURL = """\
#!/bin/sh
cat >config
echo "$*" >>calls
for url; do :; done
case "$*" in
*notes\\?*) cat notes ;;
*/merge_requests) echo '[{"iid": 5, "state": "merged"}]' ;;
*/pipelines) echo '[{"id": 9, "status": "failed"}, {"id": 8, "status": "success"}]' ;;
*/jobs\\?*) echo '[{"id": 1, "name": "lint"}, {"id": 2, "name": "review"}]' ;;
*/artifacts/*) echo '{"id": "the plan"}' ;;
esac
"""
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "ops/storage",
    "GITHUB_SHA": "def456",
    "GITHUB_WORKFLOW": "reconcile",
    "PULL_REQUEST": "12",
}
GITLAB = {
    "GITLAB_CI": "true",
    "GITLAB_TOKEN": "s3cret",
    "CI_API_V4_URL": "https://gitlab.example/api/v4",
    "CI_PROJECT_ID": "3",
    "CI_MERGE_REQUEST_IID": "5",
    "CI_COMMIT_SHA": "def456",
}


async def ran(home, verb, forge, **more):
    """The script's exit status and what it said."""
    tools = home / "tools"
    tools.mkdir(exist_ok=True)
    for name, text in {"reconcile": RECONCILING, "gh": GH, "curl": CURL, **more}.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    process = await asyncio.create_subprocess_exec(
        "sh",
        str(SCRIPT),
        verb,
        cwd=home,
        env={"PATH": f"{tools}:/usr/bin:/bin", "HOME": str(home), "NO_COLOR": "1", **forge},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _err = await process.communicate()
    return process.returncode, out.decode()


def called(home):
    """How the forge's tool was called since last asked."""
    path = home / "calls"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


async def test_a_request_is_reviewed_in_one_comment_and_what_was_reviewed_is_applied(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        at.document["clusters"][0]["volumes"] = []
        key = at.document["ssh"].pop("identity")
        text = Path(key).read_text()  # noqa: ASYNC240  # a small local file
        assert at.file
        (tmp_path / "old").write_text("")
        code, out = await ran(tmp_path, "review", {**GITHUB, "RECONCILE_SSH_KEY": key})
        assert code == 0, out
        listed, posted = called(tmp_path)
        assert f'startswith("{MARKER}")' in listed
        assert posted.startswith("api --method POST repos/ops/storage/issues/12/comments -F")
        plan = json.loads((tmp_path / "reconcile-out/p.plan.json").read_text())
        comment = (tmp_path / "body").read_text()
        assert (comment.startswith(MARKER), plan["id"] in comment) == (True, True)
        assert json.loads((tmp_path / "reconcile-out/reconcile.sarif").read_text())["runs"]
        assert plan["id"] in (tmp_path / "reconcile-out/plan.html").read_text()

        shutil.move(tmp_path / "reconcile-out", tmp_path / "saved")
        assert await ran(tmp_path, "fetch", GITHUB) == (0, "")
        assert "--event pull_request --status success --commit abc123" in called(tmp_path)[1]
        github = {**GITHUB, "RECONCILE_SSH_KEY": text}
        code, out = await ran(tmp_path, "apply", github)
        assert (code, "cluster ocfs2: converged" in out) == (0, True), out
        code, out = await ran(tmp_path, "apply", github)
        assert (code, "Stale: the saved plan is" in out) == (6, True), out

        assert (await ran(tmp_path, "drift", github))[0] == 0
        at.world.machines["node01"].running.live.reconnect_delay_ms = 3000
        code, out = await ran(tmp_path, "drift", github)
        assert (code, "| `timeouts` | kernel | changed-outside |" in out) == (2, True), out
        assert out == (tmp_path / "reconcile-out/drift.md").read_text()


async def test_a_request_needs_no_key_but_the_one_that_looks(tmp_path, capsys):
    """Of those hosts all users have one key: who logged in shows which way was taken."""
    async with desk(tmp_path, hosts=1) as at:
        at.document["clusters"][0]["volumes"] = []
        key = at.document["ssh"].pop("identity")
        at.document["ssh"]["probe"] = {}
        assert run(["sudoers", "--read-only", "--program", at.file]) == 0
        install(at.world.machines["node01"], capsys.readouterr().out, "reconcile-probe")
        (tmp_path / "old").write_text("")
        look = {**GITHUB, "RECONCILE_LOOK_KEY": key}
        code, out = await ran(tmp_path, "review", look)
        assert (code, set(at.world.machines["node01"].ran)) == (0, {PROGRAM}), out
        code, out = await ran(tmp_path, "apply", {**look, "RECONCILE_SSH_KEY": key})
        assert (code, "cluster ocfs2: converged" in out) == (0, True), out
        assert (await ran(tmp_path, "drift", look))[0] == 0


async def test_a_plan_that_the_merged_file_does_not_have_is_never_applied(tmp_path):
    """The request's own pipeline may have left another plan, also one that is current."""
    async with desk(tmp_path) as at:
        (tmp_path / "old").write_text("")
        path = tmp_path / "reconcile-out/p.plan.json"
        merged = (tmp_path / at.file).read_text()
        (tmp_path / at.file).write_text(merged.replace("/srv/images", "/srv/other"))
        code, out = await ran(tmp_path, "review", GITHUB)
        assert code == 0, out
        (tmp_path / at.file).write_text(merged)
        forged = json.loads(path.read_text())
        digest = hashlib.sha256(merged.encode()).hexdigest()
        forged["file_digest"] = digest
        path.write_text(json.dumps(forged | {"checksum": checksum(forged)}))
        code, out = await ran(tmp_path, "apply", GITHUB | {"RECONCILE_ACCEPT_DATA": LUN})
        assert (code, "not approved" in out) == (3, True), out
        assert "converged" not in out
        assert all(m.running.mounts == [] for m in at.world.machines.values()), out


async def test_a_blocked_plan_fails_the_gate_after_the_comment_was_updated(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        at.world.machines["node01"].refusal = "host-unreachable"
        assert at.file
        (tmp_path / "old").write_text("41\n")
        code, out = await ran(tmp_path, "review", GITHUB)
        assert (code, "the plan is blocked" in out) == (3, True), out
        assert called(tmp_path)[1].startswith(
            "api --method PATCH repos/ops/storage/issues/comments/41 -F body=@"
        )
        assert "host-unreachable" in (tmp_path / "body").read_text()
        out = tmp_path / "reconcile-out"
        assert "host-unreachable" in (out / "plan.html").read_text()
        (run,) = json.loads((out / "reconcile.sarif").read_text())["runs"]
        ((found, place),) = (
            (result["ruleId"], result["locations"][0]["physicalLocation"]["region"])
            for result in run["results"]
        )
        assert (found, at.line(place["startLine"]).strip()) == (
            "host-unreachable",
            "host: 127.0.0.1",
        )
        failed = ET.fromstring((out / "plan.xml").read_bytes()).findall(".//failure")  # noqa: S314  # our own
        assert [item.get("type") for item in failed] == ["host-unreachable"]


async def test_an_invalid_file_is_not_planned(tmp_path):
    (tmp_path / "cluster.yaml").write_text("version: 1\nclusters: []\n")
    code, out = await ran(tmp_path, "review", GITHUB)
    assert (code, "cluster.yaml:2:" in out, called(tmp_path)) == (1, True, [])
    sarif = json.loads((tmp_path / "reconcile-out/reconcile.sarif").read_text())
    assert sarif["runs"][0]["results"]


async def test_a_plan_for_another_file_than_the_merged_one_is_not_applied(tmp_path):
    (tmp_path / "cluster.yaml").write_text("version: 1\n")
    (tmp_path / "reconcile-out").mkdir()
    plan = {"id": "0" * 12, "file_digest": hashlib.sha256(b"version: 2\n").hexdigest()}
    (tmp_path / "reconcile-out/p.plan.json").write_text(json.dumps(plan))
    code, out = await ran(tmp_path, "apply", GITHUB)
    assert (code, "is not what this plan was made for" in out) == (6, True)


TOLD = f"""\
#!/bin/sh
[ "$1" = validate ] || echo "{MARKER} a plan"
[ "$1" != plan ] || echo {{}} >reconcile-out/p.plan.json
"""
NOTES = {
    "none": ([], "--request POST", "/notes"),
    "ours": (
        [{"id": 6, "body": "nice"}, {"id": 77, "body": f"{MARKER}\nold"}],
        "--request PUT",
        "/notes/77",
    ),
}


@pytest.mark.parametrize(("notes", "verb", "place"), NOTES.values(), ids=NOTES)
async def test_gitlab_has_one_comment_too_and_no_process_list_shows_the_token(
    tmp_path, notes, verb, place
):
    (tmp_path / "cluster.yaml").write_text("version: 1\n")
    (tmp_path / "notes").write_text(json.dumps(notes))
    code, out = await ran(tmp_path, "review", GITLAB, reconcile=TOLD)
    assert code == 0, out
    calls = called(tmp_path)
    assert verb in calls[-1]
    assert calls[-1].endswith(f"projects/3/merge_requests/5{place}")
    assert "s3cret" not in "".join(calls)
    assert (tmp_path / "config").read_text() == 'header = "PRIVATE-TOKEN: s3cret"\n'


async def test_gitlab_gives_the_plan_of_the_request_that_was_merged(tmp_path):
    code, out = await ran(tmp_path, "fetch", GITLAB)
    assert code == 0, out
    assert called(tmp_path)[-1].endswith(
        "projects/3/jobs/2/artifacts/reconcile-out/p.plan.json"
    )
    assert json.loads((tmp_path / "reconcile-out/p.plan.json").read_text()) == {
        "id": "the plan"
    }


async def test_a_commit_without_a_request_has_no_plan_to_apply(tmp_path):
    nobody = CURL.replace('[{"iid": 5, "state": "merged"}]', "[]")
    code, out = await ran(tmp_path, "fetch", GITLAB, curl=nobody)
    assert (code, "no reviewed plan belongs to this commit" in out) == (1, True)


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_each_pipeline_loads_and_runs_every_part_of_the_script(name):
    text = (CI / name).read_text()
    assert isinstance(yaml.safe_load(text), dict)
    for part in ("review", "fetch", "apply", "drift"):
        assert f"sh review.sh {part}" in text
