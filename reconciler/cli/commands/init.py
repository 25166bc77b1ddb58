"""``reconcile init``: a first desired-state file, with comments; no file is overwritten."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import click
from pydantic import TypeAdapter, ValidationError

from reconciler.cli.commands.import_ import NoClusterFound, Search
from reconciler.cli.login import check_hosts, login
from reconciler.cli.logs import LOGGING
from reconciler.cli.options import (
    DEFAULT_FILE,
    LOGIN,
    NO_COLOR,
    NO_INPUT,
    NO_NOTES,
    PARALLELISM,
)
from reconciler.cli.prompts import ask_text
from reconciler.cli.terminal import is_quiet, note, show
from reconciler.cli.work import complete
from reconciler.errors import ReconcilerError, SpecInvalid, UsageError
from reconciler.frozen import frozen
from reconciler.hosts.doors import connect_hosts
from reconciler.loading import load
from reconciler.loading.host_hints import name_hint
from reconciler.model.desired import Desired
from reconciler.model.field_types import ClusterName
from reconciler.model.refusals import format_unread
from reconciler.model.ssh_access import Ssh
from reconciler.observation import Options
from reconciler.reports.imported.devices import ref
from reconciler.reports.imported.first_disks import MARK, shared_disks
from reconciler.reports.imported.first_file import Asked, first_file, first_members
from reconciler.reports.imported.roster import clusters_of

BLOCKED = 3
# What is typed for a file, and cannot be a command that was meant for the shell.
FILE_NAME = re.compile(r"[\w.~+/-]+\.ya?ml")
CLUSTER = "ocfs2"
HOSTS = "Hosts, as ssh knows them, with blanks between (none: an example)"


@frozen
class First:
    """The text of a file, what is to be said of it, and whether its plan would be empty."""

    text: str
    said: tuple[tuple[str, str], ...]
    code: int = 0
    next_step: str = ""


@click.command("init")
@click.argument("hosts", nargs=-1, metavar="[HOST]...")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write the file there.")
@click.option("--name", default=CLUSTER, show_default=True, help="The name of a new cluster.")
@LOGIN
@PARALLELISM
@NO_INPUT
@NO_COLOR
@NO_NOTES
@LOGGING
def command(
    hosts: tuple[str, ...],
    output: str | None,
    name: str,
    user: str | None,
    identity: str | None,
    known_hosts: str | None,
    sudo: bool,
    parallelism: int,
    no_input: bool,
    no_color: bool,
) -> int:
    """Write a first desired-state file, with comments, of HOSTs that are to be one cluster.

    Hosts that answer are written down with what they have; those that run a cluster already, as
    import does it. Without HOST it asks on a terminal, else writes an example. Nothing is
    written on any host, and no file is overwritten.
    """
    ssh = login(user, identity, known_hosts, sudo=sudo)
    if output:
        _require_free(output)
    if sys.stdin.isatty() and sys.stderr.isatty() and not no_input:
        if not hosts:
            hosts = tuple(ask_text(HOSTS, "").replace(",", " ").split())
            name = ask_text("Name of the cluster", name)
        output = output or _ask_file()
    check_hosts(hosts)
    cluster = _cluster_name(name)
    first = complete(
        _written(
            hosts,
            cluster,
            Search(ssh, Options(parallelism=parallelism), no_color=no_color),
            output,
        )
    )
    if output:
        from reconciler.storage.private import create_private  # noqa: PLC0415  # only when needed

        create_private(output, first.text)
        note(f"{output} is written.")
    else:
        click.echo(first.text, nl=False)
    said = (*first.said, *_next(first, output))
    show([line for line in said if line[0] or not is_quiet()], no_color, err=True)
    return first.code


def _next(first: First, output: str | None) -> Iterator[tuple[str, str]]:
    """What to do then: what only was printed has to be saved first."""
    if not first.next_step:
        return
    if not output:
        yield "", f"No file was written: save the text as {DEFAULT_FILE} (or name one with -o)."
    yield "", f"Then: {first.next_step}"


def _require_free(output: str) -> None:
    if os.path.lexists(output):
        raise UsageError(f"{output} is there already: remove it, or name another file")


def _ask_file() -> str | None:
    """Where to write it; None where stdout is taken somewhere already."""
    if not sys.stdout.isatty():
        return None
    free = "" if os.path.lexists(DEFAULT_FILE) else DEFAULT_FILE
    while True:
        given = ask_text("File to write", free)
        if not (why := _refusal_of_name(given)):
            return given
        click.echo(why, err=True)


def _refusal_of_name(given: str) -> str:
    """Why a file is not to be written there; empty for nothing. A command is no name of a file."""
    if not given:
        return "Name a file."
    if not FILE_NAME.fullmatch(given):
        return (
            f"{given!r} is no name of such a file: letters, digits, . _ - ~ + / and no blanks, "
            "with .yaml or .yml at the end."
        )
    return "That is there already; name a new file." if os.path.lexists(given) else ""


def _cluster_name(name: str) -> str:
    try:
        return str(TypeAdapter(ClusterName).validate_python(name))
    except ValidationError as error:
        hint = name_hint(name, of_cluster=True).partition("?")[0]
        said = f"{error.errors(include_url=False)[0]['msg']}" + (f"; {hint}?" if hint else "")
        raise UsageError(f"--name: {said}") from error


async def _written(
    hosts: Sequence[str], cluster: str, search: Search, output: str | None
) -> First:
    """Of a running cluster what import writes; else a first file."""
    file = output or DEFAULT_FILE
    if not hosts:
        return _new(cluster, Asked({}), search.ssh, file)
    shell = Desired.model_construct(version=1, ssh=search.ssh, clusters=())
    async with connect_hosts(shell) as fleet:
        try:
            text, said, faithful = await search.through(fleet, hosts)
        except NoClusterFound:
            refs = [ref(disk.device) for disk in shared_disks(search.facts)]
            await search.ask_again(fleet, refs)
        else:
            return _running(text, said, search, faithful=faithful)
    return _new(cluster, Asked(search.facts, search.lost, search.doors), search.ssh, file)


def _new(cluster: str, asked: Asked, ssh: Ssh, file: str) -> First:
    origin = f", {datetime.now(UTC):%Y-%m-%d %H:%MZ}"
    text = first_file(cluster, asked, ssh, origin, file)
    load(file, text)  # what is written is valid; else it is a bug, which is told
    unread = [
        ("warn", f"{host} was not read: {format_unread(host, lost.code, lost.message)}")
        for host, lost in asked.lost.items()
    ]
    missing = [m.name for m in first_members(asked) if any(MARK in told for told in m.told)]
    mend = [("", f"Mend what is marked {MARK}: {', '.join(missing)}.")] if missing else []
    return First(text, (*unread, *mend), next_step=f"reconcile plan {file}")


def _running(text: str, said: Sequence[str], search: Search, *, faithful: bool) -> First:
    try:
        load("the file", text)
    except SpecInvalid as error:
        names = ", ".join(search.facts)
        raise ReconcilerError(
            f"{names}: no valid file can say what these hosts have; reconcile import "
            f"{next(iter(search.facts))} shows what to mend"
        ) from error
    style = "" if faithful else "warn"
    others = [
        (
            "warn",
            f"{host} is in no cluster, and not in the file: to let it join, add it to members",
        )
        for host, facts in search.facts.items()
        if not clusters_of(facts)
    ]
    lines = tuple((style, line) for line in said)
    return First(text, (*lines, *others), 0 if faithful else BLOCKED)
