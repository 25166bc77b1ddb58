"""``reconcile fleet``: the commands of many workers on one database."""

from __future__ import annotations

import click

from reconciler.cli import Lazy

# name: what it does; the command is ``command`` in ``reconciler.cli.fleet.NAME_command``.
FLEET_COMMANDS = {
    "init": "Make or upgrade the tables of a fleet in its database.",
    "worker": "Work: look at clusters again and again, and carry out what is rolled out.",
    "submit": "Look at clusters as soon as there is room.",
    "cancel": "Give up what waits or goes on for clusters.",
    "pause": "Leave clusters alone until they are resumed.",
    "resume": "Look after clusters again that were paused.",
    "status": "The workers, and the clusters with their turns.",
    "serve": "Serve the pages of a fleet, its API and metrics, read-only.",
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
