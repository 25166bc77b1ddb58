"""``reconcile completion``: what the shell needs to complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> int:
    """Print the completion script; for bash: eval "$(reconcile completion bash)"."""
    from reconciler.cli import cli  # noqa: PLC0415  # the group imports this module

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(found(cli, {}, "reconcile", "_RECONCILE_COMPLETE").source())
    return 0
