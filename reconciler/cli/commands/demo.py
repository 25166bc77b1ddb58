"""``reconcile demo``: the real commands against simulated hosts behind real SSH."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from reconciler.cli.terminal import show

RECONCILE = "import sys; from reconciler.cli import main; main(sys.argv[1:])"
LUN = "/dev/disk/by-id/lab-lun1"


@dataclass(frozen=True, slots=True)
class Scene:
    """One step: what is told, and the members that the file then has."""

    told: str
    members: int
    expected: int = 0


SCENES = (
    Scene("Three bare hosts and one shared disk become a cluster with a mounted volume.", 3),
    Scene("The same again: nothing to do.", 3),
    Scene("A fourth host joins while the others keep the volume mounted.", 4),
    Scene(
        "A host is taken out of the file: evicting is not built yet, so it is refused.", 3, 3
    ),
)


@click.command("demo")
@click.option("--keep", type=click.Path(file_okay=False), help="Leave files and records there.")
def command(keep: str | None) -> int:
    """Create, repeat, join and a refusal, shown live; no root, no hosts of yours."""
    if keep:
        Path(keep).mkdir(parents=True, exist_ok=True)
        return asyncio.run(_play(Path(keep)))
    with tempfile.TemporaryDirectory(prefix="reconcile-demo-") as directory:
        return asyncio.run(_play(Path(directory)))


async def _play(directory: Path) -> int:
    from reconciler.hosts.loopback import served  # noqa: PLC0415  # asyncssh is slow to import
    from reconciler.hosts.simulator.worlds import bare_cluster  # noqa: PLC0415  # as above

    async with served(bare_cluster(4), directory) as doors:
        for scene in SCENES:
            file = directory / "cluster.yaml"
            keys = (str(doors.identity), str(doors.known_hosts))
            _write(file, _text(doors.host, dict(doors.ports), keys, scene.members))
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
    if document["irreversible"]:
        words += ["--approve", document["id"], "--accept-data", LUN]
    else:
        words += ["--auto-approve"]
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


def _write(file: Path, text: str) -> None:
    file.write_text(text)


def _text(host: str, ports: Mapping[str, int], keys: tuple[str, str], count: int) -> str:
    members = "".join(
        f"      - {{name: {name}, interconnect: 10.88.1.{10 + place}, "
        f"ssh: {{host: {host}, port: {port}}}}}\n"
        for place, (name, port) in enumerate(list(ports.items())[:count], 1)
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
