"""``reconcile demo``: the real commands against simulated hosts behind real SSH."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.demonstration import BENCH, ENVIRONMENT, FILES, PROGRAM, play
from reconciler.cli.interruption import cancel_at_end
from reconciler.cli.logs import LOG_OPTIONS, log_words, open_log
from reconciler.cli.streams import ignore_lost_terminals
from reconciler.errors import HostUnreachable, UsageError

if TYPE_CHECKING:
    from reconciler.model.plan import Completed
    from reconciler.telemetry import Detail

# What can befall a host, and what to try then; the first line of the help names them.
MISHAPS = {
    "umount": "reconcile status; reconcile drift; reconcile apply",
    "fstab": "reconcile status; reconcile drift; reconcile apply",
    "node": "reconcile drift; reconcile plan -v; reconcile apply",
    "power": "reconcile status; reconcile plan; reconcile demo mend HOST power",
    "path": "raise size in the file, then reconcile plan; reconcile demo mend HOST path",
    "guest-stuck": "give HOST state: drained, then reconcile plan; "
    "reconcile demo mend HOST guest-stuck",
}
LASTING = ("power", "path", "guest-stuck")
HOST = click.argument("host", metavar="HOST")
SECONDS = 30.0


@click.group("demo", invoke_without_command=True, subcommand_metavar="[break|mend HOST MISHAP]")
@click.option("--keep", type=click.Path(file_okay=False), help="Leave files and records there.")
@click.option("--stay", is_flag=True, help="Leave the hosts up to play with, until Ctrl-C.")
@LOG_OPTIONS
@click.pass_context
def command(
    context: click.Context,
    keep: str | None,
    stay: bool,
    log_level: Detail | None,
    log_file: str | None,
) -> int:
    """Create, repeat, join, a refusal, leave, grow: shown live; no root, no hosts of yours.

    While a demo stays, break and mend disturb its hosts from another terminal.
    """
    if context.invoked_subcommand:
        return 0
    with open_log(log_level, log_file):  # so that what is wrong with it is told at once
        words = log_words(log_level, log_file)
    if keep:
        return _played(_directory_without(keep), words, stay=stay)
    with tempfile.TemporaryDirectory(prefix="reconcile-demo-") as directory:
        return _played(Path(directory), words, stay=stay)


def _played(directory: Path, words: Sequence[str], *, stay: bool) -> int:
    async def whole() -> int:
        cancel_at_end()
        return await play(directory, words, stay=stay)

    try:
        with ignore_lost_terminals():
            return asyncio.run(whole())
    except asyncio.CancelledError as cut:
        raise click.Abort from cut


def _directory_without(keep: str) -> Path:
    """A directory that has nothing by the name of a file of the demo, which writes over none."""
    place = Path(keep).absolute()
    place.mkdir(parents=True, exist_ok=True)
    if there := [name for name in FILES if (place / name).exists()]:
        raise UsageError(
            f"{keep} has {', '.join(there)} already, and the demo writes over nothing: "
            "name another directory"
        )
    return place


@command.command("break")
@HOST
@click.argument("mishap", type=click.Choice(tuple(MISHAPS)))
def break_(host: str, mishap: str) -> int:
    """Let a mishap befall a HOST of the demo that stays.

    umount: its volume is unmounted. fstab: its line of fstab is gone. node: its cluster.conf
    lacks another node. power: it is off. path: one of the paths to its disk is down.
    guest-stuck: a guest uses its volume, and does not heed its shutdown.
    """
    said = _ask("break", host, mishap)
    if not said:
        click.echo(f"try: {MISHAPS[mishap].replace('HOST', host)}")
    return said


@command.command("mend")
@HOST
@click.argument("mishap", type=click.Choice(LASTING))
def mend(host: str, mishap: str) -> int:
    """End what no apply can: the power is on again, the paths are up, the guest shuts down."""
    return _ask("mend", host, mishap)


def _ask(*words: str) -> int:
    """What the demo answers, on stdout or stderr; the exit code."""
    directory = os.environ.get(ENVIRONMENT)
    if not directory:
        raise UsageError(
            f"{ENVIRONMENT} is not set: start `reconcile demo --stay`, and here read the file env "
            "that it names (`. DIRECTORY/env`)"
        )
    try:
        answer = asyncio.run(_asked(Path(directory), words))
    except HostUnreachable as error:
        raise UsageError(f"no demo answers in {directory}: {error.message}") from error
    click.echo(answer.stdout, nl=False)
    click.echo(answer.stderr, nl=False, file=sys.stderr)
    return answer.status


async def _asked(directory: Path, words: tuple[str, ...]) -> Completed:
    from reconciler.hosts.ssh import SshHost, SshSettings, SshShared  # noqa: PLC0415  # slow to import
    from reconciler.model.plan import Command  # noqa: PLC0415  # as above

    host = SshHost(BENCH, SshSettings(BENCH), SshShared(directory / "ssh_config"))
    try:
        return await host.run(Command((PROGRAM, *words), "", SECONDS))
    finally:
        await host.close()
