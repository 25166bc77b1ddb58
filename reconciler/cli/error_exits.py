"""What an expected failure says on stderr, and the exit code that comes of it."""

from __future__ import annotations

import click

from reconciler.cli.terminal import show_error, terminal_width
from reconciler.errors import ReconcilerError, SpecInvalid
from reconciler.interrupts import INTERRUPTED
from reconciler.system_errors import say_error

USAGE = 64


def tell_failure(error: Exception) -> int:
    """Say what went wrong; the exit code."""
    if isinstance(error, click.exceptions.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        error.show()
        return USAGE
    if isinstance(error, SpecInvalid):
        from reconciler.reports.problems import render  # noqa: PLC0415  # only when needed

        click.echo(render(error.problems, error.lines, terminal_width(err=True)), err=True)
    else:
        show_error(failure_words(error))
    return failure_code(error)


def failure_code(error: Exception) -> int:
    """The exit code of what is no interrupt and no fault of the command line."""
    return error.exit_code if isinstance(error, ReconcilerError) else 1


def failure_words(error: Exception) -> str:
    """As a person says it: the file first, no number of an error."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return say_error(error)
