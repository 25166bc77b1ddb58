"""``reconcile sudoers``: the rule for hosts where the user is not root."""

from __future__ import annotations

import click

RULE = """\
# /etc/sudoers.d/reconcile: reconcile logs in as {user} and becomes root without a password.
# Check it with: visudo -cf /etc/sudoers.d/reconcile
# The programs that run on the host travel with each command (sh -c TEXT), so no narrower
# rule can tell them apart yet; whoever holds {user}'s key is root here. Guard that key.
Defaults:{user} !requiretty
{user} ALL=(root) NOPASSWD: ALL
"""


@click.command("sudoers")
@click.option("--user", default="reconcile", show_default=True, help="The user that logs in.")
def command(user: str) -> int:
    """Print the sudoers rule that ssh.sudo: true needs."""
    if not user.replace("-", "").replace("_", "").isalnum():
        raise click.UsageError(f"{user!r} is not a user name")
    click.echo(RULE.format(user=user), nl=False)
    return 0
