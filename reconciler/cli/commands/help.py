"""``reconcile help``: the options of a command, as its ``--help`` has them."""

from __future__ import annotations

import click

from reconciler.errors import UsageError


@click.command("help")
@click.argument("command", required=False, metavar="[COMMAND]")
@click.option("--man", is_flag=True, help="The man page reconcile(1), as groff reads it.")
@click.pass_context
def command(ctx: click.Context, command: str | None, man: bool) -> int:
    """The options of COMMAND; without one, all commands.

    The manual's pages are shown by reconcile manual.
    """
    from reconciler.cli import cli  # noqa: PLC0415  # the group imports this module

    top = ctx.find_root()
    if man:
        from reconciler.cli.man_page import man_page  # noqa: PLC0415  # imports every command

        click.echo(man_page(cli, top), nl=False)
        return 0
    if command is None:
        click.echo(top.get_help())
        return 0
    if (found := cli.get_command(top, command)) is None:
        from reconciler.cli.suggestions import suggest  # noqa: PLC0415  # only when needed

        hint = suggest(command, cli.list_commands(top))
        raise UsageError(f"no command {command!r}; {hint}")
    click.echo(found.get_help(click.Context(found, parent=top, info_name=command)))
    return 0
