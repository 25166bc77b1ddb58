"""What the gate's answers about a lease mean to a run, and to an operator who frees it by hand."""

import asyncio
from dataclasses import dataclass, field

import pytest

from reconciler.errors import HostUnreachable, LockHeld
from reconciler.execution import leases
from reconciler.execution.leases import Ask, Grant, Holding, Now, Seat, gate_refusal
from reconciler.execution.operating import (
    Answer,
    ScopedHost,
    Wish,
    forget,
    pause,
    resume,
    seats_of,
    unlock,
)
from reconciler.model.gate_call import gate_call
from reconciler.model.observed import Lease, Observed, Unknown
from reconciler.model.plan import Completed
from tests.builders import bare, spec, with_facts

ASK = Ask("run-1", "{}", ("a", "b"))


@dataclass
class Answering:
    """A host that says the same to each command; and which these were."""

    status: int = 0
    stdout: str = ""
    stderr: str = ""
    lost: bool = False
    name: str = "node01"
    asked: list = field(default_factory=list)

    async def run(self, command):
        self.asked.append((call := gate_call(command.argv)).verb)
        self.asked.append(call.arguments)
        if self.lost:
            raise HostUnreachable(self.name, "host-unreachable", "no route")
        return Completed(self.status, self.stdout, self.stderr)

    async def close(self):
        """Nothing is held."""


def make_refusal(code, message="words"):
    return Answering(75, "", f"gate: {code}: {message}\n")


def ask(work, host, *more):
    return asyncio.run(work(Seat(host, "-"), *more))


@pytest.mark.parametrize(
    ("stdout", "expected"),
    [
        ("ok acquired run-1 7\n", Grant(7)),
        ("displaced run-0 a,-,b\nok acquired run-1 7\n", Grant(7, ("a", "b"))),
        ("a word of the shell\ndisplaced run-0 -\nok acquired run-1 7\n", Grant(7)),
    ],
)
def test_a_grant_has_its_token_and_whom_it_displaced(stdout, expected):
    assert ask(leases.acquire, Answering(0, stdout), ASK) == expected


@pytest.mark.parametrize("stdout", ["", "ok acquired run-1 x\n", "ok acquired run-1\n"])
def test_without_a_token_there_is_no_grant(stdout):
    with pytest.raises(HostUnreachable, match="no token in the answer") as caught:
        ask(leases.acquire, Answering(0, stdout), ASK)
    assert caught.value.code == "lease-failed"


def test_whoever_has_it_is_told_with_its_age():
    host = make_refusal("lease-held", "run-0\t{}\t17")
    assert ask(leases.acquire, host, ASK) == Holding("run-0", "{}", 17.0)


@pytest.mark.parametrize(
    ("host", "code"),
    [
        (make_refusal("lease-held", "run-0\t{}"), "lease-failed"),
        (make_refusal("lease-held", "run-0\t{}\tlong"), "lease-failed"),
        (make_refusal("lease-garbled"), "lease-failed"),
        (Answering(127, "", ""), "lease-failed"),
        (make_refusal("paused", "by ops"), "paused"),
    ],
)
def test_an_answer_that_says_nothing_of_the_lease_gives_none(host, code):
    with pytest.raises(HostUnreachable) as caught:
        ask(leases.acquire, host, ASK)
    assert caught.value.code == code


def test_while_something_still_runs_there_it_is_held():
    with pytest.raises(LockHeld) as caught:
        ask(leases.acquire, make_refusal("lease-busy", "mkfs.ocfs2"), ASK)
    assert (caught.value.code, caught.value.holder) == ("lease-busy", "mkfs.ocfs2")


def test_a_renewal_tells_the_hosts_clock_and_anything_else_is_a_loss():
    renewed = Answering(0, "ok renewed run-1 boot-a 42\n")
    assert ask(leases.renew, renewed, "run-1", 7) == Now("boot-a", 42)
    for host in (make_refusal("lease-lost"), Answering(0, "ok\n"), Answering(1)):
        with pytest.raises(LockHeld, match="not this run any more") as caught:
            ask(leases.renew, host, "run-1", 7)
        assert caught.value.code == "lease-lost"


