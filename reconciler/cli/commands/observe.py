"""``reconcile observe``: the facts of all hosts, as JSON or as a table."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

import click

from reconciler.cli.fleet import look_at_hosts
from reconciler.cli.logs import LOGGING
from reconciler.cli.options import (
    FILE,
    NO_COLOR,
    NO_INPUT,
    NO_NOTES,
    PARALLELISM,
    VERBOSE,
    beside,
    discover_file,
    formats,
)
from reconciler.cli.output import check_facts_name, is_given
from reconciler.cli.terminal import note, observing, plain, show
from reconciler.loading import read
from reconciler.model.observed import HostFacts, Unreachable
from reconciler.model.refusals import format_unread
from reconciler.model.roles import contacted_members
from reconciler.pipeline import ClusterObservations, Options, look_at, recorded_probe_arguments
from reconciler.reports.documents import facts_document, facts_text
from reconciler.reports.facts import host_lines
from reconciler.reports.facts_table import observed_lines
from reconciler.storage.private import write_private

SOME_UNREAD = 4
ALL_UNREAD = 1


@click.command("observe")
@FILE
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write the JSON there.")
@formats(("json", "text"))
@PARALLELISM
@NO_INPUT
@NO_COLOR
@NO_NOTES
@VERBOSE
@LOGGING
def command(
    file: str | None,
    output: str | None,
    form: str,
    parallelism: int,
    no_input: bool,
    no_color: bool,
    verbose: int,
) -> int:
    """Read all hosts of FILE; writes nothing on any of them."""
    path = discover_file(file)
    beside(output, path)
    if output:
        check_facts_name(output)
    desired = read(path)

    async def look() -> ClusterObservations:
        async with look_at_hosts(desired) as fleet:
            total = sum(len(contacted_members(cluster)) for cluster in desired.clusters)
            with observing(total, no_color=no_color) as watch:
                pairs = await look_at(desired, fleet, Options(parallelism=parallelism), watch)
        return pairs

    pairs = asyncio.run(look())
    asked = {cluster.name: recorded_probe_arguments(cluster, seen) for cluster, seen in pairs}
    document = facts_document(pairs, asked, datetime.now(UTC).isoformat(timespec="seconds"))
    text = facts_text(document)
    if output:
        write_private(output, text + "\n")  # passwords of fstab stand in it, too
        note(f"saved: {output}, to be planned from by --facts {output}")
    lost = [host for host in _every(pairs) if isinstance(host, Unreachable)]
    if form == "text" or (sys.stdout.isatty() and not is_given("form")):
        show(observed_lines(pairs), no_color)
        show(host_lines(pairs) if verbose else (), no_color)
    else:
        click.echo("" if output else f"{text}\n", nl=False)
        for host in lost:
            words = format_unread(host.host, host.code, host.message)
            click.echo(plain(f"{host.host}: {words}"), err=True)
    return 0 if not lost else ALL_UNREAD if len(lost) == len(_every(pairs)) else SOME_UNREAD


def _every(pairs: ClusterObservations) -> list[HostFacts | Unreachable]:
    """Each host that was asked, members first."""
    return [
        host
        for _cluster, observed in pairs
        for host in (*observed.hosts.values(), *observed.storage.values())
    ]
