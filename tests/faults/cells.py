"""One cell: an operation, a fault in its midst, and everything that must be true afterwards."""

import json
import os
import random
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.faults.injections import FAULTS, Scene
from tests.faults.operations import OPERATIONS, State
from tests.faults.stage import PART, Stage, Wrong, approval, utc
from tests.lab.shell import LabError
from tests.scenarios.operator import Operator

CELLS = tuple(f"{operation}/{fault}" for operation in OPERATIONS for fault in FAULTS)
# A run that a fault disturbed ends by itself well before that.
PATIENCE = 1200.0
# A run may need fewer steps than were planned: then another step is chosen, this often.
TRIES = 3
# Seconds until the hosts are as wished after the fault has been mended: boots, deaths, recovery.
RECOVERY = 900.0
# Seconds that a network stays cut: before and beyond the point where the lone host is fenced.
HOLD = (5.0, 75.0)
# What an interrupted format leaves is no blank disk, and nobody but an operator may say it is.
LASTING = {"create": {"device-not-blank"}}
GOOD, REFUSED, WRONG, MISSED = "converged", "refused", "wrong", "missed"
BAD = {WRONG, MISSED}


def diagonal(seed: int, count: int) -> tuple[str, ...]:
    """So many cells, of which no two share an operation or a fault."""
    chance = random.Random(seed)  # noqa: S311 - a seed makes the choice
    operations = chance.sample(tuple(OPERATIONS), len(OPERATIONS))
    faults = chance.sample(tuple(FAULTS), len(FAULTS))
    return tuple(map("/".join, zip(operations, faults, strict=False)))[:count]


