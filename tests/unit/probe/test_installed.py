"""The probe as a file: what it asks is in it, it tells so, and takes no word from anybody."""

import shutil
import subprocess
from pathlib import Path

import pytest

from reconciler.hosts.asked import as_asked
from reconciler.hosts.looking import LookedAtHost
from reconciler.hosts.observer import observe_one
from reconciler.model.observed import HostFacts, Unknown
from reconciler.model.plan import Command, Completed
from reconciler.probe import probe_command
from reconciler.probe.installed import (
    PROGRAM,
    asked_by,
    digest,
    installed_answer,
    installed_text,
)
from reconciler.resources import SECTIONS
from tests.builders import facts
from tests.unit.gate.calls import SHELLS, needs_root, within

LISTING = "/srv/a\n/bin/list\nit's $(touch mark) `touch mark` \\n"
WORDS = (
    "--want",
    "wwid=3600",
    "--blank",
    "path=/dev/x",
    "--path",
    "/srv/a",
    "--guests",
    LISTING,
)
PEERS = ("127.0.0.1:1", "127.0.0.2:1")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "probe"
    file.write_text(installed_text(WORDS, PEERS))
    file.chmod(0o500)
    return file


def ran(*words: str | Path, **more: object) -> tuple[int, str]:
    done = subprocess.run(words, capture_output=True, text=True, check=False, **more)  # type: ignore[call-overload]
    return done.returncode, done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_it_tells_what_it_asks_and_asks_it(program, shell):
    status, text = ran(*shell, program, "alone", cwd=program.parent)
    before, marker, answer = text.partition("@@reconcile-probe\t1\n")
    assert (status, bool(marker)) == (0, True)
    asked = asked_by((*WORDS, "--connect", PEERS[0], "--connect", PEERS[1]))
    told = {kind: words for kind, words in asked.items() if words}
    assert installed_answer(before) == (digest(), told)
    assert "want\twwid=3600\t-\tno\n" in answer
    assert not (program.parent / "mark").exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_it_begins_itself_anew_in_every_shell(program, shell):
    status, text = ran(*shell, program)
    assert (status, text.startswith("@@reconcile-installed\t")) == (0, True)
    assert text.endswith("@@done\n")


RAISED = ["prlimit", "--cpu=9:9", "--fsize=1:1", "sh", "-c", "ulimit -t unlimited"]


@pytest.mark.skipif(
    not shutil.which("prlimit")
    or subprocess.run(RAISED, capture_output=True, check=False).returncode,
    reason="needs a root who may raise limits (CAP_SYS_RESOURCE)",
)
def test_no_limit_of_its_caller_stops_a_program_halfway(program):
    asks = "# What it asks, and tells first that it does."
    text = program.read_text().replace(asks, "ulimit -t; ulimit -f")
    program.chmod(0o700)
    program.write_text(text)
    assert ran(*RAISED[:3], program)[1].splitlines()[:2] == ["unlimited", "unlimited"]


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("nodes", "tried"),
    [(("127.0.0.1", "127.0.0.2"), False), (("127.0.0.1", "127.0.0.22"), True)],
)
def test_others_are_tried_only_while_one_is_no_node_of_the_kernel(program, shell, nodes, tried):
    """By real files in the place of configfs."""
    for place, ip in enumerate(nodes):
        node = program.parent / f"config/cluster/ocfs2/node/node0{place}"
        node.mkdir(parents=True)
        (node / "ipv4_address").write_text(f"{ip}\n")
    script = f"mount -t tmpfs tmpfs /sys/kernel && cp -r {program.parent}/config /sys/kernel"
    status, text = ran(*within(script, shell), program, "alone")
    assert status == 0
    assert ("@@asked\tconnect\t" in text, "\nconnect\t127.0.0.1:1\t" in text) == (
        tried,
        tried,
    )


