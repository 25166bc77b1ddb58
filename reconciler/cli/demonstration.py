"""The story of ``reconcile demo``: real commands against simulated hosts behind real SSH."""

from __future__ import annotations

import asyncio
import difflib
import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.error_exits import USAGE
from reconciler.cli.interruption import ending_signals, wait_or_end
from reconciler.cli.terminal import show
from reconciler.frozen import frozen
from reconciler.storage.private import write_private

if TYPE_CHECKING:
    from reconciler.hosts.loopback import Served
    from reconciler.hosts.simulator.state.machine import Machine
    from reconciler.hosts.simulator.state.reply import Reply
    from reconciler.hosts.simulator.state.world import World

RECONCILE = "from reconciler.__main__ import main; main()"
LUN = "lun1"
BENCH, PROGRAM = "san", "reconcile-demo"  # no member, and stays up: mishaps are asked for there
MORE = "reconcile demo --stay keeps the hosts, to try the commands, and break hosts, yourself."
# Names the directory of the demo that runs, for commands in another terminal.
ENVIRONMENT = "RECONCILE_DEMO"
# What it leaves in its directory.
FILES = (
    *("cluster.yaml", "cluster.plan.json", "state", "env", "bin"),
    *("id_ed25519", "known_hosts", "ssh_config"),
)


def _nothing(_world: World) -> None:
    """Nothing happens on the hosts."""


def _guest_starts(world: World) -> None:
    from reconciler.hosts.simulator.state.machine import Process  # noqa: PLC0415  # for the demo only

    guest = Process(4711, "qemu-system-x86", "/srv/images/mail.qcow2")
    world.machines["node02"].running.processes.append(guest)


def _guest_moves(world: World) -> None:
    world.machines["node02"].running.processes.clear()


def _lun_grows(world: World) -> None:
    world.grow(LUN, 2 << 30)


@frozen
class Scene:
    """One step: what is told, what the file says then, and what happens on the hosts before.

    ``left`` are members whose lines are commented out. A ``reviewed`` plan is shown first, and
    approved by its id: it is an outage, or cannot be undone.
    """

    told: str
    members: tuple[str, ...]
    left: tuple[str, ...] = ()
    expected: int = 0
    happens: Callable[[World], None] = _nothing
    size: str = "1GiB"
    reviewed: bool = False


THREE = ("node01", "node02", "node03")
FOUR = (*THREE, "node04")
STAY, GONE = ("node01", "node03", "node04"), ("node02",)
SCENES = (
    Scene(
        "Three bare hosts and one shared disk become a cluster with a mounted volume.",
        THREE,
        reviewed=True,
    ),
    Scene("The same again: nothing to do.", THREE),
    Scene("A fourth host joins while the others keep the volume mounted.", FOUR),
    Scene(
        "node02 is taken out of the file, but a guest runs on it that the file does not name: "
        "refused, nothing is killed.",
        STAY,
        GONE,
        3,
        _guest_starts,
    ),
    Scene(
        "The guest has moved. node02 leaves; the others keep their mounts and their numbers.",
        STAY,
        GONE,
        happens=_guest_moves,
        reviewed=True,
    ),
    Scene(
        "The storage has enlarged the disk. The volume grows while everybody has it mounted.",
        STAY,
        GONE,
        happens=_lun_grows,
        size="2GiB",
        reviewed=True,
    ),
)


async def play(directory: Path, log: Sequence[str], *, stay: bool) -> int:
    """All scenes; 1 if one did not end as it should. Then the hosts ``stay``, or all is over."""
    from reconciler.hosts.loopback import serve_hosts  # noqa: PLC0415  # asyncssh is slow to import
    from reconciler.hosts.simulator.presets import add_storage, bare_cluster  # noqa: PLC0415  # as above

    world = bare_cluster(len(FOUR), "san")
    wwid = world.luns[LUN].wwid or ""
    add_storage(world, BENCH)
    _prepare(world, int(time.time()))
    stage = _Stage(directory, wwid, tuple(log))
    async with serve_hosts(world, directory) as doors:
        for scene in SCENES:
            show([("", ""), ("title", f"== {scene.told}")], no_color=False)
            scene.happens(world)
            stage.write(_text(doors, wwid, scene))
            if await stage.perform(scene) != scene.expected:
                return 1
        if stay:
            await _stay(directory)
    end = "The demo is over; everything was simulated."
    show([("", ""), ("good", end), *([] if stay else [("", MORE)])], no_color=False)
    return 0


def _prepare(world: World, now: int) -> None:
    """The bench's program, by which another terminal breaks and mends hosts; virsh and the
    real time everywhere."""
    from reconciler.hosts.simulator.kernel.hypervisor import virsh  # noqa: PLC0415  # for the demo only

    def answer(_machine: Machine, argv: tuple[str, ...]) -> Reply:
        return _befall(world, argv)

    world.machines[BENCH].programs[PROGRAM] = answer
    ahead = now - world.clock(world.machines[BENCH])
    for machine in world.machines.values():
        machine.setup.skew = ahead  # what hosts say of times fits what the commands say
        machine.programs.setdefault("virsh", virsh)


