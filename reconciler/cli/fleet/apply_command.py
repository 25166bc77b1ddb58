"""``reconcile fleet apply``: plans of many clusters, listed in waves, approved as one, carried out by workers."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import click

from reconciler.cli.fleet.rollout_asking import follow_rollout, rollout_code
from reconciler.cli.fleet.settings_file import (
    SETTINGS,
    find_database,
    fleet_words,
    read_settings,
)
from reconciler.cli.options import NO_COLOR, QUIET, VERBOSE, PlanId, Span, formats
from reconciler.cli.terminal import note, say, show
from reconciler.execution import author
from reconciler.fleet.waves import DEFAULT as WAVES
from reconciler.fleet.waves import check_soak, parse_waves
from reconciler.reports.rollout_lines import draft_lines

if TYPE_CHECKING:
    from reconciler.fleet.rollout_approval import Consent
    from reconciler.fleet.rollout_plans import Draft, Request
    from reconciler.model.documents import Json
    from reconciler.storage.database import Database

REFUSED = 3


@click.command("apply")
@click.argument("clusters", nargs=-1, metavar="[CLUSTER]...")
@SETTINGS
@click.option("--all", "everyone", is_flag=True, help="All clusters; those named come first.")
@click.option("--zone", "zones", multiple=True, metavar="ZONE", help="All of ZONE; repeatable.")
@click.option(
    "--without", multiple=True, metavar="CLUSTER", help="Leave CLUSTER out; repeatable."
)
@click.option(
    "--wave",
    "waves",
    multiple=True,
    metavar="SIZE",
    help=f"How many clusters: 1, 10% of all, or rest; repeatable. Unset: {','.join(WAVES)}.",
)
@click.option(
    "--soak",
    type=Span(),
    default="5m",
    show_default=True,
    help="How long a wave stands before the next begins.",
)
@click.option(
    "--approve",
    type=PlanId("reconcile fleet apply"),
    metavar="ID",
    help="Approve exactly that plan.",
)
@click.option(
    "--accept-data",
    "devices",
    multiple=True,
    metavar="DEVICE",
    help="Formatting DEVICE is meant; repeatable.",
)
@click.option("--follow", is_flag=True, help="Wait for its end, and tell what happens.")
@formats(("text", "json"))
@NO_COLOR
@QUIET
@VERBOSE
def command(
    clusters: tuple[str, ...],
    settings: str,
    everyone: bool,
    zones: tuple[str, ...],
    without: tuple[str, ...],
    waves: tuple[str, ...],
    soak: float,
    approve: str | None,
    devices: tuple[str, ...],
    follow: bool,
    form: str,
    no_color: bool,
    quiet: bool,
    verbose: int,
) -> int:
    """Roll out what the files say to clusters, one wave after the other, after your approval.

    It lists the plans that the workers' last looks found. Workers carry out those, and no others. The
    next wave begins when all clusters of the last are well; the first failure stops the rollout.
    """
    sizes = parse_waves(waves)
    check_soak(soak)
    address = find_database(read_settings(settings))
    from reconciler.fleet.rollout_approval import (  # noqa: PLC0415  # slow to import
        Consent,
        approving_command,
        missing_words,
    )
    from reconciler.fleet.rollout_plans import Request  # noqa: PLC0415
    from reconciler.storage.fleet_database import open_fleet  # noqa: PLC0415

    request = Request(clusters, everyone, zones, without, sizes, soak)
    consent = Consent(approve, frozenset(devices))
    database = open_fleet(address)
    try:
        draft, document, rollout = _draft(database, request, consent)
        if rollout is None:
            document["missing"] = [*missing_words(draft, consent), *_refusals(draft)]
            document["command"] = (
                approving_command(draft, fleet_words(settings)) if draft.waves else ""
            )
            return _tell_draft(document, (form, verbose), no_color=no_color)
        if form == "text" and not quiet:
            show(draft_lines(document, verbose), no_color)
        words = shlex.join(("reconcile", "fleet", "rollouts", rollout, *fleet_words(settings)))
        note(f"rollout {rollout} begins: {words}")
        if not follow:
            return _tell_json({**document, "rollout": rollout, "exit_code": 0}, form)
        told = form == "text" and not quiet
        ended = follow_rollout(database, rollout, no_color=no_color, told=told)
        code = rollout_code(ended)
        return _tell_json({**ended, "exit_code": code}, form)
    finally:
        database.close()


def _draft(
    database: Database, request: Request, consent: Consent
) -> tuple[Draft, Json, str | None]:
    """What would be done, and the rollout that it became if that was approved."""
    from reconciler.fleet.rollout_approval import begin_rollout, missing_words  # noqa: PLC0415
    from reconciler.fleet.rollout_documents import draft_document  # noqa: PLC0415
    from reconciler.fleet.rollout_plans import draft_rollout  # noqa: PLC0415
    from reconciler.storage.fleet_workers import database_now  # noqa: PLC0415
    from reconciler.storage.rollouts import lock_rollouts  # noqa: PLC0415

    if consent.rollout is None:
        with database.reading() as connection:
            draft = draft_rollout(connection, request)
            return draft, draft_document(draft, database_now(connection)), None
    with database.writing() as connection:
        lock_rollouts(connection)
        draft = draft_rollout(connection, request)
        document = draft_document(draft, database_now(connection))
        if not draft.waves or draft.refused or missing_words(draft, consent):
            return draft, document, None
        one = begin_rollout(connection, draft, author.new_run(), author.words())
        return draft, document, one.id


def _refusals(draft: Draft) -> list[str]:
    """That some are refused; what is wrong with each is told beside it."""
    if not draft.refused:
        return []
    names = ", ".join(one.cluster for one in draft.refused)
    left = "; the command leaves out who is refused" if draft.waves else ""
    return [f"{names} cannot be rolled out{left}"]


def _tell_draft(document: Json, how: tuple[str, int], *, no_color: bool) -> int:
    """What would be done, and what it needs; the exit code, as ``apply`` has it."""
    form, detail = how
    code = REFUSED if document["missing"] else 0
    if form == "text":
        show(draft_lines(document, detail), no_color)
        for words in document["missing"]:
            say(f"not approved: {words}")
        if document["command"]:
            rest = "all others" if document["refused"] else "exactly this"
            say(f"to approve {rest}: {document['command']}")
        if not document["waves"] and not document["refused"]:
            note("nothing is to be done")
    return _tell_json({**document, "exit_code": code}, form)


def _tell_json(document: Json, form: str) -> int:
    if form == "json":
        click.echo(json.dumps(document, indent=1))
    code: int = document["exit_code"]
    return code
