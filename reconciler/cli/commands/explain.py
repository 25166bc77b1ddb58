"""``reconcile explain``: one page a refusal code."""

from __future__ import annotations

import difflib

import click

from reconciler.errors import UsageError
from reconciler.reports.explain import codes, page


@click.command("explain")
@click.argument("code", required=False)
def command(code: str | None) -> int:
    """What the refusal CODE means and what to do; without CODE, all codes."""
    if code is None:
        for name in codes():
            click.echo(
                f"{name:28} {page(name).splitlines()[0].lstrip('# ').partition(': ')[2]}"
            )
        return 0
    if code not in codes():
        near = difflib.get_close_matches(code, codes(), 1)
        raise UsageError(
            f"no page for {code!r}" + (f"; did you mean {near[0]}?" if near else "")
        )
    click.echo(page(code).rstrip())
    return 0
