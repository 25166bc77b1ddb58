"""``reconcile demo``: the real commands against simulated hosts behind real SSH."""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.logs import LOG_OPTIONS, log_words, open_log
from reconciler.cli.terminal import show
from reconciler.storage.private import write_private

if TYPE_CHECKING:
    from reconciler.hosts.loopback import Served
    from reconciler.hosts.simulator.state.world import World
    from reconciler.telemetry import Detail

RECONCILE = "from reconciler.__main__ import main; main()"
LUN = "lun1"
# Plans of these risks are approved by their id, as are those that cannot be undone.
RISKY = frozenset({"outage", "data"})


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


@dataclass(frozen=True, slots=True)
class Scene:
    """One step: what is told, what the file says then, and what happens on the hosts before."""

    told: str
    members: tuple[str, ...]
    expected: int = 0
    happens: Callable[[World], None] = _nothing
    size: str = "1GiB"


THREE = ("node01", "node02", "node03")
FOUR = (*THREE, "node04")
LEFT = ("node01", "node03", "node04")
SCENES = (
    Scene(
        "Three bare hosts and one shared disk become a cluster with a mounted volume.", THREE
    ),
    Scene("The same again: nothing to do.", THREE),
    Scene("A fourth host joins while the others keep the volume mounted.", FOUR),
    Scene(
        "node02 is taken out of the file, but a guest runs on it that the file does not name: "
        "refused, nothing is killed.",
        LEFT,
        3,
        _guest_starts,
    ),
    Scene(
        "The guest has moved. node02 leaves; the others keep their mounts and their numbers.",
        LEFT,
        0,
        _guest_moves,
    ),
    Scene(
        "The storage has enlarged the disk. The volume grows while everybody has it mounted.",
        LEFT,
        0,
        _lun_grows,
        "2GiB",
    ),
)


@click.command("demo")
@click.option("--keep", type=click.Path(file_okay=False), help="Leave files and records there.")
@click.option("--stay", is_flag=True, help="Leave the hosts up to play with, until Ctrl-C.")
@LOG_OPTIONS
def command(
    keep: str | None, stay: bool, log_level: Detail | None, log_file: str | None
) -> int:
    """Create, repeat, join, a refusal, leave, grow: shown live; no root, no hosts of yours."""
    after = _stay if stay else _end
    with open_log(log_level, log_file):  # so that what is wrong with it is told at once
        words = log_words(log_level, log_file)
    if keep:
        Path(keep).mkdir(parents=True, exist_ok=True)
        return asyncio.run(_play(Path(keep).absolute(), after, words))
    with tempfile.TemporaryDirectory(prefix="reconcile-demo-") as directory:
        return asyncio.run(_play(Path(directory), after, words))


async def _play(
    directory: Path, after: Callable[[Path], Awaitable[None]], log: Sequence[str]
) -> int:
    from reconciler.hosts.loopback import serve_hosts  # noqa: PLC0415  # asyncssh is slow to import
    from reconciler.hosts.simulator.presets import bare_cluster  # noqa: PLC0415  # as above

    world = bare_cluster(len(FOUR), "san")
    wwid = world.luns[LUN].wwid or ""
    file = directory / "cluster.yaml"
    async with serve_hosts(world, directory) as doors:
        for scene in SCENES:
            write_private(str(file), _text(doors, wwid, scene))
            scene.happens(world)
            show([("", ""), ("title", f"== {scene.told}")], no_color=False)
            if await _scene(file, wwid, log) != scene.expected:
                return 1
        await after(file)
    return 0


async def _end(_file: Path) -> None:
    show([("", ""), ("good", "The demo is over; everything was simulated.")], no_color=False)


async def _stay(file: Path) -> None:
    """Waits for Ctrl-C; meanwhile the hosts answer whoever has the file."""
    lines = [
        ("", ""),
        ("good", "The simulated hosts stay up until Ctrl-C. Elsewhere, for example:"),
        ("command", f"  export RECONCILE_CONFIG={shlex.quote(str(file))}"),
        ("command", f"  export RECONCILE_STATE={shlex.quote(str(file.parent / 'state'))}"),
        ("command", "  reconcile status"),
        ("command", '  "${EDITOR:-vi}" "$RECONCILE_CONFIG"    # node02 returns without its #'),
        ("command", "  reconcile plan"),
        ("command", "  reconcile apply"),
    ]
    show(lines, no_color=False)
    sys.stdout.flush()
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()
    await _end(file)


async def _scene(file: Path, wwid: str, log: Sequence[str]) -> int:
    """Plan and apply as an operator would: approving exactly the plan that was shown."""
    planned = await _reconcile(["plan", str(file), "--format", "json", *log], quiet=True)
    document = json.loads(planned[1])
    words = ["apply", str(file), "--state-dir", str(file.parent / "state")]
    asks = document["irreversible"] or document["risk"] in RISKY
    words += ["--approve", document["id"]] if asks else ["--auto-approve"]
    if document["risk"] == "data":
        words += ["--accept-data", wwid]
    words += log
    return (await _reconcile(words))[0]


async def _reconcile(words: Sequence[str], *, quiet: bool = False) -> tuple[int, str]:
    if not quiet:
        shown = [Path(word).name if word.startswith("/tmp") else word for word in words]  # noqa: S108  # shortens what is shown
        show([("dim", f"$ reconcile {' '.join(shown)}")], no_color=False)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        RECONCILE,
        *words,
        stdout=asyncio.subprocess.PIPE if quiet else None,
    )
    out, _ = await process.communicate()
    return process.returncode or 0, (out or b"").decode()


def _text(doors: Served, wwid: str, scene: Scene) -> str:
    members = "".join(
        f"      {'' if name in scene.members else '# '}"
        f"- {{name: {name}, interconnect: 10.88.1.{10 + place}, "
        f"ssh: {{host: {doors.host}, port: {port}}}}}\n"
        for place, (name, port) in enumerate(doors.ports.items(), 1)
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
