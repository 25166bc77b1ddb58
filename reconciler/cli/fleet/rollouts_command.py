"""``reconcile fleet rollouts``: changes to many clusters, how far they are and who approved them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from reconciler.cli.fleet.rollout_asking import (
    choose_rollout,
    follow_rollout,
    load_rollout,
    rollout_code,
)
from reconciler.cli.fleet.settings_file import SETTINGS, find_database, read_settings
from reconciler.cli.options import NO_COLOR, NO_NOTES, formats
from reconciler.cli.terminal import note, show
from reconciler.errors import UsageError
from reconciler.execution import author
from reconciler.model.documents import FORMAT_VERSION
from reconciler.reports.rollout_lines import approval_lines, rollout_line, rollout_lines

if TYPE_CHECKING:
    from reconciler.model.documents import Json
    from reconciler.storage.database import Database

# As of a run that was refused.
REFUSED = 3


@click.command("rollouts")
@click.argument("rollout", required=False, metavar="[ROLLOUT]")
@SETTINGS
@click.option(
    "-n", "--last", type=click.IntRange(1), default=20, show_default=True, metavar="N"
)
@click.option("--follow", is_flag=True, help="Wait for the end of ROLLOUT.")
@click.option("--cancel", is_flag=True, help="Begin nothing more of ROLLOUT.")
@formats(("text", "json"))
@NO_COLOR
@NO_NOTES
def command(
    rollout: str | None,
    settings: str,
    last: int,
    follow: bool,
    cancel: bool,
    form: str,
    no_color: bool,
) -> int:
    """The last rollouts; or ROLLOUT with its clusters, and who approved which plans.

    ROLLOUT is its id, the beginning of that, or the id of the plan that was approved.

    With --follow the exit code is that of its end. What has begun of one that is cancelled comes to its
    end; one that does not go any more is not cancelled, which is 3.
    """
    if rollout is None and (follow or cancel):
        raise UsageError("say which rollout: reconcile fleet rollouts lists them")
    address = find_database(read_settings(settings))
    from reconciler.storage.fleet_database import open_fleet, read_fleet  # noqa: PLC0415  # slow to import

    database = open_fleet(address) if cancel else read_fleet(address)
    try:
        if rollout is None:
            return _list(database, last, form, no_color=no_color)
        rollout = choose_rollout(database, rollout)
        if cancel and not _cancel(database, rollout) and not follow:
            return REFUSED
        if follow:
            ended = follow_rollout(database, rollout, no_color=no_color, told=form == "text")
            if form == "json":
                click.echo(json.dumps(ended, indent=1))
            return rollout_code(ended)
        found = _with_approvals(database, load_rollout(database, rollout))
        if form == "json":
            click.echo(json.dumps(found, indent=1))
        else:
            show([*rollout_lines(found), *approval_lines(found)], no_color)
        return 0
    finally:
        database.close()


def _cancel(database: Database, rollout: str) -> bool:
    """Whether it was going until now."""
    from reconciler.fleet.rollout_progress import cancel_rollout  # noqa: PLC0415  # as above

    with database.writing() as connection:
        if cancel_rollout(connection, rollout, author.words()):
            return True
    note(f"it is not going: {load_rollout(database, rollout)['state']}")
    return False


def _with_approvals(database: Database, document: Json) -> Json:
    """With who approved which plans, and each action that was approved."""
    from reconciler.storage.approvals import run_approvals  # noqa: PLC0415  # as above
    from reconciler.storage.rollouts import enrolled_clusters  # noqa: PLC0415

    with database.reading() as connection:
        found = run_approvals(connection, document["rollout"])
        rows = enrolled_clusters(connection, document["rollout"])
    actions = {row.cluster: json.loads(row.actions)["actions"] for row in rows}
    clusters = [{**one, "actions": actions[one["cluster"]]} for one in document["clusters"]]
    kept = [
        {"plan": one.plan, "at": one.at.isoformat(), "who": one.who, "scope": one.scope}
        for one in found
    ]
    return {**document, "clusters": clusters, "approvals": kept}


def _list(database: Database, last: int, form: str, *, no_color: bool) -> int:
    from reconciler.fleet.rollout_documents import rollout_document  # noqa: PLC0415  # as above
    from reconciler.storage.rollouts import latest_rollouts, rollout_clusters  # noqa: PLC0415

    with database.reading() as connection:
        found = [
            rollout_document(one, rollout_clusters(connection, one.id))
            for one in latest_rollouts(connection, last)
        ]
    if form == "json":
        document = {"format_version": FORMAT_VERSION, "rollouts": found}
        click.echo(json.dumps(document, indent=1))
    elif found:
        show([rollout_line(one) for one in found], no_color)
    else:
        note("nothing was rolled out yet: reconcile fleet apply")
    return 0
