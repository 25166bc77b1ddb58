"""`history` and `show`: what was done is told again, and a record that was touched is not believed."""

import json
import os
import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.cli import run
from reconciler.execution.journal import Journal
from tests.unit.gate.calls import needs_root

BEGAN = datetime(2026, 11, 22, 12, tzinfo=UTC)
WHO = {"user": "ops", "controller": "desk", "file": "cluster.yaml", "file_digest": "ab" * 32}
MOUNT = {
    "cluster": "ocfs2",
    "action": "ocfs2/node01/mount/images",
    "host": "node01",
    "kind": "mount",
    "summary": "mount images on /srv/images",
}


def recorded(tmp_path, name="20261122T120000Z-aaaaaa", end="converged"):
    ticks = iter(BEGAN + timedelta(seconds=n) for n in range(20))
    with Journal(tmp_path / "runs", name, lambda: next(ticks)) as journal:
        journal.emit("run-started", {"cluster": None, **WHO})
        observed = {
            "cluster": "ocfs2",
            "hosts": 3,
            "unreachable": 1,
            "actions": 4,
            "plan": "9c1f00aa11bb",
        }
        journal.emit("observed", observed)
        command = "mount -t ocfs2 /dev/sdb1 /srv/images"
        journal.emit("action-started", {**MOUNT, "because": "it is not", "command": command})
        if end:
            said = "\n".join(f"line {n}" for n in range(20))
            output = {"status": 0, "command_seconds": 8.4, "stdout": said, "stderr": ""}
            proved = {"proved": ["node01: mounted /srv/images = mounted"]}
            journal.emit("action-finished", {**MOUNT, "seconds": 9.3, **output, **proved})
            counts = {"done": 1, "failed": 0, "not-started": 0}
            ended = {"exit_code": 0, "result": end, "clusters": {"ocfs2": end}}
            journal.emit("run-finished", {"cluster": None, **ended, "counts": counts})
    return journal.path


