"""``reconcile pause``: nothing is done on a cluster or host, by anyone."""

from __future__ import annotations

import asyncio
import json

import click

from reconciler.cli import operating
from reconciler.cli.logs import LOGGING
from reconciler.cli.options import FILE, NO_COLOR, QUIET, VERBOSE, Until, discover_file, formats
from reconciler.cli.terminal import plain
from reconciler.execution.author import now
from reconciler.execution.operating import Answer, Wish, pause
from reconciler.hosts.doors import connect_hosts
from reconciler.loading import read
from reconciler.model.desired import Desired
from reconciler.model.documents import FORMAT_VERSION
from reconciler.planning.checks.pauses import moment


@click.command("pause")
@click.argument("target", metavar="CLUSTER|HOST")
@FILE
@operating.REASON
@click.option(
    "--until",
    type=Until(),
    metavar="TIME",
    help="It ends by itself: 2026-11-28T18:00, or so long from now: 30m, 4h, 2d.",
)
@formats(("text", "json"))
@NO_COLOR
@QUIET
@VERBOSE
@LOGGING
def command(
    target: str,
    file: str | None,
    reason: str,
    until: int | None,
    form: str,
    no_color: bool,  # every command has it
    quiet: bool,
    verbose: int,
) -> int:
    """Nothing is done on CLUSTER or HOST of FILE, by anyone and from any file, until resumed.

    It stands on the members. What runs there is finished, then nothing more is begun: also of a
    run that is under way. One paused host holds up its whole cluster. drift and status go on.
    """
    reason = operating.check_reason(reason)
    path = discover_file(file)
    desired = read(path)
    seconds = None if until is None else until - int(now().timestamp())
    wish = Wish(reason, operating.author(), seconds)
    answers = asyncio.run(_paused(desired, target, wish))
    code = operating.exit_code(answers)
    if form == "json":
        document = {
            "format_version": FORMAT_VERSION,
            "target": target,
            "reason": wish.reason,
            "by": wish.by,
            "until": None if until is None else moment(until),
            "hosts": operating.document(answers),
            "exit_code": code,
        }
        click.echo(json.dumps(document, indent=1))
    else:
        operating.tell(answers, "not paused")
        _show((f"{target} {path}", until), wish, answers, quiet=quiet, detail=verbose)
    return code


async def _paused(desired: Desired, target: str, wish: Wish) -> tuple[Answer, ...]:
    found = operating.find_members(desired, target)
    async with connect_hosts(desired) as fleet:
        return await pause(operating.choose_hosts(fleet, found), wish)


def _show(
    place: tuple[str, int | None],
    wish: Wish,
    answers: tuple[Answer, ...],
    *,
    quiet: bool,
    detail: int,
) -> None:
    target, until = place
    done = [answer.host for answer in answers if not answer.code]
    if not done or quiet:
        return
    end = "until it is resumed" if until is None else f"until {moment(until)}"
    click.echo(plain(f"paused {', '.join(done)} {end} ({wish.reason})"))
    if detail:
        click.echo(plain(f"as {wish.by}; it stands in /var/lib/reconcile/paused on each"))
    click.echo(f"to go on: reconcile resume {target}")
