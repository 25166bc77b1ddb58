"""``reconcile validate``: every problem of the files, offline."""

from __future__ import annotations

import json

import click

from reconciler.cli.options import discover_file, formats
from reconciler.errors import SpecInvalid
from reconciler.loading import read
from reconciler.model.problems import Problem
from reconciler.reports import problems as rendering


@click.command("validate")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@formats(("text", "json", "sarif", "junit"))
def command(files: tuple[str, ...], form: str) -> int:
    """Check FILEs offline: schema and semantics, every problem with its place."""
    names = files or (discover_file(None),)
    invalid: list[SpecInvalid] = []
    for name in names:
        try:
            read(name)
        except SpecInvalid as error:
            invalid.append(error)
    problems = tuple(problem for spec in invalid for problem in spec.problems)
    if form == "text":
        for spec in invalid:
            click.echo(rendering.render(spec.problems, spec.lines))
        bad = {spec.path for spec in invalid}
        for name in names:
            if name not in bad:
                click.echo(f"{name}: valid")
    else:
        click.echo(_document(form, names, problems))
    return 1 if invalid else 0


def _document(form: str, names: tuple[str, ...], problems: tuple[Problem, ...]) -> str:
    if form == "junit":
        return rendering.as_junit(names, problems)
    if form == "sarif":
        return rendering.as_sarif(problems)
    return json.dumps(rendering.as_json(problems), indent=1)
