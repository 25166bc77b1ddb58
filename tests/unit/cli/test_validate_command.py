"""``reconcile validate``: all files at once, also those that are not there."""

import asyncio
import json

import pytest

from tests.cli_harness import Desk
from tests.unit.loading.samples import MINIMAL, replaced

BAD = replaced("size: fill", "size: 800")


@pytest.fixture
def at(tmp_path):
    (tmp_path / "good.yaml").write_text(MINIMAL)
    (tmp_path / "bad.yaml").write_text(BAD)
    return Desk(None, tmp_path, {})


async def test_a_missing_file_hides_no_problem_of_the_others(at):
    code, out, err = await at.run("validate", "gone.yaml", "bad.yaml", "good.yaml")
    assert code == 1
    assert out.splitlines()[0].startswith("bad.yaml:10:15: error[bad-size]: ")
    assert out.splitlines()[-1] == "good.yaml: valid"
    assert err.startswith("error: gone.yaml: No such file or directory; ")


async def test_a_missing_file_alone_is_64_and_says_what_was_meant(at):
    code, out, err = await at.run("validate", "gud.yaml", "good.yaml")
    assert (code, out) == (64, "good.yaml: valid\n")
    assert err == "error: gud.yaml: No such file or directory; did you mean good.yaml?\n"
    code, _out, err = await at.run("validate", "xyz")
    assert (code, err.partition("; ")[2]) == (64, "reconcile init -o xyz writes a first one\n")


@pytest.mark.parametrize("form", ["json", "sarif", "junit"])
async def test_a_missing_file_is_a_problem_in_every_document(at, form):
    code, out, _err = await at.run("validate", "gone.yaml", "bad.yaml", "--format", form)
    assert code == 1
    assert all(word in out for word in ("gone.yaml", "file-unread", "bad.yaml", "bad-size"))


async def test_a_dash_is_standard_input(at):
    pipe = asyncio.subprocess.PIPE
    process = await at.start("validate", "-", "good.yaml", stdin=pipe)
    out, err = await process.communicate(BAD.encode())
    assert (process.returncode, err) == (1, b"")
    assert out.decode().startswith("-:10:15: error[bad-size]: 800 is neither")
    process = await at.start("validate", "-", stdin=pipe)
    out, err = await process.communicate(MINIMAL.encode())
    assert (process.returncode, out, err) == (0, b"-: valid\n", b"")


async def test_only_validate_reads_standard_input(at):
    code, _out, err = await at.run("plan", "-")
    assert (code, "only reconcile validate reads standard input" in err) == (64, True)


async def test_a_directory_is_all_of_its_files(at):
    (at.home / "notes.txt").write_text("nothing")
    code, out, _err = await at.run("validate", ".", "--format", "json")
    assert (code, {p["file"] for p in json.loads(out)["problems"]}) == (1, {"bad.yaml"})
    (at.home / "none").mkdir()
    code, out, err = await at.run("validate", "none")
    assert (code, out) == (64, "")
    assert err.startswith("error: none: no *.yaml or *.yml in this directory; reconcile init")


async def test_a_file_that_is_given_twice_is_told_once(at):
    _code, out, _err = await at.run("validate", "bad.yaml", "bad.yaml")
    assert out.count("error[bad-size]") == 1


async def test_quiet_tells_problems_alone(at):
    assert await at.run("validate", "-q", "good.yaml") == (0, "", "")
    code, out, _err = await at.run("validate", "-q", "good.yaml", "bad.yaml")
    assert (code, out.count("valid\n"), "bad-size" in out) == (1, 0, True)
