"""``reconcile resume``: what was paused may be worked on again."""

from __future__ import annotations

import asyncio
import json

import click

from reconciler.cli import operating
from reconciler.cli.logs import LOGGING
from reconciler.cli.options import FILE, NO_COLOR, QUIET, VERBOSE, discover_file, formats
from reconciler.cli.terminal import plain
from reconciler.execution.operating import Answer, resume
from reconciler.hosts.doors import connect_hosts
from reconciler.hosts.observer import observe
from reconciler.loading import read
from reconciler.model.desired import Desired
from reconciler.model.documents import FORMAT_VERSION
from reconciler.model.observed import Observed, Pause
from reconciler.planning.checks.pauses import pauses, words
from reconciler.probe import probe_command
from reconciler.resources import SECTIONS


@click.command("resume")
@click.argument("target", metavar="CLUSTER|HOST")
@FILE
@formats(("text", "json"))
@NO_COLOR
@QUIET
@VERBOSE
@LOGGING
def command(
    target: str,
    file: str | None,
    form: str,
    no_color: bool,  # every command has it
    quiet: bool,
    verbose: int,  # as above
) -> int:
    """CLUSTER or HOST of FILE, which was paused, may be worked on again, by anyone.

    Whose pause it was is told. A host that was not paused stays as it is.
    """
    desired = read(discover_file(file))
    seen, answers = asyncio.run(_resumed(desired, target))
    ended = pauses(seen.answering_hosts())
    code = operating.exit_code(answers)
    if form == "json":
        document = {
            "format_version": FORMAT_VERSION,
            "target": target,
            "hosts": operating.document(answers),
            "ended": [{"hosts": hosts, "what": words(one)} for one, hosts in ended.items()],
            "exit_code": code,
        }
        click.echo(json.dumps(document, indent=1))
        return code
    operating.tell(answers, "not resumed")
    if not quiet:
        _show(ended, seen, [a.host for a in answers if not a.code])
    return code


async def _resumed(desired: Desired, target: str) -> tuple[Observed, tuple[Answer, ...]]:
    """What stood there before, as far as it could be read, and what the hosts said."""
    found = operating.find_members(desired, target)
    async with connect_hosts(desired) as fleet:
        hosts = operating.choose_hosts(fleet, found)
        doors = {name: host for name, (_cluster, host) in hosts.items()}
        seen = await observe(doors, probe_command(only=("pauses",)), SECTIONS)
        return seen, await resume(hosts)


def _show(ended: dict[Pause, list[str]], seen: Observed, done: list[str]) -> None:
    """A host that did not tell whether it was paused counts as resumed now."""
    reached = seen.answering_hosts()
    free = [host for host in done if host in reached and reached[host].pauses == ()]
    if resumed := [host for host in done if host not in free]:
        click.echo(plain(f"resumed {', '.join(resumed)}"))
    for one, hosts in ended.items():
        click.echo(plain(f"  {', '.join(hosts)}: was {words(one)}"))
    if free:
        click.echo(plain(f"{', '.join(free)}: was not paused"))
