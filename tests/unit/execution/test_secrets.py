"""Secrets are read when an action runs, and come back to nobody."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import pytest

from reconciler.errors import ActionFailed, HostUnreachable
from reconciler.execution.secrets import Secrets, read_secrets
from reconciler.gate import gate_command
from reconciler.hosts.ssh.failures import shorten_command
from reconciler.model.plan import Action, Command, Completed
from reconciler.model.secrets import is_mistaken, references
from tests.clock import drive
from tests.runs import witnessed

CANARY = "c4nary '\"\\ x"


def action(*argv):
    command = Command(argv, references=references(argv))
    return Action("c/h/back-up/v", "back-up", "h", "volume/v", "", "", "safe", command, ())


@dataclass
class Echo:
    """A host whose programs print their words, or whose connection tells them."""

    lost: bool = False
    name: str = "h"
    sent: list = field(default_factory=list)

    async def run(self, command):
        self.sent.append(command)
        words = " ".join(command.argv[-3:])
        if self.lost:
            raise HostUnreachable("h", "sudo-refused", f"{shorten_command(command)}: {words}")
        return Completed(1, f"out {words}", f"err {words!r} {words[-12:]}")

    async def close(self):
        """Nothing is held."""


def ran(host, command, secrets):
    return drive(witnessed(1), secrets.run(host, command))


def test_a_word_is_a_reference_only_whole_and_well_spelled():
    words = ("env:A_1", "file:/run/x y", "file:~/x", "--key=env:A", "file:///x", "env:A")
    assert references((*words, "env:A")) == ("env:A_1", "file:/run/x y", "file:~/x", "env:A")
    wrong = ("env:", "env:a-b", "file:x", "file:", "cmd:pass x", "file:/x/{guest}", "env:1")
    assert [is_mistaken(word) for word in wrong] == [True] * len(wrong)
    assert not any(map(is_mistaken, (*words, "envelope", "x:env:A")))


def test_what_is_sent_has_the_secret_and_what_comes_back_has_not(monkeypatch):
    monkeypatch.setenv("TOKEN", CANARY)
    one, host = action("tool", "env:TOKEN"), Echo()
    ended = ran(host, one.command, read_secrets(one))
    assert host.sent[0].argv == ("tool", CANARY)
    assert (ended.stdout, "c4nary" in ended.stderr) == ("out tool ***", False)
    assert host.sent[0].words == ("tool", "env:TOKEN")
    assert CANARY not in repr(read_secrets(one))


def test_nor_does_what_is_said_of_a_lost_connection(monkeypatch):
    monkeypatch.setenv("TOKEN", CANARY)
    one = action("tool", "env:TOKEN")
    with pytest.raises(HostUnreachable) as raised:
        ran(Echo(lost=True), one.command, read_secrets(one))
    assert raised.value.message == "tool env:TOKEN: tool ***"
    assert raised.value.__cause__ is None


def test_the_gate_gets_it_inside_of_its_argument():
    text = gate_command("stop-guest", "vm1", "5", "list\nenv:T", "stop\nenv:T\nvm1")
    host = Echo()
    ran(host, text, Secrets({"env:T": "x"}))
    assert host.sent[0].argv[4:] == ("stop-guest", "vm1", "5", "list\nx", "stop\nx\nvm1")
    assert host.sent[0].argv[:4] == text.argv[:4]


def test_a_command_without_references_is_sent_as_it_is(monkeypatch):
    monkeypatch.setenv("TOKEN", CANARY)
    plain, host = Command(("tool", "env:TOKEN")), Echo()
    one = Action("a", "back-up", "h", "volume/v", "", "", "safe", plain, ())
    assert ran(host, plain, read_secrets(one)).stdout == "out tool env:TOKEN"
    assert host.sent == [plain]


def test_a_file_is_read_whole_less_its_last_line_feed(tmp_path):
    path = tmp_path / "token"
    path.write_text("one word \n")
    path.chmod(0o600)
    assert read_secrets(action("t", f"file:{path}")).values == {f"file:{path}": "one word "}


def made(path, mode=0o600, content=b"x"):
    path.write_bytes(content)
    path.chmod(mode)


TROUBLES = {
    "is a symbolic link": lambda p: (made(p.with_suffix(".x")), p.symlink_to("token.x")),
    "is not a regular file": lambda p: p.mkdir(),
    "No such file or directory": lambda p: None,
    "can be read or changed by others: chmod 600 ": lambda p: made(p, 0o604),
    "can be read or changed by others:": lambda p: made(p, 0o620),
    "is empty": lambda p: made(p, content=b"\n"),
    "is longer than 4096 bytes": lambda p: made(p, content=b"c4nary" * 1000),
    "is not UTF-8": lambda p: made(p, content=b"c4nary\xff"),
    "holds a line feed or another": lambda p: made(p, content=b"c4nary\nc4nary\n"),
    "belongs to somebody else": lambda p: (made(p), os.chown(p, 12345, -1)),
    "is not a regular file ": lambda p: os.mkfifo(p, 0o600),
}


@pytest.mark.parametrize("why", TROUBLES)
def test_a_file_that_is_none_to_trust_fails_by_name_and_tells_nothing_of_it(tmp_path, why):
    if "somebody" in why and os.geteuid() != 0:
        pytest.skip("only root gives files away")
    path = tmp_path / "token"
    TROUBLES[why](path)
    with pytest.raises(ActionFailed) as raised:
        read_secrets(action("t", f"file:{path}"))
    said = f"c/h/back-up/v: not started: secret-unread: file:{path} {why.strip()}"
    assert (str(raised.value).startswith(said), "c4nary" in str(raised.value)) == (True, False)


@pytest.mark.parametrize(
    ("value", "why"), [(None, "is not set in the environment of reconcile"), ("", "is empty")]
)
def test_a_variable_that_is_missing_fails_by_name(monkeypatch, value, why):
    monkeypatch.delenv("TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("TOKEN", value)
    with pytest.raises(ActionFailed, match=f"secret-unread: env:TOKEN {why}"):
        read_secrets(action("t", "env:TOKEN"))