def _befall(world: World, argv: tuple[str, ...]) -> Reply:
    """``reconcile-demo break|mend HOST WHAT``; said here as well."""
    from reconciler.hosts.simulator.mishaps import MISHAPS  # noqa: PLC0415  # for the demo only
    from reconciler.hosts.simulator.state.errors import ImpossibleWorld  # noqa: PLC0415  # as above
    from reconciler.hosts.simulator.state.reply import Reply  # noqa: PLC0415  # as above

    _program, verb, host, what = argv
    if host not in world.machines or host == BENCH:
        known = ", ".join(name for name in world.machines if name != BENCH)
        return Reply(USAGE, "", f"error: the demo has no host {host}; it has {known}\n")
    mishap = MISHAPS[what]
    act = mishap.happens if verb == "break" else mishap.ends
    try:
        said = act(world.machines[host]) if act else ""
    except ImpossibleWorld as error:
        return Reply(1, "", f"error: {host}: {error}\n")
    show([("warn", f"{host}: {said}")], no_color=False)
    sys.stdout.flush()
    return Reply(0, f"{host}: {said}\n")


@dataclass(slots=True)
class _Stage:
    """The directory of a demo, and what an operator does in it."""

    directory: Path
    wwid: str
    log: tuple[str, ...]
    text: str = ""

    @property
    def file(self) -> Path:
        return self.directory / "cluster.yaml"

    def write(self, text: str) -> None:
        """Shows the file, or what becomes different in it; then it is there."""
        show(list(_difference(self.text, text)), no_color=False)
        sys.stdout.flush()
        write_private(str(self.file), text)
        self.text = text

    async def perform(self, scene: Scene) -> int:
        """Plan and apply as an operator would: approving exactly the plan that was shown."""
        consent = await self._reviewed() if scene.reviewed else ["--auto-approve"]
        return await self._reconcile("apply", str(self.file), *consent)

    async def _reviewed(self) -> list[str]:
        """Shows the plan; what approves it."""
        saved = self.directory / "cluster.plan.json"
        await self._reconcile("plan", str(self.file), "-o", str(saved))
        document = json.loads(saved.read_text())
        data = ["--accept-data", self.wwid] if document["risk"] == "data" else []
        return ["--approve", document["id"], *data]

    async def _reconcile(self, *words: str) -> int:
        shown = [Path(w).name if w.startswith(str(self.directory)) else w for w in words]
        show([("command", f"$ reconcile {' '.join(shown)}")], no_color=False)
        sys.stdout.flush()
        argv = (sys.executable, "-c", RECONCILE, *words, *self.log)
        process = await asyncio.create_subprocess_exec(
            *argv, env={**os.environ, "RECONCILE_STATE": str(self.directory / "state")}
        )
        return await wait_or_end(process)


def _difference(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Styled lines: the whole file at first, then what is taken away and what is new."""
    if old == new:
        yield "dim", "cluster.yaml stays as it is."
        return
    yield "dim", "cluster.yaml:" if not old else "In cluster.yaml:"
    if not old:
        yield from (("", f"  {line}") for line in new.splitlines())
        return
    styles = {"+": "diff-add", "-": "diff-bad"}
    for line in difflib.ndiff(old.splitlines(), new.splitlines()):
        if line[0] in styles:
            yield styles[line[0]], line


def environment(directory: Path) -> Mapping[str, str]:
    """What another terminal needs, to talk to the hosts of the demo in ``directory``."""
    return {
        "RECONCILE_CONFIG": str(directory / "cluster.yaml"),
        "RECONCILE_STATE": str(directory / "state"),
        "RECONCILE_SSH_CONFIG": str(directory / "ssh_config"),
        ENVIRONMENT: str(directory),
    }


async def _stay(directory: Path) -> None:
    """Waits for Ctrl-C; meanwhile the hosts answer whoever has the files."""
    program, variables = directory / "bin/reconcile", directory / "env"
    program.parent.mkdir(exist_ok=True)
    script = f'#!/bin/sh\nexec {shlex.join((sys.executable, "-c", RECONCILE))} "$@"\n'
    write_private(str(program), script)
    program.chmod(0o700)
    lines = [f"export {k}={shlex.quote(v)}" for k, v in environment(directory).items()]
    lines.append(f'export PATH={shlex.quote(str(program.parent))}:"$PATH"')
    write_private(str(variables), "".join(f"{line}\n" for line in lines))
    shown = (
        f". {shlex.quote(str(variables))}",
        "reconcile status",
        "reconcile demo break node01 umount    # or fstab, node, power, path, guest-stuck",
        "reconcile drift",
        "reconcile apply",
        "reconcile import node01               # the file of what runs",
        '"${EDITOR:-vi}" "$RECONCILE_CONFIG"    # node02 returns without its #',
        "reconcile plan",
    )
    show(
        [
            ("", ""),
            ("good", "The simulated hosts stay up until Ctrl-C. In another terminal:"),
            *(("command", f"  {line}") for line in shown),
        ],
        no_color=False,
    )
    sys.stdout.flush()
    ended = asyncio.Event()
    for number in ending_signals():
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()


def _text(doors: Served, wwid: str, scene: Scene) -> str:
    marks = {**dict.fromkeys(scene.members, ""), **dict.fromkeys(scene.left, "# ")}
    members = "".join(
        f"      {marks[name]}- {{name: {name}, interconnect: 10.88.1.{10 + place}, "
        f"ssh: {{host: {doors.host}, port: {doors.ports[name]}}}}}\n"
        for place, name in enumerate(FOUR, 1)
        if name in marks
    )
    return (
        "version: 1\n"
        f"ssh: {{user: root, identity: {doors.identity}, known_hosts: {doors.known_hosts}}}\n"
        "clusters:\n"
        "  - name: ocfs2\n"
        f"    members:\n{members}"
        "    volumes:\n"
        "      - label: images\n"
        f"        device: {{wwid: '{wwid}'}}\n"
        f"        size: {scene.size}\n"
        "        slots: 8\n"
        "        format: if-blank\n"
        "        mount: {path: /srv/images, options: [noatime]}\n"
    )
