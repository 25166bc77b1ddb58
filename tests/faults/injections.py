"""What befalls a run and its hosts: each fault with how it strikes and how it is mended."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.faults.stage import Stage, Wrong
from tests.lab.shell import wait_until
from tests.scenarios.operator import Operator

OUTAGE = 20.0  # seconds without any path
UNLOCK_WITHIN = 200.0  # seconds; a command of the stopped run may have to end first
DELAY = 200  # milliseconds that each read and write of the slow disk takes longer
# Whatever is free of the root file system, where /etc and /var are, to the last block.
FILL = """\
fallocate -l $(($(df --output=avail -B1 / | tail -n 1) - 4194304)) /filler || true
cat /dev/zero >/filler2 2>/dev/null
touch /etc/.full 2>/dev/null && echo x >/etc/.full 2>/dev/null && exit 1
rm -f /etc/.full; exit 0
"""
EMPTY = "rm -f /filler /filler2 /etc/.full"
# The logical volume goes on under its name, through a target that delays. What grows it
# meanwhile, or refreshes it, makes it what it was.
SLOW = f"""\
modprobe dm_delay && t=$(dmsetup table san-lun1) && [ -n "$t" ] &&
echo "$t" | sed -E 's/ linear ([0-9:]+ [0-9]+)$/ delay \\1 {DELAY}/' >/run/slow &&
grep -q ' delay ' /run/slow && dmsetup suspend san-lun1 && dmsetup load san-lun1 /run/slow
dmsetup resume san-lun1; dmsetup table san-lun1 | grep ' delay '
"""
FAST = "lvchange --refresh san/lun1 && ! dmsetup table san-lun1 | grep ' delay '"


@dataclass
class Scene:
    """A run that is under way, and what a fault may lay hands on."""

    stage: Stage
    run: subprocess.Popen[str]
    file: str
    target: str
    other: Operator
    hold: float = 0.0
    struck: float = 0.0
    id: str = ""
    woken: int = 0
    notes: list[str] = field(default_factory=list)

    def read_record(self) -> list[dict[str, Any]]:
        """The run's events so far, as they stand on the controller's disk."""
        path = self.stage.operator.home / "state/runs" / f"{self.id}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]


def _kill(scene: Scene) -> None:
    scene.run.kill()


def _stop(scene: Scene) -> None:
    """The controller is stopped; another one frees its lease, meets the wish; then it wakes."""
    os.kill(scene.run.pid, signal.SIGSTOP)
    try:
        _take_over(scene)
    finally:
        scene.woken = len(scene.read_record())
        os.kill(scene.run.pid, signal.SIGCONT)


def _take_over(scene: Scene) -> None:
    freed = ("unlock", scene.id, scene.file, "--yes")
    if not wait_until(lambda: scene.other.run(*freed).returncode == 0, UNLOCK_WITHIN, 2):
        told = scene.other.run(*freed)
        raise Wrong(f"the lease was not freed: {told.stdout}{told.stderr}")
    for _ in range(3):
        done = scene.other.run("apply", scene.file, "--format", "json", *_words(scene))
        scene.notes.append(f"other controller {done.returncode}")
        if done.returncode == 0:
            return
    raise Wrong(f"another controller could not finish: {done.stdout[-800:]}{done.stderr}")


def _words(scene: Scene) -> list[str]:
    return ["--lock-timeout", "200s", *scene.other.approval(scene.file)]


def _cut_power(scene: Scene) -> None:
    scene.stage.lab.kill(scene.target)


def _cut(net: str) -> Callable[[Scene], None]:
    return lambda scene: scene.stage.lab.cut(scene.target, net)


def _cut_storage_for_a_while(scene: Scene) -> None:
    scene.stage.lab.cut(scene.target, "storage")
    time.sleep(OUTAGE)
    scene.stage.lab.heal(scene.target)


def _fill(scene: Scene) -> None:
    scene.stage.do(scene.target, FILL)


def _make_room(scene: Scene) -> None:
    scene.stage.do(scene.target, EMPTY)


def _slow_down(scene: Scene) -> None:
    scene.stage.do("san", SLOW)


def _speed_up(scene: Scene) -> None:
    scene.stage.do("san", FAST)


def _hold(scene: Scene) -> None:
    """The network stays cut for its time; the stage heals it."""
    time.sleep(max(0.0, scene.struck + scene.hold - time.monotonic()))
    scene.notes.append(f"cut for {time.monotonic() - scene.struck:.0f} s")


def _nothing(_scene: Scene) -> None:
    """The stage itself heals networks and switches on what is off."""


@dataclass(frozen=True)
class Fault:
    """How it strikes, what mends it; ``strikes_host`` if one host of the cluster suffers."""

    strike: Callable[[Scene], None]
    mend: Callable[[Scene], None] = _nothing
    strikes_host: bool = True


FAULTS: Mapping[str, Fault] = {
    "killed": Fault(_kill, strikes_host=False),
    "stopped": Fault(_stop, strikes_host=False),
    "power": Fault(_cut_power),
    "management": Fault(_cut("mgmt"), _hold),
    "interconnect": Fault(_cut("ic"), _hold),
    "one-path": Fault(_cut("sa")),
    "all-paths": Fault(_cut_storage_for_a_while),
    "full-disk": Fault(_fill, _make_room),
    "slow-disk": Fault(_slow_down, _speed_up, strikes_host=False),
}