@pytest.mark.parametrize(
    ("host", "sealed"),
    [
        (Answering(0), True),
        (make_refusal("lease-lost"), True),  # another's by now
        (make_refusal("lease-garbled"), False),
        (Answering(1), False),
        (Answering(lost=True), False),
    ],
)
def test_a_run_is_sealed_where_the_host_says_so(host, sealed):
    assert ask(leases.seal, host, "run-1", 7) is sealed


def test_where_nobody_answers_a_lease_is_left_to_expire():
    assert ask(leases.free, Answering(lost=True), "run-1", 7) is None


@pytest.mark.parametrize(
    ("stderr", "expected"),
    [
        ("warning: x\ngate: paused: by: ops \n", ("paused", "by: ops")),
        ("so says the gate: paused: by ops\n", ("", "")),
        ("gate: paused\n", ("", "")),
        ("gate: : words\n", ("", "")),
        ("", ("", "")),
    ],
)
def test_a_refusal_is_a_line_of_the_gate_with_code_and_words(stderr, expected):
    assert gate_refusal(Completed(75, "", stderr)) == expected


ANSWERS = [
    (Answering(0, "ok unlocked run-1 7\n"), Answer("node01", token=7)),
    (Answering(0, ""), Answer("node01")),
    (Answering(0, "ok paused\n"), Answer("node01")),
    (make_refusal("lease-busy", "mkfs"), Answer("node01", "lease-busy", "mkfs")),
    (Answering(1, "", "sh: no\n"), Answer("node01", "lease-failed", "sh: no")),
    (Answering(127), Answer("node01", "lease-failed", "status 127 without a word")),
    (Answering(lost=True), Answer("node01", "host-unreachable", "no route")),
]


@pytest.mark.parametrize(("host", "expected"), ANSWERS)
def test_what_a_host_says_to_an_operator_is_an_answer_and_cancels_no_other(host, expected):
    both = {"node01": [Seat(host, "-")], "node02": [Seat(Answering(name="node02"), "-")]}
    assert asyncio.run(unlock(both, "run-1")) == (expected, Answer("node02"))
    assert asyncio.run(pause({"node01": ("c", host)}, Wish("why", "ops", None))) == (expected,)
    assert asyncio.run(resume({"node01": ("c", host)})) == (expected,)


@pytest.mark.parametrize(("seconds", "until"), [(None, "-"), (60, "+60")])
def test_a_pause_names_cluster_reason_author_and_end(seconds, until):
    host = Answering()
    asyncio.run(pause({"node01": ("c", host)}, Wish("why", "ops", seconds)))
    assert host.asked == ["pause", ("c", "why", "ops", until)]


def test_what_was_taken_from_a_run_is_freed_with_the_token_of_each_host():
    hosts = [Answering(), Answering(lost=True)]
    seats = {"a": [Seat(hosts[0], "-")], "b": [Seat(hosts[1], "c")]}
    asyncio.run(forget(seats, "run-1", [Answer("a", token=7), Answer("b", token=8)]))
    assert [host.asked for host in hosts] == [
        ["lease-free", ("-", "run-1", "7")],
        ["lease-free", ("c", "run-1", "8")],
    ]


def test_a_run_is_looked_for_where_it_is_and_where_nothing_could_be_read():
    seen = with_facts(bare(spec()), "node01", leases=(Lease("run-1", "{}", 1.0, "c"),))
    seen = with_facts(seen, "node02", leases=Unknown("garbled"))
    seen = with_facts(seen, "node03", leases=(Lease("run-2", "{}", 1.0),))
    hosts = {name: ScopedHost(Answering(name=name), ("-", "c")) for name in seen.hosts}
    found = seats_of(hosts, Observed(seen.hosts), "run-1")
    assert {name: [seat.scope for seat in seats] for name, seats in found.items()} == {
        "node01": ["c"],
        "node02": ["-", "c"],
    }
