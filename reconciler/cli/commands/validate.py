"""``reconcile validate``: every problem of the files, offline."""

from __future__ import annotations

import json
import sys

import click

from reconciler.cli.files import STDIN, check_has_files, find_files
from reconciler.cli.options import FILES, NO_NOTES, formats
from reconciler.cli.terminal import is_quiet, show_error, terminal_width
from reconciler.errors import SpecInvalid, UsageError
from reconciler.frozen import frozen
from reconciler.loading import load, read, read_stream
from reconciler.model.problems import Problem
from reconciler.reports import problems as rendering

USAGE = UsageError.exit_code
INVALID = SpecInvalid.exit_code


@frozen
class Verdict:
    """What was found out about one file; ``unread`` says why it could not be read."""

    name: str
    problems: tuple[Problem, ...] = ()
    lines: tuple[str, ...] = ()
    unread: str = ""

    @property
    def told(self) -> tuple[Problem, ...]:
        """For machines: what could not be read is a problem of that file as well."""
        if not self.unread:
            return self.problems
        reason = self.unread.removeprefix(f"{self.name}: ")
        return (Problem(self.name, 1, 1, "file-unread", reason, "give the file's right name"),)


@click.command("validate")
@FILES
@formats(("text", "json", "sarif", "junit"))
@NO_NOTES
def command(files: tuple[str, ...], form: str) -> int:
    """Check FILEs offline: schema and semantics, every problem with its place.

    FILE may be a directory, whose *.yaml and *.yml are checked, or - for standard input.
    """
    verdicts = [_verdict(name) for name in find_files(files).names]
    for verdict in verdicts:
        if form == "text" and not verdict.unread:
            found = rendering.render(verdict.problems, verdict.lines, terminal_width())
            if found or not is_quiet():
                click.echo(found or f"{verdict.name}: valid")
        elif verdict.unread:
            show_error(verdict.unread)
    if form != "text":
        click.echo(_document(form, verdicts))
    if any(verdict.problems for verdict in verdicts):
        return INVALID
    return USAGE if any(verdict.unread for verdict in verdicts) else 0


def _verdict(name: str) -> Verdict:
    try:
        check_has_files(name)
        if name == STDIN:
            load(name, read_stream(name, sys.stdin.buffer))
        else:
            read(name)
    except SpecInvalid as error:
        return Verdict(name, error.problems, error.lines)
    except UsageError as error:
        return Verdict(name, unread=str(error))
    return Verdict(name)


def _document(form: str, verdicts: list[Verdict]) -> str:
    problems = tuple(problem for verdict in verdicts for problem in verdict.told)
    if form == "junit":
        return rendering.as_junit([verdict.name for verdict in verdicts], problems)
    if form == "sarif":
        return rendering.as_sarif(problems)
    return json.dumps(rendering.as_json(problems), indent=1)
