"""Questions on the terminal: what is asked grows with what is at stake."""

from __future__ import annotations

import select
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import click

from reconciler.model.plan import ClusterPlan, Plan
from reconciler.planning.review.approval import Aliases, formats, runnable
from reconciler.planning.review.outages import guests_taken
from reconciler.reports.documents import interruption

TRIES = 3
DECLINING = frozenset({"", "n", "no"})
LOOK = 0.2  # seconds: so long a Ctrl-C may wait that came before the waiting began


def ask_approval(plan: Plan, aliases: Aliases) -> bool:
    """Ask; True only for the exact answers."""
    clusters = runnable(plan)
    for line in _stakes(plan, clusters):
        click.echo(line, err=True)
    for action in formats(plan):
        click.echo(f"Cannot be undone: {action.host}: {action.summary}", err=True)
        names = aliases.get(action.device, frozenset()) | {action.device}
        if not _answer(f"Type the device ({action.device}) to format it", names):
            return False
    if formats(plan):
        return True
    if all(a.risk == "safe" and not a.irreversible for c in clusters for a in c.actions):
        return _answer("Type yes to go on", {"yes"})
    words = [confirmation(cluster) for cluster in clusters]
    return all(_answer(f"Type {word} to go on", {word}) for word in words)


def ask_word(question: str, word: str) -> bool:
    """Ask; True only if exactly that word is typed."""
    return _answer(question, {word})


def ask_text(question: str, default: str) -> str:
    """Ask; what is typed, or the default for an empty line."""
    with _leavable():
        click.echo(
            f"{question} [{default}]: " if default else f"{question}: ", nl=False, err=True
        )
        return _line().strip() or default


def _stakes(plan: Plan, clusters: Sequence[ClusterPlan]) -> Iterator[str]:
    """The hosts, who loses what for how long, and what cannot be undone but by a format.

    Formats are asked for one by one.
    """
    hosts = sorted({a.host for c in clusters for a in c.actions if a.host})
    yield f"\nOn {', '.join(hosts)}."
    for outage in (o for c in clusters for o in c.outages):
        units = (name for name in outage.workloads if not name.startswith("guest/"))
        what = ", ".join((*outage.volumes, *units)) or "the cluster"
        yield f"Outage on {', '.join(outage.hosts)}: {what}"
    for cluster in clusters:
        moves = {a.host for a in cluster.actions if a.kind == "migrate-guest"}
        for host, guests in guests_taken(cluster.actions).items():
            how = "moved, or else shut down" if host in moves else "shut down"
            yield f"Guests of {host}, {how}: {', '.join(guests)}"
    yield f"Expected: {interruption(plan)}."
    final = (a for c in clusters for a in c.actions if a.irreversible and a.risk != "data")
    yield from (f"Cannot be undone: {action.host}: {action.summary}" for action in final)


def confirmation(cluster: ClusterPlan) -> str:
    """The cluster's name; with the number of guests that are stopped, or moved and else stopped."""
    names = {name for found in guests_taken(cluster.actions).values() for name in found}
    return f"{cluster.name} {len(names)}" if names else cluster.name


def _answer(question: str, wanted: frozenset[str] | set[str]) -> bool:
    """Whether one of the wanted words is typed, in a few tries; an empty line gives up, and so does no."""
    for _ in range(TRIES):
        with _leavable():
            click.echo(f"{question}: ", nl=False, err=True)
            given = _line()
        if " ".join(given.split()) in wanted:
            return True
        if given.strip().lower() in DECLINING:
            break
        click.echo("That is not it; no or an empty line ends without doing anything.", err=True)
    return False


def _line() -> str:
    """What is typed next. Raises click.Abort where there is no more of it (Ctrl-D).

    Not by input(): a Ctrl-C that comes just when it shows its prompt is lost in there.
    """
    with suppress(OSError, ValueError):  # no terminal but a test's text, which is there at once
        while not select.select([sys.stdin.fileno()], [], [], LOOK)[0]:
            pass
    line = sys.stdin.readline()
    if not line:
        raise click.Abort
    return line


@contextmanager
def _leavable() -> Iterator[None]:
    """Ctrl-C ends a question at once; asyncio's own answer to it waits until one is given."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise click.Abort from interrupt
    finally:
        signal.signal(signal.SIGINT, before)