def test_it_begins_itself_anew_without_anything_of_its_caller(program):
    """The environment of the one that reads; its shell is found by no variable."""
    text = program.read_text().replace(
        "# What it asks, and tells first that it does.", "env\npwd"
    )
    program.chmod(0o700)
    program.write_text(text)
    here = str(program.parent)
    status, said = ran(program, env={"LVM_SYSTEM_DIR": here, "HOME": here, "PATH": here})
    seen = said.partition("@@reconcile-installed")[0].splitlines()
    assert status == 0
    assert {line.partition("=")[0] for line in seen if "=" in line} <= {
        *("HOME", "PATH", "LC_ALL", "PWD", "OLDPWD", "SHLVL", "_"),
    }
    assert ("HOME=/root" in seen, seen[-1]) == (True, "/")


@pytest.mark.parametrize(
    "words", [("x",), ("",), ("alone", "x"), ("--only", "identity"), ("--help",)]
)
def test_it_takes_no_argument(program, words):
    assert ran(program, *words) == (64, "")


def test_one_waits_for_the_other(program):
    """The lock is on the file itself, which nobody else may open."""
    holder = subprocess.Popen(["flock", program, "sh", "-c", "echo held; read _"], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == "held\n"
    waiting = subprocess.Popen([program], text=True, stdout=subprocess.PIPE)
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(0.3)
    holder.communicate("\n")
    said, _ = waiting.communicate(timeout=60)
    assert said.endswith("@@done\n")


def test_who_waits_too_long_says_so(program):
    text = program.read_text().replace("timeout 30 flock", "timeout 0.1 flock")
    program.chmod(0o700)
    program.write_text(text)
    with program.open() as file:
        subprocess.run(["flock", "0"], stdin=file, check=True)
        status, said = ran(program)
    assert (status, said.startswith("another look still runs on this host")) == (75, True)


def test_the_digest_is_of_the_text_and_not_of_what_it_asks(program):
    other = installed_text((), ())
    assert digest() in program.read_text()
    assert digest() in other
    assert "--connect" not in other.partition("# What it asks")[2].partition("\n\n")[0]


@pytest.mark.parametrize(
    "before",
    [
        "",
        "motd\n",
        '@@asked\twant\t"x"\n',
        "@@reconcile-installed\ta\n@@reconcile-installed\tb\n",
    ],
)
def test_what_does_not_say_which_text_it_is_was_not_installed(before):
    assert installed_answer(before) is None


def test_a_word_that_is_none_asks_for_nothing():
    text = '@@reconcile-installed\tabc\n@@asked\twant\t"a\n@@asked\twant\t"b"\n'
    assert installed_answer(text) == ("abc", {"want": frozenset({"", "b"})})


def test_what_more_was_asked_is_left_out_and_what_was_not_is_unknown():
    whole = facts("node01", 1)
    seen = as_asked(whole, asked_by(["--unit", "a.service"]), asked_by([]), "not looked at")
    assert seen == whole
    lacks = as_asked(whole, asked_by([]), asked_by(["--guests", LISTING]), "not looked at")
    assert lacks.guests == Unknown("not looked at: /srv/a")


class Answering:
    """A host that answers as its program does, whatever it is asked."""

    name = "node01"

    def __init__(self, text: str) -> None:
        self.text, self.asked = text, list[Command]()

    async def run(self, command: Command) -> Completed:
        self.asked.append(command)
        return Completed(0, self.text, "", 0.0)

    async def close(self) -> None:
        pass


async def test_only_the_program_is_sent_and_its_answer_is_taken_as_asked(program):
    door = Answering(ran("dash", program, "alone")[1])
    command = probe_command(want=["wwid=3600"], paths=["/srv/a"])
    seen = await observe_one(LookedAtHost(door), command, SECTIONS)
    assert [one.argv for one in door.asked] == [(PROGRAM,)]
    assert isinstance(seen, HostFacts)
    assert not isinstance(seen.wanted, Unknown)
    assert ([view.ref for view in seen.wanted], seen.interconnect) == (["wwid=3600"], ())
