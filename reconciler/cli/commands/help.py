"""``reconcile help``: the options of a command, as its ``--help`` has them."""

from __future__ import annotations

import click

from reconciler.errors import UsageError


@click.command("help")
@click.argument("command", nargs=-1, metavar="[COMMAND]...")
@click.option("--man", is_flag=True, help="The man page reconcile(1), as groff reads it.")
@click.pass_context
def command(ctx: click.Context, command: tuple[str, ...], man: bool) -> int:
    """The options of COMMAND, as of fleet worker; without one, all commands.

    The manual's pages are shown by reconcile manual.
    """
    from reconciler.cli import cli  # noqa: PLC0415  # the group imports this module

    top = ctx.find_root()
    if man:
        from reconciler.cli.man_page import man_page  # noqa: PLC0415  # imports every command

        click.echo(man_page(cli, top), nl=False)
        return 0
    found: click.Command = cli
    context = top
    for word in command:
        below = found.get_command(context, word) if isinstance(found, click.Group) else None
        if below is None:
            raise UsageError(f"no command {word!r}; {_suggest(found, context, word)}")
        found, context = below, click.Context(below, parent=context, info_name=word)
    click.echo(found.get_help(context))
    return 0


def _suggest(group: click.Command, context: click.Context, word: str) -> str:
    """What may have been meant by an unknown word."""
    from reconciler.cli import Lazy  # noqa: PLC0415  # as above

    if isinstance(group, Lazy):
        return group.suggest(word)
    if not isinstance(group, click.Group):
        return f"{context.info_name} has none"
    from reconciler.cli.suggestions import suggest  # noqa: PLC0415  # only when needed

    return suggest(word, group.list_commands(context))
