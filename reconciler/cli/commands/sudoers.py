"""``reconcile sudoers``: the rule for hosts where the user is not root."""

from __future__ import annotations

import hashlib
import re

import click

from reconciler.cli.options import NO_NOTES, discover_file

RULE = """\
# /etc/sudoers.d/reconcile: reconcile logs in as {user} and becomes root without a password.
# Check it with: visudo -cf /etc/sudoers.d/reconcile
# The programs that run on the host travel with each command (sh -c TEXT), so no narrower
# rule can tell them apart yet; whoever holds {user}'s key is root here. Guard that key.
# Who only looks needs no such rule: reconcile sudoers --read-only
Defaults:{user} !requiretty
{user} ALL=(root) NOPASSWD: ALL
"""

READ_ONLY = """\
# /etc/sudoers.d/reconcile-probe: {user} may run {program} as root, and nothing else:
# no argument, no variable, and no other text than that of this digest. It only reads. Whoever
# holds the key learns what it prints: fstab, cluster files and kernel messages among it, whole.
#
# On each host of {cluster}, as root:
#   1. useradd --system --shell /bin/sh --password '*' --home-dir /home/{user} {user}
#   2. install -d -m 755 /home/{user} /home/{user}/.ssh
#      and one line in /home/{user}/.ssh/authorized_keys, root's own with mode 644:
#        restrict,command="sudo -n -- {program}" ssh-ed25519 AAAA... looks
#   3. What `reconcile sudoers --read-only --program FILE` prints to {program}:
#        chown root:root {program} && chmod 500 {program}
#   4. This text to /etc/sudoers.d/reconcile-probe, mode 440; visudo -cf /etc/sudoers.d/reconcile-probe
# In FILE: ssh: {{probe: {{user: {user}, identity: KEY}}}}
# Again, 3 and 4, when volumes, workloads, packages or members of FILE change, and with each new
# version of reconcile: until then what is not looked at is unknown, and said by name.
Defaults:{user} !requiretty, env_reset, !setenv, !env_keep, !env_check
{user} ALL=(root) NOPASSWD: NOSETENV: sha256:{digest} {program} ""
"""


# What sudoers takes for one user and nothing else: no list, group, netgroup, uid or negation;
# no alias, which is in capitals as ALL is, and no word that begins a line of another kind.
USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}")
ALIAS = re.compile(r"[A-Z][A-Z0-9_]*")
KEYWORDS = frozenset(
    {"Defaults", "User_Alias", "Runas_Alias", "Host_Alias", "Cmnd_Alias", "Cmd_Alias"}
)


@click.command("sudoers")
@click.argument("file", required=False, type=click.Path())
@click.option(
    "--user", help="The user that logs in.  [default: reconcile; reconcile-probe to look]"
)
@click.option(
    "--read-only", is_flag=True, help="The rule of a user who may look at FILE's hosts only."
)
@click.option("--program", is_flag=True, help="With --read-only: the program of that rule.")
@click.option(
    "--cluster", help="With --read-only: whose hosts, where FILE has several clusters."
)
@NO_NOTES
def command(
    file: str | None, user: str | None, read_only: bool, program: bool, cluster: str | None
) -> int:
    """Print the sudoers rule that ssh.sudo: true needs; with --read-only, the one of ssh.probe."""
    if not read_only:
        if file or program or cluster:
            raise click.UsageError("FILE, --program and --cluster are of --read-only")
        click.echo(RULE.format(user=_checked("reconcile" if user is None else user)), nl=False)
        return 0
    user = _checked("reconcile-probe" if user is None else user)
    name, text = _program(file, cluster)
    click.echo(text if program else _rule(user, name, text), nl=False)
    return 0


def _checked(user: str) -> str:
    if not USER.fullmatch(user) or ALIAS.fullmatch(user) or user in KEYWORDS:
        raise click.UsageError(
            f"{user!r} is not the name of one user: letters, digits and _ . -, with a lower-case "
            "letter; in sudoers a word in capitals is an alias, % a group, + a netgroup"
        )
    return user


def _rule(user: str, cluster: str, text: str) -> str:
    from reconciler.probe.installed import PROGRAM  # noqa: PLC0415  # --help needs none of it

    digest = hashlib.sha256(text.encode()).hexdigest()
    return READ_ONLY.format(user=user, program=PROGRAM, cluster=cluster, digest=digest)


def _program(file: str | None, name: str | None) -> tuple[str, str]:
    """The cluster, and the probe that stands on its hosts."""
    from reconciler.loading import read  # noqa: PLC0415  # as above
    from reconciler.observation import installed_probe  # noqa: PLC0415  # as above

    clusters = {cluster.name: cluster for cluster in read(discover_file(file)).clusters}
    if name is None and len(clusters) > 1:
        raise click.UsageError(f"one program is of one cluster: --cluster {'|'.join(clusters)}")
    chosen = next(iter(clusters)) if name is None else name
    if chosen not in clusters:
        raise click.UsageError(f"no cluster {chosen!r} in the file: {', '.join(clusters)}")
    return chosen, installed_probe(clusters[chosen])
