"""Several files and directories at ``observe``, ``plan``, ``drift`` and ``status``."""

import json
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from reconciler.cli import run
from reconciler.cli.exit_codes import combine_exit_codes
from reconciler.errors import SpecInvalid
from reconciler.loading.claims import Claims
from reconciler.model.desired import Desired
from tests.cli_harness import desk

FACTS = str(Path("tests/golden/facts/running.json").resolve())
BAD = "version: 1\nclusters: [{name: ocfs2, members: [{name: node01, interconnect: x}]}]\n"


def state(cluster, place):
    """A cluster of a host that refuses connections at once."""
    member = {
        "name": f"{cluster}-node01",
        "interconnect": f"10.0.0.{place}",
        "ssh": {"host": "127.0.0.1", "port": 1},
    }
    return yaml.safe_dump({"version": 1, "clusters": [{"name": cluster, "members": [member]}]})


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A directory with two sound files and a broken one between them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    site = tmp_path / "site"
    site.mkdir()
    (site / "a.yaml").write_text(state("one", 11))
    (site / "b.yml").write_text(BAD)
    (site / "c.yaml").write_text(state("three", 13))
    (site / "notes.txt").write_text("nothing")
    return tmp_path


def run_here(capsys, *words):
    code = run(list(words))
    return code, *capsys.readouterr()


ORDER = (130, 1, 64, 6, 5, 4, 3, 2, 0)


@pytest.mark.parametrize("pair", [*combinations(ORDER, 2)])
def test_of_two_exit_codes_the_one_that_the_manual_names_first_wins(pair):
    first, later = pair
    assert {combine_exit_codes(codes) for codes in (pair, (later, first))} == {first}


def test_no_file_or_the_same_code_again_changes_nothing():
    assert combine_exit_codes([]) == 0
    assert combine_exit_codes([3, 3, 0]) == 3


PLAN = ("plan", "--facts", FACTS)
ENDS = {PLAN: 3, ("drift",): 3, ("status", "--interval", "1s"): 1}


@pytest.mark.parametrize("words", ENDS, ids=lambda words: words[0])
def test_a_broken_file_hides_no_other_and_each_has_its_heading(files, capsys, words):
    code, out, err = run_here(capsys, *words, "site")
    names = ["site/a.yaml", "site/b.yml", "site/c.yaml"]
    heads = [line for line in out.splitlines() if line.startswith("==>")]
    assert (code, heads) == (1, [f"==> {name} <==" for name in names])
    assert "site/b.yml:2:" in err
    assert "one" in out.split(heads[1])[0]
    assert "three" in out.split(heads[2])[1]


@pytest.mark.parametrize(("words", "code"), ENDS.items(), ids=lambda words: str(words)[:8])
@pytest.mark.parametrize("form", ["text", "json"])
def test_each_is_told_as_it_is_told_alone_and_one_file_twice_counts_once(
    files, capsys, words, code, form
):
    words = (*words, "--format", form)
    ended, first, _err = run_here(capsys, *words, "site/a.yaml")
    again, same, _err = run_here(capsys, *words, "site/a.yaml", "./site/../site/a.yaml")
    assert (ended, again) == (code, code)
    assert len(same) == len(first)
    ended, both, _err = run_here(capsys, *words, "site/a.yaml", "site/c.yaml", "site/a.yaml")
    assert ended == code
    if form == "text":
        assert both.startswith(f"==> site/a.yaml <==\n{first}\n==> site/c.yaml <==\n")
        return
    alone, *more = [json.loads(line) for line in both.splitlines()]
    whole = json.loads(first)
    assert [alone.pop("file"), *(item["file"] for item in more)] == [
        "site/a.yaml",
        "site/c.yaml",
    ]
    whole.pop("file", None)
    assert {**alone, "observed_at": ""} == {**whole, "observed_at": ""}