@dataclass
class CellResult:
    """What came of a cell; ``pause`` is the longest between writes of who was not struck."""

    cell: str
    seed: int
    date: str = ""
    step: str = ""
    target: str = ""
    disturbed: str = ""
    runs: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    outcome: str = WRONG
    why: str = ""
    pause: float | None = None
    is_outage: bool = False
    seconds: int = 0
    load: float = 0.0
    notes: list[str] = field(default_factory=list)

    def to_record(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Moment:
    """When a fault strikes: at the start of an action of the plan, and so much later."""

    step: int
    of: int
    delay: float


def play(stage: Stage, cell: str, seed: int) -> CellResult:
    """Brings the hosts to what the operation begins with, disturbs it, and judges the end."""
    for again in range(TRIES):
        result = CellResult(cell, seed + 1000 * again, date=utc())
        began = time.monotonic()
        try:
            _Play(stage, result).run()
            break
        except Missed as error:
            result.outcome, result.why = MISSED, str(error)
        except (Wrong, LabError, AssertionError) as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            words = str(error) or f"{where.filename}:{where.lineno}: {where.line}"
            result.outcome, result.why = WRONG, f"{type(error).__name__}: {words}"[:1500]
            break
    result.seconds = round(time.monotonic() - began)
    result.load = round(os.getloadavg()[0], 1)
    return result


class Missed(Exception):
    """The run ended before the step at which a fault was to strike it."""


class _Play:
    """A cell being played."""

    def __init__(self, stage: Stage, result: CellResult) -> None:
        self.stage, self.result = stage, result
        name, fault = result.cell.split("/")
        self.name, self.operation, self.fault = name, OPERATIONS[name], FAULTS[fault]
        self.chance = random.Random(f"{result.seed}/{result.cell}")  # noqa: S311 - a seed makes the cell
        self.other = Operator(stage.lab, stage.operator.home / "other")
        self.other.home.mkdir(exist_ok=True)

    def run(self) -> None:
        """The whole story."""
        writers = self._prepare()
        before, after = self.stage.state, self.operation.after(self.stage.state)
        file = self.stage.write(after)
        plan = self._plan_due(file)
        self.stage.state, self.stage.is_blank, self.stage.is_settled = after, False, False
        keepers = self._keepers(plan, before)
        scene = self._disturb(file, plan)
        self._mend(scene)
        self._recover(file)
        self._judge(scene, writers, [host for host in keepers if host != scene.target])

    def _prepare(self) -> tuple[str, ...]:
        """The world before; who writes in it."""
        stage = self.stage
        if self.operation.is_first:
            stage.blank()
            stage.state = self.operation.before(stage.state)
            return ()
        stage.settle(self.operation.before(stage.state))
        if host := self.operation.dies:
            stage.lab.kill(host)
            dead = stage.write(self.operation.after(stage.state))
            self._wait(lambda: not _blocked(stage, dead), f"{host} is not seen to be dead")
        stage.together(
            [h for h in stage.state.members if h != self.operation.dies],
            lambda h: stage.do(h, ": >/run/writer-times"),
        )
        return tuple(h for h in stage.state.members if h != self.operation.dies)

    def _wait(self, is_true: Callable[[], bool], why: str) -> None:
        until = time.monotonic() + RECOVERY
        while not is_true():
            if time.monotonic() > until:
                raise Wrong(why)
            time.sleep(2)

    def _keepers(self, plan: Mapping[str, Any], before: State) -> list[str]:
        """Who keeps the volume all the time, if nothing strikes; else all who have it at the end."""
        if self.operation.is_first:
            return []
        actions = plan["clusters"][0]["actions"]
        taken = {a["host"] for a in actions if a["kind"] == "unmount"}
        stay = [h for h in before.members if h in self.stage.state.members]
        self.result.is_outage = not set(stay) - taken
        return [h for h in stay if h not in taken] or stay

    def _choose(self, actions: list[Mapping[str, Any]]) -> tuple[Moment, str]:
        """At a random step; whom it strikes: mostly who is at work there."""
        step = self.chance.randrange(len(actions))
        hosts = [h for h in self.stage.lab.hosts if h != self.operation.dies]
        actor = actions[step]["host"]
        if actor not in hosts or self.chance.random() < 0.4:
            in_play = [h for h in self.stage.state.members if h in hosts]
            actor = self.chance.choice(in_play)
        moment = Moment(step + 1, len(actions), self.chance.uniform(0, 1.5))
        return moment, actor if self.fault.strikes_host else ""

    def _plan_due(self, file: str) -> Mapping[str, Any]:
        """The plan, once nothing is in its way: a busy machine may see a host as unreachable."""
        until = time.monotonic() + RECOVERY
        while True:
            plan = self.stage.operator.plan(file)
            (one,) = plan["clusters"]
            if one["actions"] and not one["blocked"]:
                return plan
            if not one["blocked"]:
                raise Wrong("there is nothing to do")
            if time.monotonic() > until:
                raise Wrong(f"it cannot begin: {[b['message'] for b in one['blocked']]}")

    def _disturb(self, file: str, plan: Mapping[str, Any]) -> Scene:
        """The run, struck in its midst; one that is refused before it begins is begun again."""
        moment, target = self._choose(
            [a for a in plan["clusters"][0]["actions"] if a["command"]]
        )
        self.result.target = target
        hold = self.chance.uniform(*HOLD)
        for _ in range(TRIES):
            argv = ["apply", file, "--format", "json", *approval(plan)]
            with self.stage.operator._started(*argv) as run:
                scene = Scene(self.stage, run, file, target, self.other, hold=hold)
                events = self._read_events(moment, scene)
            if self.result.step:
                self.result.disturbed = _ending(run.returncode, events)
                return scene
            if any(event["event"] == "action-started" for event in events):
                break
            plan = self._plan_due(file)
        raise Missed(f"no action was the {moment.step}th: {events[-1]}")

    def _read_events(self, moment: Moment, scene: Scene) -> list[dict[str, Any]]:
        """All of a run, which is struck when it is time."""
        events: list[dict[str, Any]] = []
        with _patient(scene.run.kill) as late:
            for line in scene.run.stdout or ():
                events.append(json.loads(line))
                self._strike_at(moment, scene, events)
        if late:
            raise Wrong(f"the run did not end in {PATIENCE:.0f} s after {self.result.step}")
        return events

    def _strike_at(self, moment: Moment, scene: Scene, events: list[dict[str, Any]]) -> None:
        """At the action's start, and so much later as was chosen."""
        begun = sum(e["event"] == "action-started" for e in events)
        last = events[-1]
        is_due = last["event"] == "action-started" and begun >= moment.step
        if self.result.step or not is_due:
            return
        scene.id = last["run"]
        self.result.step = f"{last['host']}/{last['kind']}, {begun} of {moment.of}"
        time.sleep(moment.delay)
        scene.struck = time.monotonic()
        self.fault.strike(scene)

    def _mend(self, scene: Scene) -> None:
        """The fault is gone, and everybody who shall be is there."""
        if not scene.target or self._is_up(scene.target):
            self.fault.mend(scene)
        self.stage.wait_for_everybody(*self.stage.state.dead)
        self.result.notes += scene.notes

    def _is_up(self, host: str) -> bool:
        return self.stage.lab.status()["hosts"][host]["state"] == "on"

    def _recover(self, file: str) -> None:
        """Plans and runs until nothing is left to do; what is refused on the way is kept."""
        until = time.monotonic() + RECOVERY
        while True:
            plan = self.stage.operator.plan(file)
            codes = {b["code"] for b in plan["clusters"][0]["blocked"]}
            self.result.codes = sorted({*self.result.codes, *codes})
            if codes & LASTING.get(self.name, set()):
                self.result.outcome = REFUSED
                self._make_blank()
            elif not codes and not plan["clusters"][0]["actions"]:
                self.result.outcome = self.result.outcome.replace(WRONG, GOOD)
                return
            elif not codes:
                self._run_again(file, plan)
            if time.monotonic() > until:
                last = [b["message"] for b in plan["clusters"][0]["blocked"]]
                notes = last or self.result.notes
                raise Wrong(f"not as wished after {RECOVERY:.0f} s: {sorted(codes)} {notes}")
            if codes:
                time.sleep(3)

    def _run_again(self, file: str, plan: Mapping[str, Any]) -> None:
        """One run; if it ends otherwise than well it has said why."""
        words = approval(plan)
        done = self.stage.operator.run("apply", file, "--format", "json", *words)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        self.result.runs.append(_ending(done.returncode, events))
        failed = [e["message"] for e in events if e["event"] == "action-failed"]
        codes = [e["code"] for e in events if e["event"] == "refused"]
        self.result.notes += [one[:300] for one in (*failed, *codes)][:2]
        is_told = failed or codes or done.returncode in {0, 5, 6}
        if done.returncode not in {0, 3, 4, 5, 6} or not (is_told or done.stderr):
            raise Wrong(f"a run ended with {done.returncode}: {done.stderr[-600:]}")

    def _make_blank(self) -> None:
        """What the page of the code tells an operator who knows that nothing is on the disk."""
        self.stage.do("node01", f"blkdiscard -f -z {PART}")

    def _judge(
        self,
        scene: Scene,
        writers: tuple[str, ...],
        bystanders: list[str],
    ) -> None:
        """Everything that must be true in the end."""
        stage = self.stage
        if scene.woken:
            _check_powerless(scene.woken, scene.read_record())
        stage.check_writers([h for h in writers if h in stage.state.members])
        if bystanders:
            self.result.pause = max(stage.pauses(bystanders).values())
        stage.furnish()
        stage.check()
        stage.is_settled = True


def _check_powerless(woken: int, events: list[dict[str, Any]]) -> None:
    """Nothing that a displaced controller began after it woke has been done."""
    began = {e["action"] for e in events[woken:] if e["event"] == "action-started"}
    ended = {e["action"] for e in events[woken:] if e["event"] == "action-finished"}
    if both := began & ended:
        raise Wrong(f"a controller without a lease has done {sorted(both)}")


def _blocked(stage: Stage, file: str) -> list[Any]:
    blocked: list[Any] = stage.operator.plan(file)["clusters"][0]["blocked"]
    return blocked


def _ending(status: int, events: list[dict[str, Any]]) -> str:
    """How a run ended, in a word."""
    last = events[-1] if events else {}
    return str(last["result"]) if "result" in last else f"exit {status}"


@contextmanager
def _patient(kill: Callable[[], None]) -> Iterator[list[bool]]:
    """Kills what hangs, and says so."""
    late: list[bool] = []

    def end() -> None:
        late.append(True)
        kill()

    timer = threading.Timer(PATIENCE, end)
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
