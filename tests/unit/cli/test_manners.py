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


def test_help_is_of_a_command_below_another(capsys):
    assert run(["help", "fleet", "worker"]) == 0
    helped = capsys.readouterr().out
    assert run(["fleet", "worker", "--help"]) == 0
    assert capsys.readouterr().out == helped
    for words, told in (
        (("fleet", "wroker"), "no command 'wroker'; reconcile fleet has init, worker"),
        (("plan", "worker"), "no command 'worker'; plan has none"),
    ):
        assert run(["help", *words]) == 64
        assert told in capsys.readouterr().err


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


# What watch has to say is its log, whose level says how much of it.
@pytest.mark.parametrize(
    "name", sorted({*COMMANDS} - {"completion", "demo", "fleet", "help", "watch"})
)
def test_every_command_with_a_result_can_be_quiet(capsys, name):
    assert run([name, "--help"]) == 0
    assert "-q, --quiet" in capsys.readouterr().out


def test_a_quiet_first_file_has_no_notes(capsys, tmp_path):
    words = ["init", "--no-input", "-o"]
    assert run([*words, str(tmp_path / "loud.yaml")]) == 0
    assert "is written" in capsys.readouterr().err
    assert run([*words, str(tmp_path / "quiet.yaml"), "-q"]) == 0
    assert capsys.readouterr() == ("", "")


HOSTS = {
    "root@node01": "type node01 --user root",
    "node01:2222": "type node01, and its port in ssh_config: Port 2222",
    "node01,node02": "type them with blanks between: node01 node02",
    "node[01-04]": "type each of them, with blanks between",
    "cluster.yaml": "a file is not taken here: name the hosts, as ssh knows them",
}


@pytest.mark.parametrize("command", ["init", "import"])
@pytest.mark.parametrize(("host", "hint"), HOSTS.items())
def test_what_is_more_than_a_host_is_answered_with_what_to_type(capsys, command, host, hint):
    assert run([command, "--no-input", host]) == 64
    told = f"error: HOST: '{host}' is not a host name or an address; {hint}\n"
    assert capsys.readouterr().err == told


def test_a_cluster_name_with_a_dash_is_answered_with_one_without(capsys):
    assert run(["init", "--no-input", "--name", "my-cluster"]) == 64
    assert capsys.readouterr().err.endswith("letters and digits; did you mean 'mycluster'?\n")


@pytest.mark.parametrize("word", ["39", "yes", "E6CDE66995C1"])
def test_what_is_no_plans_id_is_told_how_one_looks_and_where_it_stands(capsys, word):
    assert run(["apply", "--approve", word]) == 64
    told = " ".join(capsys.readouterr().err.split())
    assert (
        f"{word!r} is not a plan's id, which has 12 hexadecimal digits, as e6cde66995c1" in told
    )
    assert "reconcile plan prints it in its first line" in told