@pytest.fixture(autouse=True)
def a_zone_of_its_own(monkeypatch):
    """An hour before UTC, where no summer is."""
    monkeypatch.setenv("TZ", "XYZ-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def told(capsys, tmp_path, *words):
    code = run([*words, "--state-dir", str(tmp_path)])
    out, err = capsys.readouterr()
    return code, out, err


def test_history_tells_who_did_what_and_how_it_ended_the_latest_first(tmp_path, capsys):
    recorded(tmp_path)
    recorded(tmp_path, "20261123T120000Z-bbbbbb", end=None)
    code, out, _err = told(capsys, tmp_path, "history")
    assert code == 0
    assert [re.split(" {2,}", line) for line in out.splitlines()] == [
        ["RUN", "BEGAN", "TOOK", "RESULT", "DONE", "PLAN", "WHO", "FILE"],
        [
            "20261123T120000Z-bbbbbb",
            *("2026-11-22 13:00", "2 s+", "cut off", "0/4, 1 unknown"),
            *("9c1f00aa11bb", "ops@desk", WHO["file"]),
        ],
        [
            "20261122T120000Z-aaaaaa",
            *("2026-11-22 13:00", "4 s", "converged", "1/1"),
            *("9c1f00aa11bb", "ops@desk", WHO["file"]),
        ],
    ]
    _code, out, _err = told(capsys, tmp_path, "history", "--format", "json", "-n", "1")
    (latest,) = json.loads(out)["runs"]
    assert (latest["run"], latest["result"]) == ("20261123T120000Z-bbbbbb", "cut off")
    assert latest["counts"] == {"done": 0, "failed": 0, "not-started": 3, "unknown": 1}
    assert latest["seconds"] == 2


def test_history_without_a_run_says_where_it_looked(tmp_path, capsys):
    code, out, _err = told(capsys, tmp_path, "history")
    assert (code, out) == (0, f"no runs are recorded in {tmp_path}/runs\n")


def test_show_of_a_run_that_is_not_there_says_where_it_may_be(tmp_path, capsys):
    code, _out, err = told(capsys, tmp_path, "show", "20261122")
    assert (code, "those of a worker are on its machine: --state-dir" in err) == (64, True)
    recorded(tmp_path)
    code, _out, err = told(capsys, tmp_path, "show", "1999")
    assert (code, "those of a worker are on its machine: --state-dir" in err) == (64, True)


def test_show_tells_each_command_with_its_output_duration_and_proof(tmp_path, capsys):
    recorded(tmp_path)
    code, out, _err = told(capsys, tmp_path, "show", "20261122")
    assert code == 0
    assert "ops on desk" in out
    assert "when     2026-11-22 13:00 to 2026-11-22 13:00 UTC+01:00 (4 s)\n" in out
    assert "13:00:03 done     9.3 s  node01: mount images on /srv/images\n" in out
    assert "$ mount -t ocfs2 /dev/sdb1 /srv/images   (status 0, 8.4 s)\n" in out
    assert "line 11\n    and 8 more lines (-v shows them)\n" in out
    _code, out, _err = told(capsys, tmp_path, "show", "last", "-v")
    assert "line 19\n    proved node01: mounted /srv/images = mounted\n" in out


def test_a_run_of_a_fleet_tells_the_commit_of_its_file(tmp_path, capsys, monkeypatch):
    commit = "8f14e45fceea167a5a36dedd4bea2543deadbeef"
    monkeypatch.setitem(WHO, "commit", commit)
    monkeypatch.setitem(WHO, "ref", "main")
    recorded(tmp_path)
    _code, out, _err = told(capsys, tmp_path, "show", "20261122")
    assert "  commit   8f14e45fceea (main)\n" in out
    _code, out, _err = told(capsys, tmp_path, "history", "--format", "json")
    (latest,) = json.loads(out)["runs"]
    assert (latest["commit"], latest["ref"]) == (commit, "main")


def test_show_tells_what_had_started_when_a_run_was_cut_off(tmp_path, capsys):
    recorded(tmp_path, end=None)
    _code, out, _err = told(capsys, tmp_path, "show")
    assert "started, no end on record  node01: mount images on /srv/images" in out
    assert "the run was cut off" in out


@pytest.mark.parametrize(
    ("word", "why"),
    [("2026", "is the beginning of 2 runs"), ("2025", "no run '2025'")],
)
def test_a_run_that_is_not_one_is_a_usage_error(tmp_path, capsys, word, why):
    recorded(tmp_path)
    recorded(tmp_path, "20261123T120000Z-bbbbbb")
    code, _out, err = told(capsys, tmp_path, "show", word)
    assert (code, why in err) == (64, True)


def test_verify_says_what_is_whole_and_what_it_cannot_know(tmp_path, capsys):
    path = recorded(tmp_path)
    code, out, _err = told(capsys, tmp_path, "show", "--verify")
    head = json.loads(path.read_text().splitlines()[-1])["hash"]
    assert code == 0
    assert "whole: each of 5 lines follows" in out
    assert f"head: {head}\n" in out
    assert "rewrites the file whole" in out
    code, out, _err = told(capsys, tmp_path, "show", "--verify", "--head", head)
    assert (code, "rewrites" in out) == (0, False)


def test_verify_names_the_first_line_that_was_touched(tmp_path, capsys):
    path = recorded(tmp_path)
    path.write_text(path.read_text().replace('"status": 0', '"status": 1'))
    code, out, _err = told(capsys, tmp_path, "show", "--verify")
    assert (code, f"BROKEN: line 4 of {path}" in out) == (1, True)
    code, out, _err = told(capsys, tmp_path, "show", "--verify", "--format", "json")
    chain = json.loads(out)["chain"]
    assert (code, chain["broken_line"], chain["whole"]) == (1, 4, False)
    assert "line 4 is damaged" in told(capsys, tmp_path, "history")[1]


def test_a_record_rewritten_whole_is_shown_by_a_head_noted_elsewhere_only(tmp_path, capsys):
    head = json.loads(recorded(tmp_path).read_text().splitlines()[-1])["hash"]
    recorded(tmp_path / "other", end="partial").replace(next((tmp_path / "runs").iterdir()))
    assert told(capsys, tmp_path, "show", "--verify")[0] == 0
    code, out, _err = told(capsys, tmp_path, "show", "--verify", "--head", head)
    assert (code, "ANOTHER RECORD" in out) == (1, True)


def test_a_crash_within_a_line_is_told_and_is_no_forgery(tmp_path, capsys):
    path = recorded(tmp_path)
    path.write_bytes(path.read_bytes()[:-30])
    code, out, _err = told(capsys, tmp_path, "show", "--verify")
    assert (code, "the run was cut off" in out) == (0, True)


def test_two_records_that_were_swapped_are_not_whole(tmp_path, capsys):
    one, other = recorded(tmp_path), recorded(tmp_path, "20261123T120000Z-bbbbbb")
    aside = one.rename(one.with_suffix(".aside"))
    other.rename(one)
    aside.rename(other)
    code, out, _err = told(capsys, tmp_path, "show", "last", "--verify")
    assert (code, f"BROKEN: line 1 of {other} is damaged, of another run" in out) == (1, True)


def test_verify_does_not_hide_that_the_end_is_missing(tmp_path, capsys):
    path = recorded(tmp_path)
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    code, out, _err = told(capsys, tmp_path, "show", "--verify")
    assert (code, "no line tells how the run ended" in out) == (0, True)


@pytest.mark.parametrize("key", ["event", "cluster", "action", "seconds", "counts", "clusters"])
@pytest.mark.parametrize("value", ["[]", '{"a": [1]}', '"x"', "7"])
def test_a_line_of_another_shape_is_damage_and_no_end_of_history(tmp_path, capsys, key, value):
    path = recorded(tmp_path)
    path.write_text(path.read_text().replace(f'"{key}": ', f'"{key}": {value}, "was": '))
    for words in (("history",), ("show", "-v"), ("show", "--format", "json")):
        code, out, _err = told(capsys, tmp_path, *words)
        assert (code, "damaged" in out or "broken_line" in out) == (0, True)


def test_a_record_that_cannot_be_read_hides_no_other(tmp_path, capsys):
    recorded(tmp_path)
    (tmp_path / "runs/20261124T120000Z-cccccc.jsonl").mkdir()
    code, out, _err = told(capsys, tmp_path, "history")
    assert (code, [re.split(" {2,}", line)[3] for line in out.splitlines()]) == (
        0,
        ["RESULT", "unreadable", "converged"],
    )


@needs_root
def test_a_record_that_somebody_else_may_have_written_is_not_believed(tmp_path, capsys):
    ours = recorded(tmp_path)
    theirs = recorded(tmp_path, "20261123T120000Z-bbbbbb")
    link = theirs.with_name("20261124T120000Z-cccccc.jsonl")
    link.symlink_to(ours)
    os.chown(theirs, 12345, -1)
    code, out, _err = told(capsys, tmp_path, "history", "--format", "json")
    results = {one["run"][-6:]: one["result"] for one in json.loads(out)["runs"]}
    assert (code, results) == (
        0,
        {"aaaaaa": "converged", "bbbbbb": "unreadable", "cccccc": "unreadable"},
    )
    code, out, err = told(capsys, tmp_path, "show", "20261123")
    assert (code, out) == (1, "")
    assert "not believed: it belongs to uid 12345, who may have written anything" in err
    os.chown(theirs, 0, -1)
    theirs.chmod(0o620)
    _code, _out, err = told(capsys, tmp_path, "show", "20261123")
    assert "not believed: others than its owner may have written it" in err
