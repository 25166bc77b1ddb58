"""A command and its look in one: each as if it had been sent alone, in every shell."""

import shutil
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.hosts.loopback import serve_hosts
from reconciler.hosts.proof import (
    SCRIPT,
    join_answers,
    join_look,
    split_answers,
    split_look,
)
from reconciler.hosts.simulator import Fault, connect
from reconciler.hosts.simulator.presets import bare_cluster
from reconciler.hosts.ssh import SshHost, SshSettings, SshShared
from reconciler.model.plan import Command, Completed
from tests.unit.hosts.simulator.lab import probe

MARK = "@@ended-0123"
SHELLS = [
    pytest.param(shell, marks=pytest.mark.skipif(not shutil.which(shell[0]), reason="missing"))
    for shell in (("sh",), ("dash",), ("bash",), ("busybox", "ash"))
]
each_shell = pytest.mark.parametrize("shell", SHELLS)
WORDS = st.lists(st.text("ab '\"$\\`\n*-"), min_size=1, max_size=14)
LOOK = ("sh", "-c", "echo seen; echo noise >&2")


def run(shell, argv, look=LOOK, stdin=""):
    words = join_look(Command(tuple(argv), look=tuple(look)), MARK)
    began = time.monotonic()
    done = subprocess.run(
        [*shell, *words[1:]], input=stdin, capture_output=True, text=True, check=False
    )
    ended = Completed(done.returncode, done.stdout, done.stderr, time.monotonic() - began)
    return split_answers(ended, MARK)


@each_shell
def test_status_and_output_are_the_command_s_and_the_look_s_apart(shell):
    ended = run(shell, ("sh", "-c", "cat; echo bad >&2; exit 75"), stdin="in")
    assert (ended.status, ended.stdout, ended.stderr) == (75, "in", "bad\n")
    assert ended.look == "seen\n"
    assert 0 < ended.look_seconds <= ended.seconds


@each_shell
def test_the_look_sees_what_the_command_has_done_and_none_of_its_input(shell, tmp_path):
    file = tmp_path / "file"
    look = ("sh", "-c", f"cat; cat {file}")
    ended = run(shell, ("sh", "-c", f"sleep 0.2; echo new >{file}"), look, "for the command")
    assert ended.look == "new\n"


@each_shell
def test_a_command_that_is_killed_or_missing_is_looked_after_as_well(shell):
    killed = run(shell, ("sh", "-c", "kill -9 $$"))
    assert (killed.status, killed.look) == (137, "seen\n")
    missing = run(shell, ("/no/such/program",))
    assert (missing.status, missing.look) == (127, "seen\n")


@each_shell
def test_words_arrive_as_they_were(shell):
    words = [f"{n}" for n in range(12)] + ["a b", "", "'", '"', "$HOME", "*", "\\", "a\nb"]
    ended = run(shell, ("printf", "<%s>", *words), ("printf", "[%s]", *words))
    assert ended.stdout == "".join(f"<{word}>" for word in words)
    assert ended.look == "".join(f"[{word}]" for word in words)


@given(WORDS, WORDS)
def test_what_is_joined_is_found_again(argv, look):
    both = split_look(join_look(Command(tuple(argv), look=tuple(look)), MARK))
    assert (both.mark, both.argv, both.look) == (MARK, tuple(argv), tuple(look))


def test_no_other_command_is_taken_for_both():
    assert split_look(("sh", "-c", "true", "gate", "mount")) is None
    assert split_look(("true",)) is None
    assert split_look(("sh", "-c", SCRIPT, "proof")) is None


@given(st.text(), st.text(), st.integers(0, 255), st.floats(0, 99))
def test_answers_are_found_again(said, look, status, seconds):
    ended = Completed(status, said, "", seconds, look, 0.5)
    found = split_answers(join_answers(ended, MARK), MARK)
    assert (found.stdout, found.look, found.status) == (said, look, status)
    assert found.look_seconds <= seconds


@pytest.mark.parametrize("said", ["", f"\n{MARK}", f"\n{MARK} 1", f"\n{MARK} x y\nseen"])
def test_an_answer_without_its_look_tells_none(said):
    assert split_answers(Completed(1, said, ""), MARK) == Completed(1, said, "")


async def test_the_simulator_looks_when_the_command_has_ended():
    host = connect(bare_cluster(1), "node01")
    ended = await host.run(Command(("modprobe", "ocfs2"), look=probe("--only", "kernel").argv))
    assert "loaded\tocfs2\n" in ended.look
    host.machine.faults.append(Fault("fails", command="modprobe", stderr="no"))
    ended = await host.run(Command(("modprobe", "ocfs2"), look=probe("--only", "kernel").argv))
    assert (ended.status, ended.stderr, ended.look[:2]) == (1, "no", "@@")


async def test_over_ssh_a_command_and_its_look_are_one_exchange(tmp_path):
    world = bare_cluster(1)
    async with serve_hosts(world, tmp_path) as addresses:
        settings = SshSettings(
            host=addresses.host,
            user="ops",
            sudo=True,
            port=addresses.ports["node01"],
            identity=str(addresses.identity),
            known_hosts=str(addresses.known_hosts),
        )
        host = SshHost("node01", settings, SshShared(None))
        ended = await host.run(
            Command(("modprobe", "ocfs2"), look=probe("--only", "kernel").argv)
        )
        await host.close()
    assert (ended.status, ended.stdout) == (0, "")
    assert ended.look.startswith("@@reconcile-probe\t1\n")
    assert "loaded\tocfs2\n" in ended.look
    assert world.disasters == []


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="no shellcheck")
def test_shellcheck_finds_nothing():
    done = subprocess.run(
        ["shellcheck", "-s", "dash", "-"],
        input=SCRIPT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
