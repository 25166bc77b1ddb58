"""``--log-level`` and ``--log-file``: where what connects and runs is told, when asked for."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from reconciler import telemetry
from reconciler.cli.options import combine_decorators
from reconciler.cli.terminal import plain
from reconciler.errors import UsageError
from reconciler.storage.private import append_private
from reconciler.system_errors import say_error
from reconciler.telemetry import Detail, Form

F = TypeVar("F", bound=Callable[..., Any])
VARIABLE = "RECONCILE_LOG"
# What of an event of a run's record is told; what commands wrote stays in the record.
TOLD = ("cluster", "action", "host", "kind", "status", "seconds", "result", "message")
SUFFIXES: Mapping[str, Form] = {"": "text", ":text": "text", ":json": "json"}
DETAILS = {
    f"{level}{suffix}": Detail(level, form)
    for level in telemetry.LEVELS
    for suffix, form in SUFFIXES.items()
}
WARNINGS = frozenset({"action-failed", "not-approved", "stale"})


class LogDetail(click.ParamType[Detail]):
    """A level of the log, and its form: ``debug``, ``info:json``."""

    name = "level"

    def convert(
        self,
        value: Any,  # click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Detail:
        """Level and form of ``debug`` or ``debug:json``."""
        if isinstance(value, Detail):
            return value
        if value not in DETAILS:
            levels = ", ".join(telemetry.LEVELS)
            self.fail(f"{value!r} is not one of {levels}, with :json for machines", param, ctx)
        return DETAILS[value]


@contextmanager
def open_log(
    detail: Detail | None, path: str | None, output: str | None = None
) -> Iterator[None]:
    """Whatever is told meanwhile goes to the file, else to stderr; nothing without either.

    Raises UsageError where the file is none to append a log to, or is ``output``, too.
    """
    if detail is None and path is None:
        yield
        return
    if path and output and Path(path).resolve() == Path(output).resolve():
        raise UsageError(f"--log-file and -o both name {path}: name another file")
    subcommand = click.get_current_context().info_name
    with (
        _log_file(path) if path else nullcontext(_write_stderr) as write,
        telemetry.logging(detail or Detail(), write),
        telemetry.bind_fields(subcommand=subcommand, pid=os.getpid()),
    ):
        yield


def _write_stderr(line: str) -> None:
    """Where nobody reads it any more, it is dropped: a log ends no run.

    What stayed in a stream's buffer would fail once more when the process ends, with a code of
    its own: so only on a terminal it goes through the stream. That is rich's while progress is
    drawn there, which puts lines above the bars, and round which click finds its way.
    """
    with suppress(OSError, ValueError):
        number = sys.stderr.fileno()
        if os.isatty(number):
            sys.stderr.write(f"{line}\n")
        else:
            os.write(number, f"{line}\n".encode(errors="backslashreplace"))


@contextmanager
def _log_file(path: str) -> Iterator[telemetry.Write]:
    """Appends lines to the file; at the end it is said on stderr how many found no room there."""
    try:
        number = append_private(path)
    except OSError as error:
        raise UsageError(f"--log-file {path}: {error.strerror or say_error(error)}") from error
    log = _LogFile(number)
    try:
        _check_content(number, path)
        yield log.write
    finally:
        os.close(number)
        if log.lost:
            _write_stderr(plain(f"note: {path} lacks {log.lost} lines: {log.reason}"))


def _check_content(number: int, path: str) -> None:
    """What is there already is a log: a mistyped name must not spoil a key or a cluster's file."""
    began = os.pread(number, 16, 0).decode(errors="replace")
    if began and not began.startswith(telemetry.BEGINNINGS):
        raise UsageError(f"--log-file {path} is there and no log: name another file")


@dataclass(slots=True)
class _LogFile:
    """An open file that takes lines; those for which there is no room are counted."""

    number: int
    lost: int = 0
    reason: str = ""
    torn: bool = False

    def write(self, line: str) -> None:
        """In one piece, as others may append to the same file; never raises."""
        text = f"\n{line}\n" if self.torn else f"{line}\n"
        data = text.encode(errors="backslashreplace")
        try:
            written = os.write(self.number, data)
        except OSError as error:
            self.lost, self.reason = self.lost + 1, error.strerror or say_error(error)
            return
        self.torn = written < len(data)
        if self.torn:
            self.lost, self.reason = self.lost + 1, "no room for a whole line"


def log_words(detail: Detail | None, path: str | None) -> list[str]:
    """The words of a command line that logs as this one does."""
    words = ["--log-level", f"{detail.level}:{detail.form}"] if detail else []
    return [*words, "--log-file", path] if path else words


def tell_record(line: Mapping[str, object]) -> None:
    """An event of a run's record, as far as it is told."""
    fields = {key: line[key] for key in TOLD if isinstance(line.get(key), str | int | float)}
    event = str(line["event"])
    tell = telemetry.warning if event in WARNINGS else telemetry.info
    tell(event, **cast("dict[str, telemetry.Field]", fields))


LOG_OPTIONS = combine_decorators(
    click.option(
        "--log-level",
        type=LogDetail(),
        envvar=VARIABLE,
        show_envvar=True,
        metavar="LEVEL[:json]",
        help="Log connections, probes and commands to stderr: debug, info or warning.",
    ),
    click.option(
        "--log-file",
        type=click.Path(dir_okay=False),
        help="Append the log there (debug, if no level is given).",
    ),
)


def _open_log(function: F) -> F:
    """The command, with its log open while it runs."""

    @functools.wraps(function)
    def command(
        *arguments: Any, log_level: Detail | None, log_file: str | None, **options: Any
    ) -> Any:
        with open_log(log_level, log_file, options.get("output")):
            return function(*arguments, **options)

    return cast("F", command)


# Innermost, so that everything that a command does is told.
LOGGING = combine_decorators(LOG_OPTIONS, _open_log)
