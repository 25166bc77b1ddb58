"""``reconcile fleet``: the commands of many workers on one database."""

from __future__ import annotations

import click

from reconciler.cli import Lazy

# name: what it does; the command is ``command`` in ``reconciler.cli.fleet.NAME_command``.
FLEET_COMMANDS = {
    "init": "Make or upgrade the tables of a fleet in its database.",
    "apply": "Roll out what the files say, one wave of clusters after the other.",
    "rollouts": "Changes to many clusters: how far they are, and who approved them.",
}


class FleetCommands(Lazy):
    """As all commands, below one."""

    table = FLEET_COMMANDS
    places = "reconciler.cli.fleet.{}_command"

    def suggest(self, word: str) -> str:  # noqa: ARG002  # as all commands have it
        """All that there is: it is not much."""
        return f"reconcile fleet has {', '.join(self.table)}"


@click.command("fleet", cls=FleetCommands)
def command() -> None:
    """Look after clusters by many workers on one PostgreSQL database, as watch does by one daemon."""
