"""What programs answer to the controller: the gate on a host, a shell, a repository of git."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.errors import HostUnreachable, LockHeld
from reconciler.execution.endings import explain_failure, output_of
from reconciler.execution.leases import Ask, Seat, acquire, gate_refusal, renew, seal
from reconciler.fleet.snapshot import LONGEST_NAME, file_of, show_name, strange_name
from reconciler.hosts.proof import join_answers, split_answers
from reconciler.model.plan import Command, Completed
from reconciler.probe.installed import installed_answer
from tests.fuzz.changes import change_text
from tests.fuzz.target import Finding, Target, check_same, check_shown, check_words

MARK = "c0ffee"
# Seconds that a float holds whole.
EXACT = 2.0**53
BETWEEN = "\0"  # an answer's status, stdout and stderr in one input


@dataclass(frozen=True, slots=True)
class SayingHost:
    """A host that answers every command with the same."""

    answer: Completed
    name: str = "node01"

    async def run(self, _command: Command) -> Completed:
        return self.answer

    async def close(self) -> None:
        """Nothing is open."""


def finish(asked: Coroutine[Any, Any, object]) -> object:
    """The result of what waits for nobody."""
    try:
        asked.send(None)
    except StopIteration as ended:
        return ended.value
    raise Finding("it waits")


def make_completed(data: bytes) -> Completed:
    """The end of a command that an input says."""
    status, _, rest = data.decode("utf-8", "replace").partition(BETWEEN)
    said, _, errors = rest.partition(BETWEEN)
    return Completed(0 if status == "0" else 3, said, errors)


def parse_lease(data: bytes) -> None:
    """Every question about the lease gets an answer of its kind, or is refused."""
    answer = make_completed(data)
    host = SayingHost(answer)
    seat = Seat(host, "-")
    check_words(gate_refusal(answer)[1] or "-", len(answer.stderr) + 1)
    assert isinstance(finish(seal(seat, "r1", 7)), bool)
    for asked in (
        lambda: acquire(seat, Ask("r1", "{}", ("node01",))),
        lambda: renew(seat, "r1", 7),
    ):
        try:
            finish(asked())
        except (HostUnreachable, LockHeld) as refusal:
            check_words(str(refusal), 400 + len(answer.stderr))
    explain_failure(answer)
    output_of(answer)


def parse_steps(data: bytes) -> None:
    """The ends of commands that travelled together; joined again they are the same."""
    answer = make_completed(data)
    found = split_answers(answer, MARK)
    ends = (found, *found.then)
    if found is answer or any(one.seconds > EXACT for one in ends):
        return
    if f"\n{MARK} " not in "".join(one.stdout for one in ends):
        again = split_answers(join_answers(found, MARK), MARK)
        told = [(one.status, one.stdout) for one in ends]
        check_same("ends", told, [(one.status, one.stdout) for one in (again, *again.then)])


def parse_installed(data: bytes) -> None:
    """What an installed probe says that it asks."""
    found = installed_answer(data.decode("utf-8", "replace"))
    assert found is None or all(
        isinstance(word, str) for words in found[1].values() for word in words
    )


def parse_source(data: bytes) -> None:
    """A file of a repository: its name can be shown or is refused, its text is bounded or none."""
    name, _, content = data.partition(b"\0")
    check_shown(show_name(name))
    if not strange_name(name):
        check_shown(name.decode())
        if len(name) > LONGEST_NAME:
            raise Finding("a long name")
    found = file_of("f.yaml", content)
    for problem in found.problems:
        check_words(problem.message)


def lease_seeds() -> Sequence[bytes]:
    """The gate's answers."""
    rows = (
        ("0", "ok acquired r1 12\ndisplaced r0 node01,node02", ""),
        ("0", "ok renewed r1 boot-1 1772", ""),
        ("3", "", "gate: lease-held: r0\t{}\t17"),
        ("3", "", "gate: lease-busy: mount runs"),
        ("3", "", "gate: lease-lost: it is another's"),
        ("3", "", "gate: paused: work by u@h"),
        ("3", "out", "o2net: No connection established with node 2 after 30 seconds"),
    )
    return tuple(BETWEEN.join(row).encode() for row in rows)


def step_seeds() -> Sequence[bytes]:
    """One command and a look, two commands."""
    one = f"0{BETWEEN}done\n{MARK} 0 3\n@@reconcile-probe\t1\n{BETWEEN}warn\n{MARK}\n"
    two = (
        f"3{BETWEEN}a\n{MARK} 0 1\nb\n{MARK} 3 0\nlook{BETWEEN}x\n{MARK}\ny\n{MARK}\nsh: killed"
    )
    return (one.encode(), two.encode())


TARGETS = (
    Target("gate-lease", parse_lease, lease_seeds, change_text,
           "reconciler.execution.leases:gate_refusal",
           words=("ok acquired r1 ", "displaced ", "gate: ", "lease-held: ", "\t", BETWEEN, " ")),
    Target("step-answers", parse_steps, step_seeds, change_text, "reconciler.hosts.proof:is_number",
           words=(f"\n{MARK} ", f"\n{MARK}\n", " 0 1\n", BETWEEN, "0", "3")),
    Target("installed-probe", parse_installed,
           lambda: (b'@@reconcile-installed\tabc\n@@asked\twant\t"path=/dev/x"\n@@asked\tblank\t"x"',),
           change_text, "reconciler.probe.installed:_word",
           words=("@@reconcile-installed\t", "@@asked\t", "want\t", '"')),
    Target("source-file", parse_source,
           lambda: (b"clusters/a.yaml\0version: 1\n", b".github/x\0\xff\xfe", b"a/../b.yml\0\x1f\x8b"),
           change_text, "reconciler.fleet.snapshot:read_stream",
           words=("\0", "../", "/", ".yaml", ".yml", "PK\x03\x04")),
)  # fmt: skip
