"""What is told of a command: where, how long, how much, how it ended; never a secret."""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass

import pytest

from reconciler import telemetry
from reconciler.errors import HostUnreachable
from reconciler.execution.secrets import Secrets
from reconciler.gate import gate_command
from reconciler.hosts.logged import LoggedHost
from reconciler.model.plan import Command, Completed
from reconciler.probe import probe_command
from reconciler.telemetry import Detail
from tests.clock import drive
from tests.runs import witnessed

CANARY = "c4nary"


@dataclass
class Slow:
    """A host that takes two seconds, and has its command's last words in its answer."""

    fails: type[BaseException] | None = None
    name: str = "node01"

    async def run(self, command):
        await asyncio.sleep(2)
        if self.fails is HostUnreachable:
            raise HostUnreachable("node01", "sudo-refused", " ".join(command.argv))
        if self.fails:
            raise self.fails
        return Completed(75, command.argv[-1], "é")

    async def close(self):
        """Nothing is held."""


def told(command, fails=None):
    """What a command on a host makes of the log, without the times."""
    found = []

    async def story():
        told = telemetry.logging(Detail("debug", "json"), found.append)
        with told, suppress(HostUnreachable, asyncio.CancelledError):
            secrets = Secrets({"env:TOKEN": CANARY})
            await secrets.run(LoggedHost(Slow(fails), "ocfs2"), command)

    drive(witnessed(1), story())
    assert CANARY not in "".join(found)
    events = [json.loads(line) for line in found]
    return [{key: e[key] for key in e if key not in {"time", "level"}} for e in events]


def test_a_programs_start_and_end_are_told_with_the_names_of_its_secrets():
    command = Command(("tool", "env:TOKEN", "last"), stdin="1234", references=("env:TOKEN",))
    where = {"cluster": "ocfs2", "host": "node01", "command": "tool env:TOKEN last"}
    assert told(command) == [
        {"event": "command-started", **where, "bytes_sent": len("tool env:TOKEN last1234")},
        {
            "event": "command-ended",
            **where,
            "status": 75,
            "seconds": 2.0,
            "bytes_received": len("last") + 2,
        },
    ]


@pytest.mark.parametrize(
    ("fails", "end", "code"),
    [
        (HostUnreachable, "command-failed", {"code": "sudo-refused"}),
        (asyncio.CancelledError, "command-abandoned", {}),
    ],
)
def test_how_it_did_not_end_is_told_without_words_that_may_quote_a_secret(fails, end, code):
    _start, ended = told(Command(("tool", "env:TOKEN")), fails)
    where = {"cluster": "ocfs2", "host": "node01", "command": "tool env:TOKEN"}
    assert ended == {"event": end, **where, **code, "seconds": 2.0}


@pytest.mark.parametrize(
    ("command", "event", "words"),
    [
        (probe_command(only=("leases",)), "probe-started", "reconcile-probe --only leases"),
        (gate_command("do", "modprobe", "ocfs2"), "gate-started", "modprobe ocfs2"),
        (
            gate_command("stop-guest", "vm1", "5", "list", "stop\nenv:TOKEN\nvm1"),
            "gate-started",
            "stop env:TOKEN vm1",
        ),
        (gate_command("resume"), "gate-started", "reconcile-gate resume"),
        (Command(("sh", "-c", "exit 1")), "command-started", "sh -c 'exit 1'"),
    ],
)
def test_programs_that_travel_are_told_as_people_see_them(command, event, words):
    first, _end = told(command)
    assert (first["event"], first["command"]) == (event, words)
    assert first["bytes_sent"] >= sum(map(len, command.argv))
