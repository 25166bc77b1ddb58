"""The options that several commands share."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from reconciler.cli import terminal
from reconciler.errors import UsageError
from reconciler.storage.private import check_place

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT_FILE = "cluster.yaml"
_SECONDS = {"s": 1, "m": 60, "h": 3600}


class Span(click.ParamType[float]):
    """A duration option like ``30s``, in seconds."""

    name = "duration"

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,
        ctx: click.Context | None,  # click's signature
    ) -> float:
        """Seconds of ``30s``, ``5m`` or ``1h``."""
        if isinstance(value, (int, float)):
            return float(value)
        match = re.fullmatch(r"([0-9]{1,9})(s|m|h)", value)
        if not match:
            self.fail(f"{value!r} is not a duration like 30s, 5m or 1h", param, ctx)
        return float(int(match[1]) * _SECONDS[match[2]])


class Until(click.ParamType[int]):
    """An end in the future: a time of ISO 8601, or so long from now, as ``4h``."""

    name = "time"

    def convert(
        self,
        value: Any,  # click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int:
        """Seconds since 1970; a time without a zone is one of here."""
        now = datetime.now(UTC)
        if match := re.fullmatch(r"([1-9][0-9]{0,5})(s|m|h|d)", str(value)):
            return int(now.timestamp()) + int(match[1]) * {**_SECONDS, "d": 86400}[match[2]]
        try:
            end = datetime.fromisoformat(str(value)).astimezone(UTC)
        except (ValueError, OverflowError, OSError):
            self.fail(
                f"{value!r} is no time like 2026-11-28T18:00 and no duration like 30m, 4h or 2d",
                param,
                ctx,
            )
        if end <= now:
            self.fail(f"{value!r} has passed", param, ctx)
        return int(end.timestamp())


class PlanId(click.ParamType[str]):
    """A plan's id: what stands there by mistake must not start a run."""

    name = "plan id"

    def __init__(self, printer: str = "reconcile plan") -> None:
        """``printer`` is the command that prints such ids."""
        self.printer = printer

    def convert(
        self,
        value: Any,  # click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        """The id, if it has the form of one."""
        if not re.fullmatch(r"[0-9a-f]{6,64}", str(value)):
            self.fail(
                f"{value!r} is not a plan's id, which has 12 hexadecimal digits, as e6cde66995c1; "
                f"{self.printer} prints it in its first line",
                param,
                ctx,
            )
        return str(value)


def discover_file(file: str | None) -> str:
    """The desired-state file: argument, then RECONCILE_CONFIG, then ./cluster.yaml.

    Raises UsageError when there is none.
    """
    if file:
        return file
    if configured := os.environ.get("RECONCILE_CONFIG"):
        return configured
    if Path(DEFAULT_FILE).exists():
        return DEFAULT_FILE
    raise UsageError(
        f"no FILE given, RECONCILE_CONFIG is not set, and there is no ./{DEFAULT_FILE}; "
        f"reconcile init -o {DEFAULT_FILE} writes a first one"
    )


def beside(output: str | None, *inputs: str | None) -> None:
    """Where a document is to be written none of the files may be that it is made from.

    Nor anything but a file. Raises UsageError.
    """
    if output is not None and not output.strip("-"):
        raise UsageError(f"-o {output!r} names no file: name one, or leave -o out for stdout")
    if output:
        check_place(Path(output))
    place = Path(output).resolve() if output else None
    for read in (read for read in inputs if read and Path(read).resolve() == place):
        raise UsageError(
            f"-o {output} would overwrite {read}, which is read: name another file"
        )


def combine_decorators(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    """Several decorators as one, the first outermost."""

    def decorate(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def formats(names: Sequence[str]) -> Callable[[F], F]:
    """``--format``, the first name being the default."""
    return click.option(
        "--format", "form", type=click.Choice(names), default=names[0], show_default=True
    )


FACTS = click.option(
    "--facts",
    type=click.Path(),  # what is no file is told by its reader, with what to do
    metavar="FILE",
    help="Plan offline from what observe -o wrote.",
)
FILE = click.argument("file", required=False, metavar="[FILE]")
FILES = click.argument("files", nargs=-1, metavar="[FILE]...")
PARALLELISM = click.option(
    "--parallelism",
    type=click.IntRange(1, 1024),
    default=256,
    show_default=True,
    help="Hosts at a time.",
)
NO_COLOR = click.option("--no-color", is_flag=True, help="No colours (NO_COLOR too).")
VERBOSE = click.option("-v", "--verbose", count=True, help="Commands and proofs too.")
TARGET = click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="ADDRESS",
    help="Only member/NAME, volume/LABEL or cluster/NAME and what it needs; repeatable.",
)
NO_INPUT = click.option("--no-input", is_flag=True, help="Never ask.")
YES = click.option("-y", "--yes", "--auto-approve", "yes", is_flag=True, help="Do not ask.")


def _keep_quiet(ctx: click.Context, _param: click.Parameter, value: bool) -> bool:  # noqa: FBT001  # click's signature
    """Whatever prints beside the result asks ``terminal.is_quiet``."""
    ctx.meta[terminal.QUIET] = value
    return value


QUIET = click.option(
    "-q",
    "--quiet",
    is_flag=True,
    callback=_keep_quiet,
    help="Tell only what was not done.",
)
# Of a command that looks; it has no more to do with it than to print its result.
NO_NOTES = click.option(
    "-q",
    "--quiet",
    is_flag=True,
    callback=_keep_quiet,
    expose_value=False,
    help="No progress and no notes.",
)
LOGIN = combine_decorators(
    click.option("--user", help="The user to log in as."),
    click.option("--identity", help="The private key's file."),
    click.option("--known-hosts", help="The file of known host keys."),
    click.option(
        "--sudo", is_flag=True, help="Run through sudo -n, when the user is not root."
    ),
)
