"""Ctrl-C at any moment is a word and 130, never a traceback; while a shell completes, nothing."""

import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.unit.cli.test_facts import GOLDEN

# Sends itself the signal when it is about to import a module, or as it ends.
PROGRAM = """\
import atexit, os, signal, sys

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)

class Hook:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            interrupt()

if {name!r}:
    sys.meta_path.insert(0, Hook())
else:
    atexit.register(interrupt)
from reconciler.__main__ import main
sys.argv = ["reconcile", *{words!r}]
main()
"""
PLAN = ("plan", "examples/minimal.yaml", "--facts", str(GOLDEN))
MODULES = (
    "reconciler.cli",
    "click",
    "reconciler.cli.commands.plan",
    "pydantic",
    "yaml",
    "reconciler.planning.planner",
    "reconciler.loading.saved",
    "",
)


def ended(name, words=PLAN, **environment):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(name=name, words=words)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize("name", MODULES)
def test_ctrl_c_is_a_word_from_the_first_import_to_the_end(name):
    done = ended(name)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (130, "interrupted")
    assert "Traceback" not in done.stderr
    assert (done.stdout == "") == bool(name)


@pytest.mark.parametrize("command", ["observe", "drift", "status", "apply", "demo"])
def test_it_is_a_word_inside_of_a_loop_too(tmp_path, command):
    words = [command, *(["examples/minimal.yaml"] if command != "demo" else [])]
    done = ended("asyncssh", words, RECONCILE_STATE=str(tmp_path))
    assert (done.returncode, done.stderr.splitlines()[-1]) == (130, "interrupted")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["reconciler.cli", "click.shell_completion", ""])
def test_while_a_shell_completes_it_is_silent(name):
    asked = {"COMP_WORDS": "reconcile pl", "COMP_CWORD": "1"}
    done = ended(name, _RECONCILE_COMPLETE="bash_complete", **asked)
    assert (done.returncode, done.stderr) == (130, "")


def test_who_is_started_with_it_ignored_is_not_interrupted():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        done = ended("click")
    finally:
        signal.signal(signal.SIGINT, before)
    assert (done.returncode, "interrupted" in done.stderr) == (3, False)


def test_the_installed_program_is_the_one_that_listens():
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"reconcile": "reconciler.__main__:main"}


def test_it_runs_as_a_module():
    words = [sys.executable, "-m", "reconciler", "-V"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("reconcile, version ")
