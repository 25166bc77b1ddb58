"""``reconcile sudoers``: the rule for hosts where the user is not root."""

from __future__ import annotations

import re

import click

RULE = """\
# /etc/sudoers.d/reconcile: reconcile logs in as {user} and becomes root without a password.
# Check it with: visudo -cf /etc/sudoers.d/reconcile
# The programs that run on the host travel with each command (sh -c TEXT), so no narrower
# rule can tell them apart yet; whoever holds {user}'s key is root here. Guard that key.
Defaults:{user} !requiretty
{user} ALL=(root) NOPASSWD: ALL
"""


# What sudoers takes for one user and nothing else: no list, group, netgroup, uid or negation;
# no alias, which is in capitals as ALL is, and no word that begins a line of another kind.
USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}")
ALIAS = re.compile(r"[A-Z][A-Z0-9_]*")
KEYWORDS = frozenset(
    {"Defaults", "User_Alias", "Runas_Alias", "Host_Alias", "Cmnd_Alias", "Cmd_Alias"}
)


@click.command("sudoers")
@click.option("--user", default="reconcile", show_default=True, help="The user that logs in.")
def command(user: str) -> int:
    """Print the sudoers rule that ssh.sudo: true needs."""
    if not USER.fullmatch(user) or ALIAS.fullmatch(user) or user in KEYWORDS:
        raise click.UsageError(
            f"{user!r} is not the name of one user: letters, digits and _ . -, with a lower-case "
            "letter; in sudoers a word in capitals is an alias, % a group, + a netgroup"
        )
    click.echo(RULE.format(user=user), nl=False)
    return 0
