"""What can happen in ``watch --demo``: by itself, by a careless hand, by an operator."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.operating import choose_hosts, find_members
from reconciler.cli.watch_demo.sites import GIB
from reconciler.cli.watch_demo.stage import LUN, SLACK, Place
from reconciler.execution.operating import Wish, pause, resume
from reconciler.hosts.simulator.mishaps import MISHAPS
from reconciler.loading import read

if TYPE_CHECKING:
    from reconciler.cli.watch_demo.story import Act
    from reconciler.hosts.simulator.state.machine import Machine

RECONCILE = "from reconciler.__main__ import main; main()"
O2CB = "/etc/default/o2cb"
# Shares of a volume that is nearly full, and of one that is no longer.
FULL, ROOMY = 0.97, 0.86
# A machine that is busy may keep a host from answering in time.
TRIES, WELL, NOTHING = 3, {"converged", "no-change"}, "nothing was done"
# By so much volumes grow: little, as the story may be told a thousand times.
GROWTH = 64 * GIB


def _edit_o2cb(machine: Machine) -> None:
    text = machine.files.text(O2CB)
    changed = text.replace("O2CB_IDLE_TIMEOUT_MS=30000", "O2CB_IDLE_TIMEOUT_MS=60000")
    machine.files.write(O2CB, replace(machine.files.by_path[O2CB], text=changed))


def _disable_boot(machine: Machine) -> None:
    machine.units["o2cb.service"].enabled = False


def _refuse(machine: Machine) -> None:
    machine.refusal = "host-unreachable"


def _answer(machine: Machine) -> None:
    machine.refusal = ""


# ImpossibleWorld: there is nothing to do it to, as after what somebody else did meanwhile.
ON_HOSTS: Mapping[Act, Callable[[Machine], object]] = {
    "unmount": MISHAPS["umount"].happens,
    "edit-fstab": MISHAPS["fstab"].happens,
    "edit-o2cb": _edit_o2cb,
    "disable-boot": _disable_boot,
    "cut-power": MISHAPS["power"].happens,
    "switch-on": MISHAPS["power"].ends or _answer,
    "cut-off": _refuse,
    "reconnect": _answer,
    "lose-path": MISHAPS["path"].happens,
    "regain-path": MISHAPS["path"].ends or _answer,
}


def _ask(place: Place, size: int) -> None:
    place.size = size
    place.write()


def _grow(place: Place) -> None:
    place.world.grow(LUN, place.size + GROWTH + SLACK)
    _ask(place, place.size + GROWTH)


def _list(place: Place, members: tuple[str, ...]) -> None:
    place.members = members
    place.write()


CHANGES: Mapping[Act, Callable[[Place], object]] = {
    "fill": lambda place: place.fill(FULL),
    "tidy": lambda place: place.fill(ROOMY),
    "ask-less": lambda place: _ask(place, place.size // 2),
    "ask-as-before": lambda place: _ask(place, place.size * 2),
    "grow": _grow,
    "add-host": lambda place: _list(place, place.site.members()),
    "drop-host": lambda place: _list(place, place.site.at_first()),
    "open-site": Place.write,
}


@dataclass(frozen=True, slots=True)
class Operator:
    """Who mends, by the commands of ``reconcile``; runs are recorded in ``state``."""

    state: Path

    async def pause(self, place: Place) -> str:
        """As ``reconcile pause CLUSTER``."""
        desired = read(str(place.file))
        hosts = choose_hosts(place.connect, find_members(desired, place.site.name))
        await pause(hosts, Wish("work on the storage", "operator@demo", None))
        return ""

    async def resume(self, place: Place) -> str:
        """As ``reconcile resume CLUSTER``."""
        desired = read(str(place.file))
        await resume(choose_hosts(place.connect, find_members(desired, place.site.name)))
        return ""

    async def apply(self, place: Place) -> str:
        """``reconcile apply`` of a safe plan; the word by which it ended."""
        return await _until_well(lambda: self._apply(place, "--auto-approve"))

    async def review(self, place: Place) -> str:
        """Exactly the plan that was read, and what it does to the disk, is approved."""
        return await _until_well(lambda: self._review(place))

    async def _review(self, place: Place) -> str:
        saved = self.state / f"{place.site.name}.plan.json"
        await self._run("plan", str(place.file), "-o", str(saved))
        if not saved.exists():
            return NOTHING
        document = json.loads(saved.read_text())
        saved.unlink()
        data = ("--accept-data", place.doors.wwid) if document["risk"] == "data" else ()
        return await self._apply(place, "--approve", document["id"], *data)

    async def _apply(self, place: Place, *words: str) -> str:
        text = await self._run("apply", str(place.file), *words, "--format", "json")
        ended = json.loads(text.splitlines()[-1]) if text else {}
        return str(ended.get("result", NOTHING))

    async def _run(self, *words: str) -> str:
        """What it prints. It ends with who waits for it."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", RECONCILE, *words),
            env={**os.environ, "RECONCILE_STATE": str(self.state)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            process_group=0,  # Ctrl-C is for who waits
        )
        try:
            out, _ = await process.communicate()
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        return out.decode()


async def _until_well(attempt: Callable[[], Awaitable[str]]) -> str:
    """Again where it did not get to its end; how it ended last."""
    ended, tries = "", 0
    while ended not in WELL and tries < TRIES:
        ended, tries = await attempt(), tries + 1
    return ended


def deeds(operator: Operator) -> Mapping[Act, Callable[[Place], Awaitable[str]]]:
    """What an operator does, by its name; the word that tells how it ended, or none."""
    return {
        "pause": operator.pause,
        "resume": operator.resume,
        "apply": operator.apply,
        "review": operator.review,
    }
