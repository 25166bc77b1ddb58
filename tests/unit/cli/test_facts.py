"""Facts are recorded where the hosts are, and planned from anywhere."""

import json
from pathlib import Path

import pytest

from reconciler.cli import run
from reconciler.hosts.simulator.presets import bare_cluster
from tests.cli_harness import Desk, desk


async def test_the_plan_from_the_facts_is_the_same_bytes_and_connects_nowhere(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        code, out, err = await at.run("observe", at.file, "-o", "facts.json")
        assert (code, out) == (0, "")
        assert "saved: facts.json" in err
        assert (tmp_path / "facts.json").stat().st_mode & 0o777 == 0o600
        _code, live, _err = await at.run("plan", at.file, "--format", "json")
    code, out, err = await at.run("plan", at.file, "--facts", "facts.json", "--format", "json")
    assert (code, out) == (0, live)
    assert "note: the facts are " in err
    two = bare_cluster(2)
    at.document["clusters"][0]["members"].append(
        {"name": "node02", "interconnect": two.machines["node02"].setup.addresses[1][1]}
    )
    code, out, _err = await at.run("plan", at.file, "--facts", "facts.json")
    assert (code, "BLOCKED not-observed  member/node02" in out) == (3, True)


GOLDEN = Path("tests/golden/facts/running.json")


def cut_off(text):
    return text[:-9]


def changed(**more):
    return lambda text: json.dumps({**json.loads(text), **more})


BROKEN = {
    "cut off": (cut_off, f"facts.json:{GOLDEN.read_text().count(chr(10)) - 1}:"),
    "another version": (changed(format_version="2"), "this version reads '1'"),
    "a plan": (lambda _text: '{"format_version": "1", "id": "a"}', "not facts of reconcile"),
    "no document": (lambda _text: "[]", "not a document of reconcile"),
    "no time": (
        changed(observed_at="noon"),
        "observed_at is no time of ISO 8601 with its zone: 'noon'",
    ),
    "no time zone": (changed(observed_at="2026-11-26T10:00:00"), "with its zone"),
    "a host that is not there": (changed(hosts={}), "'node01' is named in it and not there"),
    "a section of another shape": (
        changed(hosts={"node01": {"mounts": 7}, "node02": {}}),
        "mounts",
    ),
}


@pytest.mark.parametrize(("change", "message"), BROKEN.values(), ids=BROKEN)
def test_facts_that_are_none_are_an_error(tmp_path, capsys, change, message):
    at = Desk(None, tmp_path, {})
    at.document = {
        "version": 1,
        "clusters": [
            {"name": "ocfs2", "members": [{"name": "node01", "interconnect": "10.0.0.11"}]}
        ],
    }
    facts = tmp_path / "facts.json"
    facts.write_text(change(GOLDEN.read_text()))
    code = run(["plan", at.file, "--facts", str(facts)])
    told = capsys.readouterr()
    assert (code, told.out, message in told.err) == (1, "", True), told.err
    assert "make it again: reconcile observe FILE -o FACTS" in told.err


def test_a_missing_file_of_facts_is_a_usage_error(tmp_path, capsys):
    at = Desk(None, tmp_path, {"version": 1, "clusters": []})
    at.document["clusters"] = [
        {"name": "ocfs2", "members": [{"name": "node01", "interconnect": "10.0.0.11"}]}
    ]
    assert run(["plan", at.file, "--facts", str(tmp_path / "none.json")]) == 64
    assert "No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "c.yaml", "-o", "./c.yaml"),
        ("observe", "c.yaml", "-o", "c.yaml"),
        ("plan", "c.yaml", "--facts", "f.json", "-o", "f.json"),
    ],
)
def test_what_is_written_takes_the_place_of_nothing_that_is_read(
    tmp_path, monkeypatch, capsys, words
):
    monkeypatch.chdir(tmp_path)
    for name in ("c.yaml", "f.json"):
        (tmp_path / name).write_text("version: 1\n")
    assert run(list(words)) == 64
    assert "would overwrite" in capsys.readouterr().err
    assert {path.read_text() for path in tmp_path.iterdir()} == {"version: 1\n"}


def test_where_a_document_cannot_be_written_the_place_is_named(tmp_path, capsys):
    output = tmp_path / "nowhere" / "p.json"
    words = ["plan", "examples/minimal.yaml", "--facts", str(GOLDEN), "-o", str(output)]
    assert run(words) == 1
    assert f"error: {output}: No such file or directory\n" in capsys.readouterr().err
