"""What a person may expect of a program: help, versions, suggestions, quiet, a man page."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from reconciler.cli import COMMANDS, run
from reconciler.cli.suggestions import OTHERS
from tests.cli_harness import desk
from tests.unit.cli.test_facts import GOLDEN

PAGE = Path("reconciler/manual/reconcile.1")
PLAN = ["plan", "examples/minimal.yaml", "--facts", str(GOLDEN)]

MEANT = {
    "pln": "did you mean reconcile plan?",
    "Aply": "did you mean reconcile apply?",
    "statsu": "did you mean reconcile status?",
    "diff": "did you mean reconcile plan or reconcile drift?",
    "version": "did you mean reconcile -V?",
    "README.md": "README.md is a file: reconcile plan README.md",
    "xyzzy": "reconcile help lists all commands",
}


@pytest.mark.parametrize("words", [(), ("help",)])
@pytest.mark.parametrize(("word", "meant"), MEANT.items())
def test_a_word_that_is_no_command_is_answered_with_what_was_meant(capsys, words, word, meant):
    assert run([*words, word]) == 64
    assert capsys.readouterr().err == f"error: no command {word!r}; {meant}\n"


def test_an_option_before_its_command_is_told_its_place(capsys):
    assert run(["--format", "json", "plan"]) == 64
    assert "An option stands behind its command: COMMAND --format" in capsys.readouterr().err


def test_each_word_of_others_has_a_command_of_ours_and_is_none_itself():
    assert not OTHERS.keys() & COMMANDS.keys()
    for word, names in OTHERS.items():
        assert {*names} & {*COMMANDS, "-V"}, word


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_that_of_the_command(capsys, name):
    assert run(["help", name]) == 0
    helped = capsys.readouterr().out
    assert run([name, "--help"]) == 0
    assert capsys.readouterr().out == helped


def test_help_alone_has_all_commands(capsys):
    assert run(["help"]) == 0
    told = capsys.readouterr().out
    assert run(["--help"]) == 0
    assert (capsys.readouterr().out, told.count("  demo ")) == (told, 1)


def test_the_version_has_a_short_option(capsys):
    assert run(["-V"]) == 0
    assert capsys.readouterr().out.startswith("reconcile, version ")


def test_quiet_leaves_out_notes_and_nothing_of_the_result(capsys, tmp_path):
    words = [*PLAN, "-o", str(tmp_path / "p.plan.json")]
    assert run(words) == 3
    loud = capsys.readouterr()
    assert run([*words, "-q"]) == 3
    quiet = capsys.readouterr()
    assert loud.err.count("\n") == 2
    assert quiet == (loud.out, "")


async def test_a_quiet_apply_tells_only_what_was_not_done(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        code, out, err = await at.run("apply", at.file, "-q")
        assert (code, "not approved: nothing was done" in out) == (3, True), err
        assert "to approve exactly this: " in err
        approved = await at.approved()
        assert await at.run("apply", at.file, "-q", *approved) == (0, "", "")
        assert await at.run("apply", at.file, "-q", "-y") == (0, "", "")
        at.world.machines["node01"].refusal = "host-unreachable"
        code, out, _err = await at.run("apply", at.file, "-qy")
        assert (code, "BLOCKED host-unreachable  member/node01" in out) == (3, True)


def test_the_man_page_is_current_and_wheels_install_it(capsys):
    assert run(["help", "--man"]) == 0
    assert capsys.readouterr().out == PAGE.read_text(), "make man"
    wheel = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["hatch"]["build"]
    shared = wheel["targets"]["wheel"]["shared-data"]
    assert shared == {str(PAGE): "share/man/man1/reconcile.1"}


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
def test_the_man_page_is_clean_and_has_each_command():
    words = ["groff", "-man", "-Tutf8", "-ww", "-rLL=80n", str(PAGE)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    text = re.sub(".\b", "", done.stdout)  # struck over to be bold
    assert [name for name in COMMANDS if f"{name} [OPTIONS]" not in text] == []


async def test_observe_is_a_table_on_a_terminal_and_json_anywhere_else(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        code, out, _err = await at.run("observe", at.file)
        assert (code, [*json.loads(out)["hosts"]]) == (0, ["node01"])
        for words, table in (((), True), (("--format", "json"), False)):
            ours, theirs = os.openpty()
            process = await at.start("observe", at.file, *words, stdout=theirs)
            os.close(theirs)
            shown = await asyncio.to_thread(read_all, ours)
            assert await process.wait() == 0
            assert ("host    system" in shown, '"format_version"' in shown) == (
                table,
                not table,
            )


def read_all(number):
    """What was written to a terminal until nobody had it open."""
    found = b""
    with contextlib.suppress(OSError), os.fdopen(number, "rb", 0) as terminal:
        while part := terminal.read(4096):
            found += part
    return found.decode()
