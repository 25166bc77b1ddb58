"""Questions on the terminal: what is asked grows with what is at stake."""

from __future__ import annotations

import click

from reconciler.model.plan import Plan
from reconciler.planning.approval import Aliases, formats, runnable
from reconciler.reports.documents import interruption

TRIES = 3


def approved(plan: Plan, aliases: Aliases) -> bool:
    """Ask; True only for the exact answers."""
    clusters = runnable(plan)
    hosts = sorted({a.host for c in clusters for a in c.actions if a.host})
    click.echo(f"\nOn {', '.join(hosts)}.", err=True)
    click.echo(f"Expected: {interruption(plan)}; guests are not looked after yet.", err=True)
    for outage in (o for c in clusters for o in c.outages):
        what = ", ".join((*outage.volumes, *outage.workloads)) or "the cluster"
        click.echo(f"Outage on {', '.join(outage.hosts)}: {what}", err=True)
    for action in formats(plan):
        click.echo(f"Cannot be undone: {action.host}: {action.summary}", err=True)
        names = aliases.get(action.device, frozenset()) | {action.device}
        if not _answer(f"Type the device ({action.device}) to format it", names):
            return False
    if formats(plan):
        return True
    if all(a.risk == "safe" and not a.irreversible for c in clusters for a in c.actions):
        return _answer("Type yes to go on", {"yes"})
    return all(_answer(f"Type {c.name} to go on", {c.name}) for c in clusters)


def _answer(question: str, wanted: frozenset[str] | set[str]) -> bool:
    """Whether one of the wanted words is typed, in a few tries; an empty line gives up."""
    for _ in range(TRIES):
        given: str = click.prompt(question, default="", show_default=False, err=True)
        if given.strip() in wanted:
            return True
        if not given.strip():
            break
        click.echo("That is not it; an empty line ends without doing anything.", err=True)
    return False
