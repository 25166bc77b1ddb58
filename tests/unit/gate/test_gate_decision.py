"""The gate decides as ``lease_decision.py`` does: the same situations are put to both.

Of all combinations so many are put to the real script that each row of the table refuses, each
yes is given, and each two values of a situation meet, also each value with each row. Each shell has
a share of them, which together are all; each night it has all.
"""

import fcntl
import itertools
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from reconciler.gate.lease_decision import (
    EFFECTS,
    EXPIRY,
    REFUSALS,
    Acquire,
    Act,
    Answer,
    Free,
    Lease,
    Moment,
    Renew,
    Request,
    Seal,
    Unlock,
    age,
    decide,
)
from tests.unit.gate.calls import SHELLS, gate, needs_root, within

ROOM = 32768
OTHER_BOOT = "00000000-0000-4000-8000-000000000000"
HOLDER = '{"user": "root", "pid": 7}'
LATE, EARLY = 5000, 60  # uptimes on both sides of EXPIRY
TOKEN, STEP = 5, 3
NEAR = (-1, 0, 1)


@dataclass(frozen=True)
class Situation:
    """``where`` is the scope."""

    lease: Lease
    now: Moment
    ask: Request
    where: str

    @property
    def answer(self) -> Answer:
        return decide(self.lease, self.now, self.ask)

    def features(self) -> frozenset[object]:
        """Each two values that meet, the request's kind and the deciding row being among them.

        Who may displace whom depends on more than two: there, all that the row reads.
        """
        lease, now = self.lease, self.now
        asked = (getattr(self.ask, field.name) for field in fields(self.ask))
        seen = (lease.token, lease.run, lease.sealed, lease.renewed, lease.boot, lease.step)
        values = (*seen, now.uptime, now.running, now.paused, self.where, self.row(), *asked)
        numbers = map(_number, enumerate((*values, type(self.ask))))
        pairs = [first << 16 | second for first, second in itertools.combinations(numbers, 2)]
        disturbed = now.running or now.paused
        whole = [(lease, self.ask, disturbed)] if isinstance(self.ask, Acquire) else []
        return frozenset((*pairs, *whole))

    def row(self) -> str:
        """The row of the table that decides."""
        rows = REFUSALS[type(self.ask)]
        refusing = (
            n for n, (_, holds) in enumerate(rows) if holds(self.lease, self.now, self.ask)
        )
        return f"{type(self.ask).__name__} {next(refusing, 'yes')}"


_numbers: dict[object, int] = {}


def _number(value: object) -> int:
    """The same for the same value: pairs of numbers are compared faster than those of values."""
    return _numbers.setdefault(value, len(_numbers))


def this_boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def leases(boot: str, uptime: int) -> Iterator[Lease]:
    yield Lease()
    yield Lease(TOKEN)
    lists = {"r1": ("h1", "san:images"), "r2": ("h2", "h3")}
    for run, sealed in itertools.product(lists, (False, True)):
        taken = Lease(TOKEN, run, sealed, HOLDER, lists[run], step=STEP, began=boot)
        yield replace(taken, boot=OTHER_BOOT, renewed=uptime)
        for seconds in (0, EXPIRY, EXPIRY + 1):
            yield replace(taken, boot=boot, renewed=max(0, uptime - seconds))
    yield Lease(TOKEN, "r1", holder=HOLDER, hosts=("h1",), boot=boot, renewed=uptime)
    for sealed in (False, True):
        yield Lease(TOKEN, "garbled", sealed, boot=boot, renewed=max(0, uptime - EXPIRY - 1))


def requests(boot: str, uptime: int) -> Iterator[Request]:
    for displaces in ("", "r2"):
        yield Acquire("r1", HOLDER, ("h1", "h2"), displaces)
    for near in NEAR:
        yield from (kind("r1", TOKEN + near) for kind in (Renew, Seal, Free))
    for run in ("r1", "r2"):
        yield Unlock(run)
    for token, step, asked, until in itertools.product(NEAR, NEAR, (boot, OTHER_BOOT), NEAR):
        yield Act("r1", TOKEN + token, STEP + step, asked, uptime + until, "a8")


@cache
def every_situation() -> list[Situation]:
    boot = this_boot()
    return [
        Situation(lease, Moment(boot, uptime, running, paused), ask, where)
        for uptime in (LATE, EARLY)
        for lease in leases(boot, uptime)
        for ask in requests(boot, uptime)
        for running, paused in itertools.product((False, True), repeat=2)
        for where in ("-", "images")
    ]


@cache
def enough() -> list[Situation]:
    """Few of them that have all features between them; who brings most comes first."""
    features = [(situation, situation.features()) for situation in every_situation()]
    missing = {feature for _, brings in features for feature in brings}
    chosen = []
    for least in (24, 12, 6, 3, 1):
        for situation, has in features:
            brings = has & missing
            if len(brings) >= least:
                chosen.append(situation)
                missing -= brings
    return chosen


def text(lease: Lease) -> str:
    values = {field.name: getattr(lease, field.name) for field in fields(lease)}
    values |= {"sealed": int(lease.sealed), "hosts": ",".join(lease.hosts)}
    lines = "".join(f"{name}\t{value}\n" for name, value in values.items())
    return f"{lines}pad\t".ljust(ROOM - 1, "x") + "\n"


def parsed(content: str) -> Lease:
    found = dict(line.split("\t", 1) for line in content.splitlines())
    found.pop("pad")
    numbers = {name: int(found.pop(name)) for name in ("token", "renewed", "step")}
    hosts = tuple(name for name in found.pop("hosts").split(",") if name)
    sealed = {"0": False, "1": True}[found.pop("sealed")]
    rest: dict[str, Any] = {**numbers, **found}
    return Lease(hosts=hosts, sealed=sealed, **rest)