@pytest.mark.parametrize("words", [PLAN, ("drift",)], ids=lambda words: words[0])
def test_of_several_files_machines_get_one_document(files, capsys, words):
    _code, out, _err = run_here(capsys, *words, "--format", "junit", "site")
    suites = ET.fromstring(out)  # noqa: S314  # our own
    assert [suite.get("name").rpartition(" ")[2] for suite in suites] == [
        "one",
        "site/b.yml",
        "three",
    ]
    assert suites[0].get("name").startswith("site/a.yaml: ")
    assert int(suites.get("failures")) == sum(int(s.get("failures")) for s in suites)
    assert int(suites[1].get("failures")) == 1


def test_sarif_names_the_file_of_each_result(files, capsys):
    code, out, _err = run_here(capsys, *PLAN, "--format", "sarif", "site")
    (log,) = json.loads(out)["runs"]
    places = [r["locations"][0]["physicalLocation"] for r in log["results"]]
    found = {place["artifactLocation"]["uri"] for place in places}
    assert (code, found) == (1, {"site/a.yaml", "site/b.yml", "site/c.yaml"})
    rules = log["tool"]["driver"]["rules"]
    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in log["results"])


def test_lines_of_json_and_markdown_tell_what_failed(files, capsys):
    _code, out, _err = run_here(capsys, "drift", "--format", "json", "site", "none.yaml")
    lines = [json.loads(line) for line in out.splitlines()]
    assert [(line["file"], "problems" in line) for line in lines] == [
        ("site/a.yaml", False),
        ("site/b.yml", True),
        ("site/c.yaml", False),
        ("none.yaml", True),
    ]
    assert lines[3]["problems"][0]["code"] == "file-unread"
    _code, out, _err = run_here(capsys, "drift", "--format", "markdown", "site")
    assert out.count("## `site/") == 3
    assert "```\nsite/b.yml:2:" in out


REFUSED = {
    "a saved plan": ("plan", "-o", "p.plan.json"),
    "a page": ("plan", "--format", "html"),
    "a page in a file": ("plan", "--format", "markdown", "-o", "p.md"),
    "watching": ("status", "--watch"),
}


@pytest.mark.parametrize("words", REFUSED.values(), ids=REFUSED)
def test_what_is_of_one_file_is_refused_with_several(files, capsys, words):
    code, out, err = run_here(capsys, *words, "site")
    assert (code, out) == (64, "")
    assert " is of one file, and 3 are given: name one FILE, " in " ".join(err.split())
    assert not list(files.glob("p.*"))


def test_an_empty_directory_is_told_and_the_rest_goes_on(files, capsys):
    (files / "empty").mkdir()
    code, out, err = run_here(capsys, *PLAN, "empty", "site/a.yaml", "none.yaml")
    assert (code, out.count("==>")) == (64, 3)
    assert "error: empty: no *.yaml or *.yml in this directory" in err
    assert "none.yaml: No such file" in err
    assert run_here(capsys, *PLAN, "empty")[0] == 64


async def test_changes_of_one_file_are_not_hidden_by_another(tmp_path):
    async with desk(tmp_path) as at:
        assert at.file
        (tmp_path / "bad.yaml").write_text(BAD)
        flag = ("plan", "--detailed-exitcode")
        code, out, err = await at.run(*flag, "bad.yaml", "cluster.yaml", "--format", "json")
        broken, plan = [json.loads(line) for line in out.splitlines()]
        assert (code, broken["file"], plan["file"]) == (1, "bad.yaml", "cluster.yaml"), err
        assert plan["clusters"][0]["actions"]
        (tmp_path / "bad.yaml").write_text(state("gone", 99))
        code, _out, _err = await at.run("drift", "bad.yaml", "cluster.yaml")
        assert code == 3
        (tmp_path / "bad.yaml").unlink()
        code, out, _err = await at.run(*flag, ".")
        assert (code, out.startswith("==> cluster.yaml <==\n")) == (2, True)


