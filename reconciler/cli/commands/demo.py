"""``reconcile demo``: the real commands against simulated hosts behind real SSH."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.terminal import show

if TYPE_CHECKING:
    from reconciler.hosts.simulator.world import World

RECONCILE = "import sys; from reconciler.cli import main; main(sys.argv[1:])"
LUN = "/dev/disk/by-id/lab-lun1"
# Plans of these risks are approved by their id.
RISKY = frozenset({"outage", "data"})


def _nothing(_world: World) -> None:
    """Nothing happens on the hosts."""


def _guest_starts(world: World) -> None:
    from reconciler.hosts.simulator.machine import Process  # noqa: PLC0415  # for the demo only

    guest = Process(4711, "qemu-system-x86", "/srv/images/mail.qcow2")
    world.machines["node02"].running.processes.append(guest)


def _guest_moves(world: World) -> None:
    world.machines["node02"].running.processes.clear()


@dataclass(frozen=True, slots=True)
class Scene:
    """One step: what is told, who is in the file then, and what happens on the hosts before."""

    told: str
    members: tuple[str, ...]
    expected: int = 0
    happens: Callable[[World], None] = _nothing


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
)


@click.command("demo")
@click.option("--keep", type=click.Path(file_okay=False), help="Leave files and records there.")
def command(keep: str | None) -> int:
    """Create, repeat, join, a refusal, leave: shown live; no root, no hosts of yours."""
    if keep:
        Path(keep).mkdir(parents=True, exist_ok=True)
        return asyncio.run(_play(Path(keep)))
    with tempfile.TemporaryDirectory(prefix="reconcile-demo-") as directory:
        return asyncio.run(_play(Path(directory)))


async def _play(directory: Path) -> int:
    from reconciler.hosts.loopback import served  # noqa: PLC0415  # asyncssh is slow to import
    from reconciler.hosts.simulator.worlds import bare_cluster  # noqa: PLC0415  # as above

    world = bare_cluster(len(FOUR))
    async with served(world, directory) as doors:
        for scene in SCENES:
            file = directory / "cluster.yaml"
            keys = (str(doors.identity), str(doors.known_hosts))
            file.write_text(_text(doors.host, dict(doors.ports), keys, scene.members))
            scene.happens(world)
            show([("", ""), ("title", f"== {scene.told}")], no_color=False)
            if await _scene(file, directory) != scene.expected:
                return 1
    show([("", ""), ("good", "The demo is over; everything was simulated.")], no_color=False)
    return 0


async def _scene(file: Path, directory: Path) -> int:
    """Plan and apply as an operator would: approving exactly the plan that was shown."""
    planned = await _reconcile(["plan", str(file), "--format", "json"], quiet=True)
    document = json.loads(planned[1])
    words = ["apply", str(file), "--state-dir", str(directory / "state")]
    words += ["--approve", document["id"]] if document["risk"] in RISKY else ["--auto-approve"]
    if document["risk"] == "data":
        words += ["--accept-data", LUN]
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


def _text(
    host: str, ports: Mapping[str, int], keys: tuple[str, str], names: Sequence[str]
) -> str:
    members = "".join(
        f"      - {{name: {name}, interconnect: 10.88.1.{10 + place}, "
        f"ssh: {{host: {host}, port: {port}}}}}\n"
        for place, (name, port) in enumerate(ports.items(), 1)
        if name in names
    )
    return (
        "version: 1\n"
        f"ssh: {{user: root, identity: {keys[0]}, known_hosts: {keys[1]}}}\n"
        "clusters:\n"
        "  - name: ocfs2\n"
        f"    members:\n{members}"
        "    volumes:\n"
        "      - label: images\n"
        f"        device: {{path: {LUN}}}\n"
        "        size: 1GiB\n"
        "        slots: 8\n"
        "        format: if-blank\n"
        "        mount: {path: /srv/images, options: [noatime]}\n"
    )
