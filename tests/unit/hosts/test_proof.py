"""Commands and a look in one: each as if it had been sent alone, in every shell."""

import shutil
import subprocess
import time
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.hosts.loopback import serve_hosts
from reconciler.hosts.proof import (
    SCRIPT,
    Joined,
    join_answers,
    join_steps,
    split_answers,
    split_steps,
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


def run(shell, argv, look=LOOK, stdin="", then=()):
    whole = join_steps(Command(tuple(argv), stdin, look=tuple(look), then=tuple(then)), MARK)
    began = time.monotonic()
    done = subprocess.run(
        [*shell, *whole.argv[1:]],
        input=whole.stdin,
        capture_output=True,
        text=True,
        check=False,
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


@each_shell
def test_each_begins_where_the_one_before_ended_well_with_its_own_input(shell):
    text = 'printf "%s:" "$1"; cat; echo "e$1" >&2; exit "$2"'
    steps = [
        Command(("sh", "-c", text, "sh", *words), stdin)
        for words, stdin in (
            (("a", "0"), "é\n\n"),
            (("b", "0"), ""),
            (("c", "3"), "three"),
            (("d", "0"), "never"),
        )
    ]
    first = replace(steps[0], then=tuple(steps[1:]))
    ended = run(shell, first.argv, LOOK, first.stdin, first.then)
    found = [(one.status, one.stdout, one.stderr) for one in (ended, *ended.then)]
    assert found == [(0, "a:é\n\n", "ea\n"), (0, "b:", "eb\n"), (3, "c:three", "ec\n")]
    assert ended.look == "seen\n"


@each_shell
def test_after_a_failure_nothing_follows_but_the_look(shell, tmp_path):
    touched = tmp_path / "touched"
    ended = run(shell, ("false",), LOOK, then=[Command(("touch", str(touched)))])
    assert (ended.status, ended.then, ended.look) == (1, (), "seen\n")
    assert not touched.exists()


def test_a_script_of_several_travels_once():
    script = "echo " + "x" * 1000
    steps = [Command(("sh", "-c", script, "gate", word)) for word in "abc"]
    whole = join_steps(replace(steps[0], then=tuple(steps[1:])), MARK)
    assert " ".join(whole.argv).count(script) == 1
    assert split_steps(whole.argv, whole.stdin).command.then == tuple(steps[1:])


STEPS = st.lists(st.tuples(WORDS, st.text()), min_size=1, max_size=4)


@given(STEPS, WORDS)
def test_what_is_joined_is_found_again(steps, look):
    first, *others = (Command(tuple(words), stdin) for words, stdin in steps)
    assume(all(one.argv[0] != "=" for one in (first, *others)))
    command = replace(first, look=tuple(look), then=tuple(others))
    whole = join_steps(command, MARK)
    assert split_steps(whole.argv, whole.stdin) == Joined(MARK, command)


def test_no_other_command_is_taken_for_several():
    assert split_steps(("sh", "-c", "true", "gate", "mount"), "") is None
    assert split_steps(("true",), "") is None
    assert split_steps(("sh", "-c", SCRIPT, "steps"), "") is None


ENDS = st.lists(st.builds(Completed, st.integers(0, 255), st.text(), st.text()), min_size=1)


@given(ENDS, st.text(), st.floats(0, 99))
def test_answers_are_found_again(ends, look, seconds):
    ended = replace(ends[0], then=tuple(ends[1:]), look=look)
    raw = replace(join_answers(ended, MARK), seconds=seconds)
    assert raw.status == ends[-1].status
    found = split_answers(raw, MARK)
    assert [(one.status, one.stdout, one.stderr) for one in (found, *found.then)] == [
        (one.status, one.stdout, one.stderr) for one in ends
    ]
    assert (found.look, found.look_seconds) == (look, seconds)


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


async def test_the_simulator_runs_what_follows_until_one_fails():
    host = connect(bare_cluster(1), "node01")
    load, reload = Command(("modprobe", "ocfs2")), Command(("systemctl", "daemon-reload"))
    ended = await host.run(replace(load, then=(reload, load)))
    assert [one.status for one in ended.then] == [0, 0]
    host.machine.faults.append(Fault("fails", command="systemctl daemon-reload"))
    ended = await host.run(replace(load, then=(reload, load)))
    assert (ended.status, [one.status for one in ended.then]) == (0, [1])


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
    """But for a variable that only what is evaluated uses (SC2034)."""
    done = subprocess.run(
        ["shellcheck", "-s", "dash", "-e", "SC2034", "-"],
        input=SCRIPT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
