"""The command line: commands are loaded when called, so that ``--help`` is quick."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Mapping
from copy import copy
from functools import wraps
from importlib import import_module
from keyword import iskeyword

import click

from reconciler import __version__
from reconciler.cli.error_exits import tell_failure
from reconciler.cli.streams import replace_closed_streams
from reconciler.errors import ReconcilerError, UsageError
from reconciler.interrupts import InterruptsRaised, leave_on_interrupt

# name: what it does; the command is ``command`` in ``reconciler.cli.commands.NAME``, with an
# underscore behind a name that is a word of Python.
COMMANDS = {
    "init": "Write a first desired-state file, from hosts or with examples.",
    "validate": "Check desired-state files offline: schema and semantics.",
    "observe": "Read all hosts and print the facts; writes nothing.",
    "plan": "Show what differs and the ordered actions; writes nothing.",
    "apply": "Plan, ask, execute, and prove each action by looking again.",
    "drift": "Show what differs from the file: changed outside, or not yet applied.",
    "import": "Write a desired-state file from a running cluster.",
    "status": "Who is in, who has what mounted, pauses, leases, unfinished work.",
    "watch": "Look at clusters again and again, and tell what changes: a daemon.",
    "fleet": "The same by many workers, on one PostgreSQL database.",
    "pause": "Nothing is done on a cluster or host, by anyone, until it is resumed.",
    "resume": "A cluster or host that was paused may be worked on again.",
    "unlock": "Show what a run holds and what still runs of it; then free it.",
    "runbook": "The plan as a manual procedure: host, command, check.",
    "history": "Past runs: who, when, which plan, how it ended.",
    "show": "One past run: each action, its command, output and proof; or a saved plan.",
    "passport": "Kernels, tools and operations: proven on the laboratory, seen here, unknown.",
    "explain": "What a code, kind of action or key of the file means; why something is planned.",
    "manual": "The manual: file, plans, exit codes, OCFS2, the lock; a page a topic.",
    "schema": "Print the JSON Schema of desired-state files, plans, facts, messages or a fleet.",
    "scripts": "Print what runs on a host for a verb of the gate or a section of the probe.",
    "sudoers": "Print the sudoers rule for hosts where the user is not root.",
    "completion": "Print the shell completion of bash, zsh or fish.",
    "help": "The options of a command; without one, all commands.",
    "demo": "A whole cluster on simulated hosts behind real SSH; no root.",
}
# As a shell says of who died of SIGPIPE: what was printed is not whole, so no code of ours holds.
UNREAD = 141


class Lazy(click.Group):
    """A group that knows its commands' names and texts, and imports them on use from ``places``."""

    table: Mapping[str, str] = COMMANDS
    places = "reconciler.cli.commands.{}"

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Names in the order of a first day's work."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself, imported now; while a shell completes, its parameters only."""
        if cmd_name not in self.table:
            return None
        if ctx.resilient_parsing:
            from reconciler.cli.completion_index import indexed_command  # noqa: PLC0415  # as below

            return indexed_command(cmd_name, self.table[cmd_name])
        place = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        module = import_module(self.places.format(place))
        if (
            not gc.isenabled()
        ):  # as the program starts: what is imported stays, and is not walked
            gc.freeze()
            gc.enable()
        command: click.Command = module.command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Of an option that stands before its command, that it does not belong there."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.possibilities:
                raise
            place = f"An option stands behind its command: COMMAND {error.option_name}"
            raise click.UsageError(f"{error.format_message()} {place}", ctx) from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; of an unknown word, what may have been meant."""
        word = args[0]
        if word not in self.table and not word.startswith("-") and not ctx.resilient_parsing:
            raise UsageError(f"no command {word!r}; {self.suggest(word)}")
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and (work := command.callback) is not None:
            command = copy(command)
            command.callback = _interruptible(work)
        return name, command, rest

    def suggest(self, word: str) -> str:
        """What may have been meant by an unknown word."""
        from reconciler.cli.suggestions import suggest  # noqa: PLC0415  # only when needed

        return suggest(word, self.table)

    def invoke(self, ctx: click.Context) -> object:
        """Runs the command; what can no longer be written, as of ``| head``, ends it."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            for stream in (sys.stdout, sys.stderr):  # else what they hold fails at the very end
                os.dup2(nowhere, stream.fileno())
            return UNREAD

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # as above
        """The overview, without importing any command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.table.items()))


def _interruptible(work: Callable[..., int]) -> Callable[..., int]:
    @wraps(work)
    def listening(*args: object, **values: object) -> int:
        with InterruptsRaised():
            return work(*args, **values)

    return listening


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="reconcile")
def cli() -> None:
    """Declarative reconciliation of OCFS2 storage clusters.

    Write the clusters, members and volumes that you want into a YAML file; reconcile reads
    what every host really has, shows the difference, and makes it so without losing data.
    """


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit with one of the documented codes."""
    leave_on_interrupt()
    replace_closed_streams()
    sys.exit(run(argv))


def run(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code (click's own 2 for usage errors becomes 64)."""
    try:
        result = cli.main(argv, prog_name="reconcile", standalone_mode=False)
    except (click.exceptions.Abort, click.ClickException, ReconcilerError, OSError) as error:
        return tell_failure(error)
    except RuntimeError as error:
        if "home directory" not in str(error):
            raise  # a bug
        return tell_failure(error)
    return result if isinstance(result, int) else 0
