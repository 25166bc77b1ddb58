"""What a shell completes: quickly, from what is here, and never with a message in the prompt."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.cli.completion_index import index_text
from reconciler.cli.completion_values import VALUES, find_names
from reconciler.loading import read
from reconciler.reports.explain import codes
from tests.test_architecture import EXAMPLES, HEAVY

INDEX = Path("reconciler/cli/completion.json")
PROGRAM = """\
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from reconciler.__main__ import main
main()
"""
TWO = Path("examples/two-clusters.yaml").absolute()


def completed(home, words, **environment):
    """What bash is offered for the last word, and which modules it took."""
    typed = words.split(" ")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        cwd=home,
        env={
            "HOME": str(home),
            "_RECONCILE_COMPLETE": "bash_complete",
            "COMP_WORDS": f"reconcile {words}",
            "COMP_CWORD": str(len(typed)),
            **environment,
        },
    )
    offered = [line.partition(",")[2] for line in done.stdout.splitlines() if "plain" in line]
    return offered, set(done.stderr.split())


def test_what_is_offered_is_made_of_the_commands():
    assert index_text() == INDEX.read_text(), "make man"


def test_every_value_that_is_completed_is_one_of_a_command():
    names = {word for word in VALUES if f'"name": "{word}"' in INDEX.read_text()}
    assert names == VALUES.keys()


def home_with_runs(tmp_path):
    runs = tmp_path / "state" / "runs"
    runs.mkdir(parents=True)
    for name in ("20260101T000000Z-aaaaaa", "20260102T000000Z-bbbbbb"):
        (runs / f"{name}.jsonl").write_text("")
    (tmp_path / "monday.plan.json").write_text("{}")
    shutil.copy(TWO, tmp_path / "cluster.yaml")
    return {"RECONCILE_STATE": str(tmp_path / "state")}


OFFERED = {
    "pl": ["plan"],
    "help dri": ["drift"],
    "help fleet wo": ["worker"],
    "help drift x": [],
    "plan --tar": ["--target"],
    "plan --target member/s": ["member/silver01", "member/silver02"],
    "drift --target cluster/": ["cluster/gold", "cluster/silver"],
    "plan --target volume/": ["volume/databases", "volume/archive"],
    "explain device-not": ["device-not-blank"],
    "explain member/gold": ["member/gold01", "member/gold02"],
    "explain volumes.si": ["volumes.size"],
    "explain ssh.probe.u": ["ssh.probe.user"],
    "pause sil": ["silver", "silver01", "silver02"],
    "show 2026": ["20260102T000000Z-bbbbbb", "20260101T000000Z-aaaaaa"],
    "show mo": ["monday.plan.json"],
    "show --state-dir nowhere 2026": [],
    "plan --format m": ["markdown"],
    "manual exit": ["exit-codes"],
    "schema f": ["facts", "fleet"],
}


@pytest.mark.parametrize(("words", "offered"), OFFERED.items())
def test_values_are_offered_without_anything_that_takes_a_while(tmp_path, words, offered):
    found, modules = completed(tmp_path, words, **home_with_runs(tmp_path))
    assert found == offered
    assert not HEAVY & modules


BAD = ("plan --target x", "explain member/", "show x", "nonsense --x", "plan --nonsense x y z ")


@pytest.mark.parametrize("words", BAD)
def test_where_nothing_can_be_read_nothing_is_offered_and_nothing_said(tmp_path, words):
    (tmp_path / "cluster.yaml").write_bytes(b"\xff\x00: [")
    found, modules = completed(tmp_path, words, RECONCILE_STATE="/proc/1/nowhere")
    assert found == []
    assert "reconciler.cli" in modules


def test_every_code_is_offered(tmp_path):
    assert completed(tmp_path, "explain ")[0] == list(codes())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_names_are_those_of_the_file(path):
    wanted = []
    for cluster in read(str(path)).clusters:
        wanted.append(f"cluster/{cluster.name}")
        wanted += [f"member/{member.name}" for member in cluster.members]
        wanted += [f"volume/{volume.label}" for volume in cluster.volumes]
    assert sorted(find_names(path.read_text())) == sorted(wanted)


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
def test_bash_runs_what_completion_prints(tmp_path):
    script = subprocess.run(
        [sys.executable, "-m", "reconciler", "completion", "bash"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    program = tmp_path / "reconcile"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m reconciler "$@"\n')
    program.chmod(0o755)
    ask = (
        f"{script}\nCOMP_WORDS=(reconcile pl) COMP_CWORD=1\n"
        "_reconcile_completion reconcile; echo ${COMPREPLY[*]}\n"
    )
    done = subprocess.run(
        ["bash", "-c", ask],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    assert (done.stdout, done.stderr) == ("plan\n", "")