def words(situation: Situation) -> list[str]:
    """The verb, and what must be printed if the answer is yes."""
    ask, where = situation.ask, situation.where
    match ask:
        case Acquire(run, holder, hosts, displaces):
            return ["lease-acquire", where, run, holder, ",".join(hosts), displaces or "-"]
        case Unlock(run):
            return ["lease-unlock", where, run]
        case Act(run, token, step, boot, until, action):
            permit = [where, run, str(token), str(step), boot, str(until), action]
            return ["as", *permit, "run", "echo", "it ran"]
        case _:
            verb = f"lease-{type(ask).__name__.lower()}"
            return [verb, where, ask.run, str(ask.token)]


def printed(situation: Situation) -> str:
    """What stands on stdout after a yes."""
    ask, answer, now = situation.ask, situation.answer, situation.now
    before = situation.lease
    match ask:
        case Acquire():
            hosts = ",".join(answer.displaced) or "-"
            displaced = f"displaced {before.run} {hosts}\n" * bool(before.run)
            return f"ok acquired {ask.run} {answer.lease.token}\n{displaced}"
        case Renew():
            return f"ok renewed {ask.run} {now.boot} {now.uptime}\n"
        case Unlock():
            return f"ok unlocked {ask.run} {before.token}\n"
        case Act():
            return "it ran\n"
        case _:
            verb = {Seal: "sealed", Free: "freed"}[type(ask)]
            return f"ok {verb} {ask.run}\n"


def put_to_the_gate(situation: Situation, shell: tuple[str, ...]) -> str:
    """What is not as ``decide`` says; empty if all is."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        state = Path(name) / "reconcile"
        place = state if situation.where == "-" else state / situation.where
        place.mkdir(parents=True, mode=0o700)
        if situation.lease != Lease():
            (place / "lease").write_text(text(situation.lease))
        if situation.now.paused:
            (state / "paused").write_text(
                "cluster\timages\nreason\tr\nby\tb\nsince\t1\nuntil\t-\n"
            )
        if situation.now.running:
            busy = running.enter_context((place / "busy").open("a"))
            fcntl.flock(busy, fcntl.LOCK_EX)
        (Path(name) / "uptime").write_text(f"{situation.now.uptime}.50 0.00\n")
        mounts = f"mount --bind {name} /var/lib && mount --bind {name}/uptime /proc/uptime"
        status, out, error = gate(*words(situation), prefix=within(mounts, shell))
        after = (place / "lease").read_text() if (place / "lease").exists() else ""
        return differences(situation, (status, out, error), after)


def differences(situation: Situation, said: tuple[int, str, str], after: str) -> str:
    answer, before = situation.answer, situation.lease
    if not answer.code:
        expected = (0, printed(situation), "")
        stands = parsed(after) if after else Lease()
        wrong = said != expected or stands != answer.lease or len(after) != ROOM
        return f"{situation}: {said}, {stands}, expected {answer}" * wrong
    kept = after == (text(before) if before != Lease() else "")
    code = said[2].removeprefix("gate: ").split(": ")[0]
    wrong = said[:2] != (75, "") or code != answer.code or not kept
    if code == "lease-held":
        held = f"{before.run}\t{before.holder}\t{age(before, situation.now)}\n"
        wrong = wrong or not said[2].endswith(held)
    return f"{situation}: {said}, expected {answer.code}" * wrong


def test_every_row_of_the_table_decides_somewhere() -> None:
    decided = {situation.row() for situation in enough()}
    rows = {f"{k.__name__} {n}" for k, found in REFUSALS.items() for n in range(len(found))}
    assert decided == rows | {f"{kind.__name__} yes" for kind in EFFECTS}


@needs_root
@pytest.mark.parametrize("place", range(len(SHELLS)))
def test_the_gate_decides_as_the_table_does(place: int) -> None:
    shells = [shell for shell in SHELLS if not any(mark.args[0] for mark in shell.marks)]
    share = slice(place, None, len(SHELLS))
    decides(enough()[share], shells[place % len(shells)].values[0])


@needs_root
@pytest.mark.nightly
@pytest.mark.parametrize("shell", SHELLS)
def test_the_gate_decides_all_as_the_table_does(shell: tuple[str, ...]) -> None:
    decides(enough(), shell)


def decides(situations: list[Situation], shell: tuple[str, ...]) -> None:
    # Where something runs the gate waits a second for it: more threads than processors.
    with ThreadPoolExecutor(8 * (os.cpu_count() or 1)) as pool:
        found = list(pool.map(lambda s: put_to_the_gate(s, shell), situations))
    assert [wrong for wrong in found if wrong] == []


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_of_doubled_messages_at_the_same_time_one_starts(
    tmp_path: Path, shell: tuple[str, ...]
) -> None:
    held = Lease(TOKEN, "r1", holder=HOLDER, hosts=("h1",), boot=this_boot(), step=STEP)
    (tmp_path / "reconcile").mkdir(mode=0o700)
    (tmp_path / "reconcile/lease").write_text(text(held))
    act = Act("r1", TOKEN, STEP + 1, this_boot(), 10**9, "a8")
    asked = words(Situation(held, Moment(this_boot(), LATE), act, "-"))
    prefix = within(f"mount --bind {tmp_path} /var/lib", shell)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: gate(*asked, prefix=prefix), range(6)))
    assert sorted(out for _, out, _ in answers) == [""] * 5 + ["it ran\n"]
    refused = {error.split(": ")[1] for status, _, error in answers if status == 75}
    assert refused <= {"action-repeated", "lease-busy"}