async def test_facts_of_several_files_are_one_document_that_is_planned_from(tmp_path):
    async with desk(tmp_path) as at:
        first, second = at.document["clusters"][0]["members"]
        halves = {"one": first, "two": second}
        for name, member in halves.items():
            document = {**at.document, "clusters": [{"name": name, "members": [member]}]}
            (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(document))
        (tmp_path / "bad.yaml").write_text(BAD)
        names = ("bad.yaml", "one.yaml", "two.yaml")
        code, out, err = await at.run("observe", *names, "-o", "facts.json")
        assert (code, out) == (1, ""), err
        assert "bad.yaml:2:" in err
        code, printed, _err = await at.run("observe", *names[1:])
        assert (code, json.loads(printed)["hosts"].keys()) == (0, {"node01", "node02"})
        _code, live, _err = await at.run("plan", *names[1:], "--format", "json")
    words = ("plan", *names[1:], "--format", "json", "--facts", "facts.json")
    code, recorded, _err = await at.run(*words)
    assert (code, recorded) == (0, live)
    assert [json.loads(line)["file"] for line in live.splitlines()] == [*names[1:]]


def test_facts_of_several_files_are_shown_a_file_at_a_time(files, capsys):
    code, out, err = run_here(capsys, "observe", "--format", "text", "site")
    assert (code, out.count("==> site/"), "site/b.yml:2:" in err) == (1, 3, True)


TWICE = {
    "a host": (("drift",), 1, "host-in-two-clusters]: the host 'one-node01' of cluster 'one'"),
    "a name in facts": (("plan", "--facts", FACTS), 2, "duplicate-cluster]: a cluster 'one'"),
    "a name to be recorded": (("observe",), 2, "duplicate-cluster]: a cluster 'one'"),
}


@pytest.mark.parametrize(("words", "number", "message"), TWICE.values(), ids=TWICE)
def test_what_an_earlier_file_has_is_refused(files, capsys, words, number, message):
    other = state("one", 12).replace("node01", f"node0{number}")
    (files / "other.yaml").write_text(other)
    code, _out, err = run_here(capsys, *words, "site/a.yaml", "other.yaml")
    assert code == 1
    assert f"other.yaml:1:1: error[{message} is in site/a.yaml, too\n" in err
    assert "give each file to a command of its own" in err


def test_sites_may_use_one_name(files, capsys):
    (files / "other.yaml").write_text(state("one", 12).replace("node01", "node02"))
    code, _out, err = run_here(capsys, "drift", "site/a.yaml", "other.yaml")
    assert (code, "error:" in err) == (3, False)


DEVICES = {
    "one WWID": ({"wwid": "36001405aa"}, {"wwid": "36001405AA"}, True),
    "a disk and its partition": (
        {"wwid": "36001405aa"},
        {"wwid": "36001405aa", "partition": 1},
        True,
    ),
    "two partitions": (
        {"wwid": "36001405aa", "partition": 2},
        {"wwid": "36001405aa", "partition": 1},
        False,
    ),
    "a name that each host gives": (
        {"path": "/dev/mapper/mpatha"},
        {"path": "/dev/mapper/mpatha"},
        False,
    ),
}


@pytest.mark.parametrize(("first", "second", "refused"), DEVICES.values(), ids=DEVICES)
def test_a_device_is_of_one_file(first, second, refused):
    claims = Claims()
    claims.take("a.yaml", with_volume("one", first))
    if not refused:
        claims.take("b.yaml", with_volume("two", second))
        return
    with pytest.raises(SpecInvalid) as raised:
        claims.take("b.yaml", with_volume("two", second))
    (problem,) = raised.value.problems
    assert (problem.file, problem.code) == ("b.yaml", "device-in-two-volumes")
    assert problem.message == "the device of volume 'images' is in a.yaml, too"


def with_volume(cluster, device):
    volume = {
        "label": "images",
        "device": device,
        "size": "1GiB",
        "mount": {"path": "/srv/images"},
    }
    member = {"name": f"{cluster}-node01", "interconnect": "10.0.0.11"}
    found = {"name": cluster, "members": [member], "volumes": [volume]}
    return Desired.model_validate({"version": 1, "clusters": [found]})
