"""``reconcile unlock``: what a run holds and what still runs of it; then it is freed."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import sys
from collections.abc import Mapping

import click

from reconciler.cli import operating, prompts
from reconciler.cli.logs import LOGGING
from reconciler.cli.options import (
    FILE,
    NO_COLOR,
    NO_INPUT,
    PARALLELISM,
    QUIET,
    VERBOSE,
    YES,
    discover_file,
    formats,
)
from reconciler.cli.terminal import observing, plain, show
from reconciler.errors import UsageError
from reconciler.execution.operating import Answer, ScopedHost, forget, seats_of, unlock
from reconciler.frozen import frozen
from reconciler.gate.lease_decision import EXPIRY
from reconciler.hosts.doors import connect_hosts
from reconciler.hosts.observer import observe
from reconciler.loading import read
from reconciler.model.documents import FORMAT_VERSION
from reconciler.model.observed import Observed
from reconciler.probe import probe_command
from reconciler.reports import unlocking
from reconciler.resources import SECTIONS

RUN = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"  # as the gate takes one


@frozen
class Request:
    """What the command line asked for."""

    run: str
    file: str
    gone: frozenset[str]
    json: bool
    yes: bool
    ask: bool
    quiet: bool
    detail: int
    parallelism: int
    no_color: bool


@click.command("unlock")
@click.argument("run", metavar="RUN_ID")
@FILE
@click.option(
    "--gone",
    metavar="HOST",
    multiple=True,
    help="A host of the run that is off for good: nothing of it can be there.",
)
@YES
@formats(("text", "json"))
@PARALLELISM
@NO_INPUT
@NO_COLOR
@QUIET
@VERBOSE
@LOGGING
def command(
    run: str,
    file: str | None,
    gone: tuple[str, ...],
    yes: bool,
    form: str,
    parallelism: int,
    no_input: bool,
    no_color: bool,
    quiet: bool,
    verbose: int,
) -> int:
    """Show who holds the lease of RUN_ID on the hosts of FILE, and what still runs; then free it.

    For a run that is known to have ended without giving its lease back; `reconcile status` names
    it. While one of its commands still runs anywhere, nothing is freed. Whoever takes the lease
    next must ask every host of that run: name one that is off for good with --gone.
    """
    if not re.fullmatch(RUN, run):
        raise UsageError(
            f"{run!r} is no run's id; reconcile status and reconcile history show them"
        )
    request = Request(
        run=run,
        file=discover_file(file),
        gone=frozenset(gone),
        json=form == "json",
        yes=yes,
        ask=not no_input and sys.stdin.isatty() and sys.stderr.isatty(),
        quiet=quiet,
        detail=verbose,
        parallelism=parallelism,
        no_color=no_color,
    )
    return asyncio.run(_unlock(request))


async def _unlock(request: Request) -> int:
    desired = read(request.file)
    async with connect_hosts(desired) as fleet:
        hosts = operating.places(fleet, desired)
        with observing(len(hosts), no_color=request.no_color) as watch:
            seen = await observe(
                {name: place.host for name, place in hosts.items()},
                probe_command(only=("leases",)),
                SECTIONS,
                limit=request.parallelism,
                progress=watch,
            )
        if not request.json and not request.quiet:
            _show(request, seen)
        answers = await _freed(request, hosts, seen)
    return _concluded(request, hosts, seen, answers)


def _show(request: Request, seen: Observed) -> None:
    leases = unlocking.leases_of(seen, request.run)
    if leases:
        show(unlocking.held_lines(request.run, leases, request.detail), request.no_color)
    for host, why in unlocking.unread(seen).items():
        click.echo(plain(f"{host}: {why}: it may have a lease of that run, too"), err=True)


async def _freed(
    request: Request, hosts: Mapping[str, ScopedHost], seen: Observed
) -> tuple[Answer, ...]:
    """Ask the operator, then the hosts; what is refused is so before any of them is asked."""
    seats = seats_of(hosts, seen, request.run)
    leases = unlocking.leases_of(seen, request.run)
    if not seats:
        return (Answer("", "unknown-run", _nobody(request, seen)),)
    if works := [(host, lease) for host, lease in leases if lease.running]:
        return tuple(Answer(host, "lease-busy", _works(lease.running)) for host, lease in works)
    if not request.yes and not _approved(
        request, min((le.age for _h, le in leases), default=0)
    ):
        return tuple(Answer(host, "not-approved", "nobody approved it") for host in seats)
    answers = await unlock(seats, request.run)
    if all(not a.code for a in answers) and not _missed(request, hosts, seen):
        await forget(seats, request.run, answers)
    return answers


def _missed(request: Request, hosts: Mapping[str, ScopedHost], seen: Observed) -> list[str]:
    """Hosts of the run that were not asked; whoever comes next must ask them first."""
    leases = unlocking.leases_of(seen, request.run)
    others = unlocking.elsewhere(leases, list(hosts))
    silent = [item.host for item in seen.unreachable()]
    return [name for name in (*silent, *others) if name not in request.gone]


def _nobody(request: Request, seen: Observed) -> str:
    """That there is no such lease, and what there is."""
    found = [
        f"run {run} of {who} on {', '.join(hosts)}"
        for run, (who, hosts) in unlocking.runs(seen).items()
    ]
    there = f"there is {'; '.join(found)}" if found else "no run holds one there"
    words = f"a lease of run {request.run}: {there}"
    if not (silent := ", ".join(unlocking.unread(seen))):
        return f"no host of {request.file} has {words}"
    return f"no host of {request.file} that could be asked has {words}; not asked: {silent}"


def _works(running: str) -> str:
    what = "something" if running == "yes" else running
    return f"still runs {what}; wait for it, or see what it hangs at (reconcile explain lease-busy)"


def _approved(request: Request, age: float) -> bool:
    if not request.ask:
        words = shlex.join(["reconcile", "unlock", request.run, request.file, "--yes"])
        click.echo(f"not freed: nobody was asked\nto free exactly this: {words}", err=True)
        return False
    if age <= EXPIRY:
        words = f"It was renewed {round(age)} s ago. If its controller is alive, it is stopped."
        click.echo(words, err=True)
    return prompts.ask_word(f"Type the run's id ({request.run}) to free its lease", request.run)


def _concluded(
    request: Request,
    hosts: Mapping[str, ScopedHost],
    seen: Observed,
    answers: tuple[Answer, ...],
) -> int:
    """Tell the end; it is only partly done while a host of the run was not asked."""
    leases = unlocking.leases_of(seen, request.run)
    freed = [a.host for a in answers if not a.code]
    # A host whose lease could not be read says by then whose it is.
    known = unlocking.unread(seen).keys() if freed else ()
    failed = [a for a in answers if a.code and not (a.code == "lease-lost" and a.host in known)]
    others = tuple(h for h in unlocking.elsewhere(leases, list(hosts)) if h not in request.gone)
    missed = _missed(request, hosts, seen)
    code = 0 if freed and not failed and not missed else operating.PARTLY
    code = code if freed else operating.REFUSED
    if request.json:
        document = {
            "format_version": FORMAT_VERSION,
            "run": request.run,
            "held": unlocking.held_document(leases),
            "unread": unlocking.unread(seen),
            "elsewhere": list(others),
            "hosts": operating.document(answers) if answers[0].host else [],
            "refused": None if answers[0].host else answers[0].message,
            "exit_code": code,
        }
        click.echo(json.dumps(document, indent=1))
        return code
    _told(request, (freed, failed, others))
    return code


def _told(request: Request, ended: tuple[list[str], list[Answer], tuple[str, ...]]) -> None:
    freed, failed, others = ended
    if freed and not request.quiet:
        click.echo(plain(f"freed on {', '.join(freed)}"))
    for one in failed:
        if one.code == "unknown-run":
            click.echo(plain(one.message), err=True)
        elif one.code != "not-approved":
            click.echo(plain(f"{one.host}: not freed: {one.code}: {one.message}"), err=True)
    if others:
        words = f"it also took {', '.join(others)}, which {request.file} does not name"
        click.echo(plain(f"{words}: unlock it with the file that does"), err=True)
